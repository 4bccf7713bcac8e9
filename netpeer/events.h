/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest was seen doing: a count for each kind of event and NIC, and what the last one was about. */
#ifndef ASSAY_NETPEER_EVENTS_H
#define ASSAY_NETPEER_EVENTS_H

#include "base/scope.h"
#include "wire/network.h"

#define EVENT_DETAIL_SIZE 160

enum event {
	EVENT_FRAME, /* any, of at least an Ethernet header */
	EVENT_ARP,
	EVENT_DHCP_DISCOVER,
	EVENT_DHCP_REQUEST, /* for a first lease, or for one of another network: see the next */
	EVENT_DHCP_RENEW,
	EVENT_DHCP_REFUSED,
	EVENT_DHCP_RELEASE, /* also a DECLINE */
	EVENT_DNS_QUERY,
	EVENT_DNS_QUERY_TCP,
	EVENT_NTP_QUERY,
	EVENT_ROUTER_SOLICITATION,
	EVENT_TCP_CONNECTION, /* by the guest, to a service of the peer's */
	EVENT_COUNT,
};

struct events {
	unsigned long counts[NETWORK_NICS_MAX][EVENT_COUNT];
	char details[EVENT_COUNT][EVENT_DETAIL_SIZE];
};

/* "dhcp-request"; and back: -EINVAL. */
const char *event_name(enum event event);
int event_parse(const char *name, enum event *ret) NONNULL(1, 2);

/* The detail may hold what a guest sent: what is not printable becomes "?". NULL: none. */
void events_add(struct events *events, unsigned nic, enum event event, const char *detail)
	NONNULL(1);

/* Of all NICs. */
unsigned long events_total(const struct events *events, enum event event) NONNULL(1);

#endif
