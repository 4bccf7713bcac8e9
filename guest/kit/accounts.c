// SPDX-License-Identifier: Apache-2.0
// passwd(5), shadow(5), group(5).
#include "guest/kit/accounts.h"

static unsigned fields_of(const char *path)
{
	return strcmp(path, ACCOUNTS_PASSWD) == 0 ? 7 : strcmp(path, ACCOUNTS_SHADOW) == 0 ? 9 : 4;
}

/* "+" and "-" bring in, or leave out, what NIS has; such lines may be short. */
static bool is_of_nis(const struct fields *line)
{
	return line->at[0][0] == '+' || line->at[0][0] == '-';
}

const char *accounts_text(struct trial *t, const char *path)
{
	const char *text = file_text(t, path);
	struct fields line;
	unsigned count = 0;

	if (!text)
		case_skip(t, "accounts", "%s is not there", path);
	for (const char *at = text; fields_next(&at, &line); count++)
		if (line.count != fields_of(path) && !is_of_nis(&line))
			case_broken(
				t,
				"%s is damaged: the line of \"%.40s\" has %u fields instead of %u",
				path, line.at[0], line.count, fields_of(path));
	if (count == 0)
		case_broken(t, "%s is empty", path);
	if (!has_suffix(text, "\n"))
		case_broken(t, "%s is cut off: its last line has no end", path);
	return text;
}
