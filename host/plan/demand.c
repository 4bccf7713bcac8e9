/* SPDX-License-Identifier: Apache-2.0 */
/* From a runbook to axes, constraints and rows. */
#include "host/plan/demand.h"

#include <string.h>

#include "base/text.h"
#include "host/plan/cover.h"
#include "host/runbook/size_trait.h"

#define SEED 1 /* any: the same runbook shall be the same plan */

/* ---- items ---- */

/* The reader of runbooks has the same maxima: what does not fit here did not come through there. */
static struct axis_item *add_item(struct axis *axis, const char *name)
{
	struct axis_item *item = axis_add(axis, name);

	if (!item)
		abort();
	return item;
}

struct trait_target {
	struct axis *axis;
	struct axis_item *item;
	bool is_full;
};

static void set_trait(void *arg, const char *name, const char *value)
{
	struct trait_target *target = arg;

	if (axis_set(target->axis, target->item, name, value) < 0)
		target->is_full = true;
}

static unsigned add_traits(const struct demand *demand, const struct runbook_traits *traits,
			   struct trait_target *target, struct text *problems)
{
	unsigned count = 0;

	vec_each (traits, trait) {
		set_trait(target, trait->name.text, trait->value.text);
		if (!target->is_full)
			continue;
		yaml_problem(problems, demand->runbook->path, trait->name.place,
			     "the items of this axis have more than %d traits with different names",
			     AXIS_TRAITS_MAX);
		count++;
		target->is_full = false;
	}
	return count;
}

static unsigned add_images(struct demand *demand, struct text *problems)
{
	struct axis *axis = axes_add(&demand->axes, runbook_axis_name(RUNBOOK_IMAGE));
	unsigned count = 0;

	vec_each (&demand->runbook->images, image) {
		struct trait_target target = {axis, add_item(axis, image->name.text), false};
		count += add_traits(demand, &image->traits, &target, problems);
	}
	return count;
}

static unsigned add_sizes(struct demand *demand, struct text *problems)
{
	struct axis *axis = axes_add(&demand->axes, runbook_axis_name(RUNBOOK_SIZE));
	unsigned count = 0;

	vec_each (&demand->runbook->sizes, size) {
		struct trait_target target = {axis, add_item(axis, size->size.name), false};
		size_traits(&size->size, set_trait, &target);
		if (!target.is_full)
			continue;
		yaml_problem(problems, demand->runbook->path, size->place,
			     "sizes have more than %d traits with different names",
			     AXIS_TRAITS_MAX);
		count++;
	}
	return count;
}

static void add_firmwares(struct demand *demand)
{
	struct axis *axis = axes_add(&demand->axes, runbook_axis_name(RUNBOOK_FIRMWARE));

	vec_each (&demand->runbook->firmwares, firmware)
		(void)add_item(axis, firmware->text);
	if (axis->items.count == 0)
		(void)add_item(axis, DEMAND_FIRMWARE_AUTO);
}

static void add_hosts(struct demand *demand)
{
	struct axis *axis = axes_add(&demand->axes, runbook_axis_name(RUNBOOK_HOST));

	vec_each (&demand->runbook->hosts, host) {
		struct trait_target target = {axis, add_item(axis, host->name.text), false};
		if (host->qemu.text)
			set_trait(&target, "qemu", host->qemu.text);
		if (host->machine.text)
			set_trait(&target, "machine", host->machine.text);
		if (host->cpu.text)
			set_trait(&target, "cpu", host->cpu.text);
	}
	if (axis->items.count == 0)
		(void)add_item(axis, DEMAND_HOST_DEFAULT);
}

static unsigned add_variants(struct demand *demand, struct text *problems)
{
	unsigned count = 0;

	vec_each (&demand->runbook->variants, variant) {
		struct axis *axis = axes_add(&demand->axes, variant->name.text);
		if (!axis)
			abort(); /* as with items */
		vec_each (&variant->values, value)
			(void)add_item(axis, value->text);
		if (!constraint_reserves(variant->name.text))
			continue;
		yaml_problem(problems, demand->runbook->path, variant->name.place,
			     "no axis can be called '%s': it is a word of constraints",
			     variant->name.text);
		count++;
	}
	return count;
}

static unsigned add_kernels(struct demand *demand, struct text *problems)
{
	const struct runbook *runbook = demand->runbook;
	unsigned count = 0;

	if (runbook->kernels.count == 0)
		return 0;
	struct axis *axis = axes_add(&demand->axes, runbook_axis_name(RUNBOOK_KERNEL));
	if (!axis)
		abort(); /* as with items */
	vec_each (&runbook->kernels, kernel) {
		struct trait_target target = {axis, add_item(axis, kernel->name.text), false};
		count += add_traits(demand, &kernel->traits, &target, problems);
	}
	return count;
}

int demand_kernel_axis(const struct demand *demand)
{
	bool has_axis = demand->runbook->kernels.count > 0 && demand->axes.list.count > 0;

	return has_axis ? (int)demand->axes.list.count - 1 : -1;
}

/* ---- constraints ---- */

struct binding {
	const struct demand *demand;
	struct yaml_place place;
	struct text *problems, *remarks;
};

/* Where in the file a column of the expression is; where a line of it ends nobody knows any more. */
static struct yaml_place place_in(struct yaml_place begin, unsigned column)
{
	if (begin.line > 0)
		begin.column += column - 1;
	return begin;
}

static void on_problem(void *arg, unsigned column, bool is_remark, const char *what)
{
	const struct binding *binding = arg;

	yaml_problem(is_remark ? binding->remarks : binding->problems,
		     binding->demand->runbook->path, place_in(binding->place, column),
		     "`constraints`: %s", what);
}

/* Its words; what it names is only known when all is seen. */
static unsigned read_constraints(struct demand *demand, struct text *problems)
{
	const struct yaml_texts *texts = &demand->runbook->constraints;
	unsigned count = 0;

	demand->constraints = xnew((texts->count + 1) * sizeof *demand->constraints);
	for (size_t i = 0; i < texts->count; i++) {
		const struct yaml_text *text = &texts->items[i];
		struct binding binding = {demand, text->place, problems, problems};
		unsigned column;
		struct err e = {0};
		if (!yaml_text_is_well(text) ||
		    constraint_parse(text->text, &demand->constraints[i], &column, &e) == 0)
			continue;
		on_problem(&binding, column, false, e.text);
		count++;
	}
	return count;
}

static unsigned bind_constraint(struct demand *demand, size_t index, struct text *problems,
				struct text *remarks)
{
	struct binding binding = {demand, demand->runbook->constraints.items[index].place, problems,
				  remarks};

	if (!demand->constraints[index])
		return 0; /* why is told */
	return constraint_bind(demand->constraints[index], &demand->axes, on_problem, &binding);
}

unsigned demand_init(struct demand *demand, const struct runbook *runbook, struct text *problems)
{
	*demand = (struct demand){.runbook = runbook, .axes = AXES_INIT};
	if (!runbook->axes_are_known)
		return read_constraints(demand, problems);
	unsigned count = add_images(demand, problems);

	count += add_sizes(demand, problems);
	add_firmwares(demand);
	add_hosts(demand);
	count += add_variants(demand, problems);
	count += add_kernels(demand, problems);
	return count + read_constraints(demand, problems);
}

/* What the runbook says goes before. */
static bool see(struct axis *axis, size_t index, const char *trait, const char *value)
{
	struct axis_item *item = axis->items.items[index];
	int at = axis_find_trait(axis, trait);

	return (at >= 0 && axis_value(item, at)) || axis_set(axis, item, trait, value) == 0;
}

void demand_see(struct demand *demand, size_t image, const char *trait, const char *value)
{
	/* Beyond the maximum of traits: those that the runbook says are in use already. */
	(void)see(demand->axes.list.items[DEMAND_IMAGE], image, trait, value);
}

bool demand_see_kernel(struct demand *demand, size_t kernel, const char *trait, const char *value)
{
	return see(demand->axes.list.items[demand_kernel_axis(demand)], kernel, trait, value);
}

void demand_know(struct demand *demand, const char *trait)
{
	if (demand->axes.list.count > 0)
		(void)axis_know(demand->axes.list.items[DEMAND_IMAGE], trait);
}

void demand_know_of_kernels(struct demand *demand, const char *trait)
{
	int axis = demand_kernel_axis(demand);

	if (axis >= 0)
		(void)axis_know(demand->axes.list.items[axis], trait);
}

static unsigned bind_constraints(struct demand *demand, struct text *problems, struct text *remarks)
{
	unsigned count = 0;

	for (size_t i = 0; i < demand->runbook->constraints.count; i++)
		count += bind_constraint(demand, i, problems, remarks);
	return count;
}

/* That nothing has a value is no news while not all images were looked at. */
unsigned demand_check(struct demand *demand, struct text *problems)
{
	CLEAN_TEXT struct text remarks = TEXT_INIT(YAML_PROBLEMS_MAX);

	return demand->runbook->axes_are_known ? bind_constraints(demand, problems, &remarks) : 0;
}

static bool is_said(const struct runbook_traits *traits, const char *trait)
{
	vec_each (traits, said)
		if (strcmp(said->name.text, trait) == 0)
			return true;
	return false;
}

const char *demand_origin(const struct demand *demand, size_t axis, size_t item, const char *trait)
{
	const struct runbook *runbook = demand->runbook;

	if (axis == DEMAND_SIZE)
		return "size";
	if (axis == DEMAND_IMAGE && !is_said(&runbook->images.items[item].traits, trait))
		return "image";
	if ((int)axis == demand_kernel_axis(demand) &&
	    !is_said(&runbook->kernels.items[item].traits, trait))
		return "kernel";
	return "runbook";
}

/* ---- rows and weights ---- */

/* What a row says, as indices; the reader has seen to it that all of it is there. */
static uint32_t *take_rows(const struct demand *demand, const struct runbook_rows *rows)
{
	size_t axes = demand->axes.list.count;
	uint32_t *items = xnew((rows->count * axes + 1) * sizeof *items);

	for (size_t i = 0; i < rows->count * axes; i++)
		items[i] = COMBINE_ANY;
	for (size_t i = 0; i < rows->count; i++)
		vec_each (&rows->items[i], said) {
			int axis = axes_find(&demand->axes, said->axis.text);
			int item = axis < 0 ? -1
					    : axis_find(demand->axes.list.items[axis],
							said->value.text);
			if (item >= 0)
				items[i * axes + (size_t)axis] = (uint32_t)item;
		}
	return items;
}

static void take_weights(struct demand *demand)
{
	vec_each (&demand->runbook->weights, of_axis) {
		int axis = axes_find(&demand->axes, of_axis->axis.text);
		struct axis *weighed = axis < 0 ? NULL : demand->axes.list.items[axis];
		vec_each (&of_axis->weights, weight) {
			int item = weighed ? axis_find(weighed, weight->value.text) : -1;
			if (item >= 0)
				weighed->items.items[item]->weight =
					(unsigned)weight->weight.number;
		}
	}
}

static enum combine_mode mode_of(enum runbook_combine combine)
{
	switch (combine) {
	case RUNBOOK_ALL:
		return COMBINE_ALL;
	case RUNBOOK_ZIP:
		return COMBINE_ZIP;
	case RUNBOOK_ROWS:
		return COMBINE_ROWS;
	case RUNBOOK_WAYS:
		return COMBINE_WAYS;
	}
	return COMBINE_ALL;
}

/* Figures of sizes: their classes meet all else (cpu_class, memory_class), or a plan would want every line of a price list. Sorted. */
static const char *const figures[] = {
	"cpus",	      "disk_iops", "disk_mbps", "disk_size", "disks",	 "disks_max", "gpus",
	"max_memory", "memory",	   "net_mbps",	"nics",	     "nics_max", "queues",    NULL};

/* What each kernel has for itself; its series and flavour meet all else. */
static const char *const kernel_figures[] = {"release", "version", NULL};

static bool is_wanted(const void *context, size_t axis, int trait)
{
	static const char *const none[] = {NULL};
	const struct demand *demand = context;
	const char *const *figure = axis == DEMAND_SIZE			      ? figures
				    : (int)axis == demand_kernel_axis(demand) ? kernel_figures
									      : none;

	for (; *figure; figure++)
		if (strcmp(demand->axes.list.items[axis]->traits.items[trait], *figure) == 0)
			return false;
	return true;
}

unsigned demand_bind(struct demand *demand, struct text *problems, struct text *remarks)
{
	const struct runbook *runbook = demand->runbook;
	unsigned count = bind_constraints(demand, problems, remarks);

	demand->rows = take_rows(demand, &runbook->rows);
	demand->must = take_rows(demand, &runbook->must);
	take_weights(demand);
	demand->request = (struct combine_request){
		.axes = &demand->axes,
		.mode = mode_of(runbook->combine),
		.ways = runbook->ways,
		.over_traits = runbook->over_traits,
		.is_wanted = is_wanted,
		.context = demand,
		.constraints = demand->constraints,
		.constraint_count = runbook->constraints.count,
		.rows = {demand->rows, runbook->rows.count},
		.must = {demand->must, runbook->must.count},
		.seed = SEED,
		.effort = COVER_EFFORT,
	};
	return count;
}

struct yaml_place demand_place(const struct demand *demand, struct combine_slip slip)
{
	const struct runbook *runbook = demand->runbook;
	const struct runbook_rows *rows =
		slip.about == COMBINE_ABOUT_MUST ? &runbook->must : &runbook->rows;

	if (slip.about != COMBINE_ABOUT_ALL && slip.index < rows->count &&
	    rows->items[slip.index].count > 0)
		return rows->items[slip.index].items[0].axis.place;
	return runbook->combine_place;
}

void demand_done(struct demand *demand)
{
	for (size_t i = 0; demand->constraints && i < demand->runbook->constraints.count; i++)
		constraint_free(demand->constraints[i]);
	free(demand->constraints);
	free(demand->rows);
	free(demand->must);
	axes_done(&demand->axes);
}
