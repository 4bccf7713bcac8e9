/* SPDX-License-Identifier: Apache-2.0 */
/* Output that never blocks. */
#include "base/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum way {
	WAY_BLOCKS,  /* a regular file: it takes all */
	WAY_ASKS,    /* a pipe: one that is ready takes PIPE_BUF bytes at once (pipe(7)) */
	WAY_REFUSES, /* opened anew to be non-blocking, or a socket, which is told with each call */
};

struct outlet {
	int fd, own_fd; /* own_fd: opened here, -1 else */
	enum way way;
	bool is_socket;
	struct text waiting;
	size_t given; /* of `waiting`, from its beginning */
	size_t lost;
	int error; /* a positive errno that ended the writing */
};

/* O_NONBLOCK belongs to the open file, which is the caller's shell's too: a terminal is opened anew for it. */
static void choose_way(struct outlet *outlet)
{
	CLEAN_FREE char *path = xasprintf("/proc/self/fd/%d", outlet->fd);
	struct stat stat_;

	outlet->own_fd = -1;
	if (fstat(outlet->fd, &stat_) < 0 || S_ISREG(stat_.st_mode) || S_ISBLK(stat_.st_mode)) {
		outlet->way = WAY_BLOCKS;
		return;
	}
	outlet->is_socket = S_ISSOCK(stat_.st_mode);
	outlet->way = outlet->is_socket ? WAY_REFUSES : WAY_ASKS;
	if (!S_ISCHR(stat_.st_mode))
		return;
	outlet->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (outlet->own_fd < 0)
		return;
	outlet->fd = outlet->own_fd;
	outlet->way = WAY_REFUSES;
}

struct outlet *outlet_new(int fd, size_t maximum)
{
	struct outlet *outlet = xnew(sizeof *outlet);

	outlet->fd = fd;
	text_init(&outlet->waiting, maximum);
	choose_way(outlet);
	return outlet;
}

void outlet_free(struct outlet *outlet)
{
	if (!outlet)
		return;
	scope_close(&outlet->own_fd);
	text_done(&outlet->waiting);
	free(outlet);
}

static bool is_ready(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	return poll(&pollfd, 1, 0) > 0;
}

static ssize_t give(const struct outlet *outlet, const char *bytes, size_t length)
{
	if (outlet->is_socket)
		return send(outlet->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (outlet->way != WAY_ASKS)
		return write(outlet->fd, bytes, length);
	if (!is_ready(outlet->fd)) {
		errno = EAGAIN;
		return -1;
	}
	return write(outlet->fd, bytes, length < PIPE_BUF ? length : PIPE_BUF);
}

/* Makes room at the end. */
static void forget_given(struct outlet *outlet)
{
	struct text *waiting = &outlet->waiting;

	memmove(waiting->buf, waiting->buf + outlet->given, waiting->length - outlet->given);
	text_cut(waiting, waiting->length - outlet->given);
	outlet->given = 0;
}

void outlet_push(struct outlet *outlet)
{
	const struct text *waiting = &outlet->waiting;

	while (outlet->given < waiting->length && outlet->error == 0) {
		ssize_t n =
			give(outlet, waiting->buf + outlet->given, waiting->length - outlet->given);
		if (n >= 0)
			outlet->given += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			outlet->error = errno;
	}
	if (outlet->error || outlet->given == waiting->length ||
	    outlet->given > waiting->length / 2)
		forget_given(outlet);
}

void outlet_add(struct outlet *outlet, const char *bytes, size_t length)
{
	size_t waits = outlet->waiting.length - outlet->given;

	if (outlet->error)
		return;
	if (length > outlet->waiting.maximum - waits) {
		outlet->lost++;
	} else {
		if (length > outlet->waiting.maximum - outlet->waiting.length)
			forget_given(outlet);
		(void)text_add(&outlet->waiting, bytes, length);
	}
	outlet_push(outlet);
}

size_t outlet_lost(const struct outlet *outlet)
{
	return outlet->lost;
}

static int drain(struct outlet *outlet, const struct patience *p, uint64_t idle_ns, struct err *e)
{
	while (outlet->given < outlet->waiting.length && outlet->error == 0) {
		struct patience idle = patience_within(p, idle_ns);
		int r = wait_fd(&idle, outlet->fd, POLLOUT, "the reader of the output", e);
		if (r == -ETIMEDOUT)
			return err_set(e, BLAME_HOST, ETIMEDOUT,
				       "whoever reads the output takes nothing any more: %zu bytes "
				       "of it are left",
				       outlet->waiting.length - outlet->given);
		if (r < 0)
			return r;
		outlet_push(outlet);
	}
	return 0;
}

int outlet_drain(struct outlet *outlet, const struct patience *p, uint64_t idle_ns, struct err *e)
{
	outlet_push(outlet);
	int r = drain(outlet, p, idle_ns, e);

	if (r < 0)
		return r;
	if (outlet->error == EPIPE)
		return err_set(e, BLAME_HOST, EPIPE, "%s", "");
	if (outlet->error)
		return err_set(e, BLAME_HOST, outlet->error, "write the output: %m");
	if (outlet->lost > 0)
		return err_set(
			e, BLAME_HOST, ENOBUFS,
			"whoever reads the output was too slow: %zu lines of it were left out",
			outlet->lost);
	return 0;
}
