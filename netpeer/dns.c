/* SPDX-License-Identifier: Apache-2.0 */
/* A name server (RFC 1035) as a function of the message. */
#include "netpeer/dns.h"

#define TYPE_A	 1
#define TYPE_OPT 41
#define TYPE_ANY 255
#define CLASS_IN 1

#define FLAG_RESPONSE	 0x8000
#define FLAG_AUTHORITY	 0x0400
#define FLAG_TRUNCATED	 0x0200
#define FLAG_RECURSION	 0x0100 /* desired */
#define FLAG_RECURSES	 0x0080
#define OPERATION_MASK	 0x7800
#define CODE_NO_NAME	 3
#define CODE_NOT_DONE	 4
#define POINTER_QUESTION 0xc00c /* a name: the one in the question */
#define TTL_S		 60
#define EDNS_SIZE	 1232

struct question {
	unsigned id, flags;
	const uint8_t *bytes; /* name, type and class */
	size_t length;
	unsigned type, class;
	bool has_edns;
	char *name;
};

static char lower(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	/* A point or a control character inside a label is no name that a zone has. */
	return c > ' ' && c < 0x7f && c != '.' ? (char)c : '?';
}

/* Labels to text: "www.example.org". A question is the first name of its message, so nothing can be pointed to. */
static bool take_name(struct packet_in *in, char name[DNS_NAME_MAX])
{
	size_t length = 0;

	for (;;) {
		unsigned label = take8(in);
		const uint8_t *bytes = take_bytes(in, label);
		if (in->bad || label > 63 || length + label + 2 > DNS_NAME_MAX)
			return false;
		if (label == 0)
			break;
		if (length > 0)
			name[length++] = '.';
		for (unsigned i = 0; i < label; i++)
			name[length++] = lower(bytes[i]);
	}
	name[length] = '\0';
	return true;
}

static bool take_question(struct question *question, const void *bytes, size_t length)
{
	struct packet_in in = packet_in(bytes, length);

	question->id = take16(&in);
	question->flags = take16(&in);
	unsigned questions = take16(&in), answers = take16(&in), authorities = take16(&in),
		 more = take16(&in);
	question->bytes = in.at;
	if (in.bad || question->flags & FLAG_RESPONSE || questions != 1 || answers != 0 ||
	    authorities != 0 || !take_name(&in, question->name))
		return false;
	question->type = take16(&in);
	question->class = take16(&in);
	if (in.bad)
		return false;
	question->length = (size_t)(in.at - question->bytes);
	question->has_edns = more > 0 && take8(&in) == 0 && take16(&in) == TYPE_OPT && !in.bad;
	return true;
}

static bool matches(const char *pattern, const char *name)
{
	if (pattern[0] != '*')
		return strcmp(pattern, name) == 0;
	size_t tail = strlen(pattern + 1), length = strlen(name);
	return length > tail && strcmp(name + length - tail, pattern + 1) == 0;
}

static const struct dns_name *find(const struct dns_zone *zone, const char *name)
{
	for (unsigned i = 0; i < zone->count; i++)
		if (matches(zone->names[i].pattern, name))
			return &zone->names[i];
	return NULL;
}

static void put_edns(struct packet_out *out)
{
	put8(out, 0);
	put16(out, TYPE_OPT);
	put16(out, EDNS_SIZE);
	put32(out, 0);
	put16(out, 0);
}

static void put_address(struct packet_out *out, uint32_t address)
{
	put16(out, POINTER_QUESTION);
	put16(out, TYPE_A);
	put16(out, CLASS_IN);
	put32(out, TTL_S);
	put16(out, 4);
	put32(out, address);
}

size_t dns_answer(const struct dns_zone *zone, bool over_tcp, const void *bytes, size_t length,
		  void *reply, size_t room, struct dns_seen *ret_seen)
{
	struct packet_out out = packet_out(reply, room);
	struct question question = {.name = ret_seen->name};

	ret_seen->name[0] = '\0';
	ret_seen->type = 0;
	if (!take_question(&question, bytes, length)) {
		ret_seen->name[0] = '\0';
		return 0;
	}
	ret_seen->type = question.type;
	const struct dns_name *name = find(zone, question.name);
	bool is_cut = zone->truncates && !over_tcp;
	bool is_address = question.type == TYPE_A || question.type == TYPE_ANY;
	bool is_answered = name && !is_cut && is_address && question.class == CLASS_IN;
	unsigned code = question.flags & OPERATION_MASK ? CODE_NOT_DONE : name ? 0 : CODE_NO_NAME;

	put16(&out, question.id);
	put16(&out, FLAG_RESPONSE | FLAG_AUTHORITY | FLAG_RECURSES |
			    (question.flags & (OPERATION_MASK | FLAG_RECURSION)) |
			    (is_cut ? FLAG_TRUNCATED : 0) | code);
	put16(&out, 1);
	put16(&out, is_answered);
	put16(&out, 0);
	put16(&out, question.has_edns);
	put_bytes(&out, question.bytes, question.length);
	if (is_answered)
		put_address(&out, name->address);
	if (question.has_edns)
		put_edns(&out);
	return packet_length(&out);
}

bool dns_add(struct dns_zone *zone, const char *pattern, uint32_t address)
{
	unsigned i = 0;

	while (i < zone->count && strcmp(zone->names[i].pattern, pattern) != 0)
		i++;
	if (i == DNS_NAMES_MAX || strlen(pattern) >= DNS_NAME_MAX)
		return false;
	memcpy(zone->names[i].pattern, pattern, strlen(pattern) + 1);
	zone->names[i].address = address;
	if (i == zone->count)
		zone->count++;
	return true;
}
