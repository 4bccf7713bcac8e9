/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data disks that a host case gives to its machine while that runs, and what can go wrong with them. The content lies in a
 * file in the machine's folder, which the case may look into.
 *
 *	const char *disk = host_disk_plug(t, "faulty", 64, "");		("vdb", in the guest)
 *	host_disk_fail(t, "faulty", "{\"event\":\"none\",\"iotype\":\"read\",\"sector\":2048}");
 *	...
 *	host_disk_mend(t, "faulty");
 *
 * A disk of that name that is plugged already stays as it is: so a sabotage, which runs before the case, may plug it with other
 * options. Needs arch:x86_64 (the machine's PCI ports).
 */
#ifndef ASSAY_HOST_CASES_HOST_DISK_H
#define ASSAY_HOST_CASES_HOST_DISK_H

#include "host/cases/host_case.h"

/* Plugs a disk of `mib` MiB, of zeros, and gives its name in the guest; the name here is its serial number there (at most
 * 20 bytes). `options` are further members of QEMU's device as JSON (",\"werror\":\"report\"") or "". The case fails
 * when the guest does not see it. */
const char *host_disk_plug(struct host_trial *t, const char *name, unsigned mib,
			   const char *options) __attribute__((returns_nonnull)) NONNULL(1, 2, 4);

/* The same with the content that lies in the file of that path, which belongs to the case. */
const char *host_disk_plug_file(struct host_trial *t, const char *name, const char *path,
				const char *options) __attribute__((returns_nonnull))
NONNULL(1, 2, 3, 4);

/* From now on QEMU's blkdebug stands between the guest and the disk, with that rule of `inject-error`; and no more. */
void host_disk_fail(struct host_trial *t, const char *name, const char *rule) NONNULL(1, 2, 3);
void host_disk_mend(struct host_trial *t, const char *name) NONNULL(1, 2);
/* Puts another of QEMU's block nodes under the disk. */
void host_disk_swap(struct host_trial *t, const char *name, const char *node) NONNULL(1, 2, 3);

/* The file with the content. */
const char *host_disk_path(struct host_trial *t, const char *name) NONNULL(1, 2);
/* `length` bytes of it, from `offset` on. */
const char *host_disk_bytes(struct host_trial *t, const char *name, uint64_t offset, size_t length)
	NONNULL(1, 2);

/* Makes an ext4 file system of the whole disk in the guest, with options of mkfs.ext4 ("-e", "remount-ro", …, NULL) in the
 * place of `more`, mounts it and gives the folder. What is a file system of the guest's already is only mounted. Needs
 * cmd:mkfs.ext4. */
const char *host_disk_mount(struct host_trial *t, const char *name, const char *disk,
			    const char *more, const char *value) NONNULL(1, 2, 3);

/* What the superblock of an ext4 file system on it says. */
struct host_ext4 {
	bool is_there, is_clean, needs_recovery, has_journal;
	unsigned errors; /* since it was checked last */
};
struct host_ext4 host_disk_ext4(struct host_trial *t, const char *name) NONNULL(1, 2);

#endif
