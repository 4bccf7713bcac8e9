/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name server (RFC 1035, EDNS of RFC 6891) as a function of the message: it knows the names that it was told.
 *
 *	struct dns_zone zone = {0};
 *	dns_add(&zone, "*.pool.ntp.org", address);
 *	length = dns_answer(&zone, false, bytes, length, reply, sizeof reply, &seen);
 */
#ifndef ASSAY_NETPEER_DNS_H
#define ASSAY_NETPEER_DNS_H

#include "netpeer/packet.h"

#define DNS_REPLY_MAX 512
#define DNS_NAME_MAX  256 /* as text, with its end */
#define DNS_NAMES_MAX 64

struct dns_name {
	char pattern[DNS_NAME_MAX]; /* lower case; "*.x" is everything below x */
	uint32_t address;
};

struct dns_zone {
	struct dns_name names[DNS_NAMES_MAX];
	unsigned count;
	bool truncates; /* answers over UDP say that the whole is to be had over TCP */
};

struct dns_seen {
	char name[DNS_NAME_MAX]; /* what was asked for, "" when nothing was */
	unsigned type;
};

/* The reply's length; 0: there is none. */
size_t dns_answer(const struct dns_zone *zone, bool over_tcp, const void *bytes, size_t length,
		  void *reply, size_t room, struct dns_seen *ret_seen) NONNULL(1, 3, 5, 7);

/* Adds a name, or gives it another address; false: no more can be had, or it is too long. */
bool dns_add(struct dns_zone *zone, const char *pattern, uint32_t address) NONNULL(1, 2);

#endif
