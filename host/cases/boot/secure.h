/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine with Secure Boot that several cases look at. It is booted once for all of them.
 *
 *	secure_machine(t);
 *	HOST_CHECK(t, secure_is_on(t));
 */
#ifndef ASSAY_HOST_CASES_BOOT_SECURE_H
#define ASSAY_HOST_CASES_BOOT_SECURE_H

#include "host/cases/host_order.h"

/* The trial's machine is a fork of one that came up under Microsoft's keys; the case has failed when it does not come up. Skips
 * where the image is not meant for it. */
void secure_machine(struct host_trial *t) NONNULL(1);
/* What the firmware says of itself. */
bool secure_is_on(struct host_trial *t) NONNULL(1);

/* For sabotages: the firmware has no keys, and starts anything. */
extern const struct case_sabotage secure_not;

#endif
