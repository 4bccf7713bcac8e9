/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a machine's network: wires on which frames come and go, lwIP as the stack on them, and services.
 * There is one in a process, for lwIP keeps its state in global variables.
 *
 *	peer_init(&peer, nic_fds, count, capture_fd);
 *	for (;;) {
 *		poll(… the wires, relays …, peer_timeout_ms(&peer, clock_now_ns()));
 *		peer_run(&peer, clock_now_ns());
 *	}
 */
#ifndef ASSAY_NETPEER_PEER_H
#define ASSAY_NETPEER_PEER_H

#include <stdbool.h>

#include <lwip/netif.h>

#include "netpeer/capture.h"
#include "netpeer/dhcp.h"
#include "netpeer/dns.h"
#include "netpeer/events.h"
#include "netpeer/line.h"
#include "netpeer/ntp.h"
#include "netpeer/ra.h"
#include "netpeer/relay.h"
#include "netpeer/scan.h"

struct raw_pcb;
struct udp_pcb;
struct peer;

/* The wire of one NIC. */
struct wire {
	struct peer *peer;
	unsigned nic;
	int fd;			   /* borrowed; a datagram is a frame */
	struct netif gateway, dns; /* two addresses, and lwIP has one IPv4 address per interface */
	struct line to_guest, to_peer; /* with the same faults */
	struct dhcp_server dhcp;
	struct ra_router router;
	uint64_t advertise_ns; /* when the next advertisement is due */
	unsigned advertised;
};

struct peer {
	struct wire wires[NETWORK_NICS_MAX];
	unsigned wire_count;
	struct netif outside;
	struct capture capture;
	struct events events;
	struct dns_zone zone;
	struct ntp_server ntp;
	bool has_dhcp, has_ra, has_dns, has_ntp; /* what is not there does not answer */
	unsigned connections;			 /* of the guest to services */
	struct udp_pcb *dhcp_pcb;
	struct raw_pcb *icmp6_pcb, *scan_pcb;
	struct relays relays;
	struct scan scan;
	bool is_scanning;
	uint32_t scan_target;
};

/* Sets it up on wires whose descriptors it borrows; false: memory is out. */
bool peer_init(struct peer *peer, const int *fds, unsigned count, int capture_fd) NONNULL(1, 2);

/* Takes in the frames that are there, and does what is due. */
void peer_run(struct peer *peer, uint64_t now_ns) NONNULL(1);
int peer_timeout_ms(const struct peer *peer, uint64_t now_ns) NONNULL(1);

/* The wire that an interface of lwIP's belongs to; NULL: none. */
struct wire *peer_wire(struct peer *peer, const struct netif *netif) NONNULL(1);

/* service.c: what answers on the stack. */
bool services_init(struct peer *peer) NONNULL(1);
void service_dhcp(struct wire *wire, const void *bytes, size_t length) NONNULL(1, 2);
void service_advertise(struct wire *wire, uint64_t now_ns) NONNULL(1);

/* probe.c: looking at the guest's ports. */
bool probe_init(struct peer *peer) NONNULL(1);
void probe_start(struct peer *peer, uint32_t target, unsigned first, unsigned last) NONNULL(1);
void probe_run(struct peer *peer, uint64_t now_ns) NONNULL(1);

#endif
