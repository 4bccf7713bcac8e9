/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict as an in-toto statement. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/hallmark/hallmark.h"
#include "host/hallmark/words.h"

const char *hallmark_time(uint64_t wall_ns, char buf[HALLMARK_TIME_SIZE])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	if (strftime(buf, HALLMARK_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		buf[0] = '\0';
	return buf;
}

static void add_time(struct text *out, const char *key, uint64_t wall_ns)
{
	char time_[HALLMARK_TIME_SIZE];

	json_member(out, key, hallmark_time(wall_ns, time_));
}

static void add_digest(struct text *out, const char *key, const char *sha256)
{
	json_key(out, key);
	json_open(out, '{');
	json_member(out, "sha256", sha256);
	json_close(out, '}');
}

static bool is_first_of_subject(const struct run *run, const struct run_cell *cell)
{
	vec_each (&run->cells, other)
		if (strcmp(run_cell_digest(other), run_cell_digest(cell)) == 0)
			return other == cell;
	return true;
}

size_t hallmark_subject_count(const struct run *run)
{
	size_t count = 0;

	vec_each (&run->cells, cell)
		count += is_first_of_subject(run, cell);
	return count;
}

/* Each image or kernel once, however many cells it has. */
static void add_subjects(const struct run *run, struct text *out)
{
	json_key(out, "subject");
	json_open(out, '[');
	vec_each (&run->cells, cell) {
		if (!is_first_of_subject(run, cell))
			continue;
		json_open(out, '{');
		json_member(out, "name", run_cell_subject(cell));
		add_digest(out, "digest", run_cell_digest(cell));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_cells(const struct run *run, struct text *out)
{
	json_key(out, "cells");
	json_open(out, '[');
	vec_each (&run->cells, cell) {
		json_open(out, '{');
		if (cell->image_format[0] || !cell->kernel_digest[0])
			add_digest(out, "image", cell->image_digest);
		if (cell->kernel_digest[0])
			add_digest(out, "kernel", cell->kernel_digest);
		json_member(out, "size", cell->size_name);
		json_member(out, "firmware", cell->firmware);
		json_member(out, "accel", cell->accel);
		if (cell->cpu_model[0])
			json_member(out, "cpu", cell->cpu_model);
		if (cell->qemu_version[0])
			json_member(out, "qemu", cell->qemu_version);
		if (cell->machine[0])
			json_member(out, "machine", cell->machine);
		if (cell->variants[0])
			json_member(out, "variants", cell->variants);
		json_close(out, '}');
	}
	json_close(out, ']');
}

uint64_t hallmark_expiry_ns(const struct judgement *judgement, const struct hallmark_terms *terms)
{
	uint64_t end_ns = terms->now_ns + terms->valid_ns;

	vec_each (&judgement->uses, use)
		if (use->used > 0 && use->waiver->expires_ns < end_ns)
			end_ns = use->waiver->expires_ns;
	return end_ns;
}

static void add_waiver(const struct waiver_use *use, struct text *out)
{
	const struct waiver *waiver = use->waiver;

	json_open(out, '{');
	json_member(out, "id", waiver->id);
	json_member(out, "case", waiver->cases);
	json_member(out, "reason", waiver->reason);
	json_member(out, "owner", waiver->owner);
	if (waiver->tracker[0])
		json_member(out, "tracker", waiver->tracker);
	json_member(out, "expires", waiver->expires);
	json_member_number(out, "used", use->used);
	json_close(out, '}');
}

static void add_waivers(const struct judgement *judgement, const struct waivers *waivers,
			struct text *out)
{
	json_key(out, "waiverFiles");
	json_open(out, '[');
	vec_each (&waivers->files, file) {
		json_open(out, '{');
		json_member(out, "sha256", file->sha256);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_key(out, "waivers");
	json_open(out, '[');
	vec_each (&judgement->uses, use)
		if (use->used > 0)
			add_waiver(use, out);
	json_close(out, ']');
}

/* By what rules, beside those that are built in. */
static void add_rules(const struct judgement *judgement, const struct hallmark_terms *terms,
		      struct text *out)
{
	if (terms->inputs && terms->inputs->gate)
		add_digest(out, "gate", terms->inputs->gate->sha256);
	if (terms->inputs && terms->inputs->baseline)
		json_member(out, "baseline", terms->inputs->baseline->id);
	if (terms->inputs && terms->inputs->waivers)
		add_waivers(judgement, terms->inputs->waivers, out);
	if (terms->sign_off)
		json_member(out, "signOff", terms->sign_off);
}

static bool is_first_of_origin(const struct run *run, const struct run_case *it)
{
	vec_each (&run->cases, other)
		if (other->carried && strcmp(other->carried->run, it->carried->run) == 0 &&
		    strcmp(other->carried->sha256, it->carried->sha256) == 0)
			return other == it;
	return true;
}

static unsigned count_of_origin(const struct run *run, const struct run_carried *origin)
{
	unsigned count = 0;

	vec_each (&run->cases, it)
		count += it->carried && strcmp(it->carried->run, origin->run) == 0 &&
			 strcmp(it->carried->sha256, origin->sha256) == 0;
	return count;
}

/* What was not looked at in this run: in which it was, and on which image. */
static void add_carried(const struct run *run, struct text *out)
{
	if (!run->retests[0])
		return;
	json_member(out, "retests", run->retests);
	json_key(out, "carried");
	json_open(out, '[');
	vec_each (&run->cases, it) {
		if (!it->carried || !is_first_of_origin(run, it))
			continue;
		json_open(out, '{');
		json_member(out, "run", it->carried->run);
		add_digest(out, "image", it->carried->sha256);
		json_member_number(out, "cases", count_of_origin(run, it->carried));
		json_close(out, '}');
	}
	json_close(out, ']');
}

/* What SLSA's summary has no place for. */
static void add_own(const struct run *run, const struct judgement *judgement,
		    const struct hallmark_terms *terms, struct text *out)
{
	json_key(out, "assay");
	json_open(out, '{');
	json_member_number(out, "schema", HALLMARK_SCHEMA);
	json_member(out, "verdict", verdict_name(judgement->verdict));
	json_member(out, "run", run->id);
	add_time(out, "expires", hallmark_expiry_ns(judgement, terms));
	add_digest(out, "plan", terms->plan_sha256);
	add_digest(out, "journal", terms->journal_sha256);
	add_rules(judgement, terms, out);
	run_tally_json(run, out);
	add_carried(run, out);
	add_cells(run, out);
	json_close(out, '}');
}

static void add_verifier(const struct run *run, const struct hallmark_terms *terms,
			 struct text *out)
{
	json_key(out, "verifier");
	json_open(out, '{');
	json_member(out, "id", terms->verifier);
	json_key(out, "version");
	json_open(out, '{');
	json_member(out, "assay", run->version);
	json_close(out, '}');
	json_close(out, '}');
}

/* A package URL (purl) of the type generic says which resource it is. */
static void add_purl(struct text *out, const char *key, const char *name, const char *sha256)
{
	CLEAN_TEXT struct text uri = TEXT_INIT(2048);

	(void)text_adds(&uri, "pkg:generic/");
	for (const char *c = name; *c; c++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
			   *c))
			(void)text_add(&uri, c, 1);
		else
			(void)text_addf(&uri, "%%%02X", (unsigned char)*c);
	(void)text_addf(&uri, "?checksum=sha256:%s", sha256);
	json_member(out, key, uri.buf);
}

static void add_resource(const struct run *run, struct text *out)
{
	const struct run_cell *cell = run->cells.count > 0 ? &run->cells.items[0] : NULL;

	add_purl(out, "resourceUri", cell ? run_cell_subject(cell) : "",
		 cell ? run_cell_digest(cell) : "");
}

/* Without a gate the rules are those of assay(1), which come with the program's version. */
static void add_policy(const struct run *run, const struct hallmark_terms *terms, struct text *out)
{
	const struct gate *gate = terms->inputs ? terms->inputs->gate : NULL;
	CLEAN_FREE char *uri = xasprintf(BUILT_IN_RULES_URI "%s", run->version);

	json_key(out, "policy");
	json_open(out, '{');
	if (gate) {
		const char *slash = strrchr(gate->path, '/');
		add_purl(out, "uri", slash ? slash + 1 : gate->path, gate->sha256);
		add_digest(out, "digest", gate->sha256);
	} else
		json_member(out, "uri", uri);
	json_close(out, '}');
}

void hallmark_write(const struct run *run, const struct judgement *judgement,
		    const struct hallmark_terms *terms, struct text *out)
{
	bool ships = judgement->verdict == VERDICT_SHIP;

	json_open(out, '{');
	json_member(out, "_type", STATEMENT_TYPE);
	add_subjects(run, out);
	json_member(out, "predicateType", PREDICATE_TYPE);
	json_key(out, "predicate");
	json_open(out, '{');
	add_verifier(run, terms, out);
	add_time(out, "timeVerified", terms->now_ns);
	add_resource(run, out);
	add_policy(run, terms, out);
	json_member(out, "verificationResult", ships ? "PASSED" : "FAILED");
	json_key(out, "verifiedLevels");
	json_open(out, '[');
	json_text(out, ships ? LEVEL_SHIP : "FAILED");
	json_close(out, ']');
	json_member(out, "slsaVersion", SLSA_VERSION);
	add_own(run, judgement, terms, out);
	json_close(out, '}');
	json_close(out, '}');
}
