/* SPDX-License-Identifier: Apache-2.0 */
/* Faults made on purpose. */
#include "base/fault.h"

#include <errno.h>
#include <stdatomic.h>

/* Armed by tests before they start threads; the count alone is raced for. */
static struct {
	atomic_uint left;
	int error;
} points[FAULT_COUNT_];

void fault_arm(enum fault point, unsigned n, int error)
{
	points[point].error = error;
	atomic_store(&points[point].left, n);
}

bool fault_hit(enum fault point)
{
	unsigned left = atomic_load_explicit(&points[point].left, memory_order_relaxed);

	do {
		if (left == 0)
			return false;
	} while (!atomic_compare_exchange_weak(&points[point].left, &left, left - 1));
	if (left > 1)
		return false;
	errno = points[point].error;
	return true;
}
