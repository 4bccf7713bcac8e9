/* SPDX-License-Identifier: Apache-2.0 */
/* By which name the root filesystem is known. */
#include "guest/kit/block.h"
#include "guest/kit/case.h"
#include "guest/kit/fstab.h"
#include "guest/kit/line.h"
#include "guest/kit/udev.h"

/* Where the superblock keeps its UUID, and how one knows it. */
static const struct superblock {
	const char *name;
	off_t magic_at;
	const char *magic;
	size_t magic_length;
	off_t uuid_at;
} superblocks[] = {
	{"ext4", 1024 + 56, "\x53\xef", 2, 1024 + 104},
	{"xfs", 0, "XFSB", 4, 32},
	{"btrfs", 65536 + 64, "_BHRfS_M", 8, 65536 + 32},
};

/* The UUID in the device's superblock; NULL when the filesystem is none of those. */
static const char *superblock_uuid(struct trial *t, const char *device)
{
	int fd = open(case_format(t, "/dev/%s", device), O_RDONLY | O_CLOEXEC);
	unsigned char bytes[16];
	const char *uuid = NULL;

	for (const struct superblock *s = superblocks;
	     fd >= 0 && !uuid && s < superblocks + ARRAY_LEN(superblocks); s++) {
		if (pread(fd, bytes, s->magic_length, s->magic_at) != (ssize_t)s->magic_length ||
		    memcmp(bytes, s->magic, s->magic_length) != 0 ||
		    pread(fd, bytes, 16, s->uuid_at) != 16)
			continue;
		char text[33] = "";
		for (int i = 0; i < 16; i++)
			(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
		uuid = case_format(t, "%.8s-%.4s-%.4s-%.4s-%.12s", text, text + 8, text + 12,
				   text + 16, text + 20);
	}
	if (fd >= 0)
		close(fd);
	return uuid;
}

/* The kernel's name of the device that such a word stands for ("UUID=…", "/dev/vda1"); NULL when there is none. */
static const char *device_of(struct trial *t, const char *word)
{
	static const struct {
		const char *tag, *folder;
	} tags[] = {
		{"UUID", "by-uuid"},
		{"PARTUUID", "by-partuuid"},
		{"LABEL", "by-label"},
		{"PARTLABEL", "by-partlabel"},
	};
	char real[TREE_PATH_MAX];
	const char *path = word;

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		const char *value = fstab_tag_value(word, tags[i].tag);
		if (value)
			path = case_format(t, "/dev/disk/%s/%s", tags[i].folder, value);
	}
	if (path[0] != '/' || tree_resolve(case_tree(t), path, real, sizeof real) < 0)
		return NULL;
	return case_format(t, "%s", strrchr(real, '/') + 1);
}

/* Checks that a word from a configuration stands for the mounted root device. */
static void check_word(struct trial *t, const char *source, const char *word, const char *root,
		       const char *uuid)
{
	const char *device = device_of(t, word), *given = fstab_tag_value(word, "UUID");

	if (!device)
		FAIL(t, "%s names %s as root, which is not there", source, word);
	else if (strcmp(device, root) != 0 && !has_prefix(root, "dm-"))
		FAIL(t, "%s names %s as root, which is %s; mounted is %s", source, word, device,
		     root);
	else
		check_passed(t);
	if (given && uuid)
		CHECK_EQ(t, given, uuid);
}

CASE(storage, root_id_agrees_everywhere,
     .title =
	     "Root's identifier is the same in fstab, kernel command line, superblock and mount table",
     .priority = P1,
     .why = "Where they differ, a copy of the disk or the next kernel boots the wrong root, or none.",
     .remedy =
	     "Write the UUID of the root filesystem's superblock into fstab and the boot loader's configuration.",
     .sources = "LISA:verify_os_partition_identifier")
{
	const char *root = block_root_device(t);
	const char *cmdline = file_line(t, "/proc/cmdline"), *fstab = file_text(t, "/etc/fstab");
	struct fstab_line line;
	struct words words;
	unsigned named = 0;

	if (!root)
		case_skip(t, "fs:disk", "the root filesystem is on no disk");
	udev_required(t);
	REQUIRE(t, cmdline != NULL);
	const char *uuid = superblock_uuid(t, root);
	note(t, "root is %s with UUID %s", root, uuid ? uuid : "unknown");
	words_split(cmdline, &words);
	for (unsigned i = 0; i < words.count; i++) {
		bool is_root = has_prefix(words.at[i], "root=");
		named += is_root;
		if (is_root)
			check_word(t, "the kernel command line", words.at[i] + 5, root, uuid);
	}
	for (const char *at = fstab; fstab && fstab_next(&at, &line);) {
		const char *problem = fstab_line_problem(&line);
		if (problem)
			case_broken(t, "a line of /etc/fstab %s: %.80s", problem, line.what);
		named += strcmp(line.where, "/") == 0;
		if (strcmp(line.where, "/") == 0)
			check_word(t, "/etc/fstab", line.what, root, uuid);
	}
	if (named == 0)
		case_skip(t, "fs:named", "neither the command line nor fstab names the root");
}

SABOTAGE(storage, root_id_agrees_everywhere, "fstab names another filesystem as root")
{
	sabotage_file(t, "/etc/fstab",
		      "UUID=11111111-2222-3333-4444-555555555555 / ext4 defaults 0 1\n");
}
