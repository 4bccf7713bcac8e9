/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of an offline tree, and the tree's operations over them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "host/image/offline_state.h"

#define DEPTH_MAX 1024 /* folders in one another: damaged filesystems contain themselves */

/* ---- listing ---- */

DEFINE_VEC(node_vec, struct node);

struct listing {
	struct node *folder;
	struct node_vec children;
	struct text names;
};

static int compare_names(const struct node *folder, const char *a, const char *b)
{
	int order = folder->in->volume->folds_case ? strcasecmp(a, b) : 0;

	return order ? order : strcmp(a, b);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *first = a, *second = b;

	return compare_names(first->parent, first->name, second->name);
}

static int add_child(void *arg, const char *name, size_t length, uint64_t handle,
		     const struct tree_stat *stat)
{
	struct listing *listing = arg;
	struct offline *offline = listing->folder->in->offline;
	struct node child = {
		.parent = listing->folder,
		.in = listing->folder->in,
		.handle = handle,
		.stat = *stat,
	};

	/* Not in the initializer: naming a member of `stat` there would drop all the others. */
	child.stat.filesystem = (uint32_t)(listing->folder->in - offline->filesystems);
	/* A name with a slash or NUL would be another path; no kernel would show it either. */
	if (memchr(name, '/', length) || memchr(name, '\0', length))
		return 0;
	if (offline->nodes >= TREE_ENTRIES_MAX || !vec_add(&listing->children, child) ||
	    text_add(&listing->names, name, length) < 0 || text_add(&listing->names, "", 1) < 0)
		return -E2BIG;
	offline->nodes++;
	return 0;
}

/* Does the folder stand below itself? */
static bool is_looped(const struct node *folder)
{
	unsigned depth = 0;

	for (const struct node *at = folder->parent; at; at = at->parent)
		if (at->handle == folder->handle || ++depth > DEPTH_MAX)
			return true;
	return false;
}

static void adopt(struct node *folder, struct listing *listing)
{
	const char *name = NULL;

	folder->child_count = (uint32_t)listing->children.count;
	folder->children = listing->children.items;
	folder->names = listing->names.length ? text_steal(&listing->names) : NULL;
	name = folder->names;
	for (uint32_t i = 0; name && i < folder->child_count; i++) {
		folder->children[i].name = name;
		name += strlen(name) + 1;
	}
	if (folder->children)
		qsort(folder->children, folder->child_count, sizeof folder->children[0],
		      compare_nodes);
}

int node_list(struct node *node)
{
	struct volume *volume = node->in->volume;
	struct listing listing = {
		.folder = node,
		.children = VEC_INIT(TREE_ENTRIES_MAX),
		.names = TEXT_INIT(1ULL << 30),
	};

	if (node->is_listed)
		return node->list_error;
	if (!S_ISDIR(node->stat.mode))
		return -ENOTDIR;
	node->is_listed = true;
	node->list_error = is_looped(node)
				   ? -EBADMSG
				   : volume->ops->list(volume, node->handle, add_child, &listing);
	adopt(node, &listing);
	text_done(&listing.names);
	return node->list_error;
}

void node_done(struct node *node)
{
	for (uint32_t i = 0; i < node->child_count; i++)
		node_done(&node->children[i]);
	free(node->children);
	free(node->names);
}

/* ---- finding ---- */

static struct node *uncovered(struct node *node)
{
	while (node->covered_by)
		node = node->covered_by;
	return node;
}

static int find_child(struct node *folder, const char *name, struct node **ret)
{
	uint32_t low = 0, high;
	/* What could be listed of a damaged folder is there all the same. */
	int r = node_list(folder);

	if (r < 0 && folder->child_count == 0)
		return r;
	high = folder->child_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct node *node = &folder->children[middle];
		int order = folder->in->volume->folds_case ? strcasecmp(name, node->name)
							   : strcmp(name, node->name);
		if (order == 0) {
			*ret = node;
			return 0;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return r < 0 ? r : -ENOENT;
}

int node_find(struct node *root, const char *path, struct node **ret)
{
	struct node *at = uncovered(root);
	char name[VOLUME_NAME_MAX + 1];

	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t length = strcspn(path, "/");
		if (length > VOLUME_NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		if (!S_ISDIR(at->stat.mode))
			return -ENOTDIR;
		int r = find_child(at, name, &at);
		if (r < 0)
			return r;
		at = uncovered(at);
	}
	*ret = at;
	return 0;
}

int node_read_text(struct node *root, const char *path, struct text *out)
{
	struct node *node;
	char piece[4096];
	int r = node_find(root, path, &node);

	if (r < 0)
		return r;
	if (!S_ISREG(node->stat.mode))
		return -EINVAL;
	for (uint64_t offset = 0;;) {
		struct volume *volume = node->in->volume;
		ssize_t n = volume->ops->read(volume, node->handle, offset, piece, sizeof piece);
		if (n <= 0)
			return (int)n;
		r = text_add(out, piece, (size_t)n);
		if (r < 0)
			return r;
		offset += (uint64_t)n;
	}
}

/* ---- the operations ---- */

/* The tree of the whole disk has the disk as its provider, that of one filesystem the filesystem's root. */
static int find(void *impl, const char *path, struct node **ret)
{
	struct offline *offline = impl;

	return offline->has_root ? node_find(&offline->filesystems[0].root, path, ret) : -ENOENT;
}

static int list_node(struct node *node, tree_entry_fn *entry, void *arg)
{
	int r = node_list(node);

	for (uint32_t i = 0; i < node->child_count; i++) {
		struct node *child = &node->children[i];
		int stopped = entry(arg, child->name, &uncovered(child)->stat);
		if (stopped)
			return stopped;
	}
	return r;
}

static ssize_t read_node(struct node *node, uint64_t offset, void *buf, size_t size)
{
	if (!S_ISREG(node->stat.mode))
		return S_ISDIR(node->stat.mode) ? -EISDIR : -EINVAL;
	return node->in->volume->ops->read(node->in->volume, node->handle, offset, buf, size);
}

static ssize_t readlink_node(struct node *node, char *buf, size_t size)
{
	struct volume *volume = node->in->volume;

	if (!S_ISLNK(node->stat.mode) || !volume->ops->readlink)
		return -EINVAL;
	return volume->ops->readlink(volume, node->handle, buf, size);
}

static int offline_stat(void *impl, const char *path, struct tree_stat *ret)
{
	struct node *node;
	int r = find(impl, path, &node);

	if (r == 0)
		*ret = node->stat;
	return r;
}

static ssize_t offline_read(void *impl, const char *path, uint64_t offset, void *buf, size_t size)
{
	struct node *node;
	int r = find(impl, path, &node);

	return r < 0 ? r : read_node(node, offset, buf, size);
}

static ssize_t offline_readlink(void *impl, const char *path, char *buf, size_t size)
{
	struct node *node;
	int r = find(impl, path, &node);

	return r < 0 ? r : readlink_node(node, buf, size);
}

static int offline_list(void *impl, const char *path, tree_entry_fn *entry, void *arg)
{
	struct node *node;
	int r = find(impl, path, &node);

	return r < 0 ? r : list_node(node, entry, arg);
}

static ssize_t offline_xattr(void *impl, const char *path, const char *name, void *buf, size_t size)
{
	struct node *node;
	int r = find(impl, path, &node);

	if (r < 0)
		return r;
	struct volume *volume = node->in->volume;
	return volume->ops->xattr ? volume->ops->xattr(volume, node->handle, name, buf, size)
				  : -ENODATA;
}

static ssize_t offline_disk_read(void *impl, uint64_t offset, void *buf, size_t size)
{
	const struct offline *offline = impl;
	uint64_t disk = chunks_size(offline->chunks);

	if (offset >= disk)
		return 0;
	if (size > disk - offset)
		size = (size_t)(disk - offset);
	int r = chunks_read(offline->chunks, offset, buf, size);
	return r < 0 ? r : (ssize_t)size;
}

static uint64_t offline_disk_size(void *impl)
{
	const struct offline *offline = impl;

	return chunks_size(offline->chunks);
}

/* Values are foreign: a line break in one would forge a fact. */
static void add_fact(struct text *facts, const char *key, const char *value)
{
	(void)text_addf(facts, "%s=", key);
	for (; *value; value++)
		(void)text_add(facts, (unsigned char)*value < ' ' ? "?" : value, 1);
	(void)text_adds(facts, "\n");
}

static void add_number(struct text *facts, const char *key, uint64_t value)
{
	(void)text_addf(facts, "%s=%llu\n", key, (unsigned long long)value);
}

static int offline_facts(void *impl, unsigned n, struct text *facts)
{
	const struct offline_filesystem *fs = offline_filesystem(impl, n);
	char device[VOLUME_NAME_SIZE + 16] = "disk";

	if (!fs)
		return -ENOENT;
	if (fs->volume[0])
		(void)snprintf(device, sizeof device, "/dev/mapper/%s", fs->volume);
	else if (fs->partition.number)
		(void)snprintf(device, sizeof device, "disk-part%u", fs->partition.number);
	add_fact(facts, "type", fs->type);
	add_fact(facts, "uuid", fs->uuid);
	add_fact(facts, "label", fs->label);
	add_fact(facts, "device", device);
	add_fact(facts, "mount", fs->mount);
	if (fs->is_readable && !fs->is_remote) {
		add_number(facts, "clean", fs->is_clean);
		add_number(facts, "errors", fs->has_errors);
	}
	add_fact(facts, "part_uuid", fs->partition.uuid);
	add_fact(facts, "part_label", fs->partition.name);
	add_fact(facts, "part_type", fs->partition.type);
	add_number(facts, "part_start", fs->below_offset);
	add_number(facts, "part_size", fs->below_size);
	add_fact(facts, "volume", fs->volume);
	add_number(facts, "is_opened", fs->is_opened);
	if (fs->size > 0)
		add_number(facts, "start", fs->offset);
	return 0;
}

const struct tree_ops offline_ops = {
	.stat = offline_stat,
	.read = offline_read,
	.readlink = offline_readlink,
	.list = offline_list,
	.xattr = offline_xattr,
	.disk_read = offline_disk_read,
	.disk_size = offline_disk_size,
	.filesystem = offline_facts,
};

/* ---- the tree of one filesystem ---- */

static int single_stat(void *impl, const char *path, struct tree_stat *ret)
{
	struct node *node;
	int r = node_find(impl, path, &node);

	if (r == 0)
		*ret = node->stat;
	return r;
}

static ssize_t single_read(void *impl, const char *path, uint64_t offset, void *buf, size_t size)
{
	struct node *node;
	int r = node_find(impl, path, &node);

	return r < 0 ? r : read_node(node, offset, buf, size);
}

static ssize_t single_readlink(void *impl, const char *path, char *buf, size_t size)
{
	struct node *node;
	int r = node_find(impl, path, &node);

	return r < 0 ? r : readlink_node(node, buf, size);
}

static int single_list(void *impl, const char *path, tree_entry_fn *entry, void *arg)
{
	struct node *node;
	int r = node_find(impl, path, &node);

	return r < 0 ? r : list_node(node, entry, arg);
}

static const struct tree_ops single_ops = {
	.stat = single_stat,
	.read = single_read,
	.readlink = single_readlink,
	.list = single_list,
};

struct tree *offline_tree_of(struct offline *offline, unsigned n)
{
	struct mounted *fs = &offline->filesystems[n];

	return n < offline->count && fs->volume ? tree_new(&single_ops, &fs->root, true) : NULL;
}
