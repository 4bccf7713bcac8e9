/* SPDX-License-Identifier: Apache-2.0 */
/* A DHCP server (RFC 2131, options of RFC 2132) as a function of the datagram. */
#include "netpeer/dhcp.h"

#define MAGIC	     0x63825363U
#define BOOT_REQUEST 1
#define BOOT_REPLY   2
#define ETHERNET     1
#define LENGTH_MIN   300 /* of BOOTP (RFC 1542, 2.1): some clients drop what is shorter */

enum option_code {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_MTU = 26,
	OPTION_NTP = 42,
	OPTION_WANTED = 50,
	OPTION_LEASE = 51,
	OPTION_MESSAGE = 53,
	OPTION_SERVER = 54,
	OPTION_RENEW = 58,
	OPTION_REBIND = 59,
	OPTION_CLIENT_ID = 61,
	OPTION_END = 255,
};

/* A message, as far as it matters. */
struct request {
	uint32_t xid, client, wanted, server; /* client: the address that it has */
	uint16_t flags;
	uint32_t relay;
	uint8_t mac[6];
	struct dhcp_seen *seen;
};

static uint32_t number_of(const uint8_t *bytes, size_t length)
{
	struct packet_in in = packet_in(bytes, length);

	return length == 4 ? take32(&in) : 0;
}

static void take_option(struct request *request, unsigned code, const uint8_t *bytes, size_t length)
{
	struct dhcp_seen *seen = request->seen;

	switch ((enum option_code)code) {
	case OPTION_MESSAGE:
		if (length == 1 && bytes[0] <= DHCP_INFORM)
			seen->message = (enum dhcp_message)bytes[0];
		break;
	case OPTION_WANTED:
		request->wanted = number_of(bytes, length);
		break;
	case OPTION_SERVER:
		request->server = number_of(bytes, length);
		break;
	case OPTION_CLIENT_ID:
		seen->client_id_length = (uint8_t)(length < DHCP_ID_MAX ? length : DHCP_ID_MAX);
		memcpy(seen->client_id, bytes, seen->client_id_length);
		break;
	case OPTION_PAD:
	case OPTION_MASK:
	case OPTION_ROUTER:
	case OPTION_DNS:
	case OPTION_MTU:
	case OPTION_NTP:
	case OPTION_LEASE:
	case OPTION_RENEW:
	case OPTION_REBIND:
	case OPTION_END:
		break;
	}
}

static bool take_options(struct request *request, struct packet_in *in)
{
	while (packet_left(in) > 0) {
		unsigned code = take8(in);
		if (code == OPTION_END)
			return true;
		if (code == OPTION_PAD)
			continue;
		size_t length = take8(in);
		const uint8_t *bytes = take_bytes(in, length);
		if (!bytes)
			return false;
		take_option(request, code, bytes, length);
	}
	return true; /* the end mark is often forgotten */
}

static bool take_request(struct request *request, const void *bytes, size_t length)
{
	struct packet_in in = packet_in(bytes, length);
	unsigned operation = take8(&in), hardware = take8(&in), mac_length = take8(&in);

	(void)take8(&in); /* hops */
	request->xid = take32(&in);
	(void)take16(&in); /* seconds */
	request->flags = take16(&in);
	request->client = take32(&in);
	(void)take_bytes(&in, 8); /* your address, the next server's */
	request->relay = take32(&in);
	const uint8_t *mac = take_bytes(&in, 16);
	(void)take_bytes(&in, 64 + 128); /* server's name, boot file */
	if (take32(&in) != MAGIC || in.bad || operation != BOOT_REQUEST || hardware != ETHERNET ||
	    mac_length != 6)
		return false;
	memcpy(request->mac, mac, sizeof request->mac);
	return take_options(request, &in);
}

/* The address of that MAC, 0 when there is none left. */
static uint32_t address_of(struct dhcp_server *server, const uint8_t mac[6])
{
	unsigned i = 0;

	while (i < server->client_count && memcmp(server->clients[i], mac, 6) != 0)
		i++;
	if (i == DHCP_CLIENTS_MAX)
		return 0;
	if (i == server->client_count)
		memcpy(server->clients[server->client_count++], mac, 6);
	return server->first + i;
}

static const struct dhcp_option *find_option(const struct dhcp_server *server, unsigned code)
{
	for (unsigned i = 0; i < server->option_count; i++)
		if (server->options[i].code == code)
			return &server->options[i];
	return NULL;
}

static void put_option(struct packet_out *out, const struct dhcp_server *server, unsigned code,
		       uint32_t value, unsigned size)
{
	if (value == 0 || find_option(server, code))
		return;
	put8(out, code);
	put8(out, size);
	if (size == 4)
		put32(out, value);
	else
		put16(out, value);
}

static void put_settings(struct packet_out *out, const struct dhcp_server *server)
{
	put_option(out, server, OPTION_MASK, server->mask, 4);
	put_option(out, server, OPTION_ROUTER, server->router, 4);
	put_option(out, server, OPTION_DNS, server->dns, 4);
	put_option(out, server, OPTION_NTP, server->ntp, 4);
	put_option(out, server, OPTION_MTU, server->mtu, 2);
	for (unsigned i = 0; i < server->option_count; i++) {
		const struct dhcp_option *option = &server->options[i];
		put8(out, option->code);
		put8(out, option->length);
		put_bytes(out, option->bytes, option->length);
	}
}

static void put_lease(struct packet_out *out, const struct dhcp_server *server)
{
	put_option(out, server, OPTION_LEASE, server->lease_s, 4);
	put_option(out, server, OPTION_RENEW, server->lease_s / 2, 4);
	put_option(out, server, OPTION_REBIND, server->lease_s / 8 * 7, 4);
}

static size_t put_reply(const struct dhcp_server *server, const struct request *request,
			enum dhcp_message message, uint32_t yours, void *reply, size_t room)
{
	struct packet_out out = packet_out(reply, room);

	put8(&out, BOOT_REPLY);
	put8(&out, ETHERNET);
	put8(&out, 6);
	put8(&out, 0);
	put32(&out, request->xid);
	put16(&out, 0);
	put16(&out, request->flags);
	put32(&out, message == DHCP_NAK ? 0 : request->client);
	put32(&out, yours);
	put32(&out, message == DHCP_NAK ? 0 : server->server);
	put32(&out, request->relay);
	put_bytes(&out, request->mac, sizeof request->mac);
	put_zeros(&out, 10 + 64 + 128);
	put32(&out, MAGIC);
	put8(&out, OPTION_MESSAGE);
	put8(&out, 1);
	put8(&out, message);
	put_option(&out, server, OPTION_SERVER, server->server, 4);
	if (message != DHCP_NAK)
		put_settings(&out, server);
	if (yours != 0)
		put_lease(&out, server);
	put8(&out, OPTION_END);
	while (!out.full && packet_length(&out) < LENGTH_MIN)
		put8(&out, OPTION_PAD);
	return packet_length(&out);
}

static size_t answer_request(const struct dhcp_server *server, const struct request *request,
			     uint32_t address, void *reply, size_t room)
{
	struct dhcp_seen *seen = request->seen;

	if (request->server != 0 && request->server != server->server)
		return 0; /* it has chosen another */
	seen->is_renewal = request->client != 0 && request->wanted == 0;
	seen->is_refused = seen->wanted != address || address == 0;
	if (seen->is_refused)
		return put_reply(server, request, DHCP_NAK, 0, reply, room);
	return put_reply(server, request, DHCP_ACK, address, reply, room);
}

size_t dhcp_answer(struct dhcp_server *server, const void *bytes, size_t length, void *reply,
		   size_t room, struct dhcp_seen *ret_seen)
{
	struct request request = {.seen = ret_seen};

	*ret_seen = (struct dhcp_seen){.message = DHCP_NOTHING};
	if (!take_request(&request, bytes, length)) {
		ret_seen->message = DHCP_NOTHING;
		return 0;
	}
	uint32_t address = address_of(server, request.mac);
	ret_seen->wanted = request.wanted ? request.wanted : request.client;
	switch (ret_seen->message) {
	case DHCP_DISCOVER:
		return address ? put_reply(server, &request, DHCP_OFFER, address, reply, room) : 0;
	case DHCP_REQUEST:
		return answer_request(server, &request, address, reply, room);
	case DHCP_INFORM:
		return put_reply(server, &request, DHCP_ACK, 0, reply, room);
	case DHCP_DECLINE:
	case DHCP_RELEASE:
		return 0;
	case DHCP_NOTHING:
	case DHCP_OFFER:
	case DHCP_ACK:
	case DHCP_NAK:
		ret_seen->message = DHCP_NOTHING;
		return 0;
	}
	return 0;
}

bool dhcp_set_option(struct dhcp_server *server, unsigned code, const void *bytes, size_t length)
{
	unsigned i = 0;

	while (i < server->option_count && server->options[i].code != code)
		i++;
	if (i == DHCP_OPTIONS_MAX || length > 255 || code == OPTION_PAD || code >= OPTION_END)
		return false;
	struct dhcp_option *option = &server->options[i];
	option->code = (uint8_t)code;
	option->length = (uint8_t)length;
	memcpy(option->bytes, bytes, length);
	if (i == server->option_count)
		server->option_count++;
	return true;
}
