/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the cases notice? Runs every audit case over an image, and then again with each file that it read emptied, garbled,
 * cut to its half, or gone; with --guest every guest case in copies of a booted machine, with each file emptied or garbled.
 * Usage: bench-mutation [OPTION...] IMAGE, see README.md.
 *
 * Exits with 1 when a case was lost (it crashed or did not end: images are not trusted), or passed over a mutation - an audit
 * case in all of its files, a guest case in one - and mutation-accepted.tsv does not say why.
 */
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "bench/mutation_bench.h"
#include "host/catalog/policy.h"
#include "host/image/image.h"

#define OUT_MAX	   (64U << 20)
#define TRIALS_MAX 1000000U

static const struct option_line options[] = {
	OPTION_LIST("case", 0, struct arguments, cases, "ID", "only this case (repeatable)"),
	OPTION_TEXT("accepted", 0, struct arguments, accepted, "FILE",
		    "what may pass unnoticed (else the one in bench/)"),
	OPTION_TEXT("policy", 0, struct arguments, policy, "FILE",
		    "what cases hold the image against (else those that ask are skipped)"),
	OPTION_NUMBER("files", 0, struct arguments, files, "N", 1, 4096,
		      "mutate at most N files of a case (24)"),
	OPTION_NUMBER("seed", 0, struct arguments, seed, "N", 0, 1LL << 40,
		      "of the random bytes (1)"),
	OPTION_NUMBER("jobs", 'j', struct arguments, jobs, "N", 1, MUTATION_JOBS_MAX,
		      "run N at once (the CPUs)"),
	OPTION_NUMBER("limit", 0, struct arguments, limit_s, "S", 1, 3600,
		      "a case that takes longer hangs (60)"),
	OPTION_FLAG("guest", 0, struct arguments, guest,
		    "guest cases, on copies of the template that a run has kept"),
	OPTION_TEXT("size", 0, struct arguments, size, "SIZE", "of their machines (default)"),
	OPTION_TEXT("agent", 0, struct arguments, agent, "FILE",
		    "their agent (else the one that was built)"),
	OPTION_FLAG("unnoticed", 0, struct arguments, unnoticed, "list the files too"),
	OPTION_FLAG("json", 0, struct arguments, json, "print one JSON object"),
	OPTION_FLAG("help", 'h', struct arguments, help, "print this"),
};

/* ---- what is run ---- */

/* In a guest every second counts: who waits for time to pass is tried when he is asked for. */
static bool is_chosen(const struct arguments *arguments, const struct case_info *info,
		      const char *id)
{
	if (info->kind != (arguments->guest ? CASE_KIND_GUEST : CASE_KIND_AUDIT))
		return false;
	vec_each (&arguments->cases, chosen)
		if (strcmp(*chosen, id) == 0)
			return true;
	return arguments->cases.count == 0 && !(arguments->guest && info->waits);
}

static void choose(struct bench *bench)
{
	size_t total;
	const struct case_def *const *all = cases_all(&total);

	bench->subjects = xnew(total * sizeof *bench->subjects);
	for (size_t i = 0; i < total; i++) {
		struct subject *subject = &bench->subjects[bench->count];
		(void)case_id(&all[i]->info, subject->id);
		if (!is_chosen(&bench->arguments, &all[i]->info, subject->id))
			continue;
		subject->def = all[i];
		bench->count++;
	}
}

static int run_trials(struct bench *bench, struct mutation_trial *trials, size_t count,
		      struct err *e)
{
	return bench->guest ? mutation_guest_run(bench->guest, trials, count, &bench->setup, e)
			    : mutation_disk_run(bench->disk, trials, count, &bench->setup, e);
}

static int run_clean(struct bench *bench, struct err *e)
{
	bench->cleans = xnew(bench->count * sizeof *bench->cleans);
	for (size_t i = 0; i < bench->count; i++) {
		bench->cleans[i] = (struct mutation_trial){.def = bench->subjects[i].def};
		bench->subjects[i].clean = &bench->cleans[i];
	}
	return run_trials(bench, bench->cleans, bench->count, e);
}

DEFINE_VEC(path_vec, const char *);

/* Each begins with 'c' or '-'. */
static void collect_files(const struct mutation_trial *clean, struct path_vec *files)
{
	for (size_t at = 0; at < clean->files_length; at += strlen(clean->files + at) + 1)
		(void)vec_add(files, clean->files + at);
}

/* What the kernel shows of itself is not cut off, and what is not there is a need that is not met: of a guest's files only
 * those mutations are asked that look like a file. */
static bool is_tried(const struct bench *bench, enum mutation m, bool has_content)
{
	if (bench->arguments.guest)
		return has_content && (m == MUTATION_EMPTIED || m == MUTATION_GARBLED);
	/* To what is asked for its mode alone only one of them makes a difference. */
	return has_content || m == MUTATION_ABSENT;
}

static void add_mutations(struct bench *bench, struct subject *subject, const char *file)
{
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++) {
		const struct mutation_trial trial = {
			.def = subject->def, .mutation = m, .path = file + 1};
		if (is_tried(bench, m, file[0] == 'c'))
			(void)vec_add(&bench->trials, trial);
	}
}

/* When there are more files than are mutated, they are picked evenly. */
static void plan_trials(struct bench *bench)
{
	size_t most = (size_t)bench->arguments.files;

	for (size_t n = 0; n < bench->count; n++) {
		struct subject *subject = &bench->subjects[n];
		struct path_vec files = VEC_INIT(4096);
		if (is_judged(subject) || !bench->arguments.guest)
			collect_files(subject->clean, &files);
		for (size_t i = 0; i < files.count; i++) {
			bool is_picked = files.count <= most ||
					 i * most / files.count != (i + 1) * most / files.count;
			subject->files += is_picked;
			subject->files_left_out += !is_picked;
			if (is_picked)
				add_mutations(bench, subject, files.items[i]);
		}
		vec_done(&files);
	}
}

/* ---- what came of it ---- */

bool is_noticed(const struct mutation_trial *trial)
{
	return !trial->has_ended || trial->outcome != OUTCOME_PASS;
}

bool is_undecided(const struct mutation_trial *trial)
{
	return trial->has_ended && trial->outcome == OUTCOME_INFRA;
}

bool is_judged(const struct subject *subject)
{
	return subject->clean->has_ended && subject->clean->outcome == OUTCOME_PASS;
}

struct subject *subject_of(const struct bench *bench, const struct mutation_trial *trial)
{
	for (size_t i = 0; i < bench->count; i++)
		if (bench->subjects[i].def == trial->def)
			return &bench->subjects[i];
	return NULL;
}

bool is_open_file(const struct bench *bench, const struct mutation_trial *trial)
{
	const struct subject *subject = subject_of(bench, trial);

	return is_judged(subject) && !is_noticed(trial) &&
	       !accepted_reason(&bench->accepted, subject->id, trial->mutation, trial->path);
}

static bool has_open_file(const struct bench *bench, const struct subject *subject, enum mutation m)
{
	vec_each (&bench->trials, trial)
		if (trial->def == subject->def && trial->mutation == m &&
		    is_open_file(bench, trial))
			return true;
	return false;
}

bool is_open(const struct bench *bench, const struct subject *subject, enum mutation m)
{
	if (bench->guest)
		return has_open_file(bench, subject, m);
	return m != MUTATION_SCRATCHED && is_judged(subject) && subject->tallies[m].trials > 0 &&
	       subject->tallies[m].noticed == 0 &&
	       !accepted_reason(&bench->accepted, subject->id, m, NULL);
}

static void count_all(struct bench *bench)
{
	for (size_t i = 0; i < bench->count; i++)
		bench->lost += !bench->cleans[i].has_ended;
	vec_each (&bench->trials, trial) {
		struct tally *tally = &subject_of(bench, trial)->tallies[trial->mutation];
		tally->trials += !is_undecided(trial);
		tally->noticed += is_noticed(trial) && !is_undecided(trial);
		bench->lost += !trial->has_ended;
	}
	for (size_t i = 0; i < bench->count; i++)
		for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
			bench->open += is_open(bench, &bench->subjects[i], m);
}

/* ---- all of it ---- */

static int print(const struct bench *bench, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(OUT_MAX);
	const struct patience p = patience_for(-1, OPEN_SPAN_NS);

	(bench->arguments.json ? mutation_print_json : mutation_print)(bench, &out);
	return wait_write(&p, STDOUT_FILENO, out.buf, out.length, "stdout", e);
}

static int read_policy(struct bench *bench, struct err *e)
{
	CLEANUP(policy) struct policy *policy = policy_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	const char *path = bench->arguments.policy;

	if (path && policy_read(policy, path, &problems) > 0)
		return err_set(e, BLAME_USER, EINVAL, "%.400s", problems.buf);
	policy_parameters(policy, &bench->parameters);
	bench->setup.parameters = bench->parameters.buf;
	return 0;
}

static int open_place(struct bench *bench, const char *path, struct err *e)
{
	return bench->arguments.guest
		       ? mutation_guest_open(path, &bench->arguments, &bench->guest, e)
		       : mutation_disk_open(path, &bench->disk, e);
}

static int run_bench(struct bench *bench, const char *path, struct err *e)
{
	int r = accepted_read(bench->arguments.accepted, &bench->accepted, e);

	if (r == 0)
		r = read_policy(bench, e);
	choose(bench);
	if (r == 0 && bench->count == 0)
		r = err_set(e, BLAME_USER, ENOENT, "there is no such %s case",
			    bench->arguments.guest ? "guest" : "audit");
	if (r == 0)
		r = open_place(bench, path, e);
	uint64_t start_ns = clock_now_ns();
	if (r == 0)
		r = run_clean(bench, e);
	if (r < 0)
		return r;
	plan_trials(bench);
	r = run_trials(bench, bench->trials.items, bench->trials.count, e);
	bench->duration_ns = clock_now_ns() - start_ns;
	if (r < 0)
		return r;
	count_all(bench);
	r = print(bench, e);
	return r < 0 ? r : bench->lost + bench->open > 0;
}

static void bench_done(struct bench *bench)
{
	for (size_t i = 0; bench->cleans && i < bench->count; i++)
		free(bench->cleans[i].files);
	free(bench->cleans);
	free(bench->subjects);
	vec_done(&bench->trials);
	vec_done(&bench->arguments.cases);
	mutation_disk_free(bench->disk);
	mutation_guest_free(bench->guest);
	accepted_done(&bench->accepted);
	text_done(&bench->parameters);
}

static int parse(int argc, char **argv, struct bench *bench, struct err *e)
{
	struct arguments *arguments = &bench->arguments;
	int r = options_parse(options, ARRAY_LEN(options), &argc, argv, arguments, e);

	if (r < 0)
		return r;
	if (argc != 2 && !arguments->help)
		return err_set(e, BLAME_USER, EINVAL, "one image is wanted; see --help");
	bench->setup = (struct mutation_setup){
		.seed = (uint64_t)arguments->seed,
		.jobs = (unsigned)arguments->jobs,
		.limit_s = (unsigned)arguments->limit_s,
	};
	return 0;
}

static int print_help(void)
{
	CLEAN_TEXT struct text help = TEXT_INIT(65536);

	(void)text_adds(&help, "usage: bench-mutation [OPTION...] IMAGE\n\n");
	options_help(options, ARRAY_LEN(options), &help);
	(void)fputs(help.buf, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct bench bench = {
		.arguments = {.cases = VEC_INIT(1000),
			      .accepted = MUTATION_ACCEPTED,
			      .agent = MUTATION_AGENT,
			      .size = "default",
			      .files = 24,
			      .seed = 1,
			      .jobs = cpus < 1			 ? 1
				      : cpus > MUTATION_JOBS_MAX ? MUTATION_JOBS_MAX
								 : cpus,
			      .limit_s = 60},
		.accepted = ACCEPTED_INIT,
		.parameters = TEXT_INIT(POLICY_MAX),
		.trials = VEC_INIT(TRIALS_MAX),
	};
	struct err e = {0};

	child_init(argc, argv);
	image_audit_init(argc, argv);
	int r = parse(argc, argv, &bench, &e);
	if (r == 0)
		r = bench.arguments.help ? print_help() : run_bench(&bench, argv[1], &e);
	if (r < 0)
		(void)fprintf(stderr, "bench-mutation: %s\n", e.text);
	bench_done(&bench);
	return r >= 0 ? r : e.blame == BLAME_USER ? 64 : 70;
}
