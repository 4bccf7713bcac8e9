/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's end of the channel to the host. */
#include "guest/port.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"

#define PORTS_FOLDER  "/sys/class/virtio-ports"
#define READ_PIECE    16384
#define SEND_PATIENCE 30000	   /* ms without any progress */
#define KEPT_ROOM     (256U << 10) /* a buffer that grew for a new agent's binary is given back */

/* ---- opening ---- */

int port_of_fds(int in_fd, int out_fd, bool outlives_host, struct port *port, struct err *e)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};

	port->in_fd = in_fd;
	port->out_fd = out_fd;
	port->outlives_host = outlives_host;
	port->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (port->epoll_fd < 0 || epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, in_fd, &event) < 0)
		return err_set(e, BLAME_HOST, errno, "wait on descriptor %d: %m", in_fd);
	if (fcntl(in_fd, F_SETFL, fcntl(in_fd, F_GETFL) | O_NONBLOCK) < 0 ||
	    fcntl(out_fd, F_SETFL, fcntl(out_fd, F_GETFL) | O_NONBLOCK) < 0)
		return err_set(e, BLAME_HOST, errno, "make descriptors %d and %d non-blocking: %m",
			       in_fd, out_fd);
	return 0;
}

/* Writes the device of the port with that name; false when there is none (yet). */
static bool find_device(const char *name, char device[64])
{
	DIR *dir = opendir(PORTS_FOLDER);
	bool found = false;

	for (struct dirent *entry; !found && dir && (entry = readdir(dir));) {
		CLEAN_TEXT struct text content = TEXT_INIT(256);
		char path[320];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, PORTS_FOLDER "/%s/name", entry->d_name);
		if (text_read_file(&content, path) < 0)
			continue;
		text_cut(&content, strcspn(content.buf, "\n"));
		found = strcmp(content.buf, name) == 0;
		if (found)
			(void)snprintf(device, 64, "/dev/%.50s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

int port_find(const char *name, unsigned patience_s, struct port *port, struct err *e)
{
	uint64_t until_ns = clock_now_ns() + patience_s * NS_PER_S;
	char device[64] = "";
	int error = ENODEV;

	for (unsigned wait_ms = 1;; wait_ms = wait_ms < 100 ? wait_ms * 2 : 100) {
		int fd = find_device(name, device) ? open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK)
						   : -1;
		if (fd >= 0)
			return port_of_fds(fd, fd, true, port, e);
		if (device[0])
			error = errno;
		if (error == EBUSY || clock_now_ns() > until_ns)
			break;
		(void)poll(NULL, 0, (int)wait_ms);
	}
	return err_set(e, BLAME_HOST, error, "open the virtio port %s %s: %m", name, device);
}

void port_done(struct port *port)
{
	if (port->in_fd >= 0)
		close(port->in_fd);
	if (port->out_fd >= 0 && port->out_fd != port->in_fd)
		close(port->out_fd);
	if (port->epoll_fd >= 0)
		close(port->epoll_fd);
	port->in_fd = port->out_fd = port->epoll_fd = -1;
	text_done(&port->in);
	text_done(&port->out);
}

/* ---- reading ---- */

void port_wait(const struct port *port, int timeout_ms)
{
	struct epoll_event event;

	/* Edge-triggered, because a virtio port without a host hangs up all the time, and the agent must sleep then. */
	(void)epoll_wait(port->epoll_fd, &event, 1, timeout_ms);
}

bool port_has_host(const struct port *port)
{
	struct pollfd out = {.fd = port->out_fd, .events = POLLOUT};

	return poll(&out, 1, 0) > 0 && (out.revents & POLLOUT) &&
	       !(out.revents & (POLLHUP | POLLERR));
}

/* Takes away what has been used up. */
static void shift(struct port *port)
{
	if (port->used == 0)
		return;
	memmove(port->in.buf, port->in.buf + port->used, port->in.length - port->used);
	text_cut(&port->in, port->in.length - port->used);
	port->used = 0;
	if (port->in.length == 0 && port->in.room > KEPT_ROOM)
		text_done(&port->in);
}

int port_fill(struct port *port)
{
	char piece[READ_PIECE];

	shift(port);
	for (;;) {
		size_t room = port->in.maximum - port->in.length;
		if (room == 0)
			return 0; /* a whole frame at least is there */
		ssize_t got = read(port->in_fd, piece, room < sizeof piece ? room : sizeof piece);
		if (got > 0) {
			(void)text_add(&port->in, piece, (size_t)got);
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (!port->outlives_host)
			return -ECONNRESET;
		if (got < 0 && errno == ENODEV)
			return -ENODEV;
		text_clear(
			&port->in); /* the host has gone: half a frame of its will never be whole */
		return 0;
	}
}

/* Steps to the next place where a frame may begin. */
static void skip_to_magic(struct port *port)
{
	static const char magic[] = {'A', 'S', 'Y', '1'};
	size_t left = port->in.length - port->used;
	const char *found =
		left > 0 ? memmem(port->in.buf + port->used + 1, left - 1, magic, sizeof magic)
			 : NULL;

	port->used = found ? (size_t)(found - port->in.buf) : port->in.length;
}

int port_next(struct port *port, struct frame *ret)
{
	while (port->used < port->in.length) {
		struct err e = {0};
		long used = frame_parse(port->in.buf + port->used, port->in.length - port->used,
					ret, &e);
		if (used > 0) {
			port->used += (size_t)used;
			return 1;
		}
		if (used == 0)
			return 0;
		skip_to_magic(port);
	}
	return 0;
}

/* ---- writing ---- */

/* Waits until there is room again; false when nobody is there any more. */
static bool wait_for_room(const struct port *port)
{
	struct pollfd out = {.fd = port->out_fd, .events = POLLOUT};
	int n;

	do {
		n = poll(&out, 1, SEND_PATIENCE);
	} while (n < 0 && errno == EINTR);
	return n > 0 && !(out.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static int send_all(const struct port *port)
{
	for (size_t sent = 0; sent < port->out.length;) {
		ssize_t n = write(port->out_fd, port->out.buf + sent, port->out.length - sent);
		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno == EAGAIN && wait_for_room(port))
			continue;
		else if (n == 0 || errno != EINTR)
			return -ECONNRESET;
	}
	return 0;
}

int port_send(struct port *port)
{
	int r = port->out.overflowed ? -EMSGSIZE : send_all(port);

	text_clear(&port->out);
	if (port->out.room > KEPT_ROOM)
		text_done(&port->out);
	return r;
}
