/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block device that is made of parts of others, by the kernel's device-mapper: how a logical volume is read whose
 * metadata somebody else has understood.
 *
 *	char device[VOLUME_MAP_DEVICE_SIZE];
 *	r = volume_map("1048576", "4194304 0 1048576\n8388608 65536 9437184 17825792\n", device);
 */
#ifndef ASSAY_GUEST_VOLUME_MAP_H
#define ASSAY_GUEST_VOLUME_MAP_H

#include "base/scope.h"

#define VOLUME_MAP_DEVICE_SIZE 32

/*
 * Makes it, read-only, unless there is one of that name already. A line of `pieces` is "SIZE STRIPE_SIZE PLACE…" in bytes:
 * what follows in the device, and where on the disk it lies; with more than one place it goes round over them, stripe by
 * stripe. Returns 0 with the path of the device, or -errno.
 */
int volume_map(const char *name, const char *pieces, char ret_device[VOLUME_MAP_DEVICE_SIZE])
	NONNULL(1, 2, 3);

#endif
