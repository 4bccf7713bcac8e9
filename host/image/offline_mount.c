/* SPDX-License-Identifier: Apache-2.0 */
/* An offline tree's life: partitions, the root among the filesystems, and what its fstab mounts. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "guest/kit/fstab.h"
#include "host/image/offline_state.h"

#define FSTAB_MAX (256U << 10)

/* ---- which is the root ---- */

/* A filesystem whose root folder cannot be read is none that can be read. */
static void show_defaults(struct offline *offline)
{
	for (unsigned i = 0; i < offline->count; i++) {
		struct mounted *fs = &offline->filesystems[i];
		if (!fs->volume || show_default(fs) == 0)
			continue;
		volume_free(STEAL_PTR(fs->volume));
		fs->facts.is_readable = false;
	}
}

static void choose_root(struct offline *offline)
{
	unsigned at = 0;

	while (at < offline->count &&
	       !(offline->filesystems[at].volume && show_system(&offline->filesystems[at])))
		at++;
	offline->has_root = at < offline->count;
	if (!offline->has_root || at == 0)
		return;
	struct mounted root = offline->filesystems[at];
	node_done(&root.root); /* its nodes know where the filesystem stood */
	root.root = (struct node){0};
	memmove(&offline->filesystems[1], &offline->filesystems[0], at * sizeof root);
	offline->filesystems[0] = root;
	for (unsigned i = 0; i <= at; i++) {
		if (i > 0) { /* moved: the children's parents are elsewhere now */
			node_done(&offline->filesystems[i].root);
			offline->filesystems[i].root = (struct node){0};
		}
		if (offline->filesystems[i].volume)
			(void)show_default(&offline->filesystems[i]);
	}
	(void)show_system(&offline->filesystems[0]);
}

/* ---- what fstab mounts ---- */

struct mount {
	struct mounted *fs;
	char where[TREE_PATH_MAX];
	char options[256];
};
DEFINE_VEC(mount_vec, struct mount);

/* "/dev/vda3", "/dev/nvme0n1p3": the partition's number, 0 for none. Which disk it names cannot be known here. */
static unsigned number_at_end(const char *device)
{
	size_t length = strlen(device), digits = 0;
	unsigned number = 0;

	while (digits < length && digits < 3 && device[length - digits - 1] >= '0' &&
	       device[length - digits - 1] <= '9')
		digits++;
	for (size_t i = length - digits; i < length; i++)
		number = number * 10 + (unsigned)(device[i] - '0');
	return number;
}

static bool is_meant(const struct offline_filesystem *facts, const char *what)
{
	static const struct tag {
		const char *name, *folder;
		size_t offset;
	} tags[] = {
		{"UUID", "/dev/disk/by-uuid/", offsetof(struct offline_filesystem, uuid)},
		{"LABEL", "/dev/disk/by-label/", offsetof(struct offline_filesystem, label)},
		{"PARTUUID", "/dev/disk/by-partuuid/",
		 offsetof(struct offline_filesystem, partition.uuid)},
		{"PARTLABEL", "/dev/disk/by-partlabel/",
		 offsetof(struct offline_filesystem, partition.name)},
	};
	char volume[VOLUME_NAME_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		const char *own = (const char *)facts + tags[i].offset;
		const char *value = fstab_tag_value(what, tags[i].name);
		if (!value && strncmp(what, tags[i].folder, strlen(tags[i].folder)) == 0)
			value = what + strlen(tags[i].folder);
		if (value)
			return own[0] && strcasecmp(value, own) == 0;
	}
	if (volume_name_of_device(what, volume))
		return strcmp(volume, facts->volume) == 0;
	/* /dev/disk/by-id/…-part3 ends so too, /dev/mapper/mpath3 and /dev/md/3 are something else. */
	return has_prefix(what, "/dev/") && (!strchr(what + 5, '/') || strstr(what, "-part")) &&
	       facts->partition.number > 0 && number_at_end(what) == facts->partition.number;
}

static struct mounted *find_meant(struct offline *offline, const char *what)
{
	for (unsigned i = 0; i < offline->count; i++)
		if (is_meant(&offline->filesystems[i].facts, what))
			return &offline->filesystems[i];
	return NULL;
}

static void collect_mounts(struct offline *offline, const char *fstab, struct mount_vec *mounts)
{
	struct fstab_line line;

	for (const char *at = fstab; fstab_next(&at, &line);) {
		struct mount mount = {.fs = find_meant(offline, line.what)};
		if (!mount.fs || line.where[0] != '/' || strcmp(line.where, "/") == 0 ||
		    strlen(line.where) >= sizeof mount.where || fstab_has_option(&line, "noauto"))
			continue;
		(void)snprintf(mount.where, sizeof mount.where, "%s", line.where);
		(void)snprintf(mount.options, sizeof mount.options, "%s", line.options);
		(void)vec_add(mounts, mount);
	}
}

/* Shorter paths first: a mount point may lie in another mount. */
static int compare_mounts(const void *a, const void *b)
{
	size_t first = strlen(((const struct mount *)a)->where),
	       second = strlen(((const struct mount *)b)->where);

	return (first > second) - (first < second);
}

/* Covers the folder in the root; false when there is none. */
static bool cover(struct offline *offline, const char *where, struct node *root)
{
	struct node *node;

	if (node_find(&offline->filesystems[0].root, where, &node) < 0 ||
	    !S_ISDIR(node->stat.mode) || node == &offline->filesystems[0].root)
		return false;
	node->covered_by = root;
	return true;
}

static void apply_mount(struct offline *offline, const struct mount *mount)
{
	struct offline_filesystem *facts = &mount->fs->facts;
	bool is_first = !facts->mount[0];

	if (is_first)
		(void)snprintf(facts->mount, sizeof facts->mount, "%s", mount->where);
	if (!mount->fs->volume)
		return;
	if (is_first) {
		fat_set_options(mount->fs->volume, mount->options);
		(void)show_default(mount->fs);
	}
	struct node *part = mounted_part(mount->fs, mount->options);
	if (part == &mount->fs->root && !is_first)
		return; /* mounted already: a second place, as bind mounts have, adds nothing */
	if ((!part || !cover(offline, mount->where, part)) && is_first)
		facts->mount[0] = '\0';
}

void offline_mount(struct offline *offline)
{
	CLEAN_TEXT struct text fstab = TEXT_INIT(FSTAB_MAX);
	struct mount_vec mounts = VEC_INIT(OFFLINE_FILESYSTEMS_MAX);

	show_defaults(offline);
	choose_root(offline);
	if (!offline->has_root)
		return;
	memcpy(offline->filesystems[0].facts.mount, "/", 2);
	if (node_read_text(&offline->filesystems[0].root, "/etc/fstab", &fstab) < 0)
		return;
	collect_mounts(offline, fstab.buf, &mounts);
	if (mounts.count > 1)
		qsort(mounts.items, mounts.count, sizeof mounts.items[0], compare_mounts);
	vec_each (&mounts, mount)
		apply_mount(offline, mount);
	vec_done(&mounts);
}

/* ---- life ---- */

/* An MBR's extended partition holds others and nothing itself. */
static bool is_container(const struct disk_partition *partition)
{
	static const char *const types[] = {"05", "0f", "85"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(partition->type, types[i]) == 0)
			return true;
	return false;
}

/* A partition may claim to be larger than its disk, or to lie beyond it. */
static void probe_range(struct offline *offline, int probe_fd, uint64_t offset, uint64_t size,
			const struct disk_partition *partition)
{
	CLEANUP(span) struct span *span = span_of_range(offline->chunks, offset, size);
	struct mounted *fs =
		span_size(span) > 0 ? offline_probe(offline, probe_fd, STEAL_PTR(span)) : NULL;

	if (!fs)
		return;
	if (partition)
		fs->facts.partition = *partition;
	fs->facts.below_offset = fs->facts.offset;
	fs->facts.below_size = fs->facts.size;
}

struct offline *offline_open(const struct chunk_source *source, int probe_fd,
			     const struct remote_channel *remote)
{
	struct offline *offline = xnew(sizeof *offline);

	offline->chunks = chunks_new(source);
	offline->remote = remote;
	offline->tree = tree_new(&offline_ops, offline, true);
	(void)disk_table_read(offline->tree, &offline->table);
	for (unsigned i = 0; i < offline->table.count; i++) {
		const struct disk_partition *partition = &offline->table.partitions[i];
		if (is_container(partition))
			continue;
		probe_range(offline, probe_fd, partition->start, partition->size, partition);
	}
	if (offline->table.count == 0)
		probe_range(offline, probe_fd, 0, chunks_size(offline->chunks), NULL);
	offline_add_volumes(offline, probe_fd);
	offline_mount(offline);
	return offline;
}

void offline_free(struct offline *offline)
{
	if (!offline)
		return;
	tree_free(offline->tree);
	subvolumes_done(offline);
	for (unsigned i = 0; i < offline->count; i++) {
		node_done(&offline->filesystems[i].root);
		volume_free(offline->filesystems[i].volume);
		span_free(offline->filesystems[i].span);
	}
	chunks_free(offline->chunks);
	free(offline);
}

struct tree *offline_tree(struct offline *offline)
{
	return offline->tree;
}

const struct disk_table *offline_table(const struct offline *offline)
{
	return &offline->table;
}

const struct offline_filesystem *offline_filesystem(const struct offline *offline, unsigned n)
{
	return n < offline->count ? &offline->filesystems[n].facts : NULL;
}

bool offline_has_root(const struct offline *offline)
{
	return offline->has_root;
}

/* What is mounted and not read here. */
static bool is_missed(const struct offline_filesystem *facts)
{
	return facts->mount[0] && !facts->is_readable && facts->type[0] &&
	       strcmp(facts->type, "swap") != 0;
}

/* Whether it is there or not: what was read through one needs one. */
bool offline_needs_micro_vm(const struct offline *offline)
{
	const struct offline_filesystem *facts;

	for (unsigned i = 0; (facts = offline_filesystem(offline, i)) != NULL; i++)
		if ((facts->is_remote && facts->mount[0]) || is_missed(facts) ||
		    (!offline->has_root && !facts->is_readable && remote_knows(facts->type)))
			return true;
	return false;
}

/* How likely the system lies there, of what has a problem. */
static unsigned likelihood(const struct offline_filesystem *facts)
{
	return !facts->volume[0] ? 1 : has_suffix(facts->volume, "-root") ? 3 : 2;
}

const char *offline_problem(const struct offline *offline)
{
	const struct offline_filesystem *facts;
	const char *problem = "";
	unsigned best = 0;

	for (unsigned i = 0; (facts = offline_filesystem(offline, i)) != NULL; i++) {
		if (!facts->problem[0] || (offline->has_root && !facts->mount[0]) ||
		    likelihood(facts) <= best)
			continue;
		best = likelihood(facts);
		problem = facts->problem;
	}
	return problem;
}
