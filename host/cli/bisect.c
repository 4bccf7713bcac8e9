/* SPDX-License-Identifier: Apache-2.0 */
/* assay bisect: since when does a case fail? */
#include "host/cli/bisect.h"

#include <stdio.h>
#include <string.h>

#include "host/cli/execute.h"

typedef struct bisect_arguments told;

static const struct option_line options[] = {
	OPTION_CHOICE("accel", 0, told, accel, "ACCEL", accel_words,
		      "auto (what is proved to work), kvm or tcg"),
	OPTION_AGENT(told),
	OPTION_TEXT("bad", 0, told, bad, "REV", "a revision at which the case fails (else HEAD)"),
	OPTION_BUILD_JOBS(told),
	OPTION_TEXT("case", 'c', told, case_id, "ID", "the case that began to fail"),
	OPTION_CASES(told),
	OPTION_FLAG(
		"cold", 0, told, cold,
		"use no templates: boot every machine anew, for what differs from boot to boot"),
	OPTION_CONFIG(told),
	OPTION_CHOICE("firmware", 0, told, firmware, "KIND", firmware_words, "auto, bios or uefi"),
	OPTION_FLAG("first-parent", 0, told, first_parent,
		    "of merges follow the first parent alone: name the merge that brought it"),
	OPTION_FRAGMENT(told),
	OPTION_TEXT("good", 0, told, good, "REV", "an ancestor of it at which the case passes"),
	OPTION_TEXT("image", 'i', told, image, "IMAGE",
		    "try each kernel in that image (else in a machine with nothing else in it)"),
	OPTION_FLAG("images", 0, told, images, "between images: the operands, the good one first"),
	OPTION_TEXT("jobs", 'j', told, jobs, "N", "run N machines at once"),
	OPTION_FLAG("json", 0, told, json, "print a line of JSON for each try, and for the end"),
	OPTION_FLAG("kernels", 0, told, kernels,
		    "between kernels (packages, bzImages): the operands, the good one first"),
	OPTION_MAKE(told),
	OPTION_TEXT("out", 'o', told, out, "DIR",
		    "keep the bisection in DIR (else below ~/.local/state)"),
	OPTIONS_POLICY(told),
	OPTION_FLAG("quiet", 'q', told, quiet, "show only the end"),
	OPTION_TEXT("resume", 0, told, resume, "BISECTION",
		    "go on with one that was stopped: a folder, an id, or `last`"),
	OPTION_TEXT("size", 0, told, size, "SIZE", "the VM size, as for assay run"),
	OPTION_FLAG("sort", 0, told, sort,
		    "put the operands into the order of the versions in their names"),
	OPTION_SUITE_FROM(told),
	OPTION_TEXT("tree", 0, told, tree, "TREE",
		    "the kernel's git repository (else this folder)"),
	OPTION_TEXT(
		"until-sure", 0, told, until_sure, "RATE",
		"what is good passes at least so often, what is bad fails ten times as often as "
		"that allows (else 99%)"),
	OPTION_TEXT(
		"until-sure-budget", 0, told, sure_budget, "TIME|COUNT",
		"what being sure of one of them may take (else 10m); one of which it is not sure "
		"then is skipped"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_bisect = {
	.name = "bisect",
	.operands = "[FILE...]",
	.title = "find the commit, kernel or image since which a case fails",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"Between two commits of a kernel's git repository: each that is tried is built in the cache, booted alone (or in\n"
		"--image), and the case is run on fresh copies of it until it is sure. With --kernels or --images between the\n"
		"first and the last of the files that are named. Both ends are tried first. What does not build, or does not\n"
		"come up, is skipped; when such ones surround the culprit, the range is told. The work tree is never touched.\n\n"
		"    assay bisect --tree linux --good v6.1 --bad v6.2 --case kernel.no_taint\n"
		"    assay bisect --images --case time.clocksource_is_stable day-01.qcow2 day-02.qcow2 day-03.qcow2\n\n"
		"Ctrl-C stops it, and --resume goes on, after a kill too. Exit status: 0 found, 2 not found (a range is left, or it\n"
		"was stopped), 64 usage (also a good end at which the case fails, and a bad one at which it passes), 70 this\n"
		"machine.",
};

/* ---- the ends ---- */

static int check_end(struct bisecting *b, const struct bisect_subject *subject, bool is_good,
		     struct err *e)
{
	const enum search_verdict wanted = is_good ? SEARCH_GOOD : SEARCH_BAD;
	CLEAN_TEXT struct text share = TEXT_INIT(256);
	const struct bisect_try *it;
	int r = bisect_try(b, subject, &it, e);

	if (r < 0 || it->verdict == wanted)
		return r;
	bisect_add_share(it, &share);
	if (it->verdict == SEARCH_SKIPPED)
		return err_set(
			e, BLAME_USER, EINVAL,
			"the %s end cannot be tried, so there is nothing to begin with: %.60s: "
			"%.250s",
			is_good ? "good" : "bad", it->name, it->why);
	if (is_good)
		return err_set(e, BLAME_USER, EINVAL,
			       "the good end is not good: at %.60s %s fails (%s): %.150s; take an "
			       "earlier one",
			       it->name, b->state.case_id, share.buf, it->why);
	return err_set(
		e, BLAME_USER, EINVAL,
		"the bad end is not bad: at %.80s %s passes (%s); what made it fail for you is "
		"not in it, or in the machine (--size, --policy, --cold)",
		it->name, b->state.case_id, share.buf);
}

/* The bad one first: that it cannot be seen to fail is the more frequent surprise. */
static int check_ends(struct bisecting *b, struct err *e)
{
	const struct bisect_subjects *subjects = &b->state.subjects;
	int r = check_end(b, &subjects->items[subjects->count - 1], false, e);

	return r == 0 ? check_end(b, &subjects->items[0], true, e) : r;
}

/* ---- between them ---- */

static int bisect_on(struct bisecting *b, struct err *e)
{
	enum search_state state = SEARCH_NEXT;
	int r = check_ends(b, e);

	while (r == 0 && state == SEARCH_NEXT) {
		CLEAN_DONE(bisect_next) struct bisect_next next = {.left = 0};
		const struct bisect_try *it;
		r = bisect_choose(b, &state, &next, e);
		if (r < 0)
			break;
		if (state != SEARCH_NEXT)
			return bisect_report(b, state, &next, e);
		bisect_tell(b, "%zu left between good and bad, about %u to try", next.left,
			    search_steps(next.left));
		r = bisect_try(b, &next.subject, &it, e);
	}
	return r;
}

/* A stop and a fault of this host leave it to be gone on with. */
static int end(const struct bisecting *b, int r, struct err *e)
{
	bool goes_on = r < 0 && b->folder && b->state.subjects.count > 0 &&
		       (e->blame != BLAME_USER || e->code == ECANCELED);

	if (goes_on && !b->arguments->json)
		(void)fprintf(stderr, "To go on: assay bisect --resume %s\n",
			      b->arguments->out ? b->folder : b->state.id);
	return r;
}

static int run_parsed(const struct bisect_arguments *arguments, char **operands, size_t count,
		      struct err *e)
{
	CLEAN_DONE(bisecting)
	struct bisecting b = {.arguments = arguments,
			      .state = BISECT_INIT,
			      .interrupt = INTERRUPT_INIT,
			      .claim = -1};
	int r = interrupt_begin(&b.interrupt, e);

	b.p = patience_for_user(b.interrupt.fd);
	if (r == 0)
		r = arguments->resume ? bisect_resume(&b, arguments->resume, e)
				      : bisect_begin(&b, operands, count, e);
	if (r < 0)
		return r;
	return end(&b, bisect_on(&b, e), e);
}

static int check_arguments(const struct bisect_arguments *arguments, size_t operands, struct err *e)
{
	const bool is_list = arguments->kernels || arguments->images;
	const struct source_arguments *source = &arguments->source;

	if (arguments->resume)
		return operands || is_list || arguments->good || arguments->case_id
			       ? err_set(e, BLAME_USER, EINVAL,
					 "--resume goes on as it was begun: what is bisected is known")
			       : 0;
	if (!arguments->case_id)
		return err_set(e, BLAME_USER, EINVAL, "assay bisect needs --case ID");
	if (arguments->kernels && arguments->images)
		return err_set(e, BLAME_USER, EINVAL,
			       "the operands are either --kernels or --images");
	if (is_list && operands < 2)
		return err_set(e, BLAME_USER, EINVAL,
			       "there have to be two files at least: a good one and a bad one");
	if (!is_list && operands)
		return err_set(
			e, BLAME_USER, EINVAL,
			"files are bisected by --kernels or --images; a repository is named by "
			"--tree");
	if (is_list && (arguments->good || arguments->bad || arguments->tree || source->config ||
			source->fragments.count || source->words.count || arguments->first_parent))
		return err_set(
			e, BLAME_USER, EINVAL,
			"--tree, --good, --bad, --first-parent and what is for builds are for a "
			"repository: of files the first is good and the last is bad");
	if (!is_list && !arguments->good)
		return err_set(
			e, BLAME_USER, EINVAL,
			"assay bisect needs --good REV, or --kernels or --images with files");
	if (arguments->images && arguments->image)
		return err_set(e, BLAME_USER, EINVAL, "--image is for kernels");
	return source_check(source, e);
}

static void arguments_done(struct bisect_arguments *arguments)
{
	vec_done(&arguments->source.fragments);
	vec_done(&arguments->source.words);
	vec_done(&arguments->policy.files);
	vec_done(&arguments->policy.profiles);
	vec_done(&arguments->case_folders);
	vec_done(&arguments->suite_sources);
}

static int run(int argc, char **argv, struct err *e)
{
	struct bisect_arguments arguments = {.json = false};
	int r = verb_parse(&verb_bisect, &argc, argv, 0, BISECT_SUBJECTS_MAX, &arguments, e);
	const bool was_help = r > 0;

	if (r == 0)
		r = check_arguments(&arguments, (size_t)(argc - 1), e);
	if (r == 0)
		r = run_parsed(&arguments, argv + 1, (size_t)(argc - 1), e);
	arguments_done(&arguments);
	return was_help ? 0 : r;
}
