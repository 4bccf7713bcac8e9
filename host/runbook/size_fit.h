/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins: what a machine here is made of in place of a size that this host cannot hold, or that has what no machine here has.
 * They say so in size.stand_in, and whoever shows the size shows that.
 *
 *	struct size_room room = {.cpus = 2, .memory_mib = 16000};
 *	size_fit(&room, &size);
 *	if (size.stand_in[0])
 *		text_addf(out, "stand-in with %s", size.stand_in);
 */
#ifndef ASSAY_HOST_RUNBOOK_SIZE_FIT_H
#define ASSAY_HOST_RUNBOOK_SIZE_FIT_H

#include <stdint.h>

#include "host/runbook/size.h"

/* What this host is, not what it has left: a size is the same machine in every run. */
struct size_room {
	unsigned cpus;
	uint64_t memory_mib; /* 0: nobody knows, and all is held */
};

/* A size of up to so many times the host's CPUs is held: they take turns. */
#define SIZE_CPUS_EACH 4

/* Makes it one that the host holds. A size that is held stays as it was. */
void size_fit(const struct size_room *room, struct size *size) NONNULL(1, 2);

#endif
