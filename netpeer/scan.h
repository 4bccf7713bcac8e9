/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which TCP ports are open, seen from outside: a SYN to each, and what comes back. Pure: it makes segments (without
 * checksum, which needs the addresses) and takes segments in.
 *
 *	scan_init(&scan, 1, 65535);
 *	while (!scan.is_over) {
 *		while ((length = scan_next(&scan, now_ns, buf)) > 0) ... send it ...
 *		... scan_take(&scan, segment, length, buf) for what comes; send buf when that says so ...
 *	}
 */
#ifndef ASSAY_NETPEER_SCAN_H
#define ASSAY_NETPEER_SCAN_H

#include "netpeer/packet.h"

#define SCAN_PORT    40000 /* ours; nothing else in the peer uses it */
#define SCAN_SEGMENT 24	   /* room for one */

struct scan {
	unsigned first, last, next; /* ports; next: to be asked in this round */
	unsigned round, waiting;    /* answers still to come of what was sent in this round */
	uint64_t round_end_ns, window_ns;
	unsigned window; /* segments that may still be sent until window_ns */
	bool is_over;
	uint8_t answered[65536 / 8], open[65536 / 8];
};

void scan_init(struct scan *scan, unsigned first, unsigned last) NONNULL(1);
/* The next segment to be sent now; 0: none. Also tells that the scan is over. */
size_t scan_next(struct scan *scan, uint64_t now_ns, uint8_t segment[SCAN_SEGMENT]) NONNULL(1, 3);
/* Takes a segment in. 0, or the length of one to be sent back: the other side is told to forget the connection. */
size_t scan_take(struct scan *scan, const void *bytes, size_t length, uint8_t reply[SCAN_SEGMENT])
	NONNULL(1, 2, 4);
bool scan_is_open(const struct scan *scan, unsigned port) NONNULL(1);

#endif
