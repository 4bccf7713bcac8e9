/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases are run, and in which folder what they find is kept. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/cli/execute_book.h"
#include "host/store/folder.h"
#include "wire/bundle.h"

#define TERMS_TEXT_MAX (1U << 20)

static bool selection_boots(const struct case_list *cases)
{
	vec_each (cases, it)
		if ((*it)->info.kind != CASE_KIND_AUDIT && !case_is_of_file((*it)->id))
			return true;
	return false;
}

bool selection_audits(const struct case_list *cases)
{
	vec_each (cases, it)
		if ((*it)->info.kind == CASE_KIND_AUDIT && !case_is_of_file((*it)->id))
			return true;
	return false;
}

/* What a cell's machines were is told of it as well where this time none of them is needed: the cases that are not run again
 * were on them. */
static void keep_machine(const struct execution *x, struct plan_cell_spec *spec)
{
	const struct run_cell *cell =
		x->earlier ? &x->earlier->cells.items[x->plan->cells.count] : NULL;

	if (!cell || spec->firmware[0])
		return;
	spec->firmware = cell->firmware;
	spec->accel = cell->accel;
	spec->entry = cell->entry;
}

/* What the cell is about: an image, a kernel in it, or a kernel alone. */
static void tell_subject(const struct execution_cell *cell, struct plan_kernel *kernel,
			 struct plan_cell_spec *spec)
{
	const struct engine_cell *with = &cell->with;
	const struct image *image = with->image;

	if (with->kernel) {
		*kernel = (struct plan_kernel){.called = cell->kernel_called,
					       .path = with->kernel->path,
					       .name = with->kernel->name,
					       .digest = with->kernel->digest,
					       .modules = with->kernel->modules_given,
					       .release = with->kernel->release,
					       .key = with->kernel->key};
		spec->kernel = kernel;
		spec->image_path = kernel->path;
		spec->image_name = kernel->name;
		spec->image_digest = kernel->digest;
		spec->os_name = kernel->release;
		spec->arch = KERNEL_ARCH;
	}
	if (!image)
		return;
	spec->image_path = image->path;
	spec->image_name = image->name;
	spec->image_digest = image->digest;
	spec->image_format = image->format;
	spec->os_name = image->os_name;
	spec->arch = image->arch;
	spec->image_filesystem = image->root_type;
}

static struct plan_cell *add_cell(struct execution *x, const struct execution_cell *cell)
{
	const struct engine_cell *with = &cell->with;
	struct plan_kernel kernel;
	struct plan_cell_spec spec = {
		.image_called = cell->image_called,
		.firmware = with->entry == ENTRY_NONE ? "" : firmware_name(with->firmware),
		.accel = with->entry == ENTRY_NONE ? "" : accel_name(with->accel),
		.entry = entry_name(with->entry),
		.policy = x->policy,
		.variants = cell->variants,
		.host = cell->host,
		.qemu = with->qemu,
		.qemu_version = cell->qemu_version,
		.machine = with->machine,
		.size = cell->size,
		.cold = x->arguments->cold,
		.offer = {.uefi = with->firmware == FIRMWARE_UEFI,
			  .kvm = with->accel == ACCEL_KVM,
			  /* Over SSH the user-mode network is the agent's way in. */
			  .netpeer = with->entry != ENTRY_SSH,
			  .devices = offer_devices,
			  .hotplug_slots = SIZE_HOTPLUG_PORTS,
			  .memory_slots = cell->size.max_mem_mib ? SIZE_MEMORY_SLOTS : 0,
			  .cpus_max = size_cpus_max(&cell->size),
			  .plugs_disks = true,
			  .vms = cell->vms},
	};

	tell_subject(cell, &kernel, &spec);
	keep_machine(x, &spec);
	return plan_add_cell(x->plan, &spec);
}

static uint64_t remembered(struct execution *x, const struct plan_cell *cell,
			   const struct catalog_case *it, bool sabotaged)
{
	return x->store ? store_duration_ns(x->store, it->id, cell->accel, sabotaged) : 0;
}

static void add_case(struct execution *x, struct plan_cell *cell, const struct catalog_case *it,
		     bool sabotaged)
{
	plan_add_case(x->plan, cell, it, sabotaged, remembered(x, cell, it, sabotaged));
}

static void add_named(struct execution *x, struct plan_cell *cell, const char *id)
{
	const struct catalog_case *it = catalog_find(x->catalog, id);

	if (it)
		add_case(x, cell, it, false);
}

static void fill_cell(struct execution *x, struct plan_cell *cell)
{
	vec_each (&x->cases, it) {
		add_case(x, cell, *it, false);
		if (x->way == EXECUTE_PROVE && (*it)->info.sabotage.kind != SABOTAGE_NONE)
			add_case(x, cell, *it, true);
	}
	/* A verdict stands on these two, whoever asked for what; a proof is only of what was asked for. */
	if (x->way == EXECUTE_PROVE)
		return;
	add_named(x, cell, CASE_IMAGE_UNCHANGED);
	if (plan_cell_boots(cell))
		add_named(x, cell, CASE_REACHES_READY);
	if (x->book)
		book_set_trials(x, cell);
	set_sure(x, cell);
}

/* What the plan itself knows how to answer is answered anew. */
static void carry_over(struct execution *x, struct plan_cell *cell,
		       const struct catalog_case *found, struct run_case *it)
{
	if (!it->carried)
		return;
	const struct result *result = it->result;
	struct plan_carried carried = {.outcome = result->outcome,
				       .checks_passed = result->checks_passed,
				       .duration_ns = result->duration_ns,
				       .wall_ns = result->wall_ns};
	(void)snprintf(carried.run, sizeof carried.run, "%s", it->carried->run);
	(void)snprintf(carried.sha256, sizeof carried.sha256, "%s", it->carried->sha256);
	(void)snprintf(carried.message, sizeof carried.message, "%s", result->message);
	(void)snprintf(carried.need, sizeof carried.need, "%s", result->need);
	if (!plan_carry(x->plan, cell, found, it->sabotaged, &carried))
		run_case_forget(it);
}

/* The same cases as in the run's plan.json: the earlier results are matched by them. */
static void fill_cell_again(struct execution *x, struct plan_cell *cell)
{
	vec_each (&x->earlier->cases, it) {
		if (it->cell != cell->index)
			continue;
		const struct catalog_case *found = catalog_find(x->catalog, it->id);
		const struct plan_trial trial = {it->timeout_s, it->retries, it->repeat,
						 it->until_sure, it->is_doubted};
		add_case(x, cell, found, it->sabotaged);
		/* What a plan.json of ours cannot hold is not taken from one. */
		(void)plan_set_trial(x->plan, cell, found, it->sabotaged, &trial);
		carry_over(x, cell, found, it);
	}
}

/* As the runbook says, or as they were. */
static void set_limits(struct execution *x)
{
	if (x->earlier)
		x->plan->limits = (struct plan_limits){.case_ns = x->earlier->case_limit_ns,
						       .cell_ns = x->earlier->cell_limit_ns,
						       .run_ns = x->earlier->run_limit_ns,
						       .sure_ns = x->earlier->sure_limit_ns,
						       .sure_count = x->earlier->sure_limit,
						       .memory = x->earlier->memory_limit,
						       .jobs = x->earlier->jobs_limit};
	else if (x->book)
		x->plan->limits = book_limits(x->book);
}

/* What the earlier run left out is still left out. */
static void leave_out_again(struct execution *x)
{
	vec_each (&x->earlier->left_out, it) {
		const struct plan_left_out left_out = {
			.values = it->values, .why = it->why, .must = it->must, .asked = it->asked};
		if (!plan_leave_out(x->plan, &left_out))
			abort(); /* a run has no more of them than a plan */
	}
}

static void fill_plan(struct execution *x)
{
	plan_free(x->plan);
	x->plan = plan_new(x->id, x->catalog);
	x->plan->retests = x->retests ? xstrdup(x->retests) : NULL;
	set_limits(x);
	vec_each (&x->cells, it) {
		struct plan_cell *cell = add_cell(x, it);
		if (x->earlier)
			fill_cell_again(x, cell);
		else
			fill_cell(x, cell);
	}
	if (x->retests)
		leave_out_again(x);
	if (x->book && !x->arguments->cell) /* with --cell nothing else is asked for */
		book_tell_left_out(x);
	plan_freeze(x->plan);
}

/* ---- tests of communities' suites ---- */

static bool chooses_nothing(const struct selection_arguments *selection)
{
	return !selection->suite && !selection->priority && !selection->proof &&
	       selection->cases.count + selection->areas.count + selection->kinds.count +
			       selection->needs.count + selection->sources.count ==
		       0;
}

static bool is_chosen(const struct case_list *cases, const struct catalog_case *wanted)
{
	vec_each (cases, it)
		if (*it == wanted)
			return true;
	return false;
}

static bool has_test_of(const struct case_list *cases, const struct bundle *bundle)
{
	vec_each (cases, it)
		if ((*it)->info.test && (*it)->info.test->bundle == bundle)
			return true;
	return false;
}

/* What a suite's tests say counts as long as planted ones are judged right: wherever they run, these run too. */
static void add_canaries(struct execution *x)
{
	for (size_t i = 0; i < x->catalog->count; i++) {
		const struct catalog_case *it = &x->catalog->cases[i];
		if (it->info.test && it->info.test->is_canary && !is_chosen(&x->cases, it) &&
		    has_test_of(&x->cases, it->info.test->bundle))
			(void)vec_add(&x->cases, it);
	}
}

/* An audit is what needs no boot. */
static int select_for(struct execution *x, const struct policy *policy, struct err *e)
{
	struct selection_arguments selection = x->arguments->selection;
	CLEAN_TEXT struct text terms = TEXT_INIT(TERMS_TEXT_MAX);

	/* Who brings a suite and chooses nothing else means that. */
	const char *kind = x->way == EXECUTE_AUDIT ? "audit"
			   : x->arguments->suite_sources.count > 0 && chooses_nothing(&selection) &&
					   !x->book && !policy_terms(policy)
				   ? "test"
				   : NULL;

	if (kind) {
		selection.kinds = (struct text_list)VEC_INIT(1);
		(void)vec_add(&selection.kinds, kind);
	}
	if (x->book)
		runbook_terms(x->book->runbook, &terms);
	int r = select_cases(x->catalog, &selection,
			     terms.length > 0 ? terms.buf : policy_terms(policy), &x->cases, e);
	if (kind)
		vec_done(&selection.kinds);
	if (r == 0)
		add_canaries(x);
	return r;
}

static int choose_by_policy(struct execution *x, struct err *e)
{
	CLEANUP(policy) struct policy *policy = NULL;
	CLEAN_TEXT struct text parameters = TEXT_INIT(2 * POLICY_MAX);
	int r = load_policy(&x->arguments->policy, x->catalog, &policy, e);

	if (r < 0)
		return r;
	policy_parameters(policy, &parameters);
	x->policy = text_steal(&parameters);
	return select_for(x, policy, e);
}

int choose_cases(struct execution *x, struct err *e)
{
	if (!x->earlier)
		return choose_by_policy(x, e);
	x->policy = xstrdup(x->earlier->cells.items[0].policy);
	vec_each (&x->earlier->cases, it) {
		const struct catalog_case *found = catalog_find(x->catalog, it->id);
		if (!found)
			return err_set(
				e, BLAME_USER, ENOENT,
				"there is no case %s, as run %s had: name its folder by --cases, its "
				"suite's tree by --suite-from, or begin a new run",
				it->id, x->earlier->id);
		if (!it->carried)
			(void)vec_add(&x->cases, found);
	}
	return 0;
}

static void make_id(struct execution *x, bool boots)
{
	const struct engine_cell *first = &x->cells.items[0].with;

	if (x->book) {
		const char *path = x->book->runbook->path, *slash = strrchr(path, '/');
		run_id_make(slash ? slash + 1 : path, "", clock_wall_ns(), x->id);
		return;
	}
	if (!first->image) {
		run_id_make(first->kernel->release, "", clock_wall_ns(), x->id);
		return;
	}
	run_id_make(first->image->name, boots ? firmware_name(first->firmware) : "",
		    clock_wall_ns(), x->id);
}

/* --cell */
static int keep_cell(struct execution *x, struct err *e)
{
	long long wanted;

	if (number_parse(x->arguments->cell, 0, (long long)x->cells.count - 1, &wanted) < 0)
		return err_set(
			e, BLAME_USER, EINVAL,
			"--cell: there is no cell '%.32s' in this plan: they have numbers from 0 "
			"to %zu (see `assay plan`)",
			x->arguments->cell, x->cells.count - 1);
	for (size_t i = 0; i < x->cells.count; i++)
		if (i != (size_t)wanted)
			book_leave_out(x->book, &x->cells.items[i], "--cell asks for another one");
	return drop_cells(x, e);
}

/* What only the plan of all shows: what fits into the time; and which one was asked for. */
static int choose_cells(struct execution *x, struct err *e)
{
	int r = 0;

	if (book_keep_within(x) > 0) {
		r = drop_cells(x, e);
		if (r == 0)
			fill_plan(x);
	}
	if (r == 0 && x->arguments->cell) {
		r = keep_cell(x, e);
		if (r == 0)
			fill_plan(x);
	}
	return r;
}

/* More would be planned, run and then not be read again. */
static int check_count(const struct execution *x, struct err *e)
{
	size_t count = plan_item_count(x->plan);

	if (count <= PLAN_CASES_MAX)
		return 0;
	return err_set(
		e, BLAME_USER, E2BIG,
		"%zu cells have %zu cases together, and a run has %d at most: ask for fewer "
		"cases (`cases`, --case), for fewer cells (`combine: {ways: 2}`, `within`), or "
		"divide the runbook",
		x->plan->cells.count, count, PLAN_CASES_MAX);
}

int make_plan(struct execution *x, struct err *e)
{
	bool boots = selection_boots(&x->cases);
	int r = choose_machines(x, boots, e);

	boots &= x->cells.count > 0; /* an increment may have none */
	if (r == 0)
		r = check_host(x, boots, e);
	if (r < 0)
		return r;
	if (x->earlier && !x->retests)
		(void)snprintf(x->id, sizeof x->id, "%.95s", x->earlier->id);
	else
		make_id(x, boots);
	fill_plan(x);
	r = x->book ? choose_cells(x, e) : 0;
	return r == 0 ? check_count(x, e) : r;
}

/* ---- the folder ---- */

/* The link by which its id finds it is a convenience. */
static void link_run(struct execution *x)
{
	CLEAN_FREE char *runs = NULL;
	struct err e = {0};

	if (state_folder("runs", &runs, &e) < 0 || run_link_make(runs, x->folder, x->id, &e) < 0)
		log_debug("store", "this run will be found by its folder alone: %s", e.text);
}

static int make_chosen_folder(struct execution *x, struct err *e)
{
	const char *out = x->arguments->out;
	CLEAN_FREE char *plan = xasprintf("%s/plan.json", out);
	struct stat stat_;

	if (stat(plan, &stat_) == 0)
		return err_set(e, BLAME_USER, EEXIST,
			       "%s holds a run already: choose another --out, or --resume it", out);
	x->folder = xstrdup(out);
	int r = folder_make(x->folder, e);
	if (r == 0)
		link_run(x);
	return r;
}

static int make_folder(struct execution *x, struct err *e)
{
	CLEAN_FREE char *runs = NULL;

	if (x->arguments->out)
		return make_chosen_folder(x, e);
	int r = state_folder("runs", &runs, e);
	if (r == 0)
		r = run_folder_make(runs, x->id, &x->folder, e);
	return r < 0 ? err_wrap(e, "the place for runs, which --out can choose") : 0;
}

/* The id may have changed because another run began in the same second; the plan carries it. */
static int write_plan(struct execution *x, struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(PLAN_JSON_MAX);
	CLEAN_FREE char *path = xasprintf("%s/plan.json", x->folder);

	free(x->plan->run_id);
	x->plan->run_id = xstrdup(x->id);
	plan_json(x->plan, &text);
	return write_text(path, &text, e);
}

int open_folder(struct execution *x, struct err *e)
{
	int r = x->arguments->cold ? 0 : cache_folder("templates", &x->templates, e);

	if (r < 0 || x->folder) /* --resume: it is there */
		return r;
	r = make_folder(x, e);
	return r == 0 ? write_plan(x, e) : r;
}
