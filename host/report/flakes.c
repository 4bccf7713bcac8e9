/* SPDX-License-Identifier: Apache-2.0 */
#include "host/report/flakes.h"

#include "base/clock.h"
#include "base/json.h"
#include "host/report/escape.h"

#define FLAKES_SCHEMA 1
#define DIGEST_SHOWN  12

/* ---- the terminal ---- */

static void add_shown(struct text *out, const char *before, const char *text, const char *after)
{
	if (text[0] == '\0')
		return;
	(void)text_adds(out, before);
	escape_terminal(out, text, false);
	(void)text_adds(out, after);
}

static void add_cell(const struct flake *it, struct text *out)
{
	char digest[DIGEST_SHOWN + 1];

	(void)snprintf(digest, sizeof digest, "%s", it->sha256);
	add_shown(out, "", it->image, "");
	add_shown(out, " (sha256 ", digest, "...)");
	add_shown(out, ", ", it->size, "");
	add_shown(out, ", ", it->firmware, "");
	add_shown(out, ", ", it->accel, "");
	add_shown(out, ", by assay ", it->assay, "");
	(void)text_adds(out, "\n");
}

static void add_count(struct text *out, unsigned count, const char *what)
{
	if (count > 0)
		(void)text_addf(out, ", %u %s", count, what);
}

static void add_rate(const struct flake *it, struct text *out)
{
	struct rate_interval interval;

	if (it->passed + it->failed == 0) {
		(void)text_adds(out, "neither passed nor failed");
		return;
	}
	flake_interval(it, &interval);
	(void)text_addf(out, "passes %u of %u (", it->passed, it->passed + it->failed);
	rate_add(out, &interval);
	(void)text_adds(out, ")");
}

static void add_case(const struct flake *it, struct text *out)
{
	char iso[CLOCK_ISO_SIZE];

	add_shown(out, "  ", it->id, ": ");
	add_rate(it, out);
	add_count(out, it->broken, "broken");
	add_count(out, it->infra, "infra");
	(void)text_adds(out, "\n");
	if (it->differed_ns > 0) {
		(void)text_addf(out, "      differed last on %s", clock_iso(it->differed_ns, iso));
		add_shown(out, " in ", it->differed_run, "");
		(void)text_adds(out, "\n");
	}
	if (it->message)
		add_shown(out, "      fails with: ", it->message, "\n");
}

void flakes_text(const struct flakes *flakes, struct text *out)
{
	for (size_t i = 0; i < flakes->count; i++) {
		const struct flake *it = &flakes->items[i];
		if (i == 0 || !flake_is_same_cell(it - 1, it)) {
			(void)text_adds(out, i == 0 ? "" : "\n");
			add_cell(it, out);
		}
		add_case(it, out);
	}
}

/* ---- JSON ---- */

static void add_time(struct text *out, const char *key, uint64_t wall_ns)
{
	char iso[CLOCK_ISO_SIZE];

	if (wall_ns > 0)
		json_member(out, key, clock_iso(wall_ns, iso));
}

static void add_interval(const struct flake *it, struct text *out)
{
	struct rate_interval interval;

	if (it->passed + it->failed == 0)
		return;
	flake_interval(it, &interval);
	json_key(out, "rate");
	json_double(out, (double)it->passed / (it->passed + it->failed));
	json_key(out, "low");
	json_double(out, interval.low);
	json_key(out, "high");
	json_double(out, interval.high);
}

static void add_object(const struct flake *it, struct text *out)
{
	json_open(out, '{');
	json_member(out, "id", it->id);
	json_member(out, "state", flake_state_name(flake_state(it)));
	json_member(out, "image", it->image);
	json_member(out, "sha256", it->sha256);
	json_member(out, "size", it->size);
	json_member(out, "firmware", it->firmware);
	json_member(out, "accel", it->accel);
	json_member(out, "make", it->make);
	json_member(out, "assay", it->assay);
	json_member_number(out, "passed", it->passed);
	json_member_number(out, "failed", it->failed);
	json_member_number(out, "broken", it->broken);
	json_member_number(out, "infra", it->infra);
	add_interval(it, out);
	add_time(out, "first", it->first_ns);
	add_time(out, "last", it->last_ns);
	add_time(out, "differed", it->differed_ns);
	if (it->differed_run)
		json_member(out, "differed_run", it->differed_run);
	if (it->message)
		json_member(out, "message", it->message);
	json_close(out, '}');
}

void flakes_json(const struct flakes *flakes, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", FLAKES_SCHEMA);
	json_key(out, "confidence");
	json_double(out, RATE_CONFIDENCE);
	json_key(out, "cases");
	json_open(out, '[');
	vec_each (flakes, it)
		add_object(it, out);
	json_close(out, ']');
	json_close(out, '}');
	(void)text_adds(out, "\n");
}
