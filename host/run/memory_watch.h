/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that this host really has while a run goes on: estimates may be wrong, and other programs want some too. Read once
 * a second; where it is short the schedule gives out no new machine.
 *
 *	struct memory_watch watch = {.root = ""};
 *	memory_watch_tick(&watch, engine);          (a few times a second)
 */
#ifndef ASSAY_HOST_RUN_MEMORY_WATCH_H
#define ASSAY_HOST_RUN_MEMORY_WATCH_H

#include "host/run/schedule.h"

struct engine;

struct memory_watch {
	const char *root;    /* before /proc and /sys; NULL: nobody looks */
	uint64_t next_ns;    /* when it is due */
	uint64_t held_ns;    /* since when machines wait for memory; 0: none does */
	bool is_without_psi; /* the kernel tells no pressure, and that was said */
};

/* What is there now: pressed when for a fifth of the last ten seconds some processes stood still for want of memory, or for a
 * tenth of them all. *ret_has_psi: the kernel tells that at all. */
void memory_watch_read(const char *root, struct memory_reading *ret, bool *ret_has_psi)
	NONNULL(1, 2, 3);

/* Reads when it is due, tells the schedule, and tells whoever watches the run when machines begin and cease to wait. */
void memory_watch_tick(struct memory_watch *watch, struct engine *engine) NONNULL(1, 2);
/* At the run's end: tells what machines waited until then. */
void memory_watch_done(struct memory_watch *watch, struct engine *engine) NONNULL(1, 2);

#endif
