/* SPDX-License-Identifier: Apache-2.0 */
/* Cases that are programs: reading their folders. */
#include "host/catalog/case_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/option.h"
#include "base/yaml_schema.h"
#include "wire/need.h"

#define DEPTH_MAX     3 /* of folders below the one that is named */
#define TITLE_MAX     200
#define TIMEOUT_MAX_S 86400
#define FILE_NAME_MAX 200

/* ---- the file ---- */

/* What case.yaml says, as it says it. */
struct case_words {
	struct yaml_text title, area, name, command, why, remedy, fixes, sources;
	struct yaml_text sabotage_text, sabotage_program, sabotage_argument;
	struct yaml_number priority, isolation, timeout, where, reports;
	struct yaml_list needs, expects, files;
	struct yaml_map sabotage;
	char *needs_line, *expects_line;      /* the lists as one line */
	const char *names[YAML_LIST_MAX + 3]; /* the files with the programs */
};

static const char *const priority_words[] = {"P0", "P1", "P2", "P3", "P4", NULL};
static const char *const where_words[] = {"guest", "host", NULL};
static const char *const reports_words[] = {"exit", "tap", NULL};
/* In the order of enum case_isolation. */
static const char *const isolation_words[] = {"shared", "fork", "reboot", "cold", NULL};

bool is_case_word(const char *word)
{
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length > 0 && word[length] == '\0' && length < CASE_ID_SIZE / 2;
}

static void check_word(const char *text, struct text *why)
{
	if (!is_case_word(text))
		(void)text_addf(why, "'%.60s' is not of a-z, 0-9 and _ alone (at most %d)", text,
				CASE_ID_SIZE / 2 - 1);
}

static void check_title(const char *text, struct text *why)
{
	if (strlen(text) > TITLE_MAX)
		(void)text_addf(why, "it has more than %d bytes", TITLE_MAX);
	else if (text[strlen(text) - 1] == '.')
		(void)text_adds(why, "it is a sentence without the stop at its end");
}

static void check_need(const char *text, struct text *why)
{
	const char *kinds[128] = {NULL}, *at = text;
	struct need need;

	if (strchr(text, ',') || !need_next(&at, &need)) {
		(void)text_addf(why, "'%.60s' is not one need; a list has one in each entry", text);
		return;
	}
	if (need_is_known(&need))
		return;
	for (size_t i = 0; need_kind_at(i) && i + 1 < ARRAY_LEN(kinds); i++)
		kinds[i] = need_kind_at(i);
	const char *near = nearest_word(need.kind, kinds);
	(void)text_addf(why, "nobody knows the need '%.60s'%s%s%s", text,
			near ? "; did you mean '" : "; assay-needs(7) has them all",
			near ? near : "", near ? "'?" : "");
}

/* That there is such a pattern shows when the case is run: patterns are not the catalogue's business. */
static void check_expected(const char *text, struct text *why)
{
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
		(void)text_addf(why,
				"'%.60s' is not the name of a pattern; a list has one in each "
				"entry",
				text);
}

/* Names go to shells, parameters and frames: nothing that has a meaning there, and nothing outside of the folder. */
static void check_file(const char *text, struct text *why)
{
	if (strlen(text) > FILE_NAME_MAX)
		(void)text_addf(why, "it has more than %d bytes", FILE_NAME_MAX);
	else if (text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._+-/")] != '\0')
		(void)text_addf(why, "'%.60s' has others than letters, digits and ._+-/ in it",
				text);
	else if (text[0] == '/' || text[0] == '-' || strstr(text, "//") || strstr(text, "..") ||
		 has_suffix(text, "/"))
		(void)text_addf(why, "'%.60s' is not the name of a file in the case's folder",
				text);
}

static void check_argument(const char *text, struct text *why)
{
	if (strlen(text) > FILE_NAME_MAX)
		(void)text_addf(why, "it has more than %d bytes", FILE_NAME_MAX);
}

#define TEXT_OF(k, member, ...)                                                                    \
	{                                                                                          \
		.key = (k), .type = YAML_TEXT, .offset = offsetof(struct case_words, member),      \
		__VA_ARGS__                                                                        \
	}
#define WORD_OF(k, member, list, ...)                                                              \
	{                                                                                          \
		.key = (k), .type = YAML_WORD, .offset = offsetof(struct case_words, member),      \
		.words = (list), __VA_ARGS__                                                       \
	}
#define LIST_OF(k, member, fn)                                                                     \
	{                                                                                          \
		.key = (k), .type = YAML_LIST, .offset = offsetof(struct case_words, member),      \
		.check = (fn)                                                                      \
	}

static const struct yaml_field sabotage_fields[] = {
	TEXT_OF("text", sabotage_text, .is_required = true, .check = check_title),
	TEXT_OF("program", sabotage_program, .check = check_file),
	TEXT_OF("argument", sabotage_argument, .check = check_argument),
	{.key = NULL},
};

/* assay-case(5) has them in this order. */
static const struct yaml_field fields[] = {
	TEXT_OF("title", title, .is_required = true, .check = check_title),
	TEXT_OF("area", area, .is_required = true, .check = check_word),
	TEXT_OF("name", name, .is_required = true, .check = check_word),
	TEXT_OF("program", command, .is_required = true, .check = check_file),
	WORD_OF("where", where, where_words, .is_required = true),
	WORD_OF("reports", reports, reports_words),
	WORD_OF("priority", priority, priority_words),
	WORD_OF("isolation", isolation, isolation_words),
	LIST_OF("needs", needs, check_need),
	LIST_OF("expects", expects, check_expected),
	{.key = "timeout",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct case_words, timeout),
	 .min = 1,
	 .max = TIMEOUT_MAX_S},
	LIST_OF("files", files, check_file),
	{.key = "sabotage",
	 .type = YAML_MAP,
	 .offset = offsetof(struct case_words, sabotage),
	 .fields = sabotage_fields},
	TEXT_OF("why", why),
	TEXT_OF("remedy", remedy),
	TEXT_OF("fixes", fixes),
	TEXT_OF("sources", sources),
	{.key = NULL},
};

void case_folder_schema(struct text *out)
{
	yaml_schema(&(struct yaml_schema){.title = "A case that is a program, assay-case(5)",
					  .fields = fields},
		    out);
}

/* ---- one case ---- */

void case_folder_free(struct case_folder *folder)
{
	if (!folder)
		return;
	yaml_free(fields, folder->words);
	free(folder->words->needs_line);
	free(folder->words->expects_line);
	free(folder->words);
	free(folder->folder);
	free(folder->path);
	free(folder);
}

static char *join(const struct yaml_list *list)
{
	CLEAN_TEXT struct text line = TEXT_INIT((size_t)YAML_LIST_MAX * (YAML_TEXT_MAX + 1));

	for (size_t i = 0; i < list->count; i++)
		(void)text_addf(&line, "%s%s", i ? "," : "", list->items[i].text);
	return text_steal(&line);
}

static bool is_named(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The programs and the files, each once. */
static void list_files(struct case_words *words)
{
	size_t count = 0;

	words->names[count++] = words->command.text;
	if (words->sabotage_program.text &&
	    !is_named(words->names, count, words->sabotage_program.text))
		words->names[count++] = words->sabotage_program.text;
	for (size_t i = 0; i < words->files.count; i++)
		if (!is_named(words->names, count, words->files.items[i].text))
			words->names[count++] = words->files.items[i].text;
	words->names[count] = NULL;
}

static void fill(struct case_folder *folder)
{
	struct case_words *words = folder->words;
	struct case_program *program = &folder->program;

	words->needs_line = join(&words->needs);
	words->expects_line = join(&words->expects);
	list_files(words);
	folder->name = words->name.place;
	program->command = words->command.text;
	program->sabotage = words->sabotage_program.text;
	program->argument = words->sabotage_argument.text;
	program->files = words->names;
	program->speaks_tap = words->reports.number == 1;
	folder->info = (struct case_info){
		.area = words->area.text,
		.name = words->name.text,
		.title = words->title.text,
		.kind = words->where.number == 0 ? CASE_KIND_GUEST : CASE_KIND_HOST,
		.priority = (enum case_priority)words->priority.number,
		.isolation = (enum case_isolation)words->isolation.number,
		.needs = words->needs_line,
		.expects = words->expects_line,
		.timeout_s = (unsigned)words->timeout.number,
		.why = words->why.text,
		.remedy = words->remedy.text,
		.fixes = words->fixes.text,
		.sources = words->sources.text,
		.sabotage = {.kind = words->sabotage_text.text ? SABOTAGE_CODE : SABOTAGE_NONE,
			     .text = words->sabotage_text.text},
		.program = program,
	};
}

/* What only shows when all is known. */
static unsigned check_sense(const struct case_folder *folder, struct text *problems)
{
	const struct case_words *words = folder->words;
	unsigned count = 0;

	if (words->sabotage.place.line > 0 &&
	    !words->sabotage_program.text == !words->sabotage_argument.text) {
		yaml_problem(problems, folder->path, words->sabotage.place,
			     "`sabotage` has either a `program` that plants the defect or an "
			     "`argument` with which the case's own program does");
		count++;
	}
	if (words->where.number == 0 && words->isolation.number == ISOLATION_REBOOT) {
		yaml_problem(problems, folder->path, words->isolation.place,
			     "`isolation`: what runs in the guest does not outlive a reboot; "
			     "`where: host` does");
		count++;
	}
	return count;
}

struct case_folder *case_folder_parse(const char *path, const char *yaml, size_t length,
				      struct text *problems)
{
	CLEANUP(case_folder) struct case_folder *folder = xnew(sizeof *folder);

	folder->words = xnew(sizeof *folder->words);
	folder->folder = xstrdup(path);
	folder->program.folder = folder->folder;
	folder->path = xasprintf("%s/" CASE_FILE, path);
	folder->words->priority.number = P2;
	folder->words->isolation.number = ISOLATION_FORK;
	unsigned count = yaml_read(folder->path, yaml, length, fields, folder->words, problems);
	if (count + check_sense(folder, problems) > 0)
		return NULL;
	fill(folder);
	return STEAL_PTR(folder);
}

/* ---- its files ---- */

static struct yaml_place place_of_file(const struct case_words *words, const char *name)
{
	if (strcmp(words->command.text, name) == 0)
		return words->command.place;
	for (size_t i = 0; i < words->files.count; i++)
		if (strcmp(words->files.items[i].text, name) == 0)
			return words->files.items[i].place;
	return words->sabotage_program.place;
}

static bool is_program(const struct case_program *program, const char *name)
{
	return strcmp(program->command, name) == 0 ||
	       (program->sabotage && strcmp(program->sabotage, name) == 0);
}

static unsigned check_files(const struct case_folder *folder, struct text *problems)
{
	unsigned count = 0;

	for (const char *const *name = folder->program.files; *name; name++) {
		CLEAN_FREE char *path = xasprintf("%s/%s", folder->program.folder, *name);
		const char *what = NULL;
		struct stat st;
		if (stat(path, &st) < 0)
			what = "is not there";
		else if (!S_ISREG(st.st_mode))
			what = "is no regular file";
		else if (is_program(&folder->program, *name) && !(st.st_mode & 0111))
			what = "cannot be executed; chmod +x";
		if (!what)
			continue;
		yaml_problem(problems, folder->path, place_of_file(folder->words, *name), "%s %s",
			     path, what);
		count++;
	}
	return count;
}

/* ---- all of them ---- */

struct case_folders *case_folders_new(void)
{
	struct case_folders *folders = xnew(sizeof *folders);

	folders->all = (struct case_folder_list)VEC_INIT(CASE_FOLDERS_MAX);
	return folders;
}

void case_folders_free(struct case_folders *folders)
{
	if (!folders)
		return;
	vec_each (&folders->all, folder)
		case_folder_free(*folder);
	vec_done(&folders->all);
	free(folders);
}

static unsigned check_id(const struct case_folders *folders, const struct case_folder *fresh,
			 struct text *problems)
{
	vec_each (&folders->all, folder) {
		if (strcmp((*folder)->info.area, fresh->info.area) != 0 ||
		    strcmp((*folder)->info.name, fresh->info.name) != 0)
			continue;
		yaml_problem(problems, fresh->path, fresh->name,
			     "the id %s.%s is taken by %s:%u; ids are unique", fresh->info.area,
			     fresh->info.name, (*folder)->path, (*folder)->name.line);
		return 1;
	}
	return 0;
}

static unsigned add_one(struct case_folders *folders, const char *path, struct text *problems)
{
	CLEAN_FREE char *file = xasprintf("%s/" CASE_FILE, path);
	CLEAN_TEXT struct text yaml = TEXT_INIT(YAML_FILE_MAX + 1);
	int r = text_read_file(&yaml, file);

	if (r < 0) {
		errno = -r;
		yaml_problem(problems, file, (struct yaml_place){0}, "it cannot be read: %m");
		return 1;
	}
	CLEANUP(case_folder)
	struct case_folder *folder = case_folder_parse(path, yaml.buf, yaml.length, problems);
	if (!folder)
		return 1;
	if (check_files(folder, problems) + check_id(folders, folder, problems) > 0)
		return 1;
	if (!vec_add(&folders->all, folder)) {
		yaml_problem(problems, file, (struct yaml_place){0},
			     "there are more than %d of them", CASE_FOLDERS_MAX);
		return 1;
	}
	folder = NULL;
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool holds_case(const char *path)
{
	CLEAN_FREE char *file = xasprintf("%s/" CASE_FILE, path);

	return access(file, F_OK) == 0;
}

/* A case, or a folder of such; below a case nobody looks. *ret_found counts the cases, also the bad ones. */
static unsigned add_below(struct case_folders *folders, const char *path, int depth,
			  struct text *problems, unsigned *ret_found)
{
	struct dirent **entries = NULL;
	unsigned count = 0;

	if (holds_case(path)) {
		(*ret_found)++;
		return add_one(folders, path, problems);
	}
	int n = depth < DEPTH_MAX ? scandir(path, &entries, is_visible, alphasort) : 0;
	for (int i = 0; i < n; i++) {
		CLEAN_FREE char *below = xasprintf("%s/%s", path, entries[i]->d_name);
		struct stat st;
		if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
			count += add_below(folders, below, depth + 1, problems, ret_found);
		free(entries[i]);
	}
	free(entries);
	return count;
}

unsigned case_folders_add(struct case_folders *folders, const char *path, struct text *problems)
{
	unsigned found = 0;
	size_t length = strlen(path);
	struct stat st;

	while (length > 1 && path[length - 1] == '/')
		length--;
	CLEAN_FREE char *plain = xasprintf("%.*s", (int)length, path);
	if (stat(plain, &st) < 0 || !S_ISDIR(st.st_mode)) {
		yaml_problem(problems, plain, (struct yaml_place){0}, "there is no such folder");
		return 1;
	}
	unsigned count = add_below(folders, plain, 0, problems, &found);
	if (found == 0) {
		yaml_problem(problems, plain, (struct yaml_place){0},
			     "neither it nor a folder below it holds a " CASE_FILE);
		count++;
	}
	return count;
}
