/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another instance of the image, for host cases that compare: the same image, booted for its first time once more, with another
 * instance id and other MAC addresses. They need vms>=2.
 *
 *	const char *own = instance_own(t), *another = instance_another(t);
 *	for (const char *at = own; instance_next(&at, "host-key", &fact);)
 *		HOST_CHECK(t, !instance_has(another, &fact));
 *
 * That boot is made once for a template: what the instance says of itself is kept beside it, and later runs read it.
 */
#ifndef ASSAY_HOST_CASES_HOST_INSTANCE_H
#define ASSAY_HOST_CASES_HOST_INSTANCE_H

#include "host/cases/host_case.h"

/* What guest/probe_identity.c tells, and a line "dhcp - ID" for the client identifier that DHCP saw (where it saw one). */
struct instance_fact {
	char path[256];
	char line[512]; /* the whole, as it stands among the others */
};

const char *instance_own(struct host_trial *t) __attribute__((returns_nonnull)) NONNULL(1);
const char *instance_another(struct host_trial *t) __attribute__((returns_nonnull)) NONNULL(1);

/* The client identifier that this instance gives a DHCP server, "" when it gives none; waits for a lease to be renewed. */
const char *instance_own_dhcp(struct host_trial *t) __attribute__((returns_nonnull)) NONNULL(1);

/* The next fact of that kind at *at, and steps over it; false at the end. */
bool instance_next(const char **at, const char *kind, struct instance_fact *ret) NONNULL(1, 2, 3);
/* True when the same line stands among those facts. */
bool instance_has(const char *facts, const struct instance_fact *fact) NONNULL(1, 2);

/* For sabotages: what is taken for another instance is a copy of this one. */
void instance_clone(struct host_trial *t) NONNULL(1);

#endif
