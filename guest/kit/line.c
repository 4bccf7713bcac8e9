// SPDX-License-Identifier: Apache-2.0
// Lines, words and colon-separated fields of a text.
#include "guest/kit/line.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

bool line_next(const char **at, char *buf, size_t size, bool *ret_cut)
{
	const char *line = *at;

	if (*line == '\0')
		return false;
	size_t length = strcspn(line, "\n");
	*at = line + length + (line[length] == '\n');
	if (length > 0 && line[length - 1] == '\r')
		length--;
	bool cut = length >= size;
	if (cut)
		length = size - 1;
	memcpy(buf, line, length);
	buf[length] = '\0';
	if (ret_cut)
		*ret_cut = cut;
	return true;
}

char *line_trim(char *line)
{
	line += strspn(line, " \t");
	size_t length = strlen(line);
	while (length > 0 && strchr(" \t\r\n", line[length - 1]))
		line[--length] = '\0';
	return line;
}

bool fields_next(const char **at, struct fields *ret)
{
	do {
		if (!line_next(at, ret->line, sizeof ret->line, &ret->is_cut))
			return false;
	} while (ret->line[0] == '\0' || ret->line[0] == '#');
	char *rest = ret->line;
	ret->count = 0;
	for (char *field; (field = strsep(&rest, ":")); ret->count++)
		if (ret->count < FIELDS_MAX)
			ret->at[ret->count] = field;
	return true;
}

long long fields_number(const struct fields *fields, unsigned index)
{
	long long number;

	if (index >= fields->count || index >= FIELDS_MAX)
		return -1;
	return number_parse(fields->at[index], 0, UINT32_MAX, &number) < 0 ? -1 : number;
}

/* Copies one word to `out`, quotes taken off; returns where it ended in the source. */
static const char *word_copy(const char *from, char **out)
{
	char quote = '\0';

	for (; *from && (quote || !strchr(" \t", *from)); from++) {
		if (*from == quote) {
			quote = '\0';
		} else if (!quote && (*from == '\'' || *from == '"')) {
			quote = *from;
		} else {
			if (*from == '\\' && quote != '\'' && from[1])
				from++;
			*(*out)++ = *from;
		}
	}
	*(*out)++ = '\0';
	return from;
}

void words_split(const char *line, struct words *ret)
{
	char source[LINE_SIZE] = "", *out = ret->line;
	const char *from = source;

	/* A word and its terminator never take more than the word and the white space (or end) behind it. */
	(void)line_next(&line, source, sizeof source, NULL);
	ret->count = 0;
	for (from += strspn(from, " \t"); *from && ret->count < WORDS_MAX;
	     from += strspn(from, " \t")) {
		ret->at[ret->count++] = out;
		from = word_copy(from, &out);
	}
}

bool list_has(const char *list, const char *word, const char *separators)
{
	size_t length = strlen(word);

	for (const char *at = list; *at;) {
		size_t item = strcspn(at, separators);
		if (item == length && memcmp(at, word, length) == 0)
			return true;
		at += item;
		at += strspn(at, separators);
	}
	return length == 0;
}
