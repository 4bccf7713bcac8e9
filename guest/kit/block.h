/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disks of the running system.
 *
 *	const char *root = block_root_disk(t);			("vda")
 *	for (const char *const *disk = block_disks(t); *disk; disk++)
 *		block_bytes(t, *disk);
 */
#ifndef ASSAY_KIT_BLOCK_H
#define ASSAY_KIT_BLOCK_H

#include "guest/kit/case.h"

/* The names of whole disks that are there for data: no loop, RAM, device-mapper or RAID device, no CD, no floppy, none
 * that is read-only (those carry Assay's own media). Ends with NULL. */
const char *const *block_disks(struct trial *t);

/* The device that holds the root filesystem ("vda1", "dm-0"); NULL when that is none. */
const char *block_root_device(struct trial *t);

/* The whole disk beneath it; NULL when there is none. */
const char *block_root_disk(struct trial *t);

/* The size; 0 when there is no such device. */
uint64_t block_bytes(struct trial *t, const char *name);

#endif
