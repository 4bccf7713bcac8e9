/* SPDX-License-Identifier: Apache-2.0 */
/* assay kernel: a kernel is what is tried, alone or in images. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "host/cli/execute_options.h"
#include "host/cli/kernel_source.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

#define FOUND_TOLD 20 /* errors and warnings of a tree that does not build */

typedef struct execute_arguments arguments;

struct kernel_arguments {
	struct execute_arguments execute;
	struct source_arguments source;
	const char *tree; /* --tree */
	bool proves;
};
typedef struct kernel_arguments own;

static const struct option_line options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTIONS_SELECTION(arguments),
	OPTION_BUILD_JOBS(own),
	OPTION_CASES(arguments),
	OPTION_COLD,
	OPTION_CONFIG(own),
	OPTION_DOUBT,
	OPTION_ENTRY,
	OPTION_FIRMWARE,
	OPTION_FRAGMENT(own),
	OPTION_LIST(
		"image", 'i', arguments, images, "IMAGE",
		"try it in that image, in place of the image's own kernel (repeatable; else in a "
		"machine with nothing else in it)"),
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print each result as a line of JSON as it comes"),
	OPTIONS_SELECTION_KIND(arguments),
	OPTION_MAKE(own),
	OPTION_TEXT("modules", 'm', arguments, modules, "PATH",
		    "its modules: a folder (of `make modules_install`, or lib/modules/RELEASE), a "
		    "tarball or a package"),
	OPTION_OUT,
	OPTIONS_POLICY(arguments),
	OPTIONS_SELECTION_REST(arguments),
	OPTION_FLAG("prove", 0, own, proves,
		    "show of each case that it fails under its planted defect, as `assay prove`"),
	OPTION_QUIET,
	OPTION_REPEAT,
	OPTION_SIZE,
	OPTION_SIZE_FILE(arguments),
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
	OPTION_TEXT(
		"tree", 0, own, tree, "TREE[@REV]",
		"in place of KERNEL: build it from that source tree, of git's the revision REV"),
	OPTION_UNTIL_SURE,
	OPTION_UNTIL_SURE_BUDGET,
	OPTION_WAIVERS,
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_kernel = {
	.name = "kernel",
	.operands = "[KERNEL]",
	.title = "boot a kernel, alone or in images, run the cases, judge",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"KERNEL is a bzImage (vmlinuz), with --modules where it needs some, or a package with one: .deb, .rpm\n"
		"or a tarball with boot/ and lib/modules/; or a source tree, as TREE or TREE@REV, which is built here, out of\n"
		"tree, and kept by its content. One that does not build is blocked, in the compiler's words. Alone it is booted with the agent as its first process and\n"
		"nothing else; of cases those of the suite kernel are run. In an image it takes the place of the\n"
		"image's own for that machine; the image is never written to.\n\n"
		"Exit status: 0 ship, 1 block, 2 undecided, 64 usage, 70 this machine.",
};

/* What is asked for by a selection of any sort is that, and no suite of ours. */
static bool has_selection(const struct execute_arguments *parsed)
{
	const struct selection_arguments *selection = &parsed->selection;

	return selection->suite || selection->cases.count || selection->areas.count ||
	       selection->kinds.count || selection->needs.count || selection->sources.count ||
	       parsed->policy.profiles.count || parsed->policy.files.count;
}

/* ---- source trees ---- */

static bool is_tree(const char *path)
{
	CLEAN_FREE char *tree = NULL;
	const char *revision;

	source_split(path, &tree, &revision);
	return revision || source_is_one(tree);
}

static void build_json(const struct built *built, struct text *out)
{
	const struct build *build = &built->build;

	json_open(out, '{');
	json_member(out, "type", "build");
	json_member(out, "source", built->source.path);
	json_member(out, "commit", built->source.commit[0] ? built->source.commit : NULL);
	json_member(out, "digest", built->source.digest);
	json_member(out, "outcome", build->failed ? "fail" : "pass");
	json_key(out, "was_kept");
	json_bool(out, build->was_kept);
	json_member_number(out, "duration_ns", (long long)build->span_ns);
	json_member(out, "kernel", build->kernel);
	json_member(out, "log", build->log);
	json_member_number(out, "errors", build->errors);
	json_member_number(out, "warnings", build->warnings);
	json_key(out, "found");
	json_open(out, '[');
	vec_each (&build->found, it) {
		json_open(out, '{');
		json_member(out, "kind", diagnostic_kind_name(it->kind));
		json_member(out, "file", it->file[0] ? it->file : NULL);
		json_member_number(out, "line", it->line);
		json_member_number(out, "column", it->column);
		json_member(out, "text", it->text);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	text_adds(out, "\n");
}

/* Of a tree that does not build there is no run: its log is what is left of it. */
static int keep_log(const struct kernel_arguments *parsed, struct built *built, struct err *e)
{
	const char *out = parsed->execute.out;
	CLEAN_TEXT struct text log = TEXT_INIT(BUILD_LOG_MAX);

	if (!out)
		return 0;
	CLEAN_FREE char *path = xasprintf("%s/build.log", out);
	int r = text_read_file(&log, built->build.log);
	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", built->build.log);
	r = folder_make(out, e);
	if (r == 0)
		r = file_write(path, log.buf, log.length, e);
	if (r == 0) {
		free(built->build.log);
		built->build.log = STEAL_PTR(path);
	}
	return r;
}

static int tell_failed(const struct kernel_arguments *parsed, struct built *built, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4U << 20), found = TEXT_INIT(1U << 20);
	int r = keep_log(parsed, built, e);

	if (r < 0)
		return r;
	if (parsed->execute.json) {
		build_json(built, &out);
		r = print_out(&out, e);
		return r < 0 ? r : EXIT_BLOCK;
	}
	text_addf(&out, "BLOCK  ");
	escape_terminal(&out, built->source.name, false);
	text_adds(&out, ": it does not build: ");
	build_tell(&built->build, FOUND_TOLD, &found);
	escape_terminal(&out, found.buf, true);
	text_addf(&out, "  All that the build said: %s\n", built->build.log);
	r = print_out(&out, e);
	return r < 0 ? r : EXIT_BLOCK;
}

/* Ctrl-C ends the build, and leaves nothing half. */
static int build(const struct kernel_arguments *parsed, const char *spec, struct built *built,
		 struct err *e)
{
	CLEAN_DONE(interrupt) struct interrupt interrupt = INTERRUPT_INIT;
	CLEAN_FREE char *tree = NULL;
	const char *revision;
	int r = interrupt_begin(&interrupt, e);
	struct patience p = patience_for_user(interrupt.fd);

	source_split(spec, &tree, &revision);
	return r == 0 ? source_build(&parsed->source, tree, revision, &p,
				     parsed->execute.quiet || parsed->execute.json, built, e)
		      : r;
}

static int execute_kernel(struct kernel_arguments *parsed, struct err *e)
{
	return execute(parsed->proves ? EXECUTE_PROVE : EXECUTE_RUN, NULL, &parsed->execute, e);
}

static int execute_source(struct kernel_arguments *parsed, const char *spec, struct err *e)
{
	CLEAN_DONE(built) struct built built = {.source.lock_fd = -1, .build.lock_fd = -1};
	CLEAN_TEXT struct text line = TEXT_INIT(4U << 20);

	if (parsed->execute.modules)
		return err_set(
			e, BLAME_USER, EINVAL,
			"--modules is for a kernel that is built: a source tree has its own");
	int r = build(parsed, spec, &built, e);
	if (r < 0)
		return r;
	if (built.build.failed)
		return tell_failed(parsed, &built, e);
	if (parsed->execute.json) {
		build_json(&built, &line);
		r = print_out(&line, e);
	}
	source_done(&built.source); /* others may build from it while this one is tried */
	parsed->execute.kernel = built.build.kernel;
	parsed->execute.modules = built.build.modules;
	return r == 0 ? execute_kernel(parsed, e) : r;
}

/* ---- the verb ---- */

static int check_given(const struct kernel_arguments *parsed, const char *operand, struct err *e)
{
	const struct source_arguments *source = &parsed->source;

	if (operand && parsed->tree)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay kernel takes a kernel or --tree, and not both");
	if (!operand && !parsed->tree)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay kernel needs KERNEL or --tree; see `assay kernel --help`");
	if (operand && !is_tree(operand) &&
	    (source->config || source->fragments.count || source->words.count ||
	     source->build_jobs))
		return err_set(
			e, BLAME_USER, EINVAL,
			"--config, --fragment, --make and --build-jobs are for source trees, and "
			"%s is none",
			operand);
	return 0;
}

static int run_parsed(struct kernel_arguments *parsed, const char *operand, struct err *e)
{
	int r = check_given(parsed, operand, e);

	if (r < 0)
		return r;
	if (!has_selection(&parsed->execute))
		parsed->execute.selection.suite = "kernel";
	if (parsed->tree || is_tree(operand))
		return execute_source(parsed, parsed->tree ? parsed->tree : operand, e);
	parsed->execute.kernel = operand;
	return execute_kernel(parsed, e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct kernel_arguments parsed = {.proves = false};
	int r = verb_parse(&verb_kernel, &argc, argv, 0, 1, &parsed, e);

	if (r == 0)
		r = run_parsed(&parsed, argc > 1 ? argv[1] : NULL, e);
	else if (r > 0)
		r = 0; /* --help */
	execute_arguments_done(&parsed.execute);
	vec_done(&parsed.source.fragments);
	vec_done(&parsed.source.words);
	return r;
}
