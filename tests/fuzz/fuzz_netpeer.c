/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest sends to the other end of its network: the same bytes for each parser that is ours. */
#include <stdint.h>
#include <stdlib.h>

#include "netpeer/cabling.h"
#include "netpeer/dhcp.h"
#include "netpeer/dns.h"
#include "netpeer/frame.h"
#include "netpeer/ntp.h"
#include "netpeer/ra.h"
#include "netpeer/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer_dhcp(const void *data, size_t size)
{
	struct dhcp_server server = {.server = 0x0a000202, .first = 0x0a00020f, .lease_s = 60};
	uint8_t reply[DHCP_REPLY_MAX];
	struct dhcp_seen seen;

	if (dhcp_answer(&server, data, size, reply, sizeof reply, &seen) > sizeof reply ||
	    seen.client_id_length > DHCP_ID_MAX || server.client_count > DHCP_CLIENTS_MAX)
		abort();
}

static void answer_dns(const void *data, size_t size)
{
	static struct dns_zone zone;
	uint8_t reply[DNS_REPLY_MAX];
	struct dns_seen seen;

	(void)dns_add(&zone, "*.assay.test", 1);
	for (int over_tcp = 0; over_tcp < 2; over_tcp++)
		if (dns_answer(&zone, over_tcp, data, size, reply, sizeof reply, &seen) >
			    sizeof reply ||
		    strlen(seen.name) >= DNS_NAME_MAX)
			abort();
}

static void answer_scan(const void *data, size_t size)
{
	static struct scan scan;
	uint8_t segment[SCAN_SEGMENT];

	scan_init(&scan, 1, 1024);
	(void)scan_next(&scan, 0, segment);
	if (scan_take(&scan, data, size, segment) > sizeof segment)
		abort();
}

static void look_at_cable(const void *data, size_t size)
{
	const struct cabling_end any = {.refused_udp = 0}, none = {.longest = 1};

	if (cabling_refuses(&any, data, size) != (size < 14) || !cabling_refuses(&none, data, size))
		abort();
	const struct cabling_end port = {.refused_udp = 4789, .refused_type = 0x8100};
	(void)cabling_refuses(&port, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ntp_server ntp = {0};
	uint8_t reply[NTP_REPLY_MAX];
	struct frame_view view = frame_look(data, size);

	if (view.payload && (view.payload < data || view.payload + view.length > data + size))
		abort();
	answer_dhcp(data, size);
	if (view.kind == FRAME_DHCP)
		answer_dhcp(view.payload, view.length);
	answer_dns(data, size);
	answer_scan(data, size);
	(void)ra_is_solicitation(data, size);
	look_at_cable(data, size);
	if (ntp_answer(&ntp, 0, data, size, reply, sizeof reply) > sizeof reply)
		abort();
	return 0;
}
