// SPDX-License-Identifier: Apache-2.0
// The lines of /etc/fstab.
#include "guest/kit/fstab.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_octal(const char *at)
{
	for (int i = 0; i < 3; i++)
		if (at[i] < '0' || at[i] > '7')
			return false;
	return at[0] <= '3';
}

/* White space is written \040, \011, \012, a backslash \134; decodes in place. */
static void decode(char *at)
{
	char *out = at;

	for (; *at; out++) {
		if (at[0] == '\\' && is_octal(at + 1)) {
			*out = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*out = *at++;
		}
	}
	*out = '\0';
}

/* fstab has neither quotes nor backslashes as a shell has, so its words are cut here; all of them, decoded. */
static void split(struct words *words)
{
	char *rest = words->line;

	words->count = 0;
	for (char *word; words->count < WORDS_MAX && (word = strsep(&rest, " \t"));) {
		if (*word == '\0')
			continue;
		decode(word);
		words->at[words->count++] = word;
	}
}

bool fstab_next(const char **at, struct fstab_line *ret)
{
	struct words *words = &ret->words;

	do {
		if (!line_next(at, words->line, sizeof words->line, NULL))
			return false;
		split(words);
	} while (words->count == 0 || words->at[0][0] == '#');
	ret->what = words->at[0];
	ret->where = words->count > 1 ? words->at[1] : "";
	ret->type = words->count > 2 ? words->at[2] : "";
	ret->options = words->count > 3 ? words->at[3] : "";
	return true;
}

const char *fstab_line_problem(const struct fstab_line *line)
{
	if (line->type[0] == '\0')
		return "has no type";
	/* Swap is not mounted anywhere; most write "none" there. */
	bool is_mounted = strcmp(line->type, "swap") != 0 && strcmp(line->type, "ignore") != 0 &&
			  strcmp(line->where, "none") != 0;
	return is_mounted && line->where[0] != '/' ? "names no folder" : NULL;
}

bool fstab_has_option(const struct fstab_line *line, const char *name)
{
	return list_has(line->options, name, ",");
}

bool fstab_option_value(const char *options, const char *name, char *ret, size_t size)
{
	size_t length = strlen(name), option;

	for (const char *at = options; *at; at += option + (at[option] == ',')) {
		option = strcspn(at, ",");
		if (option <= length || strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		if (option - length > size)
			return false;
		(void)snprintf(ret, size, "%.*s", (int)(option - length - 1), at + length + 1);
		return true;
	}
	return false;
}

const char *fstab_tag_value(const char *what, const char *tag)
{
	size_t length = strlen(tag);

	if (strncasecmp(what, tag, length) != 0 || what[length] != '=')
		return NULL;
	return what + length + 1;
}
