/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between a tree's provider and the cases: links, records and maxima. */
#include "guest/kit/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/kit/tree_state.h"

#define READ_CHUNK 65536

struct tree *tree_new(const struct tree_ops *ops, void *impl, bool offline)
{
	struct tree *tree = xnew(sizeof *tree);

	*tree = (struct tree){
		.ops = ops,
		.impl = impl,
		.is_offline = offline,
		.plants = VEC_INIT(PLANTS_MAX),
		.disk_plants = VEC_INIT(PLANTS_MAX),
		.fact_plants = VEC_INIT(PLANTS_MAX),
		.xattr_plants = VEC_INIT(PLANTS_MAX),
		.reads = VEC_INIT(READS_MAX),
	};
	return tree;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	tree_unplant(tree);
	tree_forget_reads(tree);
	if (tree->impl_free)
		tree->impl_free(tree->impl);
	free(tree);
}

bool tree_is_offline(const struct tree *tree)
{
	return tree->is_offline;
}

/* ---- the record of what was read ---- */

/* Where `path` stands in the record, or its length. */
static size_t find_read(const struct tree *tree, const char *path)
{
	size_t i = tree->reads.count;

	/* From the end: a case asks for one file several times in a row. */
	while (i > 0) {
		if (strcmp(tree->reads.items[--i].path, path) == 0)
			return i;
	}
	return tree->reads.count;
}

static void record(struct tree *tree, const char *path, bool has_content)
{
	size_t i = find_read(tree, path);

	if (i < tree->reads.count)
		tree->reads.items[i].has_content |= has_content;
	else if (i < READS_MAX)
		(void)vec_add(&tree->reads,
			      ((struct tree_read){xstrdup(path), .has_content = has_content}));
}

const char *tree_read_path(const struct tree *tree, const char *after)
{
	size_t next = after ? find_read(tree, after) + 1 : 0;

	return next < tree->reads.count ? tree->reads.items[next].path : NULL;
}

bool tree_has_read_content(const struct tree *tree, const char *path)
{
	size_t i = find_read(tree, path);

	return i < tree->reads.count && tree->reads.items[i].has_content;
}

void tree_forget_reads(struct tree *tree)
{
	vec_each (&tree->reads, read)
		free(read->path);
	vec_done(&tree->reads);
}

/* ---- links ---- */

bool path_is_within(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (length == 1) /* "/" */
		return true;
	return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* What is done of a path, and what is still to do. */
struct walker {
	char done[TREE_PATH_MAX]; /* real; "" is the root */
	char rest[2 * TREE_PATH_MAX];
	unsigned links;
};

/* Puts the target of the link that stands at the end of `done` in front of the rest. */
static int follow_link(struct tree *tree, struct walker *w, size_t parent_length)
{
	char target[TREE_PATH_MAX];
	size_t rest_size = strlen(w->rest) + 1;

	if (++w->links > TREE_LINKS_MAX)
		return -ELOOP;
	ssize_t length = layer_readlink(tree, w->done, target, sizeof target);
	if (length <= 0)
		return length < 0 ? (int)length : -ENOENT;
	if ((size_t)length + 1 + rest_size > sizeof w->rest)
		return -ENAMETOOLONG;
	memmove(w->rest + length + 1, w->rest, rest_size);
	w->rest[length] = '/';
	memcpy(w->rest, target, (size_t)length);
	w->done[target[0] == '/' ? 0 : parent_length] = '\0';
	return 0;
}

/* Takes the next component off the rest; false at the end. */
static bool next_component(struct walker *w, char component[256], bool *ret_too_long)
{
	char *at = w->rest + strspn(w->rest, "/");
	size_t length = strcspn(at, "/");

	*ret_too_long = length > 255;
	if (length == 0 || *ret_too_long)
		return false;
	memcpy(component, at, length);
	component[length] = '\0';
	memmove(w->rest, at + length, strlen(at + length) + 1);
	return true;
}

static bool is_last(const struct walker *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

/* One component further: up, nowhere, or into what is there, which may be a link. */
static int step(struct tree *tree, struct walker *w, const char *component,
		struct resolve_options options)
{
	size_t parent_length = strlen(w->done);
	struct tree_stat st;

	if (strcmp(component, ".") == 0)
		return 0;
	if (strcmp(component, "..") == 0) {
		char *slash = strrchr(w->done, '/');
		if (slash)
			*slash = '\0'; /* the root's parent is the root */
		return 0;
	}
	if (parent_length + 1 + strlen(component) >= sizeof w->done)
		return -ENAMETOOLONG;
	(void)snprintf(w->done + parent_length, sizeof w->done - parent_length, "/%s", component);
	int r = layer_stat(tree, w->done, &st);
	if (r < 0)
		return r == -ENOENT && options.may_lack && is_last(w) ? 0 : r;
	if (S_ISLNK(st.mode) && !(options.keep_last && is_last(w)))
		return follow_link(tree, w, parent_length);
	return S_ISDIR(st.mode) || S_ISLNK(st.mode) || is_last(w) ? 0 : -ENOTDIR;
}

int tree_resolve_with(struct tree *tree, const char *path, struct resolve_options options,
		      char *ret, size_t size)
{
	struct walker w = {.done = ""};
	char component[256];
	bool too_long;

	if (path[0] != '/')
		return -EINVAL;
	if (strlen(path) >= TREE_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w.rest, path, strlen(path) + 1);
	while (next_component(&w, component, &too_long)) {
		int r = step(tree, &w, component, options);
		if (r < 0)
			return r;
	}
	if (too_long)
		return -ENAMETOOLONG;
	const char *real = w.done[0] ? w.done : "/";
	if (strlen(real) >= size)
		return -ENAMETOOLONG;
	memcpy(ret, real, strlen(real) + 1);
	return 0;
}

/* ---- what cases call ---- */

int tree_resolve(struct tree *tree, const char *path, char *ret, size_t size)
{
	record(tree, path, false);
	return tree_resolve_with(tree, path, (struct resolve_options){0}, ret, size);
}

int tree_stat(struct tree *tree, const char *path, struct tree_stat *ret)
{
	char real[TREE_PATH_MAX];
	int r = tree_resolve(tree, path, real, sizeof real);

	return r < 0 ? r : layer_stat(tree, real, ret);
}

/* As tree_resolve, but the last component may be a link. */
static int resolve_keeping_last(struct tree *tree, const char *path, char real[TREE_PATH_MAX])
{
	record(tree, path, false);
	return tree_resolve_with(tree, path, (struct resolve_options){.keep_last = true}, real,
				 TREE_PATH_MAX);
}

int tree_lstat(struct tree *tree, const char *path, struct tree_stat *ret)
{
	char real[TREE_PATH_MAX];
	int r = resolve_keeping_last(tree, path, real);

	return r < 0 ? r : layer_stat(tree, real, ret);
}

int tree_readlink(struct tree *tree, const char *path, char *buf, size_t size)
{
	char real[TREE_PATH_MAX];
	int r = resolve_keeping_last(tree, path, real);

	if (r < 0)
		return r;
	if (size == 0)
		return -EINVAL;
	ssize_t length = layer_readlink(tree, real, buf, size - 1);
	if (length < 0)
		return (int)length;
	buf[length] = '\0';
	return 0;
}

/* The real path of a regular file, or why it is not to be read. */
static int resolve_file(struct tree *tree, const char *path, char real[TREE_PATH_MAX])
{
	struct tree_stat st;

	record(tree, path, true);
	int r = tree_resolve(tree, path, real, TREE_PATH_MAX);
	if (r == 0)
		r = layer_stat(tree, real, &st);
	if (r < 0)
		return r;
	if (S_ISDIR(st.mode))
		return -EISDIR;
	return S_ISREG(st.mode) ? 0
				: -EINVAL; /* a FIFO or a device could keep us waiting for ever */
}

int tree_read(struct tree *tree, const char *path, struct text *out)
{
	char real[TREE_PATH_MAX];
	int r = resolve_file(tree, path, real);

	if (r < 0)
		return r;
	CLEAN_FREE char *chunk = malloc(READ_CHUNK);
	if (!chunk)
		return -ENOMEM;
	/* Until the end, not until its size: files of proc and sysfs claim other sizes than they have. */
	for (uint64_t offset = 0;;) {
		if (offset > TREE_FILE_MAX)
			return -EMSGSIZE;
		ssize_t got = layer_read(tree, real, offset, chunk, READ_CHUNK);
		if (got <= 0)
			return (int)got;
		r = text_add(out, chunk, (size_t)got);
		if (r < 0)
			return r;
		offset += (uint64_t)got;
	}
}

ssize_t tree_pread(struct tree *tree, const char *path, uint64_t offset, void *buf, size_t size)
{
	char real[TREE_PATH_MAX];
	int r = resolve_file(tree, path, real);

	return r < 0 ? r : layer_read(tree, real, offset, buf, size);
}

int tree_list(struct tree *tree, const char *path, tree_entry_fn *entry, void *arg)
{
	char real[TREE_PATH_MAX];
	int r = tree_resolve(tree, path, real, sizeof real);

	return r < 0 ? r : layer_list(tree, real, entry, arg);
}

ssize_t tree_xattr(struct tree *tree, const char *path, const char *name, void *buf, size_t size)
{
	char real[TREE_PATH_MAX];
	int r = tree_resolve(tree, path, real, sizeof real);

	return r < 0 ? r : layer_xattr(tree, real, name, buf, size);
}

/* ---- walking ---- */

struct walk_entry {
	char *name; /* owned */
	struct tree_stat stat;
};
DEFINE_VEC(walk_vec, struct walk_entry);

struct walk {
	struct tree *tree;
	tree_walk_fn *visit;
	void *arg;
	char path[TREE_PATH_MAX];
	uint32_t start_filesystem;
	size_t entries_left;
};

static int collect_entry(void *arg, const char *name, const struct tree_stat *stat)
{
	struct walk_vec *entries = arg;
	struct walk_entry entry = {.name = xstrdup(name), .stat = *stat};

	if (vec_add(entries, entry))
		return 0;
	free(entry.name);
	return -E2BIG;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct walk_entry *)a)->name, ((const struct walk_entry *)b)->name);
}

static void free_entries(struct walk_vec *entries)
{
	vec_each (entries, entry)
		free(entry->name);
	vec_done(entries);
}

static int walk_folder(struct walk *walk, size_t length);

/* Visits one entry of the folder whose path has `length` bytes, and what is below it. */
static int walk_entry(struct walk *walk, size_t length, const struct walk_entry *entry)
{
	size_t at = length == 1 ? 0 : length; /* "/" + name, not "//" + name */
	size_t longer = at + 1 + strlen(entry->name);
	bool is_inside = !(entry->stat.filesystem & TREE_OUTSIDE) ||
			 entry->stat.filesystem == walk->start_filesystem;

	if (longer >= sizeof walk->path)
		return -ENAMETOOLONG;
	(void)snprintf(walk->path + at, sizeof walk->path - at, "/%s", entry->name);
	int r = walk->visit(walk->arg, walk->path, &entry->stat);
	if (r == 0 && S_ISDIR(entry->stat.mode) && is_inside)
		r = walk_folder(walk, longer);
	walk->path[length] = '\0';
	return r;
}

static int walk_folder(struct walk *walk, size_t length)
{
	struct walk_vec entries = VEC_INIT(walk->entries_left);
	int r = layer_list(walk->tree, walk->path, collect_entry, &entries);

	if (r == -ENOENT && !walk->tree->is_offline)
		r = 0; /* it went away meanwhile */
	walk->entries_left -= entries.count;
	if (entries.count > 0)
		qsort(entries.items, entries.count, sizeof *entries.items, compare_entries);
	for (size_t i = 0; r == 0 && i < entries.count; i++)
		r = walk_entry(walk, length, &entries.items[i]);
	free_entries(&entries);
	return r;
}

int tree_walk(struct tree *tree, const char *path, tree_walk_fn *visit, void *arg)
{
	struct walk walk = {
		.tree = tree, .visit = visit, .arg = arg, .entries_left = TREE_ENTRIES_MAX};
	struct tree_stat st;
	int r = tree_resolve(tree, path, walk.path, sizeof walk.path);

	if (r == 0)
		r = layer_stat(tree, walk.path, &st);
	if (r < 0)
		return r;
	walk.start_filesystem = st.filesystem;
	return walk_folder(&walk, strlen(walk.path));
}
