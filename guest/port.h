/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end of the channel to the host: frames over a virtio port, or over any two descriptors.
 *
 *	struct port port = PORT_INIT;
 *	r = port_find("org.assay.agent.0", &port, e);      (or port_of_fds)
 *	port_wait(&port, -1);
 *	while ((r = port_next(&port, &frame)) > 0) ...
 *
 * A virtio port outlives its host side: hosts come and go, and a greeting that nobody has taken yet is kept. Other
 * descriptors end with their other side.
 */
#ifndef ASSAY_GUEST_PORT_H
#define ASSAY_GUEST_PORT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"
#include "wire/frame.h"

#define PORT_NAME "org.assay.agent.0"

struct port {
	int in_fd, out_fd; /* the same for a virtio port */
	int epoll_fd;	   /* edge-triggered: readable when something has happened on the port */
	bool outlives_host;
	struct text in, out;
	size_t used; /* bytes at the start of `in` that are done with */
};

#define PORT_INIT                                                                                  \
	{                                                                                          \
		.in_fd = -1, .out_fd = -1, .epoll_fd = -1,                                         \
		.in = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),                                 \
		.out = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),                                \
	}

/* Waits for the virtio port of that name (the driver may come up late) and opens it. -EBUSY: another agent serves it. */
int port_find(const char *name, unsigned patience_s, struct port *port, struct err *e)
	NONNULL(1, 3, 4);

/* Takes descriptors. `outlives_host`: they are of a virtio port. */
int port_of_fds(int in_fd, int out_fd, bool outlives_host, struct port *port, struct err *e)
	NONNULL(4, 5);

void port_done(struct port *port) NONNULL(1);

/* Waits until something happens on the port, at most `timeout_ms` (-1: for ever). */
void port_wait(const struct port *port, int timeout_ms) NONNULL(1);

/* True when somebody listens on the other side. */
bool port_has_host(const struct port *port) NONNULL(1);

/* Reads what is there. 0; -ECONNRESET: the channel has ended (never for one that outlives its host); -ENODEV: the port was
 * unplugged. */
int port_fill(struct port *port) NONNULL(1);

/* The next whole frame that has been read: 1, or 0 when there is none. What is no frame is skipped up to the next magic:
 * a host that died in the middle of a frame must not spoil the channel for the next one. */
int port_next(struct port *port, struct frame *ret) NONNULL(1, 2);

/* Sends what the caller has put into port->out and empties it. 0; -ECONNRESET when nobody is there to take it;
 * -EMSGSIZE when it did not fit (nothing is sent). */
int port_send(struct port *port) NONNULL(1);

#endif
