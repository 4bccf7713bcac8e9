/* SPDX-License-Identifier: Apache-2.0 */
/* The jobs that are lists of cases on machines. */
#include <stdio.h>

#include "host/run/internal.h"
#include "wire/need.h"

#define GROUP_SPAN_NS (86400 * NS_PER_S) /* each case has its own, shorter limit */

/* True when the items cannot run, because the template's boot went wrong; they are told so. */
static bool is_hopeless(struct worker *worker, struct cell_run *cell, const struct job *job)
{
	char why[512];
	enum template_state state =
		schedule_template(worker->engine->schedule, cell->cell->index, why, sizeof why);

	if (state != TEMPLATE_NO_BOOT && (state != TEMPLATE_NO_HOST || job->kind == JOB_COLD))
		return false;
	if (engine_is_cancelled(worker->engine))
		return true;
	vec_each (&job->items, item) {
		if (state == TEMPLATE_NO_BOOT)
			tell_undone(worker->engine, cell, *item, OUTCOME_SKIP, NEED_BOOTED,
				    "the image did not come up, see " CASE_REACHES_READY ": %.300s",
				    why);
		else
			tell_undone(worker->engine, cell, *item, OUTCOME_INFRA, NULL, "%s", why);
	}
	return true;
}

/* A sabotaged boot is not made for a case that is skipped anyway. */
static bool is_skipped_clean(struct worker *worker, struct cell_run *cell,
			     const struct plan_item *item)
{
	enum outcome outcome;

	if (!clean_outcome(cell, item, &outcome) || outcome != OUTCOME_SKIP)
		return false;
	tell_undone(worker->engine, cell, item, OUTCOME_SKIP, "its clean run",
		    "it was skipped without the sabotage too");
	return true;
}

/* ---- host cases that share a reboot ---- */

/* Those that are still to be decided; the records are the caller's to free where they stay. */
struct group {
	struct engine_host_group_case cases[GROUPS_MAX];
	struct record *records[GROUPS_MAX];
	size_t count;
};

static void group_tell(struct group *group, struct seat *seat, const struct job *job)
{
	for (size_t i = 0; i < group->count; i++) {
		if (group->cases[i].is_decided) {
			struct record *record = STEAL_PTR(group->records[i]);
			(void)snprintf(record->name, sizeof record->name, "%s", seat->name);
			tell_result(seat->worker->engine, job->items.items[i], record);
		}
		record_free(group->records[i]);
	}
}

/* Decides those that pass in company, and leaves the others in `alone`. */
static void run_in_company(struct seat *seat, const struct job *job, struct item_list *alone)
{
	struct engine *engine = seat->worker->engine;
	struct patience p = cell_patience(engine, seat->cell, GROUP_SPAN_NS);
	struct group *group = xnew(sizeof *group);
	struct err e = {0};

	vec_each (&job->items, item) {
		struct record *record = result_record(seat->cell, *item);
		group->records[group->count] = record;
		group->cases[group->count++] = (struct engine_host_group_case){
			.info = &(*item)->it->info, .result = &record->result};
	}
	tell_state(seat->worker, "%zu cases over one reboot", group->count);
	if (seat_take(seat, &e) == 0)
		(void)engine->setup->run_host_group(group->cases, group->count, seat->machine,
						    seat->cell->parameters, &p, &e);
	for (size_t i = 0; i < group->count; i++)
		if (!group->cases[i].is_decided)
			(void)vec_add(alone, job->items.items[i]);
	group_tell(group, seat, job);
	seat_clear(seat);
	free(group);
}

static void run_items(struct seat *seat, const struct item_list *items)
{
	vec_each (items, item) {
		if (engine_is_cancelled(seat->worker->engine))
			return;
		if (!is_skipped_clean(seat->worker, seat->cell, *item))
			run_item(seat, *item);
	}
}

void run_cases_job(struct worker *worker, struct cell_run *cell, const struct job *job)
{
	CLEAN_DONE(seat) struct seat seat;

	seat_init(&seat, worker, cell, job->sabotage, job->kind == JOB_COLD);
	vec_each (&job->items, item) {
		seat.spec.cuts_power |= (*item)->it->info.cuts_power;
		seat.spec.owns_ram |= needs_name((*item)->it->info.needs, "dev:virtio-balloon");
		seat.spec.serves_time |= needs_name((*item)->it->info.needs, "netpeer:ntp");
	}
	if (is_hopeless(worker, cell, job))
		return;
	if (job->kind == JOB_FORK && job->items.count > 1) {
		struct item_list alone = VEC_INIT(PLAN_ITEMS_MAX);
		run_in_company(&seat, job, &alone);
		run_items(&seat, &alone);
		vec_done(&alone);
		return;
	}
	run_items(&seat, &job->items);
}
