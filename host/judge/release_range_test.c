/* SPDX-License-Identifier: Apache-2.0 */
/* Which releases are in which ranges. */
#include "host/judge/release_range.h"

#include <string.h>

#include "base/test.h"

static const struct row {
	const char *range, *release;
	bool has;
} rows[] = {
	{">= 6.1, < 6.12", "6.1.0-25-amd64", true},
	{">= 6.1, < 6.12", "6.11.9", true},
	{">= 6.1, < 6.12", "6.12.0", false},
	{">= 6.1, < 6.12", "6.0.19", false},
	{">= 6.1, < 6.12", "5.10.0-33-cloud-amd64", false},
	{">=6.1,<6.12", "6.2", true},
	{"6.12", "6.12.48+deb13-amd64", true},
	{"= 6.12", "6.12", true},
	{"6.12", "6.1.2", false},
	{"<= 6.12", "6.12.48+deb13-amd64", true},
	{"> 6.12", "6.12.48+deb13-amd64", false},
	{"> 6.12", "6.13.0-rc1", true},
	{"< 6.12", "6.12.0-rc1", false}, /* 6.12 is the whole series */
	{"< 6.12-rc3", "6.12.0-rc2", true},
	{"< 6.12-rc3", "6.12.0-rc3", false},
	{"< 6.12-rc3", "6.12.0", false},
	{">= 6.12-rc3", "6.12.5", true},
	{">= 6.12-rc3", "6.12.0-rc4-next-20250101", true},
	{">= 6.12-rc3", "6.11.0-rc7", false},
	{">= 6.1.0-25", "6.1.0-24-amd64", false},
	{">= 6.1.0-25", "6.1.0-25-amd64", true},
	{">= 6.1.0-25", "6.1.0-100-cloud-amd64", true},
	{"< 6.1.90", "6.1.0-25-amd64", true}, /* Debian's name for its own 6.1 */
	{"> 6.1.4", "6.1.12", true},
	{"< 7", "6.99", true},
	{">= 6.1", "", false},
	{">= 6.1", "custom", false},
	{"6", "6", true},
	{"6.0.0", "6", true},
};

TEST(release_range, has)
{
	for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
		CLEAN_TEXT struct text why = TEXT_INIT(400);
		EXPECT(release_range_is_right(row->range, &why));
		EXPECT_TEXT(why.buf, "");
		if (release_range_has(row->range, row->release) != row->has)
			EXPECT_TEXT(row->range, row->release);
	}
}

TEST(release_range, what_is_none_is_told_and_has_nothing)
{
	static const char *const slips[] = {
		"",	   "new",	 ">= ",	  ">= 6.1,",	   ">= 6.1, ",
		"=> 6.1",  ">= 6.1 < 7", "6.1.x", "6.1-rcx",	   "~ 6.1",
		">= v6.1", "6.1, , 6.2", "6..1",  "99999999999.1", ", 6.1",
	};

	for (size_t i = 0; i < ARRAY_LEN(slips); i++) {
		CLEAN_TEXT struct text why = TEXT_INIT(400);
		if (release_range_is_right(slips[i], &why))
			EXPECT_TEXT(slips[i], "is a range");
		EXPECT(strstr(why.buf, "is no range of kernels") != NULL);
		EXPECT(!release_range_has(slips[i], "6.1.0"));
	}
}
