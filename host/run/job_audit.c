/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs that look at the image file: its content offline, and that it is the same at the end. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/image/container.h"
#include "host/image/outside.h"
#include "host/run/internal.h"

#define AUDIT_SPAN_NS  (4 * 3600 * NS_PER_S)
#define VERIFY_SPAN_NS (4 * 3600 * NS_PER_S)
#define TRIES	       2

/* ---- audit ---- */

struct auditing {
	struct worker *worker;
	struct cell_run *cell;
	const struct job *job;
	bool *told; /* by index in the job's items */
	unsigned attempt;
};

static const struct plan_item *find_item(struct auditing *auditing, const char *id)
{
	const struct item_list *items = &auditing->job->items;

	for (size_t i = 0; i < items->count; i++) {
		if (strcmp(items->items[i]->it->id, id) == 0 && !auditing->told[i]) {
			auditing->told[i] = true;
			return items->items[i];
		}
	}
	return NULL;
}

static void take_result(void *arg, struct result *result)
{
	struct auditing *auditing = arg;
	const struct plan_item *item = find_item(auditing, result->id);

	if (!item)
		return;
	struct record *record = result_record(auditing->cell, item);
	struct text evidence = record->result.evidence;
	record->result = *result;
	record->result.attempt = auditing->attempt;
	record->result.evidence = evidence;
	result_copy_subs(&record->result, result);
	(void)text_add(&record->result.evidence, result->evidence.buf, result->evidence.length);
	tell_result(auditing->worker->engine, item, record);
}

/* The ids that have no result yet. */
static size_t gather_ids(const struct auditing *auditing, const char **ids)
{
	const struct item_list *items = &auditing->job->items;
	size_t count = 0;

	for (size_t i = 0; i < items->count; i++)
		if (!auditing->told[i])
			ids[count++] = items->items[i]->it->id;
	return count;
}

static int audit_once(struct auditing *auditing, struct err *e)
{
	struct engine *engine = auditing->worker->engine;
	const struct engine_setup *setup = engine->setup;
	struct patience p = cell_patience(engine, auditing->cell, AUDIT_SPAN_NS);
	CLEAN_FREE const char **ids = xnew((auditing->job->items.count + 1) * sizeof *ids);
	size_t count = gather_ids(auditing, ids);

	if (count == 0)
		return 0;
	tell_step(auditing->worker, "auditing %s%s", auditing->cell->label,
		  auditing->job->sabotaged ? " (sabotaged)" : "");
	return image_audit(auditing->cell->with->image, setup->image_options, ids, count,
			   auditing->job->sabotaged, auditing->cell->parameters, &p, take_result,
			   auditing, e);
}

static void tell_missing(struct auditing *auditing, const struct err *e)
{
	for (size_t i = 0; i < auditing->job->items.count; i++)
		if (!auditing->told[i])
			tell_undone(auditing->worker->engine, auditing->cell,
				    auditing->job->items.items[i], OUTCOME_INFRA, NULL, "%s",
				    e->code ? e->text
					    : "the audit ended without a result for this case");
}

void run_audit_job(struct worker *worker, struct cell_run *cell, const struct job *job)
{
	struct auditing auditing = {worker, cell, job, NULL, 0};
	CLEAN_FREE bool *told = xnew(job->items.count + 1);
	uint64_t start_ns = clock_now_ns();
	struct err e = {0};
	int r = -1;

	auditing.told = told;
	if (!cell->with->image) {
		err_set(&e, BLAME_BUG, EINVAL, "there is no image to audit");
		tell_missing(&auditing, &e);
		return;
	}
	while (r < 0 && auditing.attempt < TRIES && !engine_is_cancelled(worker->engine)) {
		auditing.attempt++;
		err_clear(&e);
		r = audit_once(&auditing, &e);
	}
	tell_phase(worker->engine, cell->cell->index, "audit", clock_now_ns() - start_ns, 1,
		   e.text);
	if (!engine_is_cancelled(worker->engine))
		tell_missing(&auditing, &e);
}

/* ---- the image file ---- */

/* The planted defect: what was known of the file from the start is something else. */
static void falsify(struct image *image)
{
	struct image_file *file = &image->chain[0];

	file->digest[0] = file->digest[0] == '0' ? '1' : '0';
	file->ctime_ns ^= 1; /* so that the digest is looked at */
}

/* One look at the file; an outcome goes into the result. */
struct file_trial {
	const struct image *image;	     /* NULL: of a kernel alone */
	const struct kernel_subject *kernel; /* NULL: the image's own */
	const char *folder;		     /* the run's */
	const char *parameters;
	bool sabotaged;
	const struct patience *p;
	struct result *result;
};

static void set_pass(struct result *result)
{
	result_set(result, OUTCOME_PASS, "%s", "");
	result->checks_passed = 1;
}

static int prove_image(const struct file_trial *trial, struct err *e)
{
	struct image image = *trial->image;

	if (trial->sabotaged)
		falsify(&image);
	return image_prove_unchanged(&image, trial->p, e);
}

static int prove_kernel(const struct file_trial *trial, struct err *e)
{
	struct kernel_subject kernel = *trial->kernel;

	if (trial->sabotaged)
		kernel.digest[0] = kernel.digest[0] == '0' ? '1' : '0';
	return kernel_subject_prove_unchanged(&kernel, trial->p, e);
}

static int judge_unchanged(const struct file_trial *trial, struct err *e)
{
	int r = trial->image ? prove_image(trial, e) : 0;

	if (r == 0 && trial->kernel)
		r = prove_kernel(trial, e);
	if (r < 0 && r != -ESTALE)
		return r;
	if (r == 0) {
		set_pass(trial->result);
		return 0;
	}
	/* Whoever changed it: what was tested is not what lies there now, and that must not ship. */
	result_set(trial->result, OUTCOME_FAIL, "%s", e->text);
	trial->result->checks_failed = 1;
	return 0;
}

static int judge_container(const struct file_trial *trial, struct err *e)
{
	struct container_state state;
	int r = trial->sabotaged
			? container_check_spoilt(trial->image, trial->folder, trial->p, &state, e)
			: container_check(trial->image, trial->p, &state, e);

	if (r < 0)
		return r;
	if (state.corruptions + state.leaks == 0) {
		set_pass(trial->result);
		return 0;
	}
	result_set(trial->result, OUTCOME_FAIL, "%llu clusters are corrupt and %llu leaked: %s",
		   state.corruptions, state.leaks, state.words);
	trial->result->checks_failed = 1;
	return 0;
}

static int judge_outside(enum outside_fact fact, const struct file_trial *trial, struct err *e)
{
	struct outside_verdict verdict;
	int r = outside_judge(fact, trial->image, trial->parameters, trial->sabotaged, &verdict, e);

	if (r < 0)
		return r;
	if (verdict.ok) {
		set_pass(trial->result);
		return 0;
	}
	result_set(trial->result, OUTCOME_FAIL, "%s", verdict.words);
	trial->result->checks_failed = 1;
	return 0;
}

static int judge_alignment(const struct file_trial *trial, struct err *e)
{
	return judge_outside(OUTSIDE_ALIGNMENT, trial, e);
}

static int judge_size(const struct file_trial *trial, struct err *e)
{
	return judge_outside(OUTSIDE_SIZE, trial, e);
}

static int judge_name(const struct file_trial *trial, struct err *e)
{
	return judge_outside(OUTSIDE_NAME, trial, e);
}

static int judge_footer(const struct file_trial *trial, struct err *e)
{
	return judge_outside(OUTSIDE_VHD_FOOTER, trial, e);
}

static const struct file_case {
	const char *id;
	int (*judge)(const struct file_trial *trial, struct err *e);
} file_cases[] = {
	{CASE_IMAGE_UNCHANGED, judge_unchanged}, {CASE_CONTAINER_INTACT, judge_container},
	{CASE_SIZE_ALIGNED, judge_alignment},	 {CASE_SIZE_PROMISED, judge_size},
	{CASE_NAME_ALLOWED, judge_name},	 {CASE_VHD_FOOTER, judge_footer},
};

static const struct file_case *find_file_case(const struct plan_item *item)
{
	for (size_t i = 0; i < ARRAY_LEN(file_cases); i++)
		if (strcmp(file_cases[i].id, item->it->id) == 0)
			return &file_cases[i];
	abort(); /* the plan puts no others here */
}

static void verify(struct worker *worker, struct cell_run *cell, const struct plan_item *item)
{
	struct patience p = engine_patience(worker->engine, VERIFY_SPAN_NS);
	CLEANUP(record) struct record *record = result_record(cell, item);
	uint64_t start_ns = clock_now_ns();
	struct file_trial trial = {
		.image = cell->with->image,
		.kernel = cell->with->kernel,
		.folder = worker->engine->setup->folder,
		.parameters = cell->parameters,
		.sabotaged = item->sabotaged,
		.p = &p,
		.result = &record->result,
	};
	struct err e = {0};

	tell_state(worker, "%s%s", item->it->id, item->sabotaged ? " (sabotaged)" : "");
	int r = find_file_case(item)->judge(&trial, &e);
	record->result.duration_ns = clock_now_ns() - start_ns;
	if (r < 0 && e.code == ECANCELED)
		return;
	if (r < 0)
		result_set(&record->result, OUTCOME_INFRA, "%s", e.text);
	tell_result(worker->engine, item, STEAL_PTR(record));
}

/* Of a kernel alone there is that file, and no image. */
static bool has_file(const struct engine_cell *with, const struct plan_item *item)
{
	return with->image || (with->kernel && strcmp(item->it->id, CASE_IMAGE_UNCHANGED) == 0);
}

void run_verify_job(struct worker *worker, struct cell_run *cell, const struct job *job)
{
	vec_each (&job->items, item) {
		if (!has_file(cell->with, *item))
			tell_undone(worker->engine, cell, *item, OUTCOME_SKIP, "image:file",
				    "the machine has no image file");
		else
			verify(worker, cell, *item);
	}
}
