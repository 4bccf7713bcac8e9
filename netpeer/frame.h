/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is looked at in a frame before the TCP/IP stack gets it. A client without an address asks for one from 0.0.0.0,
 * which the stack takes for a forgery, and it has no notion of being a router that is solicited.
 */
#ifndef ASSAY_NETPEER_FRAME_H
#define ASSAY_NETPEER_FRAME_H

#include "netpeer/packet.h"

#define FRAME_HEADER_SIZE 14

enum frame_kind {
	FRAME_OTHER,
	FRAME_ARP,	    /* a request; `target` is whom it is about */
	FRAME_DHCP,	    /* a datagram for a DHCP server; `payload` is its content */
	FRAME_SOLICITATION, /* a router solicitation */
};

struct frame_view {
	enum frame_kind kind;
	uint32_t target;
	const uint8_t *payload;
	size_t length;
};

/* What is malformed is FRAME_OTHER: the stack drops it. */
struct frame_view frame_look(const void *bytes, size_t length) NONNULL(1);

#endif
