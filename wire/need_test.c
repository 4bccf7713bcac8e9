/* SPDX-License-Identifier: Apache-2.0 */
/* The words of needs. */
#include "wire/need.h"

#include <string.h>

#include "base/test.h"

TEST(need, takes_words_apart)
{
	const char *at = "cpus>=2, systemd ,cmd:sshd,-,";
	struct need need;

	EXPECT(need_next(&at, &need));
	EXPECT_TEXT(need.text, "cpus>=2");
	EXPECT_TEXT(need.kind, "cpus");
	EXPECT_NUMBER(need.at_least, 2);
	EXPECT(need_is_of_plan(&need));
	EXPECT(need_next(&at, &need));
	EXPECT_TEXT(need.text, "systemd");
	EXPECT_TEXT(need.name, "");
	EXPECT(!need_is_of_plan(&need) && need_is_known(&need));
	EXPECT(need_next(&at, &need));
	EXPECT_TEXT(need.kind, "cmd");
	EXPECT_TEXT(need.name, "sshd");
	EXPECT(!need_next(&at, &need));
}

TEST(need, nothing_is_no_need)
{
	const char *none = NULL, *dash = "-", *empty = "";
	struct need need;

	EXPECT(!need_next(&none, &need));
	EXPECT(!need_next(&dash, &need));
	EXPECT(!need_next(&empty, &need));
}

TEST(need, what_is_not_understood_is_not_known)
{
	static const char *const words[] = {
		"cpus>=two",
		"cpus>=-1",
		"frobnicate",
		"cmd;rm",
		"systemd>=252>=1",
		"a-word-that-is-much-longer-than-any-kind-of-need-will-ever-be:x"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *at = words[i];
		struct need need;
		EXPECT(need_next(&at, &need));
		EXPECT(!need_is_known(&need));
	}
}

TEST(need, words_are_found)
{
	EXPECT(needs_name("systemd, netpeer:ntp", "netpeer:ntp"));
	EXPECT(!needs_name("systemd,netpeer:ntp", "netpeer"));
	EXPECT(!needs_name("-", "netpeer:ntp") && !needs_name(NULL, "netpeer:ntp"));
}

TEST(need, tells_the_most_of_a_kind)
{
	EXPECT_NUMBER(needs_number("systemd,vms>=2,nics>=1", "vms"), 2);
	EXPECT_NUMBER(needs_number("vms>=2,vms>=3", "vms"), 3);
	EXPECT_NUMBER(needs_number("cpus>=4", "vms"), 0);
	EXPECT_NUMBER(needs_number(NULL, "vms"), 0);
}
