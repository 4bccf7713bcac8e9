/* SPDX-License-Identifier: Apache-2.0 */
/* The installed packages. */
#include "guest/kit/packages.h"

#include "guest/kit/dpkg.h"
#include "guest/kit/dpkg_status.h"

#define APK_DATABASE	"/lib/apk/db/installed"
#define PACMAN_DATABASE "/var/lib/pacman/local"
#define PACKAGES_MAX	50000

struct listing {
	struct trial *t;
	struct package *items;
	size_t count;
};

static void add(struct listing *listing, struct package package)
{
	if (listing->count == PACKAGES_MAX)
		case_broken(listing->t, "there are more than %d packages", PACKAGES_MAX);
	listing->items[listing->count++] = package;
}

/* "openssl (3.0.1-1)", or the name alone. */
static void read_source(struct trial *t, const struct dpkg_package *from, struct package *ret)
{
	const char *value;
	size_t length;

	ret->source = ret->name;
	ret->source_version = ret->version;
	if (!dpkg_field(from, "Source", &value, &length))
		return;
	const char *text = case_format(t, "%.*s", (int)length, value);
	size_t name = strcspn(text, " (");
	const char *open = strchr(text, '(');
	ret->source = case_format(t, "%.*s", (int)name, text);
	if (open)
		ret->source_version =
			case_format(t, "%.*s", (int)strcspn(open + 1, ") "), open + 1);
}

static void read_dpkg(struct listing *listing, const char *text)
{
	struct dpkg_package package;

	while (dpkg_next(&text, &package)) {
		if (!dpkg_is_installed(&package))
			continue;
		struct package one = {.name = case_format(listing->t, "%s", package.name),
				      .version = case_format(listing->t, "%s", package.version)};
		read_source(listing->t, &package, &one);
		add(listing, one);
	}
}

/* Lines "P:name", "V:version", "o:origin"; an empty line ends a package. */
static void read_apk(struct listing *listing, const char *text)
{
	struct package one = {.name = NULL};

	for (const char *line; (line = text_line(listing->t, &text));) {
		if (has_prefix(line, "P:"))
			one.name = one.source = line + 2;
		else if (has_prefix(line, "V:"))
			one.version = one.source_version = line + 2;
		else if (has_prefix(line, "o:"))
			one.source = line + 2;
		if (line[0] != '\0' && *text)
			continue;
		if (one.name && one.version)
			add(listing, one);
		one = (struct package){.name = NULL};
	}
}

/* Folders NAME-VERSION-RELEASE. */
static void read_pacman(struct listing *listing, const char *const *folders)
{
	for (; *folders; folders++) {
		const char *dash = strrchr(*folders, '-');
		while (dash && dash > *folders && dash[-1] != '-')
			dash--;
		if (!dash || dash == *folders)
			continue;
		struct package one = {.name = case_format(listing->t, "%.*s",
							  (int)(dash - 1 - *folders), *folders),
				      .version = dash};
		one.source = one.name;
		one.source_version = one.version;
		add(listing, one);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct package *)a)->name, ((const struct package *)b)->name);
}

const struct packages *packages_read(struct trial *t)
{
	struct listing listing = {.t = t,
				  .items = case_alloc(t, PACKAGES_MAX * sizeof *listing.items)};
	const char *text = file_exists(t, DPKG_STATUS) ? dpkg_status(t) : NULL;

	if (text)
		read_dpkg(&listing, text);
	else if ((text = file_text(t, APK_DATABASE)))
		read_apk(&listing, text);
	else
		read_pacman(&listing, file_names(t, PACMAN_DATABASE));
	if (listing.count == 0)
		case_skip(t, "distro:debian-like",
			  "of the package databases only those of dpkg, apk and pacman are read");
	qsort(listing.items, listing.count, sizeof *listing.items, compare);
	struct packages *packages = case_alloc(t, sizeof *packages);
	*packages = (struct packages){listing.items, listing.count};
	return packages;
}

const struct package *packages_find(const struct packages *packages, const char *name)
{
	const struct package wanted = {.name = name};
	const struct package *found =
		bsearch(&wanted, packages->items, packages->count, sizeof wanted, compare);

	while (found && found > packages->items && strcmp(found[-1].name, name) == 0)
		found--;
	return found;
}

/* ---- sabotage ---- */

void sabotage_package(struct trial *t, const char *name, const char *version)
{
	sabotage_no_package(t, name);
	if (file_exists(t, DPKG_STATUS))
		sabotage_append(t, DPKG_STATUS,
				case_format(t,
					    "\nPackage: %s\nStatus: install ok installed\n"
					    "Architecture: all\nVersion: %s\n",
					    name, version));
	else if (file_exists(t, APK_DATABASE))
		sabotage_append(t, APK_DATABASE, case_format(t, "\nP:%s\nV:%s\n", name, version));
	else
		sabotage_file(t, case_format(t, PACMAN_DATABASE "/%s-%s-1/desc", name, version),
			      "planted\n");
}

/* The status without the paragraphs of that package. */
static const char *without(struct trial *t, const char *text, const char *name)
{
	char *rest = case_alloc(t, strlen(text) + 2); /* the last paragraph may get an end */
	struct dpkg_package package;
	size_t length = 0;

	while (dpkg_next(&text, &package)) {
		size_t size = (size_t)(package.end - package.begin);
		if (strcmp(package.name, name) == 0)
			continue;
		memcpy(rest + length, package.begin, size);
		length += size;
		rest[length++] = '\n';
	}
	rest[length] = '\0';
	return rest;
}

void sabotage_no_package(struct trial *t, const char *name)
{
	const char *text = file_text(t, DPKG_STATUS);

	if (text)
		sabotage_file(t, DPKG_STATUS, without(t, text, name));
	else if ((text = file_text(t, APK_DATABASE)) &&
		 strstr(text, case_format(t, "P:%s\n", name)))
		sabotage_replace(t, APK_DATABASE, case_format(t, "P:%s\n", name), "P:gone\n");
	else if (!text)
		for (const char *const *folder = file_names(t, PACMAN_DATABASE); *folder; folder++)
			if (has_prefix(*folder, case_format(t, "%s-", name)))
				sabotage_remove(t, case_format(t, PACMAN_DATABASE "/%s", *folder));
}
