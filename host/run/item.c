/* SPDX-License-Identifier: Apache-2.0 */
/* One item in a seat: an execution, the tries after it, and its repetitions. */
#include <stdio.h>
#include <string.h>

#include "host/driver/steal.h"
#include "host/run/boot_results.h"
#include "host/run/late.h"
#include "host/run/until_sure.h"
#include "wire/frame.h"

#define CASE_SPAN_NS (86400 * NS_PER_S) /* each case has its own, shorter limit */
#define HOST_RETRIES 1			/* the host's fault is worth a second try */

/* ---- once ---- */

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
	return cell_parameters(seat->worker->engine, cell, &size);
}

/* 1: done; 0: the guest does not take them, and that is the item's result. */
static int plug(struct seat *seat, const struct plan_item *item, struct result *result,
		struct err *e)
{
	struct patience p = cell_patience(seat->worker->engine, seat->cell, CASE_SPAN_NS);
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

/* In whole seconds, one at least. */
static unsigned timeout_of(const struct plan *plan, const struct plan_item *item)
{
	unsigned own_s =
		item->trial.timeout_s ? item->trial.timeout_s : case_timeout_s(&item->it->info);
	uint64_t most_s = (plan->limits.case_ns + NS_PER_S - 1) / NS_PER_S;

	return most_s > 0 && most_s < own_s ? (unsigned)most_s : own_s;
}

static int execute(struct seat *seat, const struct plan_item *item, struct result *result,
		   struct err *e)
{
	struct engine *engine = seat->worker->engine;
	struct patience p = cell_patience(engine, seat->cell, CASE_SPAN_NS);
	CLEAN_FREE char *own = plan_item_is_plugged(item) ? parameters_of(seat, item) : NULL;
	const char *parameters = own ? own : seat->cell->parameters;
	unsigned flags = flags_of(seat, item);
	struct case_info info = item->it->info;

	info.timeout_s = timeout_of(engine->setup->plan, item);
	tell_state(seat->worker, "%s%s", item->it->id, item->sabotaged ? " (sabotaged)" : "");
	if (is_reaches_ready(item)) { /* it did: the machine is here */
		result_set(result, OUTCOME_PASS, "%s", seat->boot.sentence);
		result->checks_passed = 1;
		return 0;
	}
	if (!item->it->of_host)
		return machine_run_case(seat->machine, &info, flags, parameters, &p, result, e);
	if (!engine->setup->run_host_case)
		return err_set(e, BLAME_BUG, ENOSYS, "%s: nobody runs host cases", item->it->id);
	return engine->setup->run_host_case(&info, seat->machine, flags, parameters, &p, result, e);
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

/* True when an execution may follow that is to judge another boot. */
static bool sees_another_boot(const struct plan_item *item, const struct result *result)
{
	bool is_bad = result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_SKIP;

	return plan_item_is_tried_again(item) ||
	       (item->trial.until_sure > 0 && (is_bad || result->attempt > 1));
}

/* Only a machine on which nothing happened serves for another case. What judges a boot only looks at it, and a boot that
 * was judged bad is no other boot for that. */
static bool is_spoilt(const struct seat *seat, const struct plan_item *item,
		      const struct result *result)
{
	if (!seat->machine || !machine_is_alive(seat->machine))
		return true;
	if (item->it->info.isolation == ISOLATION_COLD && !item->sabotaged)
		return sees_another_boot(item, result);
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

struct record *run_once(struct seat *seat, const struct plan_item *item, unsigned attempt)
{
	struct engine *engine = seat->worker->engine;
	CLEANUP(record) struct record *record = result_record(seat->cell, item);
	struct result *result = &record->result;
	char words[96];
	struct err e = {0};

	struct steal begin = steal_now();

	result->attempt = attempt;
	int r = try_item(seat, item, result, &e);
	/* Before anything is cleared away: what ended within the limit was not cut off. */
	bool is_over = cell_is_over(engine, seat->cell);
	late_judge(item, steal_percent_since(&begin), result);
	blame_host(item, result);
	(void)snprintf(record->name, sizeof record->name, "%s", seat->name);
	keep_evidence(seat, item, result);
	if (r < 0 || is_spoilt(seat, item, result))
		seat_clear(seat);
	/* What a host case saw while everything ended says nothing of the image. */
	if ((r < 0 || item->it->of_host) && (e.code == ECANCELED || engine_is_cancelled(engine)))
		return NULL;
	if (r < 0)
		result_set(result, OUTCOME_INFRA, "%s", e.text);
	/* What was cut off says nothing of it either; what was quick enough to pass has passed. */
	if (is_over && result->outcome != OUTCOME_PASS)
		result_set(result, OUTCOME_INFRA, "%s", cell_over_words(engine, words));
	return STEAL_PTR(record);
}

/* ---- as often as the plan has it ---- */

/* All executions of an item. */
struct trying {
	struct seat *seat;
	const struct plan_item *item;
	struct executions executions;
	unsigned repetitions, others; /* so far; those whose outcome was not that of the first */
	char before[400];	      /* of the last try that was followed by another one */
};

/* Those that say nothing yet: the host was at fault, or the plan wants to see whether the case does so again. A planted
 * defect has to be seen at once. */
static bool wants_retry(const struct trying *trying, const struct result *result,
			unsigned *host_retries, unsigned *retries)
{
	unsigned *left = NULL;

	if (cell_is_over(trying->seat->worker->engine, trying->seat->cell))
		return false;
	if (result->outcome == OUTCOME_INFRA)
		left = host_retries;
	else if (!trying->item->sabotaged &&
		 (result->outcome == OUTCOME_FAIL || result->outcome == OUTCOME_BROKEN))
		left = retries;
	if (!left || *left == 0)
		return false;
	(*left)--;
	return true;
}

/* Which try it was, where it took several: a case that does not always pass is worth a word. */
static void note_tries(const struct trying *trying, struct result *result)
{
	if (trying->before[0] && result->outcome == OUTCOME_PASS)
		result_set(result, OUTCOME_PASS, "it passed at try %u; before that: %s",
			   result->attempt, trying->before);
}

/* Takes the first try that was bad (NULL: none was) and the last one, gives the one that decides, and tells the other. A last one
 * that says nothing of the subject takes nothing back. */
static struct record *choose_try(struct trying *trying, struct record *bad, struct record *last)
{
	bool says_nothing =
		last->result.outcome == OUTCOME_SKIP || last->result.outcome == OUTCOME_INFRA;

	if (!bad)
		return last;
	tell_try(trying->seat->worker->engine, trying->item, says_nothing ? last : bad);
	return says_nothing ? bad : last;
}

/* Another try follows. Takes the record: keeps the first bad one, tells all others. */
static void go_on_trying(struct trying *trying, struct record *record, struct record **bad)
{
	struct engine *engine = trying->seat->worker->engine;
	const struct result *result = &record->result;

	(void)snprintf(trying->before, sizeof trying->before, "%s: %.350s",
		       outcome_name(result->outcome), result->message);
	tell_phase(engine, trying->seat->cell->cell->index, "retry", 0, 1, result->message);
	trying->executions.differs |= result->outcome != OUTCOME_INFRA;
	if (!*bad && result->outcome != OUTCOME_INFRA)
		*bad = record;
	else
		tell_try(engine, trying->item, record);
}

/* One repetition, with its retries; NULL as run_once. */
static struct record *run_repetition(struct trying *trying)
{
	unsigned host_retries = HOST_RETRIES, retries = trying->item->trial.retries;
	struct record *bad = NULL;

	for (trying->before[0] = '\0';;) {
		struct record *record =
			run_once(trying->seat, trying->item, ++trying->executions.count);
		if (!record) {
			if (bad)
				tell_try(trying->seat->worker->engine, trying->item, bad);
			return NULL;
		}
		trying->executions.outcomes[record->result.outcome]++;
		if (!wants_retry(trying, &record->result, &host_retries, &retries)) {
			note_tries(trying, &record->result);
			return choose_try(trying, bad, record);
		}
		go_on_trying(trying, record, &bad);
	}
}

/* The greater one decides for all repetitions. Under a planted defect it is to fail. */
static unsigned weight(const struct plan_item *item, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_SKIP:
		return 0;
	case OUTCOME_PASS:
		return item->sabotaged ? 4 : 1;
	case OUTCOME_INFRA:
		return 2;
	case OUTCOME_BROKEN:
		return 3;
	case OUTCOME_FAIL:
		return item->sabotaged ? 1 : 4;
	}
	return 0;
}

/* Takes both, gives the one that decides so far, and tells the other as an execution more. */
static struct record *keep_decisive(struct trying *trying, struct record *kept,
				    struct record *record)
{
	const struct plan_item *item = trying->item;
	enum outcome before = kept->result.outcome, now = record->result.outcome;
	bool is_greater = weight(item, now) > weight(item, before);

	trying->others += now != before;
	tell_try(trying->seat->worker->engine, item, is_greater ? kept : record);
	return is_greater ? record : kept;
}

static void note_repetitions(const struct trying *trying, struct result *result)
{
	char message[sizeof result->message];

	if (trying->repetitions < 2)
		return;
	(void)snprintf(message, sizeof message, "%.440s", result->message);
	(void)snprintf(result->message, sizeof result->message, "%s%s%u repetitions%s", message,
		       message[0] ? "; " : "", trying->repetitions,
		       trying->others ? ", not all with this outcome" : ", all with this outcome");
}

void run_item(struct seat *seat, const struct plan_item *item)
{
	struct trying trying = {.seat = seat, .item = item};
	struct engine *engine = seat->worker->engine;
	struct record *kept = NULL;
	char words[96];

	if (cell_is_over(engine, seat->cell)) {
		tell_undone(engine, seat->cell, item, OUTCOME_INFRA, NULL, "%s",
			    cell_over_words(engine, words));
		return;
	}
	do {
		if (trying.repetitions > 0)
			seat_clear(
				seat); /* what one has left behind is not the next one's matter */
		struct record *record = run_repetition(&trying);
		if (!record) { /* all of them are done again */
			record_free(kept);
			return;
		}
		trying.repetitions++;
		kept = kept ? keep_decisive(&trying, kept, record) : record;
	} while (trying.repetitions < item->trial.repeat && kept->result.outcome != OUTCOME_SKIP &&
		 !cell_is_over(engine, seat->cell));
	/* Those that are missing might not have passed. */
	if (trying.repetitions < item->trial.repeat && kept->result.outcome == OUTCOME_PASS)
		result_set(&kept->result, OUTCOME_INFRA, "%s", cell_over_words(engine, words));
	note_repetitions(&trying, &kept->result);
	if (is_in_doubt(seat, item, &trying.executions, kept) &&
	    !(kept = run_until_sure(seat, item, &trying.executions, kept)))
		return;
	if (seat->kept)
		boot_results_add(seat->kept, kept);
	tell_result(engine, item, kept);
}
