/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A time server (SNTP, RFC 4330) as a function of the datagram.
 *
 *	struct ntp_server server = {.offset_ns = 0};
 *	length = ntp_answer(&server, clock_wall_ns(), bytes, length, reply, sizeof reply);
 */
#ifndef ASSAY_NETPEER_NTP_H
#define ASSAY_NETPEER_NTP_H

#include "netpeer/packet.h"

#define NTP_REPLY_MAX 48

struct ntp_server {
	int64_t offset_ns;	/* how far it is from the host's time */
	bool is_unsynchronised; /* it says that it does not know the time */
};

/* The reply's length; 0: there is none. */
size_t ntp_answer(const struct ntp_server *server, uint64_t wall_ns, const void *bytes,
		  size_t length, void *reply, size_t room) NONNULL(1, 3, 5);

#endif
