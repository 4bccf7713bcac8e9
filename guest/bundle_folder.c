/* SPDX-License-Identifier: Apache-2.0 */
/* Mounting the disks of a suite. */
#include "guest/bundle_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guest/kit/kernel_config.h"
#include "wire/bundle.h"

#define OPEN_FOLDERS 16 /* for the removal */
#define KCONFIG_MAX  (4U << 20)
#define TEMPORARY    BUNDLE_SCRATCH "/tmp"

/* Kernels with these are slow, and LTP gives its tests more time on them. */
static const char *const slow_options[] = {
	"PROVE_LOCKING", "LOCKDEP",	    "DEBUG_SPINLOCK", "DEBUG_RT_MUTEXES", "DEBUG_MUTEXES",
	"KASAN",	 "SLUB_RCU_DEBUG",  "TRACE_IRQFLAGS", "DEBUG_NET",	  "EXT4_DEBUG",
	"QUOTA_DEBUG",	 "FAULT_INJECTION", "DEBUG_OBJECTS"};

static bool is_slow_kernel(void)
{
	CLEAN_TEXT struct text config = TEXT_INIT(KCONFIG_MAX);
	struct tree *tree = tree_of_folder("/");
	char value[8];
	bool is_slow = false;

	if (tree && kernel_config_read(tree, &config) == 0)
		for (size_t i = 0; i < ARRAY_LEN(slow_options) && !is_slow; i++)
			is_slow = kernel_config_value(config.buf, slow_options[i], value,
						      sizeof value) &&
				  strcmp(value, "y") == 0;
	tree_free(tree);
	return is_slow;
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int type,
			struct FTW *at UNUSED)
{
	(void)(type == FTW_DP || type == FTW_D ? rmdir(path) : unlink(path));
	return 0;
}

int bundle_scratch_clear(void)
{
	(void)nftw(TEMPORARY, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (mkdir(TEMPORARY, 0777) < 0 && errno != EEXIST)
		return -errno;
	return chmod(TEMPORARY, 01777) < 0 ? -errno : 0; /* tests go on as other users */
}

static int mount_disk(struct call *call, const char *disk, const char *folder, const char *type,
		      unsigned long flags)
{
	CLEAN_FREE char *device = xasprintf("/dev/%s", disk);

	if ((mkdir(folder, 0755) < 0 && errno != EEXIST) ||
	    mount(device, folder, type, flags | MS_NODEV | MS_NOATIME, NULL) < 0) {
		int code = errno;
		(void)text_addf(call->reply, "%s cannot be mounted as %s", device, type);
		return code;
	}
	return 0;
}

/* Says whether the kernel is a slow one. */
static int call_mount(struct call *call)
{
	if (mkdir(BUNDLE_FOLDER, 0755) < 0 && errno != EEXIST)
		return errno;
	int r = mount_disk(call, call->arguments[0], BUNDLE_TREE, "iso9660", MS_RDONLY);
	if (r == 0)
		r = mount_disk(call, call->arguments[1], BUNDLE_SCRATCH, "ext4", 0);
	if (r == 0)
		r = -bundle_scratch_clear();
	if (r == 0)
		(void)text_adds(call->reply, is_slow_kernel() ? "yes" : "no");
	return r;
}

const struct call_verb call_bundle_verbs[] = {
	{"bundle-mount", "TREE-DISK SCRATCH-DISK",
	 "mounts the disks of a suite; says whether the kernel is a slow one", 2, 2, call_mount},
	{NULL, NULL, NULL, 0, 0, NULL},
};
