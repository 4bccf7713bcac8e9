/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DHCP server (RFC 2131) for one wire, as a function of the datagram: the guest's NIC always gets the same address.
 *
 *	struct dhcp_server server = {.server = gateway, .first = guest, .mask = mask, .lease_s = 3600, ...};
 *	length = dhcp_answer(&server, bytes, length, reply, sizeof reply, &seen);
 *	... broadcast the reply, unless its length is 0 ...
 */
#ifndef ASSAY_NETPEER_DHCP_H
#define ASSAY_NETPEER_DHCP_H

#include "netpeer/packet.h"

#define DHCP_REPLY_MAX	 1472
#define DHCP_CLIENTS_MAX 16 /* MAC addresses behind one NIC */
#define DHCP_OPTIONS_MAX 16
#define DHCP_ID_MAX	 32

enum dhcp_message {
	DHCP_NOTHING, /* no message that a server gets */
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

struct dhcp_option {
	uint8_t code, length;
	uint8_t bytes[255];
};

struct dhcp_server {
	uint32_t server, first,
		mask; /* the first client gets `first`, others the addresses after it */
	uint32_t router, dns, ntp; /* 0: not offered */
	uint32_t lease_s;
	unsigned mtu;				      /* 0: not offered */
	struct dhcp_option options[DHCP_OPTIONS_MAX]; /* any others; they replace those above */
	unsigned option_count;
	uint8_t clients[DHCP_CLIENTS_MAX][6]; /* the first is the guest's NIC, from the beginning */
	unsigned client_count;
};

/* What was understood of a message. */
struct dhcp_seen {
	enum dhcp_message message;
	bool is_renewal; /* a REQUEST by a client that has an address */
	bool is_refused; /* it was answered by a NAK */
	uint32_t wanted; /* the address that it names, 0: none */
	uint8_t client_id[DHCP_ID_MAX];
	uint8_t client_id_length; /* as much of it as there is room for */
};

/* The reply's length; 0: there is none. */
size_t dhcp_answer(struct dhcp_server *server, const void *bytes, size_t length, void *reply,
		   size_t room, struct dhcp_seen *ret_seen) NONNULL(1, 2, 4, 6);

/* Adds an option, or replaces it; false: no more can be had. */
bool dhcp_set_option(struct dhcp_server *server, unsigned code, const void *bytes, size_t length)
	NONNULL(1, 3);

#endif
