/* SPDX-License-Identifier: Apache-2.0 */
/* Reading LTP's scenario files. */
#include "host/bundle/runtest.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/yaml.h"
#include "wire/bundle.h"

/* Tags become parts of ids: what else may stand there would be read as something else in patterns and shells. */
#define TAG_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-"

struct reading {
	const char *path;
	struct runtest *runtest;
	struct text *problems;
	unsigned count;
};

static void complain(struct reading *reading, unsigned line, size_t column, const char *format, ...)
	PRINTF(4, 5);

static void complain(struct reading *reading, unsigned line, size_t column, const char *format, ...)
{
	struct yaml_place place = {.line = line, .column = (unsigned)column};
	va_list args;

	va_start(args, format);
	yaml_problemv(reading->problems, reading->path, place, format, args);
	va_end(args);
	reading->count++;
}

/* Nothing that a terminal or a parameter would take for something else. */
static bool check_bytes(struct reading *reading, unsigned number, const char *line)
{
	size_t length = strlen(line);

	for (size_t i = 0; i < length; i++) {
		bool is_end = line[i] == '\r' && i + 1 == length;
		if (((unsigned char)line[i] >= 0x20 && line[i] != 0x7f) || line[i] == '\t')
			continue;
		complain(reading, number, i + 1,
			 is_end ? "the line ends with a carriage return; these files have lines as "
				  "Unix writes them"
				: "there is a byte %02x, which is none of a text",
			 (unsigned char)line[i]);
		return false;
	}
	if (json_keeps(line) && length <= BUNDLE_COMMAND_MAX)
		return true;
	complain(reading, number, 1,
		 length > BUNDLE_COMMAND_MAX ? "the line has more than %d bytes"
					     : "the line is not UTF-8 (at most %d bytes)",
		 BUNDLE_COMMAND_MAX);
	return false;
}

static bool check_tag(struct reading *reading, unsigned number, size_t column, const char *tag)
{
	size_t usable = strspn(tag, TAG_BYTES), length = strlen(tag);

	if (usable == length && length <= RUNTEST_TAG_MAX)
		return true;
	if (usable < length)
		complain(reading, number, column + usable,
			 "the tag '%.60s' has others than letters, digits and _.+- in it", tag);
	else
		complain(reading, number, column, "the tag '%.60s...' has more than %d bytes", tag,
			 RUNTEST_TAG_MAX);
	return false;
}

static void take_line(struct reading *reading, unsigned number, char *line)
{
	char *tag = line + strspn(line, " \t");
	size_t column = (size_t)(tag - line) + 1;

	if (tag[0] == '\0' || tag[0] == '#' || !check_bytes(reading, number, line))
		return;
	char *end = tag + strcspn(tag, " \t");
	char *command = end + strspn(end, " \t");
	if (command[0] == '\0') {
		complain(reading, number, column,
			 "the tag '%.60s' has no command: a line has a tag, blanks, and a command",
			 tag);
		return;
	}
	*end = '\0';
	for (char *last = command + strlen(command); last > command && strchr(" \t", last[-1]);)
		*--last = '\0';
	if (!check_tag(reading, number, column, tag))
		return;
	const struct runtest_line fresh = {.tag = tag, .command = command, .number = number};
	if (!vec_add(&reading->runtest->lines, fresh))
		complain(reading, number, column, "there are more than %d lines",
			 RUNTEST_LINES_MAX);
}

/* ---- each tag once ---- */

static int compare_tags(const void *a, const void *b)
{
	const struct runtest_line *const *x = a, *const *y = b;
	int order = strcmp((*x)->tag, (*y)->tag);

	return order ? order : (int)(*x)->number - (int)(*y)->number;
}

static void check_twice(struct reading *reading)
{
	const struct runtest_lines *lines = &reading->runtest->lines;
	CLEAN_FREE const struct runtest_line **sorted = xnew((lines->count + 1) * sizeof *sorted);

	for (size_t i = 0; i < lines->count; i++)
		sorted[i] = &lines->items[i];
	if (lines->count > 0)
		qsort(sorted, lines->count, sizeof *sorted, compare_tags);
	for (size_t i = 1; i < lines->count; i++)
		if (strcmp(sorted[i - 1]->tag, sorted[i]->tag) == 0)
			complain(reading, sorted[i]->number, 1,
				 "the tag '%s' stands in line %u already; tags are unique in their "
				 "file",
				 sorted[i]->tag, sorted[i - 1]->number);
}

unsigned runtest_parse(const char *path, const char *bytes, size_t length, struct runtest *ret,
		       struct text *problems)
{
	struct reading reading = {.path = path, .runtest = ret, .problems = problems};
	unsigned number = 0;

	ret->text = xnew(length + 1);
	memcpy(ret->text, bytes, length);
	if (memchr(bytes, '\0', length)) {
		complain(&reading, 0, 0, "it holds a NUL byte: it is no text");
		return reading.count;
	}
	for (char *line = ret->text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		take_line(&reading, ++number, line);
	}
	check_twice(&reading);
	return reading.count;
}

void runtest_done(struct runtest *runtest)
{
	vec_done(&runtest->lines);
	free(runtest->text);
	runtest->text = NULL;
}
