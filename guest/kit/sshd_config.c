// SPDX-License-Identifier: Apache-2.0
// The settings that sshd takes from its configuration (sshd_config(5)).
#include "guest/kit/sshd_config.h"

#include <fnmatch.h>
#include <strings.h>

#include "guest/kit/line.h"

#define INCLUDE_DEPTH_MAX 8 /* sshd itself allows 16 */

/* What is looked for, and where the reader stands. */
struct search {
	struct trial *t;
	const char *keyword, *value;
	sshd_match_fn *on_match;
	void *arg;
	const char *criteria; /* of the open Match block, NULL outside */
	unsigned depth;
};

static void read_file(struct search *search, const char *path);

const char *sshd_config_path(struct trial *t)
{
	static const char *const servers[] = {"/usr/sbin/sshd", "/usr/bin/sshd"};
	static const char *const paths[] = {"/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"};
	bool has_server = false;

	for (size_t i = 0; i < ARRAY_LEN(servers); i++)
		has_server = has_server || file_exists(t, servers[i]);
	for (size_t i = 0; has_server && i < ARRAY_LEN(paths); i++)
		if (file_exists(t, paths[i]))
			return paths[i];
	case_skip(t, "cmd:sshd", "no OpenSSH server is installed");
}

/* The last component of an Include may be a pattern; its files are read in the order of their names. */
static void read_included(struct search *search, const char *pattern)
{
	struct trial *t = search->t;

	if (pattern[0] != '/')
		pattern = case_format(t, "/etc/ssh/%s", pattern);
	const char *slash = strrchr(pattern, '/');
	const char *folder = case_format(t, "%.*s", (int)(slash - pattern), pattern);
	if (search->depth >= INCLUDE_DEPTH_MAX)
		case_broken(t, "the includes of sshd_config go deeper than %d files",
			    INCLUDE_DEPTH_MAX);
	search->depth++;
	for (const char *const *name = file_names(t, folder); *name; name++)
		if (fnmatch(slash + 1, *name, FNM_PERIOD) == 0)
			read_file(search, case_format(t, "%s/%s", folder, *name));
	search->depth--;
}

static void read_keyword(struct search *search, const char *keyword, const char *value)
{
	if (strcasecmp(keyword, search->keyword) != 0)
		return;
	if (search->criteria && search->on_match)
		search->on_match(search->t, search->arg, search->criteria, value);
	else if (!search->criteria && !search->value)
		search->value = value;
}

static void read_line(struct search *search, char *line)
{
	struct words words;
	struct trial *t = search->t;
	char *equals = strchr(line, '=');

	/* "Keyword=value" and "Keyword value" are the same. */
	if (equals && strcspn(line, " \t") > (size_t)(equals - line))
		*equals = ' ';
	words_split(line, &words);
	if (words.count < 2 || words.at[0][0] == '#')
		return;
	if (strcasecmp(words.at[0], "Include") == 0) {
		for (unsigned i = 1; i < words.count; i++)
			read_included(search, case_format(t, "%s", words.at[i]));
	} else if (strcasecmp(words.at[0], "Match") == 0) {
		bool is_all = words.count == 2 && strcasecmp(words.at[1], "all") == 0;
		const char *text = line_trim(line);
		search->criteria =
			is_all ? NULL : case_format(t, "%s", text + strcspn(text, " \t"));
	} else {
		read_keyword(search, words.at[0], case_format(t, "%s", words.at[1]));
	}
}

/* A Match block ends with the file that it stands in. */
static void read_file(struct search *search, const char *path)
{
	const char *text = file_text(search->t, path), *outer = search->criteria;
	char *line = case_alloc(search->t, LINE_SIZE);

	while (text && line_next(&text, line, LINE_SIZE, NULL))
		read_line(search, line_trim(line));
	search->criteria = outer;
}

const char *sshd_setting(struct trial *t, const char *keyword, const char *fallback)
{
	struct search search = {.t = t, .keyword = keyword};

	read_file(&search, sshd_config_path(t));
	return search.value ? search.value : fallback;
}

void sshd_each_match(struct trial *t, const char *keyword, sshd_match_fn *fn, void *arg)
{
	struct search search = {.t = t, .keyword = keyword, .on_match = fn, .arg = arg};

	read_file(&search, sshd_config_path(t));
}

void sshd_sabotage(struct trial *t, const char *line)
{
	const char *path = sshd_config_path(t), *text = file_text(t, path);

	sabotage_file(t, path, case_format(t, "%s\n%s", line, text ? text : ""));
}
