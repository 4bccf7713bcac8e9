/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data disk that may be written over: nothing on it, nothing made of it. For cases with a fork of their own and the need
 * "disk:data".
 *
 *	const char *disk = scratch_disk(t);			("vdb")
 *	const char *folder = scratch_filesystem(t, disk, 64);	(64 MiB of it, mounted)
 *	int fd = scratch_open(t, disk, O_RDWR | O_DIRECT);
 */
#ifndef ASSAY_KIT_SCRATCH_H
#define ASSAY_KIT_SCRATCH_H

#include "guest/kit/case.h"

/* The name of the last such disk; skips the case (need disk:data) when there is none. */
const char *scratch_disk(struct trial *t) __attribute__((returns_nonnull));

/* Opens the disk itself; broken when that cannot be done. It is closed with the trial. */
int scratch_open(struct trial *t, const char *disk, int flags);

/* Makes a filesystem of that size at its beginning (ext4; the case needs cmd:mkfs.ext4), mounts it and gives the folder.
 * Broken when that fails. It is unmounted when the trial ends. */
const char *scratch_filesystem(struct trial *t, const char *disk, unsigned mib)
	__attribute__((returns_nonnull));

#endif
