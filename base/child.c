/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: the side of the parent. The side of the child is in child_shim.c. */
#include "base/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/child_shim.h"
#include "base/fault.h"

extern char **environ;

/* The descriptors that the child is given: all sources lie above all targets, so no dup2 hits a source. */
struct plumbing {
	posix_spawn_file_actions_t actions;
	int *copies; /* ours, close-on-exec */
	size_t count;
	int floor; /* lowest number for a copy */
};

static void plumbing_done(struct plumbing *plumbing)
{
	for (size_t i = 0; i < plumbing->count; i++)
		close(plumbing->copies[i]);
	free(plumbing->copies);
	posix_spawn_file_actions_destroy(&plumbing->actions);
}
DEFINE_CLEAN_DONE(plumbing);

static int plumb(struct plumbing *plumbing, int fd, int as, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, plumbing->floor);

	if (copy < 0)
		return err_set(e, BLAME_HOST, errno, "copy descriptor %d: %m", fd);
	plumbing->copies[plumbing->count++] = copy;
	int r = posix_spawn_file_actions_adddup2(&plumbing->actions, copy, as);
	if (r)
		return err_set(e, BLAME_HOST, r, "hand over descriptor %d: %m", fd);
	return 0;
}

/* stdin, stdout, stderr, the extra ones, and the pipe on which the shim reports: *ret_report_as. */
static int plumb_all(struct plumbing *plumbing, const struct child_spec *spec, int report_fd,
		     int *ret_report_as, struct err *e)
{
	CLEAN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int standard[] = {spec->stdin_fd, spec->stdout_fd, spec->stderr_fd};
	int highest = STDERR_FILENO, r = 0;

	if (null < 0)
		return err_set(e, BLAME_HOST, errno, "open /dev/null: %m");
	for (size_t i = 0; i < spec->fd_count; i++)
		if (spec->fds[i].as > highest)
			highest = spec->fds[i].as;
	*ret_report_as = highest + 1;
	plumbing->floor = highest + 2;
	plumbing->copies = xnew((spec->fd_count + 4) * sizeof plumbing->copies[0]);
	for (int i = 0; i < 3 && r == 0; i++)
		r = plumb(plumbing, standard[i] > 0 ? standard[i] : null, i, e);
	for (size_t i = 0; i < spec->fd_count && r == 0; i++)
		r = plumb(plumbing, spec->fds[i].fd, spec->fds[i].as, e);
	return r ? r : plumb(plumbing, report_fd, *ret_report_as, e);
}

/* The length of "NAME=" in "NAME=value". */
static size_t name_length(const char *entry)
{
	const char *equals = strchr(entry, '=');

	return equals ? (size_t)(equals - entry) + 1 : strlen(entry);
}

static bool is_overridden(const char *entry, const char *const *extra)
{
	for (; extra && *extra; extra++)
		if (strncmp(entry, *extra, name_length(*extra)) == 0)
			return true;
	return false;
}

/* Gives the array; the strings stay where they are. */
static char **merged_environment(const char *const *extra)
{
	size_t count = 1, at = 0;

	for (char **entry = environ; *entry; entry++)
		count++;
	for (const char *const *entry = extra; entry && *entry; entry++)
		count++;
	char **merged = xnew(count * sizeof *merged);
	for (char **entry = environ; *entry; entry++)
		if (!is_overridden(*entry, extra))
			merged[at++] = *entry;
	for (const char *const *entry = extra; entry && *entry; entry++)
		memcpy(&merged[at++], entry, sizeof *entry); /* execve(2) does not write to it */
	return merged;
}

/* Gives "assay-exec", the orders, and the program with its arguments. */
static char **shim_arguments(const struct child_spec *spec, const char *orders)
{
	size_t count = 0;

	while (spec->argv[count])
		count++;
	const char **argv = xnew((count + 3) * sizeof *argv);
	argv[0] = SHIM_NAME;
	argv[1] = orders;
	memcpy(argv + 2, spec->argv, count * sizeof *argv);
	char **taken;
	memcpy(&taken, &argv, sizeof taken);
	return taken;
}

static int spawn_shim(const struct child_spec *spec, const struct plumbing *plumbing,
		      const char *orders, pid_t *ret_pid)
{
	CLEAN_FREE char **argv = shim_arguments(spec, orders);
	CLEAN_FREE char **env = merged_environment(spec->env);
	posix_spawnattr_t attr;
	sigset_t all, none;
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

	/* Our threads block signals, main ignores SIGPIPE: the program must inherit neither. */
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	/* Here and not in the shim: no moment without a group. */
	if (!spec->keep_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(&attr, flags);
	int r = posix_spawn(ret_pid, "/proc/self/exe", &plumbing->actions, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	return r;
}

/* Until the shim has executed the program (the pipe closes) or tells why it could not. */
static int await_exec(int report_fd, const char *program, struct err *e)
{
	struct shim_report report = {0};
	ssize_t n;

	do {
		n = read(report_fd, &report, sizeof report);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof report)
		return err_set(e, BLAME_BUG, EPROTO, "start %s: the shim's report is cut", program);
	if (report.step == SHIM_STEP_EXECUTE && report.error == ENOENT)
		return err_set(e, BLAME_HOST, ENOENT, "%s is not installed", program);
	return err_set(e, BLAME_HOST, report.error, "start %s: %s: %m", program,
		       shim_step_name(report.step));
}

int child_start(const struct child_spec *spec, struct child *ret, struct err *e)
{
	CLEAN_DONE(child) struct child child = CHILD_INIT;
	CLEAN_FD int report_in = -1, report_out = -1;
	CLEAN_DONE(plumbing) struct plumbing plumbing = {0};
	char orders[SHIM_ORDERS_SIZE];
	int ends[2], report_as = -1;

	if (fault_hit(FAULT_SPAWN))
		return err_set(e, BLAME_HOST, errno, "start %s: %m", spec->argv[0]);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, BLAME_HOST, errno, "start %s: pipe: %m", spec->argv[0]);
	report_out = ends[0];
	report_in = ends[1];
	posix_spawn_file_actions_init(&plumbing.actions);
	int r = plumb_all(&plumbing, spec, report_in, &report_as, e);
	if (r < 0)
		return err_wrap(e, "start %s", spec->argv[0]);
	shim_orders(spec, report_as, orders);
	r = spawn_shim(spec, &plumbing, orders, &child.pid);
	if (r) {
		child.pid = 0;
		return err_set(e, BLAME_HOST, r, "start %s: %m", spec->argv[0]);
	}
	child.owns_group = !spec->keep_group;
	child.pidfd = pidfd_open(child.pid, 0);
	if (child.pidfd < 0)
		return err_set(e, BLAME_HOST, errno, "pidfd of %s: %m", spec->argv[0]);
	scope_close(&report_in);
	report_in = -1;
	scope_close(&plumbing.copies[plumbing.count - 1]); /* the other writing end of the pipe */
	plumbing.count--;
	r = await_exec(report_out, spec->argv[0], e);
	if (r < 0)
		return r;
	*ret = child;
	child = (struct child)CHILD_INIT;
	return 0;
}

void child_signal(const struct child *child, int signal)
{
	if (child->pid <= 0)
		return;
	if (child->owns_group)
		(void)kill(-child->pid, signal);
	else
		(void)kill(child->pid, signal); /* not reaped yet, so the number is still its own */
}

/* The first process is dead or dying: ends what is left of the group while its number is still taken, and reaps. */
static int reap(struct child *child)
{
	int status = 0;

	if (child->owns_group)
		(void)kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (child->pidfd >= 0)
		close(child->pidfd);
	*child = (struct child)CHILD_INIT;
	return status;
}

int child_wait(struct child *child, const struct patience *p, int *ret_status, struct err *e)
{
	int r = wait_fd(p, child->pidfd, POLLIN, "a child's end", e);

	if (r == 0)
		*ret_status = reap(child);
	return r;
}

bool child_has_ended(const struct child *child)
{
	struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};

	return child->pidfd < 0 || poll(&ended, 1, 0) > 0;
}

void child_done(struct child *child)
{
	if (child->pid <= 0)
		return;
	child_signal(child, SIGKILL);
	(void)reap(child);
}

void child_output_done(struct child_output *out)
{
	text_done(&out->stdout_text);
	text_done(&out->stderr_text);
}

const char *child_status_text(int status, char *buf, size_t size)
{
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (WIFSIGNALED(status))
		(void)snprintf(buf, size, "was killed by signal %d (%s)", WTERMSIG(status),
			       name ? name : "unknown");
	else
		(void)snprintf(buf, size, "exited with %d", WEXITSTATUS(status));
	return buf;
}
