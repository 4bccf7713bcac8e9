/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share. */
#include "host/cli/verb.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/secret.h"
#include "host/cases/host_case.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

static const struct verb *const verbs[] = {
	&verb_audit,	  &verb_bisect, &verb_cache, &verb_compare, &verb_doctor, &verb_flakes,
	&verb_guest,	  &verb_help,	&verb_judge, &verb_kernel,  &verb_list,	  &verb_new,
	&verb_parse_file, &verb_plan,	&verb_prove, &verb_report,  &verb_retest, &verb_run,
	&verb_runs,	  &verb_schema, &verb_show,  &verb_sign,    &verb_submit, &verb_verify,
	&verb_version,	  &verb_waive,	&verb_watch, NULL,
};

const struct verb *const *verbs_all(void)
{
	return verbs;
}

/* ---- errors and output ---- */

void print_error(const struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4 * sizeof e->text);

	/* File names and what guests say are in it. */
	escape_terminal(&line, e->text, false);
	secret_hide(&line);
	(void)fflush(stdout);
	(void)fprintf(stderr, "assay: %s\n", line.buf);
}

int exit_code_of(const struct err *e)
{
	switch (e->blame) {
	case BLAME_USER:
		return e->code == ECANCELED ? EXIT_UNDECIDED : EXIT_USAGE;
	case BLAME_GUEST:
		return EXIT_UNDECIDED;
	case BLAME_NONE:
	case BLAME_HOST:
	case BLAME_BUG:
		return EXIT_HOST;
	}
	return EXIT_HOST;
}

/* A copy in which no secret is. */
static void hide_in(const struct text *text, struct text *copy)
{
	(void)text_add(copy, text->buf, text->length);
	if (text->buf[0] == '{' || text->buf[0] == '[') /* JSON, or lines of it */
		secret_hide_json(copy);
	else
		secret_hide(copy);
}

void print_remarks(const struct text *remarks)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(remarks->maximum);

	(void)fflush(stdout);
	hide_in(remarks, &shown);
	(void)fputs(shown.buf, stderr);
}

int print_problems(const struct text *problems, const char *where, struct err *e)
{
	unsigned count = 0;

	for (const char *at = problems->buf; (at = strchr(at, '\n')); at++)
		count++;
	print_remarks(problems);
	return err_set(e, BLAME_USER, EINVAL, "%u problem%s in %s; nothing was done", count,
		       count == 1 ? "" : "s", where);
}

int print_out(const struct text *text, struct err *e)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(text->maximum);

	hide_in(text, &shown);
	if (text->overflowed)
		return err_set(e, BLAME_BUG, EMSGSIZE,
			       "what is to be printed has more than %zu bytes", text->maximum);
	if (fwrite(shown.buf, 1, shown.length, stdout) == shown.length && fflush(stdout) == 0)
		return 0;
	return errno == EPIPE ? err_set(e, BLAME_HOST, EPIPE, "%s", "")
			      : err_set(e, BLAME_HOST, errno, "write to standard output: %m");
}

int write_text(const char *path, const struct text *text, struct err *e)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(text->maximum);

	hide_in(text, &shown);
	if (text->overflowed)
		return err_set(e, BLAME_BUG, EMSGSIZE, "%s would have more than %zu bytes", path,
			       text->maximum);
	return file_write(path, shown.buf, shown.length, e);
}

bool has_colours(int fd)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	return isatty(fd) && !(no_colour && no_colour[0]) && term && strcmp(term, "dumb") != 0;
}

struct patience patience_for_user(int cancel_fd)
{
	return patience_for(cancel_fd, 365ULL * 86400 * NS_PER_S);
}

/* ---- arguments ---- */

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int print_help(const struct verb *verb, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(65536);

	text_addf(&out, "assay %s%s%s - %s\n", verb->name, verb->operands[0] ? " " : "",
		  verb->operands, verb->title);
	if (verb->option_count > 0)
		text_adds(&out, "\nOptions:\n");
	options_help(verb->options, verb->option_count, &out);
	if (verb->details)
		text_addf(&out, "\n%s\n", verb->details);
	int r = print_out(&out, e);
	return r < 0 ? r : 1;
}

int verb_parse(const struct verb *verb, int *argc, char **argv, int operands_min, int operands_max,
	       void *into, struct err *e)
{
	char nothing;

	if (asks_for_help(*argc, argv))
		return print_help(verb, e);
	int r = options_parse(verb->options, verb->option_count, argc, argv, into ? into : &nothing,
			      e);
	if (r < 0)
		return r;
	if (*argc - 1 < operands_min)
		return err_set(e, BLAME_USER, EINVAL, "assay %s needs %s; see `assay %s --help`",
			       verb->name, verb->operands, verb->name);
	if (*argc - 1 > operands_max)
		return err_set(e, BLAME_USER, EINVAL, "assay %s: '%.80s' is one argument too many",
			       verb->name, argv[operands_max + 1]);
	return 0;
}

/* ---- the agent and the catalogue ---- */

static bool is_program(const char *path)
{
	struct stat stat_;

	return stat(path, &stat_) == 0 && S_ISREG(stat_.st_mode) && access(path, X_OK) == 0;
}

/* The folder that this program lies in. */
static int own_folder(char **ret, struct err *e)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	if (n < 0)
		return err_set(e, BLAME_HOST, errno, "read /proc/self/exe: %m");
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	*ret = xstrdup(path);
	return 0;
}

int find_agent(const char *given, char **ret, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	const char *variable = secure_getenv("ASSAY_GUEST");
	static const char *const places[] = {"assay-guest", "guest/assay-guest",
					     "../libexec/assay/assay-guest"};

	if (!given && variable && variable[0])
		given = variable;
	if (given) {
		if (!is_program(given))
			return err_set(e, BLAME_USER, ENOENT,
				       "the agent %s is not there or cannot be executed", given);
		*ret = xstrdup(given);
		return 0;
	}
	int r = own_folder(&folder, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		CLEAN_FREE char *path = xasprintf("%s/%s", folder, places[i]);
		if (is_program(path)) {
			*ret = STEAL_PTR(path);
			return 0;
		}
	}
	return err_set(
		e, BLAME_HOST, ENOENT,
		"assay-guest is neither beside %s/assay nor in ../libexec/assay; build it, or name it by "
		"--agent or ASSAY_GUEST",
		folder);
}

static bool is_own_case(const struct case_info *info)
{
	char id[CASE_ID_SIZE];

	case_id(info, id);
	return strcmp(id, CASE_REACHES_READY) == 0 || case_is_of_file(id);
}

int load_catalog(const char *agent_path, struct catalog **ret, struct err *e)
{
	size_t own_count, host_count, count = 0;
	const struct case_info *const *own = plan_own_cases(&own_count);
	const struct host_case_def *const *host = host_cases_all(&host_count);
	CLEAN_FREE const struct case_info **infos = xnew((own_count + host_count) * sizeof *infos);
	struct patience p = patience_for(-1, 60 * NS_PER_S);

	for (size_t i = 0; i < own_count; i++)
		infos[count++] = own[i];
	for (size_t i = 0; i < host_count; i++)
		if (!is_own_case(&host[i]->info))
			infos[count++] = &host[i]->info;
	return catalog_load(agent_path, infos, count, &p, ret, e);
}

int open_catalog(const char *given, struct catalog **ret, struct err *e)
{
	CLEAN_FREE char *agent = NULL;
	int r = find_agent(given, &agent, e);

	return r == 0 ? load_catalog(agent, ret, e) : r;
}

int select_cases(const struct catalog *catalog, const struct selection_arguments *arguments,
		 const char *terms, struct case_list *ret, struct err *e)
{
	struct selection selection = {
		.suite = arguments->suite,
		.terms = terms,
		.patterns = arguments->cases.items,
		.pattern_count = arguments->cases.count,
		.areas = arguments->areas.items,
		.area_count = arguments->areas.count,
		.kinds = arguments->kinds.items,
		.kind_count = arguments->kinds.count,
		.needs = arguments->needs.items,
		.need_count = arguments->needs.count,
		.sources = arguments->sources.items,
		.source_count = arguments->sources.count,
		.proof = arguments->proof,
		.priority = arguments->priority,
	};

	return catalog_select(catalog, &selection, ret, e);
}

/* ---- images ---- */

int image_setup_make(const char *agent, bool allow_outside_backing, struct image_setup *ret,
		     struct err *e)
{
	int r = cache_folder("", &ret->cache, e);

	micro_kernel_find("", secure_getenv("ASSAY_KERNEL"), r == 0 ? ret->cache : NULL,
			  &ret->kernel);
	if (r == 0)
		r = folder_make(ret->cache, e);
	if (r < 0)
		return err_wrap(e, "the cache, which ASSAY_CACHE can put elsewhere");
	ret->agent = agent ? xstrdup(agent) : NULL;
	ret->options = (struct image_options){
		.cache_folder = ret->cache,
		.micro_kernel = ret->kernel.path,
		.agent_path = ret->agent,
		.allow_outside_backing = allow_outside_backing,
	};
	ret->micro = (struct micro_setup){
		.agent_path = ret->agent,
		.kernel = ret->kernel.path,
		.modules = ret->kernel.modules,
		.scratch_folder = ret->cache,
		.cache_folder = ret->cache,
		.accel = ACCEL_AUTO,
	};
	ret->helper = micro_helper(&ret->micro);
	if (ret->kernel.path && ret->agent)
		ret->options.helper = &ret->helper;
	return 0;
}

void image_setup_done(struct image_setup *setup)
{
	free(setup->cache);
	micro_kernel_done(&setup->kernel);
	free(setup->agent);
	*setup = (struct image_setup){0};
}
