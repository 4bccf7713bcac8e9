/* SPDX-License-Identifier: Apache-2.0 */
/* What a bisection tells: on its way a line for each try, at its end what it has found. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/rate.h"
#include "base/secret.h"
#include "host/cli/bisect.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

#define REPORT_TEXT_MAX (16U << 20)
#define STAT_MAX	(1U << 20)
#define FILES_TOLD	20

/* ---- on the way ---- */

void bisect_tell(const struct bisecting *b, const char *format, ...)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4096), shown = TEXT_INIT(16384);
	va_list args;

	if (b->arguments->json || b->arguments->quiet)
		return;
	va_start(args, format);
	(void)text_addv(&line, format, args);
	va_end(args);
	escape_terminal(&shown, line.buf, false);
	secret_hide(&shown);
	(void)fprintf(stderr, "%s\n", shown.buf);
}

void bisect_add_share(const struct bisect_try *it, struct text *out)
{
	struct rate_interval interval;

	if (it->total == 0)
		return;
	rate_interval(it->passed, it->total, RATE_CONFIDENCE, &interval);
	text_addf(out, "passed %u of %u (", it->passed, it->total);
	rate_add(out, &interval);
	text_adds(out, ")");
}

static void encode_try(const struct bisect_try *it, struct text *out)
{
	json_open(out, '{');
	json_member(out, "type", "try");
	json_member(out, "id", it->id);
	json_member(out, "name", it->name);
	json_member(out, "verdict", search_verdict_name(it->verdict));
	json_member(out, "why", it->why);
	json_member(out, "same_as", it->same_as[0] ? it->same_as : NULL);
	json_member_number(out, "passed", it->passed);
	json_member_number(out, "total", it->total);
	json_member_number(out, "build_ns", (long long)it->build_ns);
	json_member_number(out, "try_ns", (long long)it->try_ns);
	json_close(out, '}');
	text_adds(out, "\n");
}

static void add_try(const struct bisect_try *it, struct text *out)
{
	char span[CLOCK_SPAN_SIZE];

	text_addf(out, "  %-7s ", search_verdict_name(it->verdict));
	bisect_add_share(it, out);
	if (it->same_as[0])
		text_addf(out, ", the same kernel as %.12s", it->same_as);
	if (it->build_ns > 0)
		text_addf(out, "%sbuilt in %s", it->total > 0 ? ", " : "",
			  clock_span(it->build_ns, span));
	if (it->try_ns > 0)
		text_addf(out, ", tried in %s", clock_span(it->try_ns, span));
	if (it->verdict != SEARCH_GOOD && it->why[0])
		text_addf(out, ": %.300s", it->why);
}

void bisect_tell_try(const struct bisecting *b, const struct bisect_try *it)
{
	CLEAN_TEXT struct text line = TEXT_INIT(65536), shown = TEXT_INIT(65536);

	if (!b->arguments->json) {
		add_try(it, &line);
		bisect_tell(b, "%s", line.buf);
		return;
	}
	encode_try(it, &shown);
	secret_hide_json(&shown);
	/* Who has stopped listening does not end what goes on. */
	(void)fwrite(shown.buf, 1, shown.length, stdout);
	(void)fflush(stdout);
}

/* ---- the culprit ---- */

struct culprit {
	char *fields[6]; /* author, mail, date, subject, whole message, parents */
	char *stat;	 /* the files that it changes */
};
enum culprit_field {
	CULPRIT_AUTHOR,
	CULPRIT_MAIL,
	CULPRIT_DATE,
	CULPRIT_SUBJECT,
	CULPRIT_PARENTS,
	CULPRIT_MESSAGE
};

static void culprit_done(struct culprit *culprit)
{
	for (size_t i = 0; i < ARRAY_LEN(culprit->fields); i++)
		free(culprit->fields[i]);
	free(culprit->stat);
}
DEFINE_CLEAN_DONE(culprit);

static int ask_culprit(struct bisecting *b, const char *id, struct culprit *ret, struct err *e)
{
	const char *const show[] = {
		"show", "-s", "--no-decorate", "--format=%an%x00%ae%x00%aI%x00%s%x00%P%x00%B", id,
		"--",	NULL};
	const char *const stat[] = {"show",
				    "--stat=100",
				    "--no-color",
				    "--no-ext-diff",
				    "--no-textconv",
				    "--format=",
				    "-m",
				    "--first-parent",
				    id,
				    "--",
				    NULL};
	CLEAN_TEXT struct text out = TEXT_INIT(STAT_MAX), files = TEXT_INIT(STAT_MAX);
	int r = git_run(&b->git, show, &b->p, &out, e);

	if (r == 0)
		r = git_run(&b->git, stat, &b->p, &files, e);
	if (r < 0)
		return r;
	size_t at = 0;
	for (size_t i = 0; i < ARRAY_LEN(ret->fields); i++) {
		const char *field = at <= out.length ? out.buf + at : "";
		ret->fields[i] = xstrdup(field);
		at += strlen(field) + 1;
	}
	ret->stat = text_steal(&files);
	return 0;
}

/* "3 of 20" and "4 of 20" are the same complaint. */
static bool is_same_message(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (*a == '\0' || *a == ';') /* behind it stands how often */
			return true;
		a++;
		b++;
	}
}

static const struct bisect_try *end_of(const struct bisecting *b, bool is_good)
{
	const struct bisect_subjects *subjects = &b->state.subjects;

	return bisect_find(&b->state, subjects->items[is_good ? 0 : subjects->count - 1].id);
}

static const struct bisect_try *last_good(const struct bisecting *b)
{
	const struct bisect_try *good = end_of(b, true);

	vec_each (&b->state.tries, it)
		if (it->verdict == SEARCH_GOOD)
			good = it;
	return good;
}

/* ---- as text ---- */

static void add_indented(const char *text, const char *indent, size_t lines, struct text *out)
{
	for (size_t i = 0; *text && i < lines; i++) {
		size_t length = strcspn(text, "\n");
		if (length > 0)
			text_addf(out, "%s%.*s", indent, (int)length, text);
		text_adds(out, "\n");
		text += length + (text[length] == '\n');
	}
	if (*text)
		text_addf(out, "%s...\n", indent);
}

static void add_culprit(const struct culprit *culprit, const char *id, struct text *out)
{
	text_addf(out, "  commit   %s\n  author   %s <%s>\n  date     %s\n\n", id,
		  culprit->fields[CULPRIT_AUTHOR], culprit->fields[CULPRIT_MAIL],
		  culprit->fields[CULPRIT_DATE]);
	add_indented(culprit->fields[CULPRIT_MESSAGE], "      ", 200, out);
	text_adds(out, "\n");
	add_indented(culprit->stat, "   ", FILES_TOLD, out);
	text_adds(out, "\n");
}

static void add_remarks(const struct bisecting *b, const struct bisect_try *culprit,
			struct text *out)
{
	const struct bisect_try *end = end_of(b, false);

	if (culprit && end && !is_same_message(culprit->why, end->why))
		text_addf(
			out,
			"  At the bad end it fails in other words: %.300s\n  So there may be another "
			"cause behind this one.\n",
			end->why);
}

static void add_all_tries(const struct bisecting *b, struct text *out)
{
	text_addf(out, "  %zu tried:\n", b->state.tries.count);
	vec_each (&b->state.tries, it) {
		text_addf(out, "    %s\n  ", it->name);
		add_try(it, out);
		text_adds(out, "\n");
	}
}

static void add_found(const struct bisecting *b, const struct bisect_next *next,
		      const struct culprit *culprit, struct text *out)
{
	const char *id = next->suspects.items[0];
	const struct bisect_try *it = bisect_find(&b->state, id), *good = last_good(b);

	text_addf(out, "FOUND  %s fails since %s\n", b->state.case_id, it ? it->name : id);
	if (b->state.kind == BISECT_COMMITS)
		add_culprit(culprit, id, out);
	if (it) {
		text_addf(out, "  because  %.400s\n  there    ", it->why);
		bisect_add_share(it, out);
		text_adds(out, "\n");
	}
	if (good) {
		text_addf(out, "  before   %s: ", good->name);
		bisect_add_share(good, out);
		text_adds(out, "\n");
	}
	add_remarks(b, it, out);
}

static void add_stuck(const struct bisecting *b, const struct bisect_next *next, struct text *out)
{
	text_addf(out,
		  "NOT FOUND  %s began to fail in one of these %zu, and all but the last cannot be "
		  "tried:\n",
		  b->state.case_id, next->suspects.count);
	vec_each (&next->suspects, id) {
		const struct bisect_try *it = bisect_find(&b->state, *id);
		text_addf(out, "    %s\n", it ? it->name : *id);
		if (it && it->verdict == SEARCH_SKIPPED)
			text_addf(out, "      skipped: %.300s\n", it->why);
	}
}

/* ---- as JSON ---- */

static void encode_culprit(const struct bisecting *b, const struct culprit *culprit, const char *id,
			   struct text *out)
{
	const struct bisect_try *it = bisect_find(&b->state, id);

	json_key(out, "culprit");
	json_open(out, '{');
	json_member(out, "id", id);
	json_member(out, "name", it ? it->name : id);
	json_member(out, "why", it ? it->why : NULL);
	if (b->state.kind == BISECT_COMMITS) {
		json_member(out, "author", culprit->fields[CULPRIT_AUTHOR]);
		json_member(out, "email", culprit->fields[CULPRIT_MAIL]);
		json_member(out, "date", culprit->fields[CULPRIT_DATE]);
		json_member(out, "subject", culprit->fields[CULPRIT_SUBJECT]);
		json_member(out, "message", culprit->fields[CULPRIT_MESSAGE]);
		json_member(out, "parents", culprit->fields[CULPRIT_PARENTS]);
		json_member(out, "stat", culprit->stat);
	}
	json_close(out, '}');
}

static void encode_report(const struct bisecting *b, enum search_state state,
			  const struct bisect_next *next, const struct culprit *culprit,
			  struct text *out)
{
	const struct bisect_try *good = last_good(b);

	json_open(out, '{');
	json_member(out, "type", "bisection");
	json_member_number(out, "schema", BISECT_SCHEMA);
	json_member(out, "result", state == SEARCH_FOUND ? "found" : "range");
	json_member_number(out, "exit", state == SEARCH_FOUND ? EXIT_SHIP : EXIT_UNDECIDED);
	json_member(out, "folder", b->folder);
	json_member(out, "last_good", good ? good->id : NULL);
	if (state == SEARCH_FOUND)
		encode_culprit(b, culprit, next->suspects.items[0], out);
	json_key(out, "suspects");
	json_open(out, '[');
	vec_each (&next->suspects, id)
		json_text(out, *id);
	json_close(out, ']');
	bisect_encode_tries(&b->state, out);
	json_close(out, '}');
	text_adds(out, "\n");
}

/* ---- the end ---- */

static int keep_report(const struct bisecting *b, const char *name, const struct text *text,
		       struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", b->folder, name);

	return write_text(path, text, e);
}

int bisect_report(struct bisecting *b, enum search_state state, const struct bisect_next *next,
		  struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(REPORT_TEXT_MAX), json = TEXT_INIT(BISECT_JSON_MAX),
			       shown = TEXT_INIT(2 * REPORT_TEXT_MAX);
	CLEAN_DONE(culprit) struct culprit culprit = {.stat = NULL};
	char span[CLOCK_SPAN_SIZE];
	int r = 0;

	if (state == SEARCH_FOUND && b->state.kind == BISECT_COMMITS)
		r = ask_culprit(b, next->suspects.items[0], &culprit, e);
	if (r < 0)
		return r;
	if (state == SEARCH_FOUND)
		add_found(b, next, &culprit, &text);
	else
		add_stuck(b, next, &text);
	add_all_tries(b, &text);
	text_addf(&text, "  Kept in %s, in %s\n", b->folder, clock_span(b->state.spent_ns, span));
	escape_terminal(&shown, text.buf, true);
	encode_report(b, state, next, &culprit, &json);
	r = keep_report(b, "report.txt", &shown, e);
	if (r == 0)
		r = keep_report(b, "report.json", &json, e);
	if (r == 0)
		r = print_out(b->arguments->json ? &json : &shown, e);
	return r < 0 ? r : state == SEARCH_FOUND ? EXIT_SHIP : EXIT_UNDECIDED;
}
