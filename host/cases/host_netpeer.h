/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the machine's network, for host cases that need netpeer:X: what it saw of the guest, how it behaves, and
 * connections from it to the guest.
 *
 *	unsigned long before = peer_count(t, "dhcp-renew");
 *	HOST_CHECK(t, peer_saw(t, "dhcp-renew", before + 1, 60));
 *	peer_set(t, "loss", 10);
 *	const char *banner = peer_connect(t, 22, 30);
 *
 * Events and settings are those of netpeer/events.h and netpeer/control.h.
 */
#ifndef ASSAY_HOST_CASES_HOST_NETPEER_H
#define ASSAY_HOST_CASES_HOST_NETPEER_H

#include "host/cases/host_case.h"

/* How often it saw the event since the machine woke. */
unsigned long peer_count(struct host_trial *t, const char *event) NONNULL(1, 2);
/* True when it has seen the event `times` times within `seconds`; what the last one was about is noted. */
bool peer_saw(struct host_trial *t, const char *event, unsigned long times, unsigned seconds)
	NONNULL(1, 2);

/* The same of one NIC: what the others do, and did while the machine booted, does not count. */
unsigned long peer_count_on(struct host_trial *t, unsigned nic, const char *event) NONNULL(1, 3);
bool peer_saw_on(struct host_trial *t, unsigned nic, const char *event, unsigned long times,
		 unsigned seconds) NONNULL(1, 3);

/* Does the guest answer for the address of its first NIC, when it is asked by ARP? No filter of IP packets touches that: who does
 * so, and takes no connection, refuses it. */
bool peer_finds_guest(struct host_trial *t) NONNULL(1);

/* Changes a setting; broken when there is none such. */
void peer_set(struct host_trial *t, const char *key, long long value) NONNULL(1, 2);
/* Has DHCP offer an option besides, of these bytes. */
void peer_offer(struct host_trial *t, unsigned code, const void *bytes, size_t length)
	NONNULL(1, 3);

/* Connects to a port of the guest's first NIC, from the gateway: a socket, or -1 when the guest does not take the connection. */
int peer_join(struct host_trial *t, unsigned port, unsigned seconds) NONNULL(1);
/* Connects to a port of the guest's first NIC, from the gateway: the first line that the service says, without its end, ""
 * when it says nothing within `seconds`; NULL when the guest does not take the connection. */
const char *peer_connect(struct host_trial *t, unsigned port, unsigned seconds) NONNULL(1);

/* The open TCP ports of the guest's first NIC, "22 80 ". */
const char *peer_scan(struct host_trial *t, unsigned first, unsigned last) NONNULL(1);

#endif
