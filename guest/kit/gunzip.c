/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking gzip; the paragraphs named are those of RFC 1951. */
#include "guest/kit/gunzip.h"

#include <stdint.h>
#include <string.h>

#define CODE_LENGTH_MAX 15
#define SYMBOLS_MAX	288

struct bits {
	const unsigned char *at, *end;
	uint32_t held; /* bits read but not yet used, the next one lowest */
	unsigned count;
	bool ran_out;
};

static unsigned take_bits(struct bits *in, unsigned n)
{
	while (in->count < n) {
		if (in->at == in->end) {
			in->ran_out = true;
			return 0;
		}
		in->held |= (uint32_t)*in->at++ << in->count;
		in->count += 8;
	}
	unsigned value = in->held & ((1U << n) - 1);
	in->held >>= n;
	in->count -= n;
	return value;
}

/* A canonical Huffman code (3.2.2): how many codes there are of each length, and the symbols in the order of their codes. */
struct code {
	uint16_t counts[CODE_LENGTH_MAX + 1];
	uint16_t symbols[SYMBOLS_MAX];
};

/* False when the lengths do not make a code: more codes than there can be. */
static bool make_code(struct code *code, const uint8_t *lengths, unsigned n)
{
	uint16_t offsets[CODE_LENGTH_MAX + 1];
	int left = 1;

	memset(code->counts, 0, sizeof code->counts);
	for (unsigned i = 0; i < n; i++)
		code->counts[lengths[i]]++;
	code->counts[0] = 0;
	for (unsigned length = 1; length <= CODE_LENGTH_MAX; length++) {
		left = left * 2 - code->counts[length];
		if (left < 0)
			return false;
	}
	offsets[1] = 0;
	for (unsigned length = 1; length < CODE_LENGTH_MAX; length++)
		offsets[length + 1] = (uint16_t)(offsets[length] + code->counts[length]);
	for (unsigned i = 0; i < n; i++) {
		if (lengths[i])
			code->symbols[offsets[lengths[i]]++] = (uint16_t)i;
	}
	return true;
}

/* The next symbol, or -1: these bits are no code. */
static int take_symbol(struct bits *in, const struct code *code)
{
	int value = 0, first = 0, index = 0;

	for (unsigned length = 1; length <= CODE_LENGTH_MAX && !in->ran_out; length++) {
		value |= (int)take_bits(in, 1);
		int count = code->counts[length];
		if (value - count < first)
			return code->symbols[index + (value - first)];
		index += count;
		first = (first + count) << 1;
		value <<= 1;
	}
	return -1;
}

static const uint16_t length_bases[29] = {3,  4,  5,  6,   7,	8,   9,	  10,  11, 13,
					  15, 17, 19, 23,  27,	31,  35,  43,  51, 59,
					  67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extras[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_bases[30] = {
	1,   2,	  3,   4,   5,	 7,    9,    13,   17,	 25,   33,   49,   65,	  97,	 129,
	193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extras[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,	 3,  4,	 4,  5,	 5,  6,
					    6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

/* Copies what already stands `distance` bytes back; it may overlap what is being written. */
static int copy_back(struct text *out, size_t start, size_t distance, size_t length)
{
	if (distance > out->length - start)
		return -EBADMSG;
	while (length-- > 0) {
		char byte = out->buf[out->length - distance];
		int r = text_add(out, &byte, 1);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The symbols of a block up to its end (3.2.5). */
static int unpack_codes(struct bits *in, const struct code *literals, const struct code *distances,
			struct text *out, size_t start)
{
	for (;;) {
		int symbol = take_symbol(in, literals), r;
		if (symbol < 0 || symbol > 285)
			return -EBADMSG;
		if (symbol == 256)
			return 0;
		if (symbol < 256) {
			char byte = (char)symbol;
			r = text_add(out, &byte, 1);
		} else {
			size_t length = length_bases[symbol - 257] +
					take_bits(in, length_extras[symbol - 257]);
			int code = take_symbol(in, distances);
			if (code < 0 || code > 29)
				return -EBADMSG;
			size_t distance =
				distance_bases[code] + take_bits(in, distance_extras[code]);
			r = in->ran_out ? -EBADMSG : copy_back(out, start, distance, length);
		}
		if (r < 0)
			return r;
	}
}

/* 3.2.4 */
static int unpack_stored(struct bits *in, struct text *out)
{
	in->held = in->count = 0; /* up to the next byte: never more than 7 bits are held here */
	if (in->end - in->at < 4)
		return -EBADMSG;
	unsigned length = in->at[0] | (unsigned)in->at[1] << 8,
		 check = in->at[2] | (unsigned)in->at[3] << 8;
	in->at += 4;
	if (check != (length ^ 0xffff) || (size_t)(in->end - in->at) < length)
		return -EBADMSG;
	int r = text_add(out, (const char *)in->at, length);
	in->at += length;
	return r;
}

/* 3.2.6 */
static int unpack_fixed(struct bits *in, struct text *out, size_t start)
{
	struct code literals, distances;
	uint8_t lengths[SYMBOLS_MAX];

	for (unsigned i = 0; i < SYMBOLS_MAX; i++)
		lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	(void)make_code(&literals, lengths, SYMBOLS_MAX);
	memset(lengths, 5, 30);
	(void)make_code(&distances, lengths, 30);
	return unpack_codes(in, &literals, &distances, out, start);
}

/* The lengths of both codes, which are themselves packed. */
static int take_lengths(struct bits *in, const struct code *packing, uint8_t *lengths, unsigned n)
{
	for (unsigned i = 0; i < n;) {
		int symbol = take_symbol(in, packing);
		uint8_t value = 0;
		unsigned repeat;

		if (symbol < 0 || symbol > 18 || (symbol == 16 && i == 0))
			return -EBADMSG;
		if (symbol < 16) {
			lengths[i++] = (uint8_t)symbol;
			continue;
		}
		if (symbol == 16) {
			value = lengths[i - 1];
			repeat = 3 + take_bits(in, 2);
		} else {
			repeat = symbol == 17 ? 3 + take_bits(in, 3) : 11 + take_bits(in, 7);
		}
		if (in->ran_out || repeat > n - i)
			return -EBADMSG;
		memset(lengths + i, value, repeat);
		i += repeat;
	}
	return 0;
}

/* 3.2.7 */
static int unpack_dynamic(struct bits *in, struct text *out, size_t start)
{
	static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					  11, 4,  12, 3, 13, 2, 14, 1, 15};
	unsigned literal_count = take_bits(in, 5) + 257, distance_count = take_bits(in, 5) + 1;
	unsigned packing_count = take_bits(in, 4) + 4;
	uint8_t lengths[SYMBOLS_MAX + 32] = {0};
	struct code packing, literals, distances;

	if (in->ran_out || literal_count > 286 || distance_count > 30)
		return -EBADMSG;
	for (unsigned i = 0; i < packing_count; i++)
		lengths[order[i]] = (uint8_t)take_bits(in, 3);
	if (in->ran_out || !make_code(&packing, lengths, 19))
		return -EBADMSG;
	memset(lengths, 0, sizeof lengths);
	int r = take_lengths(in, &packing, lengths, literal_count + distance_count);
	if (r < 0)
		return r;
	if (!make_code(&literals, lengths, literal_count) ||
	    !make_code(&distances, lengths + literal_count, distance_count))
		return -EBADMSG;
	return unpack_codes(in, &literals, &distances, out, start);
}

static int unpack_blocks(struct bits *in, struct text *out)
{
	size_t start = out->length;
	bool is_last = false;

	while (!is_last) {
		is_last = take_bits(in, 1);
		unsigned type = take_bits(in, 2);
		int r = in->ran_out ? -EBADMSG
			: type == 0 ? unpack_stored(in, out)
			: type == 1 ? unpack_fixed(in, out, start)
			: type == 2 ? unpack_dynamic(in, out, start)
				    : -EBADMSG;
		if (r < 0)
			return r;
	}
	return 0;
}

static uint32_t checksum(const char *bytes, size_t length)
{
	uint32_t crc = 0xffffffffU;

	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static uint32_t le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The member's header (RFC 1952, 2.3): gives where the packed bytes begin, NULL when it is not one. */
static const unsigned char *skip_header(const unsigned char *at, const unsigned char *end)
{
	if (end - at < 18 || at[0] != 0x1f || at[1] != 0x8b || at[2] != 8)
		return NULL;
	unsigned flags = at[3];
	at += 10;
	if (flags & 4) { /* FEXTRA */
		size_t extra = at[0] | (size_t)at[1] << 8;
		if ((size_t)(end - at) < extra + 2)
			return NULL;
		at += extra + 2;
	}
	for (unsigned text = flags >> 3 & 3; text; text &= text - 1) { /* FNAME, FCOMMENT */
		at = memchr(at, 0, (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}
	if (flags & 2) /* FHCRC */
		at += end - at < 2 ? 0 : 2;
	return at;
}

int gunzip(const void *packed, size_t length, struct text *out)
{
	const unsigned char *bytes = packed, *end = bytes + length;
	struct bits in = {.at = skip_header(bytes, end), .end = end};
	size_t start = out->length;

	if (!in.at)
		return -EBADMSG;
	int r = unpack_blocks(&in, out);
	if (r < 0)
		return r;
	if (end - in.at < 8)
		return -EBADMSG;
	size_t unpacked = out->length - start;
	bool is_whole = le32(in.at) == checksum(out->buf + start, unpacked) &&
			le32(in.at + 4) == (uint32_t)unpacked;
	return is_whole ? 0 : -EBADMSG;
}
