/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256; the names of the steps and constants are those of FIPS 180-4. */
#include "guest/kit/sha256.h"

#include <stdatomic.h>
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

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

static void take_blocks(uint32_t state[8], const unsigned char *at, size_t count)
{
	for (; count > 0; count--, at += SHA256_BLOCK)
		take_block(state, at);
}

/* ---- by instructions ---- */

#ifdef __x86_64__

/* Intel's SDM, volume 1, 5.19 "Intel SHA Extensions"; the shuffles are those of SSSE3 and SSE4.1. */
static bool has_instructions(void)
{
	static atomic_int known; /* asking is slow in a virtual machine: 0 not asked, 1 no, 2 yes */
	unsigned a, b, c, d;

	if (known == 0) {
		bool found = __get_cpuid(1, &a, &b, &c, &d) && c & bit_SSSE3 && c & bit_SSE4_1;
		found = found && __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA;
		known = 1 + found;
	}
	return known == 2;
}

#define WITH_INSTRUCTIONS __attribute__((target("sha,sse4.1")))

/* The next four words of the schedule, in place of those sixteen before; words[i] are the oldest. */
WITH_INSTRUCTIONS static inline __m128i next_words(const __m128i words[4], unsigned i)
{
	__m128i last = words[(i + 3) & 3], before = words[(i + 2) & 3];
	__m128i sum = _mm_sha256msg1_epu32(words[i & 3], words[(i + 1) & 3]);

	sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, before, 4));
	return _mm_sha256msg2_epu32(sum, last);
}

/* The instructions want the variables as the pairs a, b, e, f and c, d, g, h. */
WITH_INSTRUCTIONS static void take_blocks_by_instructions(uint32_t state[8],
							  const unsigned char *at, size_t count)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state + 1), 0x1b);
	__m128i abef = _mm_alignr_epi8(abcd, efgh, 8), cdgh = _mm_blend_epi16(efgh, abcd, 0xf0);

	for (; count > 0; count--, at += SHA256_BLOCK) {
		__m128i words[4], abef_before = abef, cdgh_before = cdgh;
		for (unsigned i = 0; i < 4; i++)
			words[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)at + i), swap);
#pragma GCC unroll 16
		for (unsigned i = 0; i < ROUNDS / 4; i++) {
			if (i >= 4)
				words[i & 3] = next_words(words, i);
			__m128i sum = _mm_add_epi32(
				words[i & 3], _mm_loadu_si128((const __m128i *)&constants[4 * i]));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	abef = _mm_shuffle_epi32(abef, 0x1b);
	cdgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(abef, cdgh, 0xf0));
	_mm_storeu_si128((__m128i *)state + 1, _mm_alignr_epi8(cdgh, abef, 8));
}

#else

static bool has_instructions(void)
{
	return false;
}

static void take_blocks_by_instructions(uint32_t state[8], const unsigned char *at, size_t count)
{
	take_blocks(state, at, count);
}

#endif

/* ---- a sum ---- */

static void add_blocks(struct sha256 *sum, const unsigned char *at, size_t count)
{
	if (sum->by_instructions)
		take_blocks_by_instructions(sum->state, at, count);
	else
		take_blocks(sum->state, at, count);
}

void sha256_begin(struct sha256 *sum)
{
	*sum = (struct sha256){
		.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
			  0x1f83d9ab, 0x5be0cd19},
		.by_instructions = has_instructions(),
	};
}

void sha256_add(struct sha256 *sum, const void *bytes, size_t length)
{
	size_t held = sum->length % SHA256_BLOCK;
	const unsigned char *at = bytes;

	if (length == 0)
		return;
	sum->length += length;
	if (held > 0) {
		size_t room = SHA256_BLOCK - held, part = length < room ? length : room;
		memcpy(sum->block + held, at, part);
		at += part;
		length -= part;
		if (held + part < SHA256_BLOCK)
			return;
		add_blocks(sum, sum->block, 1);
	}
	add_blocks(sum, at, length / SHA256_BLOCK);
	memcpy(sum->block, at + length / SHA256_BLOCK * SHA256_BLOCK, length % SHA256_BLOCK);
}

void sha256_end(struct sha256 *sum, unsigned char ret[SHA256_BYTES])
{
	unsigned char last[2 * SHA256_BLOCK] = {0x80};
	size_t held = sum->length % SHA256_BLOCK;
	uint64_t bits = sum->length * 8;

	/* The number of bits ends the last block; it needs eight bytes. */
	size_t size = (held < SHA256_BLOCK - 8 ? SHA256_BLOCK : 2 * SHA256_BLOCK) - held;
	for (unsigned i = 0; i < 8; i++)
		last[size - 1 - i] = (unsigned char)(bits >> (8 * i));
	sha256_add(sum, last, size);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		ret[i] = (unsigned char)(sum->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256(const void *bytes, size_t length, unsigned char ret[SHA256_BYTES])
{
	struct sha256 sum;

	sha256_begin(&sum);
	sha256_add(&sum, bytes, length);
	sha256_end(&sum, ret);
}
