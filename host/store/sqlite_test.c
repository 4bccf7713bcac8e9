/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what goes in comes out, and what must not get in does not. */
#include <sqlite3.h>
#include <string.h>

#include "base/test.h"
#include "host/store/store.h"

static const char plan_text[] =
	"{\"schema\":1,\"run\":\"r1\",\"cells\":[{\"image\":{\"name\":\"x.qcow2\"},\"accel\":\"tcg\",\"cases\":["
	"{\"id\":\"a.one\",\"kind\":\"guest\",\"priority\":\"P1\"},"
	"{\"id\":\"a.two\",\"kind\":\"guest\",\"priority\":\"P1\"}]}]}";

static struct store *open_store(void)
{
	CLEAN_FREE char *path = xasprintf("%s/assay.db", test_folder());
	struct store *store = NULL;
	struct err e = {0};

	EXPECT(store_open(path, &store, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return store;
}

static struct run *parse_run(const char *journal)
{
	struct run *run = NULL;
	struct err e = {0};

	EXPECT(run_parse(plan_text, strlen(plan_text), journal, strlen(journal), &run, &e) == 0);
	return run;
}

static void add_result(struct store *store, const char *id, enum outcome outcome,
		       uint64_t duration_ns)
{
	CLEANUP(record) struct record *record = record_new(RECORD_RESULT, 0);
	struct err e = {0};

	(void)snprintf(record->result.id, sizeof record->result.id, "%s", id);
	record->result.outcome = outcome;
	record->result.duration_ns = duration_ns;
	if (outcome == OUTCOME_FAIL)
		(void)snprintf(record->result.check.expression,
			       sizeof record->result.check.expression, "x == 1");
	EXPECT(store_add(store, record, &e) == 0 && store_commit(store, &e) == 0);
	EXPECT_TEXT(e.text, "");
}

struct seen {
	unsigned count;
	struct store_run last;
};

static int see(void *arg, const struct store_run *run)
{
	struct seen *seen = arg;

	seen->count++;
	seen->last = *run;
	return 0;
}

TEST(store, keeps_runs_and_durations)
{
	CLEANUP(store) struct store *store = open_store(), *again = NULL;
	CLEANUP(run) struct run *run = parse_run("");
	struct seen seen = {0};
	struct err e = {0};

	EXPECT(store_begin(store, run, &e) == 0);
	add_result(store, "a.one", OUTCOME_PASS, 1000);
	add_result(store, "a.two", OUTCOME_INFRA, 5000);
	add_result(store, "a.two", OUTCOME_FAIL, 2000);
	add_result(store, "z.unplanned", OUTCOME_PASS, 7);
	EXPECT(store_runs(store, see, &seen, &e) == 0);
	EXPECT_NUMBER(seen.count, 1);
	EXPECT_TEXT(seen.last.image, "x.qcow2");
	EXPECT_TEXT(seen.last.ending, "");
	EXPECT_NUMBER(seen.last.total, 2);
	EXPECT_NUMBER(seen.last.counts[OUTCOME_PASS], 1);
	EXPECT_NUMBER(seen.last.counts[OUTCOME_FAIL], 1);
	EXPECT_NUMBER(seen.last.counts[OUTCOME_INFRA], 0);
	EXPECT_NUMBER(store_duration_ns(store, "a.one", "tcg", false), 1000);
	EXPECT_NUMBER(store_duration_ns(store, "a.two", "tcg", false), 2000);
	EXPECT_NUMBER(store_duration_ns(store, "a.one", "kvm", false), 0);
	add_result(store, "a.one", OUTCOME_PASS, 2000);
	EXPECT_NUMBER(store_duration_ns(store, "a.one", "tcg", false), 1300);
	again = open_store(); /* a second process */
	EXPECT_NUMBER(store_duration_ns(again, "a.one", "tcg", false), 1300);
}

TEST(store, is_made_again_from_a_journal)
{
	CLEANUP(store) struct store *store = open_store();
	CLEANUP(run)
	struct run *run = parse_run(
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":5,\"text\":\"0.1\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"duration_ns\":9}\n"
		"{\"type\":\"end\",\"wall_ns\":7,\"text\":\"done\"}\n");
	struct seen seen = {0};
	struct err e = {0};

	EXPECT(store_begin(store, run, &e) == 0);
	EXPECT(store_begin(store, run, &e) == 0); /* twice is once */
	EXPECT(store_runs(store, see, &seen, &e) == 0);
	EXPECT_NUMBER(seen.count, 1);
	EXPECT_TEXT(seen.last.ending, "done");
	EXPECT_NUMBER(seen.last.counts[OUTCOME_PASS], 1);
	EXPECT(store_forget(store, "r1", &e) == 0);
	seen.count = 0;
	EXPECT(store_runs(store, see, &seen, &e) == 0);
	EXPECT_NUMBER(seen.count, 0);
}

TEST(store, failed_change_locks_nobody_out)
{
	CLEAN_FREE char *path = xasprintf("%s/assay.db", test_folder());
	CLEANUP(store) struct store *store = open_store();
	CLEANUP(run) struct run *run = parse_run("");
	struct err e = {0};
	sqlite3 *other = NULL;

	EXPECT(sqlite3_open(path, &other) == SQLITE_OK);
	EXPECT(sqlite3_exec(other,
			    "CREATE TRIGGER full BEFORE INSERT ON results BEGIN"
			    " SELECT raise(FAIL, 'no room'); END",
			    NULL, NULL, NULL) == SQLITE_OK);
	EXPECT(store_begin(store, run, &e) < 0);
	EXPECT(strstr(e.text, "no room") != NULL);
	EXPECT(sqlite3_exec(other, "BEGIN IMMEDIATE; DROP TRIGGER full; COMMIT", NULL, NULL,
			    NULL) == SQLITE_OK);
	err_clear(&e);
	EXPECT(store_begin(store, run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	(void)sqlite3_close(other);
}

TEST(store, refuses_a_newer_schema_and_what_is_no_database)
{
	CLEAN_FREE char *path = xasprintf("%s/assay.db", test_folder());
	CLEAN_FREE char *text = xasprintf("%s/text", test_folder());
	struct store *store = NULL;
	struct err e = {0};
	sqlite3 *db = NULL;

	EXPECT(sqlite3_open(path, &db) == SQLITE_OK);
	EXPECT(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL) == SQLITE_OK);
	(void)sqlite3_close(db);
	EXPECT_NUMBER(store_open(path, &store, &e), -ENOTSUP);
	EXPECT(strstr(e.text, "newer Assay") != NULL && store == NULL);
	FILE *file = fopen(text, "we");
	EXPECT(file &&
	       fputs("this is a text and no database, long enough to be looked at\n", file) >= 0);
	if (file)
		(void)fclose(file);
	EXPECT(store_open(text, &store, &e) < 0 && store == NULL);
}

/* ---- executions ---- */

/* What was told, as letters: the id's last one, then the outcome's first. */
static int note(void *arg, const struct store_execution *execution)
{
	struct text *out = arg;
	const char *dot = strchr(execution->id, '.');

	(void)text_addf(out, "%s=%s@%llu ", dot ? dot + 1 : "?", outcome_name(execution->outcome),
			(unsigned long long)execution->ended_ns);
	return 0;
}

static void expect_executions(struct store *store, const char *sha256, const char *want)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct err e = {0};

	(void)text_adds(&out, "");
	EXPECT(store_executions(store, sha256, note, &out, &e) == 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(out.length > 0 ? out.buf : "", want);
}

static void add_execution(struct store *store, const char *id, enum outcome outcome, unsigned at,
			  bool superseded, bool sabotaged)
{
	CLEANUP(record) struct record *record = record_new(RECORD_RESULT, 0);
	struct err e = {0};

	(void)snprintf(record->result.id, sizeof record->result.id, "%s", id);
	record->result.outcome = outcome;
	record->result.wall_ns = at;
	record->superseded = superseded;
	record->result.sabotaged = sabotaged;
	EXPECT(store_add(store, record, &e) == 0 && store_commit(store, &e) == 0);
}

TEST(store, all_executions_are_kept_and_told_in_order)
{
	CLEANUP(store) struct store *store = open_store();
	CLEANUP(run) struct run *run = parse_run("");
	struct err e = {0};

	EXPECT(store_begin(store, run, &e) == 0);
	add_execution(store, "a.two", OUTCOME_PASS, 9, false, false);
	add_execution(store, "a.one", OUTCOME_FAIL, 3, true, false);
	add_execution(store, "a.one", OUTCOME_INFRA, 2, true, false);
	add_execution(store, "a.one", OUTCOME_PASS, 5, false, false);
	add_execution(store, "a.one", OUTCOME_FAIL, 7, false, true);   /* not planned like that */
	add_execution(store, "z.three", OUTCOME_PASS, 7, true, false); /* nor that */
	add_execution(store, "a.two", OUTCOME_SKIP, 8, true, false);   /* is none */
	expect_executions(store, NULL, "one=infra@2 one=fail@3 one=pass@5 two=pass@9 ");
	expect_executions(store, "", "one=infra@2 one=fail@3 one=pass@5 two=pass@9 ");
	expect_executions(store, "ab", "");
	EXPECT(store_begin(store, run, &e) == 0); /* resumed: nothing is lost or doubled */
	expect_executions(store, NULL, "one=infra@2 one=fail@3 one=pass@5 two=pass@9 ");
	EXPECT(store_forget(store, "r1", &e) == 0);
	expect_executions(store, NULL, "");
}

struct newest {
	struct text out;
	unsigned most, count;
};

static int note_newest(void *arg, const struct store_execution *it)
{
	struct newest *newest = arg;

	(void)text_addf(&newest->out, "%s@%u ", outcome_name(it->outcome), (unsigned)it->ended_ns);
	return ++newest->count >= newest->most;
}

static void expect_newest(struct store *store, const char *id, uint64_t until_ns, unsigned most,
			  const char *want)
{
	struct newest newest = {.out = TEXT_INIT(4096), .most = most};
	struct err e = {0};

	EXPECT(store_newest(store, id, until_ns, note_newest, &newest, &e) >= 0);
	EXPECT_TEXT(newest.out.buf, want);
	text_done(&newest.out);
}

static int note_case(void *arg, const char *id)
{
	return text_addf(arg, "%s ", id);
}

TEST(store, the_newest_executions_of_a_case)
{
	CLEANUP(store) struct store *store = open_store();
	CLEAN_TEXT struct text ids = TEXT_INIT(4096);
	CLEANUP(run) struct run *run = parse_run("");
	struct err e = {0};

	EXPECT(store_cases(store, note_case, &ids, &e) == 0);
	EXPECT_TEXT(ids.buf, "");
	EXPECT(store_begin(store, run, &e) == 0);
	add_execution(store, "a.two", OUTCOME_PASS, 9, false, false);
	add_execution(store, "a.one", OUTCOME_FAIL, 3, true, false);
	add_execution(store, "a.one", OUTCOME_PASS, 5, false, false);
	add_execution(store, "a.one", OUTCOME_INFRA, 4, true, false);
	EXPECT(store_cases(store, note_case, &ids, &e) == 0);
	EXPECT_TEXT(ids.buf, "a.one a.two ");
	expect_newest(store, "a.one", UINT64_MAX, 100, "pass@5 infra@4 fail@3 ");
	expect_newest(store, "a.one", UINT64_MAX, 2, "pass@5 infra@4 ");
	expect_newest(store, "a.one", 4, 100, "infra@4 fail@3 ");
	expect_newest(store, "a", UINT64_MAX, 100, "");
}

TEST(store, executions_are_made_again_from_a_journal)
{
	CLEANUP(store) struct store *store = open_store();
	CLEANUP(run)
	struct run *run = parse_run(
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":5,\"text\":\"0.1\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"fail\",\"ended_ns\":6,\"superseded\":true}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"ended_ns\":7,\"attempt\":2}\n");
	struct err e = {0};

	EXPECT(store_begin(store, run, &e) == 0);
	EXPECT(store_begin(store, run, &e) == 0);
	expect_executions(store, NULL, "one=fail@6 one=pass@7 ");
}

/* A store of the first schema, as it was: its results are the executions that are known. */
TEST(store, what_an_older_one_holds_is_taken_over)
{
	CLEAN_FREE char *path = xasprintf("%s/assay.db", test_folder());
	static const char old[] =
		"CREATE TABLE runs(id TEXT PRIMARY KEY, folder TEXT NOT NULL, assay TEXT NOT NULL, host TEXT NOT NULL,"
		" begun_ns INTEGER NOT NULL, ended_ns INTEGER, ending TEXT) STRICT;"
		"CREATE TABLE cells(run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, cell INTEGER NOT NULL,"
		" image TEXT NOT NULL, sha256 TEXT NOT NULL, os TEXT NOT NULL, size TEXT NOT NULL,"
		" firmware TEXT NOT NULL, accel TEXT NOT NULL, entry TEXT NOT NULL,"
		" PRIMARY KEY(run, cell)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE results(run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, cell INTEGER NOT NULL,"
		" id TEXT NOT NULL, sabotaged INTEGER NOT NULL, outcome TEXT, message TEXT, need TEXT,"
		" duration_ns INTEGER, ended_ns INTEGER, attempt INTEGER, passed INTEGER, failed INTEGER, machine TEXT,"
		" PRIMARY KEY(run, cell, id, sabotaged)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE checks(run TEXT NOT NULL, cell INTEGER NOT NULL, id TEXT NOT NULL,"
		" sabotaged INTEGER NOT NULL, expression TEXT NOT NULL, got TEXT, want TEXT, file TEXT, line INTEGER,"
		" row TEXT, PRIMARY KEY(run, cell, id, sabotaged)) STRICT, WITHOUT ROWID;"
		"CREATE TABLE durations(id TEXT NOT NULL, accel TEXT NOT NULL, sabotaged INTEGER NOT NULL,"
		" span_ns INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(id, accel, sabotaged)) STRICT, WITHOUT ROWID;"
		"INSERT INTO runs VALUES('r0','/r0','0.1','h',1,2,'done');"
		"INSERT INTO cells VALUES('r0',0,'x','ab','OS','s','uefi','tcg','cloud-init');"
		"INSERT INTO results(run,cell,id,sabotaged,outcome,ended_ns,attempt) VALUES('r0',0,'a.one',0,'fail',4,1);"
		"INSERT INTO results(run,cell,id,sabotaged,outcome,ended_ns,attempt) VALUES('r0',0,'a.one',1,'fail',5,1);"
		"INSERT INTO results(run,cell,id,sabotaged,outcome) VALUES('r0',0,'a.two',0,'skip');"
		"INSERT INTO results(run,cell,id,sabotaged) VALUES('r0',0,'a.three',0);"
		"PRAGMA user_version=1";
	sqlite3 *db = NULL;

	EXPECT(sqlite3_open(path, &db) == SQLITE_OK);
	EXPECT(sqlite3_exec(db, old, NULL, NULL, NULL) == SQLITE_OK);
	(void)sqlite3_close(db);
	CLEANUP(store) struct store *store = open_store();
	expect_executions(store, "ab", "one=fail@4 ");
}

/* ---- samples ---- */

static int note_sample(void *arg, const struct store_sample *sample)
{
	(void)text_addf(arg, "%s %s %g %s %s; ", sample->id, sample->name, sample->sample,
			sample->unit, sample->run);
	return 0;
}

TEST(store, what_passes_has_measured_something)
{
	CLEANUP(store) struct store *store = open_store();
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	CLEANUP(run)
	struct run *run = parse_run(
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":5,\"text\":\"0.1\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"fail\",\"ended_ns\":6,\"superseded\":true,"
		"\"measures\":[{\"name\":\"x\",\"unit\":\"s\",\"better\":\"lower\",\"samples\":[9]}]}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"ended_ns\":7,\"superseded\":true,"
		"\"measures\":[{\"name\":\"x\",\"unit\":\"s\",\"better\":\"lower\",\"samples\":[1,5,2]}]}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"ended_ns\":8,\"attempt\":2,"
		"\"measures\":[{\"name\":\"x\",\"unit\":\"s\",\"better\":\"lower\",\"samples\":[3]}]}\n");
	struct err e = {0};

	EXPECT(store_begin(store, run, &e) == 0 && store_begin(store, run, &e) == 0);
	EXPECT(store_samples(store, note_sample, &out, &e) == 0);
	EXPECT_TEXT(out.buf, "a.one x 2 s r1; a.one x 3 s r1; ");
}
