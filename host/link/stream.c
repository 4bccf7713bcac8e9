/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over descriptors, and the doors to all others. */
#include "host/link/stream.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/text.h"

static ssize_t fd_read(struct stream *stream, void *buf, size_t size)
{
	ssize_t n;

	do {
		n = read(stream->fd, buf, size);
	} while (n < 0 && errno == EINTR);
	/* A reset is how a unix socket says that the other side went away with bytes unread. */
	if (n < 0 && (errno == ECONNRESET || errno == EIO))
		return 0;
	return n < 0 ? -errno : n;
}

/* Not a socket (a pipe, a terminal): send(2) refuses, write(2) does. */
static ssize_t fd_write(struct stream *stream, const void *buf, size_t size)
{
	ssize_t n;

	do {
		n = send(stream->fd, buf, size, MSG_NOSIGNAL);
		if (n < 0 && errno == ENOTSOCK)
			n = write(stream->fd, buf, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void fd_free(struct stream *stream)
{
	scope_close(&stream->fd);
	free(stream);
}

static const struct stream_ops fd_ops = {.read = fd_read, .write = fd_write, .free = fd_free};

struct stream *stream_of_fd(int fd)
{
	struct stream *stream = xnew(sizeof *stream);
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	*stream = (struct stream){.ops = &fd_ops, .fd = fd};
	return stream;
}

int stream_pair(struct stream **ret, int *ret_other)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	*ret = stream_of_fd(ends[0]);
	*ret_other = ends[1];
	return 0;
}

ssize_t stream_read(struct stream *stream, void *buf, size_t size)
{
	return stream->ops->read(stream, buf, size);
}

ssize_t stream_write(struct stream *stream, const void *buf, size_t size)
{
	return stream->ops->write(stream, buf, size);
}

int stream_has_bytes(struct stream *stream)
{
	return stream->ops->has_bytes ? stream->ops->has_bytes(stream) : 0;
}

void stream_free(struct stream *stream)
{
	if (stream)
		stream->ops->free(stream);
}
