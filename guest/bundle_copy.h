/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a suite's tree where its tests may write. */
#ifndef ASSAY_GUEST_BUNDLE_COPY_H
#define ASSAY_GUEST_BUNDLE_COPY_H

#include "base/scope.h"

/* Copies the folder `from` with all that is in it (files, folders, links; modes are kept, holes stay holes) to `to`, which
 * is there afterwards whole or not at all. Nothing is done when it is there already. -errno. */
int bundle_copy_folder(const char *from, const char *to) NONNULL(1, 2);

/* Makes in the folder `to` a link to each entry of `from`, but for the names that are there. -errno. */
int bundle_link_entries(const char *from, const char *to) NONNULL(1, 2);

#endif
