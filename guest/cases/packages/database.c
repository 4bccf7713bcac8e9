// SPDX-License-Identifier: Apache-2.0
// The package database: it can be read, nothing is half installed, and what packages need is there.
#include "guest/kit/dpkg_status.h"

#define PACKAGES_MAX 100000
#define DPKG_INFO    "/var/lib/dpkg/info"

static const char *const rpm_databases[] = {
	"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite",
	"/usr/lib/sysimage/rpm/Packages.db", "/var/lib/rpm/Packages.db", "/var/lib/rpm/Packages"};
#define APK_DATABASE	"/lib/apk/db/installed"
#define PACMAN_DATABASE "/var/lib/pacman/local"

/* ---- dpkg ---- */

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The name of its list of files; NULL when it is none of them. */
static const char *find_file_list(struct trial *t, const char *const *names, size_t count,
				  const struct dpkg_package *package)
{
	const char *plain = case_format(t, "%s.list", package->name);
	const char *with_arch = case_format(t, "%s:%s.list", package->name, package->arch);

	if (bsearch(&plain, names, count, sizeof *names, compare_strings))
		return plain;
	return bsearch(&with_arch, names, count, sizeof *names, compare_strings) ? with_arch : NULL;
}

/* dpkg refuses all work over a list without its last line end, and takes an empty one for a package without files. */
static void check_file_list(struct trial *t, const char *path)
{
	struct tree_stat stat;
	char first = 0, last = 0;

	REQUIRE(t, file_stat(t, path, &stat));
	if (stat.size > 0 && (tree_pread(case_tree(t), path, 0, &first, 1) != 1 ||
			      tree_pread(case_tree(t), path, stat.size - 1, &last, 1) != 1))
		case_broken(t, "%s cannot be read", path);
	if (first == '/' && last == '\n')
		check_passed(t);
	else
		FAIL(t, "%s %s", path,
		     stat.size == 0 ? "is empty"
		     : last != '\n' ? "is cut off"
				    : "is no list of files");
}

static void check_installed(struct trial *t, const char *const *lists, size_t count,
			    const struct dpkg_package *package)
{
	const char *list = find_file_list(t, lists, count, package);

	if (list)
		check_file_list(t, case_format(t, DPKG_INFO "/%s", list));
	else
		FAIL(t, "package %s is installed, but its list of files is missing", package->name);
}

static void check_package_state(struct trial *t, const struct dpkg_package *package)
{
	static const char *const whole[] = {"installed", "config-files", "not-installed"};

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (strcmp(package->state, whole[i]) == 0 && strcmp(package->flag, "ok") == 0) {
			check_passed(t);
			return;
		}
	FAIL(t, "package %s %s is \"%s %s\"", package->name, package->version, package->flag,
	     package->state);
}

static void check_dpkg(struct trial *t)
{
	const char *text = file_text(t, DPKG_STATUS), *problem = dpkg_status_problem(text);
	const char *const *lists = file_names(t, DPKG_INFO);
	struct dpkg_package package;
	size_t count = 0, list_count = 0;

	while (lists[list_count])
		list_count++;
	if (problem)
		FAIL(t, "%s %s", DPKG_STATUS, problem);
	for (const char *at = text; dpkg_next(&at, &package); count++) {
		if (package.name[0] == '\0' || package.state[0] == '\0') {
			FAIL(t, "paragraph %zu of %s names no package or state", count + 1,
			     DPKG_STATUS);
			continue;
		}
		check_package_state(t, &package);
		if (dpkg_is_installed(&package) && list_count > 0)
			check_installed(t, lists, list_count, &package);
	}
	/* What dpkg writes before it changes the status file; left over when it was stopped in between. */
	if (file_names(t, "/var/lib/dpkg/updates")[0])
		FAIL(t, "dpkg was interrupted: /var/lib/dpkg/updates is not empty");
}

/* ---- rpm ---- */

static uint64_t be32(const unsigned char *at)
{
	return (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3];
}

/* SQLite's header: page size at 16, pages at 28; they must fit the file (sqlite.org, file format). */
static void check_sqlite(struct trial *t, const char *path, const unsigned char *head,
			 uint64_t size)
{
	uint64_t page = (uint64_t)head[16] << 8 | head[17];

	if (page == 1)
		page = 65536;
	REQUIRE(t, page >= 512 && (page & (page - 1)) == 0);
	CHECK_EQ(t, size % page, (uint64_t)0);
	/* The count is right only when the change counter is the one that it was written with. */
	if (be32(head + 24) == be32(head + 92))
		CHECK_EQ(t, be32(head + 28) * page, size);
	note(t, "%s has pages of %llu bytes", path, (unsigned long long)page);
}

static void check_rpm(struct trial *t, const char *path)
{
	unsigned char head[100];
	struct tree_stat stat;

	REQUIRE(t, file_stat(t, path, &stat));
	REQUIRE_EQ(t, tree_pread(case_tree(t), path, 0, head, sizeof head), (ssize_t)sizeof head);
	if (has_suffix(path, ".sqlite")) {
		REQUIRE(t, memcmp(head, "SQLite format 3", 16) == 0);
		check_sqlite(t, path, head, stat.size);
	} else if (has_suffix(path, ".db")) {
		CHECK(t, memcmp(head, "RpmP", 4) == 0);
	} else {
		CHECK(t, memcmp(head + 12, "\x61\x15\x06\0", 4) == 0 ||
				 memcmp(head + 12, "\0\x06\x15\x61", 4) == 0);
	}
}

/* ---- apk, pacman ---- */

static void check_apk(struct trial *t)
{
	const char *text = file_text(t, APK_DATABASE);
	bool has_name = false, has_version = false;
	unsigned count = 0;

	for (const char *line; (line = text_line(t, &text));) {
		if (has_prefix(line, "P:"))
			has_name = true;
		else if (has_prefix(line, "V:"))
			has_version = true;
		else if (has_prefix(line, "f:") && line[2])
			FAIL(t, "a package of the apk database is marked broken: \"%s\"", line);
		if (line[0] != '\0')
			continue;
		if (has_name && has_version)
			check_passed(t);
		else if (has_name)
			FAIL(t, "a package of the apk database has no version");
		count += has_name;
		has_name = has_version = false;
	}
	if (count == 0)
		FAIL(t, "%s names no package", APK_DATABASE);
}

static void check_pacman(struct trial *t)
{
	unsigned count = 0;

	for (const char *const *name = file_names(t, PACMAN_DATABASE); *name; name++) {
		if (strcmp(*name, "ALPM_DB_VERSION") == 0)
			continue;
		count++;
		const char *path = case_format(t, PACMAN_DATABASE "/%s/desc", *name);
		struct tree_stat stat;
		if (file_stat(t, path, &stat) && stat.size > 0)
			check_passed(t);
		else
			FAIL(t, "%s is missing or empty", path);
	}
	if (count == 0)
		FAIL(t, "%s names no package", PACMAN_DATABASE);
	if (file_exists(t, "/var/lib/pacman/db.lck"))
		FAIL(t, "pacman was interrupted: /var/lib/pacman/db.lck was left");
}

static const char *rpm_database(struct trial *t)
{
	for (size_t i = 0; i < ARRAY_LEN(rpm_databases); i++)
		if (file_exists(t, rpm_databases[i]))
			return rpm_databases[i];
	return NULL;
}

AUDIT(packages, database_is_consistent,
      .title = "The package database opens and no package is half installed", .priority = P0,
      .sources = "kola:files/rpmdb-sqlite",
      .why = "With a damaged database or a half installed package no update can be installed "
	     "any more.",
      .remedy = "Run dpkg --configure -a (rpm --rebuilddb) in the image, and find what stopped "
		"the build's installation.")
{
	const char *rpm = rpm_database(t);

	if (file_exists(t, DPKG_STATUS))
		check_dpkg(t);
	else if (rpm)
		check_rpm(t, rpm);
	else if (file_exists(t, APK_DATABASE))
		check_apk(t);
	else if (file_names(t, PACMAN_DATABASE)[0])
		check_pacman(t);
	else
		case_skip(t, "cmd:dpkg", "no database of dpkg, rpm, apk or pacman is found");
}

SABOTAGE(packages, database_is_consistent, "a package is half configured")
{
	const char *rpm = rpm_database(t);

	if (file_exists(t, DPKG_STATUS))
		sabotage_append(
			t, DPKG_STATUS,
			"\nPackage: halfway\nStatus: install ok half-configured\nVersion: 1.0\n");
	else if (rpm)
		sabotage_file(t, rpm, "this is no database");
	else if (file_exists(t, APK_DATABASE))
		sabotage_append(t, APK_DATABASE, "\nP:halfway\nV:1.0\nf:f\n");
	else
		sabotage_file(t, "/var/lib/pacman/db.lck", "");
}

/* ---- dependencies ---- */

/* What is there under a name: the package itself, or another that provides it. */
struct provided {
	const char *name, *version; /* "" for a name provided without a version */
};

struct package_index {
	struct provided *items;
	size_t count;
};

static int compare_provided(const void *a, const void *b)
{
	return strcmp(((const struct provided *)a)->name, ((const struct provided *)b)->name);
}

static void add(struct trial *t, struct package_index *index, const char *name, const char *version)
{
	if (index->count < PACKAGES_MAX)
		index->items[index->count++] = (struct provided){case_format(t, "%s", name),
								 case_format(t, "%s", version)};
}

static struct package_index *read_installed(struct trial *t, const char *text)
{
	struct package_index *index = case_alloc(t, sizeof *index);
	struct dpkg_package package;
	struct dpkg_relation relation;
	const char *value;
	size_t length;

	index->items = case_alloc(t, PACKAGES_MAX * sizeof *index->items);
	while (dpkg_next(&text, &package)) {
		if (!dpkg_is_installed(&package))
			continue;
		add(t, index, package.name, package.version);
		if (dpkg_field(&package, "Provides", &value, &length))
			for (const char *at = value;
			     dpkg_relation_next(&at, value + length, &relation);)
				add(t, index, relation.name, relation.version);
	}
	qsort(index->items, index->count, sizeof *index->items, compare_provided);
	return index;
}

static bool is_met(const struct package_index *index, const struct dpkg_relation *relation)
{
	struct provided wanted = {.name = relation->name};
	const struct provided *found =
		bsearch(&wanted, index->items, index->count, sizeof wanted, compare_provided);

	if (!found)
		return false;
	while (found > index->items && strcmp(found[-1].name, relation->name) == 0)
		found--;
	for (; found < index->items + index->count && strcmp(found->name, relation->name) == 0;
	     found++)
		if (relation->how[0] == '\0' ||
		    (found->version[0] &&
		     dpkg_version_fits(found->version, relation->how, relation->version)))
			return true;
	return false;
}

static void check_relations(struct trial *t, const struct package_index *index,
			    const struct dpkg_package *package, const char *field)
{
	struct dpkg_relation relation;
	const char *value;
	size_t length;
	bool met = false;

	if (!dpkg_field(package, field, &value, &length))
		return;
	for (const char *at = value; dpkg_relation_next(&at, value + length, &relation);) {
		met = met || is_met(index, &relation);
		if (!relation.is_last_or)
			continue;
		if (met)
			check_passed(t);
		else
			FAIL(t, "package %s %s needs %s%s%s%s%s", package->name, package->version,
			     relation.name, relation.how[0] ? " (" : "", relation.how,
			     relation.version, relation.how[0] ? ")" : "");
		met = false;
	}
}

AUDIT(packages, no_unmet_dependency, .title = "Every installed package has its dependencies",
      .priority = P1, .sources = "CIV:test_rpm_v_unsatisfied_dependencies",
      .why = "A program whose library or helper is missing fails when it is needed, and no "
	     "update installs any more.",
      .remedy = "Run apt-get --fix-broken install in the image; do not install packages with "
		"force.")
{
	const char *text = dpkg_status(t);
	struct dpkg_package package;

	const struct package_index *index = read_installed(t, text);
	for (const char *at = text; dpkg_next(&at, &package);) {
		if (!dpkg_is_installed(&package))
			continue;
		check_relations(t, index, &package, "Pre-Depends");
		check_relations(t, index, &package, "Depends");
	}
}

SABOTAGE(packages, no_unmet_dependency, "a package needs one that is not installed")
{
	sabotage_append(t, DPKG_STATUS,
			"\nPackage: needy\nStatus: install ok installed\nArchitecture: all\n"
			"Version: 1.0\nDepends: not-there (>= 1.0) | nor-this\n");
}

/* Versions that came with a back door. Holes that distributions repair without a new upstream version do not belong
 * here: their versions say nothing. */
static const struct bad_version {
	const char *package, *from, *to, *what;
} bad_versions[] = {
	{"liblzma5", "5.6.0", "5.6.1-1", "the back door of CVE-2024-3094"},
	{"xz-utils", "5.6.0", "5.6.1-1", "the back door of CVE-2024-3094"},
};

AUDIT(packages, no_version_on_denylist,
      .title = "No installed version is on the list of famous unpatched flaws", .priority = P1,
      .sources = "LISA:verify_omi_version,AZCERT:ms-selftest/50-security-threats,"
		 "AZCERT:ms-selftest/52-sack-cve-2019-11477-8-9,AZCERT:lisa-std/p1-omi,"
		 "AZCERT:aws-mp/security-vulnerabilities",
      .why = "These holes give root to anybody, and are tried on every machine on the "
	     "internet.",
      .remedy = "Update the package.")
{
	const char *text = dpkg_status(t);
	struct dpkg_package package;

	while (dpkg_next(&text, &package)) {
		for (size_t i = 0; dpkg_is_installed(&package) && i < ARRAY_LEN(bad_versions);
		     i++) {
			const struct bad_version *bad = &bad_versions[i];
			if (strcmp(package.name, bad->package) != 0)
				continue;
			if (dpkg_version_fits(package.version, ">=", bad->from) &&
			    dpkg_version_fits(package.version, "<=", bad->to))
				FAIL(t, "%s %s has %s", package.name, package.version, bad->what);
		}
		check_passed(t);
	}
}

SABOTAGE(packages, no_version_on_denylist, "xz 5.6.0 is installed")
{
	sabotage_append(t, DPKG_STATUS,
			"\nPackage: xz-utils\nStatus: install ok installed\nArchitecture: amd64\n"
			"Version: 5.6.0-0.2\n");
}
