// SPDX-License-Identifier: Apache-2.0
// Where packages come from, and whether anybody looks at their signatures.
#include "guest/kit/case.h"
#include "guest/kit/line.h"
#include "guest/kit/unit.h"

static bool is_yes(const char *value)
{
	return strcasecmp(value, "1") == 0 || strcasecmp(value, "yes") == 0 ||
	       strcasecmp(value, "true") == 0 || strcasecmp(value, "on") == 0;
}

/* ---- apt ---- */

/* deb [trusted=yes] http://… */
static void check_one_line_source(struct trial *t, const char *path, const char *line)
{
	const char *word = line + strspn(line, " \t");

	if (!has_prefix(word, "deb ") && !has_prefix(word, "deb\t") && !has_prefix(word, "deb-src"))
		return;
	const char *open = strchr(word, '['), *close = open ? strchr(open, ']') : NULL;
	const char *options =
		close ? case_format(t, "%.*s", (int)(close - open - 1), open + 1) : "";
	if (list_has(options, "trusted=yes", " \t") ||
	    list_has(options, "allow-insecure=yes", " \t"))
		FAIL(t, "%s takes packages without a signature: \"%s\"", path, line);
	else
		check_passed(t);
}

/* Paragraphs of "Key: value". */
static void check_deb822_line(struct trial *t, const char *path, const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon || line[0] == '#')
		return;
	const char *value = colon + 1 + strspn(colon + 1, " \t");
	bool is_trust = strncasecmp(line, "Trusted:", 8) == 0 ||
			strncasecmp(line, "Allow-Insecure:", 15) == 0;
	if (is_trust && is_yes(value))
		FAIL(t, "%s takes packages without a signature: \"%s\"", path, line);
	else if (strncasecmp(line, "URIs:", 5) == 0)
		check_passed(t);
}

static void check_apt_source(struct trial *t, const char *path)
{
	const char *text = file_text(t, path);

	for (const char *line; text && (line = text_line(t, &text));) {
		if (has_suffix(path, ".sources"))
			check_deb822_line(t, path, line);
		else
			check_one_line_source(t, path, line);
	}
}

static void check_apt_config(struct trial *t, const char *path)
{
	static const char *const settings[] = {"AllowUnauthenticated", "AllowInsecureRepositories",
					       "AllowDowngradeToInsecureRepositories"};
	const char *text = file_text(t, path);

	for (const char *line; text && (line = text_line(t, &text));) {
		const char *word = line + strspn(line, " \t");
		for (size_t i = 0; word[0] != '/' && word[0] != '#' && i < ARRAY_LEN(settings);
		     i++) {
			const char *at = strstr(word, settings[i]),
				   *quote = at ? strchr(at, '"') : NULL;
			if (quote && (has_prefix(quote, "\"true\"") || has_prefix(quote, "\"1\"") ||
				      has_prefix(quote, "\"yes\"")))
				FAIL(t, "%s switches signatures off: \"%s\"", path, line);
		}
	}
}

static void check_apt(struct trial *t)
{
	check_apt_source(t, "/etc/apt/sources.list");
	for (const char *const *name = file_names(t, "/etc/apt/sources.list.d"); *name; name++)
		if (has_suffix(*name, ".list") || has_suffix(*name, ".sources"))
			check_apt_source(t, case_format(t, "/etc/apt/sources.list.d/%s", *name));
	check_apt_config(t, "/etc/apt/apt.conf");
	for (const char *const *name = file_text_names(t, "/etc/apt/apt.conf.d"); *name; name++)
		check_apt_config(t, case_format(t, "/etc/apt/apt.conf.d/%s", *name));
}

/* ---- dnf, yum, zypper ---- */

/* One repository while its file is read, with the values of the main configuration as defaults. */
struct repository {
	const char *path, *section;
	bool main_checks, is_enabled, checks;
};

static void judge(struct trial *t, const struct repository *repository)
{
	if (repository->section[0] == '\0' || !repository->is_enabled)
		return;
	if (repository->checks)
		check_passed(t);
	else
		FAIL(t, "repository %s in %s does not check signatures", repository->section,
		     repository->path);
}

static void take_repository(struct trial *t, void *arg, const char *section, const char *key,
			    const char *value)
{
	struct repository *repository = arg;

	if (strcmp(section, repository->section) != 0) {
		judge(t, repository);
		repository->section = section;
		repository->is_enabled = true;
		repository->checks = repository->main_checks;
	}
	if (strcmp(key, "enabled") == 0)
		repository->is_enabled = is_yes(value);
	else if (strcmp(key, "gpgcheck") == 0 || strcmp(key, "pkg_gpgcheck") == 0)
		repository->checks = is_yes(value);
}

static void take_main(struct trial *t UNUSED, void *arg, const char *section, const char *key,
		      const char *value)
{
	bool *checks = arg;

	if (strcmp(section, "main") == 0 && strcmp(key, "gpgcheck") == 0)
		*checks = is_yes(value);
}

static void check_repository_folder(struct trial *t, const char *folder, bool main_checks)
{
	for (const char *const *name = file_names(t, folder); *name; name++) {
		struct repository repository = {.section = "", .main_checks = main_checks};
		if (!has_suffix(*name, ".repo"))
			continue;
		repository.path = case_format(t, "%s/%s", folder, *name);
		ini_each_setting(t, repository.path, take_repository, &repository);
		judge(t, &repository);
	}
}

static bool has_apt(struct trial *t)
{
	return file_exists(t, "/usr/bin/apt-get");
}

AUDIT(packages, repositories_demand_signatures,
      .title = "Every enabled package source demands signature checks", .priority = P1,
      .why = "Whoever stands between the machine and its mirror installs what he likes, as "
	     "root.",
      .remedy = "Remove trusted=yes and gpgcheck=0, and install the repository's key.")
{
	bool main_checks = true, has_rpm = file_names(t, "/etc/yum.repos.d")[0] ||
					   file_names(t, "/etc/zypp/repos.d")[0];

	if (!has_apt(t) && !has_rpm)
		case_skip(t, "cmd:apt", "no package sources of apt, dnf or zypper are configured");
	if (has_apt(t))
		check_apt(t);
	ini_each_setting(t, "/etc/dnf/dnf.conf", take_main, &main_checks);
	ini_each_setting(t, "/etc/yum.conf", take_main, &main_checks);
	check_repository_folder(t, "/etc/yum.repos.d", main_checks);
	check_repository_folder(t, "/etc/zypp/repos.d", true);
	check_passed(t);
}

SABOTAGE(packages, repositories_demand_signatures,
	 "a package source is trusted without a signature")
{
	if (has_apt(t))
		sabotage_file(t, "/etc/apt/sources.list.d/planted.list",
			      "deb [trusted=yes] http://192.0.2.1/ ./\n");
	else if (file_names(t, "/etc/zypp/repos.d")[0])
		sabotage_file(t, "/etc/zypp/repos.d/planted.repo",
			      "[planted]\nenabled=1\ngpgcheck=0\n");
	else
		sabotage_file(t, "/etc/yum.repos.d/planted.repo",
			      "[planted]\nenabled=1\ngpgcheck=0\n");
}

/* The value of an apt setting such as APT::Periodic::Unattended-Upgrade "1"; the last file's counts. */
static const char *apt_setting(struct trial *t, const char *key)
{
	const char *value = NULL;

	for (const char *const *name = file_text_names(t, "/etc/apt/apt.conf.d"); *name; name++) {
		const char *text = file_text(t, case_format(t, "/etc/apt/apt.conf.d/%s", *name));
		struct words words;
		for (const char *line; text && (line = text_line(t, &text));) {
			words_split(line, &words);
			if (words.count < 2 || strcmp(words.at[0], key) != 0)
				continue;
			value = case_format(t, "%.*s", (int)strcspn(words.at[1], ";"), words.at[1]);
		}
	}
	return value;
}

AUDIT(packages, security_updates_are_automatic,
      .title = "Unattended security updates are installed and enabled", .priority = P1,
      .sources = "CIT:security.TestAutomaticUpdates,AZCERT:hygiene/unattended-upgrades",
      .why = "Most machines that are broken into had an update waiting.",
      .remedy =
	      "Set APT::Periodic::Unattended-Upgrade \"1\", or enable dnf-automatic-install.timer.")
{
	bool has_unattended = file_exists(t, "/usr/bin/unattended-upgrade");
	bool has_automatic = file_exists(t, "/usr/bin/dnf-automatic");

	if (!has_unattended && !has_automatic)
		case_skip(t, "cmd:unattended-upgrade",
			  "neither unattended-upgrades nor dnf-automatic is installed");
	if (has_unattended) {
		const char *value = apt_setting(t, "APT::Periodic::Unattended-Upgrade");
		CHECK_EQ(t, value ? value : "0", "1");
	}
	if (has_automatic)
		CHECK(t, unit_is_enabled(t, "dnf-automatic.timer") ||
				 unit_is_enabled(t, "dnf-automatic-install.timer"));
}

SABOTAGE(packages, security_updates_are_automatic, "unattended upgrades are switched off")
{
	if (!file_exists(t, "/usr/bin/unattended-upgrade"))
		case_skip(t, "cmd:unattended-upgrade", "unattended-upgrades is not installed");
	sabotage_file(t, "/etc/apt/apt.conf.d/zz-planted",
		      "APT::Periodic::Unattended-Upgrade \"0\";\n");
}
