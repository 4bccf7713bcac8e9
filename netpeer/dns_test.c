/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/dns.h"

#include "base/test.h"

#define ADDRESS 0xc6336401U

static const uint8_t question[] = {
	0xbe, 0xef, 0x01,	   0x00, 0,   1,   0,	 0, 0,	 0,   0,   1,	3, 'W', 'w',
	'w',  5,    'a',	   's',	 's', 'a', 'y',	 4, 't', 'e', 's', 't', 0, 0,	1,
	0,    1,    /* EDNS: */ 0, 0,	 41,  4,   0xd0, 0, 0,	 0,   0,   0,	0};
#define TYPE_AT	   29
#define WITH_EDNS  sizeof question
#define FLAGS_HIGH 2

struct answer {
	size_t length;
	unsigned flags, answers, more;
	uint8_t bytes[DNS_REPLY_MAX];
	struct dns_seen seen;
};

static struct answer ask(const struct dns_zone *zone, bool over_tcp, const uint8_t *bytes,
			 size_t length)
{
	struct answer answer = {0};

	answer.length = dns_answer(zone, over_tcp, bytes, length, answer.bytes, sizeof answer.bytes,
				   &answer.seen);
	struct packet_in in = packet_in(answer.bytes, answer.length);
	(void)take16(&in);
	answer.flags = take16(&in);
	(void)take16(&in);
	answer.answers = take16(&in);
	(void)take16(&in);
	answer.more = take16(&in);
	return answer;
}

static struct dns_zone *make_zone(void)
{
	static struct dns_zone zone;

	EXPECT(dns_add(&zone, "*.assay.test", ADDRESS));
	return &zone;
}

TEST(dns, answers_what_it_was_told)
{
	struct answer answer = ask(make_zone(), false, question, WITH_EDNS);

	EXPECT_TEXT(answer.seen.name, "www.assay.test");
	EXPECT_NUMBER(answer.answers, 1);
	EXPECT_NUMBER(answer.more, 1);
	EXPECT_NUMBER(answer.flags, 0x8580);
	struct packet_in in = packet_in(answer.bytes + answer.length - 11 - 4, 4);
	EXPECT_NUMBER(take32(&in), ADDRESS);
}

TEST(dns, knows_no_other_name)
{
	uint8_t other[sizeof question];

	memcpy(other, question, sizeof other);
	other[17] = 'b';
	struct answer answer = ask(make_zone(), false, other, WITH_EDNS);
	EXPECT_NUMBER(answer.answers, 0);
	EXPECT_NUMBER(answer.flags & 15, 3);
}

TEST(dns, has_no_address_of_another_kind)
{
	uint8_t other[sizeof question];

	memcpy(other, question, sizeof other);
	other[TYPE_AT] = 28;
	struct answer answer = ask(make_zone(), false, other, WITH_EDNS);
	EXPECT_NUMBER(answer.answers, 0);
	EXPECT_NUMBER(answer.flags & 15, 0);
	EXPECT_NUMBER(answer.seen.type, 28);
}

TEST(dns, can_send_clients_to_tcp)
{
	struct dns_zone *zone = make_zone();

	zone->truncates = true;
	struct answer answer = ask(zone, false, question, WITH_EDNS);
	EXPECT_NUMBER(answer.answers, 0);
	EXPECT(answer.flags & 0x0200);
	answer = ask(zone, true, question, WITH_EDNS);
	EXPECT_NUMBER(answer.answers, 1);
	EXPECT(!(answer.flags & 0x0200));
}

TEST(dns, leaves_the_malformed_alone)
{
	struct dns_zone *zone = make_zone();
	uint8_t other[sizeof question];

	for (size_t cut = 0; cut < 32; cut++)
		EXPECT_NUMBER(ask(zone, false, question, cut).length, 0);
	EXPECT(ask(zone, false, question, 32).length > 0);
	memcpy(other, question, sizeof other);
	other[FLAGS_HIGH] |= 0x80; /* an answer: two servers must not talk to each other */
	EXPECT_NUMBER(ask(zone, false, other, WITH_EDNS).length, 0);
	memcpy(other, question, sizeof other);
	other[12] = 0xc0; /* a pointer */
	EXPECT_NUMBER(ask(zone, false, other, WITH_EDNS).length, 0);
}

TEST(dns, takes_names_as_long_as_they_may_be)
{
	struct dns_zone *zone = make_zone();
	uint8_t bytes[600] = {0, 1, 1, 0, 0, 1};
	size_t at = 12;

	for (int i = 0; i < 4; i++, at += 64) {
		bytes[at] = i < 3 ? 63 : 61;
		memset(bytes + at + 1, 'a', 63);
	}
	at -= 2;
	bytes[at] = 0; /* 255 bytes in all */
	memcpy(bytes + at + 1, (const uint8_t[]){0, 1, 0, 1}, 4);
	EXPECT(ask(zone, false, bytes, at + 5).length > 0);
	EXPECT_NUMBER(strlen(ask(zone, false, bytes, at + 5).seen.name), 253);
	bytes[12 + 3 * 64] = 63;
	EXPECT_NUMBER(ask(zone, false, bytes, at + 7).length, 0);
}
