/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parses a foreign disk shuts itself in first: from then on this process reads descriptors that it has, computes and
 * answers, and can do nothing else. There is no way back.
 */
#ifndef ASSAY_HOST_IMAGE_SHUT_IN_H
#define ASSAY_HOST_IMAGE_SHUT_IN_H

#include <stdbool.h>

enum shut_in_with {
	SHUT_IN_ALONE,
	SHUT_IN_WITH_COPIES, /* it may fork, wait for the copies, and limit their time and memory */
};

/* False when this kernel has no such filters. */
bool shut_in(enum shut_in_with with);

#endif
