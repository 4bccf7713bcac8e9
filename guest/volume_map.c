/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of device-mapper, by its ioctls: Linux' include/uapi/linux/dm-ioctl.h. */
#include "guest/volume_map.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/text.h"

#define CONTROL	   "/dev/mapper/control"
#define SECTOR	   512
#define TABLE_MAX  (256U << 10)
#define PLACES_MAX 128

/* What follows in the device. */
struct piece {
	long long size, stripe_size, places[PLACES_MAX];
	unsigned count;
};

/* ---- the devices below ---- */

struct below {
	char number[32]; /* "8:2" */
	long long start, size;
};

/* The first line of a device's file in sysfs. */
static bool read_line(const char *device, const char *file, char *out, size_t size)
{
	CLEAN_TEXT struct text content = TEXT_INIT(64);
	char path[320];

	(void)snprintf(path, sizeof path, "/sys/class/block/%.255s/%s", device, file);
	if (text_read_file(&content, path) < 0)
		return false;
	content.buf[strcspn(content.buf, "\n")] = '\0';
	return (size_t)snprintf(out, size, "%s", content.buf) < size;
}

static bool read_number(const char *device, const char *file, long long *ret)
{
	char line[32];

	return read_line(device, file, line, sizeof line) &&
	       number_parse(line, 0, INT64_MAX / SECTOR, ret) == 0;
}

/* A whole disk has no start. What is made of others is none that lies on the disk. */
static bool describe_device(const char *name, struct below *ret)
{
	if (name[0] == '.' || has_prefix(name, "dm-") || has_prefix(name, "loop") ||
	    has_prefix(name, "ram") || !read_number(name, "size", &ret->size) ||
	    !read_line(name, "dev", ret->number, sizeof ret->number))
		return false;
	if (!read_number(name, "start", &ret->start))
		ret->start = 0;
	ret->start *= SECTOR;
	ret->size *= SECTOR;
	return true;
}

/* The smallest device that has all of it. The whole disk could not be opened for this while a partition is mounted. */
static bool find_below(long long place, long long size, struct below *ret)
{
	DIR *dir = opendir("/sys/class/block");
	bool found = false;
	struct below one;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!describe_device(entry->d_name, &one) || place < one.start || size > one.size ||
		    place - one.start > one.size - size || (found && one.size >= ret->size))
			continue;
		*ret = one;
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ---- the table ---- */

static int parse_piece(char *line, struct piece *ret)
{
	char *rest = line, *word = strsep(&rest, " ");

	ret->count = 0;
	if (!rest || number_parse(word, SECTOR, INT64_MAX, &ret->size) < 0 ||
	    number_parse(strsep(&rest, " "), 0, INT64_MAX, &ret->stripe_size) < 0)
		return -EINVAL;
	while (rest) {
		word = strsep(&rest, " ");
		if (ret->count == PLACES_MAX ||
		    number_parse(word, 0, INT64_MAX, &ret->places[ret->count]) < 0 ||
		    ret->places[ret->count++] % SECTOR != 0)
			return -EINVAL;
	}
	return ret->count > 0 && ret->size % SECTOR == 0 && ret->stripe_size % SECTOR == 0 &&
			       ret->size % ret->count == 0
		       ? 0
		       : -EINVAL;
}

/* "linear DEVICE START", "striped COUNT STRIPE DEVICE START …": Documentation/admin-guide/device-mapper. */
static int describe_target(const struct piece *piece, struct text *out)
{
	struct below below;

	if (piece->count > 1)
		(void)text_addf(out, "%u %lld", piece->count, piece->stripe_size / SECTOR);
	for (unsigned i = 0; i < piece->count; i++) {
		if (!find_below(piece->places[i], piece->size / piece->count, &below))
			return -ENODEV;
		(void)text_addf(out, "%s%s %lld", piece->count > 1 ? " " : "", below.number,
				(piece->places[i] - below.start) / SECTOR);
	}
	return 0;
}

/* Targets follow each other, each with its parameters behind it, terminated and filled up to eight bytes. */
static int add_target(struct text *table, const struct piece *piece, long long *at)
{
	CLEAN_TEXT struct text parameters = TEXT_INIT(TABLE_MAX);
	struct dm_target_spec spec = {0};
	static const char zeros[8];
	int r = describe_target(piece, &parameters);

	if (r < 0)
		return r;
	size_t length = parameters.length + 1, fill = -length & 7U;
	spec.sector_start = (uint64_t)*at;
	spec.length = (uint64_t)(piece->size / SECTOR);
	spec.next = (uint32_t)(sizeof spec + length + fill);
	(void)snprintf(spec.target_type, sizeof spec.target_type, "%s",
		       piece->count > 1 ? "striped" : "linear");
	(void)text_add(table, (const char *)&spec, sizeof spec);
	(void)text_add(table, parameters.buf, length);
	*at += piece->size / SECTOR;
	return text_add(table, zeros, fill);
}

static int make_table(const char *pieces, struct text *table, unsigned *ret_count)
{
	CLEAN_FREE char *copy = xstrdup(pieces);
	CLEAN_FREE struct piece *piece = xnew(sizeof *piece);
	long long at = 0;

	*ret_count = 0;
	for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
		if (!line[0])
			continue;
		int r = parse_piece(line, piece);
		if (r == 0)
			r = add_target(table, piece, &at);
		if (r < 0)
			return r;
		++*ret_count;
	}
	return *ret_count > 0 ? 0 : -EINVAL;
}

/* ---- the device ---- */

/* One request; `table` (may be NULL) goes with it, the reply is in *ret. */
static int ask(int control, unsigned long request, const char *name, const struct text *table,
	       unsigned targets, struct dm_ioctl *ret)
{
	size_t size = sizeof *ret + (table ? table->length : 0);
	CLEAN_FREE char *memory = xnew(size);
	struct dm_ioctl header = {
		.version = {DM_VERSION_MAJOR, 0, 0},
		.data_size = (uint32_t)size,
		.data_start = sizeof header,
		.target_count = targets,
		.flags = DM_READONLY_FLAG,
	};

	(void)snprintf(header.name, sizeof header.name, "assay-%s", name);
	memcpy(memory, &header, sizeof header);
	if (table)
		memcpy(memory + sizeof header, table->buf, table->length);
	if (ioctl(control, (int)request, memory) < 0)
		return -errno;
	memcpy(ret, memory, sizeof *ret);
	return 0;
}

static int load(int control, const char *name, const struct text *table, unsigned targets,
		struct dm_ioctl *ret)
{
	int r = ask(control, DM_DEV_CREATE, name, NULL, 0, ret);

	if (r == -EBUSY) /* it is there already */
		return ask(control, DM_DEV_STATUS, name, NULL, 0, ret);
	if (r == 0)
		r = ask(control, DM_TABLE_LOAD, name, table, targets, ret);
	if (r == 0) /* which resumes it, for want of a flag that says otherwise */
		return ask(control, DM_DEV_SUSPEND, name, NULL, 0, ret);
	struct dm_ioctl ignored;
	(void)ask(control, DM_DEV_REMOVE, name, NULL, 0, &ignored);
	return r;
}

int volume_map(const char *name, const char *pieces, char ret_device[VOLUME_MAP_DEVICE_SIZE])
{
	CLEAN_TEXT struct text table = TEXT_INIT(TABLE_MAX);
	struct dm_ioctl device = {0};
	unsigned targets;
	int r = make_table(pieces, &table, &targets);

	if (r < 0)
		return r;
	CLEAN_FD int control = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	r = load(control, name, &table, targets, &device);
	if (r == 0)
		(void)snprintf(ret_device, VOLUME_MAP_DEVICE_SIZE, "/dev/dm-%u", minor(device.dev));
	return r;
}
