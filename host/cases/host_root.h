/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root filesystem as a power cut leaves it, before anything boots from it: another copy of the machine's template gets it
 * as a disk, and the tools in there may judge it.
 *
 *	root_find(t);
 *	...
 *	host_power_cut(t);
 *	root_hand_over(t, 60);
 *	const char *disk = root_plug(t);		("vdb", in the other's guest)
 *
 * A sabotage that damages what the cut has left says so by host_plant_later, and plugs the disk itself: the case finds it in
 * its place. Needs arch:x86_64,hotplug-slots>=1.
 */
#ifndef ASSAY_HOST_CASES_HOST_ROOT_H
#define ASSAY_HOST_CASES_HOST_ROOT_H

#include "host/cases/host_case.h"

/* Where the root filesystem lies. */
struct host_root {
	unsigned long long offset, bytes; /* on the machine's root disk */
	const char *path;		  /* of the disk that was handed over */
};

/* Looks where it lies; a case is skipped where that is no partition, and no whole disk. */
void root_find(struct host_trial *t) NONNULL(1);
/* After host_power_cut: keeps what the root disk has now. Another copy of the template takes the machine's place; the case
 * fails when that is not there within `seconds`. */
void root_hand_over(struct host_trial *t, unsigned seconds) NONNULL(1);
/* Plugs the filesystem into it, and gives the disk's name. Once it is plugged it stays. */
const char *root_plug(struct host_trial *t) NONNULL(1) __attribute__((returns_nonnull));

#endif
