/* SPDX-License-Identifier: Apache-2.0 */
/* What an offline tree is inside; for offline_*.c only. */
#ifndef ASSAY_HOST_IMAGE_OFFLINE_STATE_H
#define ASSAY_HOST_IMAGE_OFFLINE_STATE_H

#include "host/image/offline.h"
#include "host/image/volume.h"

#define OFFLINE_SUBVOLUMES_MAX 64

/* A file. Nodes are made when their folder is listed for the first time and stay, so later walks read nothing. */
struct node {
	struct node *parent;	 /* NULL: the root of a filesystem */
	struct node *children;	 /* sorted by name; valid when listed */
	struct node *covered_by; /* the root of the filesystem that is mounted here */
	char *names;		 /* of the children, one allocation */
	const char *name;	 /* in the parent's `names` */
	struct mounted *in;
	uint64_t handle;
	struct tree_stat stat;
	uint32_t child_count;
	bool is_listed;
	int list_error; /* what listing it ended with */
};

struct mounted {
	struct offline_filesystem facts;
	struct span *span;     /* where it lies; NULL: not known */
	struct volume *volume; /* NULL: not readable */
	struct node root;
	struct offline *offline;
};

struct offline {
	struct chunks *chunks;
	const struct remote_channel *remote; /* NULL: none */
	struct tree *tree;
	struct disk_table table;
	struct mounted filesystems[OFFLINE_FILESYSTEMS_MAX];
	unsigned count;
	bool has_root;
	size_t nodes;
	struct node *subvolumes
		[OFFLINE_SUBVOLUMES_MAX]; /* the roots of those that are mounted besides */
	unsigned subvolume_count;
};

/* Adds what lies in the span, which it takes: type and names by libblkid, and the volume when it is readable. NULL: there
 * are too many. */
struct mounted *offline_probe(struct offline *offline, int probe_fd, struct span *span);

/* Adds the logical volumes of all physical volumes that were found. */
void offline_add_volumes(struct offline *offline, int probe_fd);

/* Finds the root, makes it number 0, and mounts the others as its fstab says. */
void offline_mount(struct offline *offline);

/* Shows what is mounted where nobody names a part: the subvolume that is the default, else the whole. 0 or -errno. */
int show_default(struct mounted *fs);
/* Shows the part that holds a system; false when there is none, with the default shown. */
bool show_system(struct mounted *fs);
/* The root of what such options of a mount show of a filesystem: its own, or a subvolume's. NULL: it is not there. */
struct node *mounted_part(struct mounted *fs, const char *options);
void subvolumes_done(struct offline *offline);

/* The node at a path below `root` (its own mounts included), or -errno. */
int node_find(struct node *root, const char *path, struct node **ret);
int node_list(struct node *node);
void node_done(struct node *node);

/* A whole small file, as text: 0 or -errno. */
int node_read_text(struct node *root, const char *path, struct text *out);

extern const struct tree_ops offline_ops;

#endif
