/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement for machines. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/report/judgement.h"
#include "host/report/words.h"

static void add_time(const char *key, uint64_t wall_ns, struct text *out)
{
	char iso[CLOCK_ISO_SIZE];

	json_member(out, key, clock_iso(wall_ns, iso));
}

static void add_place(const char *key, const char *path, struct yaml_place place, struct text *out)
{
	json_key(out, key);
	json_open(out, '{');
	json_member(out, "file", path ? path : "");
	json_member_number(out, "line", place.line);
	json_member_number(out, "column", place.column);
	json_close(out, '}');
}

/* ---- what it was judged by ---- */

static void add_gate(const struct gate *gate, struct text *out)
{
	if (!gate)
		return;
	json_key(out, "gate");
	json_open(out, '{');
	json_member(out, "file", gate->path);
	json_member(out, "sha256", gate->sha256);
	if (gate->title.text)
		json_member(out, "title", gate->title.text);
	json_close(out, '}');
}

static void add_use(const struct waiver_use *use, uint64_t now_ns, struct text *out)
{
	const struct waiver *waiver = use->waiver;

	json_open(out, '{');
	json_member(out, "id", waiver->id);
	json_member(out, "case", waiver->cases);
	json_member(out, "reason", waiver->reason);
	json_member(out, "owner", waiver->owner);
	json_member(out, "tracker", waiver->tracker);
	json_member(out, "expires", waiver->expires);
	json_key(out, "expired");
	json_bool(out, waiver_has_expired(waiver, now_ns));
	json_member_number(out, "used", use->used);
	json_member_number(out, "cases", use->cases);
	json_member_number(out, "passes", use->passes);
	add_place("at", waiver->path, waiver->place, out);
	json_close(out, '}');
}

static void add_waivers(const struct judgement *judgement, const struct waivers *waivers,
			struct text *out)
{
	if (!waivers)
		return;
	json_key(out, "waiver_files");
	json_open(out, '[');
	vec_each (&waivers->files, file) {
		json_open(out, '{');
		json_member(out, "file", file->path);
		json_member(out, "sha256", file->sha256);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_key(out, "waivers");
	json_open(out, '[');
	vec_each (&judgement->uses, use)
		add_use(use, judgement->now_ns, out);
	json_close(out, ']');
}

/* ---- a reason ---- */

static void add_cell(const struct run_cell *cell, struct text *out)
{
	json_member_number(out, "cell", cell->index);
	json_member(out, "image", cell->image_name);
	json_member(out, "sha256", cell->image_digest);
	json_member(out, "size", cell->size_name);
	json_member(out, "firmware", cell->firmware);
}

static void add_case(const struct run *run, const struct run_case *it, struct text *out)
{
	json_member(out, "id", it->id);
	json_member(out, "priority", case_priority_name(it->priority));
	json_key(out, "proven");
	json_bool(out, it->proven);
	add_cell(&run->cells.items[it->cell], out);
	json_member(out, "outcome", words_outcome(it));
	json_member(out, "message", words_message(it));
	if (it->result && it->result->need[0])
		json_member(out, "need", it->result->need);
	if (it->record && it->record->name[0]) {
		CLEAN_FREE char *console = xasprintf("%s/console.log", it->record->name);
		json_member(out, "console", console);
	}
}

static void add_before(const struct run *baseline, const struct run_case *it, struct text *out)
{
	json_key(out, "baseline");
	json_open(out, '{');
	json_member(out, "id", it->id);
	add_cell(&baseline->cells.items[it->cell], out);
	json_member(out, "outcome", words_outcome(it));
	json_member(out, "message", words_message(it));
	json_close(out, '}');
}

static void add_reason(const struct run *run, const struct judge_inputs *inputs,
		       const struct reason *reason, struct text *out)
{
	json_open(out, '{');
	json_member(out, "kind", reason_name(reason->kind));
	if (reason->was != reason->kind)
		json_member(out, "was", reason_name(reason->was));
	json_member(out, "effect", effect_name(reason->effect));
	if (reason->text)
		json_member(out, "text", reason->text);
	if (reason->it)
		add_case(run, reason->it, out);
	if (reason->left_out) {
		json_member(out, "values", reason->left_out->values);
		json_member(out, "message", reason->left_out->why);
	}
	if (reason->before && inputs->baseline)
		add_before(inputs->baseline, reason->before, out);
	if (reason->rule.line > 0)
		add_place("rule", reason->rule.path, reason->rule, out);
	if (reason->waiver)
		json_member(out, "waiver", reason->waiver->id);
	json_close(out, '}');
}

void judgement_json(const struct run *run, const struct judgement *judgement,
		    const struct judge_inputs *inputs, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", JUDGEMENT_SCHEMA);
	json_member(out, "run", run->id);
	json_member(out, "assay", run->version);
	json_member(out, "verdict", verdict_name(judgement->verdict));
	add_time("as_of", judgement->now_ns, out);
	add_gate(inputs->gate, out);
	if (inputs->baseline)
		json_member(out, "baseline", inputs->baseline->id);
	run_tally_json(run, out);
	json_key(out, "reasons");
	json_open(out, '[');
	vec_each (&judgement->reasons, reason)
		add_reason(run, inputs, reason, out);
	json_close(out, ']');
	add_waivers(judgement, inputs->waivers, out);
	json_close(out, '}');
}
