/* SPDX-License-Identifier: Apache-2.0 */
/* What tmpfiles.d(5) says shall be there, and what is. */
#include "guest/kit/case.h"
#include "guest/kit/line.h"

#define RULES_MAX 2048

/* The folders in the order of their right: a file in the first hides those of that name in the others. */
static const char *const folders[] = {"/etc/tmpfiles.d", "/run/tmpfiles.d",
				      "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"};

struct rule {
	const char *path;
	unsigned mode;
};

struct rules {
	struct rule items[RULES_MAX];
	unsigned count;
};

static bool is_known(const struct rules *rules, const char *path)
{
	for (unsigned i = 0; i < rules->count; i++) {
		if (strcmp(rules->items[i].path, path) == 0)
			return true;
	}
	return false;
}

/* -1: "-" for the default, or a mode that depends on what is there. */
static int octal(const char *text)
{
	int value = 0;

	if (!*text || strspn(text, "01234567") != strlen(text) || strlen(text) > 5)
		return -1;
	for (; *text; text++)
		value = value * 8 + (*text - '0');
	return value;
}

/* What systemd-tmpfiles takes for a rule; the rest it complains of, and goes on. */
static bool is_rule(const struct words *words)
{
	static const char types[] = "AaBbCcDdeFfHhLmpQqRrTtvwXxZz";

	return words->count >= 2 && words->at[0][0] && strchr(types, words->at[0][0]) &&
	       (words->at[1][0] == '/' || words->at[1][0] == '%');
}

/* Takes a line that makes a folder with a mode of its own. What holds specifiers or depends on what is there already is
 * left out. */
static void take_line(struct trial *t, const char *file, const char *line, struct rules *rules)
{
	static const char makers[] = "dDvqQ";
	struct words *words = case_alloc(t, sizeof *words);

	words_split(line, words);
	if (words->count == 0 || words->at[0][0] == '#')
		return;
	if (!is_rule(words))
		FAIL(t, "%s: \"%s\" is no rule", file, line);
	if (!is_rule(words) || words->count < 3 || !strchr(makers, words->at[0][0]) ||
	    strpbrk(words->at[0] + 1, "-!=~^$") || strpbrk(words->at[1], "%*?[") ||
	    words->at[1][0] != '/')
		return;
	int mode = octal(words->at[2]);
	if (mode < 0 || rules->count == RULES_MAX)
		return;
	size_t length = strlen(words->at[1]);
	bool has_slash = length > 1 && words->at[1][length - 1] == '/';
	const char *path = case_format(t, "%.*s", (int)(length - has_slash), words->at[1]);
	if (!is_known(rules, path)) /* the first line about a path is the one that counts */
		rules->items[rules->count++] = (struct rule){path, (unsigned)mode};
}

static bool is_hidden(struct trial *t, size_t folder, const char *name)
{
	for (size_t i = 0; i < folder; i++) {
		struct tree_stat stat;
		if (file_lstat(t, case_format(t, "%s/%s", folders[i], name), &stat))
			return true;
	}
	return false;
}

struct rule_file {
	const char *name, *path;
};

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct rule_file *)a)->name, ((const struct rule_file *)b)->name);
}

/* All files, sorted by their names whatever folder they are in. */
static struct rules *read_rules(struct trial *t)
{
	struct rules *rules = case_alloc(t, sizeof *rules);
	struct rule_file *files = case_alloc(t, 512 * sizeof *files);
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (const char *const *name = file_names(t, folders[i]); *name && count < 512;
		     name++) {
			if (has_suffix(*name, ".conf") && !is_hidden(t, i, *name))
				files[count++] = (struct rule_file){
					*name, case_format(t, "%s/%s", folders[i], *name)};
		}
	}
	qsort(files, count, sizeof *files, compare_files);
	for (size_t i = 0; i < count; i++) {
		const char *text = file_text(t, files[i].path);
		for (const char *line; text && (line = text_line(t, &text));)
			take_line(t, files[i].path, line, rules);
	}
	return rules;
}

CASE(systemd, tmpfiles_rules_are_applied,
     .title = "Paths that tmpfiles rules create exist with their modes", .priority = P2,
     .needs = "systemd",
     .why = "Services that find their folders missing, or closed, do not start.",
     .remedy = "Run systemd-tmpfiles --create and read what it says.", .sources = "own")
{
	const struct rules *rules = read_rules(t);
	struct tree_stat stat;

	if (rules->count == 0)
		case_skip(t, "systemd", "there are no such rules");
	for (unsigned i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		if (!file_stat(t, rule->path, &stat))
			FAIL(t, "%s is not there", rule->path);
		else if ((stat.mode & 07777) != rule->mode)
			FAIL(t, "%s has mode %04o, the rule says %04o", rule->path,
			     stat.mode & 07777, rule->mode);
		else
			check_passed(t);
	}
}

SABOTAGE(systemd, tmpfiles_rules_are_applied, "a folder was not made")
{
	sabotage_append(t, "/etc/tmpfiles.d/assay.conf", "d /run/assay-not-there 0755 root root -");
}
