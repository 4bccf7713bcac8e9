/* SPDX-License-Identifier: Apache-2.0 */
/* gshadow: who may join and administer groups. */
#include "guest/kit/accounts.h"

#define GSHADOW "/etc/gshadow"

static bool has_group(const char *text, const char *name)
{
	struct fields group;

	while (fields_next(&text, &group))
		if (strcmp(group.at[0], name) == 0)
			return true;
	return false;
}

/* The line of that name, copied into `ret`. */
static bool find_line(const char *text, const char *name, struct fields *ret)
{
	while (fields_next(&text, ret))
		if (strcmp(ret->at[0], name) == 0)
			return true;
	return false;
}

AUDIT(users, gshadow_parses, .title = "Every gshadow line parses and matches the group file",
      .priority = P2, .sources = "kola:gshadow,kola:sysusers.gshadow,AZCERT:lynis/auth-9216",
      .why = "The tools that make groups refuse a file with a line that is none, and what they do not "
	     "know nobody can join or leave.",
      .remedy = "Run grpck in the image, and grpconv for what is missing.")
{
	const char *shadows = file_text(t, GSHADOW), *groups = accounts_text(t, ACCOUNTS_GROUP);
	struct fields line, group;

	if (!shadows)
		case_skip(t, "accounts", "there is no " GSHADOW);
	for (const char *at = shadows; fields_next(&at, &line);) {
		if (line.count != 4 || line.is_cut || line.at[0][0] == '\0')
			FAIL(t, "the line of \"%.60s\" has %u fields, not 4", line.at[0],
			     line.count);
		else if (!has_group(groups, line.at[0]))
			FAIL(t, "%s is in " GSHADOW ", but not in " ACCOUNTS_GROUP, line.at[0]);
		else if (find_line(groups, line.at[0], &group) && group.count == 4 &&
			 strcmp(group.at[3], line.at[3]) != 0)
			FAIL(t,
			     "%s has the members \"%s\" in " GSHADOW
			     " and \"%s\" in " ACCOUNTS_GROUP,
			     line.at[0], line.at[3], group.at[3]);
		else
			check_passed(t);
	}
	for (const char *at = groups; fields_next(&at, &line);)
		if (!has_group(shadows, line.at[0]))
			FAIL(t, "%s is in " ACCOUNTS_GROUP ", but not in " GSHADOW, line.at[0]);
}

SABOTAGE(users, gshadow_parses, "a line of gshadow has three fields")
{
	sabotage_append(t, GSHADOW, "planted:!:");
}
