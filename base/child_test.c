/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes, with the programs that every Debian has. */
#include "base/child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/test.h"

#define SHELL(script) ((const char *const[]){"sh", "-c", (script), NULL})

/* Runs a script; EXPECTs that it starts. Gives its stdout (valid until the next call); its status in *ret_status. */
static const char *run_script(struct child_spec spec, const char *script, int *ret_status)
{
	static char buf[4096];
	const char *const argv[] = {"sh", "-c", script, NULL};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(sizeof buf - 1);
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct err e = {0};

	spec.argv = argv;
	EXPECT_NUMBER(child_run(&spec, &p, &out, &e), 0);
	EXPECT_TEXT(e.text, "");
	memcpy(buf, out.stdout_text.buf, out.stdout_text.length + 1);
	if (ret_status)
		*ret_status = out.status;
	return buf;
}

TEST(child, captures_both_streams_and_the_status)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(100);
	struct child_spec spec = {.argv = SHELL("echo out; echo err >&2; exit 3")};
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct err e = {0};
	char status[64];

	EXPECT_NUMBER(child_run(&spec, &p, &out, &e), 0);
	EXPECT_TEXT(out.stdout_text.buf, "out\n");
	EXPECT_TEXT(out.stderr_text.buf, "err\n");
	EXPECT_TEXT(child_status_text(out.status, status, sizeof status), "exited with 3");
}

TEST(child, run_ok_tells_the_last_line_of_stderr)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(100);
	struct child_spec spec = {
		.argv = SHELL("printf 'first\\nlast words\\n\\n' >&2; kill -9 $$")};
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(child_run_ok(&spec, &p, &out, &e), -EIO);
	EXPECT_TEXT(e.text, "sh was killed by signal 9 (KILL): last words");
	EXPECT_NUMBER(e.blame, BLAME_HOST);
}

TEST(child, missing_programs_are_named)
{
	struct child_spec spec = {.argv = (const char *const[]){"assay-no-such", NULL}};
	struct child child = CHILD_INIT;
	struct err e = {0};

	EXPECT_NUMBER(child_start(&spec, &child, &e), -ENOENT);
	EXPECT_TEXT(e.text, "assay-no-such is not installed");
	EXPECT_NUMBER(e.blame, BLAME_HOST);
	spec.argv = (const char *const[]){"/etc/passwd", NULL};
	EXPECT_NUMBER(child_start(&spec, &child, &e), -EACCES);
	EXPECT_TEXT(e.text, "start /etc/passwd: execute: Permission denied");
	EXPECT_NUMBER(child.pid, 0);
	EXPECT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

TEST(child, too_much_output_is_an_error)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(10);
	struct child_spec spec = {.argv = SHELL("yes")};
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(child_run(&spec, &p, &out, &e), -EMSGSIZE);
	EXPECT_TEXT(e.text, "sh: more than 10 bytes of output");
	EXPECT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

TEST(child, of_much_stderr_the_end_is_kept)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(10);
	struct child_spec spec = {
		.argv = SHELL("yes | head -n 200000 >&2; echo the end >&2; exit 1")};
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(child_run_ok(&spec, &p, &out, &e), -EIO);
	EXPECT_TEXT(e.text, "sh exited with 1: the end");
}

TEST(child, the_group_dies_at_the_deadline)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(100);
	struct child_spec spec = {.argv = SHELL("sleep 100 & echo $!; sleep 100")};
	struct patience p = patience_for(-1, 300 * NS_PER_MS);
	struct err e = {0};
	long long pid = 0;

	EXPECT_NUMBER(child_run(&spec, &p, &out, &e), -ETIMEDOUT);
	EXPECT_NUMBER(e.blame, BLAME_HOST);
	text_cut(&out.stdout_text, out.stdout_text.length - 1);
	EXPECT_NUMBER(number_parse(out.stdout_text.buf, 2, 1 << 30, &pid), 0);
	/* Its parent is dead; init, or whoever plays it, has to reap it first. */
	for (int i = 0; i < 100 && kill((pid_t)pid, 0) == 0; i++) {
		CLEAN_FREE char *path = xasprintf("/proc/%lld/stat", pid);
		CLEAN_TEXT struct text stat = TEXT_INIT(4096);
		if (text_read_file(&stat, path) < 0 || strstr(stat.buf, ") Z "))
			return;
		usleep(20000);
	}
	EXPECT(kill((pid_t)pid, 0) < 0);
}

TEST(child, cancel_ends_it)
{
	CLEAN_FD int cancel = eventfd(1, EFD_CLOEXEC);
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(100);
	struct child_spec spec = {.argv = SHELL("sleep 100")};
	struct patience p = patience_for(cancel, 20 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(child_run(&spec, &p, &out, &e), -ECANCELED);
	EXPECT_NUMBER(e.blame, BLAME_USER);
}

TEST(child, a_grandchild_with_the_pipe_does_not_hold_us)
{
	uint64_t start = clock_now_ns();

	EXPECT_TEXT(run_script((struct child_spec){0}, "sleep 100 & echo done", NULL), "done\n");
	EXPECT(clock_now_ns() - start < 15 * NS_PER_S);
}

TEST(child, descriptors_appear_where_asked)
{
	int first[2], second[2];

	EXPECT(pipe2(first, O_CLOEXEC) == 0 && pipe2(second, O_CLOEXEC) == 0);
	EXPECT(write(first[1], "1\n", 2) == 2 && write(second[1], "2\n", 2) == 2);
	/* Crossed over: the target of one is the source of the other. */
	const struct child_fd fds[] = {{first[0], second[0]}, {second[0], first[0]}};
	struct child_spec spec = {.fds = fds, .fd_count = 2};
	CLEAN_FREE char *script = xasprintf("head -n 1 <&%d; head -n 1 <&%d", second[0], first[0]);
	EXPECT_TEXT(run_script(spec, script, NULL), "1\n2\n");
	/* Nothing else leaks: 0, 1, 2 and what ls itself opens. */
	EXPECT(dup2(first[1], 100) == 100);
	EXPECT_TEXT(run_script((struct child_spec){0}, "ls /proc/self/fd | tr '\\n' ' '", NULL),
		    "0 1 2 3 ");
}

TEST(child, stdin_is_what_was_given_or_nothing)
{
	CLEAN_FD int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	struct child_spec spec = {.stdin_fd = file};

	EXPECT_TEXT(run_script((struct child_spec){0}, "wc -c", NULL), "0\n");
	EXPECT(strcmp(run_script(spec, "wc -c", NULL), "0\n") != 0);
}

TEST(child, environment_is_added_and_replaced)
{
	struct child_spec spec = {.env = (const char *const[]){"HOME=/nowhere", "FRESH=1 2", NULL}};

	EXPECT_TEXT(run_script(spec, "echo $HOME,$FRESH; env | grep -c ^HOME=", NULL),
		    "/nowhere,1 2\n1\n");
}

TEST(child, limits_hold)
{
	struct child_spec spec = {.limit_file_size = 1024};
	CLEAN_FREE char *script = xasprintf("head -c 2048 /dev/zero > %s/f; wc -c < %s/f",
					    test_folder(), test_folder());

	EXPECT_TEXT(run_script(spec, script, NULL), "1024\n");
	spec = (struct child_spec){.limit_memory = 64 << 20, .limit_cpu_s = 7};
	EXPECT_TEXT(run_script(spec, "ulimit -v; ulimit -t; ulimit -c", NULL), "65536\n7\n0\n");
}

TEST(child, signals_are_fresh)
{
	sigset_t all;

	sigfillset(&all);
	EXPECT_NUMBER(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	EXPECT_TEXT(run_script((struct child_spec){0}, "grep SigBlk /proc/self/status", NULL),
		    "SigBlk:\t0000000000000000\n");
	/* Signals 32 and 33 are the C library's own; its posix_spawn ignores them. */
	EXPECT_TEXT(run_script((struct child_spec){0},
			       "grep -c 'SigIgn:.*[08]0000000$' /proc/self/status", NULL),
		    "1\n");
}

TEST(child, privileges_and_group_are_its_own)
{
	EXPECT_TEXT(run_script((struct child_spec){0}, "grep NoNewPrivs /proc/self/status", NULL),
		    "NoNewPrivs:\t1\n");
	EXPECT_TEXT(run_script((struct child_spec){0},
			       "set -- $(cat /proc/$$/stat); test $5 = $$ && echo own", NULL),
		    "own\n");
	CLEAN_FREE char *script =
		xasprintf("set -- $(cat /proc/$$/stat); test $5 = %d && echo ours", (int)getpgrp());
	EXPECT_TEXT(run_script((struct child_spec){.keep_group = true}, script, NULL), "ours\n");
}

/* The exit status of a script that makes system calls; every Debian has perl-base. */
static int run_perl(struct child_spec spec, const char *script)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	struct err e = {0};
	const char *const argv[] = {"perl", "-e", script, NULL};

	spec.argv = argv;
	int r = child_run(&spec, &p, &out, &e);
	return r < 0 ? r : WIFEXITED(out.status) ? WEXITSTATUS(out.status) : -EINTR;
}

TEST(child, no_network_leaves_only_local_sockets)
{
	static const char inet[] =
		"use Socket; exit(socket(my $s, AF_INET, SOCK_STREAM, 0) ? 0 : 9)";
	static const char local[] =
		"use Socket; exit(socket(my $s, AF_UNIX, SOCK_STREAM, 0) ? 0 : 9)";
	struct child_spec spec = {0};

	if (run_perl(spec, "exit 0") != 0)
		test_skip("perl is not there");
	EXPECT_NUMBER(run_perl(spec, inet), 0);
	spec.no_network = true;
	EXPECT_NUMBER(run_perl(spec, inet), 9);
	EXPECT_NUMBER(run_perl(spec, local), 0);
}

TEST(child, no_exec_starts_nothing_more)
{
	static const char exec[] = "exec('/bin/true'); exit(9)";
	static const char start[] = "exit(defined(fork()) ? 0 : 9)";
	struct child_spec spec = {.no_exec = true, .no_network = true};

	if (run_perl((struct child_spec){0}, "exit 0") != 0)
		test_skip("perl is not there");
	EXPECT_NUMBER(run_perl((struct child_spec){0}, exec), 0);
	EXPECT_NUMBER(run_perl((struct child_spec){0}, start), 0);
	EXPECT_NUMBER(run_perl(spec, exec), 9);
	EXPECT_NUMBER(run_perl(spec, start), 9);
	EXPECT_NUMBER(run_perl(spec, "exit 4"), 4);
}

TEST(child, files_only_leaves_root_little)
{
	static const char script[] = "sed -n 's/^CapEff:.0*//p' /proc/self/status";

	if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SETPCAP) != 1 ||
	    prctl(PR_CAPBSET_READ, CAP_DAC_READ_SEARCH) != 1)
		test_skip("it is not started by root with all privileges");
	/* capabilities(7): CAP_DAC_OVERRIDE is 1, CAP_DAC_READ_SEARCH is 2. */
	EXPECT_TEXT(run_script((struct child_spec){.files_only = true}, script, NULL), "6\n");
	EXPECT(strcmp(run_script((struct child_spec){0}, script, NULL), "6\n") != 0);
}

TEST(child, start_signal_wait)
{
	struct child_spec spec = {.argv = SHELL("sleep 100")};
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct child child = CHILD_INIT;
	struct err e = {0};
	int status = 0;

	EXPECT(child_has_ended(&child));
	EXPECT_NUMBER(child_start(&spec, &child, &e), 0);
	EXPECT(child.pid > 0);
	EXPECT(!child_has_ended(&child));
	struct patience little = patience_for(-1, NS_PER_MS);
	EXPECT_NUMBER(child_wait(&child, &little, &status, &e), -ETIMEDOUT);
	child_signal(&child, SIGTERM);
	EXPECT_NUMBER(child_wait(&child, &p, &status, &e), 0);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	EXPECT_NUMBER(child.pid, 0);
	EXPECT_NUMBER(child_start(&spec, &child, &e), 0);
	child_done(&child);
	child_done(&child);
	EXPECT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void *start_and_leave(void *child)
{
	struct child_spec spec = {.argv = SHELL("sleep 100")};
	struct err e = {0};

	return child_start(&spec, child, &e) == 0 ? child : NULL;
}

TEST(child, dies_with_the_thread_that_started_it)
{
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	struct child child = CHILD_INIT;
	struct err e = {0};
	pthread_t thread;
	void *started = NULL;
	int status = 0;

	EXPECT_NUMBER(pthread_create(&thread, NULL, start_and_leave, &child), 0);
	pthread_join(thread, &started);
	EXPECT(started == &child);
	EXPECT_NUMBER(child_wait(&child, &p, &status, &e), 0);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void *run_some(void *failures)
{
	for (int i = 0; i < 20; i++) {
		CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(100);
		struct child_spec spec = {.argv = (const char *const[]){"echo", "x", NULL}};
		struct patience p = patience_for(-1, 50 * NS_PER_S);
		struct err e = {0};
		if (child_run_ok(&spec, &p, &out, &e) < 0 ||
		    strcmp(out.stdout_text.buf, "x\n") != 0)
			++*(int *)failures;
	}
	return NULL;
}

TEST(child, threads_do_not_disturb_each_other)
{
	pthread_t threads[4];
	int failures[4] = {0};

	for (int i = 0; i < 4; i++)
		EXPECT_NUMBER(pthread_create(&threads[i], NULL, run_some, &failures[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_NUMBER(failures[i], 0);
	}
}

TEST(child, failed_spawns_leave_nothing_open)
{
	struct child_spec spec = {.argv = SHELL("true")};
	struct child child = CHILD_INIT;
	struct err e = {0};
	CLEAN_FD int before = dup(0);

	fault_arm(FAULT_SPAWN, 1, EAGAIN);
	EXPECT_NUMBER(child_start(&spec, &child, &e), -EAGAIN);
	spec.fds = &(const struct child_fd){.fd = 9999, .as = 5};
	spec.fd_count = 1;
	EXPECT_NUMBER(child_start(&spec, &child, &e), -EBADF);
	spec.fd_count = 0;
	spec.argv = (const char *const[]){"assay-no-such", NULL};
	EXPECT_NUMBER(child_start(&spec, &child, &e), -ENOENT);
	CLEAN_FD int after = dup(0);
	EXPECT_NUMBER(after, before + 1);
}
