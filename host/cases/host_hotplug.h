/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that a host case plugs into its machine and takes away again. The ports "hot0" to "hot7" are free for them; what the
 * plan plugs in for a case begins at the last. Not being able to on this side ends the case as broken.
 *
 *	const char *disk = disk_plug(t, "added", 0, 64);	("vdb", NULL: the guest has not got it)
 *	HOST_CHECK(t, device_unplug(t, "added"));
 *
 * What a sabotage has plugged in the case finds in its place: disk_plug and device_plug do the same thing once.
 */
#ifndef ASSAY_HOST_CASES_HOST_HOTPLUG_H
#define ASSAY_HOST_CASES_HOST_HOTPLUG_H

#include "host/cases/host_case.h"

#define DEVICE_S 30 /* for a device to come or go */

/* A file in the machine's folder that goes with the trial. True when it was not there before. */
const char *device_file(struct host_trial *t, const char *name) NONNULL(1, 2);
bool device_file_make(struct host_trial *t, const char *path, unsigned mib) NONNULL(1, 2);
/* A file or an empty folder that is there goes with the trial. */
void device_file_take(struct host_trial *t, const char *path) NONNULL(1, 2);

/* A raw disk's node; `members` are more of its JSON ("\"discard\":\"unmap\"") or "". */
void device_node(struct host_trial *t, const char *node, const char *path, const char *members)
	NONNULL(1, 2, 3, 4);

/* device_add with these members of JSON, unless a device of that id is there. */
void device_plug(struct host_trial *t, const char *id, const char *members) NONNULL(1, 2, 3);
bool device_is_plugged(struct host_trial *t, const char *id) NONNULL(1, 2);
/* Skips the case where nobody in the guest loads modules for devices that come: neither udev nor systemd was started. For
 * one whose device has got no driver. */
void device_needs_udev(struct host_trial *t) NONNULL(1);
/* Until udev has done what it does with devices: who takes a disk away that is being read gets an I/O error. On a guest
 * without udev there is nothing to wait for. */
void device_await_quiet(struct host_trial *t) NONNULL(1);
/* Waits so, and takes it away. False when the guest does not let go of it in time. */
bool device_unplug(struct host_trial *t, const char *id) NONNULL(1, 2);

/* A blank disk with its name as id, node and serial number, in file device_file(t, id): what the guest calls it, NULL when
 * it does not appear. */
const char *disk_plug(struct host_trial *t, const char *id, unsigned port, unsigned mib)
	NONNULL(1, 2);
/* The guest's name of the disk with that serial number, NULL when it does not appear. */
const char *disk_await(struct host_trial *t, const char *serial) NONNULL(1, 2);
/* Until the guest has no such disk any more. */
bool disk_await_absence(struct host_trial *t, const char *disk) NONNULL(1, 2);

/* Has the guest write a line with the disk's own words to its beginning, past the cache; 0, or a status. */
int disk_write(struct host_trial *t, const char *disk, const char *words) NONNULL(1, 2, 3);
/* Does the file begin with these words? */
bool disk_file_says(struct host_trial *t, const char *path, const char *words) NONNULL(1, 2, 3);
/* The bytes that the file takes on this host. */
long long disk_file_used(struct host_trial *t, const char *path) NONNULL(1, 2);

/* Makes an ext4 on the guest's disk (the case needs cmd:mkfs.ext4) and mounts it at DEVICE_FOLDER, unless something is mounted
 * there; broken when that fails. */
#define DEVICE_FOLDER "/run/assay-device"
void disk_mount_new(struct host_trial *t, const char *disk) NONNULL(1, 2);
bool device_folder_is_mounted(struct host_trial *t) NONNULL(1);
/* Mounts what is on the disk there: true when it could be. */
bool disk_mount(struct host_trial *t, const char *disk) NONNULL(1, 2);

#endif
