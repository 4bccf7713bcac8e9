/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that most cases of provisioning look at: its disk is larger than the image, its firmware brings a credential, and
 * where cloud-init is the way in, a rich seed tells it what to do. It is booted once for all of them.
 *
 *	seed_machine(t, true);
 *	HOST_CHECK_TEXT(t, host_guest_read(t, SEED_FOLDER "/script"), SEED_RAN);
 */
#ifndef ASSAY_HOST_CASES_PROVISIONING_SEEDED_H
#define ASSAY_HOST_CASES_PROVISIONING_SEEDED_H

#include "host/cases/host_order.h"

#define SEED_BOOT_S 500

/* What the seed asks for. */
#define SEED_FOLDER   "/var/lib/assay-seed" /* each part leaves a file here, of one line a run */
#define SEED_RAN      "ran\n"
#define SEED_NAME     "assay-one" /* instance-id and hostname */
#define SEED_USER     "assay"
#define SEED_PASSWORD "assay-words-7"
#define SEED_ADDRESS  "10.0.2.77" /* besides what DHCP gives */

/* By how much the root disk is larger than the image. */
#define SEED_GROWTH (1ULL << 30)

/* What the firmware brings. */
#define SEED_CREDENTIAL	      "assay.planted"
#define SEED_CREDENTIAL_VALUE "from-the-firmware"

/* The trial's machine is a fork of that one; the case has failed when it does not come up. Skips when `by_cloud_init` is wanted
 * and that is not the way in. */
void seed_machine(struct host_trial *t, bool by_cloud_init) NONNULL(1);

/* For sabotages: cloud-init is told to do nothing but start the agent. */
extern const struct case_sabotage seed_ignored;

/* The same seed for an instance of that name. */
const struct image_seed *seed_of(struct host_trial *t, const char *name) NONNULL(1, 2);

/* Where the private half of the seed's key lies. */
const char *seed_key(struct host_trial *t) NONNULL(1);

#endif
