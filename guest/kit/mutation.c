/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not what they were. */
#include "guest/kit/mutation.h"

#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"

#define FILES_MAX 4096 /* as many as a tree records */

static const char *const names[MUTATION_COUNT] = {
	[MUTATION_NONE] = "none",	[MUTATION_EMPTIED] = "emptied",
	[MUTATION_GARBLED] = "garbled", [MUTATION_HALVED] = "halved",
	[MUTATION_ABSENT] = "absent",	[MUTATION_SCRATCHED] = "scratched",
};

const char *mutation_name(enum mutation mutation)
{
	return names[mutation];
}

enum mutation mutation_of_name(const char *name)
{
	enum mutation mutation = MUTATION_NONE;

	while (mutation < MUTATION_COUNT && strcmp(names[mutation], name) != 0)
		mutation++;
	return mutation;
}

/* ---- planting ---- */

/* splitmix64: each seed gives other bytes, and the same ones on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void garble(char *bytes, size_t length, uint64_t seed)
{
	for (size_t i = 0; i < length; i += 8) {
		uint64_t random = next_random(&seed);
		memcpy(bytes + i, &random, length - i < 8 ? length - i : 8);
	}
}

/* One byte in each 64, or one at all. */
static void scratch(char *bytes, size_t length, uint64_t seed)
{
	for (size_t i = 0; i < length; i += 64) {
		uint64_t random = next_random(&seed);
		size_t at = i + random % 64;
		bytes[at < length ? at : i] = (char)(random >> 32);
	}
}

/* The bytes depend on the file too, or all files would be garbled to the same beginning. */
static uint64_t seed_of(const char *path, uint64_t seed)
{
	for (; *path; path++)
		seed = (seed ^ (unsigned char)*path) * 0x100000001b3ULL;
	return seed;
}

static void spoil(struct text *content, enum mutation mutation, uint64_t seed)
{
	if (mutation == MUTATION_GARBLED)
		garble(content->buf, content->length, seed);
	else if (mutation == MUTATION_SCRATCHED)
		scratch(content->buf, content->length, seed);
	else if (mutation != MUTATION_NONE)
		text_cut(content, mutation == MUTATION_HALVED ? content->length / 2 : 0);
}

int mutation_plant(struct tree *tree, const char *path, enum mutation mutation, uint64_t seed)
{
	CLEAN_TEXT struct text content = TEXT_INIT(TREE_FILE_MAX);
	struct tree_stat stat;

	if (mutation == MUTATION_ABSENT) {
		tree_plant_absence(tree, path);
		return tree_plant_error(tree);
	}
	int r = tree_stat(tree, path, &stat);
	if (r == 0)
		r = tree_read(tree, path, &content);
	if (r < 0)
		return r;
	spoil(&content, mutation, seed_of(path, seed));
	tree_plant_file(tree, path, content.buf, content.length, stat.mode & 07777, stat.uid);
	return tree_plant_error(tree);
}

/* ---- what there is to mutate ---- */

DEFINE_VEC(real_paths, char *);

/* Remembers it; false when it was there. */
static bool is_new(struct real_paths *seen, const char *real)
{
	vec_each (seen, it)
		if (strcmp(*it, real) == 0)
			return false;
	(void)vec_add(seen, xstrdup(real));
	return true;
}

/* What the kernel makes up as it is read claims to be empty, or to have a page. */
static bool has_bytes(struct tree *tree, const char *path)
{
	char byte;

	return tree_pread(tree, path, 0, &byte, 1) == 1;
}

/* Of a disk only what is on it is told; in a running system proc and sysfs count as well. */
static bool is_to_mutate(struct tree *tree, const struct tree_stat *stat)
{
	bool is_ours = !tree_is_offline(tree) || !(stat->filesystem & TREE_OUTSIDE);

	return S_ISREG(stat->mode) && is_ours && stat->size <= TREE_FILE_MAX;
}

void mutation_files(struct tree *tree, mutation_file_fn *file, void *arg)
{
	struct real_paths seen = VEC_INIT(FILES_MAX);
	char real[TREE_PATH_MAX];
	struct tree_stat stat;

	for (const char *path = NULL; (path = tree_read_path(tree, path));)
		if (tree_stat(tree, path, &stat) == 0 && is_to_mutate(tree, &stat) &&
		    tree_resolve(tree, path, real, sizeof real) == 0 && is_new(&seen, real))
			file(arg, path, tree_has_read_content(tree, path) && has_bytes(tree, path));
	vec_each (&seen, it)
		free(*it);
	vec_done(&seen);
}
