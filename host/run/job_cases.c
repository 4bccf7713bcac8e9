/* SPDX-License-Identifier: Apache-2.0 */
/* Cases on machines: one item at a time, and the jobs that are lists of them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/driver/steal.h"
#include "host/run/boot_results.h"
#include "host/run/late.h"
#include "wire/frame.h"
#include "wire/need.h"

#define CASE_SPAN_NS (86400 * NS_PER_S) /* each case has its own, shorter limit */
#define TRIES	     2			/* the host's fault is worth a second one */

static bool is_reaches_ready(const struct plan_item *item)
{
	return strcmp(item->it->id, CASE_REACHES_READY) == 0;
}

static unsigned flags_of(const struct seat *seat, const struct plan_item *item)
{
	/* A built-in sabotage is there already; needs are judged without it. */
	if (seat->sabotage)
		return RUN_NEEDS_KNOWN;
	return item->sabotaged ? RUN_SABOTAGE : 0;
}

/* The subject did not come up for this case. */
static void judge_no_boot(struct seat *seat, const struct plan_item *item, struct result *result)
{
	/* A case that judges a boot has failed; for any other the set-up has. */
	bool is_of_boot = item->it->info.isolation == ISOLATION_COLD;

	result_from_boot(result, is_of_boot ? OUTCOME_FAIL : OUTCOME_BROKEN, &seat->boot);
}

/* A case that is told of its size's disks is told of those as well. */
static char *parameters_of(const struct seat *seat, const struct plan_item *item)
{
	const struct plan_cell *cell = seat->cell->cell;
	struct size size = cell->size;

	size.data_disks += item->hot.disks;
	size.data_disk_mib = hot_disk_mib(&size);
	return cell_parameters(seat->worker->engine->setup, cell, &size);
}

/* 1: done; 0: the guest does not take them, and that is the item's result. */
static int plug(struct seat *seat, const struct plan_item *item, struct result *result,
		struct err *e)
{
	struct patience p = engine_patience(seat->worker->engine, CASE_SPAN_NS);
	int r = machine_plug(seat->machine, &item->hot, hot_disk_mib(&seat->cell->cell->size), &p,
			     e);

	if (r == 0)
		return 1;
	if (r != -ENODEV || e->blame != BLAME_GUEST)
		return r;
	result_set(result, OUTCOME_SKIP, "%s; a size with such disks has them from the boot on",
		   e->text);
	(void)snprintf(result->need, sizeof result->need, "%s",
		       item->hot.disks > 0 ? "disk:data" : "nvme");
	err_clear(e);
	return 0;
}

static int execute(struct seat *seat, const struct plan_item *item, struct result *result,
		   struct err *e)
{
	struct engine *engine = seat->worker->engine;
	struct patience p = engine_patience(engine, CASE_SPAN_NS);
	CLEAN_FREE char *own = plan_item_is_plugged(item) ? parameters_of(seat, item) : NULL;
	const char *parameters = own ? own : seat->cell->parameters;
	unsigned flags = flags_of(seat, item);

	tell_state(seat->worker, "%s%s", item->it->id, item->sabotaged ? " (sabotaged)" : "");
	if (is_reaches_ready(item)) { /* it did: the machine is here */
		result_set(result, OUTCOME_PASS, "%s", seat->boot.sentence);
		result->checks_passed = 1;
		return 0;
	}
	if (!item->it->of_host)
		return machine_run_case(seat->machine, &item->it->info, flags, parameters, &p,
					result, e);
	if (!engine->setup->run_host_case)
		return err_set(e, BLAME_BUG, ENOSYS, "%s: nobody runs host cases", item->it->id);
	return engine->setup->run_host_case(&item->it->info, seat->machine, flags, parameters, &p,
					    result, e);
}

static int try_item(struct seat *seat, const struct plan_item *item, struct result *result,
		    struct err *e)
{
	int r = seat_take(seat, e);

	if (r < 0 && e->blame == BLAME_GUEST) {
		judge_no_boot(seat, item, result);
		return 0;
	}
	if (r == 0)
		r = plan_item_is_plugged(item) ? plug(seat, item, result, e) : 1;
	return r > 0 ? execute(seat, item, result, e) : r;
}

/* Only a machine on which nothing happened serves for another case. What judges a boot only looks at it, and a boot that
 * was judged bad is no other boot for that. */
static bool is_spoilt(const struct seat *seat, const struct plan_item *item,
		      const struct result *result)
{
	if (!seat->machine || !machine_is_alive(seat->machine))
		return true;
	if (item->it->info.isolation == ISOLATION_COLD && !item->sabotaged)
		return false;
	return item->it->info.isolation != ISOLATION_SHARED ||
	       (item->it->of_host && !case_judges_host(item->it)) ||
	       (item->sabotaged && !seat->sabotage) ||
	       (result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_SKIP &&
		!(seat->sabotage && result->outcome == OUTCOME_FAIL));
}

/* What fails there is the host: the image is neither good nor bad for it. */
static void blame_host(const struct plan_item *item, struct result *result)
{
	if (case_judges_host(item->it) && !item->sabotaged && result->outcome == OUTCOME_FAIL)
		result->outcome = OUTCOME_INFRA;
}

/* What was expected needs no explanation. */
static void keep_evidence(const struct seat *seat, const struct plan_item *item,
			  const struct result *result)
{
	bool is_expected = result->outcome == OUTCOME_PASS || result->outcome == OUTCOME_SKIP ||
			   (item->sabotaged && result->outcome == OUTCOME_FAIL);
	struct err ignored = {
		0}; /* of no use where there is no room: the result tells of the failure */

	if (seat->machine && !is_expected)
		(void)machine_keep_evidence(seat->machine, &ignored);
}

void run_item(struct seat *seat, const struct plan_item *item)
{
	struct engine *engine = seat->worker->engine;

	for (unsigned attempt = 1; attempt <= TRIES; attempt++) {
		CLEANUP(record) struct record *record = result_record(seat->cell, item);
		struct err e = {0};
		record->result.attempt = attempt;
		struct steal begin = steal_now();
		uint64_t start_ns = clock_now_ns();
		int r = try_item(seat, item, &record->result, &e);
		late_judge(item, clock_now_ns() - start_ns, steal_percent_since(&begin),
			   &record->result);
		blame_host(item, &record->result);
		(void)snprintf(record->name, sizeof record->name, "%s", seat->name);
		keep_evidence(seat, item, &record->result);
		if (r < 0 || is_spoilt(seat, item, &record->result))
			seat_clear(seat);
		/* A hole; --resume fills it. What a host case saw while everything ended says nothing of the image. */
		if ((r < 0 || item->it->of_host) &&
		    (e.code == ECANCELED || engine_is_cancelled(engine)))
			return;
		bool is_hosts_fault = r < 0 || record->result.outcome == OUTCOME_INFRA;
		if (is_hosts_fault && attempt < TRIES) {
			tell_phase(engine, seat->cell->cell->index, "retry", 0, 1,
				   r < 0 ? e.text : record->result.message);
			continue;
		}
		if (r < 0)
			result_set(&record->result, OUTCOME_INFRA, "%s", e.text);
		if (seat->kept)
			boot_results_add(seat->kept, record);
		tell_result(engine, item, STEAL_PTR(record));
		return;
	}
}

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
	struct patience p = engine_patience(engine, CASE_SPAN_NS);
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
