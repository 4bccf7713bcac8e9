/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's random generator gives. */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/kit/probe.h"

#define BLOCK 32 /* the most that the kernel takes from one step of a CPU's generator */

/* A line for each block, with its first bytes. */
static int draw(struct text *out, long long count)
{
	for (long long i = 0; i < count; i++) {
		unsigned char block[BLOCK];
		if (syscall(SYS_getrandom, block, sizeof block, 0) != sizeof block)
			return errno ? errno : EIO;
		for (size_t k = 0; k < 8; k++)
			(void)text_addf(out, "%02x", block[k]);
		(void)text_adds(out, "\n");
	}
	return out->overflowed ? EMSGSIZE : 0;
}

/* Each CPU has a generator of its own. */
PROBE(draw_random, "COUNT", "the first bytes of COUNT blocks from the generator of the first CPU")
{
	cpu_set_t before, first;
	long long count;

	if (number_parse(probe_argument(p, 0), 1, 100000, &count) < 0)
		return EINVAL;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_getaffinity(0, sizeof before, &before) < 0 ||
	    sched_setaffinity(0, sizeof first, &first) < 0)
		return errno;
	int r = draw(p->reply, count);
	(void)sched_setaffinity(0, sizeof before, &before);
	return r;
}
