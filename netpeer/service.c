/* SPDX-License-Identifier: Apache-2.0 */
/* What answers the guest: DHCP, router advertisements, DNS, NTP, echo. */
#include <stdio.h>

#include <lwip/icmp6.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>

#include "base/clock.h"
#include "netpeer/peer.h"

#define PORT_ECHO	 7
#define PORT_DNS	 53
#define PORT_DHCP_SERVER 67
#define PORT_DHCP_CLIENT 68
#define PORT_NTP	 123

#define CONNECTIONS_MAX 64
#define DATAGRAM_MAX	1500
#define DNS_MESSAGE_MAX 1024

/* The first advertisements come quickly, for a machine that just woke; the later ones keep routes alive. */
#define ADVERTISE_SOON_NS  (700 * NS_PER_MS)
#define ADVERTISE_SOON	   4
#define ADVERTISE_LATER_NS (30 * NS_PER_S)
#define HOP_LIMIT_MAX	   255

static struct pbuf *pbuf_of(const void *bytes, size_t length)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM);

	if (p && pbuf_take(p, bytes, (u16_t)length) != ERR_OK) {
		pbuf_free(p);
		p = NULL;
	}
	return p;
}

/* ---- DHCP ---- */

static void tell_dhcp(struct wire *wire, const struct dhcp_seen *seen)
{
	static const enum event events[] = {
		[DHCP_DISCOVER] = EVENT_DHCP_DISCOVER, [DHCP_REQUEST] = EVENT_DHCP_REQUEST,
		[DHCP_DECLINE] = EVENT_DHCP_RELEASE,   [DHCP_RELEASE] = EVENT_DHCP_RELEASE,
		[DHCP_INFORM] = EVENT_DHCP_REQUEST,
	};
	char detail[EVENT_DETAIL_SIZE], address[NETWORK_TEXT_SIZE];
	enum event event = events[seen->message];
	int at = snprintf(detail, sizeof detail, "%s id ", network_text(seen->wanted, address));

	for (unsigned i = 0; i < seen->client_id_length; i++)
		at += snprintf(detail + at, sizeof detail - (size_t)at, "%02x", seen->client_id[i]);
	if (seen->is_refused)
		event = EVENT_DHCP_REFUSED;
	else if (seen->is_renewal)
		event = EVENT_DHCP_RENEW;
	events_add(&wire->peer->events, wire->nic, event, detail);
}

void service_dhcp(struct wire *wire, const void *bytes, size_t length)
{
	const ip_addr_t everybody = IPADDR4_INIT(IPADDR_BROADCAST);
	uint8_t reply[DHCP_REPLY_MAX];
	struct dhcp_seen seen;

	length = dhcp_answer(&wire->dhcp, bytes, length, reply, sizeof reply, &seen);
	if (seen.message == DHCP_NOTHING)
		return;
	tell_dhcp(wire, &seen);
	struct pbuf *p = wire->peer->has_dhcp && length > 0 ? pbuf_of(reply, length) : NULL;
	if (!p)
		return;
	/* To all: the client cannot be asked yet for the MAC address of what it is about to get. */
	(void)udp_sendto_if_src(wire->peer->dhcp_pcb, p, &everybody, PORT_DHCP_CLIENT,
				&wire->gateway, netif_ip_addr4(&wire->gateway));
	pbuf_free(p);
}

/* ---- router advertisements ---- */

void service_advertise(struct wire *wire, uint64_t now_ns)
{
	ip_addr_t everybody = IPADDR6_INIT_HOST(0xff020000, 0, 0, 1);
	uint8_t message[RA_MAX];
	size_t length = ra_make(&wire->router, message, sizeof message);
	struct pbuf *p = pbuf_of(message, length);

	wire->advertise_ns = now_ns + (++wire->advertised < ADVERTISE_SOON ? ADVERTISE_SOON_NS
									   : ADVERTISE_LATER_NS);
	if (!p)
		return;
	ip6_addr_assign_zone(ip_2_ip6(&everybody), IP6_MULTICAST, &wire->gateway);
	(void)raw_sendto_if_src(wire->peer->icmp6_pcb, p, &everybody, &wire->gateway,
				netif_ip_addr6(&wire->gateway, 0));
	pbuf_free(p);
}

/* ---- datagrams ---- */

/* From where the question was sent to: there are several addresses. */
static void reply_to(struct udp_pcb *pcb, const void *bytes, size_t length, const ip_addr_t *to,
		     u16_t port)
{
	ip_addr_t from = *ip_current_dest_addr();
	struct pbuf *p = length > 0 ? pbuf_of(bytes, length) : NULL;

	if (!p)
		return;
	(void)udp_sendto_if_src(pcb, p, to, port, ip_current_input_netif(), &from);
	pbuf_free(p);
}

static unsigned nic_of_current(struct peer *peer)
{
	const struct wire *wire = peer_wire(peer, ip_current_input_netif());

	return wire ? wire->nic : 0;
}

/* Takes the datagram out of its buffers, which it frees. */
static size_t datagram(struct pbuf *p, uint8_t buf[DATAGRAM_MAX])
{
	size_t length = pbuf_copy_partial(p, buf, DATAGRAM_MAX, 0);

	pbuf_free(p);
	return length;
}

static size_t answer_dns(struct peer *peer, bool over_tcp, const void *bytes, size_t length,
			 uint8_t reply[DNS_REPLY_MAX])
{
	struct dns_seen seen = {.type = 0};

	length = dns_answer(&peer->zone, over_tcp, bytes, length, reply, DNS_REPLY_MAX, &seen);
	if (length > 0)
		events_add(&peer->events, nic_of_current(peer),
			   over_tcp ? EVENT_DNS_QUERY_TCP : EVENT_DNS_QUERY, seen.name);
	return peer->has_dns ? length : 0;
}

static void take_dns(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
		     u16_t port)
{
	uint8_t bytes[DATAGRAM_MAX], reply[DNS_REPLY_MAX];
	size_t length = datagram(p, bytes);

	length = answer_dns(arg, false, bytes, length, reply);
	reply_to(pcb, reply, length, from, port);
}

static void take_ntp(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
		     u16_t port)
{
	uint8_t bytes[DATAGRAM_MAX], reply[NTP_REPLY_MAX];
	struct peer *peer = arg;
	size_t length = datagram(p, bytes);

	length = ntp_answer(&peer->ntp, clock_wall_ns(), bytes, length, reply, sizeof reply);
	if (length == 0)
		return;
	events_add(&peer->events, nic_of_current(peer), EVENT_NTP_QUERY, NULL);
	reply_to(pcb, reply, peer->has_ntp ? length : 0, from, port);
}

static void take_echo(void *arg UNUSED, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
		      u16_t port)
{
	uint8_t bytes[DATAGRAM_MAX];
	size_t length = datagram(p, bytes);

	if (port != PORT_ECHO) /* or two echoes would talk for ever */
		reply_to(pcb, bytes, length, from, port);
}

/* ---- connections ---- */

/* One connection of the guest to a service. */
struct session {
	struct peer *peer;
	bool is_dns;
	size_t length;
	uint8_t message
		[DNS_MESSAGE_MAX]; /* of DNS: its length in two bytes, and itself, as far as it has come */
};

static void session_free(struct session *session)
{
	session->peer->connections--;
	free(session);
}

static void session_failed(void *arg, err_t error UNUSED)
{
	session_free(arg); /* lwIP has freed its part */
}

static err_t session_end(struct session *session, struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_err(pcb, NULL);
	session_free(session);
	if (tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

static void send_answer(struct session *session, struct tcp_pcb *pcb, size_t length)
{
	uint8_t reply[2 + DNS_REPLY_MAX];

	length = answer_dns(session->peer, true, session->message + 2, length, reply + 2);
	reply[0] = (uint8_t)(length >> 8);
	reply[1] = (uint8_t)length;
	if (length > 0 && tcp_write(pcb, reply, (u16_t)(length + 2), TCP_WRITE_FLAG_COPY) == ERR_OK)
		(void)tcp_output(pcb);
}

/* Whole questions are answered; what is too long is dropped with what follows. */
static void take_message(struct session *session, struct tcp_pcb *pcb, const struct pbuf *p)
{
	session->length += pbuf_copy_partial(p, session->message + session->length,
					     (u16_t)(DNS_MESSAGE_MAX - session->length), 0);
	while (session->length >= 2) {
		size_t length = (size_t)session->message[0] << 8 | session->message[1];
		if (session->length < 2 + length)
			return;
		send_answer(session, pcb, length);
		session->length -= 2 + length;
		memmove(session->message, session->message + 2 + length, session->length);
	}
}

static err_t echo(struct tcp_pcb *pcb, const struct pbuf *p)
{
	if (p->tot_len > tcp_sndbuf(pcb) ||
	    tcp_sndqueuelen(pcb) + pbuf_clen(p) * 2 > TCP_SND_QUEUELEN)
		return ERR_MEM; /* lwIP offers it again */
	for (const struct pbuf *at = p; at; at = at->next)
		if (tcp_write(pcb, at->payload, at->len, TCP_WRITE_FLAG_COPY) != ERR_OK)
			break; /* not before memory is out: the guest will miss it */
	(void)tcp_output(pcb);
	return ERR_OK;
}

static err_t session_take(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error UNUSED)
{
	struct session *session = arg;

	if (!p)
		return session_end(session, pcb);
	if (session->is_dns)
		take_message(session, pcb, p);
	else if (echo(pcb, p) != ERR_OK)
		return ERR_MEM;
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	return ERR_OK;
}

static err_t session_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
	struct peer *peer = arg;
	struct session *session = NULL;

	if (error != ERR_OK || !pcb)
		return ERR_VAL;
	if (peer->connections < CONNECTIONS_MAX)
		session = calloc(1, sizeof *session);
	if (!session)
		return ERR_MEM;
	peer->connections++;
	session->peer = peer;
	session->is_dns = pcb->local_port == PORT_DNS;
	events_add(&peer->events, nic_of_current(peer), EVENT_TCP_CONNECTION, NULL);
	tcp_arg(pcb, session);
	tcp_recv(pcb, session_take);
	tcp_err(pcb, session_failed);
	return ERR_OK;
}

/* ---- all of them ---- */

static bool listen_tcp(struct peer *peer, u16_t port)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

	if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
		return false;
	pcb = tcp_listen(pcb);
	if (!pcb)
		return false;
	tcp_arg(pcb, peer);
	tcp_accept(pcb, session_accept);
	return true;
}

static struct udp_pcb *listen_udp(struct peer *peer, u16_t port, udp_recv_fn take)
{
	struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_ANY);

	if (!pcb || udp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
		return NULL;
	udp_recv(pcb, take, peer);
	return pcb;
}

bool services_init(struct peer *peer)
{
	peer->icmp6_pcb = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);
	/* For sending: what comes to that port is taken before it reaches the stack. */
	peer->dhcp_pcb = udp_new_ip_type(IPADDR_TYPE_V4);
	if (!peer->icmp6_pcb || !peer->dhcp_pcb ||
	    udp_bind(peer->dhcp_pcb, IP4_ADDR_ANY, PORT_DHCP_SERVER) != ERR_OK)
		return false;
	peer->icmp6_pcb->ttl = HOP_LIMIT_MAX;
	raw_set_multicast_ttl(peer->icmp6_pcb, HOP_LIMIT_MAX);
	peer->icmp6_pcb->chksum_reqd = 1;
	peer->icmp6_pcb->chksum_offset = 2;
	ip_set_option(peer->dhcp_pcb, SOF_BROADCAST);
	return listen_udp(peer, PORT_DNS, take_dns) && listen_udp(peer, PORT_NTP, take_ntp) &&
	       listen_udp(peer, PORT_ECHO, take_echo) && listen_tcp(peer, PORT_DNS) &&
	       listen_tcp(peer, PORT_ECHO);
}
