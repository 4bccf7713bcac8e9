/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the audit notice? Runs every audit case over an image, and then again with each file that it read emptied, garbled,
 * cut to its half, or gone. Usage: bench-mutation [OPTION...] IMAGE, see README.md.
 *
 * Exits with 1 when a case was lost (it crashed or did not end: images are not trusted), or noticed a mutation in none of the
 * files and mutation-accepted.tsv does not say why.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/option.h"
#include "bench/mutation_accepted.h"
#include "bench/mutation_trial.h"
#include "host/catalog/policy.h"
#include "host/image/export.h"
#include "host/image/extents.h"
#include "host/image/image.h"
#include "host/image/offline.h"
#include "host/image/shut_in.h"
#include "host/store/folder.h"

#define OPEN_SPAN_NS (15 * 60 * NS_PER_S)
#define FILES_FD     100 /* and further: where the extents' files are put, one beside the other */
#define OUT_MAX	     (64U << 20)
#define TRIALS_MAX   1000000U

struct arguments {
	struct text_list cases;
	const char *accepted, *policy;
	long long files, seed, jobs, limit_s;
	bool json, unnoticed, help;
};

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
	OPTION_FLAG("unnoticed", 0, struct arguments, unnoticed, "list the files too"),
	OPTION_FLAG("json", 0, struct arguments, json, "print one JSON object"),
	OPTION_FLAG("help", 'h', struct arguments, help, "print this"),
};

struct tally {
	unsigned trials, noticed;
};

struct subject {
	const struct case_def *def;
	char id[CASE_ID_SIZE];
	const struct mutation_trial *clean;
	unsigned files, files_left_out;
	struct tally tallies[MUTATION_COUNT];
};

DEFINE_VEC(trial_vec, struct mutation_trial);

struct bench {
	struct arguments arguments;
	struct accepted accepted;
	struct mutation_setup setup;
	struct text parameters;
	struct extents *extents;
	struct offline *offline;
	struct tree *tree; /* borrowed */
	struct subject *subjects;
	size_t count;
	struct mutation_trial *cleans; /* one of each subject */
	struct trial_vec trials;
	unsigned lost, open; /* what the exit status tells */
	uint64_t duration_ns;
};

/* ---- the disk ---- */

static int read_files(void *arg, uint64_t offset, void *buf, size_t size)
{
	return extents_read(arg, FILES_FD, offset, buf, size);
}

/* The files next to each other, as extents_read wants them; only those are left open. */
static int take_files(struct bench *bench, const struct image *image, struct err *e)
{
	CLEAN_DONE(export) struct export export = EXPORT_INIT;
	int r = export_open(image, &export, e);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < export.file_count; i++)
		if (fcntl(export.files[i], F_DUPFD_CLOEXEC, FILES_FD + (int)i) != FILES_FD + (int)i)
			return err_set(e, BLAME_HOST, EMFILE, "descriptor %u is not free",
				       FILES_FD + i);
	bench->extents = extents_take_over(export.fd);
	return bench->extents ? 0 : err_set(e, BLAME_BUG, EIO, "the list of extents is none");
}

static int find_disk(struct bench *bench, const char *path, struct err *e)
{
	CLEANUP(image) struct image *image = NULL;
	CLEAN_FREE char *cache = NULL;
	const struct patience p = patience_for(-1, OPEN_SPAN_NS);
	int r = cache_folder("", &cache, e);

	if (r < 0)
		return r;
	const struct image_options image_options = {.cache_folder = cache};
	r = image_open(path, &image_options, &p, &image, e);
	if (r < 0)
		return r;
	if (image->needs_micro_vm || image->problem[0])
		return err_set(e, BLAME_USER, ENOTSUP,
			       "%.100s: its files are not read in process%s%.200s", image->name,
			       image->problem[0] ? ": " : "", image->problem);
	/* Copies of one process cannot share the daemon's socket. */
	if (!image->extents)
		return err_set(
			e, BLAME_USER, ENOTSUP,
			"%.100s: its bytes do not lie in the file as they are; unpack it with "
			"`qemu-img convert -O qcow2`",
			image->name);
	return take_files(bench, image, e);
}

static int see_nothing(void *arg UNUSED, const char *path UNUSED,
		       const struct tree_stat *stat UNUSED)
{
	return 0;
}

/* Opens the tree and reads all folders once, so that no copy has to. What cases keep is kept by none: they run in copies only. */
static int open_tree(struct bench *bench, struct err *e)
{
	CLEAN_FD int probe = memfd_create("probe", MFD_CLOEXEC);
	const struct chunk_source source = {
		.read = read_files,
		.arg = bench->extents,
		.size = extents_disk_size(bench->extents),
		.is_near = true,
	};

	if (probe < 0)
		return err_set(e, BLAME_HOST, errno, "memfd: %m");
#if !defined(__SANITIZE_ADDRESS__) /* its reports need more than we have then */
	if (!shut_in(SHUT_IN_WITH_COPIES))
		return err_set(e, BLAME_HOST, ENOSYS, "the sandbox cannot be set up");
#endif
	bench->offline = offline_open(&source, probe, NULL);
	if (!offline_has_root(bench->offline))
		return err_set(e, BLAME_USER, ENOENT, "there is no operating system on the disk");
	bench->tree = offline_tree(bench->offline);
	(void)tree_walk(bench->tree, "/", see_nothing, NULL);
	return 0;
}

/* ---- what is run ---- */

static bool is_chosen(const struct arguments *arguments, const char *id)
{
	vec_each (&arguments->cases, chosen)
		if (strcmp(*chosen, id) == 0)
			return true;
	return arguments->cases.count == 0;
}

static void choose(struct bench *bench)
{
	size_t total;
	const struct case_def *const *all = cases_all(&total);

	bench->subjects = xnew(total * sizeof *bench->subjects);
	for (size_t i = 0; i < total; i++) {
		struct subject *subject = &bench->subjects[bench->count];
		(void)case_id(&all[i]->info, subject->id);
		if (all[i]->info.kind != CASE_KIND_AUDIT ||
		    !is_chosen(&bench->arguments, subject->id))
			continue;
		subject->def = all[i];
		bench->count++;
	}
}

static int run_clean(struct bench *bench, struct err *e)
{
	bench->cleans = xnew(bench->count * sizeof *bench->cleans);
	for (size_t i = 0; i < bench->count; i++) {
		bench->cleans[i] = (struct mutation_trial){.def = bench->subjects[i].def};
		bench->subjects[i].clean = &bench->cleans[i];
	}
	return mutation_run(bench->tree, bench->cleans, bench->count, &bench->setup, e);
}

DEFINE_VEC(path_vec, const char *);

/* The regular files that the case asked for, each once whatever links lead to it. They begin with 'c' or '-'. */
static void collect_files(struct tree *tree, const struct mutation_trial *clean,
			  struct path_vec *files)
{
	struct text_list seen = VEC_INIT(4096);
	char real[TREE_PATH_MAX];
	struct tree_stat stat;

	for (size_t at = 0; at < clean->reads_length; at += strlen(clean->reads + at) + 1) {
		const char *path = clean->reads + at + 1;
		bool is_new = tree_stat(tree, path, &stat) == 0 && S_ISREG(stat.mode) &&
			      !(stat.filesystem & TREE_OUTSIDE) && stat.size <= TREE_FILE_MAX &&
			      tree_resolve(tree, path, real, sizeof real) == 0;
		vec_each (&seen, it)
			is_new = is_new && strcmp(*it, real) != 0;
		if (is_new) {
			(void)vec_add(&seen, xstrdup(real));
			(void)vec_add(files, path - 1);
		}
	}
	vec_each (&seen, it)
		free((char *)(uintptr_t)*it);
	vec_done(&seen);
	tree_forget_reads(tree);
}

static void add_mutations(struct bench *bench, struct subject *subject, const char *file)
{
	struct tree_stat stat = {0};

	(void)tree_stat(bench->tree, file + 1, &stat);
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++) {
		/* To what is asked for its mode alone only one of them makes a difference. */
		if (m != MUTATION_ABSENT && (file[0] != 'c' || stat.size == 0))
			continue;
		const struct mutation_trial trial = {
			.def = subject->def, .mutation = m, .path = file + 1};
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
		collect_files(bench->tree, subject->clean, &files);
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

static bool is_noticed(const struct mutation_trial *trial)
{
	return !trial->has_ended || trial->outcome != OUTCOME_PASS;
}

/* Only who passes as it is can notice. */
static bool is_judged(const struct subject *subject)
{
	return subject->clean->has_ended && subject->clean->outcome == OUTCOME_PASS;
}

static struct subject *subject_of(const struct bench *bench, const struct mutation_trial *trial)
{
	for (size_t i = 0; i < bench->count; i++)
		if (bench->subjects[i].def == trial->def)
			return &bench->subjects[i];
	return NULL;
}

/* Every file passed over, and nobody says why. */
static bool is_open(const struct bench *bench, const struct subject *subject, enum mutation m)
{
	return m != MUTATION_SCRATCHED && is_judged(subject) && subject->tallies[m].trials > 0 &&
	       subject->tallies[m].noticed == 0 &&
	       !accepted_reason(&bench->accepted, subject->id, m);
}

static void count_all(struct bench *bench)
{
	for (size_t i = 0; i < bench->count; i++)
		bench->lost += !bench->cleans[i].has_ended;
	vec_each (&bench->trials, trial) {
		struct tally *tally = &subject_of(bench, trial)->tallies[trial->mutation];
		tally->trials++;
		tally->noticed += is_noticed(trial);
		bench->lost += !trial->has_ended;
	}
	for (size_t i = 0; i < bench->count; i++)
		for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
			bench->open += is_open(bench, &bench->subjects[i], m);
}

/* ---- for people ---- */

static void print_lost(const struct bench *bench, const struct mutation_trial *trial,
		       struct text *out)
{
	char how[64];

	if (!trial->has_ended)
		(void)text_addf(out, "LOST  %s  %s %s: the process %s\n",
				subject_of(bench, trial)->id, trial->path ? trial->path : "",
				mutation_name(trial->mutation),
				child_status_text(trial->status, how, sizeof how));
}

static void print_subject(const struct subject *subject, struct text *out)
{
	(void)text_addf(out, "%-52s", subject->id);
	if (!is_judged(subject)) {
		(void)text_addf(out, " %s\n",
				subject->clean->has_ended ? outcome_name(subject->clean->outcome)
							  : "lost");
		return;
	}
	(void)text_addf(out, " %4u", subject->files);
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++) {
		const struct tally *tally = &subject->tallies[m];
		char cell[32] = "-";
		if (tally->trials > 0)
			(void)snprintf(cell, sizeof cell, "%u/%u", tally->noticed, tally->trials);
		(void)text_addf(out, " %9s", cell);
	}
	if (subject->files_left_out > 0)
		(void)text_addf(out, "  (of %u files)", subject->files + subject->files_left_out);
	(void)text_adds(out, "\n");
}

static void print_open(const struct bench *bench, struct text *out)
{
	for (size_t i = 0; i < bench->count; i++)
		for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
			if (is_open(bench, &bench->subjects[i], m))
				(void)text_addf(out, "UNNOTICED  %s  %s\n", bench->subjects[i].id,
						mutation_name(m));
}

/* What is accepted and yet noticed here; on another image it may not be. */
static void print_needless(const struct bench *bench, struct text *out)
{
	for (size_t i = 0; i < bench->count; i++)
		for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
			if (bench->subjects[i].tallies[m].noticed > 0 &&
			    is_judged(&bench->subjects[i]) &&
			    accepted_reason(&bench->accepted, bench->subjects[i].id, m))
				(void)text_addf(out, "accepted, but noticed here: %s  %s\n",
						bench->subjects[i].id, mutation_name(m));
}

static void print_unnoticed_files(const struct bench *bench, struct text *out)
{
	vec_each (&bench->trials, trial) {
		const struct subject *subject = subject_of(bench, trial);
		if (is_judged(subject) && !is_noticed(trial))
			(void)text_addf(out, "passes  %s  %s  %s\n", subject->id,
					mutation_name(trial->mutation), trial->path);
	}
}

static void print_text(const struct bench *bench, struct text *out)
{
	for (size_t i = 0; i < bench->count; i++)
		print_lost(bench, &bench->cleans[i], out);
	vec_each (&bench->trials, trial)
		print_lost(bench, trial, out);
	(void)text_addf(out, "%-52s %4s", "noticed/mutated", "files");
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
		(void)text_addf(out, " %9s", mutation_name(m));
	(void)text_adds(out, "\n");
	for (size_t i = 0; i < bench->count; i++)
		print_subject(&bench->subjects[i], out);
	if (bench->arguments.unnoticed)
		print_unnoticed_files(bench, out);
	print_needless(bench, out);
	print_open(bench, out);
	(void)text_addf(
		out,
		"%zu cases, %zu mutated trials in %.1f s: %u lost, %u unnoticed and not accepted\n",
		bench->count, bench->trials.count, clock_s(bench->duration_ns), bench->lost,
		bench->open);
}

/* ---- for programs ---- */

static void add_trial_json(const struct mutation_trial *trial, struct text *out)
{
	char how[64];

	json_open(out, '{');
	json_member(out, "mutation", mutation_name(trial->mutation));
	json_member(out, "path", trial->path);
	if (trial->has_ended)
		json_member(out, "outcome", outcome_name(trial->outcome));
	else
		json_member(out, "lost", child_status_text(trial->status, how, sizeof how));
	if (trial->has_ended && trial->message[0])
		json_member(out, "message", trial->message);
	json_close(out, '}');
}

static void add_tallies_json(const struct bench *bench, const struct subject *subject,
			     struct text *out)
{
	json_key(out, "mutations");
	json_open(out, '{');
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++) {
		const char *reason = accepted_reason(&bench->accepted, subject->id, m);
		json_key(out, mutation_name(m));
		json_open(out, '{');
		json_member_number(out, "trials", subject->tallies[m].trials);
		json_member_number(out, "noticed", subject->tallies[m].noticed);
		if (reason)
			json_member(out, "accepted", reason);
		json_key(out, "ok");
		json_bool(out, !is_open(bench, subject, m));
		json_close(out, '}');
	}
	json_close(out, '}');
}

static void add_subject_json(const struct bench *bench, const struct subject *subject,
			     struct text *out)
{
	json_open(out, '{');
	json_member(out, "id", subject->id);
	json_member(out, "clean",
		    subject->clean->has_ended ? outcome_name(subject->clean->outcome) : "lost");
	json_member_number(out, "files", subject->files);
	json_member_number(out, "files_left_out", subject->files_left_out);
	add_tallies_json(bench, subject, out);
	json_key(out, "trials");
	json_open(out, '[');
	vec_each (&bench->trials, trial)
		if (trial->def == subject->def)
			add_trial_json(trial, out);
	json_close(out, ']');
	json_close(out, '}');
}

static void print_json(const struct bench *bench, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "seed", (long long)bench->setup.seed);
	json_member_number(out, "lost", bench->lost);
	json_member_number(out, "unnoticed", bench->open);
	json_key(out, "cases");
	json_open(out, '[');
	for (size_t i = 0; i < bench->count; i++)
		add_subject_json(bench, &bench->subjects[i], out);
	json_close(out, ']');
	json_close(out, '}');
	(void)text_adds(out, "\n");
}

static int print(const struct bench *bench, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(OUT_MAX);
	const struct patience p = patience_for(-1, OPEN_SPAN_NS);

	(bench->arguments.json ? print_json : print_text)(bench, &out);
	return wait_write(&p, STDOUT_FILENO, out.buf, out.length, "stdout", e);
}

/* ---- all of it ---- */

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

static int run_bench(struct bench *bench, const char *path, struct err *e)
{
	int r = accepted_read(bench->arguments.accepted, &bench->accepted, e);

	if (r == 0)
		r = read_policy(bench, e);
	choose(bench);
	if (r == 0 && bench->count == 0)
		r = err_set(e, BLAME_USER, ENOENT, "there is no such audit case");
	if (r == 0)
		r = find_disk(bench, path, e);
	uint64_t start_ns = clock_now_ns();
	if (r == 0)
		r = open_tree(bench, e);
	if (r == 0)
		r = run_clean(bench, e);
	if (r < 0)
		return r;
	plan_trials(bench);
	r = mutation_run(bench->tree, bench->trials.items, bench->trials.count, &bench->setup, e);
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
		free(bench->cleans[i].reads);
	free(bench->cleans);
	free(bench->subjects);
	vec_done(&bench->trials);
	vec_done(&bench->arguments.cases);
	offline_free(bench->offline);
	extents_free(bench->extents);
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
