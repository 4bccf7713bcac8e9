/* SPDX-License-Identifier: Apache-2.0 */
/* What a tree is inside; for the kit's tree_*.c only. */
#ifndef ASSAY_KIT_TREE_STATE_H
#define ASSAY_KIT_TREE_STATE_H

#include "base/vec.h"
#include "guest/kit/tree.h"

enum plant_kind { PLANT_FILE, PLANT_LINK, PLANT_MODE, PLANT_ABSENCE };

/* A planted change. The newest one that says something of a path decides. */
struct plant {
	enum plant_kind kind;
	char *path;  /* owned; real: free of links */
	char *bytes; /* owned; a file's content or a link's target */
	size_t length;
	uint32_t mode, uid, gid;
};

struct plant_disk {
	uint64_t offset;
	char *bytes; /* owned */
	size_t length;
};

struct plant_xattr {
	char *path, *name; /* owned; real */
	char *bytes;	   /* owned */
	size_t length;
};

struct plant_fact {
	unsigned filesystem;
	char *key, *value; /* owned */
};

#define PLANTS_MAX 1024
#define READS_MAX  4096

DEFINE_VEC(plant_vec, struct plant);
DEFINE_VEC(plant_disk_vec, struct plant_disk);
DEFINE_VEC(plant_fact_vec, struct plant_fact);
DEFINE_VEC(plant_xattr_vec, struct plant_xattr);

struct tree_read {
	char *path; /* owned; as the case wrote it */
	bool has_content;
};
DEFINE_VEC(tree_read_vec, struct tree_read);

struct tree {
	const struct tree_ops *ops;
	void *impl;
	void (*impl_free)(void *impl); /* NULL: the maker of the tree owns it */
	bool is_offline;
	struct plant_vec plants;
	struct plant_disk_vec disk_plants;
	struct plant_fact_vec fact_plants;
	struct plant_xattr_vec xattr_plants;
	int plant_error;
	struct tree_read_vec reads;
};

/* The overlay between the functions of tree.c and the provider; paths are real. As the ops. */
int layer_stat(struct tree *tree, const char *path, struct tree_stat *ret);
ssize_t layer_read(struct tree *tree, const char *path, uint64_t offset, void *buf, size_t size);
ssize_t layer_readlink(struct tree *tree, const char *path, char *buf, size_t size);
int layer_list(struct tree *tree, const char *path, tree_entry_fn *entry, void *arg);
ssize_t layer_xattr(struct tree *tree, const char *path, const char *name, void *buf, size_t size);

/* As tree_resolve, but `keep_last` does not follow the last component when that is a link, and a last component that is
 * not there is no error when `may_lack` is set. Neither is recorded. */
struct resolve_options {
	bool keep_last, may_lack;
};
int tree_resolve_with(struct tree *tree, const char *path, struct resolve_options options,
		      char *ret, size_t size);

/* True when `path` is `folder` or below it. */
bool path_is_within(const char *path, const char *folder);

#endif
