/* SPDX-License-Identifier: Apache-2.0 */
/* The wires, and lwIP on them. */
#include "netpeer/peer.h"

#include <stdio.h>
#include <sys/socket.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

#include "base/clock.h"
#include "netpeer/frame.h"
#include "wire/netpeer.h"

#define MTU 1500
/* Frames of one wire at one go: the others want their turn. */
#define FRAMES_AT_ONCE 64
#define ROUTER_LIFE_S  1800
#define PREFIX_LIFE_S  86400
#define WAIT_MAX_MS    1000

/* ---- out ---- */

static bool to_guest(void *arg, const void *frame, size_t length)
{
	struct wire *wire = arg;

	if (send(wire->fd, frame, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno != EAGAIN &&
		       errno != ENOBUFS; /* else there is no guest: frames get lost */
	capture_add(&wire->peer->capture, clock_wall_ns(), frame, length);
	return true;
}

static err_t link_output(struct netif *netif, struct pbuf *p)
{
	struct wire *wire = netif->state;
	uint8_t frame[FRAME_HEADER_SIZE + MTU];

	if (p->tot_len > sizeof frame)
		return ERR_BUF;
	u16_t length = pbuf_copy_partial(p, frame, p->tot_len, 0);
	line_send(&wire->to_guest, clock_now_ns(), frame, length);
	return ERR_OK;
}

/* Whatever is sent to others outside gets lost there. */
static err_t swallow(struct netif *netif UNUSED, struct pbuf *p UNUSED, const ip4_addr_t *to UNUSED)
{
	return ERR_OK;
}

/* ---- in ---- */

static void to_stack(struct netif *netif, const void *frame, size_t length)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_RAM);

	if (!p)
		return;
	if (pbuf_take(p, frame, (u16_t)length) != ERR_OK || netif->input(p, netif) != ERR_OK)
		pbuf_free(p);
}

static bool to_peer(void *arg, const void *frame, size_t length)
{
	struct wire *wire = arg;
	struct events *events = &wire->peer->events;
	struct frame_view view = frame_look(frame, length);
	struct netif *netif = &wire->gateway;

	events_add(events, wire->nic, EVENT_FRAME, NULL);
	switch (view.kind) {
	case FRAME_DHCP:
		service_dhcp(wire, view.payload, view.length);
		return true;
	case FRAME_SOLICITATION:
		events_add(events, wire->nic, EVENT_ROUTER_SOLICITATION, NULL);
		wire->advertise_ns = 0;
		return true;
	case FRAME_ARP:
		events_add(events, wire->nic, EVENT_ARP, NULL);
		if (view.target == network_address(wire->nic, NETWORK_DNS))
			netif = &wire->dns;
		break;
	case FRAME_OTHER:
		break;
	}
	to_stack(netif, frame, length);
	return true;
}

static void receive(struct wire *wire, uint64_t now_ns)
{
	static uint8_t frame[FRAME_MAX];

	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		ssize_t length = recv(wire->fd, frame, sizeof frame, MSG_DONTWAIT);
		if (length < 0)
			return;
		if (length < FRAME_HEADER_SIZE)
			continue;
		capture_add(&wire->peer->capture, clock_wall_ns(), frame, (size_t)length);
		line_send(&wire->to_peer, now_ns, frame, (size_t)length);
	}
}

/* ---- interfaces ---- */

static err_t init_netif(struct netif *netif)
{
	const struct wire *wire = netif->state;

	netif->name[0] = 'n';
	netif->name[1] = 'p';
	netif->mtu = MTU;
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = link_output;
	netif->hwaddr_len = 6;
	network_gateway_mac(wire->nic, netif->hwaddr);
	netif->flags =
		NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

static err_t init_outside(struct netif *netif)
{
	netif->name[0] = 'o';
	netif->name[1] = 'u';
	netif->mtu = MTU;
	netif->output = swallow;
	netif->flags = NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

static bool add_netif(struct netif *netif, uint32_t address, uint32_t mask, void *state,
		      netif_init_fn init)
{
	ip4_addr_t own = {lwip_htonl(address)}, netmask = {lwip_htonl(mask)}, none = {0};

	if (!netif_add(netif, &own, &netmask, &none, state, init, ethernet_input))
		return false;
	netif_set_up(netif);
	return true;
}

static void set_address6(struct netif *netif, s8_t index, uint64_t upper, uint64_t lower)
{
	ip6_addr_t address = {.addr = {lwip_htonl((u32_t)(upper >> 32)), lwip_htonl((u32_t)upper),
				       lwip_htonl((u32_t)(lower >> 32)), lwip_htonl((u32_t)lower)}};

	ip6_addr_assign_zone(&address, IP6_UNICAST, netif);
	netif_ip6_addr_set(netif, index, &address);
	netif_ip6_addr_set_state(netif, index, IP6_ADDR_PREFERRED);
}

/* fe80::2 is the router that the user-mode network has advertised, fec0::2 and fec0::3 what it has there. */
static void add_addresses6(struct wire *wire)
{
	struct netif *netif = &wire->gateway;
	uint64_t prefix = network_prefix6(wire->nic), site = 0xfecULL << 52;

	netif_set_ip6_autoconfig_enabled(netif, 0);
	netif->rs_count = 0; /* it solicits nobody */
	set_address6(netif, 0, 0xfe8ULL << 52, NETWORK_GATEWAY);
	set_address6(netif, 1, prefix, NETWORK_GATEWAY);
	set_address6(netif, 2, prefix, NETWORK_DNS);
	set_address6(netif, 3, site, NETWORK_GATEWAY);
	set_address6(netif, 4, site, NETWORK_DNS);
}

static void plan_services(struct wire *wire)
{
	unsigned nic = wire->nic;

	wire->dhcp = (struct dhcp_server){
		.server = network_address(nic, NETWORK_GATEWAY),
		.first = network_address(nic, NETWORK_GUEST),
		.mask = NETWORK_MASK,
		.router = network_address(nic, NETWORK_GATEWAY),
		.dns = network_address(nic, NETWORK_DNS),
		.ntp = network_address(nic, NETWORK_GATEWAY),
		.lease_s = NETPEER_LEASE_S,
		.client_count = 1,
	};
	network_guest_mac(nic, wire->dhcp.clients[0]);
	wire->router = (struct ra_router){
		.prefix = network_prefix6(nic),
		.lifetime_s = ROUTER_LIFE_S,
		.prefix_lifetime_s = PREFIX_LIFE_S,
		.dns = {network_prefix6(nic), NETWORK_DNS},
	};
	network_gateway_mac(nic, wire->router.mac);
}

static bool wire_init(struct wire *wire, struct peer *peer, unsigned nic, int fd)
{
	uint64_t seed = clock_now_ns() + nic;

	wire->peer = peer;
	wire->nic = nic;
	wire->fd = fd;
	line_init(&wire->to_guest, seed, to_guest, wire);
	line_init(&wire->to_peer, ~seed, to_peer, wire);
	plan_services(wire);
	if (!add_netif(&wire->gateway, network_address(nic, NETWORK_GATEWAY), NETWORK_MASK, wire,
		       init_netif) ||
	    !add_netif(&wire->dns, network_address(nic, NETWORK_DNS), UINT32_MAX, wire, init_netif))
		return false;
	wire->dns.rs_count = 0;
	add_addresses6(wire);
	return true;
}

/* What the usual time daemons ask for when nobody tells them whom to ask. */
static void name_hosts(struct dns_zone *zone)
{
	static const char *const patterns[] = {
		("*." NETWORK_DOMAIN), "*.pool.ntp.org",   "pool.ntp.org",
		"ntp.ubuntu.com",      "time.google.com",  "time1.google.com",
		"time2.google.com",    "time3.google.com", "time4.google.com",
		"time.windows.com",    "time.apple.com",   "time.cloudflare.com",
	};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		(void)dns_add(zone, patterns[i], NETWORK_OUTSIDE);
}

bool peer_init(struct peer *peer, const int *fds, unsigned count, int capture_fd)
{
	*peer = (struct peer){.has_dhcp = true, .has_ra = true, .has_dns = true};
	capture_init(&peer->capture, capture_fd);
	relays_init(&peer->relays);
	name_hosts(&peer->zone);
	lwip_init();
	if (!add_netif(&peer->outside, NETWORK_OUTSIDE, UINT32_MAX, NULL, init_outside))
		return false;
	peer->outside.rs_count = 0;
	for (; peer->wire_count < count; peer->wire_count++)
		if (!wire_init(&peer->wires[peer->wire_count], peer, peer->wire_count,
			       fds[peer->wire_count]))
			return false;
	return services_init(peer) && probe_init(peer);
}

struct wire *peer_wire(struct peer *peer, const struct netif *netif)
{
	for (unsigned i = 0; i < peer->wire_count; i++)
		if (&peer->wires[i].gateway == netif || &peer->wires[i].dns == netif)
			return &peer->wires[i];
	return NULL;
}

/* ---- running ---- */

static void wire_run(struct wire *wire, uint64_t now_ns)
{
	receive(wire, now_ns);
	line_run(&wire->to_peer, now_ns);
	if (wire->peer->has_ra && wire->advertise_ns <= now_ns)
		service_advertise(wire, now_ns);
	line_run(&wire->to_guest, now_ns);
}

void peer_run(struct peer *peer, uint64_t now_ns)
{
	sys_check_timeouts();
	for (unsigned i = 0; i < peer->wire_count; i++)
		wire_run(&peer->wires[i], now_ns);
	relays_run(&peer->relays);
	if (peer->is_scanning)
		probe_run(peer, now_ns);
}

int peer_timeout_ms(const struct peer *peer, uint64_t now_ns)
{
	uint64_t due_ns = now_ns + sys_timeouts_sleeptime() * NS_PER_MS;

	if (due_ns > now_ns + WAIT_MAX_MS * NS_PER_MS)
		due_ns = now_ns + WAIT_MAX_MS * NS_PER_MS;
	if (peer->is_scanning)
		due_ns = now_ns + NS_PER_MS;
	for (unsigned i = 0; i < peer->wire_count; i++) {
		const struct wire *wire = &peer->wires[i];
		const uint64_t dues[] = {line_due_ns(&wire->to_guest), line_due_ns(&wire->to_peer),
					 peer->has_ra ? wire->advertise_ns : LINE_NEVER};
		for (size_t j = 0; j < ARRAY_LEN(dues); j++)
			due_ns = dues[j] < due_ns ? dues[j] : due_ns;
	}
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}
