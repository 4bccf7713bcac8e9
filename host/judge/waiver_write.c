/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a waiver into a file of which everything else stays as it is. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/judge/waiver.h"

#define HEAD                                                                                       \
	"# Failures that are let through for a time, see assay-waivers(5).\n"                      \
	"waivers:\n"

/* In double quotes YAML reads what JSON writes. */
static void add_line(struct text *out, const char *indent, const char *key, const char *value)
{
	if (!value || value[0] == '\0')
		return;
	(void)text_addf(out, "%s%s: ", indent, key);
	json_text(out, value);
	(void)text_adds(out, "\n");
}

/* As deep as the entries that are there, so that the list stays one. */
static void add_entry(const struct waiver_words *words, unsigned indent, struct text *out)
{
	CLEAN_FREE char *first = xasprintf("%*s- ", (int)indent, ""),
			*other = xasprintf("%*s  ", (int)indent, "");

	add_line(out, first, "case", words->cases);
	add_line(out, other, "subject", words->subject);
	add_line(out, other, "size", words->size);
	add_line(out, other, "message", words->message);
	add_line(out, other, "reason", words->reason);
	add_line(out, other, "owner", words->owner);
	add_line(out, other, "tracker", words->tracker);
	(void)text_addf(out, "%sexpires: %s\n", other, words->expires ? words->expires : "");
}

/* ---- what is there ---- */

struct layout {
	unsigned indent;    /* of the dashes */
	bool is_empty_list; /* "waivers: []" */
	size_t empty_at;    /* where the "[]" is */
	bool has_no_file;
};

static unsigned refuse(struct text *problems, const char *path, unsigned line, const char *what)
{
	yaml_problem(problems, path, (struct yaml_place){.line = line, .column = 1}, "%s", what);
	return 1;
}

/* The offset at which a line begins, from 1. */
static size_t line_at(const char *bytes, size_t length, unsigned line)
{
	size_t at = 0;

	for (; line > 1 && at < length; line--) {
		const char *end = memchr(bytes + at, '\n', length - at);
		at = end ? (size_t)(end - bytes) + 1 : length;
	}
	return at;
}

static bool is_blank_line(const char *line, size_t length)
{
	size_t blanks = 0;

	while (blanks < length &&
	       (line[blanks] == ' ' || line[blanks] == '\t' || line[blanks] == '\r'))
		blanks++;
	return blanks == length || line[blanks] == '#';
}

static bool has_only_blank_lines(const char *bytes, size_t from, size_t length)
{
	while (from < length) {
		const char *end = memchr(bytes + from, '\n', length - from);
		size_t next = end ? (size_t)(end - bytes) : length;
		if (!is_blank_line(bytes + from, next - from))
			return false;
		from = next + 1;
	}
	return true;
}

/* A list in block style: each entry begins with a dash in the same column. */
static unsigned lay_out_block(const char *path, const char *bytes, size_t length,
			      const struct yaml_node *list, struct layout *ret,
			      struct text *problems)
{
	const struct yaml_node *first = list->pairs.items[0].value;
	size_t at = line_at(bytes, length, first->place.line), dash = at;

	while (dash < length && bytes[dash] == ' ')
		dash++;
	if (dash >= length || bytes[dash] != '-' || dash - at > 60)
		return refuse(
			problems, path, first->place.line,
			"`waivers` is not written with a dash before each entry: add this one by "
			"hand");
	ret->indent = (unsigned)(dash - at);
	return 0;
}

static unsigned lay_out_empty(const char *path, const char *bytes, size_t length,
			      const struct yaml_node *key, struct layout *ret,
			      struct text *problems)
{
	size_t at = line_at(bytes, length, key->place.line);
	const char *end = memchr(bytes + at, '\n', length - at);
	size_t line = end ? (size_t)(end - bytes) - at : length - at;
	const char *brackets = memmem(bytes + at, line, "[]", 2);

	if (!brackets)
		return refuse(
			problems, path, key->place.line,
			"`waivers` is an empty list that is not written as []: add this one by "
			"hand");
	ret->is_empty_list = true;
	ret->empty_at = (size_t)(brackets - bytes);
	ret->indent = 2;
	return 0;
}

/* The file was read as one of waivers before. */
static unsigned lay_out(const char *path, const char *bytes, size_t length, struct layout *ret,
			struct text *problems)
{
	CLEANUP(yaml_node)
	struct yaml_node *root = yaml_parse(path, bytes, length, WAIVERS_FILE_MAX, false, problems);

	if (!root)
		return 1;
	const struct yaml_node *key = yaml_lookup_key(root, "waivers"),
			       *list = yaml_lookup(root, "waivers");
	if (!key || !list)
		return refuse(problems, path, 1, "it is no file of waivers");
	return list->pairs.count > 0 ? lay_out_block(path, bytes, length, list, ret, problems)
				     : lay_out_empty(path, bytes, length, key, ret, problems);
}

/* ---- the new file ---- */

static void end_line(struct text *out)
{
	if (out->length > 0 && out->buf[out->length - 1] != '\n')
		(void)text_adds(out, "\n");
}

static void write_all(const char *bytes, size_t length, const struct layout *layout,
		      const struct text *entry, struct text *out)
{
	if (layout->has_no_file) {
		(void)text_add(out, bytes, length);
		end_line(out);
		(void)text_adds(out, HEAD);
		(void)text_add(out, entry->buf, entry->length);
		return;
	}
	if (layout->is_empty_list) {
		size_t from = layout->empty_at;
		while (from > 0 && bytes[from - 1] == ' ')
			from--;
		(void)text_add(out, bytes, from);
		(void)text_add(out, bytes + layout->empty_at + 2, length - layout->empty_at - 2);
	} else
		(void)text_add(out, bytes, length);
	end_line(out);
	(void)text_add(out, entry->buf, entry->length);
}

/* What was written is read again: nothing that was there may be other, and one more has to be there. */
static unsigned check(const char *path, const struct waivers *before, const struct text *out,
		      struct text *problems)
{
	CLEAN_DONE(waivers) struct waivers after = WAIVERS_INIT;
	unsigned count = waivers_parse(&after, path, out->buf, out->length, problems);

	if (count > 0)
		return count;
	bool is_right = after.list.count == before->list.count + 1;
	for (size_t i = 0; is_right && i < before->list.count; i++)
		is_right = strcmp(after.list.items[i].id, before->list.items[i].id) == 0 &&
			   strcmp(after.list.items[i].reason, before->list.items[i].reason) == 0;
	return is_right
		       ? 0
		       : refuse(problems, path, 0,
				"a waiver cannot be added at the end of this file: add it by hand");
}

unsigned waivers_append(const char *path, const char *bytes, size_t length,
			const struct waiver_words *words, struct text *out, struct text *added,
			struct text *problems)
{
	CLEAN_DONE(waivers) struct waivers before = WAIVERS_INIT;
	CLEAN_TEXT struct text entry = TEXT_INIT(WAIVERS_FILE_MAX);
	struct layout layout = {.has_no_file = has_only_blank_lines(bytes, 0, length), .indent = 2};
	unsigned count = 0;

	if (!layout.has_no_file) {
		count = waivers_parse(&before, path, bytes, length, problems);
		if (count == 0)
			count = lay_out(path, bytes, length, &layout, problems);
	}
	if (count > 0)
		return count;
	add_entry(words, layout.indent, &entry);
	write_all(bytes, length, &layout, &entry, out);
	if (out->overflowed)
		return refuse(problems, path, 0, "it would have more than 4 MiB");
	count = check(path, &before, out, problems);
	if (count == 0)
		(void)text_add(added, entry.buf, entry.length);
	return count;
}
