/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room: what jobs take of the host while they go on - lanes, CPUs, memory - and what of it is free. It is reckoned with, not
 * measured: the schedule's memory watch sees what really is taken.
 *
 *	struct room part = room_of_job(job, false, &whole);
 *	if (room_fits(&part, &free))
 *		room_take(&free, &part);
 *
 * A booted machine takes its size's memory and what QEMU wants for itself (RESOURCES_MACHINE_EXTRA_MIB). A copy of a template
 * shares the template's RAM until it writes to it: it is taken for half of that memory, and QEMU's own. (Copies of 1 GiB have
 * been seen to write 25 to 150 MiB; the next one, which is loaded ahead and stands still, 25.) Cases that want all of the memory
 * say so, and get it. A machine that works keeps half of its CPUs busy, one at least; one whose case mostly waits keeps none.
 */
#ifndef ASSAY_HOST_RUN_ROOM_H
#define ASSAY_HOST_RUN_ROOM_H

#include <limits.h>

#include "host/run/jobs.h"

#define ROOM_CPUS_MAX	UINT_MAX
#define ROOM_MEMORY_MAX UINT64_MAX

struct room {
	unsigned working,
		waiting; /* lanes: jobs at once that work, and beside them, that mostly wait */
	unsigned cpus;
	uint64_t mem_mib;
};

/* What the job takes of `whole`; boots: its machines are booted, whatever its kind. Lanes and CPUs are at most all that there
 * are, so that what is too wide for the host runs alone; memory is what it is. */
struct room room_of_job(const struct job *job, bool boots, const struct room *whole) NONNULL(1, 3);

bool room_fits(const struct room *part, const struct room *in) NONNULL(1, 2);
/* `part` fits in. */
void room_take(struct room *from, const struct room *part) NONNULL(1, 2);
void room_give(struct room *to, const struct room *part) NONNULL(1, 2);

#endif
