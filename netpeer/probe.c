/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the guest's TCP ports, over the stack's raw segments. */
#include <lwip/inet_chksum.h>
#include <lwip/ip4.h>
#include <lwip/raw.h>

#include "netpeer/peer.h"

#define CHECKSUM_AT 16

static void send_segment(struct peer *peer, const uint8_t *segment, size_t length)
{
	ip_addr_t to = IPADDR4_INIT(lwip_htonl(peer->scan_target));
	struct netif *netif = ip4_route(ip_2_ip4(&to));
	struct pbuf *p = netif ? pbuf_alloc(PBUF_IP, (u16_t)length, PBUF_RAM) : NULL;

	if (!p)
		return;
	const ip_addr_t *from = netif_ip_addr4(netif);
	(void)pbuf_take(p, segment, (u16_t)length);
	u16_t sum = ip_chksum_pseudo(p, IP_PROTO_TCP, p->tot_len, from, &to);
	(void)pbuf_take_at(p, &sum, sizeof sum, CHECKSUM_AT);
	(void)raw_sendto_if_src(peer->scan_pcb, p, &to, netif, from);
	pbuf_free(p);
}

/* All segments pass by here before the stack has them; those for the scan end here. */
static u8_t take(void *arg, struct raw_pcb *pcb UNUSED, struct pbuf *p, const ip_addr_t *from)
{
	struct peer *peer = arg;
	uint8_t bytes[64], reply[SCAN_SEGMENT];
	u16_t header = ip_current_header_tot_len();
	size_t length = pbuf_copy_partial(p, bytes, sizeof bytes, header);
	struct packet_in in = packet_in(bytes, length);

	(void)take16(&in);
	if (take16(&in) != SCAN_PORT)
		return 0;
	if (peer->is_scanning && ip_2_ip4(from)->addr == lwip_htonl(peer->scan_target)) {
		length = scan_take(&peer->scan, bytes, length, reply);
		if (length > 0)
			send_segment(peer, reply, length);
	}
	pbuf_free(p);
	return 1;
}

bool probe_init(struct peer *peer)
{
	peer->scan_pcb = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_TCP);
	if (!peer->scan_pcb)
		return false;
	raw_recv(peer->scan_pcb, take, peer);
	return true;
}

void probe_start(struct peer *peer, uint32_t target, unsigned first, unsigned last)
{
	scan_init(&peer->scan, first, last);
	peer->scan_target = target;
	peer->is_scanning = true;
}

void probe_run(struct peer *peer, uint64_t now_ns)
{
	uint8_t segment[SCAN_SEGMENT];
	size_t length;

	while ((length = scan_next(&peer->scan, now_ns, segment)) > 0)
		send_segment(peer, segment, length);
}
