/* SPDX-License-Identifier: Apache-2.0 */
#include "host/run/until_sure.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/rate.h"
#include "host/run/sure.h"

#define HOST_FAULTS_MAX 3 /* in a row: another execution would hardly tell more */

struct doubt {
	struct seat *seat;
	const struct plan_item *item;
	struct executions *executions;
	struct sure sure;
	struct record *good, *bad; /* a pass, and what decides when it is not sure */
	unsigned host_faults;	   /* in a row */
	bool is_skipped;
};

bool is_in_doubt(const struct seat *seat, const struct plan_item *item,
		 const struct executions *executions, const struct record *kept)
{
	const enum outcome outcome = kept->result.outcome;

	if (item->trial.until_sure <= 0 || item->sabotaged ||
	    cell_is_over(seat->worker->engine, seat->cell))
		return false;
	if (outcome == OUTCOME_PASS)
		return executions->differs || item->trial.is_doubted;
	return outcome == OUTCOME_FAIL || outcome == OUTCOME_BROKEN;
}

/* ---- the budget, which is one for the whole run ---- */

static bool has_budget(struct engine *engine)
{
	const struct plan_limits *limits = &engine->setup->plan->limits;

	return (limits->sure_ns == 0 || atomic_load(&engine->sure_ns) < limits->sure_ns) &&
	       (limits->sure_count == 0 || atomic_load(&engine->sure_count) < limits->sure_count);
}

/* One more; what it takes is known when it has ended. */
static struct record *run_within_budget(struct doubt *doubt)
{
	struct engine *engine = doubt->seat->worker->engine;
	uint64_t start_ns = clock_now_ns();

	atomic_fetch_add(&engine->sure_count, 1);
	seat_clear(doubt->seat);
	struct record *record = run_once(doubt->seat, doubt->item, ++doubt->executions->count);
	atomic_fetch_add(&engine->sure_ns, clock_now_ns() - start_ns);
	return record;
}

/* ---- again and again ---- */

/* Keeps it where there is none; a fail before what is only broken. The other one is told. */
static void keep(struct doubt *doubt, struct record **place, struct record *record)
{
	struct record *other = *place;
	bool is_greater = other && record->result.outcome == OUTCOME_FAIL &&
			  other->result.outcome == OUTCOME_BROKEN;

	if (!other || is_greater)
		*place = record;
	else
		other = record;
	if (other)
		tell_try(doubt->seat->worker->engine, doubt->item, other);
}

static void take(struct doubt *doubt, struct record *record)
{
	const enum outcome outcome = record->result.outcome;

	doubt->executions->outcomes[outcome]++;
	doubt->host_faults = outcome == OUTCOME_INFRA ? doubt->host_faults + 1 : 0;
	switch (outcome) {
	case OUTCOME_PASS:
		(void)sure_add(&doubt->sure, true);
		keep(doubt, &doubt->good, record);
		break;
	case OUTCOME_FAIL:
	case OUTCOME_BROKEN:
		(void)sure_add(&doubt->sure, false);
		keep(doubt, &doubt->bad, record);
		break;
	case OUTCOME_SKIP:
	case OUTCOME_INFRA:
		doubt->is_skipped |= outcome == OUTCOME_SKIP;
		tell_try(doubt->seat->worker->engine, doubt->item, record);
		break;
	}
}

static bool goes_on(const struct doubt *doubt)
{
	struct engine *engine = doubt->seat->worker->engine;

	return sure_state(&doubt->sure) == SURE_OPEN && !doubt->is_skipped &&
	       doubt->host_faults < HOST_FAULTS_MAX &&
	       doubt->executions->count < PLAN_EXECUTIONS_MAX && has_budget(engine) &&
	       !cell_is_over(engine, doubt->seat->cell);
}

/* ---- what is made of it ---- */

static const char *why_undecided(const struct doubt *doubt)
{
	struct engine *engine = doubt->seat->worker->engine;

	if (doubt->is_skipped)
		return "then it was skipped";
	if (doubt->host_faults >= HOST_FAULTS_MAX)
		return "then the host was at fault";
	if (cell_is_over(engine, doubt->seat->cell))
		return "then the cell's limit was reached";
	return has_budget(engine) ? "so many executions did not tell"
				  : "the budget for being sure was used up";
}

/* "it passed 17 of 20 times (62.1-96.8 %)", over all executions that say something of the subject. */
static void add_share(const struct doubt *doubt, struct text *out)
{
	const unsigned *outcomes = doubt->executions->outcomes;
	unsigned passed = outcomes[OUTCOME_PASS];
	unsigned total = passed + outcomes[OUTCOME_FAIL] + outcomes[OUTCOME_BROKEN];
	struct rate_interval interval;

	rate_interval(passed, total, RATE_CONFIDENCE, &interval);
	(void)text_addf(out, "it passed %u of %u times (", passed, total);
	rate_add(out, &interval);
	(void)text_adds(out, ")");
}

static void finish(struct record *record, const char *word, enum outcome outcome,
		   const struct text *sentence)
{
	(void)snprintf(record->sure, sizeof record->sure, "%s", word);
	result_set(&record->result, outcome, "%s", sentence->buf);
}

static void finish_good(const struct doubt *doubt)
{
	CLEAN_TEXT struct text sentence = TEXT_INIT(4096);

	add_share(doubt, &sentence);
	(void)text_addf(&sentence, ", which is taken for %g %% or more",
			doubt->item->trial.until_sure * 100);
	if (doubt->bad)
		(void)text_addf(&sentence, "; otherwise: %s: %.300s",
				outcome_name(doubt->bad->result.outcome),
				doubt->bad->result.message);
	finish(doubt->good, SURE_PASSES, OUTCOME_PASS, &sentence);
}

static void finish_bad(const struct doubt *doubt)
{
	CLEAN_TEXT struct text sentence = TEXT_INIT(4096);
	const bool is_open = sure_state(&doubt->sure) == SURE_OPEN;
	const bool is_flaky = doubt->executions->outcomes[OUTCOME_PASS] > 0;

	(void)text_addf(&sentence, "%.300s; %s", doubt->bad->result.message,
			is_open	   ? "undecided: "
			: is_flaky ? "flaky: "
				   : "");
	add_share(doubt, &sentence);
	if (is_open)
		(void)text_addf(&sentence, ", and %s", why_undecided(doubt));
	finish(doubt->bad,
	       is_open	  ? SURE_UNDECIDED
	       : is_flaky ? SURE_FLAKY
			  : SURE_FAILS,
	       doubt->bad->result.outcome, &sentence);
}

/* It has passed each time; that it does not always was seen before, and is not refuted. */
static void finish_unrefuted(const struct doubt *doubt)
{
	CLEAN_TEXT struct text sentence = TEXT_INIT(4096);

	(void)text_adds(
		&sentence,
		"undecided: it has not always passed before (`assay flakes`), or --doubt wants "
		"it proved; now ");
	add_share(doubt, &sentence);
	(void)text_addf(&sentence, ", and %s", why_undecided(doubt));
	finish(doubt->good, SURE_UNDECIDED, OUTCOME_BROKEN, &sentence);
}

/* The one that is the result; the other one is told. */
static struct record *decide(struct doubt *doubt)
{
	struct engine *engine = doubt->seat->worker->engine;
	struct record *result = doubt->bad, *other = doubt->good;

	if (sure_state(&doubt->sure) == SURE_GOOD) {
		finish_good(doubt);
		result = doubt->good;
		other = doubt->bad;
	} else if (doubt->bad) {
		finish_bad(doubt);
	} else {
		finish_unrefuted(doubt);
		result = doubt->good;
		other = NULL;
	}
	if (other)
		tell_try(engine, doubt->item, other);
	return result;
}

struct record *run_until_sure(struct seat *seat, const struct plan_item *item,
			      struct executions *executions, struct record *kept)
{
	struct engine *engine = seat->worker->engine;
	struct doubt doubt = {.seat = seat, .item = item, .executions = executions};

	sure_init(&doubt.sure, item->trial.until_sure);
	*(kept->result.outcome == OUTCOME_PASS ? &doubt.good : &doubt.bad) = kept;
	while (goes_on(&doubt)) {
		struct record *record = run_within_budget(&doubt);
		if (record) {
			take(&doubt, record);
			continue;
		}
		if (doubt.good)
			tell_try(engine, item, doubt.good);
		if (doubt.bad)
			tell_try(engine, item, doubt.bad);
		return NULL;
	}
	return decide(&doubt);
}
