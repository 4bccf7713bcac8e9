/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that run something in the guest, or ask about it as a whole. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "guest/call.h"
#include "guest/kit/probe.h"
#include "guest/need.h"
#include "guest/runner.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- exec ---- */

static _Noreturn void execute(const char *const *argv, int output_fd)
{
	static const char *const environment[] = {"PATH=" SYSTEM_PATH, "HOME=/root", "LC_ALL=C",
						  "TERM=dumb", NULL};
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(output_fd, STDOUT_FILENO);
	(void)dup2(output_fd, STDERR_FILENO);
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setenv("PATH", SYSTEM_PATH, 1); /* execvpe looks there */
	(void)execvpe(argv[0], (char *const *)(uintptr_t)argv,
		      (char *const *)(uintptr_t)environment);
	(void)dprintf(STDERR_FILENO, "%s: %m\n", argv[0]);
	_exit(127);
}

/* Reads until the program closes its output or time is up; false in that case. The surplus is read and dropped. */
static bool read_output(int fd, uint64_t until_ns, struct text *output)
{
	char piece[16384];

	for (;;) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		uint64_t now_ns = clock_now_ns();
		if (now_ns >= until_ns)
			return false;
		if (poll(&readable, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1) <= 0)
			continue;
		ssize_t got = read(fd, piece, sizeof piece);
		if (got == 0 || (got < 0 && errno != EINTR))
			return true;
		if (got > 0)
			(void)text_add(output, piece, (size_t)got);
	}
}

/* The first line of the reply is "exit N", "signal N" or "timeout"; the program's output follows. */
static int call_exec(struct call *call)
{
	CLEAN_TEXT struct text output = TEXT_INIT(CALL_REPLY_MAX - 256);
	uint64_t until_ns = clock_now_ns() + call->timeout_s * NS_PER_S;
	int status = 0, ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	pid_t pid = fork();
	if (pid == 0)
		execute(call->arguments, ends[1]);
	int error = errno;
	close(ends[1]);
	bool is_in_time = pid > 0 && read_output(ends[0], until_ns, &output);
	close(ends[0]);
	if (pid < 0)
		return error;
	/* One that has closed its output and runs on is waited for, within its time. */
	while (is_in_time && waitpid(pid, &status, WNOHANG) == 0) {
		is_in_time = clock_now_ns() < until_ns;
		(void)poll(NULL, 0, 2);
	}
	if (!is_in_time) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		(void)text_adds(call->reply, "timeout\n");
	} else if (WIFSIGNALED(status)) {
		(void)text_addf(call->reply, "signal %d\n", WTERMSIG(status));
	} else {
		(void)text_addf(call->reply, "exit %d\n", WEXITSTATUS(status));
	}
	(void)text_add(call->reply, output.buf, output.length);
	return is_in_time ? 0 : ETIMEDOUT;
}

/* ---- asking ---- */

static int call_facts(struct call *call)
{
	facts_add(call->reply);
	return 0;
}

static int call_pending(struct call *call)
{
	pending_add(call->reply);
	return 0;
}

static int call_time(struct call *call)
{
	(void)text_addf(call->reply, "wall_ns=%llu\nmonotonic_ns=%llu\n",
			(unsigned long long)clock_wall_ns(), (unsigned long long)clock_now_ns());
	return 0;
}

/* 0: it is met. ENOENT: it is not, and the reply says why; EINVAL: nobody knows how to judge it. */
static int call_need(struct call *call)
{
	struct tree *tree = tree_of_folder("/");
	struct result result;
	int code = 0;

	if (!tree)
		return errno;
	result_init(&result, "");
	if (!needs_are_met(call->arguments[0], tree, &result)) {
		(void)text_adds(call->reply, result.message);
		code = result.outcome == OUTCOME_SKIP ? ENOENT : EINVAL;
	}
	result_done(&result);
	tree_free(tree);
	return code;
}

/* ---- probes ---- */

static int run_probe(const struct probe_def *probe, const struct call *call)
{
	const struct probe_call p = {
		.arguments = call->arguments + 1,
		.argument_count = call->argument_count - 1,
		.reply = call->reply,
	};

	return probe->body(&p);
}

static int start_probe(const struct probe_def *probe, struct call *call)
{
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (pid == 0) {
		(void)setsid();
		_exit(run_probe(probe, call) != 0);
	}
	(void)text_addf(call->reply, "%d\n", (int)pid);
	return 0;
}

static int call_probe(struct call *call)
{
	bool is_in_background = call->arguments[0][0] == '&';
	const struct probe_def *probe = probe_find(call->arguments[0] + is_in_background);

	if (!probe) {
		(void)text_addf(call->reply, "the agent has no probe \"%s\"", call->arguments[0]);
		return ENOENT;
	}
	return is_in_background ? start_probe(probe, call) : run_probe(probe, call);
}

const struct call_verb call_system_verbs[] = {
	{"exec", "PROGRAM [ARGUMENT]...", "runs a program; \"exit N\" and its output", 1,
	 CALL_ARGUMENTS_MAX, call_exec},
	{"facts", "", "key=value lines about the guest", 0, 0, call_facts},
	{"need", "WORDS", "judges what a case needs of the guest", 1, 1, call_need},
	{"pending", "", "what keeps the boot from being settled", 0, 0, call_pending},
	{"probe", "[&]NAME [ARGUMENT]...", "runs a probe, with & in the background", 1,
	 CALL_ARGUMENTS_MAX, call_probe},
	{"time", "", "the guest's clocks", 0, 0, call_time},
	{NULL, NULL, NULL, 0, 0, NULL},
};
