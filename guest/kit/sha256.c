/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256; the names of the steps and constants are those of FIPS 180-4. */
#include "guest/kit/sha256.h"

#include <stdint.h>
#include <string.h>

#define BLOCK  64
#define ROUNDS 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void prepare(uint32_t w[ROUNDS], const unsigned char *block)
{
	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned i = 16; i < ROUNDS; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* One round on the variables a to h, which are not moved: they begin one place further back each time. */
static inline void take_word(uint32_t v[8], unsigned round, uint32_t word)
{
	uint32_t a = v[-round & 7], b = v[(1 - round) & 7], c = v[(2 - round) & 7];
	uint32_t e = v[(4 - round) & 7], f = v[(5 - round) & 7], g = v[(6 - round) & 7];
	uint32_t big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
	uint32_t t1 = v[(7 - round) & 7] + big1 + ((e & f) ^ (~e & g)) + word;
	uint32_t big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);

	v[(3 - round) & 7] += t1;
	v[(7 - round) & 7] = t1 + big0 + ((a & b) ^ (a & c) ^ (b & c));
}

static void take_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t w[ROUNDS], v[8];

	prepare(w, block);
	memcpy(v, state, sizeof v);
	for (unsigned i = 0; i < ROUNDS; i += 8) {
#pragma GCC unroll 8
		for (unsigned k = 0; k < 8; k++)
			take_word(v, k, constants[i + k] + w[i + k]);
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256(const void *bytes, size_t length, unsigned char ret[SHA256_BYTES])
{
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const unsigned char *at = bytes;
	unsigned char last[2 * BLOCK] = {0};
	uint64_t bits = (uint64_t)length * 8;

	for (; length >= BLOCK; length -= BLOCK, at += BLOCK)
		take_block(state, at);
	if (length > 0)
		memcpy(last, at, length);
	last[length] = 0x80;
	/* The number of bits ends the last block; it needs eight bytes. */
	size_t size = length < BLOCK - 8 ? BLOCK : 2 * BLOCK;
	for (unsigned i = 0; i < 8; i++)
		last[size - 1 - i] = (unsigned char)(bits >> (8 * i));
	take_block(state, last);
	if (size > BLOCK)
		take_block(state, last + BLOCK);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		ret[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}
