/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a run is judged by. */
#include "host/cli/judge_setup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "host/cli/verb.h"
#include "host/hallmark/hallmark.h"
#include "host/hallmark/sign_off.h"
#include "host/hallmark/signer.h"
#include "host/image/digest.h"
#include "host/judge/noise.h"
#include "host/report/judgement.h"
#include "host/report/report.h"
#include "host/store/folder.h"
#include "host/store/store.h"

#define VALUES_MAX 1000000

/* "2026-01-31T12:00:00.123Z", as reports spell it. */
static bool parse_milliseconds(const char *at, uint64_t *ret_ns)
{
	char second[HALLMARK_TIME_SIZE];
	unsigned milliseconds;
	int end = 0;

	if (strlen(at) != strlen("2026-01-31T12:00:00.123Z") || at[19] != '.' ||
	    strspn(at + 20, "0123456789") != 3 ||
	    sscanf(at + 20, "%3uZ%n", &milliseconds, &end) != 1 || end != 4)
		return false;
	(void)snprintf(second, sizeof second, "%.19sZ", at);
	if (!hallmark_parse_time(second, ret_ns))
		return false;
	*ret_ns += milliseconds * NS_PER_MS;
	return true;
}

int parse_at(const char *at, uint64_t *ret_ns, struct err *e)
{
	/* As exact as it is told, so that what was told judges the same again. */
	*ret_ns = clock_wall_ns() / NS_PER_MS * NS_PER_MS;
	if (!at || hallmark_parse_time(at, ret_ns) || parse_milliseconds(at, ret_ns))
		return 0;
	if (waiver_parse_date(at, ret_ns)) {
		*ret_ns -= 86400 * NS_PER_S; /* that is the day's end */
		return 0;
	}
	return err_set(e, BLAME_USER, EINVAL,
		       "--at takes a day or a time in UTC such as 2026-01-31 or "
		       "2026-01-31T12:00:00Z, not '%.40s'",
		       at);
}

/* ---- gate and waivers ---- */

static int read_gate(const char *path, struct judge_setup *setup, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	if (!path)
		return 0;
	if (gate_read(path, &setup->gate, &problems) > 0)
		return print_problems(&problems, path, e);
	return signer_bind(setup->gate, e);
}

static int read_waivers(const char *path, struct judge_setup *setup, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	if (waivers_read(&setup->waivers, path, &problems) == 0)
		return 0;
	return print_problems(&problems, path, e);
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static bool gate_names(const struct gate *gate, const char *path)
{
	vec_each (&gate->waivers, name) {
		CLEAN_FREE char *own = gate_file(gate, name->text);
		if (is_same_file(own, path))
			return true;
	}
	return false;
}

/* Who may let failures through is the gate's to say. */
static int read_waivers_of_gate(const struct judge_arguments *arguments, struct judge_setup *setup,
				struct err *e)
{
	int r = 0;

	vec_each (&arguments->waivers, path)
		if (!gate_names(setup->gate, *path))
			return err_set(
				e, BLAME_USER, EINVAL,
				"%.1000s is not among the waivers that count: the gate %.1000s "
				"names them in line %u",
				*path, setup->gate->path, setup->gate->waivers.place.line);
	vec_each (&setup->gate->waivers, name) {
		CLEAN_FREE char *path = gate_file(setup->gate, name->text);
		if (r == 0)
			r = read_waivers(path, setup, e);
	}
	return r;
}

static int read_all_waivers(const struct judge_arguments *arguments, struct judge_setup *setup,
			    struct err *e)
{
	int r = 0;

	if (setup->gate && setup->gate->waivers.place.line > 0)
		return read_waivers_of_gate(arguments, setup, e);
	vec_each (&arguments->waivers, path)
		if (r == 0)
			r = read_waivers(*path, setup, e);
	return r;
}

/* ---- other runs ---- */

static int read_baseline(const char *name, struct judge_setup *setup, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	int r = name ? find_run(name, &folder, e) : 0;

	if (!name || r < 0)
		return r;
	r = read_run(folder, &setup->baseline, e);
	if (r == 0 && setup->baseline->proves)
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s is a proof: there is no image to compare in it",
			       setup->baseline->id);
	return r < 0 ? err_wrap(e, "the baseline") : 0;
}

/* ---- measured values ---- */

static int take_sample(void *arg, const struct store_sample *sample)
{
	return noises_add(arg, sample) ? 0 : -E2BIG;
}

/* The history is a help: without it a change has to be beyond the floor alone. */
void recall_noise(struct noises *noises)
{
	CLEANUP(store) struct store *store = NULL;
	CLEAN_FREE char *path = NULL;
	struct err e = {0};
	int r = state_folder("assay.db", &path, &e);

	if (r == 0 && access(path, F_OK) < 0)
		return;
	if (r == 0)
		r = store_open(path, &store, &e);
	if (r == 0)
		r = store_samples(store, take_sample, noises, &e);
	if (r < 0)
		log_warning("how much measured values differ by themselves is not known: %s",
			    e.code ? e.text : "there are too many in the store");
	noises_end(noises);
}

/* Where none could be compared the gate is told so, by none being given. */
static void compare_measured(const struct run *run, struct judge_setup *setup)
{
	CLEAN_NOISES struct noises noises = VEC_INIT(NOISES_MAX);

	if (!setup->gate || !setup->baseline || !gate_needs_values(setup->gate))
		return;
	recall_noise(&noises);
	if (worse_values_find(setup->baseline, run, &noises, &setup->values) > 0)
		setup->inputs.values = &setup->values;
}

/* ---- what the gate wants to know ---- */

static int read_catalog(const struct judge_arguments *arguments, struct judge_setup *setup,
			struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	if (!setup->gate || !gate_needs_catalog(setup->gate))
		return 0;
	int r = open_catalog(arguments->agent, &setup->catalog, e);
	if (r == 0)
		r = add_case_folders(setup->catalog, &arguments->case_folders, e);
	if (r == 0 && gate_check_cases(setup->gate, setup->catalog, &problems) > 0)
		r = print_problems(&problems, setup->gate->path, e);
	return r;
}

static int digest_in(const char *folder, const char *name, char digest[DIGEST_SIZE], struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	struct patience p = patience_for_user(-1);
	const struct digest_progress silent = {0};
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file_identity identity;
	struct stat stat_;

	if (fd < 0 || fstat(fd, &stat_) < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", path);
	file_identity(&stat_, &identity);
	return digest_compute(fd, path, &identity, &p, &silent, digest, e);
}

int run_digests(const struct run *run, char plan[SHA256_SIZE], char journal[SHA256_SIZE],
		struct err *e)
{
	int r = digest_in(run->folder, "plan.json", plan, e);

	return r == 0 ? digest_in(run->folder, "journal.jsonl", journal, e) : r;
}

char *sign_off_path(const struct run *run, const char *name)
{
	return xasprintf("%s/sign-offs/%s.json", run->folder, name);
}

static int read_sign_offs(const struct run *run, struct judge_setup *setup, struct err *e)
{
	char plan[SHA256_SIZE], journal[SHA256_SIZE];

	if (!setup->gate || setup->gate->sign_offs.count == 0)
		return 0;
	int r = run_digests(run, plan, journal, e);
	if (r < 0)
		return r;
	vec_each (&setup->gate->sign_offs, wanted) {
		CLEAN_FREE char *key = gate_file(setup->gate, wanted->key.text);
		CLEAN_FREE char *path = sign_off_path(run, wanted->name.text);
		struct sign_off_terms terms = {.name = wanted->name.text,
					       .path = path,
					       .key_path = key,
					       .gate_sha256 = setup->gate->sha256,
					       .plan_sha256 = plan,
					       .journal_sha256 = journal,
					       .now_ns = setup->inputs.now_ns,
					       .within_ns = (uint64_t)wanted->within_ns.number};
		struct sign_off found = {.name = wanted->name.text};
		r = sign_off_check(&terms, &found.lack, e);
		if (r < 0)
			return r;
		(void)vec_add(&setup->sign_offs, found);
	}
	return 0;
}

/* ---- all ---- */

static void point(struct judge_setup *setup)
{
	setup->inputs.gate = setup->gate;
	setup->inputs.waivers = setup->waivers.files.count > 0 ? &setup->waivers : NULL;
	setup->inputs.baseline = setup->baseline;
	setup->inputs.catalog = setup->catalog;
	setup->inputs.sign_offs = &setup->sign_offs;
	setup->inputs.history = &setup->history;
}

int judge_setup_make(const struct judge_arguments *arguments, const struct run *run,
		     struct judge_setup *ret, struct err *e)
{
	*ret = (struct judge_setup){.waivers = WAIVERS_INIT,
				    .sign_offs = VEC_INIT(1000),
				    .values = VEC_INIT(VALUES_MAX)};
	int r = parse_at(arguments->at, &ret->inputs.now_ns, e);

	if (r == 0 && run->proves && (arguments->gate || arguments->baseline))
		r = err_set(e, BLAME_USER, EINVAL,
			    "run %s is a proof, which tells of the cases and not of the image: no "
			    "gate and no baseline has a say in it",
			    run->id);
	if (r == 0)
		r = read_gate(arguments->gate, ret, e);
	if (r == 0)
		r = read_all_waivers(arguments, ret, e);
	if (r == 0)
		r = read_baseline(arguments->baseline, ret, e);
	if (r == 0)
		r = read_catalog(arguments, ret, e);
	if (r == 0)
		r = read_sign_offs(run, ret, e);
	if (r == 0)
		recall_waived(NULL, &ret->waivers, run, &ret->history);
	if (r == 0)
		compare_measured(run, ret);
	point(ret);
	return r;
}

int judge_check(const struct judge_arguments *arguments, struct err *e)
{
	CLEAN_DONE(judge_setup) struct judge_setup setup = {.waivers = WAIVERS_INIT};
	int r = read_gate(arguments->gate, &setup, e);

	if (r == 0)
		r = read_all_waivers(arguments, &setup, e);
	if (r == 0)
		r = read_baseline(arguments->baseline, &setup, e);
	return r == 0 ? read_catalog(arguments, &setup, e) : r;
}

void judge_setup_done(struct judge_setup *setup)
{
	gate_free(setup->gate);
	waivers_done(&setup->waivers);
	run_free(setup->baseline);
	catalog_free(setup->catalog);
	vec_each (&setup->sign_offs, sign_off)
		free(sign_off->lack);
	vec_done(&setup->sign_offs);
	vec_done(&setup->history);
	worse_values_done(&setup->values);
}

void judge_arguments_done(struct judge_arguments *arguments)
{
	vec_done(&arguments->waivers);
	vec_done(&arguments->case_folders);
}

int judgement_keep(const struct run *run, const struct judgement *judgement,
		   const struct judge_inputs *inputs, struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(REPORT_MAX);
	CLEAN_FREE char *path = xasprintf("%s/" JUDGEMENTS_FILE, run->folder);

	judgement_json(run, judgement, inputs, &line);
	(void)text_adds(&line, "\n");
	if (line.overflowed)
		return err_set(e, BLAME_HOST, EMSGSIZE, "the judgement is too long to be kept");
	secret_hide(&line);
	return file_append(path, line.buf, line.length, e);
}
