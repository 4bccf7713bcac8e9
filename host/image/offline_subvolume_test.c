/* SPDX-License-Identifier: Apache-2.0 */
/* Which subvolume of a btrfs is the root, and what its fstab mounts besides. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/test.h"
#include "host/image/disk_for_test.h"
#include "host/image/offline.h"

#define MIB (1ULL << 20)

/* What the agent sees of the filesystem: parents stand before their children. */
struct entry {
	const char *path;
	const char *content; /* NULL: a folder */
	bool is_subvolume;
};

struct agent {
	const struct entry *entries;
	const char *subvolume; /* the default, "" when it is the top */
};

/* The entry's name when it lies right in the folder; NULL for others. */
static const char *name_in(const char *folder, const char *path)
{
	size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	if (strncmp(path, folder, length) != 0 || path[length] != '/' || !path[length + 1] ||
	    strchr(path + length + 1, '/'))
		return NULL;
	return path + length + 1;
}

static int list_entries(const struct agent *agent, const char *folder, struct text *reply)
{
	unsigned inode = 1000;

	(void)text_addf(reply, "D%s", folder);
	(void)text_add(reply, "", 1);
	for (const struct entry *entry = agent->entries; entry->path; entry++, inode++) {
		const char *name = name_in(folder, entry->path);
		if (!name)
			continue;
		(void)text_addf(reply, "E%o 0 0 1 %zu %u 0 %s",
				(unsigned)(entry->content ? S_IFREG | 0644 : S_IFDIR | 0755),
				entry->content ? strlen(entry->content) : 0,
				entry->is_subvolume ? 256 : inode, name);
		(void)text_add(reply, "", 1);
	}
	return 0;
}

static int call(void *arg, const char *verb, const char *const *arguments, struct text *reply)
{
	const struct agent *agent = arg;

	if (strcmp(verb, "volume-mount") == 0) {
		(void)text_adds(reply, "E40755 0 0 1 0 256 0 /");
		(void)text_add(reply, "", 1);
		if (agent->subvolume[0]) {
			(void)text_addf(reply, "S%s", agent->subvolume);
			(void)text_add(reply, "", 1);
		}
		return 0;
	}
	if (strcmp(verb, "volume-list") == 0)
		return list_entries(agent, arguments[1], reply);
	for (const struct entry *entry = agent->entries; entry->path; entry++) {
		if (strcmp(verb, "volume-read") == 0 && strcmp(entry->path, arguments[1]) == 0 &&
		    entry->content)
			return text_adds(reply, entry->content);
	}
	return -ENOENT;
}

static int read_fd(void *arg, uint64_t offset, void *buf, size_t size)
{
	return pread(*(int *)arg, buf, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
}

/* A disk that is one btrfs, of which the agent reads the files; the descriptor stays open as long as it is read. */
static struct offline *open_btrfs(const struct agent *agent, struct remote_channel *channel,
				  int *fd)
{
	CLEAN_FREE char *disk = in_test_folder("disk");
	CLEAN_FD int probe = memfd_create("probe", MFD_CLOEXEC);

	*fd = open(disk, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(ftruncate(*fd, 128 * MIB) == 0);
	run_tool((const char *[]){"mkfs.btrfs", "-q", "-f", "-L", "all", disk, NULL});
	*channel = (struct remote_channel){call, (void *)(uintptr_t)agent};
	const struct chunk_source source = {.read = read_fd, .arg = fd, .size = 128 * MIB};
	return offline_open(&source, probe, channel);
}

static void expect_content(struct offline *offline, const char *path, const char *content)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);

	if (!content) {
		EXPECT_NUMBER(tree_read(offline_tree(offline), path, &text), -ENOENT);
		return;
	}
	EXPECT_NUMBER(tree_read(offline_tree(offline), path, &text), 0);
	EXPECT_TEXT(text.buf, content);
}

struct look {
	const char *path, *content; /* NULL: it is not there */
};

static void expect_tree(const struct agent *agent, const struct look *looks)
{
	struct remote_channel channel;
	int fd = -1;
	CLEANUP(offline) struct offline *offline = open_btrfs(agent, &channel, &fd);

	EXPECT(offline_has_root(offline) && offline_needs_micro_vm(offline));
	EXPECT_TEXT(offline_filesystem(offline, 0)->mount, "/");
	EXPECT(offline_filesystem(offline, 1) == NULL); /* a subvolume is none of its own */
	for (; looks->path; looks++)
		expect_content(offline, looks->path, looks->content);
	close(fd);
}

TEST(offline_subvolume, the_system_is_the_one_that_mounts_itself)
{
	static const struct entry entries[] = {
		{"/before", NULL, true},
		{"/before/etc", NULL, false},
		{"/before/etc/fstab", "LABEL=all / btrfs subvol=root 0 0\n", false},
		{"/before/etc/os-release", "ID=old\n", false},
		{"/before/usr", NULL, false},
		{"/home", NULL, true},
		{"/home/user", "x", false},
		{"/root", NULL, true},
		{"/root/etc", NULL, false},
		{"/root/etc/fstab",
		 "LABEL=all / btrfs compress=zstd:1,subvol=/root 0 0\n"
		 "LABEL=all /home btrfs subvol=home,noatime 0 0\n"
		 "LABEL=all /all btrfs subvolid=5 0 0\n"
		 "LABEL=all /home/self btrfs subvol=root 0 0\n"
		 "LABEL=all /gone btrfs subvol=gone 0 0\n",
		 false},
		{"/root/etc/os-release", "ID=new\n", false},
		{"/root/usr", NULL, false},
		{"/root/home", NULL, false},
		{"/root/home/covered", "x", false},
		{"/root/gone", NULL, false},
		{"/root/gone/seen", "x", false},
		{NULL, NULL, false},
	};
	static const struct look looks[] = {
		{"/etc/os-release", "ID=new\n"},
		{"/home/user", "x"},
		{"/home/covered", NULL},
		{"/gone/seen", "x"},
		{"/before", NULL},
		{"/all/home/user", NULL},
		{NULL, NULL},
	};

	expect_tree(&(const struct agent){entries, ""}, looks);
}

TEST(offline_subvolume, the_default_comes_first)
{
	static const struct entry entries[] = {
		{"/@", NULL, true},
		{"/@/.snapshots", NULL, true},
		{"/@/.snapshots/7", NULL, false},
		{"/@/.snapshots/7/snapshot", NULL, true},
		{"/@/.snapshots/7/snapshot/etc", NULL, false},
		{"/@/.snapshots/7/snapshot/etc/os-release", "ID=rolled-back\n", false},
		{"/@/.snapshots/7/snapshot/etc/fstab", "LABEL=all /var btrfs subvol=/@/var 0 0\n",
		 false},
		{"/@/.snapshots/7/snapshot/usr", NULL, false},
		{"/@/.snapshots/7/snapshot/var", NULL, false},
		{"/@/etc", NULL, false},
		{"/@/etc/os-release", "ID=first\n", false},
		{"/@/usr", NULL, false},
		{"/@/var", NULL, true},
		{"/@/var/kept", "x", false},
		{NULL, NULL, false},
	};
	static const struct look looks[] = {
		{"/etc/os-release", "ID=rolled-back\n"}, {"/var/kept", "x"}, {NULL, NULL}};

	expect_tree(&(const struct agent){entries, "/@/.snapshots/7/snapshot"}, looks);
	/* A default that is not there hides nothing. */
	expect_tree(&(const struct agent){entries, "/@/.snapshots/8/snapshot"},
		    (const struct look[]){{"/etc/os-release", "ID=first\n"}, {NULL, NULL}});
}

TEST(offline_subvolume, a_folder_is_no_subvolume)
{
	static const struct entry entries[] = {
		{"/etc", NULL, false},	    {"/etc/os-release", "ID=top\n", false},
		{"/usr", NULL, false},	    {"/copy", NULL, false},
		{"/copy/etc", NULL, false}, {"/copy/etc/os-release", "ID=copy\n", false},
		{"/copy/usr", NULL, false}, {NULL, NULL, false},
	};
	struct remote_channel channel;
	int fd = -1;

	expect_tree(&(const struct agent){entries, ""},
		    (const struct look[]){{"/etc/os-release", "ID=top\n"}, {NULL, NULL}});
	CLEANUP(offline)
	struct offline *offline = open_btrfs(&(const struct agent){entries + 3, ""}, &channel, &fd);
	EXPECT(!offline_has_root(offline));
	close(fd);
}
