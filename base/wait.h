/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to wait: every wait carries a deadline and a descriptor that ends it.
 *
 *	struct patience p = patience_for(cancel_fd, 30 * NS_PER_S);
 *	int r = wait_fd(&p, fd, POLLIN, "the agent's greeting", e);
 */
#ifndef ASSAY_BASE_WAIT_H
#define ASSAY_BASE_WAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

struct patience {
	uint64_t until_ns; /* monotonic */
	int cancel_fd; /* becomes readable when the user has had enough; -1: cannot be cancelled */
};

/* Patience for `span_ns` from now on. */
struct patience patience_for(int cancel_fd, uint64_t span_ns);

/* The same cancel descriptor, and the earlier of the old deadline and `span_ns` from now on. */
struct patience patience_within(const struct patience *p, uint64_t span_ns) NONNULL(1);

/* Nanoseconds left, 0 when it has run out. */
uint64_t patience_left_ns(const struct patience *p) NONNULL(1);

/*
 * Waits until `events` (poll(2)) are there on fd, or it hung up. Returns 0; -ETIMEDOUT "timed out waiting for
 * <what>" (blame guest: the caller may know better); -ECANCELED (blame user); -errno.
 * fd may be -1: then it is a sleep that ends with -ETIMEDOUT or -ECANCELED.
 */
int wait_fd(const struct patience *p, int fd, short events, const char *what, struct err *e)
	NONNULL(1, 4, 5);

/* Sleeps for `span_ns` or until cancelled or out of patience: 0 when the whole span has passed. */
int wait_span(const struct patience *p, uint64_t span_ns, const char *what, struct err *e)
	NONNULL(1, 3, 4);

/* Reads exactly / writes exactly `size` bytes on a non-blocking or blocking descriptor, within patience.
 * -ECONNRESET (blame guest) "…: the other side closed" when it ends early. */
int wait_read(const struct patience *p, int fd, void *buf, size_t size, const char *what,
	      struct err *e) NONNULL(1, 3, 5, 6);
int wait_write(const struct patience *p, int fd, const void *buf, size_t size, const char *what,
	       struct err *e) NONNULL(1, 3, 5, 6);

/* True when the cancel descriptor has fired. */
bool patience_cancelled(const struct patience *p) NONNULL(1);

#endif
