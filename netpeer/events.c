/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest was seen doing. */
#include "netpeer/events.h"

#include <stdio.h>
#include <string.h>

static const char *const names[EVENT_COUNT] = {
	[EVENT_FRAME] = "frame",
	[EVENT_ARP] = "arp",
	[EVENT_DHCP_DISCOVER] = "dhcp-discover",
	[EVENT_DHCP_REQUEST] = "dhcp-request",
	[EVENT_DHCP_RENEW] = "dhcp-renew",
	[EVENT_DHCP_REFUSED] = "dhcp-refused",
	[EVENT_DHCP_RELEASE] = "dhcp-release",
	[EVENT_DNS_QUERY] = "dns-query",
	[EVENT_DNS_QUERY_TCP] = "dns-query-tcp",
	[EVENT_NTP_QUERY] = "ntp-query",
	[EVENT_ROUTER_SOLICITATION] = "router-solicitation",
	[EVENT_TCP_CONNECTION] = "tcp-connection",
};

const char *event_name(enum event event)
{
	return names[event];
}

int event_parse(const char *name, enum event *ret)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (enum event)i;
			return 0;
		}
	}
	return -EINVAL;
}

void events_add(struct events *events, unsigned nic, enum event event, const char *detail)
{
	char *own = events->details[event];

	events->counts[nic][event]++;
	if (!detail)
		return;
	(void)snprintf(own, EVENT_DETAIL_SIZE, "%s", detail);
	for (; *own; own++)
		if (*own < ' ' || *own > '~')
			*own = '?';
}

unsigned long events_total(const struct events *events, enum event event)
{
	unsigned long total = 0;

	for (unsigned i = 0; i < NETWORK_NICS_MAX; i++)
		total += events->counts[i][event];
	return total;
}
