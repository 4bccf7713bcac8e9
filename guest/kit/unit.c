// SPDX-License-Identifier: Apache-2.0
// systemd's unit files in a tree (systemd.unit(5), systemd.syntax(7)).
#include "guest/kit/unit.h"

#include "guest/kit/line.h"

const char *const unit_folders[] = {"/etc/systemd/system",	     "/run/systemd/system",
				    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
				    "/lib/systemd/system",	     NULL};

bool systemd_is_installed(struct trial *t)
{
	return file_exists(t, "/usr/lib/systemd/systemd") || file_exists(t, "/lib/systemd/systemd");
}

/* "getty@tty1.service" is an instance of "getty@.service"; NULL when the name is no instance. */
static const char *template_of(struct trial *t, const char *name)
{
	const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

	if (!at || !dot || dot <= at + 1)
		return NULL;
	return case_format(t, "%.*s%s", (int)(at + 1 - name), name, dot);
}

static const char *find_file(struct trial *t, const char *name)
{
	struct tree_stat stat;

	for (const char *const *folder = unit_folders; *folder; folder++) {
		const char *path = case_format(t, "%s/%s", *folder, name);
		if (file_lstat(t, path, &stat))
			return path;
	}
	return NULL;
}

const char *unit_path(struct trial *t, const char *name)
{
	const char *path = find_file(t, name);
	const char *template = path ? NULL : template_of(t, name);

	return template ? find_file(t, template) : path;
}

bool unit_is_masked(struct trial *t, const char *name)
{
	const char *path = unit_path(t, name);
	const char *target = path ? file_link(t, path) : NULL;
	struct tree_stat stat;

	if (!path)
		return false;
	if (target && strcmp(target, "/dev/null") == 0)
		return true;
	return file_stat(t, path, &stat) && S_ISREG(stat.mode) && stat.size == 0;
}

/* In a folder of unit files: is `name` in one of its .wants or .requires, or the target of an alias? */
static bool is_enabled_in(struct trial *t, const char *folder, const char *name)
{
	struct tree_stat stat;

	for (const char *const *entry = file_names(t, folder); *entry; entry++) {
		if (has_suffix(*entry, ".wants") || has_suffix(*entry, ".requires")) {
			if (file_lstat(t, case_format(t, "%s/%s/%s", folder, *entry, name), &stat))
				return true;
			continue;
		}
		const char *target =
			strcmp(*entry, name) == 0
				? NULL
				: file_link(t, case_format(t, "%s/%s", folder, *entry));
		const char *base = target ? strrchr(target, '/') : NULL;
		if (target && strcmp(base ? base + 1 : target, name) == 0)
			return true;
	}
	return false;
}

bool unit_is_enabled(struct trial *t, const char *name)
{
	for (const char *const *folder = unit_folders; *folder; folder++)
		if (is_enabled_in(t, *folder, name))
			return true;
	return false;
}

/* ---- settings ---- */

/* A line that ends in a backslash goes on in the next; the backslash becomes a space. */
static const char *logical_line(struct trial *t, const char **at)
{
	CLEAN_TEXT struct text whole = TEXT_INIT(LINE_SIZE);
	char line[LINE_SIZE];
	bool goes_on = false;

	while (line_next(at, line, sizeof line, NULL)) {
		char *trimmed = line_trim(line);
		if (goes_on && (trimmed[0] == '#' || trimmed[0] == ';'))
			continue;
		size_t length = strlen(trimmed);
		goes_on = length > 0 && trimmed[length - 1] == '\\' && trimmed[0] != '#' &&
			  trimmed[0] != ';';
		(void)text_add(&whole, trimmed, length - goes_on);
		if (!goes_on)
			return case_format(t, "%s", whole.buf);
		(void)text_adds(&whole, " ");
	}
	return whole.length ? case_format(t, "%s", whole.buf) : NULL;
}

void ini_each_setting(struct trial *t, const char *path, unit_setting_fn *fn, void *arg)
{
	const char *text = file_text(t, path), *section = "";

	for (const char *line; text && (line = logical_line(t, &text));) {
		size_t length = strlen(line);
		const char *equals = strchr(line, '=');
		if (line[0] == '#' || line[0] == ';')
			continue;
		if (line[0] == '[' && line[length - 1] == ']') {
			section = case_format(t, "%.*s", (int)length - 2, line + 1);
		} else if (equals) {
			char *key = line_trim(
				memcpy(case_alloc(t, length + 1), line, (size_t)(equals - line)));
			char *value =
				memcpy(case_alloc(t, length + 1), equals + 1, strlen(equals + 1));
			fn(t, arg, section, key, line_trim(value));
		}
	}
}

/* Drop-ins of one name shadow those in later folders; they are applied in the order of their names. */
static void each_drop_in(struct trial *t, const char *const *folders, const char *drop_in,
			 unit_setting_fn *fn, void *arg)
{
	const char *last = "";

	for (;;) {
		const char *next = NULL, *path = NULL;
		for (const char *const *folder = folders; *folder; folder++) {
			const char *place = case_format(t, "%s/%s", *folder, drop_in);
			for (const char *const *name = file_names(t, place); *name; name++)
				if (has_suffix(*name, ".conf") && strcmp(*name, last) > 0 &&
				    (!next || strcmp(*name, next) < 0)) {
					next = *name;
					path = case_format(t, "%s/%s", place, *name);
				}
		}
		if (!next)
			return;
		ini_each_setting(t, path, fn, arg);
		last = next;
	}
}

void unit_each_setting(struct trial *t, const char *name, unit_setting_fn *fn, void *arg)
{
	const char *path = unit_path(t, name), *template = template_of(t, name);

	if (path)
		ini_each_setting(t, path, fn, arg);
	if (template)
		each_drop_in(t, unit_folders, case_format(t, "%s.d", template), fn, arg);
	each_drop_in(t, unit_folders, case_format(t, "%s.d", name), fn, arg);
}

struct wanted {
	const char *section, *key, *value;
};

static void keep_if_wanted(struct trial *t UNUSED, void *arg, const char *section, const char *key,
			   const char *value)
{
	struct wanted *wanted = arg;

	if (strcmp(section, wanted->section) == 0 && strcmp(key, wanted->key) == 0)
		wanted->value = value[0] ? value : NULL;
}

const char *unit_setting(struct trial *t, const char *name, const char *section, const char *key)
{
	struct wanted wanted = {.section = section, .key = key};

	unit_each_setting(t, name, keep_if_wanted, &wanted);
	return wanted.value;
}

const char *systemd_setting(struct trial *t, const char *file, const char *section, const char *key)
{
	static const char *const folders[] = {"/etc/systemd", "/run/systemd",
					      "/usr/local/lib/systemd", "/usr/lib/systemd", NULL};
	struct wanted wanted = {.section = section, .key = key};

	for (const char *const *folder = folders; *folder; folder++) {
		const char *path = case_format(t, "%s/%s", *folder, file);
		if (!file_exists(t, path))
			continue;
		ini_each_setting(t, path, keep_if_wanted, &wanted);
		break;
	}
	each_drop_in(t, folders, case_format(t, "%s.d", file), keep_if_wanted, &wanted);
	return wanted.value;
}
