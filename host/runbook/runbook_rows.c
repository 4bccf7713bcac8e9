/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a CSV file (RFC 4180): the first line names axes. */
#include <stdio.h>
#include <string.h>

#include "host/runbook/internal.h"

#define CSV_MAX	 (4U << 20)
#define CELL_MAX 200

/* Where the reading is. */
struct csv {
	const char *at, *end;
	struct yaml_place place; /* of `at` */
};

static void step(struct csv *csv)
{
	bool is_end = *csv->at == '\n';

	csv->at++;
	csv->place.line += is_end;
	csv->place.column = is_end ? 1 : csv->place.column + 1;
}

static bool is_at(const struct csv *csv, char byte)
{
	return csv->at < csv->end && *csv->at == byte;
}

/* Up to a comma or the end of the line, which stay; in quotation marks either may be in it, and "" is one of them. False: the
 * one that begins it is not closed. */
static bool take_cell(struct csv *csv, struct text *out)
{
	bool is_quoted = is_at(csv, '"');

	if (is_quoted)
		step(csv);
	while (csv->at < csv->end) {
		if (is_quoted && *csv->at == '"') {
			step(csv);
			is_quoted = is_at(csv, '"');
			if (!is_quoted)
				continue;
		} else if (!is_quoted && *csv->at && strchr(",\r\n", *csv->at)) {
			return true;
		}
		(void)text_add(out, csv->at, 1);
		step(csv);
	}
	return !is_quoted;
}

/* The cells of a line. False: they have no room, or are no text; a problem has been told. */
static bool take_line(struct csv *csv, struct yaml_text cells[RUNBOOK_AXES_MAX], size_t *ret_count,
		      struct runbook_problems *problems)
{
	struct yaml_place begin = csv->place;
	size_t count = 0;

	do {
		CLEAN_TEXT struct text cell = TEXT_INIT(CELL_MAX);
		struct yaml_place place = csv->place;
		if (count > 0)
			place = (step(csv), csv->place);
		if (!take_cell(csv, &cell)) {
			runbook_complain(problems, place,
					 "the quotation mark that begins this cell is not closed");
			*ret_count = count;
			return false;
		}
		if (count == RUNBOOK_AXES_MAX || cell.overflowed ||
		    strlen(cell.buf) != cell.length || strpbrk(cell.buf, "\n\r")) {
			runbook_complain(problems, count == RUNBOOK_AXES_MAX ? begin : place,
					 "a line has at most %d cells, and each a text of at most "
					 "%d bytes",
					 RUNBOOK_AXES_MAX, CELL_MAX);
			*ret_count = count;
			return false;
		}
		cells[count++] = (struct yaml_text){.text = text_steal(&cell), .place = place};
	} while (is_at(csv, ','));
	*ret_count = count;
	if (is_at(csv, '\r'))
		step(csv);
	if (csv->at < csv->end)
		step(csv);
	return true;
}

static void free_cells(struct yaml_text *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(cells[i].text);
}

/* Cells without a text say nothing of their axis. */
static struct runbook_row make_row(const struct yaml_text *head, const struct yaml_text *cells,
				   size_t count)
{
	struct runbook_row row = {.items = xnew(count * sizeof *row.items),
				  .place = cells[0].place};

	for (size_t i = 0; i < count; i++)
		if (cells[i].text[0])
			row.items[row.count++] = (struct runbook_value){
				.axis = {.text = xstrdup(head[i].text), .place = head[i].place},
				.value = {.text = xstrdup(cells[i].text), .place = cells[i].place}};
	return row;
}

static bool check_head(const struct yaml_text *head, size_t width,
		       struct runbook_problems *problems)
{
	for (size_t i = 1; i < width; i++)
		for (size_t before = 0; before < i; before++)
			if (strcmp(head[before].text, head[i].text) == 0) {
				runbook_complain(problems, head[i].place,
						 "the first line names '%.60s' twice",
						 head[i].text);
				return false;
			}
	return true;
}

/* What some programs write before the text, to say that it is UTF-8. */
static void skip_mark(struct csv *csv)
{
	static const char mark[] = {'\xef', '\xbb', '\xbf'};

	if ((size_t)(csv->end - csv->at) >= sizeof mark && memcmp(csv->at, mark, sizeof mark) == 0)
		csv->at += sizeof mark;
}

static void take_rows(struct csv *csv, const struct yaml_text *head, size_t width,
		      struct runbook_rows *rows, struct runbook_problems *problems)
{
	size_t room = 0;

	while (csv->at < csv->end) {
		struct yaml_text cells[RUNBOOK_AXES_MAX];
		size_t count;
		struct yaml_place place = csv->place;
		bool is_well = take_line(csv, cells, &count, problems);
		bool is_empty = is_well && count == 1 && cells[0].text[0] == '\0';
		if (is_well && count == width && !is_empty) {
			if (vec_reserve(&rows->items, sizeof *rows->items, rows->count, &room,
					RUNBOOK_ITEMS_MAX))
				rows->items[rows->count++] = make_row(head, cells, count);
			else
				runbook_complain(problems, place, "there are more than %d rows",
						 RUNBOOK_ITEMS_MAX);
		} else if (is_well && !is_empty) {
			runbook_complain(problems, place,
					 "this row has %zu cells, the first line %zu", count,
					 width);
		}
		free_cells(cells, count);
		if (!is_well || rows->count == RUNBOOK_ITEMS_MAX)
			return;
	}
}

void runbook_read_rows(struct runbook_state *state, struct runbook_problems *problems)
{
	CLEAN_FREE char *path = include_beside(
		state->csv.place.path ? state->csv.place.path : state->book.path, state->csv.text);
	CLEAN_TEXT struct text bytes = TEXT_INIT(CSV_MAX);
	const char *kept = include_keep(&state->files, path);
	int r = !kept ? -EMFILE : state->files.is_closed ? -EPERM : text_read_file(&bytes, path);

	if (r < 0) {
		errno = -r;
		runbook_complain(problems, state->csv.place, "%s cannot be read: %m", path);
		return;
	}
	struct csv csv = {
		bytes.buf, bytes.buf + bytes.length, {.line = 1, .column = 1, .path = kept}};
	struct yaml_text head[RUNBOOK_AXES_MAX];
	size_t width;
	unsigned before = problems->count;
	skip_mark(&csv);
	if (take_line(&csv, head, &width, problems) && check_head(head, width, problems))
		take_rows(&csv, head, width, &state->book.rows, problems);
	free_cells(head, width);
	if (state->book.rows.count == 0 && problems->count == before)
		runbook_complain(problems, state->csv.place, "%s has no rows", path);
}
