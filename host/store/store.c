/* SPDX-License-Identifier: Apache-2.0 */
/* The store in SQLite; this file converts its conventions. */
#include "host/store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

#define BUSY_MS		10000
#define BOUND_MAX	(16U << 20) /* more than a journal line */
#define DURATION_WEIGHT "0.3"	    /* of the newest duration in the remembered one */

/* Each string brings the schema from its index to the next version. Never change one that was released: add. */
static const char *const migrations[] = {
	"CREATE TABLE runs(id TEXT PRIMARY KEY, folder TEXT NOT NULL, assay TEXT NOT NULL, host TEXT NOT NULL,"
	" begun_ns INTEGER NOT NULL, ended_ns INTEGER, ending TEXT) STRICT;"
	"CREATE TABLE cells(run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, cell INTEGER NOT NULL,"
	" image TEXT NOT NULL, sha256 TEXT NOT NULL, os TEXT NOT NULL, size TEXT NOT NULL, firmware TEXT NOT NULL,"
	" accel TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY(run, cell)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE results(run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, cell INTEGER NOT NULL,"
	" id TEXT NOT NULL, sabotaged INTEGER NOT NULL, outcome TEXT, message TEXT, need TEXT, duration_ns INTEGER,"
	" ended_ns INTEGER, attempt INTEGER, passed INTEGER, failed INTEGER, machine TEXT,"
	" PRIMARY KEY(run, cell, id, sabotaged)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE checks(run TEXT NOT NULL, cell INTEGER NOT NULL, id TEXT NOT NULL, sabotaged INTEGER NOT NULL,"
	" expression TEXT NOT NULL, got TEXT, want TEXT, file TEXT, line INTEGER, row TEXT,"
	" PRIMARY KEY(run, cell, id, sabotaged),"
	" FOREIGN KEY(run, cell, id, sabotaged) REFERENCES results ON DELETE CASCADE) STRICT, WITHOUT ROWID;"
	"CREATE TABLE durations(id TEXT NOT NULL, accel TEXT NOT NULL, sabotaged INTEGER NOT NULL,"
	" span_ns INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(id, accel, sabotaged)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX results_by_case ON results(id, outcome);",
	/* All executions of a case, also those that are not its result: what has been kept of older runs is their results. What
	 * else makes a cell (CPU model, variants, policy) is not known of those. */
	"ALTER TABLE cells ADD COLUMN make TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE executions(run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, cell INTEGER NOT NULL,"
	" id TEXT NOT NULL, sabotaged INTEGER NOT NULL, ended_ns INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" outcome TEXT NOT NULL, message TEXT, duration_ns INTEGER,"
	" PRIMARY KEY(run, cell, id, sabotaged, ended_ns, attempt)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX executions_by_case ON executions(id);"
	"INSERT OR IGNORE INTO executions SELECT run, cell, id, sabotaged, ifnull(ended_ns,0), ifnull(attempt,1), outcome,"
	" message, duration_ns FROM results WHERE outcome IS NOT NULL AND outcome <> 'skip';",
	"ALTER TABLE runs ADD COLUMN retests TEXT NOT NULL DEFAULT '';",
	/* What executions that passed have measured: of each value the median of its samples. */
	"CREATE TABLE samples(run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE, cell INTEGER NOT NULL,"
	" id TEXT NOT NULL, ended_ns INTEGER NOT NULL, attempt INTEGER NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,"
	" sample REAL NOT NULL, PRIMARY KEY(run, cell, id, ended_ns, attempt, name)) STRICT, WITHOUT ROWID;",
	/* The newest of a case are read without the older ones. */
	"CREATE INDEX executions_by_time ON executions(id, sabotaged, ended_ns); DROP INDEX executions_by_case;",
	/* What a waiver may ask about: not known of older runs. */
	"ALTER TABLE cells ADD COLUMN arch TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE cells ADD COLUMN filesystem TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE cells ADD COLUMN kernel TEXT NOT NULL DEFAULT '';",
};

enum statement {
	PUT_RUN,
	END_RUN,
	PUT_CELL,
	PLAN_RESULT,
	PUT_RESULT,
	PUT_EXECUTION,
	PUT_SAMPLE,
	PUT_CHECK,
	DROP_CHECK,
	PUT_DURATION,
	GET_DURATION,
	FORGET_RUN,
	LIST_RUNS,
	LIST_EXECUTIONS,
	LIST_CASES,
	LIST_NEWEST,
	LIST_SAMPLES,
	STATEMENT_COUNT_,
};

/* As take_execution() takes them. */
#define EXECUTION_COLUMNS                                                                                       \
	"SELECT x.id, c.sha256, c.image, c.os, c.size, c.firmware, c.accel, c.make, r.assay, x.run, x.outcome," \
	" ifnull(x.message,''), x.ended_ns, c.arch, c.filesystem, c.kernel"

static const char *const statements[STATEMENT_COUNT_] = {
	[PUT_RUN] =
		"INSERT INTO runs(id,folder,assay,host,begun_ns,retests) VALUES(?1,?2,?3,?4,?5,?6)"
		" ON CONFLICT(id) DO UPDATE SET"
		" folder=?2, assay=?3, host=?4, begun_ns=?5, ended_ns=NULL, ending=NULL, retests=?6",
	[END_RUN] = "UPDATE runs SET ended_ns=?2, ending=?3 WHERE id=?1",
	[PUT_CELL] =
		"INSERT OR REPLACE INTO cells VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
	[PLAN_RESULT] = "INSERT OR IGNORE INTO results(run,cell,id,sabotaged) VALUES(?1,?2,?3,?4)",
	[PUT_RESULT] =
		"UPDATE results SET outcome=?5, message=?6, need=?7, duration_ns=?8, ended_ns=?9, attempt=?10,"
		" passed=?11, failed=?12, machine=?13 WHERE run=?1 AND cell=?2 AND id=?3 AND sabotaged=?4",
	/* Of what was planned, and once, however often a journal is read in. */
	[PUT_EXECUTION] =
		"INSERT OR IGNORE INTO executions SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9 WHERE EXISTS"
		" (SELECT 1 FROM results WHERE run=?1 AND cell=?2 AND id=?3 AND sabotaged=?4)",
	[PUT_SAMPLE] =
		"INSERT OR IGNORE INTO samples SELECT ?1,?2,?3,?5,?6,?7,?8,?9 WHERE EXISTS"
		" (SELECT 1 FROM results WHERE run=?1 AND cell=?2 AND id=?3 AND sabotaged=?4)",
	[PUT_CHECK] = "INSERT OR REPLACE INTO checks VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	[DROP_CHECK] = "DELETE FROM checks WHERE run=?1 AND cell=?2 AND id=?3 AND sabotaged=?4",
	[PUT_DURATION] =
		"INSERT INTO durations VALUES(?1,?2,?3,?4,1) ON CONFLICT DO UPDATE SET span_ns ="
		" CAST(span_ns + " DURATION_WEIGHT
		" * (?4 - span_ns) AS INTEGER), count = count + 1",
	[GET_DURATION] = "SELECT span_ns FROM durations WHERE id=?1 AND accel=?2 AND sabotaged=?3",
	[FORGET_RUN] = "DELETE FROM runs WHERE id=?1",
	[LIST_RUNS] =
		"SELECT r.id, r.folder, r.begun_ns, ifnull(r.ending,''),"
		" ifnull((SELECT image FROM cells c WHERE c.run=r.id AND c.cell=0),''),"
		" count(x.id), sum(x.outcome='pass'), sum(x.outcome='fail'), sum(x.outcome='skip'),"
		" sum(x.outcome='broken'), sum(x.outcome='infra'), r.retests"
		" FROM runs r LEFT JOIN results x ON x.run=r.id AND NOT x.sabotaged"
		" GROUP BY r.id ORDER BY r.begun_ns DESC, r.id DESC",
	[LIST_EXECUTIONS] = EXECUTION_COLUMNS
	" FROM executions x JOIN cells c ON c.run=x.run AND c.cell=x.cell"
	" JOIN runs r ON r.id=x.run WHERE NOT x.sabotaged AND (?1 IS NULL OR c.sha256=?1)"
	" ORDER BY x.id, c.sha256, c.size, c.firmware, c.accel, c.make, r.assay,"
	" x.ended_ns, x.run, x.attempt",
	/* From one id to the next by the index, whatever number of executions each has. */
	[LIST_CASES] =
		"WITH RECURSIVE ids(id) AS (SELECT min(id) FROM executions UNION ALL"
		" SELECT (SELECT min(id) FROM executions WHERE id > ids.id) FROM ids WHERE ids.id IS NOT NULL)"
		" SELECT id FROM ids WHERE id IS NOT NULL",
	[LIST_NEWEST] = EXECUTION_COLUMNS
	" FROM executions x CROSS JOIN cells c ON c.run=x.run AND c.cell=x.cell"
	" CROSS JOIN runs r ON r.id=x.run WHERE x.id=?1 AND x.sabotaged=0 AND x.ended_ns<=?2"
	" ORDER BY x.ended_ns DESC, x.run DESC, x.attempt DESC",
	[LIST_SAMPLES] =
		"SELECT x.id, c.sha256, c.image, c.os, c.size, c.firmware, c.accel, c.make, r.assay, x.run, x.name, x.unit,"
		" x.sample, r.host FROM samples x JOIN cells c ON c.run=x.run AND c.cell=x.cell"
		" JOIN runs r ON r.id=x.run ORDER BY x.id, x.name, x.unit, c.size, c.firmware, c.accel, r.host, c.sha256,"
		" x.run, x.ended_ns, x.attempt",
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *prepared[STATEMENT_COUNT_];
	char *path, *run_id;
	char **accels; /* by cell of the begun run */
	size_t accel_count;
	bool in_transaction;
	bool is_beginning; /* what the journal has already was counted when it happened */
};

/* ---- SQLite's conventions ---- */

static int refuse(struct store *store, const char *what, struct err *e)
{
	int code = sqlite3_errcode(store->db);

	return err_set(e, BLAME_HOST,
		       code == SQLITE_BUSY   ? EBUSY
		       : code == SQLITE_FULL ? ENOSPC
					     : EIO,
		       "%s in the store %s: %s", what, store->path, sqlite3_errmsg(store->db));
}

static int execute(struct store *store, const char *sql, struct err *e)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return refuse(store, "a change", e);
	return 0;
}

static sqlite3_stmt *statement(struct store *store, enum statement which)
{
	return store->prepared[which];
}

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(BOUND_MAX);

	if (!text) {
		(void)sqlite3_bind_null(stmt, at);
		return;
	}
	(void)text_adds(&shown, text);
	secret_hide(&shown);
	(void)sqlite3_bind_text(stmt, at, shown.buf, -1, SQLITE_TRANSIENT);
}

static void bind_number(sqlite3_stmt *stmt, int at, uint64_t number)
{
	(void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)number);
}

/* Runs a change and makes the statement ready for the next. A bad binding shows here too. */
static int finish(struct store *store, enum statement which, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, which);
	int code = sqlite3_step(stmt);
	int r = code == SQLITE_DONE ? 0 : refuse(store, "a change", e);

	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return r;
}

/* ---- opening ---- */

static int read_version(struct store *store, int *ret, struct err *e)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW) {
		int r = refuse(store, "the schema's version", e);
		(void)sqlite3_finalize(stmt);
		return r;
	}
	*ret = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return 0;
}

/* In one exclusive transaction, so that two processes do not both migrate. */
static int migrate(struct store *store, struct err *e)
{
	int version = 0;
	int r = execute(store, "BEGIN EXCLUSIVE", e);

	if (r == 0)
		r = read_version(store, &version, e);
	if (r == 0 && version > (int)ARRAY_LEN(migrations))
		r = err_set(
			e, BLAME_USER, ENOTSUP,
			"the store %s is of a newer Assay (schema %d, this one knows %zu): use that one, or "
			"move the file away",
			store->path, version, ARRAY_LEN(migrations));
	for (; r == 0 && version < (int)ARRAY_LEN(migrations); version++)
		r = execute(store, migrations[version], e);
	if (r == 0) {
		CLEAN_FREE char *pragma =
			xasprintf("PRAGMA user_version=%zu", ARRAY_LEN(migrations));
		r = execute(store, pragma, e);
	}
	if (r == 0)
		return execute(store, "COMMIT", e);
	(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int prepare(struct store *store, struct err *e)
{
	for (size_t i = 0; i < STATEMENT_COUNT_; i++)
		if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->prepared[i], NULL) != SQLITE_OK)
			return refuse(store, "a statement", e);
	return 0;
}

int store_open(const char *path, struct store **ret, struct err *e)
{
	CLEANUP(store) struct store *store = xnew(sizeof *store);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX |
		    SQLITE_OPEN_NOFOLLOW;

	store->path = xstrdup(path);
	if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK)
		return refuse(store, "nothing can be read", e);
	(void)sqlite3_busy_timeout(store->db, BUSY_MS);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	int r = execute(
		store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON",
		e);
	if (r == 0)
		r = migrate(store, e);
	if (r == 0)
		r = prepare(store, e);
	if (r == 0)
		*ret = STEAL_PTR(store);
	return r;
}

static void forget_accels(struct store *store)
{
	for (size_t i = 0; i < store->accel_count; i++)
		free(store->accels[i]);
	free(store->accels);
	store->accels = NULL;
	store->accel_count = 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT_; i++)
		(void)sqlite3_finalize(store->prepared[i]);
	(void)sqlite3_close(store->db);
	forget_accels(store);
	free(store->run_id);
	free(store->path);
	free(store);
}

/* ---- writing ---- */

static int begin(struct store *store, struct err *e)
{
	int r = store->in_transaction ? 0 : execute(store, "BEGIN IMMEDIATE", e);

	store->in_transaction = store->in_transaction || r == 0;
	return r;
}

/* What has failed must not hold the others up until this process ends: gives the lock back. Returns r. */
static int give_up(struct store *store, int r)
{
	store->in_transaction = false;
	(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int store_commit(struct store *store, struct err *e)
{
	if (!store->in_transaction)
		return 0;
	store->in_transaction = false;
	int r = execute(store, "COMMIT", e);
	return r < 0 ? give_up(store, r) : 0;
}

static int put_run(struct store *store, const struct run *run, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, PUT_RUN);

	bind_text(stmt, 1, run->id);
	bind_text(stmt, 2, run->folder);
	bind_text(stmt, 3, run->version);
	bind_text(stmt, 4, run->host);
	bind_number(stmt, 5, run->begun_ns ? run->begun_ns : clock_wall_ns());
	bind_text(stmt, 6, run->retests);
	return finish(store, PUT_RUN, e);
}

void store_make(const struct run_cell *cell, struct text *out)
{
	(void)text_addf(out, "cpu=%s controller=%s machine=%s qemu=%s\n%s%s", cell->cpu_model,
			cell->controller, cell->machine, cell->qemu_version, cell->variants,
			cell->policy);
	if (cell->kernel_digest[0])
		(void)text_addf(out, "kernel=%s\n", cell->kernel_digest);
}

static int put_cell(struct store *store, const struct run *run, const struct run_cell *cell,
		    struct err *e)
{
	sqlite3_stmt *stmt = statement(store, PUT_CELL);
	CLEAN_TEXT struct text make = TEXT_INIT(BOUND_MAX);

	bind_text(stmt, 1, run->id);
	bind_number(stmt, 2, cell->index);
	bind_text(stmt, 3, cell->image_name);
	bind_text(stmt, 4, cell->image_digest);
	bind_text(stmt, 5, cell->os_name);
	bind_text(stmt, 6, cell->size_name);
	bind_text(stmt, 7, cell->firmware);
	bind_text(stmt, 8, cell->accel);
	bind_text(stmt, 9, cell->entry);
	store_make(cell, &make);
	bind_text(stmt, 10, make.buf);
	bind_text(stmt, 11, cell->arch);
	bind_text(stmt, 12, cell->image_filesystem);
	bind_text(stmt, 13, cell->kernel_release);
	return finish(store, PUT_CELL, e);
}

static void bind_key(struct store *store, sqlite3_stmt *stmt, unsigned cell, const char *id,
		     bool sabotaged)
{
	bind_text(stmt, 1, store->run_id);
	bind_number(stmt, 2, cell);
	bind_text(stmt, 3, id);
	bind_number(stmt, 4, sabotaged);
}

static int put_sample(struct store *store, const struct run_case *of, const struct run_try *it,
		      const struct measure *measure, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, PUT_SAMPLE);

	bind_key(store, stmt, of->cell, of->id, of->sabotaged);
	bind_number(stmt, 5, it->wall_ns);
	bind_number(stmt, 6, it->attempt);
	bind_text(stmt, 7, measure->name);
	bind_text(stmt, 8, measure->unit);
	(void)sqlite3_bind_double(stmt, 9, measure_typical(measure));
	return finish(store, PUT_SAMPLE, e);
}

/* One that was skipped was none. */
static int put_execution(struct store *store, const struct run_case *of, const struct run_try *it,
			 struct err *e)
{
	sqlite3_stmt *stmt = statement(store, PUT_EXECUTION);

	if (it->outcome == OUTCOME_SKIP)
		return 0;
	bind_key(store, stmt, of->cell, of->id, of->sabotaged);
	bind_number(stmt, 5, it->wall_ns);
	bind_number(stmt, 6, it->attempt);
	bind_text(stmt, 7, outcome_name(it->outcome));
	bind_text(stmt, 8, it->message);
	bind_number(stmt, 9, it->duration_ns);
	int r = finish(store, PUT_EXECUTION, e);
	vec_each (&it->measures, measure)
		if (r == 0 && it->outcome == OUTCOME_PASS && !of->sabotaged)
			r = put_sample(store, of, it, measure, e);
	return r;
}

static int put_case(struct store *store, const struct run_case *it, struct err *e)
{
	bind_key(store, statement(store, PLAN_RESULT), it->cell, it->id, it->sabotaged);
	int r = finish(store, PLAN_RESULT, e);
	vec_each (&it->tries, try_)
		if (r == 0)
			r = put_execution(store, it, try_, e);
	/* What is carried over was counted where it was found. */
	return r == 0 && it->record && !it->carried ? store_add(store, it->record, e) : r;
}

static int put_all(struct store *store, const struct run *run, struct err *e)
{
	int r = put_run(store, run, e);

	vec_each (&run->cells, cell)
		if (r == 0)
			r = put_cell(store, run, cell, e);
	vec_each (&run->cases, it)
		if (r == 0)
			r = put_case(store, it, e);
	if (r == 0 && run->ended_ns) {
		struct record end = {.type = RECORD_END, .wall_ns = run->ended_ns};
		(void)snprintf(end.text, sizeof end.text, "%s", run->ending);
		r = store_add(store, &end, e);
	}
	return r;
}

int store_begin(struct store *store, const struct run *run, struct err *e)
{
	free(store->run_id);
	store->run_id = xstrdup(run->id);
	forget_accels(store);
	store->accels = xnew((run->cells.count + 1) * sizeof *store->accels);
	vec_each (&run->cells, cell)
		store->accels[store->accel_count++] = xstrdup(cell->accel);
	int r = begin(store, e);
	store->is_beginning = true;
	if (r == 0)
		r = put_all(store, run, e);
	store->is_beginning = false;
	return r == 0 ? store_commit(store, e) : give_up(store, r);
}

static int put_check(struct store *store, const struct record *record, struct err *e)
{
	const struct check_record *check = &record->result.check;
	enum statement which = check->expression[0] ? PUT_CHECK : DROP_CHECK;
	sqlite3_stmt *stmt = statement(store, which);

	bind_key(store, stmt, record->cell, record->result.id, record->result.sabotaged);
	if (which == PUT_CHECK) {
		bind_text(stmt, 5, check->expression);
		bind_text(stmt, 6, check->got);
		bind_text(stmt, 7, check->want);
		bind_text(stmt, 8, check->file);
		bind_number(stmt, 9, check->line);
		bind_text(stmt, 10, check->row);
	}
	return finish(store, which, e);
}

/* Only what ran to its own end tells how long it takes. */
static int put_duration(struct store *store, const struct record *record, struct err *e)
{
	const struct result *result = &record->result;
	sqlite3_stmt *stmt = statement(store, PUT_DURATION);

	if ((result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_FAIL) ||
	    result->duration_ns == 0 || record->cell >= store->accel_count || store->is_beginning)
		return 0;
	bind_text(stmt, 1, result->id);
	bind_text(stmt, 2, store->accels[record->cell]);
	bind_number(stmt, 3, result->sabotaged);
	bind_number(stmt, 4, result->duration_ns);
	return finish(store, PUT_DURATION, e);
}

static int put_result(struct store *store, const struct record *record, struct err *e)
{
	const struct result *result = &record->result;
	sqlite3_stmt *stmt = statement(store, PUT_RESULT);

	bind_key(store, stmt, record->cell, result->id, result->sabotaged);
	bind_text(stmt, 5, outcome_name(result->outcome));
	bind_text(stmt, 6, result->message);
	bind_text(stmt, 7, result->need);
	bind_number(stmt, 8, result->duration_ns);
	bind_number(stmt, 9, result->wall_ns);
	bind_number(stmt, 10, result->attempt);
	bind_number(stmt, 11, result->checks_passed);
	bind_number(stmt, 12, result->checks_failed);
	bind_text(stmt, 13, record->name);
	int r = finish(store, PUT_RESULT, e);
	if (r == 0 && sqlite3_changes(store->db) > 0) /* not planned: no row, so no check either */
		r = put_check(store, record, e);
	return r == 0 ? put_duration(store, record, e) : r;
}

static int put_execution_of(struct store *store, const struct record *record, struct err *e)
{
	const struct result *result = &record->result;
	struct run_case of = {.cell = record->cell, .sabotaged = result->sabotaged};
	CLEAN_FREE char *message = xstrdup(result->message);
	const struct run_try it = {.outcome = result->outcome,
				   .attempt = result->attempt,
				   .duration_ns = result->duration_ns,
				   .wall_ns = result->wall_ns,
				   .message = message,
				   .measures = result->measures};

	(void)snprintf(of.id, sizeof of.id, "%s", result->id);
	return put_execution(store, &of, &it, e);
}

static int put_end(struct store *store, const struct record *record, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, END_RUN);

	bind_text(stmt, 1, store->run_id);
	bind_number(stmt, 2, record->wall_ns);
	bind_text(stmt, 3, record->text);
	return finish(store, END_RUN, e);
}

int store_add(struct store *store, const struct record *record, struct err *e)
{
	if (!store->run_id || (record->type != RECORD_RESULT && record->type != RECORD_END))
		return 0;
	int r = begin(store, e);
	if (r < 0)
		return r;
	if (record->type == RECORD_RESULT)
		r = put_execution_of(store, record, e);
	if (r == 0 && !record->superseded)
		r = record->type == RECORD_RESULT ? put_result(store, record, e)
						  : put_end(store, record, e);
	return r < 0 ? give_up(store, r) : 0;
}

int store_forget(struct store *store, const char *run_id, struct err *e)
{
	bind_text(statement(store, FORGET_RUN), 1, run_id);
	return finish(store, FORGET_RUN, e);
}

/* ---- reading ---- */

uint64_t store_duration_ns(struct store *store, const char *id, const char *accel, bool sabotaged)
{
	sqlite3_stmt *stmt = statement(store, GET_DURATION);
	uint64_t span_ns = 0;

	bind_text(stmt, 1, id);
	bind_text(stmt, 2, accel);
	bind_number(stmt, 3, sabotaged);
	if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int64(stmt, 0) > 0)
		span_ns = (uint64_t)sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return span_ns;
}

static void take_text(sqlite3_stmt *stmt, int column, char *buf, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	(void)snprintf(buf, size, "%s", text ? (const char *)text : "");
}

static void take_run(sqlite3_stmt *stmt, struct store_run *run)
{
	static const enum outcome order[] = {OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_SKIP,
					     OUTCOME_BROKEN, OUTCOME_INFRA};
	char iso[CLOCK_ISO_SIZE];

	*run = (struct store_run){0};
	take_text(stmt, 0, run->id, sizeof run->id);
	take_text(stmt, 1, run->folder, sizeof run->folder);
	(void)snprintf(run->begun, sizeof run->begun, "%s",
		       clock_iso((uint64_t)sqlite3_column_int64(stmt, 2), iso));
	take_text(stmt, 3, run->ending, sizeof run->ending);
	take_text(stmt, 4, run->image, sizeof run->image);
	run->total = (unsigned)sqlite3_column_int(stmt, 5);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		run->counts[order[i]] = (unsigned)sqlite3_column_int(stmt, 6 + i);
	take_text(stmt, 6 + OUTCOME_COUNT, run->retests, sizeof run->retests);
}

int store_runs(struct store *store, store_run_fn *on_run, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, LIST_RUNS);
	int code, r = 0;

	while (r == 0 && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct store_run run;
		take_run(stmt, &run);
		r = on_run(arg, &run);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = refuse(store, "the list of runs", e);
	(void)sqlite3_reset(stmt);
	return r;
}

static const char *column(sqlite3_stmt *stmt, int at)
{
	const unsigned char *text = sqlite3_column_text(stmt, at);

	return text ? (const char *)text : "";
}

/* Columns 1 to 8 of what lists cells. */
static struct store_cell take_cell(sqlite3_stmt *stmt)
{
	return (struct store_cell){.sha256 = column(stmt, 1),
				   .image = column(stmt, 2),
				   .os = column(stmt, 3),
				   .size = column(stmt, 4),
				   .firmware = column(stmt, 5),
				   .accel = column(stmt, 6),
				   .make = column(stmt, 7),
				   .assay = column(stmt, 8)};
}

/* -EBADMSG: the store has an outcome that this Assay does not know. */
static int take_execution(struct store *store, sqlite3_stmt *stmt, struct store_execution *ret,
			  struct err *e)
{
	*ret = (struct store_execution){
		.id = column(stmt, 0),
		.cell = take_cell(stmt),
		.run = column(stmt, 9),
		.message = column(stmt, 11),
		.ended_ns = (uint64_t)sqlite3_column_int64(stmt, 12),
	};
	ret->cell.arch = column(stmt, 13);
	ret->cell.filesystem = column(stmt, 14);
	ret->cell.kernel = column(stmt, 15);
	if (outcome_parse(column(stmt, 10), &ret->outcome) == 0)
		return 0;
	return err_set(e, BLAME_HOST, EBADMSG, "the store %s has an outcome '%.32s'", store->path,
		       column(stmt, 10));
}

int store_executions(struct store *store, const char *sha256, store_execution_fn *on_execution,
		     void *arg, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, LIST_EXECUTIONS);
	int code, r = 0;

	bind_text(stmt, 1, sha256);
	while (r == 0 && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct store_execution execution;
		r = take_execution(store, stmt, &execution, e);
		if (r == 0)
			r = on_execution(arg, &execution);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = refuse(store, "the executions", e);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return r;
}

int store_cases(struct store *store, store_case_fn *on_case, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, LIST_CASES);
	int code, r = 0;

	while (r == 0 && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		r = on_case(arg, column(stmt, 0));
	if (r == 0 && code != SQLITE_DONE)
		r = refuse(store, "the cases", e);
	(void)sqlite3_reset(stmt);
	return r;
}

int store_newest(struct store *store, const char *id, uint64_t until_ns,
		 store_execution_fn *on_execution, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, LIST_NEWEST);
	int code, r = 0;

	bind_text(stmt, 1, id);
	bind_number(stmt, 2, until_ns < INT64_MAX ? until_ns : INT64_MAX);
	while (r == 0 && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct store_execution execution;
		r = take_execution(store, stmt, &execution, e);
		if (r == 0)
			r = on_execution(arg, &execution);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = refuse(store, "the executions", e);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return r;
}

int store_samples(struct store *store, store_sample_fn *on_sample, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = statement(store, LIST_SAMPLES);
	int code, r = 0;

	while (r == 0 && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct store_sample sample = {.id = column(stmt, 0),
						    .cell = take_cell(stmt),
						    .run = column(stmt, 9),
						    .name = column(stmt, 10),
						    .unit = column(stmt, 11),
						    .sample = sqlite3_column_double(stmt, 12),
						    .host = column(stmt, 13)};
		r = on_sample(arg, &sample);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = refuse(store, "the samples", e);
	(void)sqlite3_reset(stmt);
	return r;
}
