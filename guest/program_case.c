/* SPDX-License-Identifier: Apache-2.0 */
/* A program as a case, inside the guest. */
#include "guest/program_case.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "guest/need.h"
#include "wire/frame.h"

#define LOOK_MS                                                                                    \
	20 /* a program that leaves others with its stdout behind is known to have ended by a look */
#define NAME_SIZE  256
#define NEEDS_SIZE 1024

struct program {
	char folder[NAME_SIZE], command[NAME_SIZE], needs[NEEDS_SIZE], reports[16];
	char sabotage[NAME_SIZE], argument[NAME_SIZE];
};

bool is_program_order(const struct run_order *order)
{
	char command[NAME_SIZE];

	return program_parameter(order->parameters, PROGRAM_COMMAND, command, sizeof command);
}

static void read_program(const char *parameters, struct program *ret)
{
	const struct {
		const char *key;
		char *into;
		size_t size;
	} words[] = {
		{PROGRAM_FOLDER, ret->folder, sizeof ret->folder},
		{PROGRAM_COMMAND, ret->command, sizeof ret->command},
		{PROGRAM_NEEDS, ret->needs, sizeof ret->needs},
		{PROGRAM_REPORTS, ret->reports, sizeof ret->reports},
		{PROGRAM_SABOTAGE, ret->sabotage, sizeof ret->sabotage},
		{PROGRAM_ARGUMENT, ret->argument, sizeof ret->argument},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		(void)program_parameter(parameters, words[i].key, words[i].into, words[i].size);
}

/* ---- surroundings ---- */

/* Our environment has been cleaned already; this is what the program sees more. */
static void tell_environment(const struct run_order *order, const struct program *program)
{
	CLEAN_TEXT struct text plan = TEXT_INIT(65536);

	(void)setenv("ASSAY_CASE", order->id, 1);
	(void)setenv("ASSAY_FOLDER", program->folder, 1);
	(void)setenv("TMPDIR", program->folder, 1);
	program_environment(order->parameters, &plan);
	for (char *at = plan.buf, *end = plan.buf + plan.length; at < end;) {
		char *value = strchr(at, '='), *next = at + strlen(at) + 1;
		if (value) {
			*value++ = '\0';
			(void)setenv(at, value, 1);
		}
		at = next;
	}
}

/* Hardened images mount every folder for temporary files noexec; for this process alone that can be taken back. */
static bool make_executable(const char *folder, bool private_mounts)
{
	struct statvfs fs;

	if (statvfs(folder, &fs) < 0)
		return false;
	if (!(fs.f_flag & ST_NOEXEC))
		return true;
	return private_mounts && mount(folder, folder, NULL, MS_BIND, NULL) == 0 &&
	       mount(NULL, folder, NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV, NULL) == 0;
}

/* ---- one program ---- */

struct execution {
	const char *folder, *name, *argument; /* argument NULL: none */
	struct text output;
	int status;
};

static _Noreturn void become(const struct execution *x, int output_fd, int report_fd)
{
	char path[2 * NAME_SIZE + 2];
	char *argv[] = {path, x->argument ? xstrdup(x->argument) : NULL, NULL};

	(void)snprintf(path, sizeof path, "%s/%s", x->folder, x->name);
	/* A group of its own: `kill 0` of a script is not for us. */
	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	if (chdir(x->folder) == 0 && dup2(output_fd, STDOUT_FILENO) >= 0)
		(void)execv(path, argv);
	int error = errno;
	(void)!write(report_fd, &error, sizeof error);
	_exit(127);
}

/* Passes on what was printed, and keeps what there is room for. */
static bool take_output(struct execution *x, int fd)
{
	char piece[16384];
	ssize_t got = read(fd, piece, sizeof piece);

	if (got <= 0)
		return got < 0 && (errno == EINTR || errno == EAGAIN);
	(void)text_add(&x->output, piece, (size_t)got);
	for (ssize_t done = 0; done < got;) {
		ssize_t n = write(STDOUT_FILENO, piece + done, (size_t)(got - done));
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? n : 0;
	}
	return true;
}

static bool has_output(int fd, int timeout_ms)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	return poll(&readable, 1, timeout_ms) > 0;
}

/* Until the program has ended, whoever still holds its stdout. */
static void await_end(struct execution *x, pid_t pid, int fd)
{
	bool is_open = true, has_ended = false;

	while (is_open && !has_ended) {
		if (has_output(fd, LOOK_MS))
			is_open = take_output(x, fd);
		else
			has_ended = waitpid(pid, &x->status, WNOHANG) == pid;
	}
	while (!has_ended)
		has_ended = waitpid(pid, &x->status, 0) == pid || errno != EINTR;
	while (is_open && has_output(fd, 0))
		is_open = take_output(x, fd);
}

static void say_not_started(const struct execution *x, int error, struct result *result)
{
	const char *why = error == ENOENT
				  ? "it, or the interpreter in its #! line, is not in the guest"
			  : error == ENOEXEC
				  ? "it is no program for this guest, or a script without a #! line"
				  : NULL;

	errno = error;
	if (why)
		result_set(result, OUTCOME_BROKEN, "%s " PROGRAM_NOT_STARTED ": %s", x->name, why);
	else
		result_set(result, OUTCOME_BROKEN, "%s " PROGRAM_NOT_STARTED ": %m", x->name);
}

/* 0 when it ran to its end; else the result says why not. */
static int execute(struct execution *x, struct result *result)
{
	CLEAN_FD int output_fd = -1, report_fd = -1;
	int output[2], report[2], error = 0;

	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
		result_set(result, OUTCOME_BROKEN, "make a pipe: %m");
		return -errno;
	}
	output_fd = output[0];
	report_fd = report[0];
	pid_t pid = fork();
	if (pid == 0)
		become(x, output[1], report[1]);
	error = pid < 0 ? errno : 0;
	close(output[1]);
	close(report[1]);
	if (pid > 0 && read(report_fd, &error, sizeof error) == sizeof error)
		(void)waitpid(pid, NULL, 0);
	else if (pid > 0)
		await_end(x, pid, output_fd);
	if (error)
		say_not_started(x, error, result);
	return -error;
}

/* ---- the case ---- */

static int plant(const struct program *program, struct result *result)
{
	bool is_own = program->sabotage[0] == '\0';
	struct execution x = {
		.folder = program->folder,
		.name = is_own ? program->command : program->sabotage,
		.argument = is_own ? program->argument : NULL,
		.output = TEXT_INIT(4096),
	};

	if (is_own && !program->argument[0]) {
		result_set(result, OUTCOME_BROKEN, "the case has no sabotage");
		return -EINVAL;
	}
	int r = execute(&x, result);
	text_done(&x.output);
	if (r == 0 && x.status != 0) {
		result_set(result, OUTCOME_BROKEN,
			   "the sabotage %s%s%s planted nothing: it ended with %s %d", x.name,
			   x.argument ? " " : "", x.argument ? x.argument : "",
			   WIFSIGNALED(x.status) ? "signal" : "status",
			   WIFSIGNALED(x.status) ? WTERMSIG(x.status) : WEXITSTATUS(x.status));
		return -EPROTO;
	}
	return r;
}

static void run_body(const struct program *program, program_check_fn *on_check, void *arg,
		     struct result *result)
{
	struct execution x = {
		.folder = program->folder,
		.name = program->command,
		.output = TEXT_INIT(PROGRAM_OUTPUT_MAX),
	};
	uint64_t start_ns = clock_now_ns();

	if (execute(&x, result) == 0) {
		const struct program_end end = {
			.program = program->command,
			.status = x.status,
			.output = x.output.buf,
			.length = x.output.length,
			.is_cut = x.output.overflowed,
			.speaks_tap = strcmp(program->reports, "tap") == 0,
		};
		program_judge(&end, on_check, arg, result);
	}
	result->duration_ns = clock_now_ns() - start_ns;
	text_done(&x.output);
}

static bool has_its_needs(const struct run_order *order, const struct program *program,
			  struct result *result)
{
	struct tree *tree = tree_of_folder("/");

	if (!tree) {
		result_set(result, OUTCOME_BROKEN, "the root cannot be opened: %m");
		return false;
	}
	bool met = (order->flags & RUN_NEEDS_KNOWN) || needs_are_met(program->needs, tree, result);
	tree_free(tree);
	return met;
}

void program_case_execute(const struct run_order *order, bool private_mounts,
			  program_check_fn *on_check, void *arg, struct result *result)
{
	struct program program;

	read_program(order->parameters, &program);
	if (!has_its_needs(order, &program, result))
		return;
	if (!make_executable(program.folder, private_mounts)) {
		result_set(result, OUTCOME_BROKEN, PROGRAM_NOT_ALLOWED "%s: %m", program.folder);
		return;
	}
	tell_environment(order, &program);
	if ((order->flags & RUN_SABOTAGE) && plant(&program, result) < 0)
		return;
	run_body(&program, on_check, arg, result);
}
