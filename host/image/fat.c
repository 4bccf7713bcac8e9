/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FAT12, FAT16 and FAT32 with long names, read only: what an EFI system partition is made of. After Microsoft's "FAT
 * General Overview of On-Disk Format", 1.03. A file's handle is where its directory entry lies; the root has none: 0.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/image/volume.h"

#define ENTRY_SIZE	32
#define FOLDER_SIZE_MAX (65536U * ENTRY_SIZE) /* by the specification */
#define LONG_NAME_MAX	255		      /* UTF-16 units */
#define LONG_NAME_PIECE 13
#define ATTR_READ_ONLY	0x01
#define ATTR_LABEL	0x08
#define ATTR_FOLDER	0x10
#define ATTR_LONG_NAME	0x0f

/* Where in a file a cluster lies: chains are walked from their start, reading on goes from here. */
struct position {
	uint64_t handle;
	uint32_t index, cluster;
};

struct fat {
	struct volume volume;
	const struct span *span;
	unsigned bits; /* of a table entry: 12, 16 or 32 */
	uint32_t cluster_size, cluster_count, root_cluster;
	uint64_t table_at, table_size, root_at, root_size, data_at; /* within the volume */
	uint32_t uid, gid, file_mode, folder_mode;
	struct position last;
};

/* A directory entry as far as it matters. */
struct entry {
	uint64_t at; /* its handle */
	uint8_t attributes;
	uint32_t cluster, size;
	uint16_t date, time;
};

static struct fat *of(struct volume *volume)
{
	return (struct fat *)(void *)volume;
}

static uint16_t le16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t le32(const unsigned char *at)
{
	return le16(at) | (uint32_t)le16(at + 2) << 16;
}

static int read_at(const struct fat *fat, uint64_t at, void *buf, size_t size)
{
	if (at > span_size(fat->span) || size > span_size(fat->span) - at)
		return -EBADMSG;
	return span_read(fat->span, at, buf, size);
}

/* ---- clusters ---- */

static bool is_cluster(const struct fat *fat, uint32_t cluster)
{
	return cluster >= 2 && cluster - 2 < fat->cluster_count;
}

/* The cluster after this one; one that is none at the end of the chain. */
static int next_cluster(const struct fat *fat, uint32_t cluster, uint32_t *ret)
{
	unsigned char bytes[4] = {0};
	uint64_t at = (uint64_t)cluster * fat->bits / 8;
	size_t width = fat->bits == 32 ? 4 : 2;

	if (at + width > fat->table_size)
		return -EBADMSG;
	int r = read_at(fat, fat->table_at + at, bytes, width);
	uint32_t value = le32(bytes);
	if (fat->bits == 12)
		value = (cluster & 1 ? value >> 4 : value) & 0xfff;
	*ret = fat->bits == 32 ? value & 0x0fffffff : value;
	return r;
}

/* The cluster number `index` of a chain. Chains may be circular: whoever calls bounds the index by a size. */
static int find_cluster(struct fat *fat, const struct entry *entry, uint32_t index, uint32_t *ret)
{
	struct position position = {entry->at, 0, entry->cluster};

	if (fat->last.handle == entry->at && fat->last.index <= index && fat->last.cluster)
		position = fat->last;
	for (; position.index < index; position.index++) {
		if (!is_cluster(fat, position.cluster))
			return -EBADMSG;
		int r = next_cluster(fat, position.cluster, &position.cluster);
		if (r < 0)
			return r;
	}
	*ret = position.cluster;
	fat->last = position;
	return 0;
}

static bool is_fixed_root(const struct fat *fat, const struct entry *entry)
{
	return entry->at == 0 && fat->bits != 32;
}

/* Reads up to `size` bytes of a file or folder; fewer at the end of its chain. */
static ssize_t read_chain(struct fat *fat, const struct entry *entry, uint64_t offset, void *buf,
			  size_t size)
{
	uint32_t cluster;
	size_t got = 0;

	if (is_fixed_root(fat, entry)) {
		uint64_t left = offset < fat->root_size ? fat->root_size - offset : 0;
		size_t n = size < left ? size : (size_t)left;
		int r = read_at(fat, fat->root_at + offset, buf, n);
		return r < 0 ? r : (ssize_t)n;
	}
	while (got < size) {
		uint64_t at = offset + got;
		int r = find_cluster(fat, entry, (uint32_t)(at / fat->cluster_size), &cluster);
		if (r < 0)
			return r;
		if (!is_cluster(fat, cluster))
			break;
		size_t within = at % fat->cluster_size, n = fat->cluster_size - within;
		if (n > size - got)
			n = size - got;
		r = read_at(fat,
			    fat->data_at + (uint64_t)(cluster - 2) * fat->cluster_size + within,
			    (char *)buf + got, n);
		if (r < 0)
			return r;
		got += n;
	}
	return (ssize_t)got;
}

/* ---- directory entries ---- */

static void parse_entry(const unsigned char *raw, uint64_t at, struct entry *ret)
{
	*ret = (struct entry){
		.at = at,
		.attributes = raw[11],
		.cluster = le16(raw + 26) | (uint32_t)le16(raw + 20) << 16,
		.size = le32(raw + 28),
		.date = le16(raw + 24),
		.time = le16(raw + 22),
	};
}

static int entry_of_handle(const struct fat *fat, uint64_t handle, struct entry *ret)
{
	unsigned char raw[ENTRY_SIZE];

	if (handle == 0) {
		*ret = (struct entry){.attributes = ATTR_FOLDER, .cluster = fat->root_cluster};
		return 0;
	}
	int r = read_at(fat, handle, raw, sizeof raw);
	if (r == 0)
		parse_entry(raw, handle, ret);
	return r;
}

static int64_t seconds_of(const struct entry *entry)
{
	struct tm tm = {
		.tm_year = (entry->date >> 9) + 80,
		.tm_mon = ((entry->date >> 5) & 15) - 1,
		.tm_mday = entry->date & 31,
		.tm_hour = entry->time >> 11,
		.tm_min = (entry->time >> 5) & 63,
		.tm_sec = (entry->time & 31) * 2,
	};

	return entry->date ? timegm(&tm) : 0;
}

static void convert_stat(const struct fat *fat, const struct entry *entry, struct tree_stat *ret)
{
	bool is_folder = entry->attributes & ATTR_FOLDER;
	uint32_t mode = is_folder ? S_IFDIR | fat->folder_mode : S_IFREG | fat->file_mode;

	if (entry->attributes & ATTR_READ_ONLY && !is_folder)
		mode &= ~0222U;
	*ret = (struct tree_stat){
		.mode = mode,
		.uid = fat->uid,
		.gid = fat->gid,
		.links = is_folder ? 2 : 1,
		.size = is_folder ? fat->cluster_size : entry->size,
		.inode = entry->at ? entry->at / ENTRY_SIZE : 1,
		.mtime_s = seconds_of(entry),
	};
}

/* ---- names ---- */

/* A long name stands before its entry in pieces, the last one first. */
struct long_name {
	uint16_t units[LONG_NAME_MAX + LONG_NAME_PIECE];
	unsigned
		expected; /* number of the piece that must come next; 0: all are here or there is none */
	bool whole;
	uint8_t checksum;
};

static void add_piece(struct long_name *name, const unsigned char *raw)
{
	static const uint8_t places[LONG_NAME_PIECE] = {1,  3,	5,  7,	9,  14, 16,
							18, 20, 22, 24, 28, 30};
	unsigned number = raw[0] & 0x3f;

	if (raw[0] & 0x40) { /* the first to come, the last of the name */
		memset(name, 0, sizeof *name);
		name->expected = number;
		name->checksum = raw[13];
	}
	if (number == 0 || number != name->expected || raw[13] != name->checksum ||
	    number * LONG_NAME_PIECE > ARRAY_LEN(name->units)) {
		memset(name, 0, sizeof *name);
		return;
	}
	for (unsigned i = 0; i < LONG_NAME_PIECE; i++)
		name->units[(number - 1) * LONG_NAME_PIECE + i] = le16(raw + places[i]);
	name->expected--;
	name->whole = name->expected == 0;
}

static uint8_t checksum_of(const unsigned char *short_name)
{
	uint8_t sum = 0;

	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + short_name[i]);
	return sum;
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Gives the length; 0 when it is too long for a name, or empty. */
static size_t long_to_utf8(const struct long_name *name, char out[VOLUME_NAME_MAX + 4])
{
	size_t length = 0;

	for (unsigned i = 0; i < LONG_NAME_MAX && name->units[i]; i++) {
		uint32_t c = name->units[i], low = name->units[i + 1];
		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		length += put_utf8(out + length, c);
		if (length > VOLUME_NAME_MAX)
			return 0;
	}
	return length;
}

/* "NAME    EXT" as "NAME.EXT", in small letters where the entry's flags say so. */
static size_t short_to_text(const unsigned char *raw, char out[VOLUME_NAME_MAX + 4])
{
	size_t length = 0;

	for (int i = 0; i < 11; i++) {
		unsigned c = i == 0 && raw[0] == 0x05 ? 0xe5 : raw[i];
		bool small = raw[12] & (i < 8 ? 0x08 : 0x10);
		if (c == ' ')
			continue;
		if (i >= 8 && !memchr(out, '.', length))
			out[length++] = '.';
		if (small && c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		out[length++] = c < 0x80 ? (char)c : '?';
	}
	return length;
}

/* Names that would lead elsewhere when they are put into a path. */
static bool is_usable_name(const char *name, size_t length)
{
	if (length == 0 || memchr(name, '/', length) || memchr(name, '\0', length))
		return false;
	return !(name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* ---- the ops ---- */

/* Where the byte `offset` of a folder lies in the volume. */
static int locate(struct fat *fat, const struct entry *folder, uint64_t offset, uint64_t *ret)
{
	uint32_t cluster;

	if (is_fixed_root(fat, folder)) {
		*ret = fat->root_at + offset;
		return offset < fat->root_size ? 0 : -ENODATA;
	}
	int r = find_cluster(fat, folder, (uint32_t)(offset / fat->cluster_size), &cluster);
	if (r < 0)
		return r;
	if (!is_cluster(fat, cluster))
		return -ENODATA; /* the end */
	*ret = fat->data_at + (uint64_t)(cluster - 2) * fat->cluster_size +
	       offset % fat->cluster_size;
	return 0;
}

static int list_entry(const struct fat *fat, const unsigned char *raw, uint64_t at,
		      const struct long_name *long_name, volume_entry_fn *entry_fn, void *arg)
{
	char name[VOLUME_NAME_MAX + 4];
	struct tree_stat stat;
	struct entry entry;
	size_t length = 0;

	parse_entry(raw, at, &entry);
	if (entry.attributes & ATTR_LABEL)
		return 0;
	if (long_name->whole && long_name->checksum == checksum_of(raw))
		length = long_to_utf8(long_name, name);
	if (length == 0)
		length = short_to_text(raw, name);
	if (!is_usable_name(name, length))
		return 0;
	convert_stat(fat, &entry, &stat);
	return entry_fn(arg, name, length, at, &stat);
}

static int fat_list(struct volume *volume, uint64_t handle, volume_entry_fn *entry_fn, void *arg)
{
	struct long_name long_name = {0};
	struct fat *fat = of(volume);
	unsigned char raw[ENTRY_SIZE];
	struct entry folder;
	uint64_t at;
	int r = entry_of_handle(fat, handle, &folder);

	for (uint32_t offset = 0; r == 0 && offset < FOLDER_SIZE_MAX; offset += ENTRY_SIZE) {
		r = locate(fat, &folder, offset, &at);
		if (r == 0)
			r = read_at(fat, at, raw, sizeof raw);
		if (r < 0 || raw[0] == 0)
			break;
		if (raw[0] == 0xe5) {
			long_name.whole = false;
			continue;
		}
		if ((raw[11] & 0x3f) == ATTR_LONG_NAME) {
			add_piece(&long_name, raw);
			continue;
		}
		r = list_entry(fat, raw, at, &long_name, entry_fn, arg);
		long_name.whole = false;
	}
	return r == -ENODATA ? 0 : r;
}

static int fat_stat(struct volume *volume, uint64_t handle, struct tree_stat *ret)
{
	struct entry entry;
	int r = entry_of_handle(of(volume), handle, &entry);

	if (r == 0)
		convert_stat(of(volume), &entry, ret);
	return r;
}

static ssize_t fat_read(struct volume *volume, uint64_t handle, uint64_t offset, void *buf,
			size_t size)
{
	struct entry entry = {0};
	int r = entry_of_handle(of(volume), handle, &entry);

	if (r < 0)
		return r;
	if (entry.attributes & ATTR_FOLDER)
		return -EISDIR;
	if (offset >= entry.size)
		return 0;
	if (size > entry.size - offset)
		size = (size_t)(entry.size - offset);
	return read_chain(of(volume), &entry, offset, buf, size);
}

static void fat_free(struct volume *volume)
{
	free(of(volume));
}

static const struct volume_ops fat_ops = {
	.list = fat_list,
	.stat = fat_stat,
	.read = fat_read,
	.free = fat_free,
};

/* ---- opening ---- */

static bool is_power_of_two(uint32_t n)
{
	return n && (n & (n - 1)) == 0;
}

/* Fills the geometry from the boot sector; false when it is not one of FAT or does not fit into the volume. */
static bool parse_boot_sector(const unsigned char *boot, struct fat *fat)
{
	uint32_t sector = le16(boot + 11), reserved = le16(boot + 14), tables = boot[16];
	uint32_t per_table = le16(boot + 22) ? le16(boot + 22) : le32(boot + 36);
	uint64_t sectors = le16(boot + 19) ? le16(boot + 19) : le32(boot + 32);

	if (boot[510] != 0x55 || boot[511] != 0xaa || !is_power_of_two(sector) || sector < 512 ||
	    sector > 4096 || !is_power_of_two(boot[13]) || reserved == 0 || tables == 0 ||
	    tables > 4 || per_table == 0)
		return false;
	fat->cluster_size = boot[13] * sector;
	fat->table_at = (uint64_t)reserved * sector;
	fat->table_size = (uint64_t)per_table * sector;
	fat->root_at = fat->table_at + tables * fat->table_size;
	fat->root_size = (uint64_t)le16(boot + 17) * ENTRY_SIZE;
	fat->data_at = fat->root_at + (fat->root_size + sector - 1) / sector * sector;
	if (sectors > span_size(fat->span) / sector || fat->data_at >= sectors * sector)
		return false;
	fat->cluster_count = (uint32_t)((sectors * sector - fat->data_at) / fat->cluster_size);
	fat->bits = le16(boot + 22) == 0 ? 32 : fat->cluster_count < 4085 ? 12 : 16;
	fat->root_cluster = fat->bits == 32 ? le32(boot + 44) : 0;
	return fat->cluster_count > 0 && (fat->bits == 32 || fat->root_size > 0);
}

/* The table's second entry says whether it was unmounted and read without errors. */
static void read_state(struct fat *fat)
{
	uint32_t state = 0;

	fat->volume.is_clean = true;
	if (fat->bits == 12 || next_cluster(fat, 1, &state) < 0)
		return;
	unsigned top = fat->bits - (fat->bits == 32 ? 5 : 1);
	fat->volume.is_clean = state >> top & 1;
	fat->volume.has_errors = !(state >> (top - 1) & 1);
}

int fat_open(const struct span *span, struct volume **ret)
{
	struct fat *fat = xnew(sizeof *fat);
	unsigned char boot[512];

	*fat = (struct fat){
		.volume = {.ops = &fat_ops, .folds_case = true},
		.span = span,
		.file_mode = 0755,
		.folder_mode = 0755,
	};
	int r = read_at(fat, 0, boot, sizeof boot);
	if (r == 0 && !parse_boot_sector(boot, fat))
		r = -EINVAL;
	if (r < 0) {
		free(fat);
		return r;
	}
	read_state(fat);
	*ret = &fat->volume;
	return 0;
}

static bool parse_octal(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 8);

	if (end == text || *end || value > 07777)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static void set_option(struct fat *fat, char *option)
{
	char *value = strchr(option, '=');
	uint32_t mask;
	long long id;

	if (!value)
		return;
	*value++ = '\0';
	bool is_umask = strcmp(option, "umask") == 0;
	if ((is_umask || strcmp(option, "fmask") == 0) && parse_octal(value, &mask))
		fat->file_mode = 0777 & ~mask;
	if ((is_umask || strcmp(option, "dmask") == 0) && parse_octal(value, &mask))
		fat->folder_mode = 0777 & ~mask;
	if (strcmp(option, "uid") == 0 && number_parse(value, 0, UINT32_MAX, &id) == 0)
		fat->uid = (uint32_t)id;
	if (strcmp(option, "gid") == 0 && number_parse(value, 0, UINT32_MAX, &id) == 0)
		fat->gid = (uint32_t)id;
}

void fat_set_options(struct volume *volume, const char *options)
{
	CLEAN_FREE char *copy = xstrdup(options);
	char *at = copy, *option;

	if (volume->ops != &fat_ops)
		return;
	while ((option = strsep(&at, ",")) != NULL)
		set_option(of(volume), option);
}
