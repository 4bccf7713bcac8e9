// SPDX-License-Identifier: Apache-2.0
// Programs that no package brought.
#include "guest/kit/case.h"
#include "guest/kit/dpkg.h"
#include "guest/kit/line.h"

#define INFO_FOLDER   "/var/lib/dpkg/info"
#define BUCKETS	      8192
#define OFFENDERS_MAX 20

struct owned {
	struct owned *next;
	const char *path;
};

struct owners {
	struct trial *t;
	struct owned *buckets[BUCKETS];
};

/* /bin and /usr/bin are one folder where /usr is merged, and lists may name either. */
static const char *without_usr(const char *path)
{
	return has_prefix(path, "/usr/") ? path + strlen("/usr") : path;
}

static struct owned **bucket_of(struct owners *owners, const char *path, size_t length)
{
	unsigned hash = 5381;

	for (size_t i = 0; i < length; i++)
		hash = hash * 33 + (unsigned char)path[i];
	return &owners->buckets[hash % BUCKETS];
}

static bool is_owned(struct owners *owners, const char *path)
{
	path = without_usr(path);
	for (struct owned *owned = *bucket_of(owners, path, strlen(path)); owned;
	     owned = owned->next)
		if (strcmp(owned->path, path) == 0)
			return true;
	return false;
}

/* Keeps the paths of programs; other lines, which are nearly all, are passed over without a copy. */
static void add_paths(struct owners *owners, const char *text)
{
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		const char *path = without_usr(line);
		if (!has_prefix(path, "/bin/") && !has_prefix(path, "/sbin/"))
			continue;
		size_t length = (size_t)(end - path);
		struct owned **bucket = bucket_of(owners, path, length);
		struct owned *owned = case_alloc(owners->t, sizeof *owned);
		*owned = (struct owned){.next = *bucket,
					.path = case_format(owners->t, "%.*s", (int)length, path)};
		*bucket = owned;
	}
}

static struct owners *read_owners(struct trial *t)
{
	struct owners *owners = case_alloc(t, sizeof *owners);

	owners->t = t;
	for (const char *const *name = file_names(t, INFO_FOLDER); *name; name++) {
		const char *path = case_format(t, INFO_FOLDER "/%s", *name);
		const char *text = has_suffix(path, ".list") ? file_text(t, path) : NULL;
		if (text && !has_suffix(text, "\n"))
			case_broken(t, "%s is cut off", path);
		if (text)
			add_paths(owners, text);
	}
	/* A diverted file lies where another package moved it to: three lines each, the second is the new place. */
	const char *diversions = file_text(t, "/var/lib/dpkg/diversions");
	if (diversions)
		add_paths(owners, diversions);
	return owners;
}

AUDIT(packages, no_stray_files_in_system_paths,
      .title = "Every file in system program directories belongs to a package", .priority = P2,
      .sources = "AZCERT:hygiene/unowned-files",
      .why = "A program that no package brought is not updated, and nobody knows who put it "
	     "there.",
      .remedy = "Bring it in a package, put it into /usr/local, or name it in the policy's "
		"stray_files.")
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/bin", "/sbin"};
	const char *allowed = plan_text(t, "stray_files", "");
	unsigned offenders = 0;
	struct tree_stat stat;

	if (!file_exists(t, DPKG_STATUS) || !file_exists(t, INFO_FOLDER))
		case_skip(t, "distro:debian-like", "only dpkg's lists of files are read for this");
	struct owners *owners = read_owners(t);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (file_link(t, folders[i]))
			continue; /* merged: seen already */
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			const char *path = case_format(t, "%s/%s", folders[i], *name);
			if (is_owned(owners, path) || list_has(allowed, path, " ,"))
				check_passed(t);
			else if (file_lstat(t, path, &stat) && S_ISREG(stat.mode) &&
				 offenders++ < OFFENDERS_MAX)
				FAIL(t, "%s belongs to no package",
				     path); /* links are made by alternatives */
		}
	}
}

SABOTAGE(packages, no_stray_files_in_system_paths, "a program of no package lies in /usr/bin")
{
	tree_plant_file(case_tree(t), "/usr/bin/stray", "#!/bin/sh\n", 10, 0755, 0);
}
