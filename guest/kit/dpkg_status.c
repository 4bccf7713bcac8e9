// SPDX-License-Identifier: Apache-2.0
// dpkg's status file of a tree, as far as it can be relied on.
#include "guest/kit/dpkg_status.h"

const char *dpkg_status_problem(const char *text)
{
	struct dpkg_package package;
	const char *at = text;

	if (!dpkg_next(&at, &package))
		return "is empty";
	if (package.name[0] == '\0')
		return "begins with what is no package";
	/* dpkg ends every line that it writes. */
	return has_suffix(text, "\n") ? NULL : "is cut off";
}

const char *dpkg_status(struct trial *t)
{
	const char *text = file_text(t, DPKG_STATUS);

	if (!text)
		case_skip(t, "distro:debian-like", "only dpkg's database is read for this");
	const char *problem = dpkg_status_problem(text);
	if (problem)
		case_broken(t, "%s %s", DPKG_STATUS, problem);
	return text;
}
