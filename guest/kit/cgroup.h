/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control group of the case's own, under version 2 of the interface or version 1; it goes with
 *the trial.
 *
 *	const char *group = cgroup_new(t, "memory");
 *	cgroup_write(t, group, cgroup_is_v2() ? "memory.max" : "memory.limit_in_bytes", "33554432");
 *	... in a child: cgroup_enter(group)
 */
#ifndef ASSAY_KIT_CGROUP_H
#define ASSAY_KIT_CGROUP_H

#include "guest/kit/case.h"

/* True when the unified hierarchy is the one mounted. */
bool cgroup_is_v2(void);

/* Makes a group with that controller ("cpu", "memory", "pids") and gives its path. Fails the case
 * when the controller is not to be had; skips it where no hierarchy is mounted, which some inits leave to others. */
const char *cgroup_new(struct trial *t, const char *controller);

/* Makes a group of the unified hierarchy, for which no controller is asked: it may be mounted beside those of version 1. Skips the
 * case where it is not. */
const char *cgroup_new_unified(struct trial *t);

/* Writes into a file of the group; broken when it cannot be written. */
void cgroup_write(struct trial *t, const char *group, const char *file, const char *value);

/* A number "key N" in a file of the group, such as oom_kill in memory.events; `fallback` when it is
 * not there. */
long long cgroup_count(struct trial *t, const char *group, const char *file, const char *key,
		       long long fallback);

/* Moves this process into the group: 0 or -errno. Usable in a child. */
int cgroup_enter(const char *group);

#endif
