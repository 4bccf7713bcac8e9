/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/dhcp.h"

#include "base/test.h"

#define SERVER 0x0a000202U
#define FIRST  0x0a00020fU

static const uint8_t nic[6] = {0x52, 0x54, 0, 0xa5, 0x5a, 0x10};
static const uint8_t other[6] = {2, 0, 0, 0, 0, 1};

static struct dhcp_server make_server(void)
{
	struct dhcp_server server = {.server = SERVER,
				     .first = FIRST,
				     .mask = 0xffffff00,
				     .router = SERVER,
				     .dns = 0x0a000203,
				     .lease_s = 120,
				     .client_count = 1};

	memcpy(server.clients[0], nic, 6);
	return server;
}

struct message {
	const uint8_t *mac;
	enum dhcp_message kind;
	uint32_t client, wanted, server;
};

static size_t make(const struct message *message, uint8_t *buf, size_t room)
{
	struct packet_out out = packet_out(buf, room);

	put8(&out, 1), put8(&out, 1), put8(&out, 6), put8(&out, 0);
	put32(&out, 0x12345678);
	put32(&out, 0);
	put32(&out, message->client);
	put_zeros(&out, 12);
	put_bytes(&out, message->mac, 6);
	put_zeros(&out, 10 + 64 + 128);
	put32(&out, 0x63825363);
	put8(&out, 53), put8(&out, 1), put8(&out, message->kind);
	if (message->wanted)
		put8(&out, 50), put8(&out, 4), put32(&out, message->wanted);
	if (message->server)
		put8(&out, 54), put8(&out, 4), put32(&out, message->server);
	put8(&out, 61), put8(&out, 2), put16(&out, 0xabcd);
	put8(&out, 255);
	return packet_length(&out);
}

/* What became of a message: the kind of the reply, and what it says of an option of four bytes. */
struct outcome {
	unsigned kind;
	uint32_t yours;
	uint8_t bytes[DHCP_REPLY_MAX];
	size_t length;
	struct dhcp_seen seen;
};

static uint32_t option_of(const struct outcome *outcome, unsigned wanted)
{
	struct packet_in in = packet_in(outcome->bytes, outcome->length);

	(void)take_bytes(&in, 240);
	while (!in.bad && packet_left(&in) > 0) {
		unsigned code = take8(&in), length = code == 0 || code == 255 ? 0 : take8(&in);
		const uint8_t *bytes = take_bytes(&in, length);
		struct packet_in value = packet_in(bytes ? bytes : in.at, length);
		if (code == wanted && code != 0)
			return length == 4   ? take32(&value)
			       : length == 2 ? take16(&value)
					     : take8(&value);
	}
	return 0;
}

static struct outcome ask(struct dhcp_server *server, struct message message)
{
	struct outcome outcome = {0};
	uint8_t buf[512];
	size_t length = make(&message, buf, sizeof buf);

	outcome.length = dhcp_answer(server, buf, length, outcome.bytes, sizeof outcome.bytes,
				     &outcome.seen);
	struct packet_in in = packet_in(outcome.bytes, outcome.length);
	(void)take_bytes(&in, 16);
	outcome.yours = take32(&in);
	outcome.kind = option_of(&outcome, 53);
	return outcome;
}

TEST(dhcp, offers_the_planned_address)
{
	struct dhcp_server server = make_server();
	struct outcome offer = ask(&server, (struct message){nic, DHCP_DISCOVER, 0, 0, 0});

	EXPECT_NUMBER(offer.kind, DHCP_OFFER);
	EXPECT_NUMBER(offer.yours, FIRST);
	EXPECT(offer.length >= 300);
	EXPECT_NUMBER(offer.seen.message, DHCP_DISCOVER);
	EXPECT_NUMBER(offer.seen.client_id_length, 2);
	EXPECT_NUMBER(option_of(&offer, 1), 0xffffff00);
	EXPECT_NUMBER(option_of(&offer, 3), SERVER);
	EXPECT_NUMBER(option_of(&offer, 6), 0x0a000203);
	EXPECT_NUMBER(option_of(&offer, 51), 120);
	EXPECT_NUMBER(option_of(&offer, 58), 60);
	EXPECT_NUMBER(option_of(&offer, 42), 0);
}

TEST(dhcp, gives_another_client_another_address)
{
	struct dhcp_server server = make_server();

	EXPECT_NUMBER(ask(&server, (struct message){other, DHCP_DISCOVER, 0, 0, 0}).yours,
		      FIRST + 1);
	EXPECT_NUMBER(ask(&server, (struct message){nic, DHCP_DISCOVER, 0, 0, 0}).yours, FIRST);
}

TEST(dhcp, acknowledges_what_it_offered_and_no_other)
{
	struct dhcp_server server = make_server();
	struct outcome got = ask(&server, (struct message){nic, DHCP_REQUEST, 0, FIRST, SERVER});

	EXPECT_NUMBER(got.kind, DHCP_ACK);
	EXPECT(!got.seen.is_renewal);
	got = ask(&server, (struct message){nic, DHCP_REQUEST, 0, FIRST + 5, SERVER});
	EXPECT_NUMBER(got.kind, DHCP_NAK);
	EXPECT_NUMBER(got.yours, 0);
	EXPECT(got.seen.is_refused);
	got = ask(&server, (struct message){nic, DHCP_REQUEST, 0, FIRST, SERVER + 1});
	EXPECT_NUMBER(got.length, 0);
}

TEST(dhcp, tells_a_renewal)
{
	struct dhcp_server server = make_server();
	struct outcome got = ask(&server, (struct message){nic, DHCP_REQUEST, FIRST, 0, 0});

	EXPECT_NUMBER(got.kind, DHCP_ACK);
	EXPECT(got.seen.is_renewal);
}

TEST(dhcp, offers_other_options_in_place_of_its_own)
{
	struct dhcp_server server = make_server();
	const uint8_t mtu[] = {0x05, 0x00};

	server.mtu = 1400;
	EXPECT(dhcp_set_option(&server, 26, mtu, 2));
	struct outcome offer = ask(&server, (struct message){nic, DHCP_DISCOVER, 0, 0, 0});
	EXPECT_NUMBER(option_of(&offer, 26), 1280);
	EXPECT(!dhcp_set_option(&server, 255, mtu, 2));
}

TEST(dhcp, leaves_the_malformed_alone)
{
	struct dhcp_server server = make_server();
	struct message message = {nic, DHCP_DISCOVER, 0, 0, 0};
	uint8_t buf[512], reply[DHCP_REPLY_MAX];
	struct dhcp_seen seen;
	size_t length = make(&message, buf, sizeof buf);

	for (size_t cut = 0; cut < 240; cut++)
		EXPECT_NUMBER(dhcp_answer(&server, buf, cut, reply, sizeof reply, &seen), 0);
	EXPECT_NUMBER(dhcp_answer(&server, buf, length - 2, reply, sizeof reply, &seen), 0);
	EXPECT_NUMBER(seen.message, DHCP_NOTHING);
	EXPECT_NUMBER(dhcp_answer(&server, buf, length, reply, 100, &seen), 0);
}
