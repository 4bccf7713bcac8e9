/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/ntp.h"

#include "base/clock.h"
#include "base/test.h"

/* 2000-01-01T00:00:00.5Z */
#define WALL_NS	 (946684800 * NS_PER_S + NS_PER_S / 2)
#define NTP_2000 3155673600U

static uint32_t word(const uint8_t *reply, size_t at)
{
	struct packet_in in = packet_in(reply + at, 4);

	return take32(&in);
}

TEST(ntp, tells_the_time)
{
	uint8_t request[48] = {0x23, 0, 6}, reply[NTP_REPLY_MAX];
	struct ntp_server server = {0};

	memcpy(request + 40, "original", 8);
	EXPECT_NUMBER(ntp_answer(&server, WALL_NS, request, 48, reply, sizeof reply), 48);
	EXPECT_NUMBER(reply[0], 0x24);
	EXPECT_NUMBER(reply[1], 2);
	EXPECT(memcmp(reply + 24, "original", 8) == 0);
	EXPECT_NUMBER(word(reply, 32), NTP_2000);
	EXPECT_NUMBER(word(reply, 40), NTP_2000);
	EXPECT_NUMBER(word(reply, 44), 0x80000000);
}

TEST(ntp, may_be_wrong_or_lost)
{
	uint8_t request[48] = {0x23}, reply[NTP_REPLY_MAX];
	struct ntp_server server = {.offset_ns = -5LL * (long long)NS_PER_S,
				    .is_unsynchronised = true};

	EXPECT_NUMBER(ntp_answer(&server, WALL_NS, request, 48, reply, sizeof reply), 48);
	EXPECT_NUMBER(word(reply, 40), NTP_2000 - 5);
	EXPECT_NUMBER(reply[0] >> 6, 3);
	EXPECT_NUMBER(reply[1], 16);
}

TEST(ntp, answers_clients_only)
{
	uint8_t request[48] = {0x24}, reply[NTP_REPLY_MAX];
	struct ntp_server server = {0};

	EXPECT_NUMBER(ntp_answer(&server, WALL_NS, request, 48, reply, sizeof reply), 0);
	request[0] = 0x23;
	EXPECT_NUMBER(ntp_answer(&server, WALL_NS, request, 47, reply, sizeof reply), 0);
	EXPECT_NUMBER(ntp_answer(&server, WALL_NS, request, 48, reply, 47), 0);
}
