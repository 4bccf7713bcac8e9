/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which part of a filesystem is seen: a btrfs has subvolumes, any of which may be mounted by itself, and the system mostly
 * lies in one ("@", "root", "@/.snapshots/1/snapshot"). Each mount has nodes of its own, as each has its own paths.
 */
#include <string.h>
#include <sys/stat.h>

#include "guest/kit/fstab.h"
#include "host/image/offline_state.h"

#define SUBVOLUME_INODE	 256 /* of each subvolume's root, and of nothing else in a btrfs */
#define SUBVOL_FSTAB_MAX (256U << 10)

static bool has_subvolumes(const struct mounted *fs)
{
	return strcmp(fs->facts.type, "btrfs") == 0;
}

static struct node root_at(struct mounted *fs, uint64_t handle, const struct tree_stat *stat)
{
	struct node root = {.in = fs, .handle = handle, .stat = *stat, .name = ""};

	root.stat.filesystem = (uint32_t)(fs - fs->offline->filesystems);
	return root;
}

/* The whole filesystem's root; its nodes are the caller's to end. */
static int open_top(struct mounted *fs, struct node *ret)
{
	struct tree_stat stat = {0};
	int r = fs->volume->ops->stat(fs->volume, fs->volume->root, &stat);

	*ret = root_at(fs, fs->volume->root, &stat);
	return r < 0 || !S_ISDIR(stat.mode) ? -EBADMSG : 0;
}

/* Gives a root over the folder at a path of the top. */
static int open_part(struct mounted *fs, const char *path, struct node *ret)
{
	struct node top, *found;
	int r = open_top(fs, &top);

	if (r == 0)
		r = node_find(&top, path, &found);
	if (r == 0 && !S_ISDIR(found->stat.mode))
		r = -ENOTDIR;
	if (r == 0)
		*ret = root_at(fs, found->handle, &found->stat);
	node_done(&top);
	return r;
}

static void show(struct mounted *fs, const struct node *root)
{
	node_done(&fs->root);
	fs->root = root_at(fs, root->handle, &root->stat);
}

int show_default(struct mounted *fs)
{
	const char *path = fs->volume->subvolume;
	struct node root;
	int r = path ? open_part(fs, path, &root) : -ENOENT;

	if (r < 0)
		r = open_top(fs, &root);
	if (r == 0)
		show(fs, &root);
	return r;
}

/* ---- which holds the system ---- */

static bool is_folder(struct node *root, const char *path)
{
	struct node *node;

	return node_find(root, path, &node) == 0 && S_ISDIR(node->stat.mode);
}

static bool exists(struct node *root, const char *path)
{
	struct node *node;

	return node_find(root, path, &node) == 0;
}

static bool looks_like_root(struct node *root)
{
	return is_folder(root, "/etc") && (is_folder(root, "/usr") || exists(root, "/sbin")) &&
	       (exists(root, "/etc/os-release") || exists(root, "/usr/lib/os-release") ||
		exists(root, "/etc/fstab"));
}

static const char *without_slashes(const char *path)
{
	return path + strspn(path, "/");
}

/* Does the fstab in it mount it on /? A snapshot's names what it was taken of. */
static bool names_itself(struct node *root, const char *name)
{
	CLEAN_TEXT struct text fstab = TEXT_INIT(SUBVOL_FSTAB_MAX);
	char value[VOLUME_NAME_MAX + 2];
	struct fstab_line line;

	if (node_read_text(root, "/etc/fstab", &fstab) < 0)
		return false;
	for (const char *at = fstab.buf; fstab_next(&at, &line);) {
		if (strcmp(line.where, "/") == 0 &&
		    fstab_option_value(line.options, "subvol", value, sizeof value))
			return strcmp(without_slashes(value), name) == 0;
	}
	return false;
}

/* Of the subvolumes at the top: the one that mounts itself, else the first. */
static bool show_subvolume(struct mounted *fs)
{
	const struct node *chosen = NULL;
	bool is_sure = false;
	struct node top;
	int r = open_top(fs, &top);

	if (r == 0)
		(void)node_list(&top);
	for (uint32_t i = 0; i < top.child_count && !is_sure; i++) {
		const struct node *child = &top.children[i];
		if (child->stat.inode != SUBVOLUME_INODE || !S_ISDIR(child->stat.mode))
			continue;
		show(fs, child);
		if (!looks_like_root(&fs->root))
			continue;
		is_sure = names_itself(&fs->root, child->name);
		if (is_sure || !chosen)
			chosen = child;
	}
	if (chosen)
		show(fs, chosen);
	node_done(&top);
	return chosen;
}

bool show_system(struct mounted *fs)
{
	if (show_default(fs) == 0 && looks_like_root(&fs->root))
		return true;
	if (has_subvolumes(fs) && show_subvolume(fs))
		return true;
	(void)show_default(fs);
	return false;
}

/* ---- what fstab mounts ---- */

struct node *mounted_part(struct mounted *fs, const char *options)
{
	struct offline *offline = fs->offline;
	char name[TREE_PATH_MAX];
	struct node root;

	if (!has_subvolumes(fs) || !fstab_option_value(options, "subvol", name, sizeof name))
		return &fs->root;
	if (offline->subvolume_count == OFFLINE_SUBVOLUMES_MAX || open_part(fs, name, &root) < 0)
		return NULL;
	struct node **at = &offline->subvolumes[offline->subvolume_count++];
	*at = xnew(sizeof **at);
	**at = root;
	return *at;
}

void subvolumes_done(struct offline *offline)
{
	for (unsigned i = 0; i < offline->subvolume_count; i++) {
		node_done(offline->subvolumes[i]);
		free(offline->subvolumes[i]);
	}
	offline->subvolume_count = 0;
}
