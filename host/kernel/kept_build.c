/* SPDX-License-Identifier: Apache-2.0 */
/* Builds in the cache. */
#include "host/kernel/kept_build.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/json.h"
#include "host/kernel/prepare.h"
#include "host/store/folder.h"

#define KERNEL_PREFIX "linux-"
#define TREE_DIGITS   12
#define COUNT_MAX     100000000

char *built_kernel_path(const char *folder, const char *release, const char *digest)
{
	return xasprintf("%s/" KERNEL_PREFIX "%s-%.*s", folder, release, TREE_DIGITS, digest);
}

/* ---- what the compiler said ---- */

void kept_build_encode(const struct build *build, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "warnings", build->warnings);
	json_key(out, "found");
	json_open(out, '[');
	vec_each (&build->found, it) {
		json_open(out, '{');
		json_member(out, "kind", diagnostic_kind_name(it->kind));
		json_member(out, "file", it->file);
		json_member_number(out, "line", it->line);
		json_member_number(out, "column", it->column);
		json_member(out, "text", it->text);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_member(out, "remarks", build->remarks.buf);
	json_close(out, '}');
	text_adds(out, "\n");
}

static bool take_text(const json_t *object, const char *key, char *buf, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (value)
		(void)snprintf(buf, size, "%s", value);
	return value != NULL;
}

static bool take_count(const json_t *object, const char *key, unsigned *ret)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > COUNT_MAX)
		return false;
	*ret = (unsigned)json_integer_value(value);
	return true;
}

static bool take_found(const json_t *object, struct build *ret)
{
	struct diagnostic one = {.kind = DIAGNOSTIC_WARNING};
	char kind[16];

	if (!take_text(object, "kind", kind, sizeof kind) ||
	    !take_text(object, "file", one.file, sizeof one.file) ||
	    !take_text(object, "text", one.text, sizeof one.text) ||
	    !take_count(object, "line", &one.line) || !take_count(object, "column", &one.column))
		return false;
	/* What built may have stopped nowhere; whatever else it was is told as a warning. */
	return vec_add(&ret->found, one);
}

int kept_build_decode(const char *bytes, size_t length, struct build *ret)
{
	json_error_t at;
	json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &at);
	const json_t *found = json_object_get(object, "found");
	const char *remarks = json_string_value(json_object_get(object, "remarks"));
	bool is_good =
		json_is_array(found) && remarks && take_count(object, "warnings", &ret->warnings);

	ret->found.count = 0;
	text_clear(&ret->remarks);
	for (size_t i = 0; is_good && i < json_array_size(found); i++)
		is_good = take_found(json_array_get(found, i), ret);
	if (is_good)
		(void)text_adds(&ret->remarks, remarks);
	json_decref(object);
	return is_good ? 0 : -EBADMSG;
}

/* ---- files ---- */

int kept_build_save(const struct build *build, const char *folder, struct err *e)
{
	CLEAN_TEXT struct text about = TEXT_INIT(KEPT_BUILD_JSON_MAX);
	CLEAN_FREE char *path = xasprintf("%s/" BUILT_ABOUT, folder);
	CLEAN_FREE char *lock = xasprintf("%s/" KEPT_LOCK, folder);

	kept_build_encode(build, &about);
	int r = file_write(path, about.buf, about.length, e);
	return r == 0 ? file_write(lock, "", 0, e) : r;
}

static int lock_folder(const char *folder, struct build *build)
{
	CLEAN_FREE char *path = xasprintf("%s/" KEPT_LOCK, folder);

	build->lock_fd = open(path, O_RDWR | O_CLOEXEC);
	if (build->lock_fd < 0)
		return -ENOENT;
	(void)futimens(build->lock_fd, NULL); /* last used */
	if (flock(build->lock_fd, LOCK_SH) < 0 || access(path, F_OK) < 0) {
		scope_close(&build->lock_fd);
		build->lock_fd = -1;
		return -ENOENT;
	}
	return 0;
}

static char *find_kernel(const char *folder)
{
	DIR *dir = opendir(folder);
	char *path = NULL;

	for (struct dirent *entry; dir && !path && (entry = readdir(dir));)
		if (has_prefix(entry->d_name, KERNEL_PREFIX))
			path = xasprintf("%s/%s", folder, entry->d_name);
	if (dir)
		(void)closedir(dir);
	return path;
}

int kept_build_load(const char *folder, struct build *ret, struct err *e)
{
	CLEAN_TEXT struct text about = TEXT_INIT(KEPT_BUILD_JSON_MAX);
	CLEAN_FREE char *path = xasprintf("%s/" BUILT_ABOUT, folder);
	CLEAN_FREE char *modules = xasprintf("%s/" BUILT_MODULES, folder);
	CLEAN_FREE char *kernel = NULL;

	if (lock_folder(folder, ret) < 0)
		return -ENOENT;
	kernel = find_kernel(folder);
	if (!kernel || text_read_file(&about, path) < 0 ||
	    kept_build_decode(about.buf, about.length, ret) < 0)
		return err_set(e, BLAME_HOST, EBADMSG,
			       "%s is damaged: remove it (`assay cache prune`)", folder);
	free(ret->log);
	ret->log = xasprintf("%s/" BUILT_LOG, folder);
	ret->folder = xstrdup(folder);
	ret->kernel = STEAL_PTR(kernel);
	ret->modules = access(modules, F_OK) == 0 ? STEAL_PTR(modules) : NULL;
	return 0;
}
