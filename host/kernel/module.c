/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a kernel's modules. */
#include "host/kernel/module.h"

#include <archive.h>
#include <archive_entry.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/text.h"
#include "guest/kit/module_file.h"

#define MODULE_MAX     (64U << 20)
#define DEPTH_MAX      32
#define DEPMOD_SPAN_NS (600 * NS_PER_S)

/* nftw() hands nothing on; a thread has one such walk at a time. */
static __thread char *first;

static bool is_module(const char *path)
{
	static const char *const endings[] = {".ko", ".ko.xz", ".ko.zst", ".ko.gz"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (has_suffix(path, endings[i]))
			return true;
	return false;
}

static int look(const char *path, const struct stat *st UNUSED, int type, struct FTW *ftw UNUSED)
{
	if (type != FTW_F || !is_module(path))
		return 0;
	first = xstrdup(path);
	return 1;
}

/* Whatever it is packed by. */
static int read_module(const char *path, struct text *out, struct err *e)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	char buf[65536];
	la_ssize_t got = -1;
	int r = 0;

	(void)archive_read_support_filter_all(archive);
	(void)archive_read_support_format_raw(archive);
	if (archive_read_open_filename(archive, path, sizeof buf) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		while ((got = archive_read_data(archive, buf, sizeof buf)) > 0)
			if (text_add(out, buf, (size_t)got) < 0)
				break;
	const char *why = archive_error_string(archive);
	if (got != 0)
		r = err_set(e, BLAME_USER, EBADMSG, "the module %.250s cannot be read: %.150s",
			    path,
			    got > 0 ? "it is larger than 64 MiB"
			    : why   ? why
				    : "no reason given");
	(void)archive_read_free(archive);
	return r;
}

static ssize_t read_at(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct text *text = arg;

	if (offset >= text->length)
		return 0;
	size_t left = text->length - (size_t)offset, n = size < left ? size : left;
	memcpy(buf, text->buf + offset, n);
	return (ssize_t)n;
}

int modules_vermagic(const char *folder, char ret[VERMAGIC_SIZE], struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(MODULE_MAX);
	struct module_file module;

	ret[0] = '\0';
	first = NULL;
	(void)nftw(folder, look, DEPTH_MAX, FTW_PHYS);
	CLEAN_FREE char *path = STEAL_PTR(first);
	if (!path)
		return 0;
	int r = read_module(path, &content, e);
	if (r < 0)
		return r;
	if (module_file_read(read_at, &content, content.length, &module) < 0)
		return err_set(e, BLAME_USER, EBADMSG,
			       "%.300s has a module's name and is none, or is cut short", path);
	(void)snprintf(ret, VERMAGIC_SIZE, "%s", module.vermagic);
	return 0;
}

int modules_index(const char *root, const char *release, bool anew, const struct patience *p,
		  struct err *e)
{
	CLEAN_FREE char *index = xasprintf("%s/lib/modules/%s/modules.dep", root, release);
	/* It stands in /sbin, which not everybody has in PATH. */
	static const char *const programs[] = {"depmod", "/usr/sbin/depmod", "/sbin/depmod"};
	const struct patience span = patience_within(p, DEPMOD_SPAN_NS);
	int r = -ENOENT;

	if (!anew && access(index, R_OK) == 0)
		return 0;
	for (size_t i = 0; r == -ENOENT && i < ARRAY_LEN(programs); i++) {
		const char *argv[] = {programs[i], "-b", root, release, NULL};
		struct child_spec spec = {.argv = argv, .no_network = true, .no_exec = true};
		CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
		err_clear(e);
		r = child_run_ok(&spec, &span, &out, e);
	}
	if (r == -ENOENT)
		return err_set(
			e, BLAME_HOST, ENOENT,
			"the modules have no index (modules.dep), and depmod, which makes it, "
			"is not installed here: it comes with the package kmod");
	return r < 0 ? err_wrap(e, "index the modules of %.100s", release) : 0;
}
