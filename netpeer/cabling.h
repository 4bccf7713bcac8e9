/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cables between machines, with the faults of cables: what comes in at one end goes out at the other. A frame is a datagram.
 *
 *	cabling_init(&cabling, fds, 2 * cables, capture_fd);
 *	cabling.ends[0].longest = 1514;
 *	for (;;) {
 *		poll(… the ends, cabling_timeout_ms(&cabling, clock_now_ns()));
 *		cabling_run(&cabling, clock_now_ns());
 *	}
 *
 * Loss, delay, order and doubles are those of the line that leads to an end; what an end does not take in stands there.
 */
#ifndef ASSAY_NETPEER_CABLING_H
#define ASSAY_NETPEER_CABLING_H

#include "netpeer/capture.h"
#include "netpeer/line.h"
#include "wire/network.h"

struct cabling;

struct cabling_end {
	struct cabling *cabling;
	int fd;		  /* borrowed */
	struct line line; /* to whoever is at this end */
	/* Of what comes from there. */
	unsigned longest;      /* bytes that a frame may have, 0: any number */
	unsigned refused_type; /* frames of this EtherType are lost, 0: of none */
	unsigned refused_udp;  /* and datagrams (IPv4) to this port, 0: to none */
	unsigned
		swap_percent; /* so many long frames have two words swapped, which no checksum of TCP/IP notices */
	unsigned long taken, refused;
};

struct cabling {
	struct cabling_end ends[NETWORK_NICS_MAX]; /* the ends of cable n are 2n and 2n + 1 */
	unsigned count;
	bool is_hub; /* all ends are one network */
	struct capture capture;
};

/* On descriptors that it borrows; `count` is even. The faults are the same each time, as far as the order of frames is. */
void cabling_init(struct cabling *cabling, const int *fds, unsigned count, int capture_fd)
	NONNULL(1, 2);
void cabling_done(struct cabling *cabling) NONNULL(1);

/* Takes in the frames that are there, and passes on what is due. */
void cabling_run(struct cabling *cabling, uint64_t now_ns) NONNULL(1);
int cabling_timeout_ms(const struct cabling *cabling, uint64_t now_ns) NONNULL(1);

/* True when the end loses this frame. */
bool cabling_refuses(const struct cabling_end *end, const void *frame, size_t length) NONNULL(1, 2);

/*
 * What the host asks, in the words of netpeer/control.h: NUMBER, a verb, its arguments.
 *
 *	count CABLE			"TAKEN TAKEN LOST": frames from its first and its second end, and of both the lost
 *	set KEY NUMBER [CABLE]		loss, reorder, duplicate, swap (percent), delay (ms), longest (bytes), type, udp, seed;
 *					of all cables unless one is named. hub: of all in any case
 */
struct cabling_control {
	int fd; /* borrowed */
	struct cabling *cabling;
};

/* Takes in a question that is there, and answers it; false: the host is gone. */
bool cabling_control_take(struct cabling_control *control) NONNULL(1);

#endif
