/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a statement, and holding it against an image and the time. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "host/hallmark/hallmark.h"
#include "host/hallmark/words.h"

bool hallmark_parse_time(const char *text, uint64_t *ret_wall_ns)
{
	char again[HALLMARK_TIME_SIZE];
	struct tm utc = {0};

	if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc))
		return false;
	time_t seconds = timegm(&utc);
	if (seconds < 0)
		return false;
	*ret_wall_ns = (uint64_t)seconds * NS_PER_S;
	/* strptime lets blanks, one digit and a 31 February pass. */
	return strcmp(hallmark_time(*ret_wall_ns, again), text) == 0;
}

static int lacks(struct err *e, const char *what)
{
	return err_set(e, BLAME_USER, EBADMSG,
		       "the statement is signed, but is no hallmark of Assay's: %s", what);
}

/* A string member that fits; "" and false when there is none. */
static bool take(const json_t *object, const char *key, char *buf, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	buf[0] = '\0';
	if (!value || strlen(value) >= size)
		return false;
	memcpy(buf, value, strlen(value) + 1);
	return true;
}

static int read_subjects(const json_t *list, struct hallmark *ret, struct err *e)
{
	size_t count = json_array_size(list);

	if (count == 0 || count > HALLMARK_SUBJECTS_MAX)
		return lacks(e, "it is of no image, or of too many");
	for (size_t i = 0; i < count; i++) {
		const json_t *it = json_array_get(list, i);
		struct hallmark_subject subject = {.name = ""};
		if (!take(it, "name", subject.name, sizeof subject.name) ||
		    !take(json_object_get(it, "digest"), "sha256", subject.sha256,
			  sizeof subject.sha256) ||
		    !is_sha256(subject.sha256))
			return lacks(e, "a subject has no name or no SHA-256");
		(void)vec_add(&ret->subjects, subject);
	}
	return 0;
}

static bool take_time(const json_t *object, const char *key, uint64_t *ret)
{
	char text[HALLMARK_TIME_SIZE];

	return take(object, key, text, sizeof text) && hallmark_parse_time(text, ret);
}

static bool take_verdict(const json_t *object, enum verdict *ret)
{
	char text[16];

	if (!take(object, "verdict", text, sizeof text))
		return false;
	for (int i = VERDICT_SHIP; i <= VERDICT_UNDECIDED; i++)
		if (strcmp(text, verdict_name((enum verdict)i)) == 0) {
			*ret = (enum verdict)i;
			return true;
		}
	return false;
}

static unsigned take_count(const json_t *counts, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(counts, key));

	return value < 0 || value > UINT32_MAX ? 0 : (unsigned)value;
}

static void read_counts(const json_t *counts, struct hallmark *ret)
{
	ret->total = take_count(counts, "total");
	ret->passed = take_count(counts, "pass");
	ret->failed = take_count(counts, "fail");
	ret->skipped = take_count(counts, "skip");
	ret->foreign = take_count(counts, "other_image");
	ret->undecided = take_count(counts, "broken") + take_count(counts, "infra") +
			 take_count(counts, "holes");
}

/* "" where there is none; false: it is there, and is no digest. */
static bool take_digest(const json_t *own, const char *key, char buf[HALLMARK_SHA256_SIZE])
{
	const json_t *digest = json_object_get(own, key);

	buf[0] = '\0';
	return !digest || (take(digest, "sha256", buf, HALLMARK_SHA256_SIZE) && is_sha256(buf));
}

static int read_waivers(const json_t *list, struct hallmark *ret, struct err *e)
{
	size_t at;
	json_t *it;

	json_array_foreach(list, at, it)
	{
		struct hallmark_waiver waiver = {.id = ""};
		const char *reason = json_string_value(json_object_get(it, "reason"));
		if (!take(it, "id", waiver.id, sizeof waiver.id) ||
		    !take(it, "expires", waiver.expires, sizeof waiver.expires) || !reason)
			return lacks(e, "a waiver has no id, expiry or reason");
		(void)snprintf(waiver.reason, sizeof waiver.reason, "%s", reason);
		if (!vec_add(&ret->waivers, waiver))
			return lacks(e, "it rests on too many waivers");
	}
	return 0;
}

/* By what it was judged. */
static int read_rules(const json_t *own, struct hallmark *ret, struct err *e)
{
	if (!take_digest(own, "plan", ret->plan_sha256) ||
	    !take_digest(own, "journal", ret->journal_sha256) ||
	    !take_digest(own, "gate", ret->gate_sha256))
		return lacks(e, "a digest of plan, journal or gate is none");
	if (json_object_get(own, "signOff") &&
	    (!take(own, "signOff", ret->sign_off, sizeof ret->sign_off) || !ret->sign_off[0]))
		return lacks(e, "it does not say whose sign-off it is");
	return read_waivers(json_object_get(own, "waivers"), ret, e);
}

static int read_predicate(const json_t *predicate, struct hallmark *ret, struct err *e)
{
	const json_t *own = json_object_get(predicate, "assay");
	const json_t *verifier = json_object_get(predicate, "verifier");
	char result[16];

	if (json_integer_value(json_object_get(own, "schema")) != HALLMARK_SCHEMA)
		return lacks(e, "its member assay is of no schema that this version knows");
	if (!take(verifier, "id", ret->verifier, sizeof ret->verifier) ||
	    !take(json_object_get(verifier, "version"), "assay", ret->version,
		  sizeof ret->version) ||
	    !take(own, "run", ret->run_id, sizeof ret->run_id))
		return lacks(e, "it does not say who verified, by what, and in which run");
	if (!take_time(predicate, "timeVerified", &ret->made_ns) ||
	    !take_time(own, "expires", &ret->expires_ns))
		return lacks(e, "it does not say when it was made and when it expires");
	if (!take_verdict(own, &ret->verdict) ||
	    !take(predicate, "verificationResult", result, sizeof result) ||
	    strcmp(result, ret->verdict == VERDICT_SHIP ? "PASSED" : "FAILED") != 0)
		return lacks(e, "its verdict and its verificationResult do not say the same");
	read_counts(json_object_get(own, "counts"), ret);
	return read_rules(own, ret, e);
}

static int read_parsed(const json_t *statement, struct hallmark *ret, struct err *e)
{
	char type[64];

	if (!take(statement, "_type", type, sizeof type) || strcmp(type, STATEMENT_TYPE) != 0)
		return lacks(e, "its type is not " STATEMENT_TYPE);
	if (!take(statement, "predicateType", type, sizeof type) ||
	    strcmp(type, PREDICATE_TYPE) != 0)
		return lacks(e, "its predicate is not " PREDICATE_TYPE);
	int r = read_subjects(json_object_get(statement, "subject"), ret, e);
	return r == 0 ? read_predicate(json_object_get(statement, "predicate"), ret, e) : r;
}

int hallmark_read(const char *bytes, size_t length, struct hallmark *ret, struct err *e)
{
	json_error_t where;
	json_t *statement = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &where);

	*ret = (struct hallmark){.subjects = VEC_INIT(HALLMARK_SUBJECTS_MAX),
				 .waivers = VEC_INIT(HALLMARK_WAIVERS_MAX)};
	int r = statement ? read_parsed(statement, ret, e) : lacks(e, where.text);
	json_decref(statement);
	if (r < 0)
		hallmark_done(ret);
	return r;
}

void hallmark_done(struct hallmark *hallmark)
{
	vec_done(&hallmark->subjects);
	vec_done(&hallmark->waivers);
}

int hallmark_check_gate(const struct hallmark *hallmark, const char *gate_sha256, struct err *e)
{
	if (hallmark->sign_off[0])
		return err_set(e, BLAME_USER, EACCES,
			       "the hallmark is only the sign-off of %s: ask for the one that the "
			       "gate's signer made",
			       hallmark->sign_off);
	if (hallmark->gate_sha256[0] == '\0')
		return err_set(
			e, BLAME_USER, EACCES,
			"the hallmark is of a verdict by the built-in rules, not by this gate "
			"(SHA-256 %.12s...)",
			gate_sha256);
	if (strcmp(hallmark->gate_sha256, gate_sha256) != 0)
		return err_set(
			e, BLAME_USER, EACCES,
			"the hallmark is of a verdict by another gate (SHA-256 %.12s...), not "
			"by this one (%.12s...)",
			hallmark->gate_sha256, gate_sha256);
	return 0;
}

int hallmark_check(const struct hallmark *hallmark, const char *sha256, uint64_t now_ns,
		   const struct hallmark_subject **ret, struct err *e)
{
	char time_[HALLMARK_TIME_SIZE];

	*ret = NULL;
	vec_each (&hallmark->subjects, subject)
		if (strcmp(subject->sha256, sha256) == 0)
			*ret = subject;
	if (!*ret)
		return err_set(e, BLAME_USER, EACCES,
			       "the hallmark is of another image: of %s (SHA-256 %.12s…)%s, not of "
			       "this one (%.12s…)",
			       hallmark->subjects.items[0].name, hallmark->subjects.items[0].sha256,
			       hallmark->subjects.count > 1 ? " and others" : "", sha256);
	if (now_ns >= hallmark->expires_ns)
		return err_set(e, BLAME_USER, EKEYEXPIRED, "the hallmark has expired on %s",
			       hallmark_time(hallmark->expires_ns, time_));
	/* Clocks of two machines differ a little. */
	if (now_ns + 300 * NS_PER_S < hallmark->made_ns)
		return err_set(e, BLAME_USER, EKEYEXPIRED,
			       "the hallmark was made on %s, which is in the future here: one of "
			       "the clocks is wrong",
			       hallmark_time(hallmark->made_ns, time_));
	return 0;
}
