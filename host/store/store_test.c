/* SPDX-License-Identifier: Apache-2.0 */
/* Journals and runs read back: what was written, what was torn, what is foreign. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>

#include "base/secret.h"
#include "base/test.h"
#include "host/plan/plan.h"
#include "host/store/folder.h"
#include "host/store/journal.h"
#include "host/store/run.h"

static struct record *sample_record(const char *id)
{
	struct record *record = record_new(RECORD_RESULT, 3);
	struct result *result = &record->result;

	(void)snprintf(result->id, sizeof result->id, "%s", id);
	(void)snprintf(record->name, sizeof record->name, "fork-7");
	result_set(result, OUTCOME_FAIL, "the clock says \"1970\"\n\x01");
	result->check = (struct check_record){.expression = "year > 1970",
					      .got = "1970",
					      .want = "1970",
					      .file = "guest/cases/time/clock.c",
					      .line = 12,
					      .row = "utc"};
	result->checks_passed = 2;
	result->checks_failed = 1;
	result->duration_ns = 123456789;
	result->attempt = 2;
	result->sabotaged = true;
	(void)snprintf(record->sure, sizeof record->sure, SURE_FLAKY);
	EXPECT(measures_add(&result->measures, "rate", "MB/s", MEASURE_HIGHER, 0.1) == 0);
	EXPECT(measures_add(&result->measures, "rate", "MB/s", MEASURE_HIGHER, -1e300) == 0);
	text_add(&result->evidence, "line 1\nline \xff 2\n\0", 17);
	return record;
}

TEST(record, comes_back_as_it_went)
{
	CLEANUP(record) struct record *record = sample_record("time.clock_is_set"), *back = NULL;
	CLEAN_TEXT struct text line = TEXT_INIT(RECORD_LINE_MAX);
	struct err e = {0};

	record_encode(record, &line);
	EXPECT(memchr(line.buf, '\n', line.length) == line.buf + line.length - 1);
	EXPECT(record_decode(line.buf, line.length - 1, &back, &e) == 0);
	EXPECT_NUMBER(back->type, RECORD_RESULT);
	EXPECT_NUMBER(back->cell, 3);
	EXPECT_TEXT(back->name, "fork-7");
	EXPECT_TEXT(back->result.id, "time.clock_is_set");
	EXPECT_NUMBER(back->result.outcome, OUTCOME_FAIL);
	EXPECT_TEXT(back->result.message, record->result.message);
	EXPECT_TEXT(back->result.check.expression, "year > 1970");
	EXPECT_NUMBER(back->result.check.line, 12);
	EXPECT_TEXT(back->result.check.row, "utc");
	EXPECT_NUMBER(back->result.duration_ns, 123456789);
	EXPECT_NUMBER(back->result.attempt, 2);
	EXPECT(back->result.sabotaged && !back->superseded);
	EXPECT_TEXT(back->sure, "flaky");
	const struct measure *rate = measures_find(&back->result.measures, "rate");
	EXPECT(rate && rate->count == 2 && rate->samples[0] == 0.1 && rate->samples[1] == -1e300);
	EXPECT(rate && rate->better == MEASURE_HIGHER && strcmp(rate->unit, "MB/s") == 0);
	EXPECT_TEXT(back->result.evidence.buf, "line 1\nline \xef\xbf\xbd 2\n?");
}

TEST(record, tests_of_a_programs_own_come_back)
{
	CLEANUP(record) struct record *record = sample_record("own.a"), *back = NULL;
	CLEAN_TEXT struct text line = TEXT_INIT(RECORD_LINE_MAX);
	static char name[] = "disk > writes \x01", message[] = "got 1", none[] = "";
	const struct sub_result subs[] = {
		{.name = name,
		 .message = message,
		 .outcome = OUTCOME_FAIL,
		 .line = 7,
		 .duration_ns = 5},
		{.name = name, .message = none, .outcome = OUTCOME_PASS, .expected = true}};
	struct err e = {0};

	result_add_sub(&record->result, &subs[0]);
	result_add_sub(&record->result, &subs[1]);
	record->result.subs_cut = 3;
	record_encode(record, &line);
	EXPECT(record_decode(line.buf, line.length - 1, &back, &e) == 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(back->result.subs.count, 2);
	EXPECT_TEXT(back->result.subs.items[0].name, name);
	EXPECT_TEXT(back->result.subs.items[0].message, "got 1");
	EXPECT_NUMBER(back->result.subs.items[0].line, 7);
	EXPECT_NUMBER(back->result.subs.items[0].duration_ns, 5);
	EXPECT(back->result.subs.items[1].expected);
	EXPECT_NUMBER(back->result.subs_cut, 3);
}

TEST(record, no_span_makes_a_line_unreadable)
{
	CLEANUP(record) struct record *record = sample_record("a.b"), *back = NULL;
	CLEAN_TEXT struct text line = TEXT_INIT(RECORD_LINE_MAX);
	struct err e = {0};

	record->result.duration_ns = UINT64_MAX;
	record->result.checks_passed = record->result.checks_failed = UINT_MAX;
	record_encode(record, &line);
	EXPECT(record_decode(line.buf, line.length - 1, &back, &e) == 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(back && back->result.duration_ns == INT64_MAX);
}

static const char *const refused_lines[] = {
	"",
	"[]",
	"{\"type\":\"dance\"}",
	"{\"type\":\"begin\",\"schema\":99}",
	"{\"type\":\"result\",\"id\":\"\",\"outcome\":\"pass\"}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"fine\"}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"cell\":-1}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"message\":7}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"check\":[]}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"subs\":{}}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"subs\":[{\"name\":\"x\"}]}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"subs\":[{\"name\":\"x\",\"outcome\":\"odd\"}]}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"sure\":\"maybe\"}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"measures\":{}}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"measures\":[{\"name\":\"a\",\"unit\":\"s\",\"better\":\"lower\","
	"\"samples\":[\"1\"]}]}",
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"measures\":[{\"name\":\"a\",\"unit\":\"s\",\"better\":\"more\","
	"\"samples\":[1]}]}",
};

TEST(record, refuses_foreign_lines)
{
	for (size_t i = 0; i < ARRAY_LEN(refused_lines); i++) {
		CLEANUP(record) struct record *record = NULL;
		struct err e = {0};
		EXPECT(record_decode(refused_lines[i], strlen(refused_lines[i]), &record, &e) < 0);
		EXPECT(e.text[0] != '\0');
	}
}

static int count_record(void *arg, const struct record *record UNUSED, struct err *e UNUSED)
{
	++*(unsigned *)arg;
	return 0;
}

static void append(const char *path, const char *bytes)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	EXPECT(fd >= 0 && write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
}

static unsigned count_in(const char *path, size_t *ret_lost)
{
	unsigned count = 0;
	struct err e = {0};

	EXPECT(journal_read(path, count_record, &count, ret_lost, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return count;
}

TEST(journal, survives_a_torn_line)
{
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(journal) struct journal *journal = NULL, *again = NULL, *third = NULL;
	CLEANUP(record) struct record *record = sample_record("a.b");
	struct err e = {0};
	size_t lost;

	EXPECT(journal_create(path, &journal, &e) == 0);
	EXPECT(journal_add(journal, record, &e) == 0 && journal_flush(journal, &e) == 0);
	append(path, "{\"type\":\"result\",\"id\":\"a.c\",\"outc");
	EXPECT_NUMBER(count_in(path, &lost), 1);
	EXPECT_NUMBER(lost, 1);
	journal_free(STEAL_PTR(journal));
	EXPECT(journal_open(path, &again, &e) == 0);
	EXPECT_NUMBER(count_in(path, &lost), 1);
	EXPECT_NUMBER(lost, 0);
	EXPECT(journal_add(again, record, &e) == 0);
	EXPECT_NUMBER(count_in(path, &lost), 2);
	EXPECT(journal_create(path, &third, &e) == -EEXIST);
}

TEST(journal, has_no_secrets)
{
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(journal) struct journal *journal = NULL;
	CLEANUP(record) struct record *record = sample_record("a.b");
	CLEAN_TEXT struct text content = TEXT_INIT(65536);
	struct err e = {0};
	size_t lost;

	EXPECT(secret_add("hunter2\"hunter"));
	(void)snprintf(record->result.message, sizeof record->result.message,
		       "token=hunter2\"hunter.");
	EXPECT(journal_create(path, &journal, &e) == 0);
	EXPECT(journal_add(journal, record, &e) == 0 && journal_flush(journal, &e) == 0);
	EXPECT(text_read_file(&content, path) == 0);
	EXPECT(strstr(content.buf, "hunter") == NULL && strstr(content.buf, "token=***.") != NULL);
	EXPECT_NUMBER(count_in(path, &lost), 1);
	EXPECT_NUMBER(lost, 0);
	secret_forget();
}

TEST(journal, has_one_writer)
{
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(journal) struct journal *first = NULL, *second = NULL;
	struct err e = {0};

	EXPECT(!journal_is_written(path));
	EXPECT(journal_create(path, &first, &e) == 0);
	EXPECT(journal_is_written(path));
	EXPECT_NUMBER(journal_open(path, &second, &e), -EBUSY);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(strstr(e.text, "still going on") != NULL);
	journal_free(STEAL_PTR(first));
	EXPECT(!journal_is_written(path));
	EXPECT(journal_open(path, &second, &e) == 0);
}

TEST(journal, names_the_damaged_line)
{
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(journal) struct journal *journal = NULL;
	CLEANUP(record) struct record *record = sample_record("a.b");
	struct err e = {0};
	unsigned count = 0;
	size_t lost;

	EXPECT(journal_create(path, &journal, &e) == 0);
	EXPECT(journal_add(journal, record, &e) == 0);
	append(path, "damage\n");
	EXPECT(journal_add(journal, record, &e) == 0);
	EXPECT(journal_read(path, count_record, &count, &lost, &e) == -EBADMSG);
	EXPECT(strstr(e.text, "line 2") != NULL);
	/* Nor is more added to it: what was there is somebody's to look at. */
	journal_free(STEAL_PTR(journal));
	EXPECT_NUMBER(journal_open(path, &journal, &e), -EBADMSG);
}

/* What a power cut leaves of lines that were written and never flushed. */
TEST(journal, survives_a_garbled_end)
{
	static const char *const ends[] = {
		"damage\n",
		"damage\n{\"type\":\"res\nsult\",\"id\"",
		"\n\n\n",
		"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"p\x80ss\"}\n{\"ty",
	};
	static const size_t lost_lines[] = {1, 3, 3, 2};
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(record) struct record *record = sample_record("a.b");
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		CLEANUP(journal) struct journal *journal = NULL, *again = NULL;
		size_t lost = 0;
		EXPECT(journal_create(path, &journal, &e) == 0);
		EXPECT(journal_add(journal, record, &e) == 0);
		append(path, ends[i]);
		journal_free(STEAL_PTR(journal));
		EXPECT_NUMBER(count_in(path, &lost), 1);
		EXPECT_NUMBER(lost, lost_lines[i]);
		EXPECT(journal_open(path, &again, &e) == 0);
		EXPECT(again && journal_add(again, record, &e) == 0);
		EXPECT_NUMBER(count_in(path, &lost), 2);
		EXPECT_NUMBER(lost, 0);
		EXPECT(unlink(path) == 0);
	}
}

/* File systems give the room before the content: after a power cut the end is zeroes, any number of them. */
TEST(journal, survives_an_end_of_zeroes)
{
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(journal) struct journal *journal = NULL, *again = NULL;
	CLEANUP(record) struct record *record = sample_record("a.b");
	struct err e = {0};
	size_t lost = 0;

	EXPECT(journal_create(path, &journal, &e) == 0);
	EXPECT(journal_add(journal, record, &e) == 0);
	journal_free(STEAL_PTR(journal));
	EXPECT(truncate(path, 3 * (off_t)RECORD_LINE_MAX) == 0);
	EXPECT_NUMBER(count_in(path, &lost), 1);
	EXPECT_NUMBER(lost, 1);
	append(path, "\n");
	EXPECT_NUMBER(count_in(path, &lost), 1);
	EXPECT_NUMBER(lost, 1);
	EXPECT(journal_open(path, &again, &e) == 0);
	EXPECT(again && journal_add(again, record, &e) == 0);
	EXPECT_NUMBER(count_in(path, &lost), 2);
	EXPECT_NUMBER(lost, 0);
}

static const char plan_text[] =
	"{\"schema\":1,\"run\":\"r1\",\"cells\":[{\"image\":{\"name\":\"x.qcow2\"},\"cases\":["
	"{\"id\":\"b.two\",\"kind\":\"guest\",\"priority\":\"P1\"},"
	"{\"id\":\"a.one\",\"kind\":\"audit\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"}]}]}";

TEST(run, last_result_counts_and_foreign_ones_do_not)
{
	static const char journal[] =
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":5,\"text\":\"0.1\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"infra\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"attempt\":2}\n"
		"{\"type\":\"result\",\"id\":\"z.unplanned\",\"outcome\":\"pass\"}\n"
		"{\"type\":\"phase\",\"name\":\"boot\",\"span_ns\":7}\n"
		"{\"type\":\"result\",\"id\":\"b.two\",\"outc";
	CLEANUP(run) struct run *run = NULL;
	struct run_tally tally;
	struct err e = {0};

	EXPECT(run_parse(plan_text, strlen(plan_text), journal, strlen(journal), &run, &e) == 0);
	EXPECT_TEXT(run->id, "r1");
	EXPECT(run->lost_lines == 1 && run->ended_ns == 0 && run->begun_ns == 5);
	EXPECT_NUMBER(run->phases.count, 1);
	run_tally(run, &tally);
	EXPECT_NUMBER(tally.total, 2);
	EXPECT_NUMBER(tally.holes, 1);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], 1);
	const struct run_case *one = run_find(run, 0, "a.one", false);
	EXPECT(one && one->proven && one->attempts == 2 && one->result->outcome == OUTCOME_PASS);
	EXPECT(run_find(run, 0, "a.one", true) == NULL);
}

TEST(run, a_cell_has_its_size)
{
	static const char plan[] =
		"{\"schema\":1,\"run\":\"r1\",\"cells\":[{\"image\":{\"name\":\"x.qcow2\"},\"size\":{"
		"\"name\":\"Standard_HB176-24rs_v4\",\"cpus\":4,\"mem_mib\":2048,\"controller\":\"nvme\","
		"\"stand_in\":\"4 of 24 CPUs\"},\"cases\":[]}]}";
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_parse(plan, strlen(plan), "", 0, &run, &e), 0);
	EXPECT_TEXT(run ? run->cells.items[0].size_name : "", "Standard_HB176-24rs_v4");
	EXPECT_TEXT(run ? run->cells.items[0].controller : "", "nvme");
	EXPECT_TEXT(run ? run->cells.items[0].stand_in : "", "4 of 24 CPUs");
}

TEST(run, what_was_superseded_is_no_result)
{
	static const char journal[] =
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":5,\"text\":\"0.1\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"fail\",\"superseded\":true,\"name\":\"m1\","
		"\"message\":\"late\"}\n"
		"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"attempt\":2}\n"
		"{\"type\":\"result\",\"id\":\"b.two\",\"outcome\":\"pass\",\"superseded\":true}\n";
	CLEANUP(run) struct run *run = NULL;
	struct run_tally tally;
	struct err e = {0};

	EXPECT(run_parse(plan_text, strlen(plan_text), journal, strlen(journal), &run, &e) == 0);
	run_tally(run, &tally);
	EXPECT_NUMBER(tally.holes, 1);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], 1);
	const struct run_case *one = run_find(run, 0, "a.one", false);
	EXPECT(one && one->attempts == 2 && one->tries.count == 1 && run_case_is_done(one));
	if (one && one->tries.count == 1) {
		EXPECT_NUMBER(one->tries.items[0].outcome, OUTCOME_FAIL);
		EXPECT_TEXT(one->tries.items[0].message, "late");
		EXPECT_TEXT(one->tries.items[0].machine, "m1");
	}
}

/* From each beginning to its end; what was killed has come as far as its last record. */
TEST(run, time_between_sessions_is_not_its_own)
{
	static const char journal[] =
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1000}\n"
		"{\"type\":\"result\",\"wall_ns\":1200,\"id\":\"a.one\",\"outcome\":\"pass\"}\n"
		"{\"type\":\"resume\",\"wall_ns\":5000}\n"
		"{\"type\":\"end\",\"wall_ns\":5030,\"text\":\"cancelled\"}\n"
		"{\"type\":\"resume\",\"wall_ns\":9000}\n"
		"{\"type\":\"result\",\"wall_ns\":9004,\"id\":\"b.two\",\"outcome\":\"infra\"}\n"
		"{\"type\":\"end\",\"wall_ns\":9005,\"text\":\"done\"}\n";
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT(run_parse(plan_text, strlen(plan_text), journal, strlen(journal), &run, &e) == 0);
	EXPECT_NUMBER(run->worked_ns, 200 + 30 + 5);
	EXPECT(run->resumed == 2 && !run->is_going);
	EXPECT(!run_is_complete(run)); /* the host's fault is tried again */
}

/* Killed after its plan was written and before its journal was: nothing of it is lost, and it can go on. */
TEST(run, folder_without_a_journal)
{
	CLEAN_FREE char *plan = xasprintf("%s/plan.json", test_folder());
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", test_folder());
	CLEANUP(run) struct run *run = NULL, *again = NULL;
	CLEANUP(journal) struct journal *journal = NULL;
	CLEANUP(record) struct record *resume = record_new(RECORD_RESUME, 0);
	struct run_tally tally;
	struct err e = {0};

	EXPECT(file_write(plan, plan_text, strlen(plan_text), &e) == 0);
	EXPECT_NUMBER(run_load(test_folder(), &run, &e), 0);
	EXPECT_TEXT(e.text, "");
	if (!run)
		return;
	run_tally(run, &tally);
	EXPECT_NUMBER(tally.holes, 2);
	EXPECT_NUMBER(journal_open(path, &journal, &e), 0);
	(void)snprintf(resume->text, sizeof resume->text, "9.9");
	EXPECT(journal && journal_add(journal, resume, &e) == 0);
	EXPECT_NUMBER(run_load(test_folder(), &again, &e), 0);
	EXPECT(again && again->begun_ns > 0 && strcmp(again->version, "9.9") == 0);
	/* The journal is still open to be written. */
	EXPECT(again && again->is_going && again->cases.items[0].is_awaited && !run->is_going);
}

TEST(run, folder_without_a_run)
{
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_load(test_folder(), &run, &e), -ENOENT);
	EXPECT(strstr(e.text, "holds no run") != NULL);
}

TEST(folder, run_ids)
{
	char id[RUN_ID_SIZE];
	CLEAN_FREE char *first = NULL, *second = NULL;
	struct err e = {0};

	EXPECT_TEXT(run_id_make("Debian 12 (x).qcow2", "uefi", 1000000000ULL * 1000000000, id),
		    "20010909-014640-debian-12-x-uefi");
	EXPECT_TEXT(run_id_make("debian-12-uefi.qcow2", "uefi", 0, id),
		    "19700101-000000-debian-12-uefi");
	EXPECT_TEXT(run_id_make("...", "", 0, id), "19700101-000000-image");
	EXPECT(run_folder_make(test_folder(), id, &first, &e) == 0);
	EXPECT(run_folder_make(test_folder(), id, &second, &e) == 0);
	EXPECT_TEXT(id, "19700101-000000-image-2");
}

TEST(folder, whole_files_and_removal)
{
	CLEAN_FREE char *deep = xasprintf("%s/a/b/c", test_folder());
	CLEAN_FREE char *file = xasprintf("%s/x", deep), *top = xasprintf("%s/a", test_folder());
	CLEAN_TEXT struct text text = TEXT_INIT(100);
	struct stat stat_;
	struct err e = {0};

	EXPECT(folder_make(deep, &e) == 0 && folder_make(deep, &e) == 0);
	EXPECT(file_write(file, "one", 3, &e) == 0 && file_write(file, "two", 3, &e) == 0);
	EXPECT(text_read_file(&text, file) == 0);
	EXPECT_TEXT(text.buf, "two");
	/* Another process is writing the same file. */
	CLEAN_FREE char *other = xasprintf("%s.new", file);
	EXPECT(folder_make(other, &e) == 0 && file_write(file, "three", 5, &e) == 0);
	EXPECT(folder_usage(top) > 0);
	/* What a device, a pipe or a link is stays what it is. */
	CLEAN_FREE char *link = xasprintf("%s/link", top);
	EXPECT(symlink(file, link) == 0 && file_write(link, "four", 4, &e) == 0);
	text_clear(&text);
	EXPECT(text_read_file(&text, file) == 0);
	EXPECT_TEXT(text.buf, "four");
	EXPECT(lstat(link, &stat_) == 0 && S_ISLNK(stat_.st_mode));
	EXPECT(file_write("/dev/null", "x", 1, &e) == 0);
	EXPECT(stat("/dev/null", &stat_) == 0 && S_ISCHR(stat_.st_mode));
	EXPECT(folder_make(file, &e) < 0);
	EXPECT(folder_remove(top, &e) == 0 && folder_remove(top, &e) == 0);
	EXPECT(stat(top, &stat_) < 0);
}

/* Whoever may not read a file may not read what comes in its place. */
TEST(folder, a_file_that_is_replaced_keeps_its_mode_and_owner)
{
	CLEAN_FREE char *file = xasprintf("%s/secret", test_folder()),
			*fresh = xasprintf("%s/fresh", test_folder()),
			*link = xasprintf("%s/link", test_folder());
	struct stat before, after;
	struct err e = {0};

	EXPECT(file_write(file, "one", 3, &e) == 0 && chmod(file, 0640) == 0);
	if (geteuid() == 0)
		EXPECT(chown(file, 12345, 54321) == 0);
	EXPECT(stat(file, &before) == 0 && file_write(file, "two", 3, &e) == 0);
	EXPECT(stat(file, &after) == 0 && after.st_ino != before.st_ino);
	EXPECT(after.st_mode == before.st_mode && after.st_uid == before.st_uid &&
	       after.st_gid == before.st_gid);
	/* Through a link it is replaced whole as well. */
	EXPECT(symlink("secret", link) == 0 && file_write(link, "three", 5, &e) == 0);
	EXPECT(stat(file, &before) == 0 && before.st_ino != after.st_ino &&
	       before.st_mode == after.st_mode);
	(void)umask(0027);
	EXPECT(file_write(fresh, "x", 1, &e) == 0 && stat(fresh, &after) == 0);
	EXPECT_NUMBER(after.st_mode & 0777, 0640);
}

static void put(const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	struct err e = {0};

	EXPECT(file_write(path, "x", 1, &e) == 0);
}

TEST(folder, a_run_is_removed_and_nothing_else)
{
	CLEAN_FREE char *machine = xasprintf("%s/m0012-fork", test_folder()),
			*foreign = xasprintf("%s/makefile", test_folder());
	struct stat stat_;
	struct err e = {0};

	EXPECT(folder_make(machine, &e) == 0);
	put("m0012-fork/console.log");
	put("plan.json");
	put("journal.jsonl");
	put("judgements.jsonl");
	put("makefile");
	EXPECT_NUMBER(run_folder_remove(test_folder(), &e), 1);
	EXPECT(stat(machine, &stat_) < 0 && stat(foreign, &stat_) == 0);
	EXPECT(unlink(foreign) == 0);
	EXPECT_NUMBER(run_folder_remove(test_folder(), &e), 0);
	EXPECT(stat(test_folder(), &stat_) < 0);
	EXPECT_NUMBER(run_folder_remove(test_folder(), &e), 0);
}

#define CARRIED_PLAN(carried)                                                                      \
	"{\"schema\":1,\"run\":\"r\",\"retests\":\"q\",\"cells\":[{\"image\":{\"sha256\":\"aa\"}," \
	"\"cases\":[{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P1\",\"carried\":" carried   \
	"}]}]}"

TEST(run, a_retest_has_results_of_another_run)
{
	static const char plan[] = CARRIED_PLAN(
		"{\"run\":\"q\",\"sha256\":\"bb\",\"outcome\":\"skip\",\"need\":\"kvm\","
		"\"message\":\"m\",\"passed\":2,\"duration_ns\":7}");
	static const char own[] =
		"{\"type\":\"result\",\"cell\":0,\"id\":\"a.b\",\"outcome\":\"pass\"}\n";
	CLEANUP(run) struct run *carried = NULL, *again = NULL;
	struct run_tally tally;
	struct err e = {0};

	EXPECT(run_parse(plan, strlen(plan), "", 0, &carried, &e) == 0);
	EXPECT_TEXT(carried->retests, "q");
	const struct run_case *it = run_find(carried, 0, "a.b", false);
	EXPECT(it && it->result && it->carried && run_case_is_of_other_image(carried, it));
	EXPECT(it->result->outcome == OUTCOME_SKIP && it->result->duration_ns == 7);
	EXPECT_TEXT(it->result->need, "kvm");
	EXPECT_TEXT(it->carried->run, "q");
	EXPECT(run_case_is_done(it) && it->attempts == 0);
	run_tally(carried, &tally);
	EXPECT(tally.carried == 1 && tally.foreign == 1 && tally.outcomes[OUTCOME_SKIP] == 1);

	/* What the run looked at itself is its own. */
	EXPECT(run_parse(plan, strlen(plan), own, strlen(own), &again, &e) == 0);
	it = run_find(again, 0, "a.b", false);
	EXPECT(it && !it->carried && it->result->outcome == OUTCOME_PASS);
	run_case_forget(run_find(again, 0, "a.b", false));
	EXPECT(!it->result && !it->record && it->attempts == 0);
}

TEST(run, a_carried_result_has_an_outcome)
{
	static const char plan[] = CARRIED_PLAN("{\"run\":\"q\",\"outcome\":\"fine\"}");
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_parse(plan, strlen(plan), "", 0, &run, &e), -EBADMSG);
	EXPECT(strstr(e.text, "case 'a.b' is carried over without outcome") != NULL);
}

/* ---- lines of a file that is only added to ---- */

TEST(folder, lines_are_added_whole)
{
	CLEAN_FREE char *path = xasprintf("%s/lines", test_folder());
	CLEAN_TEXT struct text bytes = TEXT_INIT(4096);
	struct err e = {0};

	EXPECT_NUMBER(file_append(path, "one\n", 4, &e), 0);
	EXPECT_NUMBER(file_append(path, "torn", 4, &e), 0); /* as a crash leaves it */
	EXPECT_NUMBER(file_append(path, "three\n", 6, &e), 0);
	EXPECT_NUMBER(text_read_file(&bytes, path), 0);
	EXPECT_TEXT(bytes.buf, "one\ntorn\nthree\n");
	CLEAN_FREE char *nowhere = xasprintf("%s/none/lines", test_folder());
	EXPECT_NUMBER(file_append(nowhere, "x\n", 2, &e), -ENOENT);
	EXPECT(strstr(e.text, "none/lines"));
}
