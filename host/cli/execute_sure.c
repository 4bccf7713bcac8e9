/* SPDX-License-Identifier: Apache-2.0 */
/* Repetitions, and cases in doubt: how sure is wanted, within which budget, and which are doubted from the beginning. */
#include <string.h>

#include "base/log.h"
#include "base/quantity.h"
#include "base/rate.h"
#include "host/cli/execute.h"
#include "host/run/sure.h"

#define RATE_DEFAULT   0.99
#define BUDGET_DEFAULT (600 * NS_PER_S)
#define COUNT_MAX      1000000
#define MAKE_MAX       (16U << 20)

/* ---- the options ---- */

static int read_rate(struct execution *x, struct err *e)
{
	const char *given = x->arguments->until_sure;

	if (!given)
		return 0;
	x->until_sure = RATE_DEFAULT;
	if (given[0] && rate_parse(given, &x->until_sure) < 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "--until-sure: '%.40s' is no rate such as 99%% or 0.99", given);
	if (x->until_sure < PLAN_SURE_LEAST || x->until_sure > PLAN_SURE_MOST)
		return err_set(e, BLAME_USER, EINVAL,
			       "--until-sure: %.40s is not between %g%% and %g%%", given,
			       PLAN_SURE_LEAST * 100, PLAN_SURE_MOST * 100);
	return 0;
}

/* So few could not even tell that it always passes. */
static int check_count(const struct execution *x, long long count, struct err *e)
{
	double rate = x->until_sure > 0 ? x->until_sure : RATE_DEFAULT;
	unsigned needed = sure_passes_needed(rate);

	if (x->until_sure == 0 || count >= needed)
		return 0;
	return err_set(e, BLAME_USER, EINVAL,
		       "--until-sure-budget: %lld executions cannot make sure of %g%%: that takes "
		       "%u that pass in a row",
		       count, rate * 100, needed);
}

static int read_budget(struct execution *x, struct err *e)
{
	const char *given = x->arguments->sure_budget;
	struct quantity span;
	long long count;

	if (!given)
		return 0;
	if (number_parse(given, 1, COUNT_MAX, &count) == 0) {
		x->sure_count = (unsigned)count;
		return check_count(x, count, e);
	}
	if (quantity_parse(given, &span) < 0 || span.kind != QUANTITY_TIME || span.amount == 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "--until-sure-budget: '%.40s' is neither a time such as 5m nor a "
			       "number from 1 to %d",
			       given, COUNT_MAX);
	x->sure_ns = span.amount;
	return 0;
}

int read_sure(struct execution *x, struct err *e)
{
	if (x->arguments->doubt && !x->arguments->until_sure)
		return err_set(e, BLAME_USER, EINVAL,
			       "--doubt is for --until-sure, which is not given");
	int r = read_rate(x, e);

	return r == 0 ? read_budget(x, e) : r;
}

/* ---- what was seen before ---- */

static int take_own(void *arg, const struct store_execution *execution)
{
	/* Another version's cases may be others. */
	if (strcmp(execution->cell.assay, ASSAY_VERSION) != 0)
		return 0;
	return flakes_add(arg, execution) ? 0 : -E2BIG;
}

/* The history is a help: without it, what fails is doubted all the same. */
static void recall_doubts(struct execution *x)
{
	struct err e = {0};

	x->doubts = xnew(sizeof *x->doubts);
	*x->doubts = (struct flakes)VEC_INIT(FLAKES_MAX);
	if (!x->store)
		return;
	if (store_executions(x->store, NULL, take_own, x->doubts, &e) < 0)
		log_warning("which cases did not always pass before is not known: %s",
			    e.code ? e.text : "there are too many in the store");
}

static void make_of(const struct plan_cell *cell, struct text *out)
{
	struct run_cell as_kept = {.variants = cell->variants,
				   .policy = cell->policy,
				   .machine = cell->machine,
				   .qemu_version = cell->qemu_version};

	(void)snprintf(as_kept.cpu_model, sizeof as_kept.cpu_model, "%s", cell->size.cpu_model);
	(void)snprintf(as_kept.controller, sizeof as_kept.controller, "%s", cell->size.controller);
	store_make(&as_kept, out);
}

static void doubt_cell(struct execution *x, struct plan_cell *cell)
{
	CLEAN_TEXT struct text make = TEXT_INIT(MAKE_MAX);

	if (x->arguments->doubt) {
		vec_each (&cell->items, item)
			plan_doubt(x->plan, cell, item->it->id);
		return;
	}
	if (!x->doubts)
		recall_doubts(x);
	make_of(cell, &make);
	vec_each (x->doubts, it)
		if (flake_state(it) == FLAKE_DIFFERS &&
		    strcmp(it->sha256, cell->image_digest) == 0 &&
		    strcmp(it->size, cell->size.name) == 0 &&
		    strcmp(it->firmware, cell->firmware) == 0 &&
		    strcmp(it->accel, cell->accel) == 0 && strcmp(it->make, make.buf) == 0)
			plan_doubt(x->plan, cell, it->id);
}

/* ---- into the plan ---- */

static bool wants_sure(const struct plan_cell *cell)
{
	vec_each (&cell->items, item)
		if (item->trial.until_sure > 0)
			return true;
	return false;
}

/* The command line's, else the runbook's. */
static void set_budget(const struct execution *x, struct plan_limits *limits)
{
	if (x->sure_ns > 0 || x->sure_count > 0) {
		limits->sure_ns = x->sure_ns;
		limits->sure_count = x->sure_count;
	} else if (limits->sure_ns == 0) {
		limits->sure_ns = BUDGET_DEFAULT;
	}
}

void set_sure(struct execution *x, struct plan_cell *cell)
{
	if (x->arguments->repeat > 0)
		(void)plan_repeat(x->plan, cell, (unsigned)x->arguments->repeat);
	if (x->until_sure > 0)
		(void)plan_be_sure(x->plan, cell, x->until_sure); /* its range was checked */
	if (!wants_sure(cell))
		return;
	set_budget(x, &x->plan->limits);
	doubt_cell(x, cell);
}
