// SPDX-License-Identifier: Apache-2.0
// fstab: what it mounts is there, is named so that it stays found, and is this machine's own.
#include "guest/kit/case.h"
#include "guest/kit/filesystems.h"
#include "guest/kit/fstab.h"
#include "guest/kit/volume_name.h"

/* Among lines that are none, a bad one would not be found. NULL: there is no fstab. */
static const char *read_fstab(struct trial *t)
{
	const char *text = file_text(t, "/etc/fstab");
	struct fstab_line line;

	for (const char *at = text ? text : ""; fstab_next(&at, &line);) {
		const char *problem = fstab_line_problem(&line);
		if (problem)
			case_broken(t, "/etc/fstab is damaged: the line of \"%.80s\" %s", line.what,
				    problem);
	}
	return text;
}

static const char *require_fstab(struct trial *t)
{
	const char *text = read_fstab(t);

	if (!text)
		case_skip(t, "fstab", "/etc/fstab is not there");
	return text;
}

/* UUID=x and /dev/disk/by-uuid/x are one name; NULL for a device named otherwise. */
static const char *value_of(struct trial *t, const char *what, const char *tag, const char *folder)
{
	const char *value = fstab_tag_value(what, tag);
	size_t length = strlen(folder);

	if (!value && has_prefix(what, folder) && what[length] == '/')
		value = what + length + 1;
	if (!value)
		return NULL;
	/* Quotes are allowed around a tag's value. */
	length = strlen(value);
	if (length > 1 && value[0] == '"' && value[length - 1] == '"')
		return case_format(t, "%.*s", (int)length - 2, value + 1);
	return value;
}

static const struct name_kind {
	const char *tag, *folder;
	size_t fact;
} name_kinds[] = {
	{"UUID", "/dev/disk/by-uuid", offsetof(struct filesystem, uuid)},
	{"LABEL", "/dev/disk/by-label", offsetof(struct filesystem, label)},
	{"PARTUUID", "/dev/disk/by-partuuid", offsetof(struct filesystem, part_uuid)},
	{"PARTLABEL", "/dev/disk/by-partlabel", offsetof(struct filesystem, part_label)},
};

static const char *fact_of(const struct filesystem *filesystem, size_t offset)
{
	return *(const char *const *)((const char *)filesystem + offset);
}

static bool is_known(const struct filesystem *all, size_t count, const struct name_kind *kind,
		     const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(fact_of(&all[i], kind->fact), value) == 0)
			return true;
	return false;
}

/* What the line's device must be for one of the filesystems. */
struct wanted {
	struct trial *trial;
	const struct filesystem *all;
	size_t count;
	unsigned judged;
};

static void check_tags(struct wanted *wanted, const struct fstab_line *line)
{
	struct trial *t = wanted->trial;

	for (size_t i = 0; i < ARRAY_LEN(name_kinds); i++) {
		const struct name_kind *kind = &name_kinds[i];
		const char *value = value_of(t, line->what, kind->tag, kind->folder);
		if (!value)
			continue;
		wanted->judged++;
		if (is_known(wanted->all, wanted->count, kind, value))
			check_passed(t);
		else
			FAIL(t, "%s for %s: no filesystem of this image has %s %s", line->what,
			     line->where, kind->tag, value);
	}
}

/* /etc/crypttab makes devices in /dev/mapper too, some of them anew at each boot. */
static bool is_in_crypttab(struct trial *t, const char *device)
{
	const char *text = file_text(t, "/etc/crypttab");
	struct fstab_line line;

	for (const char *at = text ? text : ""; fstab_next(&at, &line);)
		if (has_prefix(device, "/dev/mapper/") &&
		    strcmp(line.what, device + strlen("/dev/mapper/")) == 0)
			return true;
	return false;
}

/* Only offline are all volumes known, and not those alone that are mounted. */
static void check_volume(struct wanted *wanted, const struct fstab_line *line)
{
	struct trial *t = wanted->trial;
	char volume[VOLUME_NAME_SIZE];

	if (!tree_is_offline(case_tree(t)) || !volume_name_of_device(line->what, volume) ||
	    is_in_crypttab(t, line->what))
		return;
	wanted->judged++;
	if (filesystems_have_volume(wanted->all, wanted->count, volume))
		check_passed(t);
	else
		FAIL(t, "%s for %s: there is no such logical volume in this image", line->what,
		     line->where);
}

AUDIT(image, fstab_entries_resolve,
      .title = "Every device named in fstab exists in the image's own filesystems", .priority = P0,
      .why = "A device that never appears holds the boot for 90 seconds and then drops it "
	     "into the emergency shell.",
      .remedy = "Remove the line, or name the filesystem by the UUID that it has in this image.")
{
	struct filesystem *all;
	struct wanted wanted = {.trial = t, .count = filesystems_read(t, &all)};
	struct fstab_line line;

	wanted.all = all;
	if (filesystems_hide_some(all, wanted.count))
		case_skip(
			t, "image",
			"volumes that cannot be seen from outside lie in this image (LVM, LUKS, RAID)");
	for (const char *at = require_fstab(t); fstab_next(&at, &line);) {
		check_tags(&wanted, &line);
		check_volume(&wanted, &line);
	}
	if (wanted.judged == 0)
		case_skip(t, "fstab",
			  "/etc/fstab names no filesystem by UUID or label, and no volume");
}

SABOTAGE(image, fstab_entries_resolve, "fstab names a filesystem that is not there")
{
	sabotage_append(t, "/etc/fstab",
			"UUID=deadbeef-0000-4000-8000-000000000000 /data ext4 nofail 0 2");
}

/* Names that the kernel gives in the order of discovery. In a folder (/dev/vdata/root, /dev/md/root) are names that
 * somebody chose. */
static bool is_kernel_name(const char *what)
{
	static const char *const names[] = {"/dev/sd",	 "/dev/vd",	"/dev/xvd",  "/dev/hd",
					    "/dev/nvme", "/dev/mmcblk", "/dev/dasd", "/dev/md"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (has_prefix(what, names[i]))
			return strchr(what + strlen("/dev/"), '/') == NULL;
	return false;
}

AUDIT(image, fstab_uses_stable_names,
      .title = "fstab names devices by UUID, label or volume, never by kernel name", .priority = P1,
      .sources = "AZCERT:ms-prep/fstab-by-uuid,AZCERT:gcp/fstab",
      .why = "With one disk more, or another controller, /dev/sda1 is another disk.",
      .remedy = "Name filesystems by UUID, LABEL or PARTUUID.")
{
	struct fstab_line line;
	unsigned judged = 0;

	for (const char *at = require_fstab(t); fstab_next(&at, &line); judged++) {
		if (is_kernel_name(line.what))
			FAIL(t, "%s is mounted on %s by its kernel name", line.what, line.where);
		else
			check_passed(t);
	}
	if (judged == 0)
		case_skip(t, "fstab", "/etc/fstab has no lines");
}

SABOTAGE(image, fstab_uses_stable_names, "the root line names /dev/vda1")
{
	sabotage_file(t, "/etc/fstab", "/dev/vda1 / ext4 defaults 0 1\n");
}

static bool is_network_type(const char *type)
{
	static const char *const types[] = {"nfs",   "nfs4",	 "cifs",      "smb3",
					    "smbfs", "ceph",	 "glusterfs", "fuse.sshfs",
					    "9p",    "virtiofs", "afs",	      "ncpfs"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

AUDIT(image, fstab_has_no_foreign_mounts,
      .title = "fstab mounts no network share or absent disk without nofail", .priority = P1,
      .sources = "AZCERT:hygiene/fstab-no-foreign-mounts,AZCERT:aws-mp/vm-import",
      .why = "A share or disk of the build environment that other machines do not have stops "
	     "their boot.",
      .remedy = "Remove the line, or give it the option nofail (or noauto).")
{
	struct fstab_line line;
	unsigned judged = 0;

	for (const char *at = require_fstab(t); fstab_next(&at, &line); judged++) {
		bool is_optional = fstab_has_option(&line, "nofail") ||
				   fstab_has_option(&line, "noauto") ||
				   fstab_has_option(&line, "x-systemd.automount");
		if (is_network_type(line.type) && !is_optional)
			FAIL(t, "%s of type %s must be mounted on %s", line.what, line.type,
			     line.where);
		else
			check_passed(t);
	}
	if (judged == 0)
		case_skip(t, "fstab", "/etc/fstab has no lines");
}

SABOTAGE(image, fstab_has_no_foreign_mounts, "a share of the build network must be mounted")
{
	sabotage_append(t, "/etc/fstab", "192.0.2.7:/export /mnt nfs defaults 0 0");
}

AUDIT(image, no_swap_on_root_disk,
      .title = "The root disk holds no swap partition, swap file or fstab swap entry",
      .priority = P2,
      .sources = "LISA:verify_no_swap_on_osdisk,AZCERT:ms-selftest/41-swap-partition,"
		 "AZCERT:lisa-std/p1-swap,AZCERT:hygiene/swap-file",
      .why = "Clouds bill and throttle writes to the root disk; swap there slows the whole "
	     "machine down.",
      .remedy = "Remove the swap line and file; make swap at provisioning, on a local disk, "
		"where it is wanted.")
{
	static const char *const files[] = {"/swapfile", "/swap.img", "/var/swap",
					    "/swap/swapfile"};
	const char *text = read_fstab(t);
	struct fstab_line line;
	struct tree_stat stat;

	for (const char *at = text ? text : ""; fstab_next(&at, &line);) {
		if (strcmp(line.type, "swap") == 0 && !fstab_has_option(&line, "noauto"))
			FAIL(t, "fstab swaps to %s", line.what);
		else
			check_passed(t);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (file_stat(t, files[i], &stat) && S_ISREG(stat.mode) && stat.size >= 4096)
			FAIL(t, "%s is a swap file of %llu bytes", files[i],
			     (unsigned long long)stat.size);
		else
			check_passed(t);
	}
}

SABOTAGE(image, no_swap_on_root_disk, "fstab swaps to a file")
{
	sabotage_append(t, "/etc/fstab", "/swapfile none swap sw 0 0");
}
