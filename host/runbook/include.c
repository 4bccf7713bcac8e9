/* SPDX-License-Identifier: Apache-2.0 */
/* Including: reading files, refusing circles, laying them over each other. */
#include "host/runbook/include.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The files that are being read, from the innermost out. */
struct chain {
	const char *path;
	dev_t device;
	ino_t inode;
	unsigned depth;
	const struct chain *outer;
};

struct loader {
	struct include_files *files;
	struct text *problems;
};

void include_files_done(struct include_files *files)
{
	vec_each (&files->paths, path)
		free(*path);
	vec_done(&files->paths);
}

const char *include_keep(struct include_files *files, const char *path)
{
	char *copy = xstrdup(path);

	if (vec_add(&files->paths, copy))
		return copy;
	free(copy);
	return NULL;
}

char *include_beside(const char *from, const char *name)
{
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || !slash)
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)(slash - from), from, name);
}

static struct yaml_node *load(const struct loader *loader, const char *path,
			      struct yaml_place place, const struct chain *outer);

/* ---- what a file includes ---- */

static struct yaml_node *load_one(const struct loader *loader, const struct chain *chain,
				  const struct yaml_node *name, struct yaml_place around)
{
	struct yaml_place place = name && name->place.line > 0 ? name->place : around;

	if (!name || name->kind != YAML_SCALAR || !name->text[0]) {
		yaml_problem(loader->problems, chain->path, place,
			     "`include` is a list of names of files: [one.yaml, two.yaml]");
		return NULL;
	}
	if (strchr(name->text, '$')) {
		yaml_problem(loader->problems, chain->path, place,
			     "`include`: variables are known when all files are read; '%.100s' "
			     "cannot have one",
			     name->text);
		return NULL;
	}
	CLEAN_FREE char *path = include_beside(chain->path, name->text);
	return load(loader, path, place, chain);
}

/* Each of the list is laid over those before it, the file itself over all. Takes `top`. */
static struct yaml_node *lay_over(const struct loader *loader, const struct chain *chain,
				  struct yaml_node *top, const struct yaml_node *names,
				  struct yaml_place place)
{
	CLEANUP(yaml_node) struct yaml_node *own = top, *below = NULL;
	bool failed = false;

	vec_each (&names->pairs, pair) {
		struct yaml_node *one = load_one(loader, chain, pair->value, place);
		failed = failed || !one;
		if (one && below)
			yaml_merge(one, below);
		below = one ? one : below;
	}
	if (failed)
		return NULL;
	if (below)
		yaml_merge(own, STEAL_PTR(below));
	return STEAL_PTR(own);
}

/* Takes `root`. */
static struct yaml_node *resolve(const struct loader *loader, const struct chain *chain,
				 struct yaml_node *root)
{
	CLEANUP(yaml_node) struct yaml_node *own = root;

	if (own->kind != YAML_MAPPING) {
		yaml_problem(loader->problems, chain->path, own->place,
			     "the file is a mapping, lines \"key: value\"");
		return NULL;
	}
	const struct yaml_node *key = yaml_lookup_key(own, "include");
	if (!key)
		return STEAL_PTR(own);
	struct yaml_place place = key->place;
	CLEANUP(yaml_node) struct yaml_node *names = yaml_take(own, "include");
	if (!names || names->kind != YAML_SEQUENCE) {
		yaml_problem(loader->problems, chain->path, place,
			     "`include` is a list of names of files: [one.yaml, two.yaml]");
		return NULL;
	}
	return lay_over(loader, chain, STEAL_PTR(own), names, place);
}

/* ---- one file ---- */

static bool is_circle(const struct loader *loader, struct yaml_place place,
		      const struct chain *chain)
{
	for (const struct chain *at = chain->outer; at; at = at->outer) {
		if (chain->inode && at->inode == chain->inode && at->device == chain->device) {
			yaml_problem(loader->problems, chain->path, place,
				     "`include`: %s is included by itself", chain->path);
			return true;
		}
	}
	return false;
}

static bool may_read(const struct loader *loader, struct yaml_place place,
		     const struct chain *chain)
{
	if (chain->depth > INCLUDE_DEPTH_MAX) {
		yaml_problem(loader->problems, chain->path, place,
			     "`include`: more than %d files that include each other",
			     INCLUDE_DEPTH_MAX);
		return false;
	}
	return !is_circle(loader, place, chain);
}

/* Reads it; the total of all is limited. */
static bool read_bytes(const struct loader *loader, const char *path, struct yaml_place place,
		       struct text *bytes)
{
	int r = loader->files->is_closed ? -EPERM : text_read_file(bytes, path);

	if (r == 0 && bytes->length > INCLUDE_BYTES_MAX - loader->files->bytes)
		r = -EMSGSIZE;
	if (r == -EMSGSIZE)
		yaml_problem(loader->problems, path, place,
			     "%s: all files together have more than %u bytes", path,
			     INCLUDE_BYTES_MAX);
	errno = -r;
	if (r < 0 && r != -EMSGSIZE)
		yaml_problem(loader->problems, path, place, "%s cannot be read: %m",
			     place.line > 0 ? path : "it");
	if (r < 0)
		return false;
	loader->files->bytes += bytes->length;
	return true;
}

static struct yaml_node *parse(const struct loader *loader, const struct chain *chain,
			       const char *bytes, size_t length)
{
	const char *kept = include_keep(loader->files, chain->path);

	if (!kept) {
		yaml_problem(loader->problems, chain->path, (struct yaml_place){0},
			     "more than %d files are included", INCLUDE_FILES_MAX);
		return NULL;
	}
	struct yaml_node *root =
		yaml_parse(kept, bytes, length, INCLUDE_BYTES_MAX, true, loader->problems);
	struct chain own = *chain;
	own.path = kept;
	return root ? resolve(loader, &own, root) : NULL;
}

/* `place`: where it is named; line 0: on the command line. */
static struct yaml_node *load(const struct loader *loader, const char *path,
			      struct yaml_place place, const struct chain *outer)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(INCLUDE_BYTES_MAX);
	struct chain chain = {.path = path, .depth = outer ? outer->depth + 1 : 0, .outer = outer};
	struct stat st;

	if (!loader->files->is_closed && stat(path, &st) == 0) {
		chain.device = st.st_dev;
		chain.inode = st.st_ino;
	}
	if (!may_read(loader, place, &chain) || !read_bytes(loader, path, place, &bytes))
		return NULL;
	return parse(loader, &chain, bytes.buf, bytes.length);
}

struct yaml_node *include_load(struct include_files *files, const char *path, struct text *problems)
{
	struct loader loader = {.files = files, .problems = problems};

	return load(&loader, path, (struct yaml_place){0}, NULL);
}

struct yaml_node *include_parse(struct include_files *files, const char *path, const char *bytes,
				size_t length, struct text *problems)
{
	struct loader loader = {.files = files, .problems = problems};
	struct chain chain = {.path = path};

	return parse(&loader, &chain, bytes, length);
}
