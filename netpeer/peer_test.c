/* SPDX-License-Identifier: Apache-2.0 */
/* The peer as a guest and its host see it: frames on one socket, questions on another. */
#include "netpeer/peer.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/test.h"
#include "netpeer/control.h"

#define TYPE_IPV4 0x0800
#define TYPE_ARP  0x0806

struct fixture {
	struct peer peer;
	struct control control;
	int guest, host;     /* our ends */
	uint8_t frame[2048]; /* the last one that came */
	size_t length;
};

static struct fixture *setup(void)
{
	static struct fixture fixture;
	int wire[2], control[2];

	EXPECT_NUMBER(socketpair(AF_UNIX, SOCK_DGRAM, 0, wire), 0);
	EXPECT_NUMBER(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	EXPECT(peer_init(&fixture.peer, &wire[1], 1, -1));
	fixture.peer.has_ra = false;
	fixture.peer.has_ntp = true;
	control_init(&fixture.control, control[1], &fixture.peer);
	fixture.guest = wire[0];
	fixture.host = control[0];
	return &fixture;
}

static void run(struct fixture *fixture)
{
	if (fixture->control.fd >= 0)
		(void)control_take(&fixture->control);
	peer_run(&fixture->peer, clock_now_ns());
	control_run(&fixture->control);
}

/* Runs the peer until a frame of that type has come. */
static bool await_frame(struct fixture *fixture, unsigned type)
{
	uint64_t until_ns = clock_now_ns() + 5 * NS_PER_S;

	while (clock_now_ns() < until_ns) {
		run(fixture);
		ssize_t n =
			recv(fixture->guest, fixture->frame, sizeof fixture->frame, MSG_DONTWAIT);
		fixture->length = n > 0 ? (size_t)n : 0;
		if (n > 14 && (unsigned)(fixture->frame[12] << 8 | fixture->frame[13]) == type)
			return true;
	}
	return false;
}

static void put_ethernet(struct packet_out *out, unsigned type)
{
	uint8_t mac[6];

	network_gateway_mac(0, mac);
	put_bytes(out, mac, 6);
	network_guest_mac(0, mac);
	put_bytes(out, mac, 6);
	put16(out, type);
}

static void send_out(const struct fixture *fixture, const struct packet_out *out)
{
	EXPECT_NUMBER(send(fixture->guest, out->from, packet_length(out), 0), packet_length(out));
}

static void send_arp(const struct fixture *fixture, unsigned operation, uint32_t about)
{
	uint8_t buf[64], mac[6];
	struct packet_out out = packet_out(buf, sizeof buf);

	network_guest_mac(0, mac);
	put_ethernet(&out, TYPE_ARP);
	put16(&out, 1), put16(&out, TYPE_IPV4), put8(&out, 6), put8(&out, 4);
	put16(&out, operation);
	put_bytes(&out, mac, 6);
	put32(&out, network_address(0, NETWORK_GUEST));
	network_gateway_mac(0, mac);
	put_bytes(&out, mac, 6);
	put32(&out, about);
	send_out(fixture, &out);
}

static unsigned sum_of(const uint8_t *bytes, size_t length)
{
	unsigned sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += (unsigned)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* A datagram without a checksum, which IPv4 allows. */
static void send_udp(const struct fixture *fixture, uint32_t to, unsigned port, const void *bytes,
		     size_t length)
{
	uint8_t buf[600];
	struct packet_out out = packet_out(buf, sizeof buf);

	put_ethernet(&out, TYPE_IPV4);
	uint8_t *header = out.at;
	put8(&out, 0x45), put8(&out, 0), put16(&out, (unsigned)(28 + length));
	put32(&out, 0);
	put8(&out, 64), put8(&out, 17), put16(&out, 0);
	put32(&out, network_address(0, NETWORK_GUEST));
	put32(&out, to);
	struct packet_out sum = packet_out(header + 10, 2);
	put16(&sum, sum_of(header, 20));
	put16(&out, 5000), put16(&out, port), put16(&out, (unsigned)(8 + length)), put16(&out, 0);
	put_bytes(&out, bytes, length);
	send_out(fixture, &out);
}

/* The peer wants to know where the guest is before it answers. */
static bool await_datagram(struct fixture *fixture)
{
	for (;;) {
		uint64_t until_ns = clock_now_ns() + 5 * NS_PER_S;
		while (fixture->length = 0, clock_now_ns() < until_ns) {
			run(fixture);
			ssize_t n = recv(fixture->guest, fixture->frame, sizeof fixture->frame,
					 MSG_DONTWAIT);
			if (n > 14) {
				fixture->length = (size_t)n;
				break;
			}
		}
		if (fixture->length == 0)
			return false;
		if (fixture->frame[13] == 0x00)
			return true;
		if (fixture->frame[13] == 0x06 && fixture->frame[21] == 1)
			send_arp(fixture, 2, network_address(0, NETWORK_GATEWAY));
	}
}

TEST(peer, answers_for_gateway_and_name_server)
{
	struct fixture *fixture = setup();
	static const unsigned hosts[] = {NETWORK_GATEWAY, NETWORK_DNS};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		send_arp(fixture, 1, network_address(0, hosts[i]));
		bool is_reply = false;
		for (int tries = 0; tries < 8 && !is_reply; tries++)
			is_reply = await_frame(fixture, TYPE_ARP) && fixture->frame[21] == 2 &&
				   fixture->frame[31] == hosts[i];
		EXPECT(is_reply);
	}
	EXPECT_NUMBER(events_total(&fixture->peer.events, EVENT_ARP), 2);
}

static void send_discover(const struct fixture *fixture)
{
	uint8_t request[248] = {1, 1, 6}, mac[6];

	network_guest_mac(0, mac);
	memcpy(request + 28, mac, 6);
	memcpy(request + 236, (const uint8_t[]){0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255}, 8);
	send_udp(fixture, UINT32_MAX, 67, request, sizeof request);
}

TEST(peer, answers_a_client_without_an_address)
{
	struct fixture *fixture = setup();

	send_discover(fixture);
	EXPECT(await_frame(fixture, TYPE_IPV4));
	EXPECT_NUMBER(fixture->frame[0], 0xff);
	EXPECT_NUMBER(fixture->frame[14 + 28 + 19], NETWORK_GUEST);
	EXPECT_NUMBER(events_total(&fixture->peer.events, EVENT_DHCP_DISCOVER), 1);
}

TEST(peer, without_dhcp_clients_are_seen_and_not_answered)
{
	struct fixture *fixture = setup();

	fixture->peer.has_dhcp = false;
	send_discover(fixture);
	run(fixture);
	EXPECT_NUMBER(events_total(&fixture->peer.events, EVENT_DHCP_DISCOVER), 1);
	fixture->peer.has_dhcp = true;
	send_discover(fixture);
	EXPECT(await_frame(fixture, TYPE_IPV4));
	EXPECT(recv(fixture->guest, fixture->frame, sizeof fixture->frame, MSG_DONTWAIT) < 0 ||
	       fixture->frame[13] != 0x00);
}

TEST(peer, serves_names_and_time_inside_and_outside)
{
	static const uint8_t name[] = {0, 1,   1,   0,	 0,   1,   0,	0,   0,	  0,
				       0, 0,   1,   'x', 5,   'a', 's', 's', 'a', 'y',
				       4, 't', 'e', 's', 't', 0,   0,	1,   0,	  1};
	static const uint32_t servers[] = {10U << 24 | 2 << 8 | NETWORK_DNS, NETWORK_OUTSIDE};
	struct fixture *fixture = setup();
	uint8_t time[48] = {0x23};

	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		send_udp(fixture, servers[i], 53, name, sizeof name);
		EXPECT(await_datagram(fixture));
		struct packet_in from = packet_in(fixture->frame + 26, 4);
		EXPECT_NUMBER(take32(&from), servers[i]);
		EXPECT(fixture->length > 16);
		struct packet_in in = packet_in(fixture->frame + fixture->length - 4, 4);
		EXPECT_NUMBER(take32(&in), NETWORK_OUTSIDE);
	}
	send_udp(fixture, NETWORK_OUTSIDE, 123, time, sizeof time);
	EXPECT(await_datagram(fixture));
	EXPECT_NUMBER(fixture->frame[14 + 28], 0x24);
	EXPECT_NUMBER(events_total(&fixture->peer.events, EVENT_DNS_QUERY), 2);
	EXPECT_NUMBER(events_total(&fixture->peer.events, EVENT_NTP_QUERY), 1);
	EXPECT_TEXT(fixture->peer.events.details[EVENT_DNS_QUERY], "x.assay.test");
}

/* ---- questions ---- */

static const char *ask(struct fixture *fixture, const char *question)
{
	static char answer[512];

	EXPECT_NUMBER(send(fixture->host, question, strlen(question), 0), strlen(question));
	run(fixture);
	ssize_t n = recv(fixture->host, answer, sizeof answer - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = '\0';
	return answer;
}

TEST(control, counts_events)
{
	struct fixture *fixture = setup();

	EXPECT_TEXT(ask(fixture, "1 count arp"), "1 ok 0 ");
	EXPECT_TEXT(ask(fixture, "2 await arp 1"), "");
	send_arp(fixture, 1, network_address(0, NETWORK_GATEWAY));
	run(fixture);
	char answer[64] = "";
	EXPECT(recv(fixture->host, answer, sizeof answer - 1, MSG_DONTWAIT) > 0);
	EXPECT_TEXT(answer, "2 ok 1 ");
	EXPECT_TEXT(ask(fixture, "3 count arp 5"), "3 ok 0 ");
	EXPECT(strstr(ask(fixture, "4 count nonsense"), "4 error ") != NULL);
}

TEST(control, awaits_events_of_one_nic)
{
	struct fixture *fixture = setup();

	events_add(&fixture->peer.events, 3, EVENT_DHCP_DISCOVER, NULL);
	EXPECT_TEXT(ask(fixture, "1 await dhcp-discover 1"), "1 ok 1 ");
	EXPECT_TEXT(ask(fixture, "2 await dhcp-discover 1 3"), "2 ok 1 ");
	EXPECT_TEXT(ask(fixture, "3 await dhcp-discover 1 2"), "");
	EXPECT(strstr(ask(fixture, "4 await dhcp-discover 1 99"), "4 error ") != NULL);
}

TEST(control, resolves_who_answers_now)
{
	struct fixture *fixture = setup();
	char answer[64] = "";

	EXPECT(strstr(ask(fixture, "1 resolve nonsense"), "1 error ") != NULL);
	for (unsigned i = 0; i < 2; i++) { /* what was found once is asked for again */
		EXPECT_TEXT(ask(fixture, "2 resolve 10.0.2.15"), "");
		EXPECT(await_frame(fixture, TYPE_ARP));
		send_arp(fixture, 2, network_address(0, NETWORK_GATEWAY));
		run(fixture);
		EXPECT(recv(fixture->host, answer, sizeof answer - 1, MSG_DONTWAIT) > 0);
		EXPECT(has_prefix(answer, "2 ok 52:54:00:"));
	}
}

TEST(control, changes_settings)
{
	struct fixture *fixture = setup();

	EXPECT_TEXT(ask(fixture, "1 set loss 100"), "1 ok ");
	EXPECT_NUMBER(fixture->peer.wires[0].to_guest.loss_percent, 100);
	EXPECT_NUMBER(fixture->peer.wires[0].to_peer.loss_percent, 100);
	send_arp(fixture, 1, network_address(0, NETWORK_GATEWAY));
	run(fixture);
	EXPECT_NUMBER(events_total(&fixture->peer.events, EVENT_ARP), 0);
	EXPECT_TEXT(ask(fixture, "2 set loss 101"), "2 error set loss: from 0 to 100 is possible");
	EXPECT_TEXT(ask(fixture, "3 set lease 20"), "3 ok ");
	EXPECT_NUMBER(fixture->peer.wires[0].dhcp.lease_s, 20);
	EXPECT_TEXT(ask(fixture, "4 option 26 0500"), "4 ok ");
	EXPECT_NUMBER(fixture->peer.wires[0].dhcp.options[0].length, 2);
	EXPECT(strstr(ask(fixture, "5 option 26 050"), "5 error ") != NULL);
	EXPECT_TEXT(ask(fixture, "6 name www.example.org 192.0.2.7"), "6 ok ");
	EXPECT(strstr(ask(fixture, "7 nonsense"), "7 error ") != NULL);
	EXPECT(strstr(ask(fixture, ""), "") != NULL);
}

TEST(control, connects_only_with_a_descriptor)
{
	struct fixture *fixture = setup();

	EXPECT(strstr(ask(fixture, "1 connect 10.0.2.15 22"), "1 error ") != NULL);
	EXPECT(strstr(ask(fixture, "2 scan 10.0.2.15 5 4"), "2 error ") != NULL);
	EXPECT_TEXT(ask(fixture, "3 scan 10.0.2.15 22 23"), "");
	EXPECT(await_frame(fixture, TYPE_ARP));
	/* A new question ends the one before. */
	EXPECT_TEXT(ask(fixture, "4 set delay 0"), "4 ok ");
	EXPECT(!fixture->peer.is_scanning);
}
