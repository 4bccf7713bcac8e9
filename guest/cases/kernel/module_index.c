// SPDX-License-Identifier: Apache-2.0
// The module index: it lists every module file, and nothing that is not there.
#include "guest/kit/kernels.h"

#define MODULES_MAX   20000
#define OFFENDERS_MAX 5

/* Paths below the module folder, sorted, so that two of them are compared in one pass. */
struct path_list {
	const char **paths;
	size_t count;
};

struct module_walk {
	struct trial *t;
	struct path_list *files;
	size_t prefix; /* of the module folder's real path, with its slash */
};

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_module(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strstr(slash ? slash : path, ".ko");

	return dot && (dot[3] == '\0' || dot[3] == '.');
}

static int visit_file(void *arg, const char *path, const struct tree_stat *stat)
{
	struct module_walk *walk = arg;

	/* A link is a module too: weak-updates of other kernels' modules are. */
	if ((S_ISREG(stat->mode) || S_ISLNK(stat->mode)) && is_module(path) &&
	    walk->files->count < MODULES_MAX)
		walk->files->paths[walk->files->count++] =
			case_format(walk->t, "%s", path + walk->prefix);
	return 0;
}

static struct path_list *read_index(struct trial *t, const char *text, const char *folder)
{
	struct path_list *list = case_alloc(t, sizeof *list);
	size_t length = strlen(folder);

	list->paths = case_alloc(t, MODULES_MAX * sizeof *list->paths);
	for (const char *line; list->count < MODULES_MAX && (line = text_line(t, &text));) {
		const char *colon = strchr(line, ':');
		if (!colon)
			continue;
		/* Very old indexes hold whole paths. */
		if (has_prefix(line, folder) && line[length] == '/')
			line += length + 1;
		list->paths[list->count++] = case_format(t, "%.*s", (int)(colon - line), line);
	}
	qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
	return list;
}

static struct path_list *find_files(struct trial *t, const char *folder)
{
	char real[TREE_PATH_MAX];
	struct path_list *list = case_alloc(t, sizeof *list);
	struct module_walk walk = {.t = t, .files = list};

	list->paths = case_alloc(t, MODULES_MAX * sizeof *list->paths);
	if (tree_resolve(case_tree(t), folder, real, sizeof real) < 0)
		case_skip(t, "kernel", "%s is not to be found", folder);
	walk.prefix = strlen(real) + 1;
	if (tree_walk(case_tree(t), real, visit_file, &walk) < 0)
		case_skip(t, "kernel", "%s cannot be listed", folder);
	qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
	return list;
}

/* Fails for what is in one list only. */
static void compare(struct trial *t, const struct path_list *index, const struct path_list *files)
{
	unsigned offenders = 0;

	for (size_t i = 0, k = 0;
	     (i < index->count || k < files->count) && offenders < OFFENDERS_MAX;) {
		int r = i == index->count   ? 1
			: k == files->count ? -1
					    : strcmp(index->paths[i], files->paths[k]);
		if (r < 0)
			FAIL(t, "the index names %s, which is not there", index->paths[i]);
		else if (r > 0)
			FAIL(t, "%s is not in the index", files->paths[k]);
		else
			check_passed(t);
		offenders += r != 0;
		i += r <= 0;
		k += r >= 0;
	}
}

AUDIT(kernel, module_index_is_complete,
      .title = "The module dependency index lists every module file and nothing missing",
      .priority = P1,
      .why = "A module that the index does not know is never loaded; one that it names in "
	     "vain fails when needed.",
      .remedy = "Run depmod for that kernel in the image.")
{
	struct kernel *kernel = kernels_newest(t);
	const char *text = kernel->modules
				   ? file_text(t, case_format(t, "%s/modules.dep", kernel->modules))
				   : NULL;

	if (!text)
		case_skip(t, "kernel", "kernel %s has no module index", kernel->release);
	struct path_list *index = read_index(t, text, kernel->modules),
			 *files = find_files(t, kernel->modules);
	note(t, "%zu modules, %zu in the index", files->count, index->count);
	compare(t, index, files);
}

SABOTAGE(kernel, module_index_is_complete, "the index names a module that is not there")
{
	struct kernel *kernel = kernels_newest(t);

	if (!kernel->modules)
		case_skip(t, "kernel", "kernel %s has no modules", kernel->release);
	sabotage_append(t, case_format(t, "%s/modules.dep", kernel->modules),
			"kernel/drivers/planted/planted.ko:");
}
