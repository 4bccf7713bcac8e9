/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults made on purpose: a test arms a point, and the n-th passage through it fails. In a normal run nothing is
 * armed and a passage costs one relaxed load.
 *
 *	fault_arm(FAULT_SPAWN, 2, EAGAIN);      (the second child_start from now on fails)
 *	...
 *	if (fault_hit(FAULT_SPAWN))             (in child_start: errno is set)
 *		return err_set(e, BLAME_HOST, errno, "start %s: %m", argv[0]);
 */
#ifndef ASSAY_BASE_FAULT_H
#define ASSAY_BASE_FAULT_H

#include <stdbool.h>

enum fault {
	FAULT_SPAWN, /* child_start */
	FAULT_READ,  /* text_read_fd */
	FAULT_COUNT_,
};

/* Makes the n-th passage (1: the next one) fail with `error`; n = 0 disarms. */
void fault_arm(enum fault point, unsigned n, int error);

/* True, with errno set, when this passage has to fail. */
bool fault_hit(enum fault point);

#endif
