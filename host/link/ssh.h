/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH as a way to an agent: one session, one channel, in which the agent is uploaded and then speaks over stdin and
 * stdout. The guest's host key is not checked: the way leads through a port that this program forwarded itself.
 *
 *	struct ssh_target target = {.port = port, .user = "root", .key = path, .agent_path = agent,
 *				    .wait = wait, .wait_arg = machine};
 *	r = ssh_open(&target, &patience, &stream, e);
 */
#ifndef ASSAY_HOST_LINK_SSH_H
#define ASSAY_HOST_LINK_SSH_H

#include "base/err.h"
#include "base/text.h"
#include "base/wait.h"
#include "host/link/stream.h"

/* As wait_fd; `arg` is the target's. A machine goes on listening to its other channels meanwhile. */
typedef int ssh_wait_fn(void *arg, const struct patience *p, int fd, short events, const char *what,
			struct err *e);

struct ssh_target {
	unsigned port;		/* on 127.0.0.1; 0: `fd` leads to the server */
	int fd;			/* taken, also on failure */
	const char *user, *key; /* path of a private key without a passphrase */
	const char *agent_path;
	ssh_wait_fn *wait;
	void *wait_arg;
};

/* 0 when the file holds a private key that can be used; else -EACCES (blame user). */
int ssh_key_check(const char *path, struct err *e) NONNULL(1, 2);

/* Makes a private key at `path` unless one is there; gives its public half as it stands in authorized_keys. */
int ssh_key_keep(const char *path, char **ret_public, struct err *e) NONNULL(1, 2, 3);

/* Connects, uploads, starts: gives the stream. -EACCES (blame user): the guest refuses the key, or the key cannot be
 * read; other errors (blame guest) may go away when the guest is further with its boot. */
int ssh_open(const struct ssh_target *target, const struct patience *p, struct stream **ret,
	     struct err *e) NONNULL(1, 2, 3, 4);

/* Logs in and runs a command: its output (stdout) is added, as far as it comes within patience and has room. Errors as
 * ssh_open's. */
int ssh_run(const struct ssh_target *target, const char *command, const struct patience *p,
	    struct text *output, struct err *e) NONNULL(1, 2, 3, 4, 5);

#endif
