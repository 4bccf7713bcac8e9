/* SPDX-License-Identifier: Apache-2.0 */
/* A bisection as a file of JSON. */
#include "host/bisect/state.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/store/folder.h"

static const char *const kind_names[] = {"commits", "kernels", "images"};

const char *bisect_kind_name(enum bisect_kind kind)
{
	return kind_names[kind];
}

/* ---- life ---- */

static void words_done(struct bisect_words *words)
{
	vec_each (words, word)
		free(*word);
	vec_done(words);
}

void bisect_done(struct bisect *bisect)
{
	vec_each (&bisect->subjects, subject) {
		free(subject->path);
		free(subject->name);
	}
	vec_done(&bisect->subjects);
	words_done(&bisect->words);
	words_done(&bisect->fragments);
	words_done(&bisect->make);
	vec_done(&bisect->tries);
	free(bisect->tree);
	free(bisect->config);
	*bisect = (struct bisect)BISECT_INIT;
}

bool bisect_add_word(struct bisect_words *words, const char *word)
{
	char *copy = xstrdup(word);

	if (vec_add(words, copy))
		return true;
	free(copy);
	return false;
}

bool bisect_add_subject(struct bisect *bisect, const char *path, const char *name, const char *id)
{
	struct bisect_subject subject = {.path = xstrdup(path), .name = xstrdup(name)};

	(void)snprintf(subject.id, sizeof subject.id, "%s", id);
	if (vec_add(&bisect->subjects, subject))
		return true;
	free(subject.path);
	free(subject.name);
	return false;
}

const struct bisect_try *bisect_find(const struct bisect *bisect, const char *id)
{
	vec_each (&bisect->tries, it)
		if (strcmp(it->id, id) == 0)
			return it;
	return NULL;
}

const struct bisect_try *bisect_find_kernel(const struct bisect *bisect, const char *sha256)
{
	vec_each (&bisect->tries, it)
		if (sha256[0] && strcmp(it->kernel, sha256) == 0 && it->same_as[0] == '\0' &&
		    (it->verdict == SEARCH_GOOD || it->verdict == SEARCH_BAD))
			return it;
	return NULL;
}

/* ---- writing ---- */

static void encode_words(const char *key, const struct bisect_words *words, struct text *out)
{
	json_key(out, key);
	json_open(out, '[');
	vec_each (words, word)
		json_text(out, *word);
	json_close(out, ']');
}

static void encode_subjects(const struct bisect *bisect, struct text *out)
{
	json_key(out, "subjects");
	json_open(out, '[');
	vec_each (&bisect->subjects, it) {
		json_open(out, '{');
		json_member(out, "path", it->path);
		json_member(out, "name", it->name);
		json_member(out, "id", it->id);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void bisect_encode_tries(const struct bisect *bisect, struct text *out)
{
	json_member(out, "kind", kind_names[bisect->kind]);
	json_member(out, "bisection", bisect->id);
	json_member(out, "case", bisect->case_id);
	json_key(out, "tries");
	json_open(out, '[');
	vec_each (&bisect->tries, it) {
		json_open(out, '{');
		json_member(out, "id", it->id);
		json_member(out, "name", it->name);
		json_member(out, "verdict", search_verdict_name(it->verdict));
		json_member(out, "why", it->why);
		json_member(out, "sha256", it->kernel);
		json_member(out, "same_as", it->same_as);
		json_member(out, "run", it->run);
		json_member_number(out, "passed", it->passed);
		json_member_number(out, "total", it->total);
		json_member_number(out, "build_ns", (long long)it->build_ns);
		json_member_number(out, "try_ns", (long long)it->try_ns);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_member_number(out, "spent_ns", (long long)bisect->spent_ns);
}

void bisect_encode(const struct bisect *bisect, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", BISECT_SCHEMA);
	bisect_encode_tries(bisect, out);
	json_member(out, "tree", bisect->tree);
	json_key(out, "first_parent");
	json_bool(out, bisect->first_parent);
	encode_subjects(bisect, out);
	encode_words("words", &bisect->words, out);
	json_member(out, "config", bisect->config);
	encode_words("fragments", &bisect->fragments, out);
	encode_words("make", &bisect->make, out);
	json_member_number(out, "build_jobs", bisect->build_jobs);
	json_close(out, '}');
	text_adds(out, "\n");
}

/* ---- reading ---- */

static int wrong(struct err *e, const char *key)
{
	return err_set(e, BLAME_HOST, EBADMSG, "\"%s\" is missing or not what it should be", key);
}

static int take_text(const json_t *object, const char *key, char *buf, size_t size, struct err *e)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value || strlen(value) >= size)
		return wrong(e, key);
	memcpy(buf, value, strlen(value) + 1);
	return 0;
}

/* May be null, or longer than what has a place of its own. */
static int take_string(const json_t *object, const char *key, char **ret, struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_null(value))
		return 0;
	if (!json_is_string(value) || json_string_length(value) >= BISECT_TEXT_MAX)
		return wrong(e, key);
	*ret = xstrdup(json_string_value(value));
	return 0;
}

static int take_number(const json_t *object, const char *key, long long max, long long *ret,
		       struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > max)
		return wrong(e, key);
	*ret = json_integer_value(value);
	return 0;
}

static int take_words(const json_t *object, const char *key, struct bisect_words *words,
		      struct err *e)
{
	const json_t *array = json_object_get(object, key);

	if (!json_is_array(array))
		return wrong(e, key);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *word = json_array_get(array, i);
		if (!json_is_string(word) || json_string_length(word) >= BISECT_TEXT_MAX ||
		    !bisect_add_word(words, json_string_value(word)))
			return wrong(e, key);
	}
	return 0;
}

static int take_subjects(const json_t *object, struct bisect *bisect, struct err *e)
{
	const json_t *array = json_object_get(object, "subjects");

	if (!json_is_array(array) || json_array_size(array) < 2)
		return wrong(e, "subjects");
	for (size_t i = 0; i < json_array_size(array); i++) {
		CLEAN_FREE char *path = NULL, *name = NULL;
		char id[65];
		const json_t *it = json_array_get(array, i);
		if (take_string(it, "path", &path, e) < 0 ||
		    take_string(it, "name", &name, e) < 0 ||
		    take_text(it, "id", id, sizeof id, e) < 0 || !path || !name || !id[0] ||
		    !bisect_add_subject(bisect, path, name, id))
			return wrong(e, "subjects");
	}
	return 0;
}

/* It becomes a part of paths. */
static bool is_plain_name(const char *name)
{
	return !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int take_numbers_of_try(const json_t *object, struct bisect_try *ret, struct err *e)
{
	long long passed, total, build_ns, try_ns;
	int r = take_number(object, "passed", INT32_MAX, &passed, e);

	if (r == 0)
		r = take_number(object, "total", INT32_MAX, &total, e);
	if (r == 0)
		r = take_number(object, "build_ns", INT64_MAX, &build_ns, e);
	if (r == 0)
		r = take_number(object, "try_ns", INT64_MAX, &try_ns, e);
	if (r < 0)
		return r;
	if (passed > total)
		return wrong(e, "passed");
	ret->passed = (unsigned)passed;
	ret->total = (unsigned)total;
	ret->build_ns = (uint64_t)build_ns;
	ret->try_ns = (uint64_t)try_ns;
	return 0;
}

static int take_try(const json_t *object, struct bisect_try *ret, struct err *e)
{
	char verdict[16];
	int r = take_text(object, "id", ret->id, sizeof ret->id, e);

	if (r == 0)
		r = take_text(object, "name", ret->name, sizeof ret->name, e);
	if (r == 0)
		r = take_text(object, "verdict", verdict, sizeof verdict, e);
	if (r == 0 &&
	    (search_verdict_parse(verdict, &ret->verdict) < 0 || ret->verdict == SEARCH_UNTRIED))
		r = wrong(e, "verdict");
	if (r == 0)
		r = take_text(object, "why", ret->why, sizeof ret->why, e);
	if (r == 0)
		r = take_text(object, "sha256", ret->kernel, sizeof ret->kernel, e);
	if (r == 0)
		r = take_text(object, "same_as", ret->same_as, sizeof ret->same_as, e);
	if (r == 0)
		r = take_text(object, "run", ret->run, sizeof ret->run, e);
	if (r == 0 && !is_plain_name(ret->run))
		r = wrong(e, "run");
	return r == 0 ? take_numbers_of_try(object, ret, e) : r;
}

static int take_tries(const json_t *object, struct bisect *bisect, struct err *e)
{
	const json_t *array = json_object_get(object, "tries");
	int r = json_is_array(array) ? 0 : wrong(e, "tries");

	for (size_t i = 0; r == 0 && i < json_array_size(array); i++) {
		struct bisect_try one = {.id = ""};
		r = take_try(json_array_get(array, i), &one, e);
		if (r == 0 && !vec_add(&bisect->tries, one))
			r = wrong(e, "tries");
	}
	return r;
}

static int take_kind(const json_t *object, struct bisect *bisect, struct err *e)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));

	for (size_t i = 0; kind && i < ARRAY_LEN(kind_names); i++)
		if (strcmp(kind_names[i], kind) == 0) {
			bisect->kind = (enum bisect_kind)i;
			return 0;
		}
	return wrong(e, "kind");
}

static int take_building(const json_t *object, struct bisect *bisect, struct err *e)
{
	long long jobs = 0;
	int r = take_string(object, "config", &bisect->config, e);

	if (r == 0)
		r = take_words(object, "fragments", &bisect->fragments, e);
	if (r == 0)
		r = take_words(object, "make", &bisect->make, e);
	if (r == 0)
		r = take_number(object, "build_jobs", 1024, &jobs, e);
	bisect->build_jobs = (unsigned)jobs;
	return r;
}

static int take_all(const json_t *object, struct bisect *bisect, struct err *e)
{
	long long spent_ns = 0;

	if (json_integer_value(json_object_get(object, "schema")) != BISECT_SCHEMA)
		return err_set(e, BLAME_USER, ENOTSUP,
			       "it is of another schema than this Assay knows (%d)", BISECT_SCHEMA);
	int r = take_kind(object, bisect, e);
	if (r == 0)
		r = take_text(object, "bisection", bisect->id, sizeof bisect->id, e);
	if (r == 0)
		r = take_text(object, "case", bisect->case_id, sizeof bisect->case_id, e);
	if (r == 0)
		r = take_string(object, "tree", &bisect->tree, e);
	if (r == 0 && bisect->kind == BISECT_COMMITS && !bisect->tree)
		r = wrong(e, "tree");
	if (r == 0)
		r = take_subjects(object, bisect, e);
	if (r == 0)
		r = take_words(object, "words", &bisect->words, e);
	if (r == 0)
		r = take_building(object, bisect, e);
	if (r == 0)
		r = take_tries(object, bisect, e);
	if (r == 0)
		r = take_number(object, "spent_ns", INT64_MAX, &spent_ns, e);
	bisect->spent_ns = (uint64_t)spent_ns;
	bisect->first_parent = json_is_true(json_object_get(object, "first_parent"));
	return r;
}

int bisect_decode(const char *bytes, size_t length, struct bisect *ret, struct err *e)
{
	json_error_t at;
	json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &at);
	CLEAN_DONE(bisect) struct bisect bisect = BISECT_INIT;
	int r = json_is_object(object) ? take_all(object, &bisect, e)
				       : err_set(e, BLAME_HOST, EBADMSG, "it is no JSON object");

	json_decref(object);
	if (r < 0)
		return r;
	*ret = bisect;
	bisect = (struct bisect)BISECT_INIT;
	return 0;
}

/* ---- files ---- */

int bisect_load(const char *folder, struct bisect *ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" BISECT_FILE, folder);
	CLEAN_TEXT struct text bytes = TEXT_INIT(BISECT_JSON_MAX);
	int r = text_read_file(&bytes, path);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "%s holds no bisection (" BISECT_FILE "): %m",
			       folder);
	r = bisect_decode(bytes.buf, bytes.length, ret, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

int bisect_save(const struct bisect *bisect, const char *folder, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" BISECT_FILE, folder);
	CLEAN_TEXT struct text bytes = TEXT_INIT(BISECT_JSON_MAX);

	bisect_encode(bisect, &bytes);
	return file_write(path, bytes.buf, bytes.length, e);
}
