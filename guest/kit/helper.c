/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes of a case. */
#include "guest/kit/helper.h"

#include <sys/prctl.h>

#include "base/clock.h"

static pid_t start(struct trial *t, helper_fn *fn, void *arg)
{
	fflush(NULL);
	pid_t pid = fork();

	if (pid < 0)
		case_broken(t, "no child process could be made: %m");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(fn(arg));
	}
	return pid;
}

static int wait_for(pid_t pid, int *status)
{
	while (waitpid(pid, status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int helper_run(struct trial *t, helper_fn *fn, void *arg)
{
	int status = 0;

	if (wait_for(start(t, fn, arg), &status) < 0)
		case_broken(t, "the child process could not be waited for: %m");
	return status;
}

void helper_stop(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	(void)wait_for(pid, &status);
}

static void stop_helper(void *arg)
{
	helper_stop(*(pid_t *)arg);
}

pid_t helper_start(struct trial *t, helper_fn *fn, void *arg)
{
	pid_t *pid = case_alloc(t, sizeof *pid);

	*pid = start(t, fn, arg);
	case_defer(t, stop_helper, pid);
	return *pid;
}

struct parting_signal {
	pid_t pid;
	int number;
};

static void send_parting_signal(void *arg)
{
	const struct parting_signal *parting = arg;

	kill(parting->pid, parting->number);
}

void helper_signal(struct trial *t, pid_t pid, int now, int at_end)
{
	struct parting_signal *parting = case_alloc(t, sizeof *parting);

	*parting = (struct parting_signal){.pid = pid, .number = at_end};
	if (kill(pid, now) < 0)
		case_broken(t, "process %d cannot be signalled: %m", pid);
	case_defer(t, send_parting_signal, parting);
}

static bool is_child_of(struct trial *t, const char *pid, pid_t parent)
{
	const char *status = file_text(t, case_format(t, "/proc/%s/status", pid));
	const char *line = status ? strstr(status, "\nPPid:") : NULL;
	int found;

	return parent == 0 || (line && sscanf(line, "\nPPid: %d", &found) == 1 && found == parent);
}

pid_t process_find(struct trial *t, const char *comm, pid_t parent)
{
	const char *const *names = file_names(t, "/proc");
	long long pid;

	for (; *names; names++) {
		if (number_parse(*names, 1, 1 << 22, &pid) < 0)
			continue;
		const char *name = file_line(t, case_format(t, "/proc/%s/comm", *names));
		if (name && strcmp(name, comm) == 0 && is_child_of(t, *names, parent))
			return (pid_t)pid;
	}
	return -1;
}

bool pause_until(uint64_t deadline_ns, unsigned span_ms)
{
	if (clock_now_ns() >= deadline_ns)
		return false;
	struct timespec span = {.tv_sec = span_ms / 1000, .tv_nsec = span_ms % 1000 * 1000000L};
	(void)nanosleep(&span, NULL);
	return true;
}
