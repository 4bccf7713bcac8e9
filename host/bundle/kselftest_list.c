/* SPDX-License-Identifier: Apache-2.0 */
/* Reading kselftest's list of tests, and its settings. */
#include "host/bundle/kselftest_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "base/yaml.h"

/* They become parts of ids and of paths: what else may stand there would be read as something else. */
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-"

struct reading {
	const char *path;
	struct text *problems;
	unsigned number, count;
};

static void complain(struct reading *reading, size_t column, const char *format, ...) PRINTF(3, 4);

static void complain(struct reading *reading, size_t column, const char *format, ...)
{
	struct yaml_place place = {.line = reading->number, .column = (unsigned)column};
	va_list args;

	va_start(args, format);
	yaml_problemv(reading->problems, reading->path, place, format, args);
	va_end(args);
	reading->count++;
}

/* A copy in lines; NULL (and told): it is no text. */
static char *copy_text(struct reading *reading, const char *bytes, size_t length)
{
	if (memchr(bytes, '\0', length)) {
		complain(reading, 0, "it holds a NUL byte: it is no text");
		return NULL;
	}
	char *text = xnew(length + 1);
	memcpy(text, bytes, length);
	return text;
}

/* The next line of the text, without its end; *at is stepped over it. NULL: there is none. */
static char *next_line(struct reading *reading, char **at)
{
	char *line = *at;

	if (!line || !line[0])
		return NULL;
	*at = strchr(line, '\n');
	if (*at)
		*(*at)++ = '\0';
	reading->number++;
	return line;
}

/* ---- the list ---- */

/* One part of a collection's path, or a test's name: it stands in a path of the guest. */
static bool check_part(struct reading *reading, size_t column, const char *part, size_t length,
		       const char *what)
{
	size_t usable = strspn(part, NAME_BYTES);

	if (length == 0 || part[0] == '.' || part[0] == '-')
		complain(reading, column, "%s is empty or begins with '%.*s'", what,
			 length > 0 ? 1 : 0, part);
	else if (usable < length)
		complain(reading, column + usable,
			 "%s has others than letters, digits and _.+- in it", what);
	else
		return true;
	return false;
}

static bool check_collection(struct reading *reading, const char *collection)
{
	for (const char *part = collection, *end;; part = end + 1) {
		end = part + strcspn(part, "/");
		if (!check_part(reading, (size_t)(part - collection) + 1, part,
				(size_t)(end - part), "a part of the collection's path"))
			return false;
		if (!*end)
			return true;
	}
}

static void take_entry(struct reading *reading, struct kselftest_list *list, char *line)
{
	char *colon = strchr(line, ':');
	size_t length = strlen(line);

	if (length > 2 * KSELFTEST_NAME_MAX || (colon && strlen(colon + 1) > KSELFTEST_NAME_MAX)) {
		complain(reading, 1, "a name of more than %d bytes", KSELFTEST_NAME_MAX);
		return;
	}
	if (!colon) {
		complain(reading, 1, "the line is no COLLECTION:TEST");
		return;
	}
	*colon = '\0';
	const struct kselftest_line fresh = {line, colon + 1, reading->number};
	if (!check_collection(reading, line) ||
	    !check_part(reading, (size_t)(colon - line) + 2, colon + 1, strlen(colon + 1),
			"the test's name"))
		return;
	if (!vec_add(&list->lines, fresh))
		complain(reading, 1, "there are more than %d lines", KSELFTEST_LINES_MAX);
}

static int compare_entries(const void *a, const void *b)
{
	const struct kselftest_line *x = a, *y = b;
	int order = strcmp(x->collection, y->collection);

	order = order ? order : strcmp(x->test, y->test);
	return order ? order : (int)x->number - (int)y->number;
}

static int compare_numbers(const void *a, const void *b)
{
	return (int)((const struct kselftest_line *)a)->number -
	       (int)((const struct kselftest_line *)b)->number;
}

/* Two sources may be installed under one name: then it is one program, and one test. */
static void drop_repetitions(struct kselftest_lines *lines)
{
	size_t kept = 0;

	if (lines->count == 0)
		return;
	qsort(lines->items, lines->count, sizeof *lines->items, compare_entries);
	for (size_t i = 1; i < lines->count; i++) {
		const struct kselftest_line *last = &lines->items[kept], *it = &lines->items[i];
		if (strcmp(last->collection, it->collection) != 0 ||
		    strcmp(last->test, it->test) != 0)
			lines->items[++kept] = *it;
	}
	lines->count = kept + 1;
	qsort(lines->items, lines->count, sizeof *lines->items, compare_numbers);
}

unsigned kselftest_list_parse(const char *path, const char *bytes, size_t length,
			      struct kselftest_list *ret, struct text *problems)
{
	struct reading reading = {.path = path, .problems = problems};

	ret->text = copy_text(&reading, bytes, length);
	for (char *at = ret->text, *line; (line = next_line(&reading, &at));)
		if (line[0])
			take_entry(&reading, ret, line);
	drop_repetitions(&ret->lines);
	return reading.count;
}

void kselftest_list_done(struct kselftest_list *list)
{
	vec_done(&list->lines);
	free(list->text);
	list->text = NULL;
}

/* ---- settings ---- */

/* Its runner knows more keys, none of which is ours to know. */
static void take_setting(struct reading *reading, const char *line, unsigned *ret_timeout_s)
{
	static const char key[] = "timeout=";
	long long value;

	if (!has_prefix(line, key))
		return;
	if (number_parse(line + sizeof key - 1, 0, KSELFTEST_TIMEOUT_MAX_S, &value) == 0)
		*ret_timeout_s = (unsigned)value;
	else
		complain(reading, sizeof key,
			 "'%.40s' is no number of seconds up to %d (0: no limit)",
			 line + sizeof key - 1, KSELFTEST_TIMEOUT_MAX_S);
}

unsigned kselftest_settings_parse(const char *path, const char *bytes, size_t length,
				  unsigned *ret_timeout_s, struct text *problems)
{
	struct reading reading = {.path = path, .problems = problems};
	CLEAN_FREE char *text = copy_text(&reading, bytes, length);

	for (char *at = text, *line; (line = next_line(&reading, &at));)
		if (reading.number <= KSELFTEST_SETTINGS_LINES)
			take_setting(&reading, line, ret_timeout_s);
	if (reading.number > KSELFTEST_SETTINGS_LINES)
		complain(&reading, 1, "there are more than %d lines", KSELFTEST_SETTINGS_LINES);
	return reading.count;
}
