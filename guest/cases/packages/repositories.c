/* SPDX-License-Identifier: Apache-2.0 */
/* Where packages come from: the configured sources are those of the product's policy. */
#include <fnmatch.h>

#include "guest/kit/policy.h"

#define SOURCES_MAX 512

struct source {
	const char *uri, *file;
};

struct sources {
	struct trial *t;
	struct source items[SOURCES_MAX];
	size_t count;
	bool has_place; /* some package manager's configuration is there */
};

static void add(struct sources *sources, const char *uri, size_t length, const char *file)
{
	if (sources->count == SOURCES_MAX)
		case_broken(sources->t, "there are more than %d package sources", SOURCES_MAX);
	while (length > 1 && uri[length - 1] == '/')
		length--;
	sources->items[sources->count++] =
		(struct source){case_format(sources->t, "%.*s", (int)length, uri), file};
}

static void add_words(struct sources *sources, const char *words, const char *file)
{
	while (*(words += strspn(words, " \t,"))) {
		size_t length = strcspn(words, " \t,");
		add(sources, words, length, file);
		words += length;
	}
}

/* ---- apt ---- */

/* deb [trusted=yes] URI suite component */
static void read_list_line(struct sources *sources, const char *line, const char *file)
{
	const char *at = line + strspn(line, " \t");

	if (!has_prefix(at, "deb ") && !has_prefix(at, "deb\t") && !has_prefix(at, "deb-src"))
		return;
	at += strcspn(at, " \t");
	at += strspn(at, " \t");
	if (*at == '[') {
		at += strcspn(at, "]");
		at += strspn(at, "] \t");
	}
	if (*at)
		add(sources, at, strcspn(at, " \t"), file);
}

/* Paragraphs of fields; a line that begins with a blank goes on with the field before it. */
static void read_deb822(struct sources *sources, const char *text, const char *file)
{
	size_t begin = sources->count;
	bool is_uris = false, is_off = false;

	for (const char *line; (line = text_line(sources->t, &text));) {
		if (line[0] == '#')
			continue;
		if (line[strspn(line, " \t")] == '\0') {
			if (is_off)
				sources->count = begin;
			begin = sources->count;
			is_uris = is_off = false;
			continue;
		}
		if (line[0] != ' ' && line[0] != '\t') {
			is_uris = strncasecmp(line, "URIs:", 5) == 0;
			is_off = is_off || (strncasecmp(line, "Enabled:", 8) == 0 &&
					    strcasestr(line + 8, "no"));
		}
		if (is_uris)
			add_words(sources, line[0] == ' ' ? line : line + 5, file);
	}
	if (is_off)
		sources->count = begin;
}

static void read_apt_file(struct sources *sources, const char *file)
{
	const char *text = file_text(sources->t, file);

	if (!text)
		return;
	sources->has_place = true;
	if (has_suffix(file, ".sources")) {
		read_deb822(sources, text, file);
		return;
	}
	for (const char *line; (line = text_line(sources->t, &text));)
		read_list_line(sources, line, file);
}

static void read_apt(struct sources *sources)
{
	struct trial *t = sources->t;

	read_apt_file(sources, "/etc/apt/sources.list");
	for (const char *const *name = file_names(t, "/etc/apt/sources.list.d"); *name; name++)
		if (has_suffix(*name, ".list") || has_suffix(*name, ".sources"))
			read_apt_file(sources, case_format(t, "/etc/apt/sources.list.d/%s", *name));
}

/* ---- dnf, zypper ---- */

/* Sections with enabled=, and the places where their packages are. */
static void read_repo_file(struct sources *sources, const char *file)
{
	static const char *const keys[] = {"baseurl", "metalink", "mirrorlist"};
	const char *text = file_text(sources->t, file);
	size_t begin = sources->count;
	bool is_off = false;

	for (const char *line; text && (line = text_line(sources->t, &text));) {
		if (line[0] == '[') {
			if (is_off)
				sources->count = begin;
			begin = sources->count;
			is_off = false;
		}
		const char *equals = strchr(line, '=');
		size_t length = strcspn(line, " \t=");
		for (size_t i = 0; equals && i < ARRAY_LEN(keys); i++)
			if (length == strlen(keys[i]) && strncmp(line, keys[i], length) == 0)
				add_words(sources, equals + 1, file);
		if (equals && has_prefix(line, "enabled") && strchr(equals, '0'))
			is_off = true;
	}
	if (is_off)
		sources->count = begin;
}

static void read_repos(struct sources *sources)
{
	static const char *const folders[] = {"/etc/yum.repos.d", "/etc/zypp/repos.d"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(sources->t, folders[i]); *name; name++) {
			if (!has_suffix(*name, ".repo"))
				continue;
			sources->has_place = true;
			read_repo_file(sources,
				       case_format(sources->t, "%s/%s", folders[i], *name));
		}
}

/* ---- apk ---- */

static void read_apk(struct sources *sources)
{
	static const char file[] = "/etc/apk/repositories";
	const char *text = file_text(sources->t, file);

	sources->has_place = sources->has_place || text;
	for (const char *line; text && (line = text_line(sources->t, &text));) {
		const char *at = line + strspn(line, " \t");
		if (*at == '@') { /* a name for pinning */
			at += strcspn(at, " \t");
			at += strspn(at, " \t");
		}
		if (*at && *at != '#')
			add(sources, at, strcspn(at, " \t"), file);
	}
}

/* ---- the case ---- */

static const struct sources *read_sources(struct trial *t)
{
	struct sources *sources = case_alloc(t, sizeof *sources);

	sources->t = t;
	read_apt(sources);
	read_repos(sources);
	read_apk(sources);
	if (!sources->has_place)
		case_skip(t, "distro", "no configuration of apt, dnf, zypper or apk is found");
	return sources;
}

/* A slash at the end makes no difference. */
static const char *without_slash(struct trial *t, const char *uri)
{
	size_t length = strlen(uri);

	while (length > 1 && uri[length - 1] == '/')
		length--;
	return case_format(t, "%.*s", (int)length, uri);
}

static bool is_designed(struct trial *t, const char *const *designed, const char *uri)
{
	for (; *designed; designed++)
		if (fnmatch(without_slash(t, *designed), uri, 0) == 0)
			return true;
	return false;
}

static bool is_configured(struct trial *t, const struct sources *sources, const char *designed)
{
	for (size_t i = 0; i < sources->count; i++)
		if (fnmatch(without_slash(t, designed), sources->items[i].uri, 0) == 0)
			return true;
	return false;
}

AUDIT(packages, repositories_match_policy,
      .title = "Configured package sources are exactly the designed ones", .priority = P1,
      .needs = "policy:repositories",
      .sources = "LISA:verify_repository_installed,imgproof:test_sles_repos,"
		 "CIV:test_no_e4s_repo_definition,kola:files/yum-repo-dir,"
		 "AZCERT:lisa-std/p1-repositories",
      .why = "From a source too many comes foreign software; from one too few no security update.",
      .remedy =
	      "Remove the file of the source, add the missing one, or correct repositories in the "
	      "policy.")
{
	const char *const *designed = policy_words_if_any(t, "repositories");
	const struct sources *sources = read_sources(t);

	for (size_t i = 0; i < sources->count; i++)
		if (is_designed(t, designed, sources->items[i].uri))
			check_passed(t);
		else
			FAIL(t, "%s has %s, which the policy does not name", sources->items[i].file,
			     sources->items[i].uri);
	for (const char *const *wanted = designed; *wanted; wanted++)
		if (is_configured(t, sources, *wanted))
			check_passed(t);
		else
			FAIL(t, "%s is not configured", *wanted);
	if (!designed[0] && sources->count == 0)
		check_passed(t);
}

SABOTAGE(packages, repositories_match_policy, "a third party's source is configured")
{
	const char *line = "deb http://third-party.example/debian stable main\n";

	if (file_exists(t, "/etc/apt"))
		sabotage_file(t, "/etc/apt/sources.list.d/planted.list", line);
	else if (file_exists(t, "/etc/apk/repositories"))
		sabotage_append(t, "/etc/apk/repositories", "http://third-party.example/alpine");
	else
		sabotage_file(t, "/etc/yum.repos.d/planted.repo",
			      "[planted]\nbaseurl=http://third-party.example/\n");
}
