// SPDX-License-Identifier: Apache-2.0
// sudo's rules in a tree (sudoers(5)).
#include "guest/kit/sudoers.h"

#include "guest/kit/line.h"

#define SUDOERS		  "/etc/sudoers"
#define INCLUDE_DEPTH_MAX 16

struct reader {
	struct trial *t;
	sudoers_line_fn *on_line;
	sudoers_file_fn *on_file;
	void *arg;
	unsigned depth;
};

static void read_file(struct reader *reader, const char *path);

/* Files whose names hold a dot or end in a tilde are passed over, as editors and package managers leave such. */
static void read_folder(struct reader *reader, const char *folder)
{
	for (const char *const *name = file_names(reader->t, folder); *name; name++)
		if (!strchr(*name, '.') && !has_suffix(*name, "~"))
			read_file(reader, case_format(reader->t, "%s/%s", folder, *name));
}

/* The path behind an include word, relative ones beside the including file. */
static const char *include_path(struct reader *reader, const char *from, const char *line,
				const char *word)
{
	struct words words;

	if (!has_prefix(line, word) || !strchr(" \t", line[strlen(word)]))
		return NULL;
	words_split(line, &words);
	if (words.count < 2)
		return NULL;
	if (words.at[1][0] == '/')
		return case_format(reader->t, "%s", words.at[1]);
	const char *slash = strrchr(from, '/');
	return case_format(reader->t, "%.*s/%s", (int)(slash - from), from, words.at[1]);
}

/* True when the line was an include, which has then been read. */
static bool follow_include(struct reader *reader, const char *from, const char *line)
{
	static const char *const folders[] = {"@includedir", "#includedir"}, *const files[] = {
										     "@include",
										     "#include"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const char *folder = include_path(reader, from, line, folders[i]);
		const char *file = include_path(reader, from, line, files[i]);
		if (folder)
			read_folder(reader, folder);
		if (file)
			read_file(reader, file);
		if (folder || file)
			return true;
	}
	return false;
}

/* Cuts a line at its comment; "#1000" right behind a word's beginning is a user's number. */
static void cut_comment(char *line)
{
	bool quoted = false;

	for (char *at = line; *at; at++) {
		if (*at == '\\' && at[1]) {
			at++;
		} else if (*at == '"') {
			quoted = !quoted;
		} else if (*at == '#' && !quoted && !(at[1] >= '0' && at[1] <= '9')) {
			*at = '\0';
			return;
		}
	}
}

static void take_line(struct reader *reader, const char *path, char *line)
{
	char *trimmed = line_trim(line);

	if (follow_include(reader, path, trimmed))
		return;
	cut_comment(trimmed);
	trimmed = line_trim(trimmed);
	if (trimmed[0] && reader->on_line)
		reader->on_line(reader->t, reader->arg, path, trimmed);
}

static void read_file(struct reader *reader, const char *path)
{
	const char *text = file_text(reader->t, path);
	char *whole = case_alloc(reader->t, LINE_SIZE), *line = case_alloc(reader->t, LINE_SIZE);

	if (!text)
		return;
	if (reader->depth >= INCLUDE_DEPTH_MAX)
		case_broken(reader->t, "the includes of sudoers go deeper than %d files",
			    INCLUDE_DEPTH_MAX);
	reader->depth++;
	if (reader->on_file)
		reader->on_file(reader->t, reader->arg, path);
	for (size_t used = 0; line_next(&text, line, LINE_SIZE, NULL);) {
		size_t length = strlen(line);
		bool goes_on = length > 0 && line[length - 1] == '\\' && *text;
		if (used + length >= LINE_SIZE)
			case_broken(reader->t, "a rule in %s is longer than %d bytes", path,
				    LINE_SIZE);
		memcpy(whole + used, line, length + 1);
		used += length - goes_on;
		whole[used] = '\0';
		if (goes_on)
			continue;
		take_line(reader, path, whole);
		used = 0;
	}
	reader->depth--;
}

static void require_sudo(struct trial *t)
{
	if (!file_exists(t, "/usr/bin/sudo") || !file_exists(t, SUDOERS))
		case_skip(t, "cmd:sudo", "sudo is not installed");
}

void sudoers_each_line(struct trial *t, sudoers_line_fn *fn, void *arg)
{
	struct reader reader = {.t = t, .on_line = fn, .arg = arg};

	require_sudo(t);
	read_file(&reader, SUDOERS);
}

void sudoers_each_file(struct trial *t, sudoers_file_fn *fn, void *arg)
{
	struct reader reader = {.t = t, .on_file = fn, .arg = arg};

	require_sudo(t);
	read_file(&reader, SUDOERS);
}

static bool is_alias(const char *word)
{
	static const char *const words[] = {"User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias",
					    "Cmd_Alias"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static const char *quoting_problem(const char *line)
{
	unsigned quotes = 0, open = 0;

	for (const char *at = line; *at; at++) {
		if (*at == '\\' && at[1]) {
			at++;
			continue;
		}
		quotes += *at == '"';
		if (quotes % 2)
			continue;
		if (*at == '(')
			open++;
		else if (*at == ')' && open-- == 0)
			return "closes a parenthesis that is not open";
	}
	if (quotes % 2)
		return "has a quote without an end";
	return open ? "has a parenthesis without an end" : NULL;
}

const char *sudoers_line_problem(const char *line)
{
	size_t length = strcspn(line, " \t");
	char word[32] = "";
	const char *equals = strchr(line, '=');

	memcpy(word, line, length < sizeof word ? length : sizeof word - 1);
	if (has_prefix(word, "Defaults"))
		return line[length] ? quoting_problem(line) : "sets nothing";
	const char *problem = quoting_problem(line);
	if (problem)
		return problem;
	if (!equals || equals[1 + strspn(equals + 1, " \t")] == '\0')
		return "assigns nothing: it has no '=' with something behind it";
	/* A rule is "who where = what": at least two words before the equals sign; an alias is "Kind NAME = list". */
	const char *second = line + length + strspn(line + length, " \t");
	if (second >= equals)
		return is_alias(word) ? "names no alias" : "names no host";
	return NULL;
}
