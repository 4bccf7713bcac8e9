/* SPDX-License-Identifier: Apache-2.0 */
/* The disks of a suite in the guest: the tree, and where its tests may write. */
#ifndef ASSAY_GUEST_BUNDLE_FOLDER_H
#define ASSAY_GUEST_BUNDLE_FOLDER_H

#include "guest/call.h"

/* name NULL ends */
extern const struct call_verb call_bundle_verbs[];

/* Empties the folder for temporary files, or makes it; -errno. */
int bundle_scratch_clear(void);

#endif
