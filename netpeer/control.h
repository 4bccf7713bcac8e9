/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host asks of its peer, over a socket of packets. A question is "NUMBER VERB ARGUMENT…", its answer "NUMBER ok
 * WORDS" or "NUMBER error SENTENCE". One question is open at a time: a new one ends that before it without an answer.
 *
 *	count EVENT [NIC]		how often it was seen, and what the last one was about
 *	await EVENT COUNT [NIC]		the same, once it was seen so often
 *	set KEY NUMBER			loss, reorder (percent), delay (ms), lease (s), mtu, ntp-offset (ms), ntp-lost,
 *					dhcp, dns, ntp, ra, dns-truncates (0, 1)
 *	option CODE HEX			what DHCP offers besides
 *	name PATTERN ADDRESS		what DNS answers
 *	connect ADDRESS PORT		joins the descriptor that comes with it to a TCP connection to the guest
 *	resolve ADDRESS			the MAC address that answers for it now, once it does
 *	scan ADDRESS FIRST LAST		the TCP ports that are open
 */
#ifndef ASSAY_NETPEER_CONTROL_H
#define ASSAY_NETPEER_CONTROL_H

#include "netpeer/peer.h"

struct control {
	int fd; /* borrowed */
	struct peer *peer;
	/* The open question. */
	unsigned long number;
	enum {
		CONTROL_IDLE,
		CONTROL_AWAITS,
		CONTROL_CONNECTS,
		CONTROL_RESOLVES,
		CONTROL_SCANS
	} open;
	enum event event;
	int nic; /* on which it is awaited; -1: on all together */
	unsigned long count;
	unsigned relay;
	ip4_addr_t address;
};

void control_init(struct control *control, int fd, struct peer *peer) NONNULL(1, 3);
/* Takes in a question that is there; false: the host is gone. */
bool control_take(struct control *control) NONNULL(1);
/* Answers the open question when it can be. */
void control_run(struct control *control) NONNULL(1);

#endif
