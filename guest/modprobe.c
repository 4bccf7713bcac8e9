/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as /sbin/modprobe of a micro-VM. */
#include "guest/modprobe.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/utsname.h>

#include "guest/init.h"

#define INDEX_MAX   (16U << 20)
#define PLAN_MAX    65536
#define NAME_LENGTH 256

bool modprobe_is_meant(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash ? slash + 1 : argv0, "modprobe") == 0;
}

/* Dash and underscore are the same in a module's name. */
static bool is_same_name(const char *file, size_t length, const char *name)
{
	for (size_t i = 0; i < length; i++) {
		char a = file[i] == '-' ? '_' : file[i], b = name[i] == '-' ? '_' : name[i];
		if (a != b || b == '\0')
			return false;
	}
	return name[length] == '\0';
}

/* "kernel/fs/isofs/isofs.ko.xz" is isofs. */
static bool is_path_of(const char *path, size_t length, const char *module)
{
	const char *slash = memrchr(path, '/', length);
	const char *from = slash ? slash + 1 : path;
	const char *ending = memmem(from, (size_t)(path + length - from), ".ko", 3);

	return ending && is_same_name(from, (size_t)(ending - from), module);
}

/* "A: B C" means that C, then B, then A are loaded. */
static void add_reversed(const char *line, size_t length, size_t colon, struct text *out)
{
	size_t end = length;

	while (end > colon + 1) {
		size_t from = end;
		while (from > colon + 1 && line[from - 1] != ' ')
			from--;
		if (end > from)
			(void)text_addf(out, "%.*s\n", (int)(end - from), line + from);
		end = from > colon + 1 ? from - 1 : colon + 1;
	}
	(void)text_addf(out, "%.*s\n", (int)colon, line);
}

int modprobe_plan(const char *dep, const char *module, struct text *out)
{
	while (*dep) {
		size_t length = strcspn(dep, "\n");
		const char *colon = memchr(dep, ':', length);
		if (colon && is_path_of(dep, (size_t)(colon - dep), module)) {
			add_reversed(dep, length, (size_t)(colon - dep), out);
			return 0;
		}
		dep += length + (dep[length] == '\n');
	}
	return -ENOENT;
}

/* Its lines are "alias PATTERN MODULE". */
static void match_line(const char *line, size_t length, const char *name, struct text *out)
{
	char pattern[NAME_LENGTH];
	const char *from = line + strlen("alias "), *space;

	if (length <= strlen("alias ") || !has_prefix(line, "alias "))
		return;
	space = memchr(from, ' ', (size_t)(line + length - from));
	if (!space || (size_t)(space - from) >= sizeof pattern)
		return;
	memcpy(pattern, from, (size_t)(space - from));
	pattern[space - from] = '\0';
	for (char *c = pattern; *c; c++)
		*c = *c == '-' ? '_' : *c;
	if (fnmatch(pattern, name, 0) == 0)
		(void)text_addf(out, "%.*s\n", (int)(line + length - space - 1), space + 1);
}

void modprobe_aliases(const char *aliases, const char *name, struct text *out)
{
	char plain[NAME_LENGTH];
	size_t length = strnlen(name, sizeof plain - 1);

	for (size_t i = 0; i < length; i++)
		plain[i] = name[i] == '-' ? '_' : name[i];
	plain[length] = '\0';
	while (*aliases) {
		size_t end = strcspn(aliases, "\n");
		match_line(aliases, end, plain, out);
		aliases += end + (aliases[end] == '\n');
	}
}

/* ---- loading ---- */

static int load_all(const char *folder, char *paths)
{
	int r = -ENOENT;

	for (char *rest = paths, *path; (path = strsep(&rest, "\n"));) {
		if (path[0] == '\0')
			continue;
		CLEAN_FREE char *whole = xasprintf("%s/%s", folder, path);
		r = init_load_module(whole, "");
		if (r < 0)
			return r;
	}
	return r;
}

static int load_module(const char *folder, const char *dep, const char *module)
{
	CLEAN_TEXT struct text paths = TEXT_INIT(PLAN_MAX);
	int r = modprobe_plan(dep, module, &paths);

	return r < 0 ? r : load_all(folder, paths.buf);
}

static int load_by_alias(const char *folder, const char *dep, const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/modules.alias", folder);
	CLEAN_TEXT struct text aliases = TEXT_INIT(INDEX_MAX), modules = TEXT_INIT(PLAN_MAX);
	int r = text_read_file(&aliases, path), loaded = -ENOENT;

	if (r < 0)
		return r;
	modprobe_aliases(aliases.buf, name, &modules);
	for (char *rest = modules.buf, *module; (module = strsep(&rest, "\n"));)
		if (module[0] && load_module(folder, dep, module) == 0)
			loaded = 0;
	return loaded;
}

static int load(const char *name)
{
	CLEAN_TEXT struct text dep = TEXT_INIT(INDEX_MAX);
	struct utsname uts;

	if (uname(&uts) < 0)
		return -errno;
	CLEAN_FREE char *folder = xasprintf("/lib/modules/%s", uts.release);
	CLEAN_FREE char *path = xasprintf("%s/modules.dep", folder);
	int r = text_read_file(&dep, path);
	if (r < 0)
		return r;
	r = load_module(folder, dep.buf, name);
	return r == -ENOENT ? load_by_alias(folder, dep.buf, name) : r;
}

int modprobe_main(int argc, char **argv)
{
	int r = -EINVAL;

	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-')
			return load(argv[i]) < 0;
	return r < 0;
}
