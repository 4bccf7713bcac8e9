/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent as a host sees it: serve() in a child over a socketpair, with cases of its own that pass, fail, crash, hang, flood
 * and leave children behind; and bytes that no host would send.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/test.h"
#include "base/wait.h"
#include "guest/kit/trial.h"
#include "guest/serve.h"

/* ---- cases ---- */

CASE(agenttest, passes, .title = "It passes")
{
	note(t, "cpus is %lld", plan_number(t, "cpus", 0));
	(void)puts("printed");
	CHECK_EQ(t, getsid(0), getpid());
}

CASE(agenttest, says_its_process)
{
	note(t, "process %d of %lld cpus", getpid(), plan_number(t, "cpus", 0));
	CHECK_EQ(t, getchar(), EOF);
}

CASE(agenttest, fails)
{
	CHECK_EQ(t, "got", "want");
}

CASE(agenttest, checks_nothing)
{
	note(t, "nothing");
}

CASE(agenttest, crashes)
{
	check_passed(t);
	(void)raise(SIGSEGV);
}

SABOTAGE(agenttest, crashes, "nothing")
{
	note(t, "nothing");
}

CASE(agenttest, is_killed)
{
	check_passed(t);
	(void)raise(SIGKILL);
}

CASE(agenttest, hangs)
{
	check_passed(t);
	pause();
}

CASE(agenttest, exits)
{
	check_passed(t);
	_exit(3);
}

CASE(agenttest, floods)
{
	char line[1024];

	memset(line, 'x', sizeof line - 2);
	line[sizeof line - 2] = '\n';
	line[sizeof line - 1] = '\0';
	for (int i = 0; i < 4096; i++)
		(void)fputs(line, stdout);
	for (int i = 0; i < 4096; i++)
		note(t, "%s", line);
	CHECK(t, true);
}

CASE(agenttest, leaves_children)
{
	for (int i = 0; i < 20; i++) {
		if (fork() == 0) {
			(void)setsid(); /* out of the group */
			if (fork() == 0)
				(void)setsid();
			for (;;)
				pause();
		}
	}
	CHECK(t, true);
}

CASE(agenttest, needs_what_is_not_there, .needs = "cmd:no-such-program-anywhere")
{
	CHECK(t, true);
}

CASE(agenttest, needs_what_nobody_knows, .needs = "frobnication")
{
	CHECK(t, true);
}

CASE(agenttest, reads_a_file)
{
	const char *text = file_text(t, "/etc/passwd");

	CHECK_CONTAINS(t, text ? text : "", "root:");
}

CASE(agenttest, has_a_clean_environment)
{
	CHECK_EQ(t, getenv("LC_ALL"), "C");
	CHECK_EQ(t, (const char *)getenv("ASSAY_TEST_LEAK"), (const char *)NULL);
	CHECK_ERRNO(t, fcntl(200, F_GETFD), EBADF);
}

/* ---- the host's side ---- */

#define ANSWER_NS (20 * NS_PER_S)

struct host {
	int fd;
	pid_t pid;
	struct text in;
	size_t used;
};

static void start_agent(struct host *host)
{
	struct port port = PORT_INIT;
	struct err e = {0};
	int ends[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	*host = (struct host){.fd = ends[0], .in = TEXT_INIT(8U << 20)};
	host->pid = fork();
	if (host->pid == 0) {
		close(ends[0]);
		(void)setenv("ASSAY_TEST_LEAK", "1", 1);
		(void)dup2(ends[1], 200);
		_exit(port_of_fds(ends[1], ends[1], false, &port, &e) < 0 || serve(&port) != 0);
	}
	close(ends[1]);
}

/* The next frame; type 0 when none comes. It is valid until the next call. */
static struct frame next_frame(struct host *host)
{
	struct patience p = patience_for(-1, ANSWER_NS);
	struct frame frame = {0};
	struct err e = {0};
	char piece[65536];

	for (;;) {
		long used = frame_parse(host->in.buf + host->used, host->in.length - host->used,
					&frame, &e);
		if (used != 0) {
			host->used += used > 0 ? (size_t)used : 0;
			return used > 0 ? frame : (struct frame){0};
		}
		memmove(host->in.buf, host->in.buf + host->used, host->in.length - host->used);
		text_cut(&host->in, host->in.length - host->used);
		host->used = 0;
		if (wait_fd(&p, host->fd, POLLIN, "a frame", &e) < 0)
			return (struct frame){0};
		ssize_t got = read(host->fd, piece, sizeof piece);
		if (got <= 0)
			return (struct frame){0};
		(void)text_add(&host->in, piece, (size_t)got);
	}
}

static void send_bytes(struct host *host, const void *bytes, size_t length)
{
	struct patience p = patience_for(-1, ANSWER_NS);
	struct err e = {0};

	EXPECT(wait_write(&p, host->fd, bytes, length, "the agent", &e) == 0);
}

static void send_text(struct host *host, struct text *out)
{
	send_bytes(host, out->buf, out->length);
	text_clear(out);
}

static void field_copy(const struct frame *frame, enum field_key key, char *buf, size_t size)
{
	struct field field;
	struct err e = {0};

	buf[0] = '\0';
	if (frame_find(frame, key, &field, &e) > 0)
		field_string(&field, buf, size);
}

static void expect_greeting(struct host *host)
{
	struct frame frame = next_frame(host);
	char facts[4096];

	EXPECT_NUMBER(frame.type, FRAME_HELLO);
	field_copy(&frame, FIELD_TEXT, facts, sizeof facts);
	EXPECT(strstr(facts, "kernel=") != NULL);
	EXPECT(strstr(facts, "boot_id=") != NULL);
}

static void call(struct host *host, const char *verb, const char *first, const char *second,
		 uint64_t want_code, char *reply, size_t size)
{
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	struct field code = {0};
	struct err e = {0};

	frame_open(&out, FRAME_CALL);
	field_text(&out, FIELD_NAME, verb);
	if (first)
		field_text(&out, FIELD_TEXT, first);
	if (second)
		field_text(&out, FIELD_TEXT, second);
	frame_close(&out);
	send_text(host, &out);
	struct frame frame = next_frame(host);
	EXPECT_NUMBER(frame.type, FRAME_REPLY);
	EXPECT(frame_find(&frame, FIELD_CODE, &code, &e) > 0);
	EXPECT_NUMBER((long long)field_value(&code), (long long)want_code);
	field_copy(&frame, FIELD_TEXT, reply, size);
}

static void expect_alive(struct host *host)
{
	char reply[256];

	call(host, "time", NULL, NULL, 0, reply, sizeof reply);
	EXPECT(has_prefix(reply, "wall_ns="));
}

/* Ends it and looks that it has left nothing behind. */
static void stop_agent(struct host *host)
{
	CLEAN_TEXT struct text out = TEXT_INIT(64);
	int status = -1;

	frame_open(&out, FRAME_BYE);
	frame_close(&out);
	send_text(host, &out);
	EXPECT_NUMBER(next_frame(host).type, 0);
	EXPECT(waitpid(host->pid, &status, 0) == host->pid);
	EXPECT_NUMBER(status, 0);
	close(host->fd);
	text_done(&host->in);
}

static void order_run_told(struct host *host, const char *id, unsigned flags, unsigned timeout_s,
			   const char *parameters)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	frame_open(&out, FRAME_RUN);
	field_text(&out, FIELD_ID, id);
	field_number(&out, FIELD_FLAGS, flags);
	field_number(&out, FIELD_TIMEOUT, timeout_s);
	field_text(&out, FIELD_TEXT, parameters);
	frame_close(&out);
	send_text(host, &out);
}

static void order_run(struct host *host, const char *id, unsigned flags, unsigned timeout_s)
{
	order_run_told(host, id, flags, timeout_s, "cpus=4\n");
}

/* Takes what comes until the result; `others` gets a line for each frame before it. */
static void expect_result(struct host *host, const char *want_outcome, const char *want_message,
			  struct text *others)
{
	char outcome[16], message[512], text[256];

	for (;;) {
		struct frame frame = next_frame(host);
		EXPECT(frame.type != 0);
		if (frame.type == 0)
			return;
		if (frame.type == FRAME_RESULT) {
			field_copy(&frame, FIELD_OUTCOME, outcome, sizeof outcome);
			field_copy(&frame, FIELD_MESSAGE, message, sizeof message);
			EXPECT_TEXT(outcome, want_outcome);
			EXPECT_TEXT(message, want_message);
			return;
		}
		field_copy(&frame,
			   frame.type == FRAME_CHECK ? FIELD_EXPRESSION
			   : frame.type == FRAME_SUB ? FIELD_NAME
						     : FIELD_TEXT,
			   text, sizeof text);
		if (others)
			(void)text_addf(others, "%u %zu %s\n", frame.type, frame.length, text);
	}
}

static void expect_run(const char *id, unsigned flags, unsigned timeout_s, const char *outcome,
		       const char *message)
{
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, id, flags, timeout_s);
	expect_result(&host, outcome, message, NULL);
	expect_alive(&host);
	stop_agent(&host);
}

/* ---- tests ---- */

TEST(agent, pass_with_note_and_output)
{
	CLEAN_TEXT struct text others = TEXT_INIT(65536);
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.passes", 0, 10);
	expect_result(&host, "pass", "", &others);
	EXPECT(strstr(others.buf, "cpus is 4") != NULL);
	EXPECT(strstr(others.buf, "printed\n") != NULL);
	stop_agent(&host);
}

static void stand_by(struct host *host)
{
	CLEAN_TEXT struct text out = TEXT_INIT(256);
	struct field code;
	struct err e = {0};

	frame_open(&out, FRAME_STAND_BY);
	frame_close(&out);
	send_text(host, &out);
	struct frame frame = next_frame(host);
	EXPECT_NUMBER(frame.type, FRAME_REPLY);
	EXPECT(frame_find(&frame, FIELD_CODE, &code, &e) > 0 && field_value(&code) == 0);
}

/* The only child of the agent; 0: it has none. */
static pid_t only_child(const struct host *host)
{
	CLEAN_FREE char *path = xasprintf("/proc/%d/task/%d/children", host->pid, host->pid);
	CLEAN_TEXT struct text children = TEXT_INIT(4096);
	int child = 0, other = 0;

	EXPECT(text_read_file(&children, path) == 0);
	EXPECT(sscanf(children.buf, "%d %d", &child, &other) < 2);
	return child;
}

/* Until the process is dead; its parent has not noticed yet. A state of Z says that its first thread is: another, such as
 * that of a sanitizer, may still hold its descriptors. */
static void await_end(pid_t pid)
{
	struct pollfd fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};

	EXPECT(fd.fd >= 0);
	EXPECT(poll(&fd, 1, ANSWER_NS / NS_PER_MS) == 1);
	close(fd.fd);
}

TEST(agent, one_that_stands_by_runs_the_next_case)
{
	CLEAN_TEXT struct text others = TEXT_INIT(65536);
	struct host host;
	char name[32];

	start_agent(&host);
	expect_greeting(&host);
	stand_by(&host);
	pid_t pid = only_child(&host);
	EXPECT(pid > 0);
	stand_by(&host); /* one is enough */
	EXPECT_NUMBER(only_child(&host), pid);
	order_run(&host, "agenttest.says_its_process", 0, 10);
	expect_result(&host, "pass", "", &others);
	(void)snprintf(name, sizeof name, "process %d of 4 cpus", pid);
	EXPECT(strstr(others.buf, name) != NULL);
	EXPECT_NUMBER(only_child(&host), 0);
	order_run(&host, "agenttest.has_a_clean_environment", 0, 10);
	expect_result(&host, "pass", "", NULL);
	stand_by(&host);
	order_run(&host, "agenttest.has_a_clean_environment", 0, 10);
	expect_result(&host, "pass", "", NULL);
	stop_agent(&host);
}

TEST(agent, one_that_stands_by_and_dies_is_replaced)
{
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	stand_by(&host);
	pid_t pid = only_child(&host);
	EXPECT(kill(pid, SIGKILL) == 0);
	await_end(pid);
	order_run(&host, "agenttest.says_its_process", 0, 10);
	expect_result(&host, "pass", "", NULL);
	stop_agent(&host);
}

TEST(agent, fail_sends_the_check)
{
	CLEAN_TEXT struct text others = TEXT_INIT(65536);
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.fails", 0, 10);
	expect_result(&host, "fail", "\"got\" == \"want\": got \"got\", want \"want\"", &others);
	EXPECT(has_prefix(others.buf, "17 "));
	EXPECT(strstr(others.buf, "\"got\" == \"want\"") != NULL);
	stop_agent(&host);
}

TEST(agent, broken_cases)
{
	expect_run("agenttest.checks_nothing", 0, 10, "broken", "the case checked nothing");
	expect_run("agenttest.nowhere", 0, 10, "broken", "the agent has no such case");
	expect_run("agenttest.exits", 0, 10, "broken",
		   "it ended without a result, with exit status 3");
	expect_run("agenttest.hangs", 0, 1, "broken", "it took longer than its limit of 1 s");
	expect_run("agenttest.needs_what_nobody_knows", 0, 10, "broken",
		   "nobody knows how to judge its need \"frobnication\"");
}

TEST(agent, a_crash_is_a_failure_but_proves_no_sabotage)
{
	expect_run("agenttest.crashes", 0, 10, "fail",
		   "it was killed by signal 11 (Segmentation fault)");
	expect_run("agenttest.crashes", RUN_SABOTAGE, 10, "broken",
		   "it was killed by signal 11 (Segmentation fault)");
}

TEST(agent, who_is_killed_could_not_decide)
{
	expect_run("agenttest.is_killed", 0, 10, "broken", "it was killed by signal 9 (Killed)");
}

TEST(agent, needs_are_judged_unless_known)
{
	expect_run("agenttest.needs_what_is_not_there", 0, 10, "skip",
		   "it needs cmd:no-such-program-anywhere");
	expect_run("agenttest.needs_what_is_not_there", RUN_NEEDS_KNOWN, 10, "pass", "");
}

TEST(agent, mutates_the_file_that_it_is_told)
{
	CLEAN_TEXT struct text others = TEXT_INIT(65536);
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run_told(&host, "agenttest.reads_a_file", 0, 10, "mutation=none\n");
	expect_result(&host, "pass", "", &others);
	EXPECT(strstr(others.buf, "mutation: read c /etc/passwd") != NULL);
	order_run_told(&host, "agenttest.reads_a_file", 0, 10,
		       "mutation=emptied\nmutation.path=/etc/passwd\nmutation.seed=1\n");
	expect_result(
		&host, "fail",
		"text ? text : \"\" contains \"root:\": got \"\", want it to contain \"root:\"",
		NULL);
	order_run_told(&host, "agenttest.reads_a_file", 0, 10,
		       "mutation=emptied\nmutation.path=/etc/no-such-file\n");
	expect_result(&host, "infra",
		      "/etc/no-such-file cannot be emptied: No such file or directory", NULL);
	order_run(&host, "agenttest.reads_a_file", 0, 10);
	expect_result(&host, "pass", "", NULL);
	stop_agent(&host);
}

TEST(agent, environment_and_descriptors_are_the_cases_own)
{
	expect_run("agenttest.has_a_clean_environment", 0, 10, "pass", "");
}

TEST(agent, a_flood_is_cut)
{
	CLEAN_TEXT struct text others = TEXT_INIT(4U << 20);
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.floods", 0, 20);
	expect_result(&host, "pass", "", &others);
	EXPECT(host.in.room <= 4U << 20);
	EXPECT(strstr(others.buf, "18 ") != NULL);
	expect_alive(&host);
	stop_agent(&host);
}

TEST(agent, nothing_that_a_case_started_lives_on)
{
	char reply[4096];
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.leaves_children", 0, 20);
	expect_result(&host, "pass", "", NULL);
	CLEAN_FREE char *path = xasprintf("/proc/%d/task/%d/children", host.pid, host.pid);
	call(&host, "read", path, NULL, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "");
	stop_agent(&host);
}

TEST(agent, cancel_ends_the_case)
{
	CLEAN_TEXT struct text out = TEXT_INIT(64);
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.hangs", 0, 30);
	frame_open(&out, FRAME_CANCEL);
	frame_close(&out);
	send_text(&host, &out);
	expect_result(&host, "broken", "it was cancelled", NULL);
	expect_alive(&host);
	stop_agent(&host);
}

TEST(agent, a_new_host_ends_the_old_ones_case)
{
	CLEAN_TEXT struct text out = TEXT_INIT(64);
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.hangs", 0, 30);
	frame_open(&out, FRAME_HELLO);
	field_number(&out, FIELD_PROTOCOL, FRAME_PROTOCOL);
	frame_close(&out);
	send_text(&host, &out);
	expect_greeting(&host); /* and no result */
	expect_alive(&host);
	stop_agent(&host);
}

TEST(agent, garbage_is_skipped)
{
	static const char garbage[] = "garbage ASYASY1\xff\xff\xff\xff\xff\xff\xff\xff ASY1",
			  half[] = "ASY1\4\0\0";
	struct host host;

	start_agent(&host);
	expect_greeting(&host);
	send_bytes(&host, garbage, sizeof garbage);
	expect_alive(&host);
	send_bytes(&host, half,
		   sizeof half - 1); /* the next frame's magic stands where its header goes on */
	expect_alive(&host);
	stop_agent(&host);
}

TEST(agent, what_cannot_be_loaded_leaves_the_old_self)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct host host;
	char reply[256];

	start_agent(&host);
	expect_greeting(&host);
	frame_open(&out, FRAME_LOAD);
	field_text(&out, FIELD_BYTES, "this is no program");
	frame_close(&out);
	send_text(&host, &out);
	struct frame frame = next_frame(&host);
	EXPECT_NUMBER(frame.type, FRAME_REPLY);
	field_copy(&frame, FIELD_TEXT, reply, sizeof reply);
	EXPECT(has_prefix(reply, "execute the new agent: "));
	expect_alive(&host);
	stop_agent(&host);
}

TEST(agent, loads_another_program_and_keeps_the_port)
{
	CLEAN_TEXT struct text out = TEXT_INIT(FRAME_PAYLOAD_MAX),
			       program = TEXT_INIT(FRAME_PAYLOAD_MAX - 64);
	struct host host;

	/* cat, told "serve --fd N", says what it cannot open and ends: proof enough that it was executed in our place. */
	if (text_read_file(&program, "/bin/cat") < 0)
		test_skip("there is no /bin/cat that fits into a frame");
	start_agent(&host);
	expect_greeting(&host);
	frame_open(&out, FRAME_LOAD);
	field_bytes(&out, FIELD_BYTES, program.buf, program.length);
	frame_close(&out);
	send_text(&host, &out);
	EXPECT_NUMBER(next_frame(&host).type, 0);
	int status = 0;
	EXPECT(waitpid(host.pid, &status, 0) == host.pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	close(host.fd);
	text_done(&host.in);
}

TEST(agent, files_for_host_cases)
{
	CLEAN_FREE char *path = xasprintf("%s/deep/file", test_folder());
	CLEAN_FREE char *folder = xasprintf("%s/deep", test_folder());
	CLEAN_FREE char *link = xasprintf("%s/deep/link", test_folder());
	struct host host;
	char reply[4096];

	start_agent(&host);
	expect_greeting(&host);
	call(&host, "write", path, "content", ENOENT, reply, sizeof reply);
	call(&host, "link", "file", link, 0, reply, sizeof reply); /* makes the folder */
	call(&host, "write", path, "content", 0, reply, sizeof reply);
	call(&host, "read", link, NULL, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "content");
	call(&host, "chmod", path, "4750", 0, reply, sizeof reply);
	call(&host, "chmod", path, "rwx", EINVAL, reply, sizeof reply);
	call(&host, "stat", path, NULL, 0, reply, sizeof reply);
	EXPECT(has_prefix(reply, "type=file\nmode=4750\n"));
	EXPECT(strstr(reply, "\nsize=7\n") != NULL);
	call(&host, "list", folder, NULL, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "file\nlink\n");
	call(&host, "unlink", folder, NULL, ENOTEMPTY, reply, sizeof reply);
	call(&host, "unlink", link, NULL, 0, reply, sizeof reply);
	call(&host, "read", link, NULL, ENOENT, reply, sizeof reply);
	stop_agent(&host);
}

TEST(agent, the_tests_of_a_programs_own_are_sent)
{
	static const char script[] =
		"#!/bin/sh\nprintf 'TAP version 13\\n1..2\\nok 1 - reads\\nnot ok 2 - writes\\n'\n";
	CLEAN_FREE char *path = xasprintf("%s/check", test_folder());
	CLEAN_FREE char *parameters = xasprintf(
		"program.folder=%s\nprogram.command=check\nprogram.reports=tap\n", test_folder());
	CLEAN_TEXT struct text others = TEXT_INIT(65536);
	struct host host;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	EXPECT(fd >= 0 && write(fd, script, sizeof script - 1) == (ssize_t)sizeof script - 1);
	close(fd);
	start_agent(&host);
	expect_greeting(&host);
	order_run_told(&host, "own.program", 0, 10, parameters);
	expect_result(&host, "fail", "writes: got not ok, want ok", &others);
	EXPECT(strstr(others.buf, "reads\n") != NULL);
	CLEAN_FREE char *type = xasprintf("%d ", FRAME_SUB);
	const char *first = strstr(others.buf, type);
	EXPECT(first != NULL && strstr(first + 1, type) != NULL);
	expect_alive(&host);
	stop_agent(&host);
}

TEST(agent, programs_for_host_cases)
{
	struct host host;
	char reply[4096];

	start_agent(&host);
	expect_greeting(&host);
	call(&host, "exec", "echo", "hello", 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "exit 0\nhello\n");
	call(&host, "exec", "false", NULL, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "exit 1\n");
	call(&host, "exec", "/no/such/program", NULL, 0, reply, sizeof reply);
	EXPECT(has_prefix(reply, "exit 127\n"));
	call(&host, "exec", NULL, NULL, EINVAL, reply, sizeof reply);
	call(&host, "no-such-verb", NULL, NULL, ENOSYS, reply, sizeof reply);
	call(&host, "need", "root,cmd:sh", NULL, geteuid() == 0 ? 0 : ENOENT, reply, sizeof reply);
	call(&host, "need", "cmd:no-such-program", NULL, ENOENT, reply, sizeof reply);
	call(&host, "need", "frobnication", NULL, EINVAL, reply, sizeof reply);
	stop_agent(&host);
}

TEST(agent, durable_records_are_verified)
{
	CLEAN_FREE char *path = xasprintf("%s/records", test_folder());
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct host host;
	char reply[256];

	start_agent(&host);
	expect_greeting(&host);
	frame_open(&out, FRAME_CALL);
	field_text(&out, FIELD_NAME, "probe");
	field_text(&out, FIELD_TEXT, "durable_write");
	field_text(&out, FIELD_TEXT, path);
	field_text(&out, FIELD_TEXT, "5");
	frame_close(&out);
	send_text(&host, &out);
	EXPECT_NUMBER(next_frame(&host).type, FRAME_REPLY);
	call(&host, "probe", "durable_verify", path, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "whole=5 torn=0 wrong=0\n");
	EXPECT(truncate(path, 5 * 64 - 1) == 0);
	call(&host, "probe", "durable_verify", path, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "whole=4 torn=1 wrong=0\n");
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	EXPECT(pwrite(fd, "9", 1, 64 + 11) == 1);
	call(&host, "probe", "durable_verify", path, 0, reply, sizeof reply);
	EXPECT_TEXT(reply, "whole=3 torn=1 wrong=1\n");
	call(&host, "probe", "no_such_probe", NULL, ENOENT, reply, sizeof reply);
	stop_agent(&host);
}

TEST(agent, ends_with_its_stream)
{
	struct host host;
	int status = -1;

	start_agent(&host);
	expect_greeting(&host);
	order_run(&host, "agenttest.hangs", 0, 30);
	close(host.fd);
	EXPECT(waitpid(host.pid, &status, 0) == host.pid);
	EXPECT_NUMBER(status, 0);
	text_done(&host.in);
}
