/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of TAP. */
#include "wire/tap_line.h"

#include <string.h>
#include <strings.h>

#include "base/scope.h"

/* ---- for people ---- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

void tap_copy(const char *from, const char *to, char *buf, size_t size)
{
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	size_t length = (size_t)(to - from) < size - 1 ? (size_t)(to - from) : size - 1;
	for (size_t i = 0; i < length; i++)
		buf[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? '?' : from[i];
	buf[length] = '\0';
}

long tap_number(const char **at, const char *end, long max)
{
	long number = 0;
	const char *from = *at;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
		number = number * 10 + (**at - '0');
		if (number > max)
			return -1;
	}
	return *at > from ? number : -1;
}

/* ---- what stands before the words ---- */

void tap_line_indent(struct tap_line *line)
{
	for (; line->at < line->end && *line->at == ' '; line->at++)
		line->indent++;
}

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* Behind "[   12.345678]", with a task or a CPU behind it as some kernels print; NULL: it is none. */
static const char *stamp_end(const char *at, const char *end)
{
	if (at == end || *at++ != '[')
		return NULL;
	while (at < end && *at == ' ')
		at++;
	const char *dot = skip_digits(at, end),
		   *close = dot < end ? skip_digits(dot + 1, end) : end;
	if (dot == at || dot == end || *dot != '.' || close - dot != 7 || close == end ||
	    *close != ']')
		return NULL;
	at = close + 1;
	if (at < end && *at == '[') {
		const char *task = memchr(at, ']', (size_t)(end - at));
		at = task && task - at < 16 ? task + 1 : at;
	}
	return at;
}

bool tap_line_take_stamp(struct tap_line *line)
{
	const char *at = line->at;

	if (at < line->end && *at == '<') {
		const char *level = skip_digits(at + 1, line->end);
		if (level > at + 1 && level < line->end && *level == '>')
			at = level + 1;
	}
	at = stamp_end(at, line->end);
	if (!at)
		return false;
	line->at = at + (at < line->end && *at == ' ');
	return true;
}

bool tap_line_holds_stamp(const struct tap_line *line)
{
	for (const char *at = line->at; at < line->end; at++)
		if (*at == '[' && stamp_end(at, line->end))
			return true;
	return false;
}

bool tap_line_take_quote(struct tap_line *line)
{
	if (line->at == line->end || *line->at != '#')
		return false;
	line->at++;
	line->at += line->at < line->end && *line->at == ' ';
	line->quote++;
	return true;
}

/* ---- words ---- */

bool tap_line_starts(const struct tap_line *line, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(line->end - line->at) >= length && memcmp(line->at, word, length) == 0;
}

static bool is_result(const struct tap_line *line)
{
	size_t length = tap_line_starts(line, "ok") ? 2 : tap_line_starts(line, "not ok") ? 6 : 0;

	return length > 0 && (line->at + length == line->end || is_blank(line->at[length]));
}

enum tap_word tap_line_word(const struct tap_line *line)
{
	if (line->at == line->end)
		return TAP_NO_WORD;
	if (tap_line_starts(line, "TAP version") || tap_line_starts(line, "KTAP version"))
		return TAP_VERSION;
	if (is_result(line))
		return TAP_RESULT;
	if (tap_line_starts(line, "1.."))
		return TAP_PLAN;
	if (tap_line_starts(line, "Bail out!"))
		return TAP_BAIL_OUT;
	return *line->at == '#' ? TAP_COMMENT : TAP_NO_WORD;
}

bool tap_line_hides_result(const struct tap_line *line)
{
	static const char mark[] = " selftests: ";
	const char *found = memmem(line->at, (size_t)(line->end - line->at), mark, sizeof mark - 1),
		   *at = found;

	while (at && at > line->at && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at && at != found && at - line->at >= 4 && memcmp(at - 3, "ok ", 3) == 0;
}

/* The directive that begins at `word`; *ret_end is behind it. */
static enum tap_directive read_directive(const char *word, const char *end, const char **ret_end)
{
	static const struct {
		const char *name;
		enum tap_directive directive;
	} words[] = {{"skip", TAP_SKIP},   {"todo", TAP_TO_DO},	     {"xfail", TAP_XFAIL},
		     {"xpass", TAP_XPASS}, {"timeout", TAP_TIMEOUT}, {"error", TAP_ERROR}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t length = strlen(words[i].name);
		if ((size_t)(end - word) < length || strncasecmp(word, words[i].name, length) != 0)
			continue;
		while (word < end && !is_blank(*word))
			word++; /* "SKIPPED:" is one too */
		*ret_end = word;
		return words[i].directive;
	}
	return TAP_NO_DIRECTIVE;
}

enum tap_directive tap_line_directive(const char *at, const char *end, const char **ret_at,
				      char *reason, size_t size)
{
	const char *behind;

	for (const char *hash = at; hash < end; hash++) {
		if (*hash == '\\') {
			hash++;
			continue;
		}
		if (*hash != '#')
			continue;
		const char *word = hash + 1;
		while (word < end && is_blank(*word))
			word++;
		enum tap_directive directive = read_directive(word, end, &behind);
		if (directive != TAP_NO_DIRECTIVE) {
			tap_copy(behind, end, reason, size);
			*ret_at = hash;
			return directive;
		}
	}
	*ret_at = end;
	return TAP_NO_DIRECTIVE;
}
