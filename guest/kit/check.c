/* SPDX-License-Identifier: Apache-2.0 */
/* The functions behind the CHECK and REQUIRE macros. */
#include <stdarg.h>

#include "guest/kit/trial_state.h"

/* More than a record keeps, so that the cut is seen. */
#define VALUE_INIT	    TEXT_INIT(sizeof((struct check_record *)0)->got + 8)
#define EVIDENCE_CHECKS_MAX 200 /* failed checks written down; all are counted */

/* Adds text in quotes, on one line, so that blanks and control bytes are seen; NULL is the word nothing. */
static void add_quoted(struct text *out, const char *text)
{
	if (!text) {
		(void)text_adds(out, "nothing");
		return;
	}
	(void)text_adds(out, "\"");
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '\n')
			(void)text_adds(out, "\\n");
		else if (*at == '\t')
			(void)text_adds(out, "\\t");
		else if (*at < ' ' || *at == 0x7f)
			(void)text_addf(out, "\\x%02x", *at);
		else
			(void)text_add(out, (const char *)at, 1);
	}
	(void)text_adds(out, "\"");
}

/* How numbers are shown. */
enum base { BASE_DECIMAL, BASE_OCTAL, BASE_HEX };

/* The base in which the case wrote its number: modes are compared with 0640, masks with 0xff. */
static enum base base_of(const char *expression)
{
	const char *space = strrchr(expression, ' ');

	if (!space || space[1] != '0' || space[2] == '\0')
		return BASE_DECIMAL;
	if (space[2] == 'x')
		return BASE_HEX;
	return space[2] >= '0' && space[2] <= '7' ? BASE_OCTAL : BASE_DECIMAL;
}

static void add_value(struct text *out, struct value value, enum base base)
{
	switch (value.type) {
	case VALUE_SIGNED:
	case VALUE_UNSIGNED:
		if (value.type == VALUE_SIGNED && (base == BASE_DECIMAL || value.i < 0))
			(void)text_addf(out, "%lld", value.i);
		else if (base == BASE_OCTAL)
			(void)text_addf(out, "%#llo", value.u);
		else
			(void)text_addf(out, base == BASE_HEX ? "%#llx" : "%llu", value.u);
		break;
	case VALUE_REAL:
		(void)text_addf(out, "%.9g", value.r);
		break;
	case VALUE_BOOL:
		(void)text_adds(out, value.u ? "true" : "false");
		break;
	case VALUE_TEXT:
		add_quoted(out, value.s);
		break;
	}
}

/* Copies with an ellipsis where something had to be left out. */
static void copy_cut(char *buf, size_t size, const char *text)
{
	size_t keep = strlen(text);

	if (keep < size) {
		memcpy(buf, text, keep + 1);
		return;
	}
	for (keep = size - 4; keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80;)
		keep--; /* not inside a UTF-8 character */
	(void)snprintf(buf, size, "%.*s…", (int)keep, text);
}

/* Moves a text into the trial's memory, which a required check leaves behind cleanly. */
static const char *keep_text(struct trial *t, struct text *text)
{
	const char *copy = case_format(t, "%s", text->buf);

	text_done(text);
	return copy;
}

/* The first failing check becomes the result's; those after it are evidence. */
static void report(struct trial *t, const struct check_record *record, const char *sentence)
{
	struct result *result = t->result;
	CLEAN_TEXT struct text message = TEXT_INIT(2 * sizeof result->message);

	if (t->phase == TRIAL_SABOTAGE)
		(void)text_adds(&message, "the sabotage could not be planted: ");
	if (t->row[0])
		(void)text_addf(&message, "%s: ", t->row);
	(void)text_adds(&message, sentence);
	if (result->checks_failed++ == 0 && !t->broken) {
		result->check = *record;
		copy_cut(result->message, sizeof result->message, message.buf);
	}
	if (result->checks_failed > EVIDENCE_CHECKS_MAX)
		return;
	(void)text_addf(&result->evidence, "%s:%u: %s\n", record->file, record->line, message.buf);
	if (t->setup->on_check)
		t->setup->on_check(t->setup->arg, record);
}

static struct check_record record_of(const struct trial *t, const struct check_site *site)
{
	struct check_record record = {.line = site->line};

	copy_cut(record.expression, sizeof record.expression, site->expression);
	copy_cut(record.file, sizeof record.file, site->file);
	copy_cut(record.row, sizeof record.row, t->row);
	return record;
}

/* Always false, for the callers' last line; a required check does not return. */
static bool fail(struct trial *t, const struct check_site *site, const char *got, const char *want)
{
	struct check_record record = record_of(t, site);
	char sentence[sizeof record.expression + sizeof record.got + sizeof record.want + 16];

	copy_cut(record.got, sizeof record.got, got);
	copy_cut(record.want, sizeof record.want, want);
	(void)snprintf(sentence, sizeof sentence, "%s: got %s, want %s", record.expression,
		       record.got, record.want);
	report(t, &record, sentence);
	if (site->required)
		trial_leave(t);
	return false;
}

void check_passed(struct trial *t)
{
	t->result->checks_passed++;
}

bool check_true(struct trial *t, const struct check_site *site, bool ok)
{
	if (!ok)
		return fail(t, site, "false", "true");
	check_passed(t);
	return true;
}

/* "-1 (No such file or directory)" into the trial's memory. */
static const char *describe_call(struct trial *t, long long returned, int error)
{
	if (returned >= 0)
		return case_format(t, "%lld (success)", returned);
	errno = error ? error : (int)-returned;
	return case_format(t, "%lld (%m)", returned);
}

bool check_ok(struct trial *t, const struct check_site *site, long long returned, int error)
{
	if (returned < 0)
		return fail(t, site, describe_call(t, returned, error), "success");
	check_passed(t);
	return true;
}

bool check_errno(struct trial *t, const struct check_site *site, long long returned, int error,
		 int want)
{
	/* A helper of ours returns -errno, a system call -1 and errno. */
	bool holds =
		want == 0 ? returned >= 0 : returned < 0 && (error == want || returned == -want);

	if (!holds) {
		const char *wanted = want ? describe_call(t, -1, want) : "success";
		return fail(t, site, describe_call(t, returned, error), wanted);
	}
	check_passed(t);
	return true;
}

/* -1, 0, 1 as strcmp; 2: cannot be compared (a NaN, nothing with something, text with a number). */
static int order_numbers(struct value a, struct value b)
{
	if (a.type == VALUE_REAL || b.type == VALUE_REAL) {
		double x = a.type == VALUE_REAL	    ? a.r
			   : a.type == VALUE_SIGNED ? (double)a.i
						    : (double)a.u;
		double y = b.type == VALUE_REAL	    ? b.r
			   : b.type == VALUE_SIGNED ? (double)b.i
						    : (double)b.u;
		return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
	}
	bool a_negative = a.type == VALUE_SIGNED && a.i < 0;
	bool b_negative = b.type == VALUE_SIGNED && b.i < 0;
	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	if (a_negative)
		return a.i < b.i ? -1 : a.i > b.i;
	return a.u < b.u ? -1 : a.u > b.u;
}

static int order_values(struct value a, struct value b)
{
	if (a.type != VALUE_TEXT && b.type != VALUE_TEXT)
		return order_numbers(a, b);
	if (a.type != b.type)
		return 2;
	if (!a.s || !b.s)
		return a.s == b.s ? 0 : 2;
	int r = strcmp(a.s, b.s);
	return r < 0 ? -1 : r > 0;
}

static const struct comparison_line {
	const char *prefix;
	bool holds[4]; /* for less, equal, greater, not comparable */
} comparisons[] = {
	[COMPARE_EQ] = {"", {false, true, false, false}},
	[COMPARE_NE] = {"other than ", {true, false, true, true}},
	[COMPARE_LT] = {"less than ", {true, false, false, false}},
	[COMPARE_LE] = {"at most ", {true, true, false, false}},
	[COMPARE_GT] = {"more than ", {false, false, true, false}},
	[COMPARE_GE] = {"at least ", {false, true, true, false}},
};

bool check_compare(struct trial *t, const struct check_site *site, struct value got,
		   enum comparison how, struct value want)
{
	if (comparisons[how].holds[order_values(got, want) + 1]) {
		check_passed(t);
		return true;
	}
	struct text got_text = VALUE_INIT, want_text = VALUE_INIT;
	enum base base = base_of(site->expression);
	add_value(&got_text, got, base);
	(void)text_adds(&want_text, comparisons[how].prefix);
	add_value(&want_text, want, base);
	return fail(t, site, keep_text(t, &got_text), keep_text(t, &want_text));
}

bool check_one_of(struct trial *t, const struct check_site *site, const char *got,
		  const char *const *wanted)
{
	for (const char *const *at = wanted; got && *at; at++) {
		if (strcmp(got, *at) == 0) {
			check_passed(t);
			return true;
		}
	}
	struct text got_text = VALUE_INIT, want_text = VALUE_INIT;
	add_quoted(&got_text, got);
	(void)text_adds(&want_text, "one of");
	for (const char *const *at = wanted; *at; at++) {
		(void)text_adds(&want_text, at == wanted ? " " : ", ");
		add_quoted(&want_text, *at);
	}
	return fail(t, site, keep_text(t, &got_text), keep_text(t, &want_text));
}

bool check_contains(struct trial *t, const struct check_site *site, const char *text,
		    const char *needle, bool wanted)
{
	bool is_in = text && needle && strstr(text, needle);

	/* Text that is not there at all lacks nothing and proves nothing: that is a failure either way. */
	if (text && needle && is_in == wanted) {
		check_passed(t);
		return true;
	}
	struct text got_text = VALUE_INIT, want_text = VALUE_INIT;
	add_quoted(&got_text, text);
	(void)text_adds(&want_text, wanted ? "it to contain " : "it to lack ");
	add_quoted(&want_text, needle);
	return fail(t, site, keep_text(t, &got_text), keep_text(t, &want_text));
}

void check_failed(struct trial *t, const struct check_site *site, const char *format, ...)
{
	char sentence[sizeof t->result->message];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	struct check_record record = record_of(t, site);
	copy_cut(record.got, sizeof record.got, sentence);
	report(t, &record, sentence);
	if (site->required)
		trial_leave(t);
}
