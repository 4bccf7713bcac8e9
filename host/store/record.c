/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a journal: to JSON and back. */
#include "host/store/record.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

static const char *const type_names[] = {
	[RECORD_BEGIN] = "begin",   [RECORD_RESUME] = "resume", [RECORD_PHASE] = "phase",
	[RECORD_RESULT] = "result", [RECORD_END] = "end",
};

struct record *record_new(enum record_type type, unsigned cell)
{
	struct record *record = xnew(sizeof *record);

	record->type = type;
	record->cell = cell;
	record->wall_ns = clock_wall_ns();
	result_init(&record->result, "");
	return record;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	result_done(&record->result);
	free(record);
}

/* ---- to JSON ---- */

static void member_if(struct text *out, const char *key, const char *value)
{
	if (value[0])
		json_member(out, key, value);
}

static void encode_check(const struct check_record *check, struct text *out)
{
	if (check->expression[0] == '\0')
		return;
	json_key(out, "check");
	json_open(out, '{');
	json_member(out, "expression", check->expression);
	json_member(out, "got", check->got);
	json_member(out, "want", check->want);
	json_member(out, "file", check->file);
	json_member_number(out, "line", check->line);
	member_if(out, "row", check->row);
	json_close(out, '}');
}

/* NUL bytes are legal in JSON, and refused by most who read it. */
static void replace_nuls(struct text *text)
{
	for (size_t i = 0; i < text->length; i++)
		if (text->buf[i] == '\0')
			text->buf[i] = '?';
}

static void encode_evidence(const struct text *evidence, struct text *out)
{
	CLEAN_TEXT struct text clean = TEXT_INIT(RESULT_EVIDENCE_MAX);

	if (evidence->length == 0)
		return;
	(void)text_add(&clean, evidence->buf, evidence->length);
	replace_nuls(&clean);
	json_key(out, "evidence");
	json_bytes(out, clean.buf, clean.length);
}

/* A guest may claim any span. What JSON's readers take for negative would make the whole journal unreadable. */
static void member_ns(struct text *out, const char *key, uint64_t ns)
{
	json_member_number(out, key, ns < INT64_MAX ? (long long)ns : INT64_MAX);
}

static void encode_subs(const struct result *result, struct text *out)
{
	if (result->subs.count > 0) {
		json_key(out, "subs");
		json_open(out, '[');
	}
	vec_each (&result->subs, sub) {
		json_open(out, '{');
		json_member(out, "name", sub->name);
		json_member(out, "outcome", outcome_name(sub->outcome));
		if (sub->expected) {
			json_key(out, "expected");
			json_bool(out, true);
		}
		member_if(out, "message", sub->message);
		if (sub->line > 0)
			json_member_number(out, "line", sub->line);
		if (sub->duration_ns > 0)
			member_ns(out, "duration_ns", sub->duration_ns);
		json_close(out, '}');
	}
	if (result->subs.count > 0)
		json_close(out, ']');
	if (result->subs_cut > 0)
		json_member_number(out, "subs_cut", result->subs_cut);
}

static void encode_measures(const struct measures *measures, struct text *out)
{
	if (measures->count == 0)
		return;
	json_key(out, "measures");
	json_open(out, '[');
	vec_each (measures, it) {
		json_open(out, '{');
		json_member(out, "name", it->name);
		json_member(out, "unit", it->unit);
		json_member(out, "better", measure_better_name(it->better));
		json_key(out, "samples");
		json_open(out, '[');
		for (unsigned i = 0; i < it->count; i++)
			json_double(out, it->samples[i]);
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void encode_result(const struct result *result, struct text *out)
{
	json_member(out, "id", result->id);
	json_member(out, "outcome", outcome_name(result->outcome));
	json_key(out, "sabotaged");
	json_bool(out, result->sabotaged);
	member_if(out, "message", result->message);
	member_if(out, "need", result->need);
	encode_check(&result->check, out);
	json_member_number(out, "passed", result->checks_passed);
	json_member_number(out, "failed", result->checks_failed);
	member_ns(out, "duration_ns", result->duration_ns);
	member_ns(out, "ended_ns", result->wall_ns);
	json_member_number(out, "attempt", result->attempt);
	encode_subs(result, out);
	encode_measures(&result->measures, out);
	encode_evidence(&result->evidence, out);
}

void record_encode(const struct record *record, struct text *out)
{
	json_open(out, '{');
	json_member(out, "type", type_names[record->type]);
	member_ns(out, "wall_ns", record->wall_ns);
	if (record->type == RECORD_BEGIN)
		json_member_number(out, "schema", RECORD_SCHEMA);
	if (record->type == RECORD_PHASE || record->type == RECORD_RESULT)
		json_member_number(out, "cell", record->cell);
	member_if(out, "name", record->name);
	member_if(out, "text", record->text);
	member_if(out, "detail", record->detail);
	if (record->type == RECORD_PHASE) {
		member_ns(out, "span_ns", record->span_ns);
		json_member_number(out, "count", record->count);
	}
	if (record->type == RECORD_RESULT && record->superseded) {
		json_key(out, "superseded");
		json_bool(out, true);
	}
	member_if(out, "sure", record->sure);
	if (record->type == RECORD_RESULT)
		encode_result(&record->result, out);
	json_close(out, '}');
	text_adds(out, "\n");
}

/* ---- from JSON ---- */

static int wrong(struct err *e, const char *key)
{
	return err_set(e, BLAME_HOST, EBADMSG, "\"%s\" is missing or not what it should be", key);
}

/* A string that may be missing, cut to the size. */
static int take_string(const json_t *object, const char *key, char *buf, size_t size, struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return wrong(e, key);
	(void)snprintf(buf, size, "%s", json_string_value(value));
	return 0;
}

/* A whole number that may be missing. */
static int take_number(const json_t *object, const char *key, uint64_t max, uint64_t *ret,
		       struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max)
		return wrong(e, key);
	*ret = (uint64_t)json_integer_value(value);
	return 0;
}

static int take_unsigned(const json_t *object, const char *key, unsigned *ret, struct err *e)
{
	uint64_t number = *ret;
	int r = take_number(object, key, UINT_MAX, &number, e);

	*ret = (unsigned)number;
	return r;
}

static int decode_check(const json_t *object, struct check_record *check, struct err *e)
{
	const struct {
		const char *key;
		char *buf;
		size_t size;
	} strings[] = {
		{"expression", check->expression, sizeof check->expression},
		{"got", check->got, sizeof check->got},
		{"want", check->want, sizeof check->want},
		{"file", check->file, sizeof check->file},
		{"row", check->row, sizeof check->row},
	};

	if (!object)
		return 0;
	if (!json_is_object(object))
		return wrong(e, "check");
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		int r = take_string(object, strings[i].key, strings[i].buf, strings[i].size, e);
		if (r < 0)
			return r;
	}
	return take_unsigned(object, "line", &check->line, e);
}

static int decode_sub(const json_t *object, struct result *result, struct err *e)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *message = json_string_value(json_object_get(object, "message"));
	const char *outcome = json_string_value(json_object_get(object, "outcome"));
	struct sub_result sub = {.expected = json_is_true(json_object_get(object, "expected"))};
	CLEAN_FREE char *name_copy = xstrdup(name ? name : "");
	CLEAN_FREE char *message_copy = xstrdup(message ? message : "");

	if (!name || !outcome || outcome_parse(outcome, &sub.outcome) < 0)
		return wrong(e, "subs");
	sub.name = name_copy;
	sub.message = message_copy;
	int r = take_unsigned(object, "line", &sub.line, e);
	if (r == 0)
		r = take_number(object, "duration_ns", INT64_MAX, &sub.duration_ns, e);
	if (r == 0)
		result_add_sub(result, &sub);
	return r;
}

static int decode_subs(const json_t *object, struct result *result, struct err *e)
{
	const json_t *list = json_object_get(object, "subs");
	size_t at;
	json_t *entry;

	if (list && !json_is_array(list))
		return wrong(e, "subs");
	json_array_foreach(list, at, entry)
	{
		int r = decode_sub(entry, result, e);
		if (r < 0)
			return r;
	}
	unsigned cut = 0;
	int r = take_unsigned(object, "subs_cut", &cut, e);
	result->subs_cut += cut;
	return r;
}

static int decode_measure(const json_t *object, struct measures *measures, struct err *e)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *unit = json_string_value(json_object_get(object, "unit"));
	const char *word = json_string_value(json_object_get(object, "better"));
	const json_t *samples = json_object_get(object, "samples");
	enum measure_better better;
	size_t at;
	json_t *sample;

	if (!name || !unit || !word || measure_better_parse(word, &better) < 0 ||
	    json_array_size(samples) == 0)
		return wrong(e, "measures");
	json_array_foreach(samples, at, sample)
	{
		if (!json_is_number(sample) ||
		    measures_add(measures, name, unit, better, json_number_value(sample)) < 0)
			return wrong(e, "measures");
	}
	return 0;
}

static int decode_measures(const json_t *object, struct result *result, struct err *e)
{
	const json_t *list = json_object_get(object, "measures");
	size_t at;
	json_t *entry;

	if (list && !json_is_array(list))
		return wrong(e, "measures");
	json_array_foreach(list, at, entry)
	{
		int r = decode_measure(entry, &result->measures, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int decode_outcome(const json_t *object, struct result *result, struct err *e)
{
	const char *outcome = json_string_value(json_object_get(object, "outcome"));
	const char *id = json_string_value(json_object_get(object, "id"));

	if (!id || id[0] == '\0' || strlen(id) >= sizeof result->id)
		return wrong(e, "id");
	if (!outcome || outcome_parse(outcome, &result->outcome) < 0)
		return wrong(e, "outcome");
	(void)snprintf(result->id, sizeof result->id, "%s", id);
	result->sabotaged = json_is_true(json_object_get(object, "sabotaged"));
	return 0;
}

static int decode_result(const json_t *object, struct result *result, struct err *e)
{
	const json_t *evidence = json_object_get(object, "evidence");
	int r = decode_outcome(object, result, e);

	if (r == 0)
		r = take_string(object, "message", result->message, sizeof result->message, e);
	if (r == 0)
		r = take_string(object, "need", result->need, sizeof result->need, e);
	if (r == 0)
		r = decode_check(json_object_get(object, "check"), &result->check, e);
	if (r == 0)
		r = take_unsigned(object, "passed", &result->checks_passed, e);
	if (r == 0)
		r = take_unsigned(object, "failed", &result->checks_failed, e);
	if (r == 0)
		r = take_number(object, "duration_ns", INT64_MAX, &result->duration_ns, e);
	if (r == 0)
		r = take_number(object, "ended_ns", INT64_MAX, &result->wall_ns, e);
	if (r == 0)
		r = take_unsigned(object, "attempt", &result->attempt, e);
	if (r == 0)
		r = decode_subs(object, result, e);
	if (r == 0)
		r = decode_measures(object, result, e);
	if (r == 0 && evidence && !json_is_string(evidence))
		r = wrong(e, "evidence");
	if (r == 0 && evidence)
		(void)text_add(&result->evidence, json_string_value(evidence),
			       json_string_length(evidence));
	replace_nuls(&result->evidence);
	return r;
}

static int decode_type(const json_t *object, enum record_type *ret, struct err *e)
{
	const char *name = json_string_value(json_object_get(object, "type"));

	for (size_t i = 0; name && i < ARRAY_LEN(type_names); i++) {
		if (strcmp(name, type_names[i]) == 0) {
			*ret = (enum record_type)i;
			return 0;
		}
	}
	return wrong(e, "type");
}

static int decode_schema(const json_t *object, struct err *e)
{
	json_int_t schema = json_integer_value(json_object_get(object, "schema"));

	if (schema == RECORD_SCHEMA)
		return 0;
	return err_set(
		e, BLAME_USER, ENOTSUP,
		"the journal has schema %lld and this Assay reads %d; use the version that wrote it",
		(long long)schema, RECORD_SCHEMA);
}

static int decode_sure(const json_t *object, struct record *record, struct err *e)
{
	static const char *const words[] = {"", SURE_PASSES, SURE_FLAKY, SURE_FAILS,
					    SURE_UNDECIDED};
	int r = take_string(object, "sure", record->sure, sizeof record->sure, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(words); i++)
		if (strcmp(record->sure, words[i]) == 0)
			return 0;
	return r < 0 ? r : wrong(e, "sure");
}

static int decode_object(const json_t *object, struct record *record, struct err *e)
{
	int r = decode_type(object, &record->type, e);

	if (r == 0 && record->type == RECORD_BEGIN)
		r = decode_schema(object, e);
	if (r == 0)
		r = take_number(object, "wall_ns", INT64_MAX, &record->wall_ns, e);
	if (r == 0)
		r = take_unsigned(object, "cell", &record->cell, e);
	if (r == 0)
		r = take_string(object, "name", record->name, sizeof record->name, e);
	if (r == 0)
		r = take_string(object, "text", record->text, sizeof record->text, e);
	if (r == 0)
		r = take_string(object, "detail", record->detail, sizeof record->detail, e);
	if (r == 0)
		r = decode_sure(object, record, e);
	if (r == 0)
		r = take_number(object, "span_ns", INT64_MAX, &record->span_ns, e);
	if (r == 0)
		r = take_unsigned(object, "count", &record->count, e);
	record->superseded = json_is_true(json_object_get(object, "superseded"));
	if (r == 0 && record->type == RECORD_RESULT)
		r = decode_result(object, &record->result, e);
	return r;
}

int record_decode(const char *line, size_t length, struct record **ret, struct err *e)
{
	json_error_t at;
	json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &at);

	if (!json_is_object(object)) {
		json_decref(object);
		return err_set(e, BLAME_HOST, EBADMSG, "not a JSON object: %s",
			       object ? "" : at.text);
	}
	CLEANUP(record) struct record *record = record_new(RECORD_BEGIN, 0);
	record->wall_ns = 0; /* not told is not now */
	int r = decode_object(object, record, e);
	json_decref(object);
	if (r == 0)
		*ret = STEAL_PTR(record);
	return r;
}
