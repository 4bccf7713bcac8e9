/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program of the guest. */
#include "guest/kit/program.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "guest/kit/trial_state.h"

#define ARGUMENTS_MAX 64
#define NOT_FOUND     127
#define SYSTEM_PATH   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static _Noreturn void execute(const char *const *argv, int output_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)setpgid(0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(output_fd, STDOUT_FILENO);
	(void)dup2(output_fd, STDERR_FILENO);
	(void)setenv("PATH", SYSTEM_PATH, 1);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(NOT_FOUND);
}

/* Reads until the other end is closed or time is up; false in that case. */
static bool read_output(struct trial *t, int fd, uint64_t until_ns)
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
			(void)text_add(&t->scratch, piece, (size_t)got);
	}
}

/* Waits for the end within the time; false: it has not ended. */
static bool await_end(pid_t pid, uint64_t until_ns, int *ret_status)
{
	while (waitpid(pid, ret_status, WNOHANG) == 0) {
		if (clock_now_ns() >= until_ns)
			return false;
		(void)poll(NULL, 0, 2); /* it has closed its output, so it is about to end */
	}
	return true;
}

static struct program_result run(struct trial *t, unsigned limit_s, const char *const *argv)
{
	uint64_t until_ns = clock_now_ns() + limit_s * NS_PER_S;
	int status = 0, ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		case_broken(t, "make a pipe: %m");
	pid_t pid = fork();
	if (pid == 0)
		execute(argv, ends[1]);
	close(ends[1]);
	text_done(&t->scratch);
	text_init(&t->scratch, PROGRAM_OUTPUT_MAX);
	bool is_done =
		pid > 0 && read_output(t, ends[0], until_ns) && await_end(pid, until_ns, &status);
	close(ends[0]);
	if (pid < 0)
		case_broken(t, "start %s: %m", argv[0]);
	if (!is_done) {
		(void)kill(-pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		case_broken(t, "%s has not ended within %u s", argv[0], limit_s);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND && t->scratch.length == 0)
		case_broken(t, "there is no program %s", argv[0]);
	return (struct program_result){
		.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
		.output = case_format(t, "%s", t->scratch.buf),
	};
}

struct program_result program_run(struct trial *t, unsigned limit_s, const char *program, ...)
{
	const char *argv[ARGUMENTS_MAX] = {program};
	va_list args;
	size_t count = 1;

	va_start(args, program);
	while (count < ARGUMENTS_MAX && (argv[count] = va_arg(args, const char *)))
		count++;
	va_end(args);
	if (count == ARGUMENTS_MAX)
		case_broken(t, "%s is given more than %d arguments", program, ARGUMENTS_MAX - 2);
	return run(t, limit_s, argv);
}
