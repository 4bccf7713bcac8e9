/* SPDX-License-Identifier: Apache-2.0 */
/* Time daemons and their ways. */
#include "guest/kit/time_daemon.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/text.h"

#define COMMAND_MAX 4096

/* The first that fits. */
static const struct {
	const char *comm;
	const char *begin;   /* of the command line, NULL: any */
	const char *program; /* the end of its path, NULL: any */
	const char *name;
	unsigned first_answers, corrects_s;
	bool wants_several;
} known[] = {
	/* It steps whenever the clock is off by more than 0.4 s, and polls every 32 s to begin with, then less often. */
	{"systemd-timesyn", NULL, NULL, "systemd-timesyncd", 1, 300, false},
	/* "makestep 1 3" is what distributions set: three updates, for the first of which it takes four answers. Then it slews, a
	 * second in twelve at most, and it takes several polls of 64 or 128 s until it believes that the clock is so far off. */
	{"chronyd", NULL, NULL, "chronyd", 8, 1200, false},
	/* By setproctitle; both of its processes. */
	{"ntpd", "ntpd: ", NULL, "OpenNTPD", 1, 0, false},
	{"openntpd", NULL, NULL, "OpenNTPD", 1, 0, false},
	/* It steps by more than a second at any time. */
	{"ntpd", NULL, "/busybox", "BusyBox ntpd", 1, 400, false},
	/* A clock that is off by more than 128 ms is watched for 300 s (stepout) from one poll to another before it is stepped;
	 * with -g it may be off by more than 1000 s (panic) once. */
	{"ntpd", NULL, NULL, "ntpd", 8, 900, true},
	{"ntpsec", NULL, NULL, "ntpd", 8, 900, true},
};

bool time_daemon_is(const char *comm, const char *command_line, const char *program,
		    struct time_daemon *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].comm, comm) != 0 ||
		    (known[i].begin && !has_prefix(command_line, known[i].begin)) ||
		    (known[i].program && !has_suffix(program, known[i].program)))
			continue;
		*ret = (struct time_daemon){.name = known[i].name,
					    .first_answers = known[i].first_answers,
					    .corrects_s = known[i].corrects_s,
					    .wants_several = known[i].wants_several};
		return true;
	}
	return false;
}

/* ---- the processes ---- */

static bool has_ptp_open(const char *process)
{
	char path[64], target[64];
	bool found = false;

	(void)snprintf(path, sizeof path, "/proc/%.20s/fd", process);
	DIR *fds = opendir(path);
	for (struct dirent *entry; fds && !found && (entry = readdir(fds));) {
		ssize_t n = readlinkat(dirfd(fds), entry->d_name, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
		found = has_prefix(target, "/dev/ptp");
	}
	if (fds)
		closedir(fds);
	return found;
}

static bool look_at(const char *process, struct time_daemon *ret)
{
	CLEAN_TEXT struct text comm = TEXT_INIT(64), command = TEXT_INIT(COMMAND_MAX);
	char path[64], program[1024];

	(void)snprintf(path, sizeof path, "/proc/%.20s/comm", process);
	if (text_read_file(&comm, path) < 0 || comm.length == 0)
		return false;
	comm.buf[strcspn(comm.buf, "\n")] = '\0';
	(void)snprintf(path, sizeof path, "/proc/%.20s/cmdline", process);
	(void)text_read_file(&command, path);
	(void)snprintf(path, sizeof path, "/proc/%.20s/exe", process);
	ssize_t n = readlink(path, program, sizeof program - 1);
	program[n > 0 ? n : 0] = '\0';
	if (!time_daemon_is(comm.buf, command.buf, program, ret))
		return false;
	ret->reads_ptp = has_ptp_open(process);
	return true;
}

/* Over the real /proc: who runs is no file that a sabotage replaces. Of a daemon with several processes each tells something. */
static bool look_at_all(bool freeze, struct time_daemon *ret)
{
	DIR *proc = opendir("/proc");
	struct time_daemon one;
	bool found = false;

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		long long pid;
		if (number_parse(entry->d_name, 1, 1 << 22, &pid) < 0 ||
		    !look_at(entry->d_name, &one))
			continue;
		if (freeze)
			(void)kill((pid_t)pid, SIGSTOP);
		one.reads_ptp |= found && ret->reads_ptp;
		if (found && one.corrects_s > 0)
			ret->reads_ptp = one.reads_ptp;
		else
			*ret = one;
		found = true;
	}
	if (proc)
		closedir(proc);
	return found;
}

bool time_daemon_look(struct time_daemon *ret)
{
	return look_at_all(false, ret);
}

bool freeze_time_daemons(void)
{
	struct time_daemon daemon;

	return look_at_all(true, &daemon);
}

bool clock_is_synchronised(void)
{
	struct timex now = {.modes = 0};

	return adjtimex(&now) >= 0 && !(now.status & STA_UNSYNC);
}
