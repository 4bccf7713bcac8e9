/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes, the only way to start one on the host. A child is started with posix_spawn through a shim (our own
 * program under the name "assay-exec") that sets its death signal, process group, limits and sandbox before it
 * executes the program.
 *
 *	const char *argv[] = {"qemu-img", "info", "--output=json", path, NULL};
 *	struct child_spec spec = {.argv = argv};
 *	struct child_output out = CHILD_OUTPUT_INIT(1 << 20);
 *	r = child_run(&spec, &patience, &out, e);       (out.stdout_text.buf holds what it printed)
 *	child_output_done(&out);
 *
 * A child never gains privileges: setuid programs do not work from here. The death signal fires when the *thread* that
 * started the child ends: start children from the thread that owns them.
 */
#ifndef ASSAY_BASE_CHILD_H
#define ASSAY_BASE_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wait.h"

/* Must be the first call in main() of every program that uses this module (unit tests too): when the process is the
 * shim, it does the shim's work and never returns. */
void child_init(int argc, char **argv);

/* A descriptor of ours (`fd`) that appears in the child as `as`. */
struct child_fd {
	int fd, as;
};

struct child_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const struct child_fd *fds;
	size_t fd_count;
	/* 0: /dev/null (also for captured ones, which child_run replaces) */
	int stdin_fd, stdout_fd, stderr_fd;
	const char *const *env; /* extra "NAME=value" entries, NULL-terminated; or NULL */
	/* Bytes (RLIMIT_AS, RLIMIT_FSIZE); 0: not limited */
	unsigned long long limit_memory, limit_file_size;
	unsigned limit_cpu_s; /* RLIMIT_CPU; 0: not limited */
	bool no_network;      /* seccomp: no sockets but AF_UNIX */
	bool no_exec;	      /* seccomp: the program may start no other */
	bool files_only; /* started by root: of its privileges only those over files of others */
	bool keep_group; /* stay in our process group (default: a group of its own) */
};

struct child {
	pid_t pid; /* 0: none; also the process group, unless keep_group */
	int pidfd;
	bool owns_group;
};

#define CHILD_INIT                                                                                 \
	{                                                                                          \
		.pidfd = -1                                                                        \
	}

/* Starts it. -ENOENT (blame host) "<program> is not installed" when the program is not found. */
int child_start(const struct child_spec *spec, struct child *ret, struct err *e) NONNULL(1, 2, 3);

/* Waits for its end, kills what is left of its group, and reaps it. *ret_status is as of waitpid(2). The child is
 * CHILD_INIT afterwards. */
int child_wait(struct child *child, const struct patience *p, int *ret_status, struct err *e)
	NONNULL(1, 2, 3, 4);

/* True when it has ended (it still must be reaped). */
bool child_has_ended(const struct child *child) NONNULL(1);

/* Signals the whole group. */
void child_signal(const struct child *child, int signal) NONNULL(1);

/* SIGKILLs the group if it lives, reaps it. Takes a CHILD_INIT too. Use with CLEAN_DONE(child). */
void child_done(struct child *child) NONNULL(1);
DEFINE_CLEAN_DONE(child);

struct child_output {
	struct text stdout_text, stderr_text;
	int status; /* as of waitpid(2) */
};

#define CHILD_OUTPUT_INIT(max)                                                                     \
	{                                                                                          \
		.stdout_text = TEXT_INIT(max), .stderr_text = TEXT_INIT(65536)                     \
	}

void child_output_done(struct child_output *out) NONNULL(1);
DEFINE_CLEAN_DONE(child_output);

/* Starts it, captures stdout up to its maximum (-EMSGSIZE beyond) and the last part of stderr, waits, reaps. Returns 0
 * whatever its exit status was. On cancel or time-out the group is killed. */
int child_run(const struct child_spec *spec, const struct patience *p, struct child_output *out,
	      struct err *e) NONNULL(1, 2, 3, 4);

/* As child_run, but an exit status other than 0 is an error (blame host) with the last line of stderr. */
int child_run_ok(const struct child_spec *spec, const struct patience *p, struct child_output *out,
		 struct err *e) NONNULL(1, 2, 3, 4);

/* "exited with 3" or "was killed by signal 9 (KILL)". */
const char *child_status_text(int status, char *buf, size_t size) NONNULL(2);

#endif
