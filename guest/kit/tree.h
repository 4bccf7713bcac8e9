/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file tree that an audit case reads: a booted guest's root, or the filesystems of a disk image that is not running.
 * Paths are absolute in the tree; symbolic links are followed inside it and never leave it.
 *
 * Whoever provides a tree fills in struct tree_ops; the functions here stand between it and the cases: they follow
 * links, apply the sabotage's overlay, record what was read, and enforce the maxima.
 */
#ifndef ASSAY_KIT_TREE_H
#define ASSAY_KIT_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/scope.h"
#include "base/text.h"

#define TREE_PATH_MAX	 4096
#define TREE_FILE_MAX	 (64U << 20) /* the most that is read of one file */
#define TREE_ENTRIES_MAX 4000000U
#define TREE_LINKS_MAX	 40 /* links followed in one path, as the kernel's */
#define TREE_OUTSIDE                                                                               \
	0x80000000U /* this bit: a mounted filesystem that is not on the tree's disks */

struct tree_stat {
	uint32_t mode; /* as st_mode */
	uint32_t uid, gid, links;
	uint64_t size, inode;
	int64_t mtime_s;
	uint32_t
		filesystem; /* which of the tree's filesystems, 0 is root's; TREE_OUTSIDE: /proc, tmpfs and such */
};

/* Return a value other than 0 to stop; it becomes the result of the walk. */
typedef int tree_entry_fn(void *arg, const char *name, const struct tree_stat *stat);
typedef int tree_walk_fn(void *arg, const char *path, const struct tree_stat *stat);

/* What a provider implements. Paths are absolute and free of links, "." and "..". All return 0, a length, or -errno;
 * optional ones may be NULL. */
struct tree_ops {
	int (*stat)(void *impl, const char *path, struct tree_stat *ret); /* as lstat */
	ssize_t (*read)(void *impl, const char *path, uint64_t offset, void *buf, size_t size);
	ssize_t (*readlink)(void *impl, const char *path, char *buf, size_t size);
	int (*list)(void *impl, const char *path, tree_entry_fn *entry,
		    void *arg); /* not "." and ".." */
	ssize_t (*xattr)(void *impl, const char *path, const char *name, void *buf,
			 size_t size); /* optional */
	ssize_t (*disk_read)(void *impl, uint64_t offset, void *buf,
			     size_t size); /* optional: the raw disk */
	uint64_t (*disk_size)(void *impl); /* optional */
	/* optional: "type=ext4\nuuid=…\nlabel=…\ndevice=…\nmount=/\nclean=1\nerrors=0\n" of filesystem n; -ENOENT past the last.
	 * Partition facts are there too: part_uuid, part_label, part_type, part_start, part_size (bytes); see filesystems.h. */
	int (*filesystem)(void *impl, unsigned n, struct text *facts);
};

struct tree;

/* A tree over a provider; takes nothing: `impl` must outlive it. `offline` says that nothing runs on it. */
struct tree *tree_new(const struct tree_ops *ops, void *impl, bool offline);
void tree_free(struct tree *tree);
DEFINE_CLEANUP(tree);

/* The running system's own root, "/" or another folder (for tests). */
struct tree *tree_of_folder(const char *root);

bool tree_is_offline(const struct tree *tree) NONNULL(1);

/* As the ops, but links are followed (tree_lstat: not the last one). */
int tree_stat(struct tree *tree, const char *path, struct tree_stat *ret) NONNULL(1, 2, 3);
int tree_lstat(struct tree *tree, const char *path, struct tree_stat *ret) NONNULL(1, 2, 3);
int tree_readlink(struct tree *tree, const char *path, char *buf, size_t size) NONNULL(1, 2, 3);
/* Reads a whole file into `out` (up to its maximum: -EMSGSIZE, with the beginning kept). */
int tree_read(struct tree *tree, const char *path, struct text *out) NONNULL(1, 2, 3);
ssize_t tree_pread(struct tree *tree, const char *path, uint64_t offset, void *buf, size_t size)
	NONNULL(1, 2, 4);
int tree_list(struct tree *tree, const char *path, tree_entry_fn *entry, void *arg)
	NONNULL(1, 2, 3);
/* Depth-first over everything below `path`, links not followed, parents before children; other filesystems included only
 * when they belong to the tree (never /proc, /sys, /dev of a running system). */
int tree_walk(struct tree *tree, const char *path, tree_walk_fn *visit, void *arg) NONNULL(1, 2, 3);
ssize_t tree_xattr(struct tree *tree, const char *path, const char *name, void *buf, size_t size)
	NONNULL(1, 2, 3, 4);
ssize_t tree_disk_read(struct tree *tree, uint64_t offset, void *buf, size_t size)
	NONNULL(1, 3); /* -ENOTSUP: no disk */
uint64_t tree_disk_size(struct tree *tree) NONNULL(1);
int tree_filesystem(struct tree *tree, unsigned n, struct text *facts) NONNULL(1, 3);
/* The real path after following all links. */
int tree_resolve(struct tree *tree, const char *path, char *ret, size_t size) NONNULL(1, 2, 3);

/* The paths that were asked for since tree_forget_reads, in order, each once (at most 4096 of them): NULL gives the first,
 * a path the one after it, NULL at the end. They are as the case wrote them. */
const char *tree_read_path(const struct tree *tree, const char *after) NONNULL(1);
/* True when one of them was asked for as a file's content, not only for what is there. */
bool tree_has_read_content(const struct tree *tree, const char *path) NONNULL(1, 2);
void tree_forget_reads(struct tree *tree) NONNULL(1);

/* The overlay: planted changes over the tree, in memory; the tree below is never written. A file's mode may say what it is
 * (S_IFBLK …); else it is a regular one. */
void tree_plant_file(struct tree *tree, const char *path, const void *bytes, size_t length,
		     uint32_t mode, uint32_t uid) NONNULL(1, 2);
void tree_plant_link(struct tree *tree, const char *path, const char *target) NONNULL(1, 2, 3);
void tree_plant_mode(struct tree *tree, const char *path, uint32_t mode, uint32_t uid)
	NONNULL(1, 2);
void tree_plant_absence(struct tree *tree, const char *path) NONNULL(1, 2); /* with all below it */
void tree_plant_disk(struct tree *tree, uint64_t offset, const void *bytes, size_t length)
	NONNULL(1, 3);
/* Gives a file an extended attribute. */
void tree_plant_xattr(struct tree *tree, const char *path, const char *name, const void *bytes,
		      size_t length) NONNULL(1, 2, 3, 4);
/* Replaces the value of one fact of filesystem n ("errors", "1"). */
void tree_plant_fact(struct tree *tree, unsigned n, const char *key, const char *value)
	NONNULL(1, 3, 4);
/* 0, or the first error (-errno) of a tree_plant_* call since the last tree_unplant. */
int tree_plant_error(const struct tree *tree) NONNULL(1);
/* True while anything is planted: what was learnt of the tree before does not hold. */
bool tree_is_planted(const struct tree *tree) NONNULL(1);
void tree_unplant(struct tree *tree) NONNULL(1); /* takes all planted changes away */

#endif
