/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that look random and come again: the same seed gives the same ones on every machine. Not for secrets.
 *
 *	struct random random = {seed};
 *	size_t die = 1 + random_below(&random, 6);
 */
#ifndef ASSAY_BASE_RANDOM_H
#define ASSAY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state; /* any number is a seed */
};

/* splitmix64 (Steele, Lea and Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number from 0 to below - 1. `below` is at least 1 and less than 2^32. */
static inline size_t random_below(struct random *random, size_t below)
{
	return (size_t)(((random_next(random) >> 32) * below) >> 32);
}

#endif
