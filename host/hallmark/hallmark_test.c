/* SPDX-License-Identifier: Apache-2.0 */
/* Hallmarks: what is signed is what is read, and nothing else opens. */
#include "host/hallmark/hallmark.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/key_for_test.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define NOW_NS	 (1900000000ULL * NS_PER_S) /* 2030-03-17T17:46:40Z */
#define DAY_NS	 (86400 * NS_PER_S)

static const char plan_text[] =
	"{\"schema\":1,\"run\":\"20300317-x\",\"cells\":["
	"{\"image\":{\"name\":\"a b.qcow2\",\"sha256\":\"" DIGEST_A
	"\"},\"firmware\":\"uefi\",\"accel\":\"tcg\","
	"\"size\":{\"name\":\"small\",\"cpus\":1,\"mem_mib\":512},\"cases\":["
	"{\"id\":\"a.first\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.second\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\",\"sabotage_kind\":\"code\"}]},"
	"{\"image\":{\"name\":\"a b.qcow2\",\"sha256\":\"" DIGEST_A
	"\"},\"firmware\":\"bios\",\"accel\":\"tcg\","
	"\"size\":{\"name\":\"small\",\"cpus\":1,\"mem_mib\":512},\"cases\":[]},"
	"{\"image\":{\"name\":\"b.raw\",\"sha256\":\"" DIGEST_B
	"\"},\"firmware\":\"uefi\",\"accel\":\"tcg\","
	"\"size\":{\"name\":\"small\",\"cpus\":1,\"mem_mib\":512},\"cases\":["
	"{\"id\":\"a.third\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\",\"sabotage_kind\":\"code\"}]}]}";

#define RESULT(id, cell, outcome)                                                                  \
	"{\"type\":\"result\",\"id\":\"" id "\",\"cell\":" cell ",\"outcome\":\"" outcome "\"}\n"
#define BEGIN "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1,\"text\":\"9.8.7\"}\n"
#define END   "{\"type\":\"end\",\"wall_ns\":2,\"text\":\"done\"}\n"

static const char good[] = BEGIN RESULT("a.first", "0", "pass") RESULT("a.second", "0", "skip")
	RESULT("a.third", "2", "pass") END;
static const char bad[] = BEGIN RESULT("a.first", "0", "fail") RESULT("a.second", "0", "broken")
	RESULT("a.third", "2", "infra") END;
static const char holed[] = BEGIN RESULT("a.first", "0", "pass") RESULT("a.third", "2", "pass") END;

static void write_statement(const char *journal, struct text *out)
{
	const struct hallmark_terms terms = {.verifier = "https://example.org/gate",
					     .now_ns = NOW_NS,
					     .valid_ns = 90 * DAY_NS,
					     .plan_sha256 = DIGEST_C,
					     .journal_sha256 = DIGEST_C};
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_parse(plan_text, strlen(plan_text), journal, strlen(journal), &run, &e),
		      0);
	EXPECT_TEXT(e.text, "");
	judge_run(run, &judgement);
	hallmark_write(run, &judgement, &terms, out);
}

static int read_back(const struct text *statement, struct hallmark *ret)
{
	struct err e = {0};
	int r = hallmark_read(statement->buf, statement->length, ret, &e);

	EXPECT_TEXT(e.text, "");
	return r;
}

TEST(hallmark, says_what_the_run_says)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20);
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};

	write_statement(good, &statement);
	EXPECT_NUMBER(read_back(&statement, &hallmark), 0);
	EXPECT_NUMBER(hallmark.verdict, VERDICT_SHIP);
	EXPECT_NUMBER((long long)hallmark.subjects.count, 2); /* an image with two cells is one */
	EXPECT_TEXT(hallmark.subjects.items[0].name, "a b.qcow2");
	EXPECT_TEXT(hallmark.subjects.items[1].sha256, DIGEST_B);
	EXPECT_TEXT(hallmark.verifier, "https://example.org/gate");
	EXPECT_TEXT(hallmark.run_id, "20300317-x");
	EXPECT_TEXT(hallmark.version, "9.8.7");
	EXPECT(hallmark.made_ns == NOW_NS && hallmark.expires_ns == NOW_NS + 90 * DAY_NS);
	EXPECT_NUMBER(hallmark.total, 3);
	EXPECT_NUMBER(hallmark.passed, 2);
	EXPECT_NUMBER(hallmark.skipped, 1);
	EXPECT(strstr(statement.buf,
		      "\"resourceUri\":\"pkg:generic/a%20b.qcow2?checksum=sha256:" DIGEST_A "\""));
	EXPECT(strstr(statement.buf,
		      "\"verificationResult\":\"PASSED\",\"verifiedLevels\":[\"ASSAY_SHIP\"]"));
}

TEST(hallmark, only_ship_is_passed)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20);
	CLEAN_DONE(hallmark) struct hallmark blocked = {0}, undecided = {0};

	write_statement(bad, &statement);
	EXPECT_NUMBER(read_back(&statement, &blocked), 0);
	EXPECT_NUMBER(blocked.verdict, VERDICT_BLOCK);
	EXPECT_NUMBER(blocked.failed, 1);
	EXPECT_NUMBER(blocked.undecided, 2);
	EXPECT(strstr(statement.buf,
		      "\"verificationResult\":\"FAILED\",\"verifiedLevels\":[\"FAILED\"]"));
	text_clear(&statement);
	write_statement(holed, &statement);
	EXPECT_NUMBER(read_back(&statement, &undecided), 0);
	EXPECT_NUMBER(undecided.verdict, VERDICT_UNDECIDED);
	EXPECT_NUMBER(undecided.undecided, 1);
	EXPECT(!strstr(statement.buf, "PASSED") && !strstr(statement.buf, "ASSAY_SHIP"));
}

TEST(hallmark, is_of_its_images_and_of_its_time)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20);
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};
	const struct hallmark_subject *subject;
	struct err e = {0};

	write_statement(good, &statement);
	EXPECT_NUMBER(read_back(&statement, &hallmark), 0);
	EXPECT_NUMBER(hallmark_check(&hallmark, DIGEST_B, NOW_NS, &subject, &e), 0);
	EXPECT_TEXT(subject->name, "b.raw");
	EXPECT_NUMBER(hallmark_check(&hallmark, DIGEST_C, NOW_NS, &subject, &e), -EACCES);
	EXPECT(strstr(e.text, "another image") && strstr(e.text, "and others"));
	EXPECT_NUMBER(hallmark_check(&hallmark, DIGEST_A, NOW_NS + 90 * DAY_NS - 1, &subject, &e),
		      0);
	EXPECT_NUMBER(hallmark_check(&hallmark, DIGEST_A, NOW_NS + 90 * DAY_NS, &subject, &e),
		      -EKEYEXPIRED);
	EXPECT_TEXT(e.text, "the hallmark has expired on 2030-06-15T17:46:40Z");
	EXPECT_NUMBER(hallmark_check(&hallmark, DIGEST_A, NOW_NS - DAY_NS, &subject, &e),
		      -EKEYEXPIRED);
	EXPECT(strstr(e.text, "in the future"));
}

TEST(hallmark, times_have_one_spelling)
{
	static const char *const wrong[] = {"",
					    "2030-03-17",
					    "2030-03-17T17:46:40",
					    "2030-03-17T17:46:40.5Z",
					    "2030-3-17T17:46:40Z",
					    " 2030-03-17T17:46:40Z",
					    "2030-02-31T17:46:40Z",
					    "1930-03-17T17:46:40Z",
					    "2030-03-17T17:46:40ZZ"};
	char buf[HALLMARK_TIME_SIZE];
	uint64_t ns = 0;

	EXPECT_TEXT(hallmark_time(NOW_NS + 999999999, buf), "2030-03-17T17:46:40Z");
	EXPECT(hallmark_parse_time(buf, &ns));
	EXPECT(ns == NOW_NS);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		EXPECT(!hallmark_parse_time(wrong[i], &ns));
}

/* With one member replaced by another value, or taken out (value NULL). */
static int read_changed(const char *statement, const char *path, json_t *value, struct err *e)
{
	json_t *whole = json_loads(statement, 0, NULL), *at = whole;
	CLEAN_FREE char *steps = xstrdup(path);
	struct hallmark hallmark = {0};
	char *save = NULL, *step = strtok_r(steps, "/", &save), *next;

	for (; (next = strtok_r(NULL, "/", &save)); step = next)
		at = json_is_array(at) ? json_array_get(at, (size_t)(step[0] - '0'))
				       : json_object_get(at, step);
	EXPECT(json_object_get(at, step));
	if (value)
		EXPECT_NUMBER(json_object_set_new(at, step, value), 0);
	else
		EXPECT_NUMBER(json_object_del(at, step), 0);
	char *changed = json_dumps(whole, JSON_COMPACT);
	int r = hallmark_read(changed, strlen(changed), &hallmark, e);
	hallmark_done(&hallmark);
	free(changed);
	json_decref(whole);
	return r;
}

TEST(hallmark, what_it_needs_must_be_there)
{
	static const char *const needed[] = {
		"_type",
		"subject",
		"predicateType",
		"predicate",
		"subject/0/name",
		"subject/1/digest",
		"subject/1/digest/sha256",
		"predicate/verifier",
		"predicate/verifier/id",
		"predicate/verifier/version/assay",
		"predicate/timeVerified",
		"predicate/verificationResult",
		"predicate/assay",
		"predicate/assay/schema",
		"predicate/assay/verdict",
		"predicate/assay/run",
		"predicate/assay/expires",
	};
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20);

	write_statement(good, &statement);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		struct err e = {0};
		EXPECT_NUMBER(read_changed(statement.buf, needed[i], NULL, &e), -EBADMSG);
		EXPECT(e.blame == BLAME_USER && e.text[0]);
		EXPECT_NUMBER(read_changed(statement.buf, needed[i], json_array(), &e), -EBADMSG);
		EXPECT_NUMBER(read_changed(statement.buf, needed[i], json_string("x"), &e),
			      strstr(needed[i], "name") || strstr(needed[i], "id") ||
					      strstr(needed[i], "run") ||
					      strstr(needed[i], "version/assay")
				      ? 0
				      : -EBADMSG);
	}
}

TEST(hallmark, verdict_and_result_say_the_same)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20);
	struct err e = {0};

	write_statement(bad, &statement);
	EXPECT_NUMBER(read_changed(statement.buf, "predicate/verificationResult",
				   json_string("PASSED"), &e),
		      -EBADMSG);
	EXPECT_NUMBER(
		read_changed(statement.buf, "predicate/assay/verdict", json_string("ship"), &e),
		-EBADMSG);
	EXPECT_NUMBER(read_changed(statement.buf, "predicate/assay/verdict",
				   json_string("undecided"), &e),
		      0);
}

/* ---- keys and envelopes ---- */

static int read_private(const char *name, const char *passphrase, struct key **ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s.key", test_folder(), name);

	return key_read_private(path, passphrase, ret, e);
}

static int read_public(const char *name, struct key **ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	return key_read_public(path, ret, e);
}

TEST(key, errors_name_what_is_wrong)
{
	struct key *key = NULL;
	struct err e = {0};

	make_keys("plain", EVP_PKEY_ED25519, NULL);
	make_keys("locked", EVP_PKEY_ED25519, "open sesame");
	make_keys("other", EVP_PKEY_X25519, NULL);
	EXPECT_NUMBER(read_private("none", NULL, &key, &e), -ENOENT);
	EXPECT(e.blame == BLAME_USER && strstr(e.text, "none.key"));
	EXPECT_NUMBER(read_private("locked", NULL, &key, &e), -EACCES);
	EXPECT(strstr(e.text, "--passphrase-fd"));
	EXPECT_NUMBER(read_private("locked", "sesame", &key, &e), -EACCES);
	EXPECT(strstr(e.text, "does not open"));
	EXPECT_NUMBER(read_private("other", NULL, &key, &e), -EINVAL);
	EXPECT(strstr(e.text, "X25519") && strstr(e.text, "Ed25519"));
	EXPECT_NUMBER(read_public("none", &key, &e), -ENOENT);
	EXPECT_NUMBER(read_public("other.pub", &key, &e), -EINVAL);
	EXPECT_NUMBER(read_public("locked.key", &key, &e), -EINVAL);
	EXPECT(strstr(e.text, "-pubout"));
	EXPECT(!key);
	EXPECT_NUMBER(read_private("locked", "open sesame", &key, &e), 0);
	key_free(key);
	key = NULL;
	EXPECT_NUMBER(read_public("plain.pub", &key, &e), 0);
	EXPECT_NUMBER((long long)strlen(key_id(key)), KEY_ID_SIZE - 1);
	key_free(key);
}

/* A sealed statement, and the keys. */
struct sealed {
	struct key *key, *public, *stranger;
	struct text statement, envelope;
};

static void seal(struct sealed *sealed)
{
	struct err e = {0};

	make_keys("plain", EVP_PKEY_ED25519, NULL);
	make_keys("stranger", EVP_PKEY_ED25519, NULL);
	*sealed = (struct sealed){.statement = TEXT_INIT(1 << 20), .envelope = TEXT_INIT(1 << 20)};
	EXPECT_NUMBER(read_private("plain", NULL, &sealed->key, &e), 0);
	EXPECT_NUMBER(read_public("plain.pub", &sealed->public, &e), 0);
	EXPECT_NUMBER(read_public("stranger.pub", &sealed->stranger, &e), 0);
	write_statement(good, &sealed->statement);
	EXPECT_NUMBER(envelope_seal(sealed->key, HALLMARK_TYPE, &sealed->statement,
				    &sealed->envelope, &e),
		      0);
}

static void sealed_done(struct sealed *sealed)
{
	key_free(sealed->key);
	key_free(sealed->public);
	key_free(sealed->stranger);
	text_done(&sealed->statement);
	text_done(&sealed->envelope);
}

static int open_bytes(const struct key *key, const char *bytes, size_t length, struct err *e)
{
	CLEAN_TEXT struct text payload = TEXT_INIT(1 << 20);
	int r = envelope_open(key, HALLMARK_TYPE, bytes, length, &payload, e);

	EXPECT((r == 0) == (payload.length > 0));
	return r;
}

TEST(envelope, opens_with_its_key_only)
{
	CLEAN_TEXT struct text payload = TEXT_INIT(1 << 20);
	struct sealed sealed;
	struct err e = {0};

	seal(&sealed);
	EXPECT_TEXT(key_id(sealed.key), key_id(sealed.public));
	EXPECT_NUMBER(envelope_open(sealed.public, HALLMARK_TYPE, sealed.envelope.buf,
				    sealed.envelope.length, &payload, &e),
		      0);
	EXPECT_TEXT(payload.buf, sealed.statement.buf);
	EXPECT_NUMBER(open_bytes(sealed.stranger, sealed.envelope.buf, sealed.envelope.length, &e),
		      -EACCES);
	EXPECT(strstr(e.text, "another key"));
	text_clear(&payload);
	EXPECT_NUMBER(envelope_open(sealed.public, "text/plain", sealed.envelope.buf,
				    sealed.envelope.length, &payload, &e),
		      -EBADMSG);
	sealed_done(&sealed);
}

TEST(envelope, any_flipped_bit_is_seen)
{
	struct sealed sealed;
	unsigned opened = 0, tried = 0;
	struct err none = {0};

	seal(&sealed);
	EXPECT(sealed.envelope.length > 500);
	EXPECT_NUMBER(open_bytes(sealed.public, sealed.envelope.buf, sealed.envelope.length, &none),
		      0);
	for (size_t i = 0; i < sealed.envelope.length; i++)
		for (int bit = 0; bit < 8; bit++, tried++) {
			struct err e = {0};
			sealed.envelope.buf[i] ^= (char)(1 << bit);
			opened += open_bytes(sealed.public, sealed.envelope.buf,
					     sealed.envelope.length, &e) == 0;
			sealed.envelope.buf[i] ^= (char)(1 << bit);
		}
	EXPECT_NUMBER(opened, 0);
	EXPECT_NUMBER(tried, 8 * sealed.envelope.length);
	/* As it was it opens still: nothing else shut it. */
	EXPECT_NUMBER(open_bytes(sealed.public, sealed.envelope.buf, sealed.envelope.length, &none),
		      0);
	sealed_done(&sealed);
}

TEST(envelope, any_cut_is_seen)
{
	struct sealed sealed;
	unsigned opened = 0;
	struct err e = {0};

	seal(&sealed);
	/* Without the line's end it is whole. */
	EXPECT_NUMBER(
		open_bytes(sealed.public, sealed.envelope.buf, sealed.envelope.length - 1, &e), 0);
	for (size_t length = 0; length < sealed.envelope.length - 1; length++)
		opened += open_bytes(sealed.public, sealed.envelope.buf, length, &e) == 0;
	EXPECT_NUMBER(opened, 0);
	sealed_done(&sealed);
}

TEST(envelope, is_strict)
{
	struct sealed sealed;
	struct err e = {0};
	json_t *whole;
	char *bytes;

	seal(&sealed);
	/* With a second signature, whose key nobody asked for, it opens; with more that DSSE does not know it does not. */
	whole = json_loads(sealed.envelope.buf, 0, NULL);
	json_array_append_new(json_object_get(whole, "signatures"),
			      json_pack("{s:s,s:s}", "keyid", "x", "sig", "AAAA"));
	bytes = json_dumps(whole, 0);
	EXPECT_NUMBER(open_bytes(sealed.public, bytes, strlen(bytes), &e), 0);
	free(bytes);
	json_object_set_new(whole, "more", json_true());
	bytes = json_dumps(whole, 0);
	EXPECT_NUMBER(open_bytes(sealed.public, bytes, strlen(bytes), &e), -EBADMSG);
	free(bytes);
	json_object_del(whole, "more");
	json_array_clear(json_object_get(whole, "signatures"));
	bytes = json_dumps(whole, 0);
	EXPECT_NUMBER(open_bytes(sealed.public, bytes, strlen(bytes), &e), -EBADMSG);
	EXPECT(strstr(e.text, "signatures"));
	free(bytes);
	json_decref(whole);
	EXPECT_NUMBER(open_bytes(sealed.public, "[]", 2, &e), -EBADMSG);
	EXPECT_NUMBER(open_bytes(sealed.public, "", 0, &e), -EBADMSG);
	sealed_done(&sealed);
}
