/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1; the names of the steps and constants are those of FIPS 180-4. */
#include "guest/kit/sha1.h"

#include <stdint.h>
#include <string.h>

#define BLOCK  64
#define ROUNDS 80

static uint32_t turn(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t mix(unsigned round, const uint32_t v[5])
{
	static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
	uint32_t b = v[1], c = v[2], d = v[3], k = constants[round / 20];

	if (round < 20)
		return ((b & c) | (~b & d)) + k;
	if (round < 40 || round >= 60)
		return (b ^ c ^ d) + k;
	return ((b & c) | (b & d) | (c & d)) + k;
}

static void take_block(uint32_t state[5], const unsigned char *block)
{
	uint32_t w[ROUNDS], v[5];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < ROUNDS; i++)
		w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(v, state, sizeof v);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t next = turn(v[0], 5) + mix(i, v) + v[4] + w[i];
		memmove(v + 1, v, 4 * sizeof *v);
		v[0] = next;
		v[2] = turn(v[2], 30);
	}
	for (unsigned i = 0; i < 5; i++)
		state[i] += v[i];
}

void sha1(const void *bytes, size_t length, unsigned char ret[SHA1_BYTES])
{
	uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	unsigned char last[2 * BLOCK] = {0};
	const unsigned char *at = bytes;
	size_t left = length;

	for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
		take_block(state, at);
	if (left > 0)
		memcpy(last, at, left);
	last[left] = 0x80;
	size_t size = left + 9 > BLOCK ? 2 * BLOCK : BLOCK;
	for (unsigned i = 0; i < 8; i++)
		last[size - 1 - i] = (unsigned char)((uint64_t)length * 8 >> (8 * i));
	for (size_t done = 0; done < size; done += BLOCK)
		take_block(state, last + done);
	for (unsigned i = 0; i < SHA1_BYTES; i++)
		ret[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}
