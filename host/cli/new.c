/* SPDX-License-Identifier: Apache-2.0 */
/* assay new: the beginning of a case, in C in a source tree or as an executable case folder. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/verb.h"

#define AREAS_MAX 256

struct arguments {
	bool executable;
	const char *agent, *in;
	struct text_list case_folders;
};

static const struct option_line options[] = {
	OPTION_AGENT(struct arguments),
	OPTION_CASES(struct arguments),
	OPTION_FLAG("executable", 'x', struct arguments, executable,
		    "a folder with a program and case.yaml, see assay-case(5)"),
	OPTION_TEXT("in", 0, struct arguments, in, "DIR",
		    "make it in DIR (else here, or of a C case in the source tree around)"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_new = {
	.name = "new",
	.operands = "case AREA NAME",
	.title = "begin a case, with its planted defect",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"In Assay's source tree a C case is begun, guest/cases/AREA/NAME.c. With --executable it is the\n"
		"folder AREA/NAME with a shell script. Both can be proven as they are; nothing is written over.",
};

/* ---- what is written ---- */

/* AREA and NAME are put in. */
static const char c_case[] =
	"/* SPDX-License-Identifier: Apache-2.0 */\n"
	"/* What this file's cases are about, in a line. */\n"
	"#include \"guest/kit/case.h\"\n"
	"\n"
	"#define SUBJECT \"/etc/os-release\"\n"
	"\n"
	"CASE(@AREA@, @NAME@,\n"
	"     .title = \"One fact, as a sentence that is true when it holds\", .priority = P2,\n"
	"     .why = \"What goes wrong for whom when it does not hold\",\n"
	"     .remedy = \"What is to be changed in the image\", .sources = \"own\")\n"
	"{\n"
	"\tconst char *line = file_line(t, SUBJECT);\n"
	"\n"
	"\tREQUIRE(t, line != NULL);\n"
	"\tCHECK_NE(t, line, \"\");\n"
	"}\n"
	"\n"
	"SABOTAGE(@AREA@, @NAME@, \"the file is empty\")\n"
	"{\n"
	"\tsabotage_file(t, SUBJECT, \"\\n\");\n"
	"}\n";

static const char case_yaml[] =
	"# See assay-case(5).\n"
	"title: One fact, as a sentence that is true when it holds\n"
	"area: @AREA@\n"
	"name: @NAME@\n"
	"program: check\n"
	"where: guest          # or host: then it reaches the machine by \"$ASSAY\" guest\n"
	"reports: exit         # or tap\n"
	"priority: P2\n"
	"isolation: fork       # shared: it changes nothing; cold: it judges a boot\n"
	"# needs: [systemd, \"cmd:python3\"]\n"
	"# timeout: 60\n"
	"# files: [what/lies/beside]\n"
	"sabotage:\n"
	"  text: the file is empty\n"
	"  program: plant      # or argument: the one with which the program itself plants\n"
	"why: What goes wrong for whom when it does not hold\n"
	"remedy: What is to be changed in the image\n";

static const char check_script[] =
	"#!/bin/sh\n"
	"# Exit status: 0 it holds, 1 it does not (the last line says why), 77 skip, 99 this cannot be decided.\n"
	"subject=/etc/os-release\n"
	"\n"
	"[ -e \"$subject\" ] || {\n"
	"\techo \"$subject is not there\"\n"
	"\texit 77\n"
	"}\n"
	"[ -s \"$subject\" ] || {\n"
	"\techo \"$subject is empty\"\n"
	"\texit 1\n"
	"}\n";

static const char plant_script[] =
	"#!/bin/sh\n"
	"# Plants the defect; runs right before the program, on a machine that is thrown away.\n"
	": >/etc/os-release\n";

struct begun {
	const char *area, *name;
};

/* Puts the two words into a template. */
static void add_filled(struct text *out, const char *template, const struct begun *begun)
{
	for (const char *at = template; *at;) {
		if (has_prefix(at, "@AREA@") || has_prefix(at, "@NAME@")) {
			(void)text_adds(out, at[1] == 'A' ? begun->area : begun->name);
			at += strlen("@AREA@");
		} else {
			(void)text_add(out, at++, 1);
		}
	}
}

/* A file that is not there yet. */
static int write_new(const char *path, const char *template, mode_t mode, const struct begun *begun,
		     struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(65536);
	struct patience p = patience_for(-1, 60 * NS_PER_S);

	add_filled(&content, template, begun);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, BLAME_USER, EEXIST, "%s is there already: nothing was written",
			       path);
	if (fd < 0)
		return err_set(e, BLAME_USER, errno, "make %s: %m", path);
	return wait_write(&p, fd, content.buf, content.length, path, e);
}

static int make_folders(const char *path, struct err *e)
{
	CLEAN_FREE char *copy = xstrdup(path);

	for (char *at = copy + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return err_set(e, BLAME_USER, errno, "make the folder %s: %m", copy);
		*at = '/';
	}
	return 0;
}

/* ---- the words ---- */

/* Both are parts of names in C too. */
static int check_words(const struct begun *begun, struct err *e)
{
	const char *const words[] = {begun->area, begun->name};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!is_case_word(words[i]) || (words[i][0] >= '0' && words[i][0] <= '9'))
			return err_set(
				e, BLAME_USER, EINVAL,
				"'%.60s' cannot be %s: it is of a-z, 0-9 and _, and begins with "
				"a letter",
				words[i], i == 0 ? "an area" : "a case's name");
	return 0;
}

/* The catalogue is sorted by id, so an area's cases stand together. */
static void list_areas(const struct catalog *catalog, const char *areas[AREAS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < catalog->count && count + 1 < AREAS_MAX; i++)
		if (count == 0 || strcmp(areas[count - 1], catalog->cases[i].info.area) != 0)
			areas[count++] = catalog->cases[i].info.area;
	areas[count] = NULL;
}

/* An area of one's own is well for a folder of one's own, unless it looks like a slip. */
static int check_area(const struct catalog *catalog, const struct begun *begun, bool may_be_new,
		      struct err *e)
{
	const char *areas[AREAS_MAX];

	if (catalog_has_area(catalog, begun->area))
		return 0;
	list_areas(catalog, areas);
	const char *near = nearest_word(begun->area, areas);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no area '%.60s'; did you mean '%s'?",
			       begun->area, near);
	if (may_be_new)
		return 0;
	return err_set(e, BLAME_USER, EINVAL,
		       "no area '%.60s'; `assay list --areas` shows them, and a folder "
		       "guest/cases/%.60s makes a new one",
		       begun->area, begun->area);
}

static int check_name(const struct catalog *catalog, const struct begun *begun, struct err *e)
{
	const struct case_info info = {.area = begun->area, .name = begun->name};
	char id[CASE_ID_SIZE];

	if (catalog_find(catalog, case_id(&info, id)))
		return err_set(e, BLAME_USER, EEXIST, "there is a case %s already", id);
	return 0;
}

/* ---- the places ---- */

static bool is_there(const char *folder, const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);

	return access(path, F_OK) == 0;
}

/* The source tree around the current folder. */
static int find_source(const char *given, char **ret, struct err *e)
{
	char folder[PATH_MAX];

	if (!realpath(given ? given : ".", folder))
		return err_set(e, BLAME_USER, errno, "%s: %m", given ? given : ".");
	for (;;) {
		if (is_there(folder, "guest/kit/case.h") && is_there(folder, "layers.txt")) {
			*ret = xstrdup(folder);
			return 0;
		}
		char *slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return err_set(
				e, BLAME_USER, ENOENT,
				"a C case is begun in Assay's source tree, and this is none: go "
				"there, name it by --in, or take --executable");
		*slash = '\0';
	}
}

static int begin_c(const struct catalog *catalog, const struct arguments *arguments,
		   const struct begun *begun, struct text *out, struct err *e)
{
	CLEAN_FREE char *source = NULL;
	int r = find_source(arguments->in, &source, e);

	if (r < 0)
		return r;
	CLEAN_FREE char *area = xasprintf("guest/cases/%s", begun->area);
	r = check_area(catalog, begun, is_there(source, area), e);
	if (r < 0)
		return r;
	CLEAN_FREE char *path = xasprintf("%s/%s/%s.c", source, area, begun->name);
	r = make_folders(path, e); /* an area may have had host cases alone */
	if (r == 0)
		r = write_new(path, c_case, 0666, begun, e);
	if (r == 0)
		text_addf(out, "%s\nNext: make && assay prove IMAGE --case %s.%s\n", path,
			  begun->area, begun->name);
	return r;
}

static int begin_folder(const struct catalog *catalog, const struct arguments *arguments,
			const struct begun *begun, struct text *out, struct err *e)
{
	const char *in = arguments->in ? arguments->in : ".";
	CLEAN_FREE char *yaml = xasprintf("%s/%s/%s/" CASE_FILE, in, begun->area, begun->name);
	CLEAN_FREE char *check = xasprintf("%s/%s/%s/check", in, begun->area, begun->name);
	CLEAN_FREE char *plant = xasprintf("%s/%s/%s/plant", in, begun->area, begun->name);

	int r = check_area(catalog, begun, true, e);
	if (r == 0)
		r = make_folders(yaml, e);
	if (r == 0)
		r = write_new(yaml, case_yaml, 0666, begun, e);
	if (r == 0)
		r = write_new(check, check_script, 0777, begun, e);
	if (r == 0)
		r = write_new(plant, plant_script, 0777, begun, e);
	if (r == 0)
		text_addf(out, "%s\n%s\n%s\nNext: assay prove IMAGE --cases %s --case %s.%s\n",
			  yaml, check, plant, in, begun->area, begun->name);
	return r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEANUP(catalog) struct catalog *catalog = NULL;
	CLEAN_TEXT struct text out = TEXT_INIT(65536);

	int r = verb_parse(&verb_new, &argc, argv, 3, 3, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	const struct begun begun = {argv[2], argv[3]};
	if (strcmp(argv[1], "case") != 0)
		return err_set(e, BLAME_USER, EINVAL, "assay new begins a `case`, not '%.40s'",
			       argv[1]);
	r = check_words(&begun, e);
	if (r == 0)
		r = open_catalog(arguments.agent, &catalog, e);
	if (r == 0)
		r = add_case_folders(catalog, &arguments.case_folders, e);
	if (r == 0)
		r = check_name(catalog, &begun, e);
	if (r == 0)
		r = arguments.executable ? begin_folder(catalog, &arguments, &begun, &out, e)
					 : begin_c(catalog, &arguments, &begun, &out, e);
	vec_done(&arguments.case_folders);
	return r < 0 ? r : print_out(&out, e);
}
