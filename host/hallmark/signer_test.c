/* SPDX-License-Identifier: Apache-2.0 */
/* Hallmarks of verdicts by a gate: what is in them, who may sign them, and whose sign-off they are. */
#include "host/hallmark/signer.h"

#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"
#include "host/hallmark/key_for_test.h"
#include "host/hallmark/sign_off.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define DAY_NS	 (86400 * NS_PER_S)
#define NOW_NS	 (20010 * DAY_NS) /* 2024-10-14 */

static const char plan[] =
	"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"image\":{\"name\":\"i\",\"sha256\":\"" DIGEST_A
	"\"},\"size\":{\"name\":\"small\"},\"cases\":["
	"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.c\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"}]}]}";
static const char journal[] =
	"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1,\"text\":\"9.8.7\"}\n"
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.b\",\"outcome\":\"pass\"}\n"
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.c\",\"outcome\":\"fail\",\"message\":\"m\"}\n";
static const char waivers_text[] =
	"waivers:\n"
	"  - {id: known, case: a.c, reason: The bug is known, owner: kim, expires: 2024-10-20}\n"
	"  - {id: idle, case: a.b, reason: r, owner: kim, expires: 2024-10-15}\n";

static struct gate *make_gate(const char *yaml)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_FREE char *path = xasprintf("%s/gate.yaml", test_folder());
	struct gate *gate = NULL;

	EXPECT_NUMBER(gate_parse(path, yaml, strlen(yaml), &gate, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	return gate;
}

static void write_statement(const struct gate *gate, const char *sign_off, struct text *out)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(waivers_parse(&waivers, "w", waivers_text, strlen(waivers_text), &problems),
		      0);
	EXPECT_NUMBER(run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e), 0);
	const struct judge_inputs inputs = {.gate = gate, .waivers = &waivers, .now_ns = NOW_NS};
	const struct hallmark_terms terms = {.verifier = "urn:x",
					     .now_ns = NOW_NS,
					     .valid_ns = 90 * DAY_NS,
					     .plan_sha256 = DIGEST_C,
					     .journal_sha256 = DIGEST_C,
					     .inputs = &inputs,
					     .sign_off = sign_off};
	judge_by(run, &inputs, &judgement);
	hallmark_write(run, &judgement, &terms, out);
}

static void read_statement(const struct text *statement, struct hallmark *ret)
{
	struct err e = {0};

	EXPECT_NUMBER(hallmark_read(statement->buf, statement->length, ret, &e), 0);
	EXPECT_TEXT(e.text, "");
}

TEST(signer, a_hallmark_says_by_what_it_was_judged)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20);
	CLEANUP(gate) struct gate *gate = make_gate("title: x\n");
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};
	char expires[HALLMARK_TIME_SIZE];

	write_statement(gate, NULL, &statement);
	read_statement(&statement, &hallmark);
	EXPECT_NUMBER(hallmark.verdict, VERDICT_SHIP);
	EXPECT_TEXT(hallmark.gate_sha256, gate->sha256);
	EXPECT_TEXT(hallmark.plan_sha256, DIGEST_C);
	EXPECT_TEXT(hallmark.sign_off, "");
	/* The waiver that was used, and not the other; and no longer than it. */
	EXPECT_NUMBER(hallmark.waivers.count, 1);
	EXPECT_TEXT(hallmark.waivers.items[0].id, "known");
	EXPECT_TEXT(hallmark.waivers.items[0].reason, "The bug is known");
	EXPECT_TEXT(hallmark.waivers.items[0].expires, "2024-10-20");
	EXPECT_TEXT(hallmark_time(hallmark.expires_ns, expires), "2024-10-21T00:00:00Z");
	EXPECT(strstr(statement.buf,
		      "\"policy\":{\"uri\":\"pkg:generic/gate.yaml?checksum=sha256:"));
}

TEST(signer, a_hallmark_is_of_one_gate)
{
	CLEAN_TEXT struct text by_gate = TEXT_INIT(1 << 20), without = TEXT_INIT(1 << 20),
			       of_qa = TEXT_INIT(1 << 20);
	CLEANUP(gate) struct gate *gate = make_gate("title: x\n"), *other = make_gate("title: y\n");
	CLEAN_DONE(hallmark) struct hallmark ours = {0}, built_in = {0}, sign_off = {0};
	struct err e = {0};

	write_statement(gate, NULL, &by_gate);
	read_statement(&by_gate, &ours);
	EXPECT_NUMBER(hallmark_check_gate(&ours, gate->sha256, &e), 0);
	EXPECT_NUMBER(hallmark_check_gate(&ours, other->sha256, &e), -EACCES);
	EXPECT(strstr(e.text, "by another gate"));
	write_statement(NULL, NULL, &without);
	read_statement(&without, &built_in);
	EXPECT_NUMBER(hallmark_check_gate(&built_in, gate->sha256, &e), -EACCES);
	EXPECT(strstr(e.text, "by the built-in rules"));
	write_statement(gate, "qa", &of_qa);
	read_statement(&of_qa, &sign_off);
	EXPECT_NUMBER(hallmark_check_gate(&sign_off, gate->sha256, &e), -EACCES);
	EXPECT(strstr(e.text, "only the sign-off of qa"));
}

/* Seals a statement with test_folder()/NAME.key. */
static void seal(const char *name, const struct text *statement, struct text *out)
{
	CLEAN_FREE char *path = xasprintf("%s/%s.key", test_folder(), name);
	CLEANUP(key) struct key *key = NULL;
	struct err e = {0};

	EXPECT_NUMBER(key_read_private(path, NULL, &key, &e), 0);
	EXPECT_NUMBER(envelope_seal(key, HALLMARK_TYPE, statement, out, &e), 0);
}

static int open_by(const struct gate *gate, const char *key_name, const struct text *envelope,
		   struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), key_name ? key_name : "");
	CLEAN_TEXT struct text statement = TEXT_INIT(ENVELOPE_MAX);
	CLEANUP(key) struct key *key = NULL;

	err_clear(e);
	if (key_name)
		EXPECT_NUMBER(key_read_public(path, &key, e), 0);
	return signer_open(gate, key, envelope->buf, envelope->length, &statement, e);
}

static char *id_of(const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s.pub", test_folder(), name);
	CLEANUP(key) struct key *key = NULL;
	struct err e = {0};

	EXPECT_NUMBER(key_read_public(path, &key, &e), 0);
	return xstrdup(key_id(key));
}

TEST(signer, only_those_that_the_gate_names)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(1 << 20), ours = TEXT_INIT(1 << 20),
			       theirs = TEXT_INIT(1 << 20);
	struct err e = {0};

	make_keys("ours", EVP_PKEY_ED25519, NULL);
	make_keys("theirs", EVP_PKEY_ED25519, NULL);
	make_keys("third", EVP_PKEY_ED25519, NULL);
	CLEAN_FREE char *id = id_of("ours");
	CLEAN_FREE char *by_id = xasprintf("signers: ['%s']\n", id);
	CLEANUP(gate)
	struct gate *anybody = make_gate("title: x\n"), *named = make_gate(by_id),
		    *filed = make_gate("signers: [ours.pub, third.pub]\n"),
		    *gone = make_gate("signers: [nowhere.pub]\n");
	write_statement(NULL, NULL, &statement);
	seal("ours", &statement, &ours);
	seal("theirs", &statement, &theirs);
	EXPECT_NUMBER(open_by(anybody, "ours.pub", &ours, &e), 0);
	EXPECT_NUMBER(open_by(anybody, NULL, &ours, &e), -EINVAL);
	EXPECT(strstr(e.text, "--key FILE"));
	EXPECT_NUMBER(open_by(named, "ours.pub", &ours, &e), 0);
	EXPECT_NUMBER(open_by(named, "theirs.pub", &theirs, &e), -EACCES);
	EXPECT(strstr(e.text, "not among those that may sign"));
	EXPECT_NUMBER(open_by(named, NULL, &ours, &e), -EINVAL);
	EXPECT_NUMBER(open_by(filed, NULL, &ours, &e), 0);
	EXPECT_NUMBER(open_by(filed, "ours.pub", &ours, &e), 0);
	EXPECT_NUMBER(open_by(filed, NULL, &theirs, &e), -EACCES);
	EXPECT(strstr(e.text, "none of the 2 keys"));
	EXPECT_NUMBER(open_by(gone, NULL, &ours, &e), -ENOENT);
	EXPECT(strstr(e.text, "gate.yaml:1: a signer") && strstr(e.text, "nowhere.pub"));
}

/* ---- sign-offs ---- */

static void put(const char *name, const struct text *bytes)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	FILE *file = fopen(path, "we");

	EXPECT(file && fwrite(bytes->buf, 1, bytes->length, file) == bytes->length);
	EXPECT_NUMBER(fclose(file), 0);
}

/* What is wrong with test_folder()/NAME as the sign-off of qa; "" nothing. */
static char *lack_of(const char *name, const struct sign_off_terms *but)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name),
			*key = xasprintf("%s/ours.pub", test_folder());
	struct sign_off_terms terms = {
		.name = but->name ? but->name : "qa",
		.path = path,
		.key_path = key,
		.gate_sha256 = but->gate_sha256,
		.plan_sha256 = but->plan_sha256 ? but->plan_sha256 : DIGEST_C,
		.journal_sha256 = but->journal_sha256 ? but->journal_sha256 : DIGEST_C,
		.now_ns = but->now_ns ? but->now_ns : NOW_NS + DAY_NS,
		.within_ns = but->within_ns};
	struct err e = {0};
	char *lack = NULL;

	EXPECT_NUMBER(sign_off_check(&terms, &lack, &e), 0);
	return lack ? lack : xstrdup("");
}

TEST(signer, the_gates_digest_covers_keys_behind_names)
{
	static const char yaml[] = "signers: [ours.pub]\n"
				   "sign_off: [{name: kim, key: theirs.pub}]\n";
	CLEAN_FREE char *ours = xasprintf("%s/ours.pub", test_folder()),
			*theirs = xasprintf("%s/theirs.pub", test_folder());
	char plain[SHA256_SIZE], expected[SHA256_SIZE];
	struct err e = {0};

	make_keys("ours", EVP_PKEY_ED25519, NULL);
	make_keys("theirs", EVP_PKEY_ED25519, NULL);
	CLEANUP(gate)
	struct gate *gate = make_gate(yaml), *again = make_gate(yaml),
		    *none = make_gate("title: x\n");
	(void)sha256_text(yaml, strlen(yaml), plain);
	EXPECT_TEXT(gate->sha256, plain);
	EXPECT_NUMBER(signer_bind(gate, &e), 0);
	CLEAN_FREE char *first = id_of("ours"), *second = id_of("theirs");
	CLEAN_FREE char *lines = xasprintf("%s\n%s\n%s\n", plain, first, second);
	EXPECT_TEXT(gate->sha256, sha256_text(lines, strlen(lines), expected));
	/* Keys of ids are in the file itself. */
	(void)sha256_text("title: x\n", strlen("title: x\n"), plain);
	EXPECT_NUMBER(signer_bind(none, &e), 0);
	EXPECT_TEXT(none->sha256, plain);
	EXPECT(rename(ours, theirs) == 0);
	EXPECT_NUMBER(signer_bind(again, &e), -ENOENT);
	EXPECT(strstr(e.text, "gate.yaml:1: a signer: read the key ") != NULL);
	make_keys("ours", EVP_PKEY_ED25519, NULL);
	EXPECT_NUMBER(signer_bind(again, &e), 0);
	EXPECT(strcmp(again->sha256, gate->sha256) != 0);
}

TEST(signer, a_sign_off_is_of_this_run_and_gate)
{
	CLEAN_TEXT struct text of_qa = TEXT_INIT(1 << 20), of_none = TEXT_INIT(1 << 20);
	CLEAN_TEXT struct text ours = TEXT_INIT(1 << 20), theirs = TEXT_INIT(1 << 20),
			       plain = TEXT_INIT(1 << 20);
	CLEANUP(gate) struct gate *gate = make_gate("sign_off: [{name: qa, key: ours.pub}]\n");
	const char *const gate_sha256 = gate->sha256;

	make_keys("ours", EVP_PKEY_ED25519, NULL);
	make_keys("theirs", EVP_PKEY_ED25519, NULL);
	write_statement(gate, "qa", &of_qa);
	write_statement(gate, NULL, &of_none);
	seal("ours", &of_qa, &ours);
	seal("theirs", &of_qa, &theirs);
	seal("ours", &of_none, &plain);
	put("ours.json", &ours);
	put("theirs.json", &theirs);
	put("plain.json", &plain);
	const struct {
		const char *file;
		struct sign_off_terms terms;
		const char *lack;
	} rows[] = {
		{"ours.json", {.gate_sha256 = gate_sha256}, ""},
		{"ours.json", {.gate_sha256 = gate_sha256, .within_ns = 2 * DAY_NS}, ""},
		{"ours.json", {.gate_sha256 = gate_sha256, .within_ns = NS_PER_S}, "too long ago"},
		{"ours.json", {.gate_sha256 = DIGEST_A}, "by another gate"},
		{"ours.json", {.gate_sha256 = gate_sha256, .name = "security"}, "sign-off of qa"},
		{"ours.json", {.gate_sha256 = gate_sha256, .plan_sha256 = DIGEST_A}, "another run"},
		{"ours.json",
		 {.gate_sha256 = gate_sha256, .journal_sha256 = DIGEST_A},
		 "another run"},
		{"ours.json",
		 {.gate_sha256 = gate_sha256, .now_ns = NOW_NS + 60 * DAY_NS},
		 "expired"},
		{"theirs.json", {.gate_sha256 = gate_sha256}, "another key"},
		{"plain.json", {.gate_sha256 = gate_sha256}, "is no sign-off"},
		{"nowhere.json", {.gate_sha256 = gate_sha256}, "there is no "},
		{"ours.pub", {.gate_sha256 = gate_sha256}, "this is no hallmark"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_FREE char *lack = lack_of(rows[i].file, &rows[i].terms);
		if (rows[i].lack[0] ? !strstr(lack, rows[i].lack) : lack[0] != '\0')
			EXPECT_TEXT(lack, rows[i].lack);
	}
}
