// SPDX-License-Identifier: Apache-2.0
// Lines that sudo takes, and lines that it refuses.
#include "guest/kit/sudoers.h"

#include "base/test.h"

TEST(sudoers, takes_what_distributions_ship)
{
	static const char *const lines[] = {
		"Defaults\tenv_reset",
		"Defaults:%sudo env_keep += \"http_proxy https_proxy\"",
		"Defaults\tsecure_path=\"/usr/sbin:/usr/bin\"",
		"root\tALL=(ALL:ALL) ALL",
		"%sudo\tALL=(ALL:ALL) ALL",
		"User_Alias ADMINS = millert, mikef",
		"Cmnd_Alias\tSHELLS = /bin/sh, /bin/bash",
		"debian ALL=(ALL) NOPASSWD:ALL",
		"user1, user2 ALL = /usr/bin/su [!-]*, !/usr/bin/su *root*",
		"%#1000 ALL=(ALL) ALL",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		EXPECT_TEXT(sudoers_line_problem(lines[i]), NULL);
}

TEST(sudoers, refuses_what_is_cut_or_garbled)
{
	static const char *const lines[] = {
		"games ALL=(ALL",
		"games ALL",
		"games",
		"ALL=(ALL) ALL",
		"root ALL=",
		"Defaults",
		"User_Alias = a",
		"Defaults secure_path=\"/usr/sbin",
		"root ALL=ALL) ALL",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		EXPECT(sudoers_line_problem(lines[i]) != NULL);
}
