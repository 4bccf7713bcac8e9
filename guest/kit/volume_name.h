/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of LVM's logical volumes. Device-mapper joins group and volume with a dash, and doubles the dashes in both:
 * volume "root" of group "my-vg" is /dev/mapper/my--vg-root, /dev/my-vg/root, and "my--vg-root" here.
 *
 *	char name[VOLUME_NAME_SIZE];
 *	if (volume_name_of_device("/dev/my-vg/root", name))
 *		puts(name);
 */
#ifndef ASSAY_KIT_VOLUME_NAME_H
#define ASSAY_KIT_VOLUME_NAME_H

#include <stdbool.h>

#include "base/scope.h"

#define VOLUME_NAME_SIZE 528 /* twice two names of 127, and more than anyone has */

/* False when it does not fit. */
bool volume_name_join(const char *group, const char *volume, char ret[VOLUME_NAME_SIZE])
	NONNULL(1, 2, 3);

/* What /dev/mapper/NAME, /dev/disk/by-id/dm-name-NAME and /dev/GROUP/VOLUME name; false for devices that are certainly
 * no logical volume. */
bool volume_name_of_device(const char *device, char ret[VOLUME_NAME_SIZE]) NONNULL(1, 2);

/* "GROUP/VOLUME", as the boot argument rd.lvm.lv has it. */
bool volume_name_of_pair(const char *pair, char ret[VOLUME_NAME_SIZE]) NONNULL(1, 2);

#endif
