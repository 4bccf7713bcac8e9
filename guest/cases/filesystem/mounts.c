/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted, and how. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "guest/kit/case.h"
#include "guest/kit/fstab.h"
#include "guest/kit/mounts.h"
#include "guest/kit/seccomp.h"

#define FSTAB "/etc/fstab"

static bool swap_is_active(struct trial *t)
{
	const char *swaps = file_text(t, "/proc/swaps");
	const char *at = swaps;

	return swaps && text_line(t, &at) && at && *at != '\0';
}

static bool must_be_mounted(const struct fstab_line *line)
{
	return line->where[0] && !fstab_has_option(line, "noauto") &&
	       !fstab_has_option(line, "nofail") && !fstab_has_option(line, "x-systemd.automount");
}

CASE(filesystem, fstab_is_fully_mounted,
     .title = "Every fstab entry that is not optional is mounted after boot", .priority = P0,
     .why = "Programs write into the empty mount point instead, and their data vanishes when the disk is mounted.",
     .remedy = "Look at the mount unit's log; correct or remove the line in /etc/fstab.",
     .sources = "own")
{
	const char *fstab = file_text(t, FSTAB);
	struct fstab_line line;
	struct mount_entry entry;

	check_passed(t); /* no fstab, or an empty one, asks for nothing */
	for (const char *at = fstab; fstab && fstab_next(&at, &line);) {
		if (!must_be_mounted(&line))
			continue;
		bool is_swap = strcmp(line.type, "swap") == 0;
		if (is_swap ? !swap_is_active(t) : !mounts_find(t, line.where, &entry))
			FAIL(t, "%s on %s is not %s", line.what, line.where,
			     is_swap ? "in use" : "mounted");
		else
			check_passed(t);
	}
}

SABOTAGE(filesystem, fstab_is_fully_mounted,
	 "a line was added for a filesystem that is not mounted")
{
	sabotage_append(t, FSTAB, "tmpfs /srv/not-mounted tmpfs defaults 0 0");
}

static bool is_kept_on_disk(const char *type)
{
	static const char *const types[] = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "vfat", "xfs"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(types[i], type) == 0)
			return true;
	}
	return false;
}

/* Does the image's own configuration say read-only? Images of the immutable kind mount these so, without fstab. */
static bool is_meant_read_only(struct trial *t, const char *where)
{
	static const char *const vendor[] = {"/boot", "/efi", "/boot/efi", "/sysroot", "/usr"};
	const char *fstab = file_text(t, FSTAB), *cmdline = file_line(t, "/proc/cmdline");
	struct fstab_line line;

	for (const char *at = fstab; fstab && fstab_next(&at, &line);) {
		if (strcmp(line.where, where) == 0)
			return fstab_has_option(&line, "ro");
	}
	if (cmdline && (strstr(cmdline, "ostree=") || strstr(cmdline, "usrhash=") ||
			strstr(cmdline, "verity.usr"))) {
		for (size_t i = 0; i < ARRAY_LEN(vendor); i++) {
			if (strcmp(vendor[i], where) == 0)
				return true;
		}
	}
	return false;
}

CASE(filesystem, no_unexpected_read_only_mount,
     .title = "No mount meant to be writable has turned read-only", .priority = P0,
     .why = "It is how a kernel reacts to a damaged filesystem, and how a system with a bad fstab ends up.",
     .remedy = "Look in the kernel log for the filesystem error; check the mount options in fstab.",
     .sources = "own")
{
	const char *at = mounts_text(t);
	struct mount_entry entry;

	while (mounts_next(t, &at, &entry)) {
		bool is_root = strcmp(entry.where, "/") == 0;
		/* A read-only disk (Assay's own media among them) can be mounted in no other way. */
		const char *ro =
			case_format(t, "/sys/dev/block/%u:%u/ro", entry.major, entry.minor);
		if ((!is_root && !is_kept_on_disk(entry.type)) ||
		    is_meant_read_only(t, entry.where) || (!is_root && file_number(t, ro, 0) != 0))
			continue;
		if (mount_has_option(entry.options, "ro") ||
		    mount_has_option(entry.super_options, "ro"))
			FAIL(t, "%s (%s on %s) is read-only", entry.where, entry.type, entry.what);
		else
			check_passed(t);
	}
}

SABOTAGE(filesystem, no_unexpected_read_only_mount, "the root filesystem is mounted read-only")
{
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		case_broken(t, "/ cannot be made read-only: %m");
}

CASE(filesystem, shared_memory_mount_is_bounded,
     .title = "The shared-memory mount cannot take all memory", .priority = P2,
     .why = "Any user may write there; without a limit he can use up the machine's memory.",
     .remedy = "Mount /dev/shm with a size, or the kernel's default of half the memory.",
     .sources = "own")
{
	const char *meminfo = file_text(t, "/proc/meminfo");
	struct statvfs shm;
	long long total_kib;

	REQUIRE(t, meminfo && sscanf(meminfo, "MemTotal: %lld kB", &total_kib) == 1);
	REQUIRE_OK(t, statvfs("/dev/shm", &shm));
	long long kib = (long long)(shm.f_blocks * shm.f_frsize / 1024);
	CHECK_GT(t, kib, 0);
	CHECK_LE(t, kib, total_kib / 10 * 9);
}

SABOTAGE(filesystem, shared_memory_mount_is_bounded, "the mount has no limit")
{
	if (mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=0") < 0)
		case_broken(t, "no tmpfs can be mounted: %m");
}

CASE(filesystem, overlay_merges_and_hides,
     .title = "An overlay mount merges layers, copies up and hides deleted files", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "kconfig:OVERLAY_FS",
     .why = "Every container's root filesystem is such a mount.",
     .remedy = "Check the overlay module and for kernel changes in it.", .sources = "own")
{
#define BASE "/run/assay-overlay"
	REQUIRE_OK(t, unshare(CLONE_NEWNS));
	REQUIRE_OK(t, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	(void)mkdir(BASE, 0700);
	REQUIRE_OK(t, mount("tmpfs", BASE, "tmpfs", 0, "mode=0755"));
	REQUIRE(t, mkdir(BASE "/low", 0755) == 0 && mkdir(BASE "/up", 0755) == 0 &&
			   mkdir(BASE "/work", 0755) == 0 && mkdir(BASE "/all", 0755) == 0 &&
			   mkdir(BASE "/low/kept", 0755) == 0 &&
			   mkdir(BASE "/low/gone", 0755) == 0);
	REQUIRE_OK(t, mount("overlay", BASE "/all", "overlay", 0,
			    "lowerdir=" BASE "/low,upperdir=" BASE "/up,workdir=" BASE "/work"));
	CHECK(t, access(BASE "/all/kept", F_OK) == 0);
	CHECK_OK(t, mkdir(BASE "/all/fresh", 0755));
	CHECK(t, access(BASE "/up/fresh", F_OK) == 0);
	CHECK(t, access(BASE "/low/fresh", F_OK) < 0);
	CHECK_OK(t, chmod(BASE "/all/kept", 0700)); /* copies it up */
	CHECK(t, access(BASE "/up/kept", F_OK) == 0);
	CHECK_OK(t, rmdir(BASE "/all/gone"));
	CHECK(t, access(BASE "/all/gone", F_OK) < 0);
	CHECK(t, access(BASE "/low/gone", F_OK) == 0);
	(void)umount2(BASE "/all", MNT_DETACH);
	(void)umount2(BASE, MNT_DETACH);
	(void)rmdir(BASE);
#undef BASE
}

SABOTAGE(filesystem, overlay_merges_and_hides, "what is deleted stays to be seen")
{
	sabotage_syscall(t, SYS_rmdir, 0);
}
