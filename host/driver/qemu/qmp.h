/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's machine protocol over a socket: commands with answers, and events between them. QEMU runs what a guest does, so
 * what it says is bounded like all that is foreign.
 *
 *	struct qmp *qmp = qmp_new(fd, &vm->events);                (takes the descriptor)
 *	r = qmp_execute(qmp, &patience, "query-status", NULL, &reply, e);
 *	r = qmp_collect(qmp, e);                                   (events that are there now)
 */
#ifndef ASSAY_HOST_DRIVER_QEMU_QMP_H
#define ASSAY_HOST_DRIVER_QEMU_QMP_H

#include "base/err.h"
#include "base/text.h"
#include "base/wait.h"
#include "host/driver/driver.h"

#define QMP_LINE_MAX (4U << 20)

struct qmp;

/* Takes the descriptor, borrows the events. The capabilities are asked for at once, QEMU answers when it is ready. */
struct qmp *qmp_new(int fd, struct vm_events *events) NONNULL(2);
void qmp_free(struct qmp *qmp); /* takes NULL */
DEFINE_CLEANUP(qmp);

int qmp_fd(const struct qmp *qmp) NONNULL(1);

/* Waits until QEMU takes commands. -ECONNRESET (blame host): it closed the socket, so it has probably ended. */
int qmp_await_ready(struct qmp *qmp, const struct patience *p, struct err *e) NONNULL(1, 2, 3);

/* A command with arguments as JSON (or NULL); its return value is added to `reply` (may be NULL) as JSON. An error of
 * QEMU's own is -EREMOTEIO (blame host) with its sentence. */
int qmp_execute(struct qmp *qmp, const struct patience *p, const char *command,
		const char *arguments, struct text *reply, struct err *e) NONNULL(1, 2, 3, 6);

/* Hands a descriptor over under a name ("getfd"); the caller keeps its own. */
int qmp_give_fd(struct qmp *qmp, const struct patience *p, const char *name, int fd, struct err *e)
	NONNULL(1, 2, 3, 5);

/* Takes in what is there without waiting. */
int qmp_collect(struct qmp *qmp, struct err *e) NONNULL(1, 2);

/* Waits for an event numbered `since` or later; *ret is valid until the next call. */
int qmp_await_event(struct qmp *qmp, const struct patience *p, uint64_t since, const char *name,
		    const struct vm_event **ret, struct err *e) NONNULL(1, 2, 4, 5, 6);

/* For the fuzzer: takes in bytes as if QEMU had sent them. -EBADMSG when they are no QMP. */
int qmp_feed(struct qmp *qmp, const char *bytes, size_t length, struct err *e) NONNULL(1, 2, 4);

#endif
