/* SPDX-License-Identifier: Apache-2.0 */
/* What the running system knows of its disk and filesystems: /proc/self/mountinfo, sysfs and udev's records. */
#include "guest/kit/tree_running.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define RECORD_MAX (64U << 10)
#define MOUNTS_MAX (4U << 20)

/* ---- mounts ---- */

struct mount {
	unsigned major, minor;
	char point[1024], type[32], source[256];
};

/* Undoes the octal escapes of mountinfo, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		bool is_octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
				from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
				from[3] <= '7';
		*to = is_octal ? (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
					(from[3] - '0'))
			       : *from;
		from += is_octal ? 4 : 1;
	}
	*to = '\0';
}

static bool parse_mount(const char *line, struct mount *ret)
{
	int used = 0;

	/* "36 35 98:0 /root /mnt options - ext4 /dev/sda1 rw" with optional fields before the dash */
	if (sscanf(line, "%*u %*u %u:%u %*s %1023s %n", &ret->major, &ret->minor, ret->point,
		   &used) != 3)
		return false;
	const char *dash = strstr(line + used, " - ");
	if (!dash || sscanf(dash + 3, "%31s %255s", ret->type, ret->source) != 2)
		return false;
	unescape(ret->point);
	unescape(ret->source);
	return true;
}

/* Adds what stands in /sys/dev/block/MAJOR:MINOR/NAME, on one line; false when it is not there. */
static bool read_block(const struct mount *mount, const char *name, struct text *out)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s", mount->major, mount->minor,
		       name);
	size_t before = out->length;
	if (text_read_file(out, path) < 0)
		return false;
	text_cut(out, before + strcspn(out->buf + before, "\n"));
	return true;
}

static long long read_block_number(const struct mount *mount, const char *name)
{
	CLEAN_TEXT struct text text = TEXT_INIT(64);
	long long value = -1;

	if (read_block(mount, name, &text))
		(void)number_parse(text.buf, 0, LLONG_MAX, &value);
	return value;
}

/* A btrfs has an anonymous device number: its source names the real one. */
static void find_device(struct mount *mount)
{
	struct stat st;

	if (mount->major == 0 && mount->source[0] == '/' && stat(mount->source, &st) == 0 &&
	    S_ISBLK(st.st_mode)) {
		mount->major = major(st.st_rdev);
		mount->minor = minor(st.st_rdev);
	}
}

/* The n-th filesystem on a block device, the root's first, each once; -ENOENT past the last. */
static int find_mount(unsigned n, struct mount *ret)
{
	CLEAN_TEXT struct text mounts = TEXT_INIT(MOUNTS_MAX);
	struct mount seen[64];
	unsigned count = 0;
	int r = text_read_file(&mounts, "/proc/self/mountinfo");

	if (r < 0)
		return r;
	for (const char *line = mounts.buf; *line && count < ARRAY_LEN(seen);) {
		struct mount *mount = &seen[count];
		bool is_new = parse_mount(line, mount);
		if (is_new)
			find_device(mount);
		is_new = is_new && mount->major != 0;
		for (unsigned i = 0; is_new && i < count; i++)
			is_new = seen[i].major != mount->major || seen[i].minor != mount->minor;
		if (is_new && strcmp(mount->point, "/") == 0 && count > 0) {
			struct mount root = *mount;
			memmove(&seen[1], &seen[0], count * sizeof seen[0]);
			seen[0] = root;
		}
		count += is_new;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	if (n >= count)
		return -ENOENT;
	*ret = seen[n];
	return 0;
}

/* ---- facts ---- */

/* Which line of udev's record is which fact. */
static const struct udev_line {
	const char *property, *fact;
} udev_lines[] = {
	{"E:ID_FS_UUID=", "uuid"},
	{"E:ID_FS_LABEL=", "label"},
	{"E:ID_PART_ENTRY_UUID=", "part_uuid"},
	{"E:ID_PART_ENTRY_NAME=", "part_label"},
	{"E:ID_PART_ENTRY_TYPE=", "part_type"},
};

static void add_udev_facts(const struct mount *mount, struct text *facts)
{
	CLEAN_TEXT struct text record = TEXT_INIT(RECORD_MAX);
	char path[64];

	(void)snprintf(path, sizeof path, "/run/udev/data/b%u:%u", mount->major, mount->minor);
	if (text_read_file(&record, path) < 0)
		return;
	for (const char *line = record.buf; *line;) {
		size_t length = strcspn(line, "\n");
		for (size_t i = 0; i < ARRAY_LEN(udev_lines); i++) {
			size_t skip = strlen(udev_lines[i].property);
			if (strncmp(line, udev_lines[i].property, skip) == 0)
				(void)text_addf(facts, "%s=%.*s\n", udev_lines[i].fact,
						(int)(length - skip), line + skip);
		}
		line += length + (line[length] == '\n');
	}
}

static void add_device_facts(const struct mount *mount, struct text *facts)
{
	CLEAN_TEXT struct text uevent = TEXT_INIT(RECORD_MAX);
	char path[64];

	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u/uevent", mount->major,
		       mount->minor);
	const char *name =
		text_read_file(&uevent, path) == 0 ? strstr(uevent.buf, "DEVNAME=") : NULL;
	if (name)
		(void)text_addf(facts, "device=/dev/%.*s\n", (int)strcspn(name + 8, "\n"),
				name + 8);
	else
		(void)text_addf(facts, "device=%s\n", mount->source);
	long long start = read_block_number(mount, "start"),
		  sectors = read_block_number(mount, "size");
	if (start >= 0 && sectors >= 0) /* in sectors of 512 bytes, whatever the disk's are */
		(void)text_addf(facts, "part_start=%lld\npart_size=%lld\n", start * 512,
				sectors * 512);
}

/* A mounted filesystem is as clean as the kernel says: ext4 counts its errors, across mounts. */
static void add_health_facts(const struct mount *mount, struct text *facts)
{
	CLEAN_TEXT struct text link = TEXT_INIT(64);
	char path[PATH_MAX], device[PATH_MAX];
	long long errors = 0;

	if (strncmp(mount->type, "ext", 3) != 0)
		return;
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", mount->major, mount->minor);
	ssize_t length = readlink(path, device, sizeof device - 1);
	if (length < 0)
		return;
	device[length] = '\0';
	const char *name = strrchr(device, '/');
	(void)snprintf(path, sizeof path, "/sys/fs/ext4/%.255s/errors_count",
		       name ? name + 1 : device);
	if (text_read_file(&link, path) < 0)
		return;
	text_cut(&link, strcspn(link.buf, "\n"));
	if (number_parse(link.buf, 0, LLONG_MAX, &errors) == 0)
		(void)text_addf(facts, "clean=%d\nerrors=%lld\n", errors == 0, errors);
}

int running_filesystem(unsigned n, struct text *facts)
{
	struct mount mount;
	int r = find_mount(n, &mount);

	if (r < 0)
		return r;
	(void)text_addf(facts, "type=%s\nmount=%s\n", mount.type, mount.point);
	add_device_facts(&mount, facts);
	add_udev_facts(&mount, facts);
	add_health_facts(&mount, facts);
	return 0;
}

/* ---- the disk ---- */

/* Opens the disk below the root filesystem: the partition's parent. What lies on device mapper or RAID has no one disk. */
static int open_disk(struct running_disk *disk)
{
	struct mount root;
	char path[PATH_MAX], real[PATH_MAX];

	if (disk->fd >= 0)
		return 0;
	if (find_mount(0, &root) < 0 || strcmp(root.point, "/") != 0)
		return -ENOTSUP;
	(void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u", root.major, root.minor);
	if (!realpath(path, real) || strstr(real, "/virtual/"))
		return -ENOTSUP;
	if (read_block_number(&root, "partition") > 0)
		*strrchr(real, '/') = '\0';
	const char *name = strrchr(real, '/');
	(void)snprintf(path, sizeof path, "/dev%.255s", name);
	for (char *at = path + strlen("/dev/"); *at; at++) {
		if (*at == '!') /* how sysfs writes a slash in a device's name */
			*at = '/';
	}
	disk->fd = open(path, O_RDONLY | O_CLOEXEC);
	return disk->fd < 0 ? -errno : 0;
}

ssize_t running_disk_read(struct running_disk *disk, uint64_t offset, void *buf, size_t size)
{
	int r = open_disk(disk);

	if (r < 0)
		return r;
	ssize_t length = pread(disk->fd, buf, size, (off_t)offset);
	return length < 0 ? -errno : length;
}

uint64_t running_disk_size(struct running_disk *disk)
{
	uint64_t size = 0;

	return open_disk(disk) < 0 || ioctl(disk->fd, BLKGETSIZE64, &size) < 0 ? 0 : size;
}

void running_disk_done(struct running_disk *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = -1;
}
