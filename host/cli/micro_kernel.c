/* SPDX-License-Identifier: Apache-2.0 */
/* Where a kernel for the micro-VM is to be had. */
#include "host/cli/micro_kernel.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define LIST_MAX (8U << 20)

/* Built in or as modules; without one of them the micro-VM reaches neither us nor its disk. */
static const char *const wanted[] = {"virtio_pci", "virtio_console", "virtio_blk"};

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What modules.dep and modules.builtin have together. */
static bool has_wanted(const char *modules)
{
	static const char *const names[] = {"modules.builtin", "modules.dep"};
	CLEAN_TEXT struct text lists = TEXT_INIT(2 * LIST_MAX);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_FREE char *path = xasprintf("%s/%s", modules, names[i]);
		CLEAN_TEXT struct text list = TEXT_INIT(LIST_MAX);
		if (text_read_file(&list, path) == 0)
			(void)text_add(&lists, list.buf, list.length);
	}
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		CLEAN_FREE char *file = xasprintf("/%s.ko", wanted[i]);
		if (!lists.buf || !strstr(lists.buf, file))
			return false;
	}
	return true;
}

/* The kernel of a release, where distributions put it; NULL: there is none that we may read. */
static char *kernel_of(const char *root, const char *release)
{
	char *path = xasprintf("%s/boot/vmlinuz-%s", root, release);

	if (access(path, R_OK) == 0)
		return path;
	free(path);
	path = xasprintf("%s/lib/modules/%s/vmlinuz", root, release);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* Takes a release of the host when it is usable and newer than what was found so far. */
static void consider(const char *root, const char *release, char **newest,
		     struct micro_kernel *best)
{
	if (release[0] == '.' || (*newest && strverscmp(release, *newest) <= 0))
		return;
	CLEAN_FREE char *modules = xasprintf("%s/lib/modules/%s", root, release);
	CLEAN_FREE char *path = kernel_of(root, release);
	if (!path || !has_wanted(modules))
		return;
	micro_kernel_done(best);
	*best = (struct micro_kernel){.path = STEAL_PTR(path), .modules = STEAL_PTR(modules)};
	free(*newest);
	*newest = xstrdup(release);
}

static void find_own(const char *root, struct micro_kernel *ret)
{
	CLEAN_FREE char *folder = xasprintf("%s/lib/modules", root), *newest = NULL;
	DIR *dir = opendir(folder);

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		consider(root, entry->d_name, &newest, ret);
	(void)closedir(dir);
}

/* In the folder `modules` beside the kernel; else, as its name ends in a release, with the host's. */
static char *modules_of(const char *root, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEAN_FREE char *beside =
		xasprintf("%.*s/modules", slash ? (int)(slash - path) : 1, slash ? path : ".");
	const char *dash = strchr(name, '-');
	CLEAN_FREE char *own = xasprintf("%s/lib/modules/%s", root, dash ? dash + 1 : "/none");

	if (is_folder(beside))
		return STEAL_PTR(beside);
	return is_folder(own) ? STEAL_PTR(own) : NULL;
}

void micro_kernel_find(const char *root, const char *named, const char *cache,
		       struct micro_kernel *ret)
{
	CLEAN_FREE char *cached = cache ? xasprintf("%s/kernel/vmlinuz", cache) : NULL;

	*ret = (struct micro_kernel){.path = NULL};
	if (named && named[0])
		ret->path = xstrdup(named);
	else if (cached && access(cached, R_OK) == 0)
		ret->path = STEAL_PTR(cached);
	if (ret->path)
		ret->modules = modules_of(root, ret->path);
	else
		find_own(root, ret);
}

void micro_kernel_done(struct micro_kernel *kernel)
{
	free(kernel->path);
	free(kernel->modules);
	*kernel = (struct micro_kernel){.path = NULL};
}
