/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting with a deadline and a way out. */
#include "base/wait.h"

#include <errno.h>

struct patience patience_for(int cancel_fd, uint64_t span_ns)
{
	uint64_t now = clock_now_ns();
	uint64_t longest = UINT64_MAX - now;

	return (struct patience){
		.until_ns = now + (span_ns < longest ? span_ns : longest),
		.cancel_fd = cancel_fd,
	};
}

struct patience patience_within(const struct patience *p, uint64_t span_ns)
{
	struct patience shorter = patience_for(p->cancel_fd, span_ns);

	if (p->until_ns < shorter.until_ns)
		shorter.until_ns = p->until_ns;
	return shorter;
}

uint64_t patience_left_ns(const struct patience *p)
{
	uint64_t now = clock_now_ns();

	return now < p->until_ns ? p->until_ns - now : 0;
}

bool patience_cancelled(const struct patience *p)
{
	struct pollfd cancel = {.fd = p->cancel_fd, .events = POLLIN};

	return p->cancel_fd >= 0 && poll(&cancel, 1, 0) > 0;
}

int wait_fd(const struct patience *p, int fd, short events, const char *what, struct err *e)
{
	for (;;) {
		struct pollfd fds[2] = {
			{.fd = fd, .events = events},
			{.fd = p->cancel_fd, .events = POLLIN},
		};
		uint64_t left = patience_left_ns(p);
		struct timespec span = {
			.tv_sec = (time_t)(left / NS_PER_S),
			.tv_nsec = (long)(left % NS_PER_S),
		};
		int n = ppoll(fds, 2, &span, NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, BLAME_BUG, errno, "poll for %s: %m", what);
		if (fds[1].revents)
			return err_set(e, BLAME_USER, ECANCELED, "cancelled while waiting for %s",
				       what);
		if (fds[0].revents)
			return 0;
		if (left == 0)
			return err_set(e, BLAME_GUEST, ETIMEDOUT, "timed out waiting for %s", what);
	}
}

int wait_span(const struct patience *p, uint64_t span_ns, const char *what, struct err *e)
{
	struct patience span = patience_within(p, span_ns);
	int r = wait_fd(&span, -1, 0, what, e);

	if (r != -ETIMEDOUT)
		return r;
	if (span.until_ns == p->until_ns && patience_left_ns(p) == 0)
		return r; /* it was the caller's patience that ran out */
	err_clear(e);
	return 0;
}

int wait_read(const struct patience *p, int fd, void *buf, size_t size, const char *what,
	      struct err *e)
{
	char *at = buf;

	while (size > 0) {
		int r = wait_fd(p, fd, POLLIN, what, e);
		if (r < 0)
			return r;
		ssize_t n = read(fd, at, size);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_set(e, BLAME_GUEST, errno, "read %s: %m", what);
		if (n == 0)
			return err_set(e, BLAME_GUEST, ECONNRESET, "%s: the other side closed",
				       what);
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int wait_write(const struct patience *p, int fd, const void *buf, size_t size, const char *what,
	       struct err *e)
{
	const char *at = buf;

	while (size > 0) {
		int r = wait_fd(p, fd, POLLOUT, what, e);
		if (r < 0)
			return r;
		ssize_t n = write(fd, at, size);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_set(e, BLAME_GUEST, errno, "write %s: %m", what);
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
