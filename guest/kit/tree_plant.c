/* SPDX-License-Identifier: Apache-2.0 */
/* The overlay of planted changes between a tree and its provider. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "guest/kit/tree_state.h"

/* ---- planting ---- */

static void plant_failed(struct tree *tree, int error)
{
	if (tree->plant_error == 0)
		tree->plant_error = error;
}

int tree_plant_error(const struct tree *tree)
{
	return tree->plant_error;
}

/* Gives a copy of the bytes with a terminator, which readers of links need. */
static char *copy_bytes(const void *bytes, size_t length)
{
	char *copy = xnew(length + 1);

	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

static int locate(struct tree *tree, const char *path, bool keep_last, char real[TREE_PATH_MAX]);

/* For a path whose folder is not there either: the folder is implied by what is planted. */
static int locate_below_nothing(struct tree *tree, const char *path, char real[TREE_PATH_MAX])
{
	const char *name = strrchr(path, '/');
	char folder[TREE_PATH_MAX];

	if (!name || name == path || strlen(path) >= sizeof folder)
		return -ENOENT;
	(void)snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
	int r = locate(tree, folder, false, real);
	if (r < 0)
		return r;
	size_t length = strlen(real);
	if (length + strlen(name) >= TREE_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(real + length, name, strlen(name) + 1);
	return 0;
}

/* The real path where a change is to stand: through the last link or not, and there or not. */
static int locate(struct tree *tree, const char *path, bool keep_last, char real[TREE_PATH_MAX])
{
	struct resolve_options options = {.keep_last = keep_last, .may_lack = true};
	int r = tree_resolve_with(tree, path, options, real, TREE_PATH_MAX);

	return r == -ENOENT ? locate_below_nothing(tree, path, real) : r;
}

static bool is_located(struct tree *tree, const char *path, bool keep_last,
		       char real[TREE_PATH_MAX])
{
	int r = locate(tree, path, keep_last, real);

	if (r < 0)
		plant_failed(tree, r);
	return r == 0;
}

static void add_plant(struct tree *tree, struct plant plant, const char *real)
{
	plant.path = xstrdup(real);
	if (vec_add(&tree->plants, plant))
		return;
	plant_failed(tree, -E2BIG);
	free(plant.path);
	free(plant.bytes);
}

void tree_plant_file(struct tree *tree, const char *path, const void *bytes, size_t length,
		     uint32_t mode, uint32_t uid)
{
	char real[TREE_PATH_MAX];
	struct tree_stat st = {0};

	if (length > TREE_FILE_MAX) {
		plant_failed(tree, -EFBIG);
		return;
	}
	if (!is_located(tree, path, false, real))
		return;
	(void)layer_stat(tree, real, &st); /* for the group, which stays */
	struct plant plant = {
		.kind = PLANT_FILE,
		.bytes = copy_bytes(bytes, length),
		.length = length,
		.mode = (mode & S_IFMT ? mode & S_IFMT : S_IFREG) | (mode & 07777),
		.uid = uid,
		.gid = st.gid,
	};
	add_plant(tree, plant, real);
}

void tree_plant_link(struct tree *tree, const char *path, const char *target)
{
	char real[TREE_PATH_MAX];

	if (!is_located(tree, path, true, real))
		return;
	struct plant plant = {
		.kind = PLANT_LINK,
		.bytes = copy_bytes(target, strlen(target)),
		.length = strlen(target),
		.mode = S_IFLNK | 0777,
	};
	add_plant(tree, plant, real);
}

void tree_plant_mode(struct tree *tree, const char *path, uint32_t mode, uint32_t uid)
{
	char real[TREE_PATH_MAX];
	struct tree_stat st;
	int r = tree_resolve_with(tree, path, (struct resolve_options){0}, real, sizeof real);

	if (r == 0)
		r = layer_stat(tree, real, &st);
	if (r < 0) {
		plant_failed(tree, r);
		return;
	}
	struct plant plant = {.kind = PLANT_MODE, .mode = mode & 07777, .uid = uid, .gid = st.gid};
	add_plant(tree, plant, real);
}

void tree_plant_absence(struct tree *tree, const char *path)
{
	char real[TREE_PATH_MAX];

	if (is_located(tree, path, true, real))
		add_plant(tree, (struct plant){.kind = PLANT_ABSENCE}, real);
}

void tree_plant_disk(struct tree *tree, uint64_t offset, const void *bytes, size_t length)
{
	struct plant_disk plant = {
		.offset = offset, .bytes = copy_bytes(bytes, length), .length = length};

	if (vec_add(&tree->disk_plants, plant))
		return;
	plant_failed(tree, -E2BIG);
	free(plant.bytes);
}

void tree_plant_fact(struct tree *tree, unsigned n, const char *key, const char *value)
{
	struct plant_fact plant = {.filesystem = n, .key = xstrdup(key), .value = xstrdup(value)};

	if (vec_add(&tree->fact_plants, plant))
		return;
	plant_failed(tree, -E2BIG);
	free(plant.key);
	free(plant.value);
}

void tree_plant_xattr(struct tree *tree, const char *path, const char *name, const void *bytes,
		      size_t length)
{
	char real[TREE_PATH_MAX];

	if (!is_located(tree, path, false, real))
		return;
	struct plant_xattr plant = {.path = xstrdup(real),
				    .name = xstrdup(name),
				    .bytes = copy_bytes(bytes, length),
				    .length = length};
	if (vec_add(&tree->xattr_plants, plant))
		return;
	plant_failed(tree, -E2BIG);
	free(plant.path);
	free(plant.name);
	free(plant.bytes);
}

bool tree_is_planted(const struct tree *tree)
{
	return tree->plants.count + tree->disk_plants.count + tree->fact_plants.count +
		       tree->xattr_plants.count >
	       0;
}

void tree_unplant(struct tree *tree)
{
	vec_each (&tree->plants, plant) {
		free(plant->path);
		free(plant->bytes);
	}
	vec_each (&tree->disk_plants, plant)
		free(plant->bytes);
	vec_each (&tree->fact_plants, plant) {
		free(plant->key);
		free(plant->value);
	}
	vec_each (&tree->xattr_plants, plant) {
		free(plant->path);
		free(plant->name);
		free(plant->bytes);
	}
	vec_done(&tree->xattr_plants);
	vec_done(&tree->plants);
	vec_done(&tree->disk_plants);
	vec_done(&tree->fact_plants);
	tree->plant_error = 0;
}

/* ---- looking through the overlay ---- */

enum view { VIEW_BELOW, VIEW_PLANT, VIEW_ABSENT, VIEW_IMPLIED };

/* What the overlay says of a real path. For VIEW_PLANT, *ret is the file or link. A mode is applied by layer_stat. */
static enum view look(const struct tree *tree, const char *path, const struct plant **ret)
{
	bool is_implied = false;

	for (size_t i = tree->plants.count; i-- > 0;) {
		const struct plant *plant = &tree->plants.items[i];
		bool is_content = plant->kind == PLANT_FILE || plant->kind == PLANT_LINK;

		if (is_content && strcmp(plant->path, path) == 0) {
			*ret = plant;
			return VIEW_PLANT;
		}
		if (is_content && path_is_within(plant->path, path))
			is_implied = true;
		if (plant->kind == PLANT_ABSENCE && path_is_within(path, plant->path))
			return is_implied ? VIEW_IMPLIED : VIEW_ABSENT;
	}
	return is_implied ? VIEW_IMPLIED : VIEW_BELOW;
}

/* The newest planted mode of a path, unless newer content stands there; NULL: none. */
static const struct plant *find_mode(const struct tree *tree, const char *path)
{
	for (size_t i = tree->plants.count; i-- > 0;) {
		const struct plant *plant = &tree->plants.items[i];
		if (strcmp(plant->path, path) == 0)
			return plant->kind == PLANT_MODE ? plant : NULL;
	}
	return NULL;
}

/* What is there when the modes are not yet applied. */
static int stat_content(struct tree *tree, const char *path, struct tree_stat *ret)
{
	const struct plant *plant = NULL;
	enum view view = look(tree, path, &plant);
	int r = view == VIEW_ABSENT || view == VIEW_PLANT ? -ENOENT
							  : tree->ops->stat(tree->impl, path, ret);

	if (view == VIEW_BELOW || view == VIEW_ABSENT)
		return r;
	if (view == VIEW_IMPLIED && r == 0 && S_ISDIR(ret->mode))
		return 0;
	*ret = (struct tree_stat){.mode = S_IFDIR | 0755, .links = 1};
	if (plant) {
		ret->mode = plant->mode;
		ret->uid = plant->uid;
		ret->gid = plant->gid;
		ret->size = plant->length;
	}
	return 0;
}

int layer_stat(struct tree *tree, const char *path, struct tree_stat *ret)
{
	int r = stat_content(tree, path, ret);
	const struct plant *mode = r == 0 ? find_mode(tree, path) : NULL;

	if (mode) {
		ret->mode = (ret->mode & S_IFMT) | mode->mode;
		ret->uid = mode->uid;
	}
	return r;
}

ssize_t layer_read(struct tree *tree, const char *path, uint64_t offset, void *buf, size_t size)
{
	const struct plant *plant = NULL;
	enum view view = look(tree, path, &plant);

	if (view == VIEW_BELOW)
		return tree->ops->read(tree->impl, path, offset, buf, size);
	if (view != VIEW_PLANT)
		return view == VIEW_ABSENT ? -ENOENT : -EISDIR;
	if (offset >= plant->length)
		return 0;
	size_t left = plant->length - offset;
	size_t length = left < size ? left : size;
	memcpy(buf, plant->bytes + offset, length);
	return (ssize_t)length;
}

ssize_t layer_readlink(struct tree *tree, const char *path, char *buf, size_t size)
{
	const struct plant *plant = NULL;
	enum view view = look(tree, path, &plant);

	if (view == VIEW_BELOW)
		return tree->ops->readlink(tree->impl, path, buf, size);
	if (view != VIEW_PLANT)
		return view == VIEW_ABSENT ? -ENOENT : -EINVAL;
	if (plant->kind != PLANT_LINK)
		return -EINVAL;
	size_t length = plant->length < size ? plant->length : size;
	memcpy(buf, plant->bytes, length);
	return (ssize_t)length;
}

static const struct plant_xattr *find_xattr(const struct tree *tree, const char *path,
					    const char *name)
{
	vec_each (&tree->xattr_plants, plant)
		if (strcmp(plant->path, path) == 0 && strcmp(plant->name, name) == 0)
			return plant;
	return NULL;
}

/* As getxattr(2): a size of 0 asks for the length. */
static ssize_t planted_xattr(const struct plant_xattr *plant, void *buf, size_t size)
{
	if (size > 0 && plant->length > size)
		return -ERANGE;
	if (size > 0 && plant->length > 0)
		memcpy(buf, plant->bytes, plant->length);
	return (ssize_t)plant->length;
}

ssize_t layer_xattr(struct tree *tree, const char *path, const char *name, void *buf, size_t size)
{
	const struct plant *plant;
	const struct plant_xattr *given = find_xattr(tree, path, name);

	if (given)
		return planted_xattr(given, buf, size);
	switch (look(tree, path, &plant)) {
	case VIEW_BELOW:
		return tree->ops->xattr ? tree->ops->xattr(tree->impl, path, name, buf, size)
					: -ENOTSUP;
	case VIEW_ABSENT:
		return -ENOENT;
	case VIEW_PLANT:
	case VIEW_IMPLIED:
		break;
	}
	return -ENODATA; /* what was planted has none */
}

/* ---- listing ---- */

struct listing {
	struct tree *tree;
	const char *folder;
	tree_entry_fn *entry;
	void *arg;
};

static bool join(char path[TREE_PATH_MAX], const char *folder, const char *name)
{
	const char *base = strcmp(folder, "/") == 0 ? "" : folder;

	return snprintf(path, TREE_PATH_MAX, "%s/%s", base, name) < TREE_PATH_MAX;
}

/* An entry of the provider: handed on as the overlay shows it. */
static int entry_from_below(void *arg, const char *name, const struct tree_stat *stat)
{
	struct listing *listing = arg;
	char path[TREE_PATH_MAX];
	struct tree_stat st = *stat;

	if (listing->tree->plants.count == 0)
		return listing->entry(listing->arg, name, stat);
	if (!join(path, listing->folder, name))
		return -ENAMETOOLONG;
	const struct plant *plant;
	if (look(listing->tree, path, &plant) != VIEW_BELOW || find_mode(listing->tree, path)) {
		int r = layer_stat(listing->tree, path, &st);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
	return listing->entry(listing->arg, name, &st);
}

/* The name directly below `folder` on the way to `path`; "" when it is not below. */
static void child_name(const char *folder, const char *path, char name[256])
{
	size_t skip = strcmp(folder, "/") == 0 ? 1 : strlen(folder) + 1;

	name[0] = '\0';
	if (strcmp(folder, path) != 0 && path_is_within(path, folder))
		(void)snprintf(name, 256, "%.*s", (int)strcspn(path + skip, "/"), path + skip);
}

/* True when an older plant leads to the same name, so that it is listed once. */
static bool is_listed_before(const struct tree *tree, size_t before, const char *folder,
			     const char *name)
{
	char other[256];

	for (size_t i = 0; i < before; i++) {
		child_name(folder, tree->plants.items[i].path, other);
		if (strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* The names that exist only in the overlay. */
static int list_planted(const struct listing *listing, bool is_below_shown)
{
	struct tree *tree = listing->tree;
	char name[256], path[TREE_PATH_MAX];
	struct tree_stat st;

	for (size_t i = 0; i < tree->plants.count; i++) {
		child_name(listing->folder, tree->plants.items[i].path, name);
		if (name[0] == '\0' || is_listed_before(tree, i, listing->folder, name))
			continue;
		if (!join(path, listing->folder, name))
			return -ENAMETOOLONG;
		if (is_below_shown && tree->ops->stat(tree->impl, path, &st) == 0)
			continue; /* entry_from_below has shown it */
		if (layer_stat(tree, path, &st) < 0)
			continue;
		int r = listing->entry(listing->arg, name, &st);
		if (r != 0)
			return r;
	}
	return 0;
}

/* True when an absence hides what the provider has in that folder. */
static bool is_hidden(const struct tree *tree, const char *folder)
{
	for (size_t i = 0; i < tree->plants.count; i++) {
		const struct plant *plant = &tree->plants.items[i];
		if (plant->kind == PLANT_ABSENCE && path_is_within(folder, plant->path))
			return true;
	}
	return false;
}

int layer_list(struct tree *tree, const char *path, tree_entry_fn *entry, void *arg)
{
	struct listing listing = {.tree = tree, .folder = path, .entry = entry, .arg = arg};
	const struct plant *plant;
	enum view view = look(tree, path, &plant);
	struct tree_stat below;

	if (view == VIEW_ABSENT)
		return -ENOENT;
	if (view == VIEW_PLANT)
		return -ENOTDIR;
	bool is_below_shown =
		view == VIEW_BELOW ||
		(!is_hidden(tree, path) && tree->ops->stat(tree->impl, path, &below) == 0);
	int r = is_below_shown ? tree->ops->list(tree->impl, path, entry_from_below, &listing) : 0;
	if (r != 0 || tree->plants.count == 0)
		return r;
	return list_planted(&listing, is_below_shown);
}

/* ---- the raw disk and the facts ---- */

/* Copies what of `plant` lies in [offset, offset + length) of the disk over buf. */
static void overlay_disk(const struct plant_disk *plant, uint64_t offset, char *buf, size_t length)
{
	uint64_t from = plant->offset > offset ? plant->offset : offset;
	uint64_t plant_end = plant->offset + plant->length, end = offset + length;
	uint64_t to = plant_end < end ? plant_end : end;

	if (from < to)
		memcpy(buf + (from - offset), plant->bytes + (from - plant->offset), to - from);
}

ssize_t tree_disk_read(struct tree *tree, uint64_t offset, void *buf, size_t size)
{
	if (!tree->ops->disk_read)
		return -ENOTSUP;
	ssize_t length = tree->ops->disk_read(tree->impl, offset, buf, size);
	if (length > 0) {
		vec_each (&tree->disk_plants, plant)
			overlay_disk(plant, offset, buf, (size_t)length);
	}
	return length;
}

uint64_t tree_disk_size(struct tree *tree)
{
	return tree->ops->disk_size ? tree->ops->disk_size(tree->impl) : 0;
}

/* The newest planted value of a fact, or NULL. */
static const char *planted_fact(const struct tree *tree, unsigned n, const char *key,
				size_t key_length)
{
	for (size_t i = tree->fact_plants.count; i-- > 0;) {
		const struct plant_fact *plant = &tree->fact_plants.items[i];
		if (plant->filesystem == n && strlen(plant->key) == key_length &&
		    strncmp(plant->key, key, key_length) == 0)
			return plant->value;
	}
	return NULL;
}

int tree_filesystem(struct tree *tree, unsigned n, struct text *facts)
{
	CLEAN_TEXT struct text below = TEXT_INIT(65536);
	int r = tree->ops->filesystem ? tree->ops->filesystem(tree->impl, n, &below) : -ENOENT;

	if (r < 0)
		return r;
	for (const char *line = below.buf; *line;) {
		size_t length = strcspn(line, "\n"), key_length = strcspn(line, "=\n");
		if (!planted_fact(tree, n, line, key_length))
			(void)text_addf(facts, "%.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
	vec_each (&tree->fact_plants, plant) {
		if (plant->filesystem == n &&
		    planted_fact(tree, n, plant->key, strlen(plant->key)) == plant->value)
			(void)text_addf(facts, "%s=%s\n", plant->key, plant->value);
	}
	return facts->overflowed ? -EMSGSIZE : 0;
}
