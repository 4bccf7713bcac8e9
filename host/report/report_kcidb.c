/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for KernelCI's database, in its I/O schema 5.3: an image is a checkout, a cell a build, a case a test, and so is each
 * test of a program's own. What a waiver lets through is an incident of the issue that the waiver is. What their words cannot say
 * stands in misc, so that ours come back from it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/report/report.h"
#include "host/report/words.h"

#define EXCERPT_MAX 16000 /* of the evidence, its end; the schema takes 16384 characters */
#define PATH_ROOM   200

static const char *const statuses[OUTCOME_COUNT] = {
	[OUTCOME_PASS] = "PASS",    [OUTCOME_FAIL] = "FAIL",  [OUTCOME_SKIP] = "SKIP",
	[OUTCOME_BROKEN] = "ERROR", [OUTCOME_INFRA] = "MISS",
};

struct writer {
	const struct run *run;
	const char *origin;
	struct text *out;
};

/* ---- ids, times, paths ---- */

static void member_id(const struct writer *w, const char *key, const char *format, ...)
	PRINTF(3, 4);
static void member_id(const struct writer *w, const char *key, const char *format, ...)
{
	CLEAN_TEXT struct text id = TEXT_INIT(4096);
	va_list args;

	text_addf(&id, "%s:", w->origin);
	va_start(args, format);
	(void)text_addv(&id, format, args);
	va_end(args);
	json_member(w->out, key, id.buf);
}

static void member_if(struct text *out, const char *key, const char *value)
{
	if (value[0])
		json_member(out, key, value);
}

/* RFC 3339 as the schema wants it. */
static void member_time(struct text *out, const char *key, uint64_t wall_ns)
{
	char iso[CLOCK_ISO_SIZE];

	if (wall_ns > 0)
		json_member(out, key, clock_iso(wall_ns, iso));
}

static void member_duration(struct text *out, const char *key, uint64_t ns)
{
	json_key(out, key);
	json_double(out, clock_s(ns));
}

/* The image of a cell; the first cell that has it makes it a checkout. */
static const char *image_key(const struct run_cell *cell)
{
	return cell->image_digest[0] ? cell->image_digest : cell->image_name;
}

static bool is_first_of_image(const struct run *run, const struct run_cell *cell)
{
	for (const struct run_cell *other = run->cells.items; other < cell; other++)
		if (strcmp(image_key(other), image_key(cell)) == 0)
			return false;
	return true;
}

/* Adds words as segments of a path: letters, digits, '_' and '-', and between them single dots. */
static void add_path(struct text *path, const char *words)
{
	bool is_begin = true; /* of a segment */

	for (const char *at = words; *at && path->length < PATH_ROOM; at++) {
		bool is_plain = isalnum((unsigned char)*at) || *at == '_' || *at == '-';
		bool ends = *at == '.' || (at[0] == ' ' && at[1] == '>' && at[2] == ' ');
		if (ends && !is_begin && at[1])
			text_adds(path, ".");
		else if (!ends)
			text_add(path, is_plain ? at : "_", 1);
		is_begin = ends;
		at += *at == ' ' && ends ? 2 : 0;
	}
	while (path->length > 0 && path->buf[path->length - 1] == '.')
		text_cut(path, path->length - 1);
}

/* KernelCI's dashboard counts what is called boot. */
static void member_path(const struct writer *w, const struct run_case *it, const char *sub)
{
	CLEAN_TEXT struct text path = TEXT_INIT(1024);
	bool is_boot = strcmp(it->id, "boot.reaches_ready") == 0;

	text_adds(&path, is_boot ? "boot" : "assay.");
	if (!is_boot)
		add_path(&path, it->id);
	if (sub) {
		text_adds(&path, ".");
		add_path(&path, sub);
	}
	while (path.length > 0 && path.buf[path.length - 1] == '.')
		text_cut(&path, path.length - 1);
	json_member(w->out, "path", path.buf);
}

/* ---- what was tested ---- */

static void add_left_out(const struct writer *w)
{
	if (w->run->left_out.count == 0)
		return;
	json_key(w->out, "left_out");
	json_open(w->out, '[');
	vec_each (&w->run->left_out, it) {
		json_open(w->out, '{');
		json_member(w->out, "values", it->values);
		json_member(w->out, "why", it->why);
		json_key(w->out, "asked");
		json_bool(w->out, it->asked && !it->must);
		json_close(w->out, '}');
	}
	json_close(w->out, ']');
}

static void add_checkout(const struct writer *w, const struct run_cell *cell,
			 const struct judgement *judgement)
{
	json_open(w->out, '{');
	member_id(w, "id", "%s", image_key(cell));
	json_member(w->out, "origin", w->origin);
	member_if(w->out, "comment", words_image(cell));
	member_time(w->out, "start_time", w->run->begun_ns);
	json_key(w->out, "valid");
	json_bool(w->out, true);
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_member(w->out, "image", cell->image_name);
	json_member(w->out, "sha256", cell->image_digest);
	json_member(w->out, "os", cell->os_name);
	json_member(w->out, "run", w->run->id);
	json_member(w->out, "verdict", verdict_name(judgement->verdict));
	add_left_out(w);
	json_close(w->out, '}');
	json_close(w->out, '}');
}

/* The schema takes small letters, digits and '_'. */
static void member_arch(struct text *out, const char *arch)
{
	char plain[64];
	size_t length = 0;

	for (; *arch && length < sizeof plain - 1; arch++)
		plain[length++] =
			isalnum((unsigned char)*arch) ? (char)tolower((unsigned char)*arch) : '_';
	plain[length] = '\0';
	member_if(out, "architecture", plain);
}

static void add_build(const struct writer *w, const struct run_cell *cell)
{
	CLEAN_TEXT struct text about = TEXT_INIT(2048);

	words_cell(cell, &about);
	json_open(w->out, '{');
	member_id(w, "id", "%s-%u", w->run->id, cell->index);
	json_member(w->out, "origin", w->origin);
	member_id(w, "checkout_id", "%s", image_key(cell));
	json_member(w->out, "comment", about.buf);
	member_time(w->out, "start_time", w->run->begun_ns);
	member_arch(w->out, cell->arch);
	json_member(w->out, "config_name", cell->size_name);
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_member_number(w->out, "cell", cell->index);
	json_member_number(w->out, "cpus", cell->cpus);
	json_member_number(w->out, "mem_mib", cell->mem_mib);
	json_member(w->out, "firmware", cell->firmware);
	json_member(w->out, "accel", cell->accel);
	member_if(w->out, "stand_in", cell->stand_in);
	member_if(w->out, "variants", cell->variants);
	json_close(w->out, '}');
	json_close(w->out, '}');
}

/* ---- tests ---- */

/* The end of the evidence, from the beginning of a character. */
static void add_excerpt(const struct writer *w, const struct result *result)
{
	const struct text *evidence = &result->evidence;
	size_t from = evidence->length > EXCERPT_MAX ? evidence->length - EXCERPT_MAX : 0;

	if (evidence->length == 0)
		return;
	while (from > 0 && from < evidence->length &&
	       ((unsigned char)evidence->buf[from] & 0xc0) == 0x80)
		from++;
	json_key(w->out, "log_excerpt");
	json_bytes(w->out, evidence->buf + from, evidence->length - from);
}

static void add_environment(const struct writer *w, const struct run_case *it)
{
	const struct run_cell *cell = &w->run->cells.items[it->cell];

	json_key(w->out, "environment");
	json_open(w->out, '{');
	json_member(w->out, "comment", w->run->host);
	json_key(w->out, "misc");
	json_open(w->out, '{');
	CLEAN_FREE char *platform = xasprintf("qemu-%s", cell->size_name);
	json_member(w->out, "platform", platform);
	json_close(w->out, '}');
	json_close(w->out, '}');
}

static void add_tries(const struct writer *w, const struct run_case *it)
{
	if (it->tries.count == 0)
		return;
	json_key(w->out, "tries");
	json_open(w->out, '[');
	vec_each (&it->tries, try_) {
		json_open(w->out, '{');
		json_member(w->out, "outcome", outcome_name(try_->outcome));
		json_member(w->out, "message", try_->message);
		member_duration(w->out, "duration_s", try_->duration_ns);
		json_close(w->out, '}');
	}
	json_close(w->out, ']');
}

static void add_misc(const struct writer *w, const struct run_case *it, const struct told *told)
{
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_member(w->out, "runtime", w->origin);
	json_member(w->out, "case", it->id);
	json_member(w->out, "outcome", told->status);
	json_member(w->out, "title", it->title);
	member_if(w->out, "error_msg", told->message);
	if (it->result) {
		const struct check_record *check = &it->result->check;
		member_if(w->out, "need", it->result->need);
		member_if(w->out, "check", check->expression);
		member_if(w->out, "got", check->got);
		member_if(w->out, "want", check->want);
		if (it->result->subs_cut > 0)
			json_member_number(w->out, "subs_cut", it->result->subs_cut);
	}
	json_key(w->out, "proven");
	json_bool(w->out, it->proven);
	add_tries(w, it);
	json_close(w->out, '}');
}

static void open_test(const struct writer *w, const struct run_case *it)
{
	json_open(w->out, '{');
	json_member(w->out, "origin", w->origin);
	member_id(w, "build_id", "%s-%u", w->run->id, it->cell);
}

static void add_case(const struct writer *w, const struct run_case *it)
{
	const struct result *result = it->result;
	struct told told;

	words_tell(w->run, it, &told);
	open_test(w, it);
	member_id(w, "id", "%s-%u-%s", w->run->id, it->cell, it->id);
	member_path(w, it, NULL);
	add_environment(w, it);
	/* Their database keeps the first that it is told: of what is still to come it is told nothing. */
	if (!it->is_awaited)
		json_member(w->out, "status", statuses[told.outcome]);
	if (result) {
		if (result->wall_ns > result->duration_ns)
			member_time(w->out, "start_time", result->wall_ns - result->duration_ns);
		member_duration(w->out, "duration", result->duration_ns);
		if (result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_SKIP)
			add_excerpt(w, result);
	}
	add_misc(w, it, &told);
	json_close(w->out, '}');
}

static void add_sub(const struct writer *w, const struct run_case *it, size_t number,
		    const struct sub_result *sub)
{
	open_test(w, it);
	member_id(w, "id", "%s-%u-%s-%zu", w->run->id, it->cell, it->id, number);
	member_path(w, it, sub->name);
	json_member(w->out, "status", statuses[sub->outcome]);
	if (sub->duration_ns > 0)
		member_duration(w->out, "duration", sub->duration_ns);
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_member(w->out, "runtime", w->origin);
	json_member(w->out, "case", it->id);
	json_member(w->out, "name", sub->name);
	json_member(w->out, "outcome", outcome_name(sub->outcome));
	json_key(w->out, "expected");
	json_bool(w->out, sub->expected);
	member_if(w->out, "error_msg", sub->message);
	json_close(w->out, '}');
	json_close(w->out, '}');
}

/* Their tests have one number each. */
static void add_measure(const struct writer *w, const struct run_case *it,
			const struct measure *measure)
{
	open_test(w, it);
	member_id(w, "id", "%s-%u-%s-%s", w->run->id, it->cell, it->id, measure->name);
	member_path(w, it, measure->name);
	json_member(w->out, "status", "DONE");
	json_key(w->out, "number");
	json_open(w->out, '{');
	json_key(w->out, "value");
	json_double(w->out, measure_typical(measure));
	if (strcmp(measure->unit, "count") != 0)
		json_member(w->out, "unit", measure->unit);
	json_close(w->out, '}');
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_member(w->out, "runtime", w->origin);
	json_member(w->out, "case", it->id);
	json_member(w->out, "measure", measure->name);
	json_member(w->out, "better", measure_better_name(measure->better));
	json_key(w->out, "samples");
	json_open(w->out, '[');
	for (unsigned i = 0; i < measure->count; i++)
		json_double(w->out, measure->samples[i]);
	json_close(w->out, ']');
	json_close(w->out, '}');
	json_close(w->out, '}');
}

static void add_tests(const struct writer *w)
{
	json_key(w->out, "tests");
	json_open(w->out, '[');
	vec_each (&w->run->cases, it) {
		if (it->sabotaged)
			continue;
		add_case(w, it);
		for (size_t i = 0; it->result && i < it->result->subs.count; i++)
			add_sub(w, it, i + 1, &it->result->subs.items[i]);
		for (size_t i = 0; it->result && i < it->result->measures.count; i++)
			add_measure(w, it, &it->result->measures.items[i]);
	}
	json_close(w->out, ']');
}

/* ---- what waivers let through ---- */

static bool is_incident(const struct reason *reason)
{
	return reason->waiver && reason->it && !reason->it->sabotaged;
}

static bool is_first_of_waiver(const struct judgement *judgement, const struct reason *reason)
{
	for (const struct reason *other = judgement->reasons.items; other < reason; other++)
		if (is_incident(other) && strcmp(other->waiver->id, reason->waiver->id) == 0)
			return false;
	return true;
}

/* Edited by a later version: the day on which it expires is one that grows. */
static long long version_of(const struct waiver *waiver)
{
	return (long long)(waiver->expires_ns / (86400 * NS_PER_S));
}

static void add_issue(const struct writer *w, const struct waiver *waiver)
{
	json_open(w->out, '{');
	member_id(w, "id", "%s", waiver->id);
	json_member(w->out, "origin", w->origin);
	json_member_number(w->out, "version", version_of(waiver));
	if (has_prefix(waiver->tracker, "https://") || has_prefix(waiver->tracker, "http://"))
		json_member(w->out, "report_url", waiver->tracker);
	json_member(w->out, "report_subject", waiver->reason);
	json_key(w->out, "culprit");
	json_open(w->out, '{');
	json_key(w->out, "code");
	json_bool(w->out, true);
	json_close(w->out, '}');
	json_member(w->out, "comment", waiver->reason);
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_member(w->out, "cases", waiver->cases);
	member_if(w->out, "arch", waiver->arch);
	member_if(w->out, "filesystem", waiver->filesystem);
	member_if(w->out, "kernel", waiver->kernel);
	json_member(w->out, "owner", waiver->owner);
	json_member(w->out, "tracker", waiver->tracker);
	json_member(w->out, "expires", waiver->expires);
	json_close(w->out, '}');
	json_close(w->out, '}');
}

/* Of the case, or with `sub`, from 1, of a test of a program's own: they are named as their tests are. */
static void add_incident(const struct writer *w, const struct reason *reason, size_t sub)
{
	const struct run_case *it = reason->it;
	CLEAN_FREE char *number = sub > 0 ? xasprintf("-%zu", sub) : xstrdup("");

	json_open(w->out, '{');
	member_id(w, "id", "%s-%u-%s%s-%s", w->run->id, it->cell, it->id, number,
		  reason->waiver->id);
	json_member(w->out, "origin", w->origin);
	member_id(w, "issue_id", "%s", reason->waiver->id);
	json_member_number(w->out, "issue_version", version_of(reason->waiver));
	member_id(w, "test_id", "%s-%u-%s%s", w->run->id, it->cell, it->id, number);
	json_key(w->out, "present");
	json_bool(w->out, true);
	json_key(w->out, "misc");
	json_open(w->out, '{');
	json_key(w->out, "expired");
	json_bool(w->out, reason->kind != REASON_WAIVED);
	json_close(w->out, '}');
	json_close(w->out, '}');
}

static void add_incidents(const struct writer *w, const struct reason *reason)
{
	const struct result *result = reason->it->result;

	add_incident(w, reason, 0);
	for (size_t i = 0; result && i < result->subs.count; i++)
		if (run_sub_is_trouble(&result->subs.items[i]))
			add_incident(w, reason, i + 1);
}

static void add_issues(const struct writer *w, const struct judgement *judgement)
{
	json_key(w->out, "issues");
	json_open(w->out, '[');
	vec_each (&judgement->reasons, reason)
		if (is_incident(reason) && is_first_of_waiver(judgement, reason))
			add_issue(w, reason->waiver);
	json_close(w->out, ']');
	json_key(w->out, "incidents");
	json_open(w->out, '[');
	vec_each (&judgement->reasons, reason)
		if (is_incident(reason))
			add_incidents(w, reason);
	json_close(w->out, ']');
}

/* ---- all of it ---- */

bool report_is_origin(const char *origin)
{
	return origin[0] &&
	       strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(origin);
}

void report_kcidb(const struct run *run, const struct judgement *judgement, const char *origin,
		  struct text *out)
{
	const struct writer w = {.run = run, .origin = origin, .out = out};

	json_open(out, '{');
	json_key(out, "version");
	json_open(out, '{');
	json_member_number(out, "major", 5);
	json_member_number(out, "minor", 3);
	json_close(out, '}');
	json_key(out, "checkouts");
	json_open(out, '[');
	vec_each (&run->cells, cell)
		if (is_first_of_image(run, cell))
			add_checkout(&w, cell, judgement);
	json_close(out, ']');
	json_key(out, "builds");
	json_open(out, '[');
	vec_each (&run->cells, cell)
		add_build(&w, cell);
	json_close(out, ']');
	add_tests(&w);
	add_issues(&w, judgement);
	json_close(out, '}');
	text_adds(out, "\n");
}
