// SPDX-License-Identifier: Apache-2.0
// One walk over all files, for the cases that look for owners and modes anywhere.
#include "guest/kit/census.h"

/* The last walk over a tree that nobody had changed: the cases of one offline audit share it. A running system changes,
 * and there each case is a process of its own. */
static struct {
	struct tree *tree;
	struct census *census;
} kept;

static bool is_left_out(const char *path)
{
	static const char *const folders[] = {"/proc", "/sys", "/dev", "/run"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		size_t length = strlen(folders[i]);
		if (strncmp(path, folders[i], length) == 0 && path[length] == '/')
			return true;
	}
	return false;
}

static bool is_unusual(uint32_t mode)
{
	if (S_ISLNK(mode))
		return false;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return true;
	return (mode & S_IWOTH) || (S_ISREG(mode) && (mode & (S_ISUID | S_ISGID)));
}

static void add_owner(struct census_owner *owners, size_t *count, uint32_t id, const char *path)
{
	/* From the end: files of one owner stand together. */
	for (size_t i = *count; i > 0; i--)
		if (owners[i - 1].id == id)
			return;
	if (*count < CENSUS_OWNERS_MAX)
		owners[(*count)++] = (struct census_owner){.id = id, .path = xstrdup(path)};
}

static int visit(void *arg, const char *path, const struct tree_stat *stat)
{
	struct census *census = arg;

	if (is_left_out(path))
		return 0;
	census->total++;
	add_owner(census->users, &census->user_count, stat->uid, path);
	add_owner(census->groups, &census->group_count, stat->gid, path);
	if (!is_unusual(stat->mode))
		return 0;
	if (census->count == CENSUS_ITEMS_MAX)
		census->left_out++;
	else
		census->items[census->count++] =
			(struct census_item){.path = xstrdup(path), .stat = *stat};
	return 0;
}

/* The paths are the census's own; the type is cast away for free() only. */
static void release(void *arg)
{
	struct census *census = arg;

	for (size_t i = 0; i < census->count; i++)
		free((char *)(uintptr_t)census->items[i].path);
	for (size_t i = 0; i < census->user_count; i++)
		free((char *)(uintptr_t)census->users[i].path);
	for (size_t i = 0; i < census->group_count; i++)
		free((char *)(uintptr_t)census->groups[i].path);
	free(census);
}

const struct census *census_take(struct trial *t)
{
	struct tree *tree = case_tree(t);
	bool may_keep = is_offline(t) && !tree_is_planted(tree);

	if (may_keep && kept.tree == tree)
		return kept.census;
	struct census *census = xnew(sizeof *census);
	int r = tree_walk(tree, "/", visit, census);
	size_t total = census->total;
	if (r == 0 && may_keep && total > 0) {
		if (kept.census)
			release(kept.census);
		kept.tree = tree;
		kept.census = census;
		return census;
	}
	case_defer(t, release, census);
	errno = -r;
	if (r < 0)
		case_broken(t, "walk over all files: %m");
	if (total == 0)
		case_skip(t, "image", "the tree has no files");
	return census;
}
