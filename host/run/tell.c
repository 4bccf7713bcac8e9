/* SPDX-License-Identifier: Apache-2.0 */
/* What machine threads tell: to the recorder, and to whoever watches. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "host/run/internal.h"

void tell_state(const struct worker *worker, const char *format, ...)
{
	const struct engine_watch *watch = &worker->engine->setup->watch;
	char state[256];
	va_list args;

	if (!watch->on_state)
		return;
	va_start(args, format);
	(void)vsnprintf(state, sizeof state, format, args);
	va_end(args);
	watch->on_state(watch->arg, worker->index, state);
}

void tell_step(const struct worker *worker, const char *format, ...)
{
	const struct engine_watch *watch = &worker->engine->setup->watch;
	char step[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(step, sizeof step, format, args);
	va_end(args);
	if (watch->on_step)
		watch->on_step(watch->arg, step);
	tell_state(worker, "%s", step);
}

void tell_host_step(const struct engine *engine, const char *step)
{
	const struct engine_watch *watch = &engine->setup->watch;

	if (watch->on_step)
		watch->on_step(watch->arg, step);
}

void tell_phase(struct engine *engine, unsigned cell, const char *name, uint64_t span_ns,
		unsigned count, const char *text)
{
	struct record *record = record_new(RECORD_PHASE, cell);

	(void)snprintf(record->name, sizeof record->name, "%s", name);
	(void)snprintf(record->text, sizeof record->text, "%s", text);
	record->span_ns = span_ns;
	record->count = count;
	recorder_add(engine->recorder, record);
}

struct record *result_record(const struct cell_run *cell, const struct plan_item *item)
{
	struct record *record = record_new(RECORD_RESULT, cell->cell->index);

	(void)snprintf(record->result.id, sizeof record->result.id, "%s", item->it->id);
	return record;
}

static size_t item_index(const struct cell_run *cell, const struct plan_item *item)
{
	return (size_t)(item - cell->cell->items.items);
}

void tell_result(struct engine *engine, const struct plan_item *item, struct record *record)
{
	struct cell_run *cell = &engine->cells[record->cell];

	record->result.sabotaged = item->sabotaged;
	if (record->result.wall_ns == 0)
		record->result.wall_ns = clock_wall_ns();
	atomic_store(&cell->outcomes[item_index(cell, item)],
		     (unsigned char)(record->result.outcome + 1));
	recorder_add(engine->recorder, record);
}

void tell_try(struct engine *engine, const struct plan_item *item, struct record *record)
{
	record->superseded = true;
	record->result.sabotaged = item->sabotaged;
	if (record->result.wall_ns == 0)
		record->result.wall_ns = clock_wall_ns();
	recorder_add(engine->recorder, record);
}

void tell_undone(struct engine *engine, const struct cell_run *cell, const struct plan_item *item,
		 enum outcome outcome, const char *need, const char *format, ...)
{
	struct record *record = result_record(cell, item);
	va_list args;

	record->result.outcome = outcome;
	(void)snprintf(record->result.need, sizeof record->result.need, "%s", need ? need : "");
	va_start(args, format);
	(void)vsnprintf(record->result.message, sizeof record->result.message, format, args);
	va_end(args);
	tell_result(engine, item, record);
}

/* Items are sorted by id, the clean one before the sabotaged. */
bool clean_outcome(const struct cell_run *cell, const struct plan_item *item, enum outcome *ret)
{
	size_t index = item_index(cell, item);

	if (!item->sabotaged || index == 0 || cell->cell->items.items[index - 1].it != item->it)
		return false;
	unsigned char known = atomic_load(&cell->outcomes[index - 1]);
	if (known == 0)
		return false;
	*ret = (enum outcome)(known - 1);
	return true;
}

struct patience engine_patience(const struct engine *engine, uint64_t span_ns)
{
	return patience_for(engine->cancel_fd, span_ns);
}

struct patience cell_patience(const struct engine *engine, const struct cell_run *cell,
			      uint64_t span_ns)
{
	struct patience p = engine_patience(engine, span_ns);
	uint64_t until_ns = atomic_load(&cell->until_ns);

	if (until_ns > 0 && until_ns < p.until_ns)
		p.until_ns = until_ns;
	return p;
}

bool cell_is_over(const struct engine *engine, const struct cell_run *cell)
{
	uint64_t until_ns = atomic_load(&cell->until_ns);

	return engine->setup->plan->limits.cell_ns > 0 && until_ns > 0 &&
	       clock_now_ns() >= until_ns;
}

const char *cell_over_words(const struct engine *engine, char words[96])
{
	char span[CLOCK_SPAN_SIZE];

	(void)snprintf(words, 96, "cut off by the cell's limit of %s",
		       clock_span(engine->setup->plan->limits.cell_ns, span));
	return words;
}

bool engine_is_cancelled(const struct engine *engine)
{
	struct patience p = engine_patience(engine, NS_PER_S);

	return patience_cancelled(&p);
}
