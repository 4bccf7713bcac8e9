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
