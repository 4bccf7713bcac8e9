/* SPDX-License-Identifier: Apache-2.0 */
/* From an image and a choice of cases to a kept run. */
#include "host/cli/execute_book.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "host/cases/host_meeting.h"
#include "host/report/progress.h"
#include "host/run/forecast.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"

#define OUTLET_MAX (16U << 20) /* assay-journal(5) names it */

#define NAME_IN_PLACE "the host case is not in this program"

void execution_init(struct execution *x, enum execute_way way, struct execute_arguments *arguments)
{
	*x = (struct execution){.way = way,
				.arguments = arguments,
				.images = VEC_INIT(EXECUTE_CELLS_MAX),
				.kernels = VEC_INIT(EXECUTE_CELLS_MAX),
				.cells = VEC_INIT(EXECUTE_CELLS_MAX),
				.cases = VEC_INIT(10 * CATALOG_CASES_MAX)};
}

void execution_done(struct execution *x)
{
	outlet_free(x->outlet);
	store_free(x->store);
	plan_free(x->plan);
	run_free(x->earlier);
	free(x->policy);
	catalog_free(x->catalog);
	vec_each (&x->images, image)
		image_free(*image);
	vec_done(&x->images);
	vec_each (&x->kernels, kernel)
		kernel_subject_free(*kernel);
	vec_done(&x->kernels);
	vec_each (&x->cells, cell)
		free(cell->variants);
	vec_done(&x->cells);
	book_free(x->book);
	image_setup_done(&x->setup);
	case_list_done(&x->cases);
	free(x->agent);
	free(x->retests);
	free(x->folder);
	free(x->templates);
	if (x->doubts)
		flakes_done(x->doubts);
	free(x->doubts);
}

static int run_host_case(const struct case_info *info, struct machine *machine, unsigned flags,
			 const char *parameters, const struct patience *p, struct result *result,
			 struct err *e)
{
	char id[CASE_ID_SIZE];

	if (info->program)
		return host_program_run(info, machine, flags, parameters, p, result, e);
	const struct host_case_def *def = host_cases_find(case_id(info, id));
	if (!def)
		return err_set(e, BLAME_BUG, ENOENT, "%s: " NAME_IN_PLACE, id);
	/* The plan may give it another time. */
	struct host_case_def own = *def;
	own.info.timeout_s = info->timeout_s;
	return host_case_run(&own, machine, flags, parameters, p, result, e);
}

static int run_host_group(struct engine_host_group_case *cases, size_t count,
			  struct machine *machine, const char *parameters, const struct patience *p,
			  struct err *e)
{
	CLEAN_FREE struct host_meeting_case *meeting = xnew((count + 1) * sizeof *meeting);
	char id[CASE_ID_SIZE];

	for (size_t i = 0; i < count; i++) {
		meeting[i].def = host_cases_find(case_id(cases[i].info, id));
		meeting[i].result = cases[i].result;
		if (!meeting[i].def)
			return err_set(e, BLAME_BUG, ENOENT, "%s: " NAME_IN_PLACE, id);
	}
	int r = host_cases_run_together(meeting, count, machine, parameters, p, e);
	for (size_t i = 0; i < count && r == 0; i++)
		cases[i].is_decided = meeting[i].is_decided;
	return r;
}

/* ---- watching ---- */

struct watching {
	struct progress *progress;
	const struct execution *x;
};

static void on_record(void *arg, const struct record *record)
{
	progress_record(((struct watching *)arg)->progress, record);
}

static void on_state(void *arg, unsigned worker, const char *state)
{
	progress_state(((struct watching *)arg)->progress, worker, state);
}

static void on_step(void *arg, const char *step)
{
	progress_step(((struct watching *)arg)->progress, step);
}

static void on_cell(void *arg, unsigned cell)
{
	progress_cell_begins(((struct watching *)arg)->progress, cell);
}

static void on_tick(void *arg)
{
	progress_tick(((struct watching *)arg)->progress);
}

const char *resume_name(const struct execution *x)
{
	const char *given = x->arguments->resume;

	if (x->arguments->out)
		return x->folder;
	return given && strchr(given, '/') ? given : x->id;
}

static void on_cancel(void *arg, bool at_once)
{
	struct watching *watching = arg;

	/* Machines die with their threads; what is in the journal is safe. */
	if (at_once) {
		if (!watching->x->arguments->json)
			progress_say_last(watching->progress,
					  "Ended at once. To go on: assay %s --resume %s",
					  watching->x->way == EXECUTE_PROVE ? "prove" : "run",
					  resume_name(watching->x));
		_exit(EXIT_UNDECIDED);
	}
	progress_say(watching->progress,
		     "Stopping; what is finished is kept. Once more ends at once.");
}

static enum progress_mode choose_mode(const struct execute_arguments *arguments)
{
	if (arguments->json)
		return PROGRESS_JSON;
	if (arguments->quiet)
		return PROGRESS_QUIET;
	return isatty(STDERR_FILENO) && has_colours(STDERR_FILENO) ? PROGRESS_LIVE : PROGRESS_PLAIN;
}

/* ---- the steps ---- */

static bool is_due(const struct execution *x, const struct plan_cell *cell,
		   const struct plan_item *item)
{
	const struct run_case *it =
		x->earlier ? run_find(x->earlier, cell->index, item->it->id, item->sabotaged)
			   : NULL;

	return !it || !run_case_is_done(it) || strcmp(it->id, CASE_IMAGE_UNCHANGED) == 0;
}

/* What is still to be done, for the counter and for the guess at the end. */
static struct progress *begin_progress(const struct execution *x)
{
	CLEAN_FREE struct progress_cell *cells = xnew((x->plan->cells.count + 1) * sizeof *cells);
	CLEAN_FREE char *labels = xnew((x->plan->cells.count + 1) * PLAN_LABEL_SIZE);
	size_t due = 0;

	for (size_t i = 0; i < x->plan->cells.count; i++) {
		const struct plan_cell *cell = x->plan->cells.items[i];
		cells[i].label = plan_cell_label(x->plan, cell, labels + i * PLAN_LABEL_SIZE);
		vec_each (&cell->items, item) {
			if (!is_due(x, cell, item))
				continue;
			cells[i].due++;
			cells[i].expected_ns += item->expected_ns;
		}
		due += cells[i].due;
	}
	struct progress *progress = progress_new(choose_mode(x->arguments), due, x->outlet);
	progress_set_cells(progress, cells, x->plan->cells.count);
	return progress;
}

/* Needs no image, and nothing of the image's way in. */
static const struct engine_cell micro_vm = {.firmware = FIRMWARE_BIOS, .entry = ENTRY_INIT};

/* What decides how the plan is cut into jobs, and how many go on at once. */
static struct engine_setup make_setup(const struct execution *x, const char *templates)
{
	return (struct engine_setup){.plan = x->plan,
				     .jobs = x->jobs,
				     .waiting_jobs = x->waiting_jobs,
				     .templates = templates,
				     .templates_max = TEMPLATES_MAX_DEFAULT,
				     .room = x->room,
				     .run_host_case = run_host_case,
				     .run_host_group = run_host_group};
}

uint64_t execution_forecast_ns(const struct execution *x)
{
	/* There need be no folder for what is not made. */
	struct engine_setup setup = make_setup(x, x->arguments->cold ? NULL : "");

	return forecast_run(&setup);
}

static int run_engine(struct execution *x, struct engine_end *end, struct err *e)
{
	CLEAN_FREE struct engine_cell *cells = xnew((x->cells.count + 1) * sizeof *cells);
	struct watching watching = {.progress = begin_progress(x), .x = x};
	struct engine_setup setup = make_setup(x, x->templates);

	setup.cells = cells;
	setup.folder = x->folder;
	setup.image_options = &x->setup.options;
	setup.agent_path = x->agent;
	setup.kernel = x->setup.kernel.path;
	setup.modules = x->setup.kernel.modules;
	setup.ssh_key = x->arguments->ssh_key;
	setup.ssh_user = x->arguments->ssh_user;
	setup.resources_root = "";
	setup.control = x->setup.kernel.path ? &micro_vm : NULL;
	setup.driver = x->arguments->driver;
	setup.driver_options = x->arguments->driver_options;
	setup.earlier = x->earlier;
	setup.host_description = x->host;
	setup.identify_ns = x->identify_ns;
	setup.store = x->store;
	setup.watch = (struct engine_watch){.on_record = on_record,
					    .on_state = on_state,
					    .on_step = on_step,
					    .on_cell = on_cell,
					    .on_tick = on_tick,
					    .on_cancel = on_cancel,
					    .arg = &watching};
	for (size_t i = 0; i < x->cells.count; i++)
		cells[i] = x->cells.items[i].with;
	if (choose_mode(x->arguments) == PROGRESS_QUIET)
		setup.watch.on_tick = NULL;
	int r = engine_run(&setup, end, e);
	progress_free(watching.progress);
	return r;
}

/* The store is a convenience: without it the run goes on. */
static void open_store(struct execution *x)
{
	CLEAN_FREE char *state = NULL, *path = NULL;
	struct err e = {0};
	int r = state_folder("", &state, &e);

	if (r == 0)
		path = xasprintf("%s/assay.db", state);
	if (r == 0 && x->only_plans && access(path, F_OK) < 0)
		return; /* opening would make it */
	if (r == 0)
		r = folder_make(state, &e);
	if (r == 0)
		r = store_open(path, &x->store, &e);
	if (r < 0)
		log_warning("this run will not be in the store: %s", e.text);
}

static void begin_in_store(struct execution *x)
{
	CLEANUP(run) struct run *run = NULL;
	CLEAN_FREE char *plan_path = xasprintf("%s/plan.json", x->folder);
	CLEAN_TEXT struct text plan = TEXT_INIT(PLAN_JSON_MAX);
	struct err e = {0};
	int r = 0;

	if (!x->store)
		return;
	if (x->earlier && !x->retests) {
		r = store_begin(x->store, x->earlier, &e);
	} else { /* there is no journal yet */
		r = text_read_file(&plan, plan_path);
		if (r == 0)
			r = run_parse(plan.buf, plan.length, "", 0, &run, &e);
		if (r == 0) {
			free(run->folder);
			run->folder = realpath(x->folder, NULL);
			if (!run->folder)
				run->folder = xstrdup(x->folder);
			(void)snprintf(run->version, sizeof run->version, "%s", ASSAY_VERSION);
			(void)snprintf(run->host, sizeof run->host, "%s", x->host);
			r = store_begin(x->store, run, &e);
		}
	}
	if (r < 0) {
		log_warning("this run will not be in the store: %s", e.text);
		store_free(STEAL_PTR(x->store));
	}
}

int execution_prepare(struct execution *x, const char *subject, struct err *e)
{
	int r = read_sure(x, e);

	if (r == 0)
		r = find_agent(x->arguments->agent, &x->agent, e);
	if (r == 0)
		r = load_catalog(x->agent, &x->catalog, e);
	if (r == 0)
		r = add_case_folders(x->catalog, &x->arguments->case_folders, e);
	if (r == 0)
		r = add_suite_trees(x->catalog, &x->arguments->suite_sources, e);
	if (r == 0 && subject && is_runbook(subject))
		r = book_read(subject, x, e);
	if (r == 0)
		r = image_setup_make(x->agent, x->arguments->allow_outside_backing, &x->setup, e);
	if (r == 0 && x->retests)
		r = choose_retested(x, e);
	if (r == 0)
		r = choose_cases(x, e); /* before a large image is read */
	if (r == 0)
		r = open_subjects(x, subject, e);
	if (r < 0)
		return r;
	open_store(x);
	return make_plan(x, e);
}

/* A plan is kept without its secrets: what was in their place cannot be known. */
int check_masks(const struct execution *x, struct err *e)
{
	vec_each (&x->earlier->cells, cell) {
		const bool is_path = strstr(cell->image_path, SECRET_MASK) != NULL,
			   is_qemu = strstr(cell->qemu, SECRET_MASK) != NULL;
		if (!is_path && !is_qemu && !strstr(cell->variants, SECRET_MASK))
			continue;
		return err_set(e, BLAME_USER, EINVAL,
			       "%s of cell %u of run %s has a secret in it, which is kept nowhere: "
			       "run the runbook anew, with the secret",
			       is_path	 ? "the image's path"
			       : is_qemu ? "the QEMU program's path"
					 : "a variant",
			       cell->index, x->earlier->id);
	}
	return 0;
}

/* A run goes on as what it was begun as, and only while something is left of it. */
static int check_earlier(const struct execution *x, struct err *e)
{
	const struct run *run = x->earlier;
	const char *own = run->proves ? "prove" : "run";

	if (run->is_going)
		return err_set(e, BLAME_USER, EBUSY,
			       "run %s is still going on: wait for its end, or end it", run->id);
	if (run->proves != (x->way == EXECUTE_PROVE))
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s is %s proof: go on with it by `assay %s --resume %s`",
			       run->id, run->proves ? "a" : "no", own, x->arguments->resume);
	if (run_is_complete(run))
		return err_set(
			e, BLAME_USER, EALREADY,
			"run %s has ended, and nothing is left to do: `assay report %s` tells it again",
			run->id, x->arguments->resume);
	return check_masks(x, e);
}

static int load_earlier(struct execution *x, struct err *e)
{
	int r = find_run(x->arguments->resume, &x->folder, e);

	if (r == 0)
		r = read_run(x->folder, &x->earlier, e);
	if (r == 0)
		r = check_earlier(x, e);
	return r;
}

int execute(enum execute_way way, const char *subject, struct execute_arguments *arguments,
	    struct err *e)
{
	CLEAN_DONE(execution) struct execution x;
	struct engine_end end;

	execution_init(&x, way, arguments);
	int r = judge_check(&arguments->judge,
			    e); /* slips are told before anything takes its time */
	if (r == 0 && arguments->resume)
		r = load_earlier(&x, e);
	else if (r == 0 && arguments->retest.run)
		r = take_retested(&x, e);
	if (r == 0)
		r = execution_prepare(&x, subject, e);
	if (r == 0)
		r = open_folder(&x, e);
	if (r < 0)
		return r;
	if (arguments->json)
		x.outlet = outlet_new(STDOUT_FILENO, OUTLET_MAX);
	begin_in_store(&x);
	r = run_engine(&x, &end, e);
	if (r < 0)
		return r;
	return report_execution(&x, &end, e);
}
