/* SPDX-License-Identifier: Apache-2.0 */
/* A program on the host as a case: its folder, its surroundings, its end. */
#include "host/cases/host_program.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/child.h"
#include "host/cases/host_trial.h"
#include "host/machine/program.h"
#include "wire/frame.h"
#include "wire/program.h"

#define OPEN_FOLDERS	16
#define STDERR_MAX	65536
#define FILE_MAX	(1ULL << 30)
#define ENVIRONMENT_MAX 64

/* One program while it runs. Nothing in here leaves by longjmp. */
struct show {
	struct host_trial *t;
	const struct case_program *program;
	char folder[PATH_MAX - 256]; /* "" none */
	int listener, epoll_fd;
	int out[2], err[2]; /* pipes for what it prints */
	struct child child;
	struct text output, errors;
	bool is_machine_gone;
	int status;
};

/* ---- its folder ---- */

static int remove_entry(const char *path, const struct stat *st UNUSED, int type,
			struct FTW *at UNUSED)
{
	(void)(type == FTW_DP || type == FTW_D ? rmdir(path) : unlink(path));
	return 0;
}

static void show_done(struct show *show)
{
	const int fds[] = {show->listener, show->epoll_fd, show->out[0],
			   show->out[1],   show->err[0],   show->err[1]};

	child_done(&show->child);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (show->folder[0])
		(void)nftw(show->folder, remove_entry, OPEN_FOLDERS,
			   FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	text_done(&show->output);
	text_done(&show->errors);
}

static int make_folder(struct show *show, struct err *e)
{
	const char *above = getenv("TMPDIR");

	(void)snprintf(show->folder, sizeof show->folder, "%s/assay-case-XXXXXX",
		       above && above[0] == '/' ? above : "/tmp");
	if (mkdtemp(show->folder))
		return 0;
	int r = err_set(e, BLAME_HOST, errno, "make a folder %s: %m", show->folder);
	show->folder[0] = '\0';
	return r;
}

static void make_folders_between(char *path, size_t from)
{
	for (char *at = path + from + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0755); /* if it fails, the file cannot be made and says why */
		*at = '/';
	}
}

static int copy_file(struct show *show, const char *name, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(0);
	CLEAN_FREE char *path = xasprintf("%s/%s", show->folder, name);
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	unsigned mode = 0;

	int r = program_read_file(show->program, name, &bytes, &mode, e);
	if (r < 0)
		return r;
	make_folders_between(path, strlen(show->folder));
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "make %s: %m", path);
	r = wait_write(&p, fd, bytes.buf, bytes.length, "the copy of a case's file", e);
	if (r == 0 && fchmod(fd, mode | 0400) < 0)
		r = err_set(e, BLAME_HOST, errno, "change the mode of %s: %m", path);
	return r;
}

static int listen_there(struct show *show, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length =
		snprintf(address.sun_path, sizeof address.sun_path, "%s/.socket", show->folder);

	if (length >= (int)sizeof address.sun_path)
		return err_set(e, BLAME_HOST, ENAMETOOLONG,
			       "%s/.socket: TMPDIR is too long for a socket", show->folder);
	show->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (show->listener < 0 ||
	    bind(show->listener, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(show->listener, 16) < 0)
		return err_set(e, BLAME_HOST, errno, "listen on %s: %m", address.sun_path);
	return 0;
}

static int prepare(struct show *show, struct err *e)
{
	int r = make_folder(show, e);

	for (const char *const *name = show->program->files; *name && r == 0; name++)
		r = copy_file(show, *name, e);
	return r == 0 ? listen_there(show, e) : r;
}

/* ---- its surroundings ---- */

/* All that it sees: nothing of ours is inherited but PATH. */
static size_t add_environment(struct show *show, char **into)
{
	CLEAN_TEXT struct text plan = TEXT_INIT(65536);
	const char *path = getenv("PATH");
	char own[PATH_MAX], id[CASE_ID_SIZE];
	size_t count = 0;
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);

	own[length > 0 ? length : 0] = '\0';
	into[count++] = xasprintf("PATH=%s", path ? path : "/usr/bin:/bin");
	into[count++] = xstrdup("LC_ALL=C.UTF-8");
	into[count++] = xasprintf("HOME=%s", show->folder);
	into[count++] = xasprintf("TMPDIR=%s", show->folder);
	into[count++] = xasprintf("ASSAY_FOLDER=%s", show->folder);
	into[count++] = xasprintf("ASSAY_CASE=%s", case_id(show->t->info, id));
	into[count++] = xasprintf(ENV_PROGRAM "=%s", own);
	into[count++] = xasprintf(ENV_SOCKET "=%s/.socket", show->folder);
	program_environment(show->t->parameters, &plan);
	for (size_t at = 0; at < plan.length && count < ENVIRONMENT_MAX;
	     at += strlen(plan.buf + at) + 1)
		into[count++] = xstrdup(plan.buf + at);
	return count;
}

static int open_pipes(struct show *show, struct err *e)
{
	struct epoll_event listens = {.events = EPOLLIN, .data.fd = show->listener};

	if (pipe2(show->out, O_CLOEXEC) < 0 || pipe2(show->err, O_CLOEXEC) < 0)
		return err_set(e, BLAME_HOST, errno, "make a pipe: %m");
	show->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event outs = {.events = EPOLLIN, .data.fd = show->out[0]},
			   errs = {.events = EPOLLIN, .data.fd = show->err[0]};
	if (show->epoll_fd < 0 || fcntl(show->out[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(show->err[0], F_SETFL, O_NONBLOCK) < 0 ||
	    epoll_ctl(show->epoll_fd, EPOLL_CTL_ADD, show->listener, &listens) < 0 ||
	    epoll_ctl(show->epoll_fd, EPOLL_CTL_ADD, show->out[0], &outs) < 0 ||
	    epoll_ctl(show->epoll_fd, EPOLL_CTL_ADD, show->err[0], &errs) < 0)
		return err_set(e, BLAME_HOST, errno, "watch a program: %m");
	return 0;
}

/* env(1) clears what we would hand down and changes the folder. */
static int start(struct show *show, const char *name, const char *argument, struct err *e)
{
	char *environment[ENVIRONMENT_MAX + 1];
	const char *argv[ENVIRONMENT_MAX + 8];
	CLEAN_FREE char *chdir = xasprintf("--chdir=%s", show->folder);
	CLEAN_FREE char *command = xasprintf("%s/%s", show->folder, name);
	size_t count = add_environment(show, environment), at = 0;

	argv[at++] = "env";
	argv[at++] = "-i";
	argv[at++] = chdir;
	for (size_t i = 0; i < count; i++)
		argv[at++] = environment[i];
	argv[at++] = command;
	if (argument)
		argv[at++] = argument;
	argv[at] = NULL;
	const struct child_spec spec = {
		.argv = argv,
		.stdout_fd = show->out[1],
		.stderr_fd = show->err[1],
		.limit_file_size = FILE_MAX,
		.no_network = true,
	};
	int r = child_start(&spec, &show->child, e);
	for (size_t i = 0; i < count; i++)
		free(environment[i]);
	if (r < 0)
		return r;
	close(STEAL_FD(show->out[1]));
	close(STEAL_FD(show->err[1]));
	struct epoll_event ends = {.events = EPOLLIN, .data.fd = show->child.pidfd};
	if (epoll_ctl(show->epoll_fd, EPOLL_CTL_ADD, show->child.pidfd, &ends) < 0)
		return err_set(e, BLAME_HOST, errno, "watch %s: %m", name);
	return 0;
}

/* ---- while it runs ---- */

static void read_pipe(struct show *show, int *fd, struct text *into)
{
	char piece[16384];
	ssize_t n = read(*fd, piece, sizeof piece);

	if (n > 0)
		(void)text_add(into, piece, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		(void)epoll_ctl(show->epoll_fd, EPOLL_CTL_DEL, *fd, NULL);
		close(STEAL_FD(*fd));
	}
}

/* The machine is served meanwhile, as long as there is one. */
static int wait_for_any(struct show *show, struct err *e)
{
	const struct patience *p = &show->t->patience;
	int r = show->is_machine_gone ? wait_fd(p, show->epoll_fd, POLLIN, "the program", e)
				      : machine_wait_fd(show->t->machine, p, show->epoll_fd, POLLIN,
							"the program", e);

	if (r != -EHOSTDOWN)
		return r;
	show->is_machine_gone = true;
	err_clear(e);
	return 0;
}

static int take_events(struct show *show, struct err *e)
{
	struct epoll_event events[8];
	int r = 0, count = epoll_wait(show->epoll_fd, events, ARRAY_LEN(events), 0);

	for (int i = 0; i < count && r == 0; i++) {
		int fd = events[i].data.fd;
		if (fd == show->listener)
			r = reach_serve(show->t, show->listener, e);
		else if (fd == show->out[0])
			read_pipe(show, &show->out[0], &show->output);
		else if (fd == show->err[0])
			read_pipe(show, &show->err[0], &show->errors);
	}
	return r;
}

static bool is_readable(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	return fd >= 0 && poll(&readable, 1, 0) > 0;
}

/* What is left in the pipes of one that has ended, whoever else holds them. */
static void drain(struct show *show)
{
	for (int i = 0; i < 1000 && is_readable(show->out[0]); i++)
		read_pipe(show, &show->out[0], &show->output);
	for (int i = 0; i < 1000 && is_readable(show->err[0]); i++)
		read_pipe(show, &show->err[0], &show->errors);
}

static int watch(struct show *show, struct err *e)
{
	struct patience p = patience_for(-1, 10 * NS_PER_S);
	int r = 0;

	while (r == 0 && !child_has_ended(&show->child)) {
		r = wait_for_any(show, e);
		if (r == 0)
			r = take_events(show, e);
	}
	if (r < 0)
		return r;
	r = child_wait(&show->child, &p, &show->status, e);
	drain(show);
	return r;
}

/* ---- the case ---- */

/* What was printed, without control bytes. */
static void note_output(struct host_trial *t, const struct text *output)
{
	CLEAN_FREE char *copy = xnew(output->length + 1);
	struct field all = {.bytes = output->buf, .length = output->length};

	field_string(&all, copy, output->length + 1);
	if (copy[0])
		host_note(t, "%s", copy);
}

/* Runs one of the two programs: 0 and what it left in `show`, which the caller ends. */
static int run_program(struct show *show, const char *name, const char *argument, struct err *e)
{
	int r = prepare(show, e);

	if (r == 0)
		r = open_pipes(show, e);
	if (r == 0)
		r = start(show, name, argument, e);
	if (r == 0)
		r = watch(show, e);
	note_output(show->t, &show->output);
	note_output(show->t, &show->errors);
	return r;
}

#define SHOW_INIT(trial)                                                                           \
	{                                                                                          \
		.t = (trial), .program = (trial)->info->program, .listener = -1, .epoll_fd = -1,   \
		.out = {-1, -1}, .err = {-1, -1}, .child = CHILD_INIT,                             \
		.output = TEXT_INIT(PROGRAM_OUTPUT_MAX), .errors = TEXT_INIT(STDERR_MAX)           \
	}

/* Out of time is for the framework to say; all else is nobody's outcome. */
static void give_up(struct host_trial *t, const struct err *e)
{
	if (e->code == ETIMEDOUT)
		host_broken(t, "%s did not end in time", t->info->program->command);
	host_leave_with(t, e);
}

void host_program_plant(struct host_trial *t)
{
	const struct case_program *program = t->info->program;
	struct show show = SHOW_INIT(t);
	struct err e = {0};

	int r = run_program(&show, program->sabotage ? program->sabotage : program->command,
			    program->sabotage ? NULL : program->argument, &e);
	int status = show.status;
	show_done(&show);
	if (r < 0)
		give_up(t, &e);
	if (status != 0)
		host_broken(t, "the sabotage planted nothing: it ended with %s %d",
			    WIFSIGNALED(status) ? "signal" : "status",
			    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void note_check(void *arg, const struct check_record *check)
{
	if (check->want[0])
		host_note(arg, "check failed: %s: got %s, want %s (%s:%u)", check->expression,
			  check->got, check->want, check->file, check->line);
	else
		host_note(arg, "check failed: %s: %s", check->expression, check->got);
}

void host_program_body(struct host_trial *t)
{
	struct show show = SHOW_INIT(t);
	struct err e = {0};

	int r = run_program(&show, show.program->command, NULL, &e);
	if (r == 0) {
		const struct program_end end = {
			.program = show.program->command,
			.status = show.status,
			.output = show.output.buf,
			.length = show.output.length,
			.is_cut = show.output.overflowed,
			.speaks_tap = show.program->speaks_tap,
		};
		program_judge(&end, note_check, t, t->result);
	}
	show_done(&show);
	if (r < 0)
		give_up(t, &e);
	host_leave_decided(t);
}
