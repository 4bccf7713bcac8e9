/* SPDX-License-Identifier: Apache-2.0 */
/* From a runbook to cells. */
#include "host/cli/execute_book.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/rate.h"
#include "host/driver/resources.h"
#include "host/plan/budget.h"
#include "host/run/forecast.h"
#include "host/runbook/size_fit.h"

/* ---- reading ---- */

bool is_runbook(const char *path)
{
	return has_suffix(path, ".yaml") || has_suffix(path, ".yml");
}

/* ---- how cases are tried ---- */

static unsigned check_rate(const struct runbook *runbook, const struct runbook_override *override,
			   struct text *problems)
{
	double rate;

	if (!override->until_sure.text || rate_parse(override->until_sure.text, &rate) < 0 ||
	    (rate >= PLAN_SURE_LEAST && rate <= PLAN_SURE_MOST))
		return 0; /* what is no rate was told when it was read */
	yaml_problem(problems, runbook->path, override->until_sure.place,
		     "`until_sure` is a rate from %g%% to %g%%", PLAN_SURE_LEAST * 100,
		     PLAN_SURE_MOST * 100);
	return 1;
}

static unsigned check_trial(const struct runbook *runbook, const struct runbook_override *override,
			    struct text *problems)
{
	const struct checked {
		const struct yaml_number *said;
		long long unit, most;
		const char *name, *unit_name;
	} checked[] = {
		{&override->timeout_ns, NS_PER_S, PLAN_TIMEOUT_MAX_S, "timeout", " s"},
		{&override->retries, 1, PLAN_TRIES_MAX, "retries", ""},
		{&override->repeat, 1, PLAN_TRIES_MAX, "repeat", ""},
	};
	unsigned count = check_rate(runbook, override, problems);

	for (size_t i = 0; i < ARRAY_LEN(checked); i++) {
		/* As it is taken: a part of a unit counts as one. */
		if ((checked[i].said->number + checked[i].unit - 1) / checked[i].unit <=
		    checked[i].most)
			continue;
		yaml_problem(problems, runbook->path, checked[i].said->place,
			     "`%s` is more than %lld%s", checked[i].name, checked[i].most,
			     checked[i].unit_name);
		count++;
	}
	return count;
}

/* A part of a second counts as one. */
static unsigned seconds_of(const struct yaml_number *number)
{
	return (unsigned)((number->number + (long long)NS_PER_S - 1) / (long long)NS_PER_S);
}

static void override_trial(const struct runbook_override *override, struct plan_trial *trial)
{
	if (override->timeout_ns.place.line > 0)
		trial->timeout_s = seconds_of(&override->timeout_ns);
	if (override->retries.place.line > 0)
		trial->retries = (unsigned) override->retries.number;
	if (override->repeat.place.line > 0)
		trial->repeat = (unsigned) override->repeat.number;
	if (override->until_sure.text)
		(void)rate_parse(override->until_sure.text, &trial->until_sure);
}

static unsigned make_trials(struct execution *x, struct text *problems)
{
	const struct catalog *catalog = x->catalog;
	const struct runbook *runbook = x->book->runbook;
	struct plan_trial *trials = xnew((catalog->count + 1) * sizeof *trials);
	unsigned count = 0;

	x->book->trials = trials;
	vec_each (&runbook->cases.overrides, override) {
		CLEAN_CASES struct case_list cases = VEC_INIT(CATALOG_CASES_MAX);
		CLEAN_TEXT struct text terms = TEXT_INIT(YAML_TEXT_MAX + 64);
		struct err e = {0};
		unsigned wrong = check_trial(runbook, override, problems);
		count += wrong;
		if (!yaml_text_is_well(&override->cases))
			continue;
		runbook_override_terms(override, &terms);
		/* What matches nothing was told by runbook_check_cases(). */
		if (wrong > 0 || suite_pick(catalog, terms.buf, &cases, &e) < 0)
			continue;
		vec_each (&cases, it)
			override_trial(override, &trials[*it - catalog->cases]);
	}
	return count;
}

struct plan_limits book_limits(const struct execution_book *book)
{
	const struct runbook_limits *limits = &book->runbook->limits;

	return (struct plan_limits){.case_ns = (uint64_t)limits->case_ns.number,
				    .cell_ns = (uint64_t)limits->cell_ns.number,
				    .run_ns = (uint64_t)limits->run_ns.number,
				    .sure_ns = (uint64_t)limits->sure_ns.number,
				    .memory = (uint64_t)limits->memory.number,
				    .jobs = (unsigned)limits->jobs.number};
}

void book_set_trials(const struct execution *x, struct plan_cell *cell)
{
	vec_each (&cell->items, item) {
		const struct plan_trial *trial = &x->book->trials[item->it - x->catalog->cases];
		if ((trial->timeout_s > 0 || trial->retries > 0 || trial->repeat > 0 ||
		     trial->until_sure > 0) &&
		    plan_set_trial(x->plan, cell, item->it, item->sabotaged, trial) < 0)
			abort(); /* check_trial() has the same maxima */
	}
}

/* ---- looking into the images ---- */

static const char *boot_of(const struct image *image)
{
	if (image->boots_bios && image->boots_uefi)
		return "both";
	return image->boots_uefi ? "uefi" : image->boots_bios ? "bios" : "";
}

/* What can be seen of an image; NULL: only that there is such a thing. */
static void see_image(struct demand *demand, size_t index, const struct image *image)
{
	CLEAN_FREE char *systemd = xasprintf("%d", image ? image->systemd_version : 0);
	bool has_systemd = image && image->systemd_version > 0;
	const struct seen {
		const char *trait, *value;
	} seen[] = {
		{"arch", image ? image->arch : ""},
		{"boot", image ? boot_of(image) : ""},
		{"cloud_init", !image		       ? ""
			       : image->has_cloud_init ? "yes"
						       : "no"},
		{"distribution", image ? image->os_id : ""},
		{"format", image ? image->format : ""},
		{"init", has_systemd ? "systemd" : ""},
		{"release", image ? image->os_version : ""},
		{"root", image ? image->root_type : ""},
		{"sshd", !image		   ? ""
			 : image->has_sshd ? "yes"
					   : "no"},
		{"systemd", has_systemd ? systemd : ""},
		{"table", image ? image->table : ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		if (!image)
			demand_know(demand, seen[i].trait);
		else if (seen[i].value[0])
			demand_see(demand, index, seen[i].trait, seen[i].value);
}

/* Of a runbook with problems no image is looked into, but those that are not there are told. */
static void find_images(struct execution_book *book, struct text *problems)
{
	vec_each (&book->runbook->images, image) {
		CLEAN_FREE char *path = NULL;
		struct err e = {0};
		if (image->file && yaml_text_is_well(&image->path) &&
		    image_find(image->file, &path, &e) < 0)
			yaml_problem(problems, book->runbook->path, image->path.place, "%s",
				     e.text);
	}
}

/* What the constraints name can be told without a look at the images. */
static void check_names(struct execution_book *book, struct text *problems)
{
	see_image(&book->demand, 0, NULL);
	(void)demand_check(&book->demand, problems);
}

static int open_images(struct execution *x, struct text *problems, struct err *e)
{
	struct execution_book *book = x->book;
	const struct runbook_images *images = &book->runbook->images;

	book->images = xnew((images->count + 1) * sizeof *book->images);
	for (size_t i = 0; i < images->count; i++) {
		const struct runbook_image *image = &images->items[i];
		struct err opened = {0};
		if (!image->file)
			continue;
		if (open_image(x, image->file, &book->images[i], &opened) == 0)
			see_image(&book->demand, i, book->images[i]);
		else if (opened.blame != BLAME_USER)
			return err_set(e, opened.blame, opened.code, "%s", opened.text);
		else
			yaml_problem(problems, book->runbook->path, image->path.place, "%s",
				     opened.text);
	}
	return 0;
}

/* All that cannot be opened are told at once, with all else that is wrong. */
static int open_all(struct execution *x, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	int r = open_images(x, &problems, e);

	if (r == 0)
		r = book_open_kernels(x, &problems, e);
	if (r < 0 || problems.length == 0)
		return r;
	check_names(x->book, &problems);
	return print_problems(&problems, x->book->runbook->path, e);
}

/* ---- reading it ---- */

/* Whatever is wrong with it is told at once: what a line hides is only what cannot be known because of it. */
int book_read(const char *path, struct execution *x, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	const struct execute_arguments *arguments = x->arguments;
	const struct runbook_inputs inputs = {.settings = arguments->book.settings.items,
					      .setting_count = arguments->book.settings.count,
					      .variables_path = arguments->book.variables,
					      .size_paths = arguments->size_files.items,
					      .size_path_count = arguments->size_files.count};
	struct runbook *runbook = NULL;

	unsigned count = runbook_read(path, &inputs, &runbook, &problems);
	if (!runbook)
		return print_problems(&problems, path, e);
	x->book = xnew(sizeof *x->book);
	x->book->runbook = runbook;
	text_init(&x->book->remarks, YAML_PROBLEMS_MAX);
	x->book->changed = (struct changed_items)VEC_INIT(COMBINE_COUNT_MAX);
	count += demand_init(&x->book->demand, runbook, &problems);
	count += runbook_check_cases(runbook, x->catalog, &problems);
	count += make_trials(x, &problems);
	count += book_find_hosts(x->book, &problems);
	if (count == 0)
		return 0;
	find_images(x->book, &problems);
	book_find_kernels(x->book, &problems);
	check_names(x->book, &problems);
	return print_problems(&problems, path, e);
}

void book_free(struct execution_book *book)
{
	if (!book)
		return;
	for (size_t i = 0; book->why_not && i < book->combine->count; i++)
		free(book->why_not[i]);
	free(book->why_not);
	free(book->beyond_within);
	free(book->trials);
	book_hosts_free(book);
	combine_free(book->combine);
	free(book->images);
	free(book->kernels);
	demand_done(&book->demand);
	runbook_free(book->runbook);
	text_done(&book->remarks);
	former_done(&book->former);
	vec_done(&book->changed);
	free(book);
}

/* ---- cells ---- */

/* The size that a machine here has in place of the one that is asked for. */
static void fit_size(const struct runbook_host *host, struct size *size)
{
	const struct size_room room = find_size_room();

	size_fit(&room, size);
	if (host && host->cpu.text && !size->cpu_model[0])
		(void)snprintf(size->cpu_model, sizeof size->cpu_model, "%s", host->cpu.text);
}

static const struct runbook_host *host_of(const struct execution_book *book, const uint32_t *items)
{
	return book->runbook->hosts.count > 0 ? &book->runbook->hosts.items[items[DEMAND_HOST]]
					      : NULL;
}

static char *variants_of(const struct execution_book *book, const uint32_t *items)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(64U << 10);
	const struct axes *axes = &book->demand.axes;

	for (size_t i = DEMAND_VARIANT; i < DEMAND_VARIANT + book->runbook->variants.count; i++)
		(void)text_addf(&lines, "%s=%s\n", axes->list.items[i]->name,
				axes->list.items[i]->items.items[items[i]]->name.text);
	return text_steal(&lines);
}

static enum firmware firmware_of(const struct execution_book *book, const uint32_t *items)
{
	const struct runbook *runbook = book->runbook;

	if (runbook->firmwares.count == 0)
		return FIRMWARE_AUTO;
	return strcmp(runbook->firmwares.items[items[DEMAND_FIRMWARE]].text, "uefi") == 0
		       ? FIRMWARE_UEFI
		       : FIRMWARE_BIOS;
}

static void take_host(const struct runbook_host *host, const struct book_host *found,
		      struct execution_cell *cell)
{
	cell->host = host->name.text;
	cell->qemu_version = found->version[0] ? found->version : NULL;
	cell->with.qemu = found->qemu;
	cell->with.machine = found->machine[0] ? found->machine : NULL;
}

/* Which image, which kernel, or both. */
static void take_subject(const struct execution_book *book, const uint32_t *items,
			 struct execution_cell *cell)
{
	const struct runbook *runbook = book->runbook;
	int axis = demand_kernel_axis(&book->demand);

	cell->with.image = book->images[items[DEMAND_IMAGE]];
	if (cell->with.image)
		cell->image_called = runbook->images.items[items[DEMAND_IMAGE]].name.text;
	else
		cell->size.nics = 0; /* there is nobody who would set a network up */
	if (axis < 0 || !book->kernels[items[axis]])
		return;
	cell->with.kernel = book->kernels[items[axis]];
	cell->kernel_called = runbook->kernels.items[items[axis]].name.text;
}

static void add_cell(struct execution *x, size_t combination)
{
	struct execution_book *book = x->book;
	const uint32_t *items = combine_items(book->combine, combination);
	const struct runbook_host *host = host_of(book, items);
	struct execution_cell cell = {
		.size = book->runbook->sizes.items[items[DEMAND_SIZE]].size,
		.with = {.firmware = firmware_of(book, items),
			 .entry = (enum entry)x->arguments->entry},
		.combination = combination,
	};

	take_subject(book, items, &cell);
	if (host)
		take_host(host, &book->hosts[items[DEMAND_HOST]], &cell);
	struct err refused = {0};
	if (check_size_arch(&cell.size, &refused) < 0) {
		book_leave_out(book, &cell, "%s", refused.text);
		return;
	}
	fit_size(host, &cell.size);
	cell.variants = variants_of(book, items);
	if (!vec_add(&x->cells, cell))
		abort(); /* there are no more combinations */
}

static int combine_book(struct execution *x, struct err *e)
{
	struct execution_book *book = x->book;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct combine_slip slip;
	struct err refused = {0};

	if (demand_bind(&book->demand, &problems, &book->remarks) > 0)
		return print_problems(&problems, book->runbook->path, e);
	int r = book_take_former(x, e);
	if (r < 0)
		return r;
	if (combine_make(&book->demand.request, &book->combine, &slip, &refused) == 0)
		return 0;
	if (refused.blame != BLAME_USER)
		return err_set(e, refused.blame, refused.code, "%s", refused.text);
	yaml_problem(&problems, book->runbook->path, demand_place(&book->demand, slip), "%s",
		     refused.text);
	return print_problems(&problems, book->runbook->path, e);
}

int book_open_subjects(struct execution *x, struct err *e)
{
	struct execution_book *book = x->book;
	int r = open_all(x, e);

	if (r == 0)
		r = combine_book(x, e);
	if (r < 0)
		return r;
	if (!x->arguments->json)
		print_remarks(&book->remarks);
	book->why_not = xnew((book->combine->count + 1) * sizeof *book->why_not);
	book->beyond_within = xnew((book->combine->count + 1) * sizeof *book->beyond_within);
	for (size_t i = 0; i < book->combine->count; i++)
		add_cell(x, i);
	return 0;
}

/* ---- what is left out ---- */

void book_leave_out(struct execution_book *book, const struct execution_cell *cell,
		    const char *format, ...)
{
	CLEAN_TEXT struct text why = TEXT_INIT(1024);
	va_list args;

	va_start(args, format);
	(void)text_addv(&why, format, args);
	va_end(args);
	free(book->why_not[cell->combination]);
	book->why_not[cell->combination] = text_steal(&why);
}

void book_tell_left_out(const struct execution *x)
{
	const struct execution_book *book = x->book;
	const struct combine *combine = book->combine;

	for (size_t i = 0; i < combine->count; i++) {
		CLEAN_TEXT struct text values = TEXT_INIT(64U << 10);
		if (!book->why_not[i])
			continue;
		combine_describe(&book->demand.axes, combine_items(combine, i), false, &values);
		const struct plan_left_out left_out = {.values = values.buf,
						       .why = book->why_not[i],
						       .must = combine->origins.items[i].why ==
							       COMBINE_WHY_MUST,
						       .asked = book->beyond_within[i]};
		if (!plan_leave_out(x->plan, &left_out))
			abort(); /* there are no more combinations than cells may be */
	}
}

/* How many machines of that cell the host has room for at once, at least one. */
static uint64_t machines_at_once(const struct execution *x, const struct plan_cell *cell)
{
	uint64_t at_once = x->jobs ? x->jobs : UINT64_MAX;
	uint64_t busy = (cell->size.cpus + 1) / 2,
		 mem_mib = cell->size.mem_mib + RESOURCES_MACHINE_EXTRA_MIB;

	if (x->room.cpus > 0 && x->room.cpus / busy < at_once)
		at_once = x->room.cpus / busy;
	if (x->room.mem_mib > 0 && x->room.mem_mib / mem_mib < at_once)
		at_once = x->room.mem_mib / mem_mib;
	return at_once > 0 ? at_once : 1;
}

/* Their part in the time of all, when the host has no room to spare. */
static uint64_t share_ns(const struct execution *x, const struct plan_cell *cell, uint64_t span_ns)
{
	return span_ns / (plan_cell_boots(cell) ? machines_at_once(x, cell) : 1);
}

uint64_t *book_cell_spans(const struct execution *x)
{
	size_t count = x->plan->cells.count;
	uint64_t *spans_ns = xnew((count + 1) * sizeof *spans_ns);
	CLEAN_FREE unsigned *leaders = xnew((count + 1) * sizeof *leaders);

	forecast_leaders(x->plan, leaders);
	for (unsigned i = 0; i < count; i++) {
		const struct plan_cell *cell = x->plan->cells.items[i];
		spans_ns[i] =
			forecast_cases_ns(cell) + (leaders[i] == i ? forecast_boot_ns(cell) : 0);
	}
	return spans_ns;
}

/* What each combination takes beside those that are kept already: a boot once for all with the same machine. */
static struct budget_cost *find_costs(const struct execution *x, uint64_t within_ns)
{
	size_t count = x->book->combine->count;
	struct budget_cost *costs = xnew((count + 1) * sizeof *costs);
	CLEAN_FREE unsigned *leaders = xnew((x->cells.count + 1) * sizeof *leaders);

	forecast_leaders(x->plan, leaders);
	for (size_t i = 0; i < count; i++)
		costs[i] = (struct budget_cost){.own_ns = BUDGET_NEVER, .shares = i};
	for (size_t i = 0; i < x->cells.count; i++) {
		const struct plan_cell *cell = x->plan->cells.items[i];
		uint64_t boot_ns = forecast_boot_ns(cell), cases_ns = forecast_cases_ns(cell);
		struct budget_cost cost = {.own_ns = share_ns(x, cell, cases_ns),
					   .shared_ns = share_ns(x, cell, boot_ns),
					   .shares = x->cells.items[leaders[i]].combination};
		/* However many machines there are, none goes faster. */
		if (boot_ns + cases_ns > within_ns)
			cost.own_ns += within_ns + 1;
		costs[x->cells.items[i].combination] = cost;
	}
	return costs;
}

size_t book_keep_within(struct execution *x)
{
	struct execution_book *book = x->book;
	const struct yaml_number *within = &book->runbook->within_ns;
	CLEAN_FREE bool *kept = xnew((book->combine->count + 1) * sizeof *kept);
	char span[CLOCK_SPAN_SIZE];
	size_t left_out = 0;

	if (within->place.line == 0)
		return 0;
	CLEAN_FREE struct budget_cost *costs = find_costs(x, (uint64_t)within->number);
	(void)budget_choose(book->combine, costs, (uint64_t)within->number, kept);
	vec_each (&x->cells, cell) {
		if (kept[cell->combination])
			continue;
		book_leave_out(book, cell, "it does not fit into the %s of `within`",
			       clock_span((uint64_t)within->number, span));
		book->beyond_within[cell->combination] = true;
		left_out++;
	}
	return left_out;
}
