/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of bytes to and from a guest, whatever carries it: a socket, an SSH channel, or a fake in memory.
 *
 *	struct stream *stream = stream_of_fd(fd);          (takes the descriptor)
 *	poll(stream->fd, stream->events); n = stream_read(stream, buf, sizeof buf);
 *	stream_free(stream);
 */
#ifndef ASSAY_HOST_LINK_STREAM_H
#define ASSAY_HOST_LINK_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "base/scope.h"

struct stream;

/* What carries a stream implements these. None of them blocks. */
struct stream_ops {
	/* Up to `size` bytes: their number; 0 when the other side has closed; -EAGAIN when none is there; -errno. */
	ssize_t (*read)(struct stream *stream, void *buf, size_t size);
	/* How many bytes were taken; -EAGAIN when none could be; -errno. */
	ssize_t (*write)(struct stream *stream, const void *buf, size_t size);
	/* Closes and frees. */
	void (*free)(struct stream *stream);
	/* True when bytes lie in a buffer of the carrier's own, where poll(2) does not see them. NULL: never. */
	int (*has_bytes)(struct stream *stream);
};

/* Carriers embed it as their first member. */
struct stream {
	const struct stream_ops *ops;
	int fd; /* becomes readable when there is something to read; borrowed by those who poll */
};

/* A stream over a socket, pipe or terminal; takes the descriptor and makes it non-blocking. */
struct stream *stream_of_fd(int fd);

/* Both ends of a socket pair: a stream, and the other end for whom it concerns. -errno on failure. */
int stream_pair(struct stream **ret, int *ret_other) NONNULL(1, 2);

ssize_t stream_read(struct stream *stream, void *buf, size_t size) NONNULL(1, 2);
ssize_t stream_write(struct stream *stream, const void *buf, size_t size) NONNULL(1, 2);
int stream_has_bytes(struct stream *stream) NONNULL(1);
void stream_free(struct stream *stream); /* takes NULL */
DEFINE_CLEANUP(stream);

#endif
