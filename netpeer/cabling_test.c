/* SPDX-License-Identifier: Apache-2.0 */
/* Cables as the machines at their ends and the host see them. */
#include "netpeer/cabling.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/test.h"
#include "base/text.h"

#define LENGTH 600

struct fixture {
	struct cabling cabling;
	struct cabling_control control;
	int machines[4], host; /* our ends */
};

static struct fixture *setup(void)
{
	static struct fixture fixture;
	int fds[4], pair[2];

	for (int i = 0; i < 4; i++) {
		EXPECT_NUMBER(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
		fixture.machines[i] = pair[0];
		fds[i] = pair[1];
	}
	EXPECT_NUMBER(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cabling_init(&fixture.cabling, fds, 4, -1);
	fixture.host = pair[0];
	fixture.control = (struct cabling_control){pair[1], &fixture.cabling};
	return &fixture;
}

static void fill(uint8_t *frame, unsigned type)
{
	for (int i = 0; i < LENGTH; i++)
		frame[i] = (uint8_t)i;
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
}

/* Sends a frame from one machine; how many come to another, the last of them in `got`. */
static int carry(struct fixture *fixture, int from, int to, const uint8_t *frame, uint8_t *got)
{
	uint64_t now_ns = clock_now_ns();
	int count = 0;

	EXPECT_NUMBER(send(fixture->machines[from], frame, LENGTH, 0), LENGTH);
	cabling_run(&fixture->cabling, now_ns);
	cabling_run(&fixture->cabling, now_ns + NS_PER_S);
	while (recv(fixture->machines[to], got, LENGTH, MSG_DONTWAIT) == LENGTH)
		count++;
	return count;
}

static const char *ask(struct fixture *fixture, const char *question)
{
	static char answer[512];

	EXPECT_NUMBER(send(fixture->host, question, strlen(question), 0), strlen(question));
	EXPECT(cabling_control_take(&fixture->control));
	ssize_t n = recv(fixture->host, answer, sizeof answer - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = '\0';
	return answer;
}

TEST(cabling, joins_two_ends)
{
	struct fixture *fixture = setup();
	uint8_t frame[LENGTH], got[LENGTH];

	fill(frame, 0x0800);
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 1);
	EXPECT(memcmp(frame, got, LENGTH) == 0);
	EXPECT_NUMBER(carry(fixture, 3, 2, frame, got), 1);
	EXPECT_NUMBER(carry(fixture, 0, 2, frame, got), 0);
	EXPECT_NUMBER(carry(fixture, 0, 3, frame, got), 0);
	EXPECT_TEXT(ask(fixture, "1 count 0"), "1 ok 3 0 0");
	EXPECT_TEXT(ask(fixture, "2 count 1"), "2 ok 0 1 0");
}

TEST(cabling, as_a_hub_is_one_network)
{
	struct fixture *fixture = setup();
	uint8_t frame[LENGTH], got[LENGTH];

	fill(frame, 0x0800);
	EXPECT_TEXT(ask(fixture, "1 set hub 1"), "1 ok ");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 1);
	for (int to = 2; to < 4; to++)
		EXPECT_NUMBER(recv(fixture->machines[to], got, LENGTH, MSG_DONTWAIT), LENGTH);
	EXPECT_NUMBER(recv(fixture->machines[0], got, LENGTH, MSG_DONTWAIT), -1);
}

TEST(cabling, loses_doubles_and_spoils)
{
	struct fixture *fixture = setup();
	uint8_t frame[LENGTH], got[LENGTH];

	fill(frame, 0x0800);
	(void)ask(fixture, "1 set loss 100 0");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 0);
	EXPECT_NUMBER(carry(fixture, 2, 3, frame, got), 1);
	EXPECT_TEXT(ask(fixture, "2 count 0"), "2 ok 1 0 1");
	(void)ask(fixture, "3 set loss 0 0");
	(void)ask(fixture, "4 set duplicate 100");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 2);
	(void)ask(fixture, "5 set duplicate 0");
	(void)ask(fixture, "6 set swap 100");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 1);
	EXPECT(memcmp(frame, got, LENGTH) != 0);
	(void)ask(fixture, "7 set swap 0");
	(void)ask(fixture, "8 set delay 50");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 1);
}

TEST(cabling, refuses_by_length_and_kind)
{
	struct fixture *fixture = setup();
	uint8_t frame[LENGTH], got[LENGTH];

	fill(frame, 0x8100);
	(void)ask(fixture, "1 set longest 599");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 0);
	(void)ask(fixture, "2 set longest 600");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 1);
	(void)ask(fixture, "3 set type 33024");
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 0);
	fill(frame, 0x0800);
	EXPECT_NUMBER(carry(fixture, 0, 1, frame, got), 1);
}

TEST(cabling, knows_datagrams_by_their_port)
{
	struct cabling_end end = {.refused_udp = 4789};
	uint8_t frame[64] = {[12] = 8, [14] = 0x46, [23] = 17, [40] = 0x12, [41] = 0xb5};

	EXPECT(cabling_refuses(&end, frame, sizeof frame));
	EXPECT(cabling_refuses(&end, frame, 42));
	EXPECT(!cabling_refuses(&end, frame, 41));
	frame[21] = 1; /* a later fragment has no port */
	EXPECT(!cabling_refuses(&end, frame, sizeof frame));
	frame[21] = 0, frame[14] = 0x44;
	EXPECT(!cabling_refuses(&end, frame, sizeof frame));
	frame[14] = 0x46, frame[23] = 6;
	EXPECT(!cabling_refuses(&end, frame, sizeof frame));
	EXPECT(cabling_refuses(&end, frame, 13));
}

TEST(cabling, says_what_it_does_not_take)
{
	static const char *const questions[] = {"1 set loss 101",  "1 set nonsense 1", "1 set loss",
						"1 set loss 1 2",  "1 count 2",	       "1 count",
						"1 set loss 1 -1", "1 nonsense",       "1"};
	struct fixture *fixture = setup();

	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		EXPECT(has_prefix(ask(fixture, questions[i]), "1 error "));
	close(fixture->host);
	EXPECT(!cabling_control_take(&fixture->control));
}
