/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Needs: the words in case_info.needs, such as "cpus>=2,systemd,cmd:sshd". Some are judged by the host against the plan
 * (cpus, mem_mb, numa, nics, disks, dev, uefi, tpm, kvm, vms, netpeer, repo, payload, image), the rest in the guest
 * (systemd, cloud-init, kconfig, kmod, cmd, arch, fs, distro …). They are judged without the sabotage.
 *
 *	struct need need;
 *	for (const char *at = info->needs; need_next(&at, &need);) ...
 */
#ifndef ASSAY_WIRE_NEED_H
#define ASSAY_WIRE_NEED_H

#include <stdbool.h>

#include "base/scope.h"

/* What a case is said to need that was never looked at, because the image did not come up; nobody declares it. */
#define NEED_BOOTED "booted"

struct need {
	char text[96];	    /* the whole word, for messages */
	char kind[32];	    /* "cpus", "cmd", "systemd" */
	char name[64];	    /* after the colon, "" without one */
	long long at_least; /* after ">=", 0 without one */
};

/* Parses the next word at *at (NULL and "-" count as empty) and steps over it; false at the end. */
bool need_next(const char **at, struct need *ret) NONNULL(1, 2);

/* True for kinds that the host judges against the plan. */
bool need_is_of_plan(const struct need *need) NONNULL(1);

/* True when that word is among them. */
bool needs_name(const char *needs, const char *word) NONNULL(2);

/* The most that is asked of that kind by "kind>=N"; 0: nothing. */
long long needs_number(const char *needs, const char *kind) NONNULL(2);

/* True for kinds that are known at all. */
bool need_is_known(const struct need *need) NONNULL(1);

/* The known kinds, sorted; NULL after the last. */
const char *need_kind_at(size_t at);

#endif
