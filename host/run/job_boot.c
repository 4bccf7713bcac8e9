/* SPDX-License-Identifier: Apache-2.0 */
/* The boot that a cell's other jobs stand on: a template from the cache, or boot, settle, freeze. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/run/boot_results.h"
#include "host/run/control.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"
#include "wire/need.h"

#define LOCK_SPAN_NS   (4 * 3600 * NS_PER_S)
#define FREEZE_SPAN_NS (900 * NS_PER_S)
#define KEY_SPAN_NS    (60 * NS_PER_S)
#define BOOT_FILE      "boot.txt" /* in a template: how its boot went, for the runs that reuse it */

/* Everything about this boot; lives on the machine thread's stack. */
struct boot_job {
	struct worker *worker;
	struct cell_run *cell;
	const struct job *job;
	struct seat seat;
	char key[TEMPLATE_KEY_SIZE];
	int lock_fd;
	char *folder;	  /* of the template */
	struct text kept; /* what stays with it of the cases on this boot */
	unsigned attempts;
	char before[400]; /* what ended the try before; "" it is the first */
	bool is_host_proved;
};

static bool is_reaches_ready(const struct plan_item *item)
{
	return strcmp(item->it->id, CASE_REACHES_READY) == 0;
}

/* A resumed run knows it already, and does not tell it again; but what failed now blocks, whatever was seen before. */
static const struct plan_item *reaches_ready(const struct boot_job *boot, enum outcome outcome)
{
	vec_each (&boot->job->items, item)
		if (is_reaches_ready(*item))
			return *item;
	vec_each (&boot->cell->cell->items, item)
		if (outcome == OUTCOME_FAIL && is_reaches_ready(item) && !item->sabotaged)
			return item;
	return NULL;
}

static void set_template(struct boot_job *boot, enum template_state state, const char *why)
{
	schedule_set_template(boot->worker->engine->schedule, boot->cell->cell->index, state, why);
}

/* A boot that came up at its second try is worth a word. */
static void set_sentence(const struct boot_job *boot, struct result *result, enum outcome outcome,
			 const char *sentence)
{
	if (boot->before[0] && boot->attempts < 2)
		result_set(result, outcome, "%.180s; before that: %.280s", sentence, boot->before);
	else if (boot->before[0])
		result_set(result, outcome, "%.180s; it was try %u, the one before: %.280s",
			   sentence, boot->attempts, boot->before);
	else
		result_set(result, outcome, "%s", sentence);
}

static void measure_span(struct result *result, const char *name, uint64_t span_ns)
{
	if (span_ns > 0) /* it got so far, and was seen to */
		(void)measures_add(&result->measures, name, "s", MEASURE_LOWER, clock_s(span_ns));
}

static struct record *ready_record(const struct boot_job *boot, const struct plan_item *item,
				   enum outcome outcome, const char *sentence)
{
	struct record *record = result_record(boot->cell, item);

	(void)snprintf(record->name, sizeof record->name, "%s", boot->seat.name);
	if (outcome == OUTCOME_FAIL) {
		result_from_boot(&record->result, outcome, &boot->seat.boot);
	} else {
		set_sentence(boot, &record->result, outcome, sentence);
		record->result.checks_passed = outcome == OUTCOME_PASS;
		measure_span(&record->result, "kernel_began", boot->seat.boot.kernel_ns);
		measure_span(&record->result, "agent_ready", boot->seat.boot.agent_ns);
	}
	record->result.duration_ns = boot->seat.boot.agent_ns;
	record->result.attempt = boot->attempts > 0 ? boot->attempts : 1;
	return record;
}

static void tell_ready(struct boot_job *boot, enum outcome outcome, const char *sentence)
{
	const struct plan_item *item = reaches_ready(boot, outcome);

	if (item)
		tell_result(boot->worker->engine, item,
			    ready_record(boot, item, outcome, sentence));
}

/* ---- booting ---- */

static bool is_stopped(const struct boot_job *boot, const struct err *e)
{
	return e->code == ECANCELED || engine_is_cancelled(boot->worker->engine);
}

static int boot_once(struct boot_job *boot, struct err *e)
{
	struct boot_report *report = &boot->seat.boot;

	err_clear(e);
	boot->attempts++;
	int r = seat_boot(&boot->seat, e);
	if (r == 0)
		r = seat_settle(&boot->seat, e);
	/* It came up, and went down before it was quiet. */
	if (r < 0 && (report->sentence[0] == '\0' || report->state == BOOT_READY))
		(void)snprintf(report->sentence, sizeof report->sentence, "%s", e->text);
	return r;
}

static int fail_boot(struct boot_job *boot, struct err *e)
{
	char sentence[420];

	if (boot->is_host_proved) {
		(void)snprintf(sentence, sizeof sentence, "%.419s", boot->seat.boot.sentence);
		(void)snprintf(boot->seat.boot.sentence, sizeof boot->seat.boot.sentence,
			       "%s; the second try, and a control machine came up in between",
			       sentence);
	}
	tell_ready(boot, OUTCOME_FAIL, "");
	set_template(boot, TEMPLATE_NO_BOOT, boot->seat.boot.sentence);
	return -e->code;
}

static int blame_host(struct boot_job *boot, struct err *e)
{
	e->blame = BLAME_HOST;
	tell_ready(boot, OUTCOME_INFRA, e->text);
	set_template(boot, TEMPLATE_NO_HOST, e->text);
	return -e->code;
}

static void tell_boot_try(struct boot_job *boot, enum outcome outcome, const struct err *e)
{
	struct engine *engine = boot->worker->engine;
	const struct plan_item *item = reaches_ready(boot, OUTCOME_PASS);

	if (item)
		tell_try(engine, item, ready_record(boot, item, outcome, e->text));
	tell_phase(engine, boot->cell->cell->index, "retry", 0, 1, e->text);
	(void)snprintf(boot->before, sizeof boot->before, "%.399s", e->text);
}

/* Proves the host before the subject is tried again. */
static int prove_host(struct boot_job *boot, struct err *e)
{
	struct engine *engine = boot->worker->engine;
	struct err own = {0};
	char words[96];

	/* What is left of the subject's machine would take the control's room. */
	seat_clear(&boot->seat);
	int r = control_boot(boot->worker, boot->cell, &boot->seat.spec, &own);

	boot->is_host_proved = r == 0;
	if (r == 0)
		return 0;
	if (is_stopped(boot, &own)) {
		*e = own;
		return r;
	}
	if (cell_is_over(engine, boot->cell))
		return err_set(e, BLAME_HOST, ETIMEDOUT, "%s", cell_over_words(engine, words));
	return err_set(
		e, BLAME_HOST, EIO,
		"the control machine did not come up on this host either (%.180s), so nothing is said of "
		"the image, which did not: %.200s",
		own.text, boot->before);
}

/* Boots and settles; a second time when the host was at fault, or when the host was proved not to be. What went wrong is
 * told. */
static int boot_ready(struct boot_job *boot, struct err *e)
{
	struct engine *engine = boot->worker->engine;
	unsigned host_retries = 1, guest_retries = engine->setup->control ? 1 : 0;
	char words[96];

	for (;;) {
		int r = boot_once(boot, e);
		bool is_over = cell_is_over(engine, boot->cell);
		if (r == 0 || is_stopped(boot, e))
			return r;
		if (is_over) {
			err_set(e, BLAME_HOST, ETIMEDOUT, "%s", cell_over_words(engine, words));
			return blame_host(boot, e);
		}
		bool is_guests = e->blame == BLAME_GUEST;
		unsigned *retries = is_guests ? &guest_retries : &host_retries;
		if (*retries == 0)
			return is_guests ? fail_boot(boot, e) : blame_host(boot, e);
		(*retries)--;
		tell_boot_try(boot, is_guests ? OUTCOME_FAIL : OUTCOME_INFRA, e);
		if (!is_guests)
			continue;
		r = prove_host(boot, e);
		if (r < 0)
			return is_stopped(boot, e) ? r : blame_host(boot, e);
	}
}

/* ---- the cases on that boot ---- */

/* The boot went wrong: its cases cannot run. */
static void tell_not_run(struct boot_job *boot, const struct err *e)
{
	bool is_guests = e->blame == BLAME_GUEST;

	if (is_stopped(boot, e))
		return;
	vec_each (&boot->job->items, item)
		if (!is_reaches_ready(*item))
			tell_undone(boot->worker->engine, boot->cell, *item,
				    is_guests ? OUTCOME_SKIP : OUTCOME_INFRA,
				    is_guests ? NEED_BOOTED : NULL, "%s",
				    is_guests ? "the image did not come up, see " CASE_REACHES_READY
					      : e->text);
}

/* On the machine that sits there. */
static void run_items(struct boot_job *boot)
{
	vec_each (&boot->job->items, item) {
		if (engine_is_cancelled(boot->worker->engine))
			return;
		if (!is_reaches_ready(*item))
			run_item(&boot->seat, *item);
	}
}

/* What is to be sure is not decided by what is remembered. */
static bool is_remembered_in_doubt(const struct plan_item *item, const struct record *record)
{
	return item->trial.until_sure > 0 &&
	       (item->trial.is_doubted || record->result.outcome == OUTCOME_FAIL ||
		record->result.outcome == OUTCOME_BROKEN);
}

/* Of the boot that the template stands for; on a machine booted anew where nothing is known of that one. */
static void recall_items(struct boot_job *boot)
{
	struct engine *engine = boot->worker->engine;

	vec_each (&boot->job->items, item) {
		if (engine_is_cancelled(engine))
			return;
		if (is_reaches_ready(*item))
			continue;
		CLEANUP(record)
		struct record *record = boot_results_find(boot->folder, engine, boot->cell, *item);
		if (record && !is_remembered_in_doubt(*item, record))
			tell_result(engine, *item, STEAL_PTR(record));
		else
			run_item(&boot->seat, *item);
	}
}

/* ---- with a template ---- */

static void note_boot(const struct boot_job *boot)
{
	CLEAN_FREE char *path = xasprintf("%s/" BOOT_FILE, boot->folder);
	CLEAN_TEXT struct text text = TEXT_INIT(2048);
	char iso[CLOCK_ISO_SIZE], span[CLOCK_SPAN_SIZE];
	struct err e = {0};

	text_addf(&text, "it came up in %s, at the boot of %.19sZ",
		  clock_span(boot->seat.boot.agent_ns, span), clock_iso(clock_wall_ns(), iso));
	if (file_write(path, text.buf, text.length, &e) < 0)
		log_warning("%s", e.text);
}

/* The lock is shared by now, and stays so until the run has ended. */
static void use_template(struct boot_job *boot)
{
	boot->cell->template_lock = STEAL_FD(boot->lock_fd);
	boot->cell->template_folder = xstrdup(boot->folder);
	set_template(boot, TEMPLATE_READY, "");
}

static bool template_is_there(const struct boot_job *boot)
{
	CLEAN_TEXT struct text why = TEXT_INIT(512);

	return template_is_usable(boot->folder, &boot->seat.spec, &why);
}

/* True when a template is there already, and is used from now on. */
static bool reuse(struct boot_job *boot)
{
	CLEAN_FREE char *path = xasprintf("%s/" BOOT_FILE, boot->folder);
	CLEAN_TEXT struct text sentence = TEXT_INIT(512);

	if (!template_is_there(boot))
		return false;
	if (text_read_file(&sentence, path) < 0)
		text_adds(&sentence, "it came up before");
	tell_phase(boot->worker->engine, boot->cell->cell->index, "template reused", 0, 1,
		   sentence.buf);
	tell_ready(boot, OUTCOME_PASS, sentence.buf);
	use_template(boot);
	return true;
}

/* Without it the cases run on plain boots: slower, but they run. */
static void go_without(struct boot_job *boot, const char *why)
{
	tell_phase(boot->worker->engine, boot->cell->cell->index, "no template", 0, 1, why);
	set_template(boot, TEMPLATE_IMPOSSIBLE, why);
}

static void freeze(struct boot_job *boot)
{
	struct engine *engine = boot->worker->engine;
	struct patience p = cell_patience(engine, boot->cell, FREEZE_SPAN_NS);
	uint64_t start_ns = clock_now_ns();
	struct err e = {0};

	tell_step(boot->worker, "freezing %s", boot->cell->label);
	int r = machine_freeze(boot->seat.machine, boot->folder, &p, &e);
	seat_clear(&boot->seat);
	if (r < 0) {
		if (e.code != ECANCELED)
			go_without(boot, e.text);
		return;
	}
	tell_phase(engine, boot->cell->cell->index, "freeze", clock_now_ns() - start_ns, 1, "");
	note_boot(boot);
	if (boot_results_write(boot->folder, engine, boot->cell, &boot->kept, &e) < 0)
		log_warning("%s", e.text);
	if (template_cache_share(boot->lock_fd, &p, &e) < 0) {
		go_without(boot, e.text);
		return;
	}
	use_template(boot);
	engine_prune(engine, false);
}

static int open_lock(struct boot_job *boot, struct err *e)
{
	err_clear(e);
	scope_close(&boot->lock_fd);
	return template_cache_open(boot->worker->engine->setup->templates, boot->key,
				   &boot->lock_fd, e);
}

/* Finds the template's place. */
static int open_place(struct boot_job *boot, struct err *e)
{
	struct engine *engine = boot->worker->engine;
	const char *templates = engine->setup->templates;
	struct patience p = engine_patience(engine, KEY_SPAN_NS);

	int r = folder_make(templates, e);
	if (r == 0)
		r = template_cache_key(&boot->seat.spec, &p, boot->key, e);
	if (r < 0)
		return r;
	boot->folder = xasprintf("%s/%s", templates, boot->key);
	return open_lock(boot, e);
}

/* Takes the lock at once where it is free; else it is told that it is waited for, and how long that took. */
static int take_lock(struct boot_job *boot, template_cache_lock_fn *take, struct err *e)
{
	struct engine *engine = boot->worker->engine;
	struct patience none = engine_patience(engine, 0),
			p = cell_patience(engine, boot->cell, LOCK_SPAN_NS);
	uint64_t start_ns = clock_now_ns();
	int r = take(boot->lock_fd, &none, e);

	if (r != -ETIMEDOUT)
		return r;
	err_clear(e);
	tell_step(boot->worker, "waiting for another run's template of %s", boot->cell->label);
	r = take(boot->lock_fd, &p, e);
	tell_phase(engine, boot->cell->cell->index, "wait", clock_now_ns() - start_ns, 1,
		   r < 0 ? e->text : "another run had the template");
	return r;
}

/* 1 when there is a template and it is in use from now on; 0 when it is this run's to make. */
static int find_or_own(struct boot_job *boot, struct err *e)
{
	int r = open_place(boot, e);

	/* The lock is let go of on the way from one to the other: somebody may have made it, or removed it, in between. */
	while (r == 0) {
		r = take_lock(boot, template_cache_share, e);
		if (r == 0 && reuse(boot))
			return 1;
		if (r == 0)
			r = take_lock(boot, template_cache_own, e);
		if (r == 0 && !template_is_there(boot))
			return 0;
		if (r == -ESTALE)
			r = open_lock(boot, e);
	}
	return r;
}

static void run_with_template(struct boot_job *boot)
{
	struct err e = {0};
	int r = find_or_own(boot, &e);

	if (r > 0)
		recall_items(boot);
	if (r > 0 || e.code == ECANCELED)
		return;
	/* One that cannot be used, or half of one. */
	if (r == 0 &&
	    template_cache_clear(boot->worker->engine->setup->templates, boot->key, &e) < 0)
		r = -e.code;
	struct err no_place = e;
	err_clear(&e);
	if (boot_ready(boot, &e) < 0) {
		tell_not_run(boot, &e);
		return;
	}
	tell_ready(boot, OUTCOME_PASS, boot->seat.boot.sentence);
	boot->seat.kept = &boot->kept;
	run_items(boot);
	boot->seat.kept = NULL;
	if (r < 0)
		go_without(boot, no_place.text);
	else if (engine_is_cancelled(boot->worker->engine))
		return;
	else if (seat_take(&boot->seat, &e) <
		 0) /* a case has ended the machine, and it did not come up again */
		go_without(boot, e.text);
	else
		freeze(boot);
}

/* ---- without ---- */

static void run_without_template(struct boot_job *boot)
{
	struct err e = {0};

	if (boot_ready(boot, &e) < 0) {
		tell_not_run(boot, &e);
		return;
	}
	tell_ready(boot, OUTCOME_PASS, boot->seat.boot.sentence);
	set_template(boot, TEMPLATE_IMPOSSIBLE, "templates are not wanted");
	run_items(boot);
}

/* True when the same machine has failed to come up for another cell: it would do so again, and that is told. */
static bool has_failed_before(struct boot_job *boot)
{
	struct schedule *schedule = boot->worker->engine->schedule;
	unsigned leader = schedule_leader(schedule, boot->cell->cell->index);
	struct err e = {.code = EIO, .blame = BLAME_GUEST};
	char why[400];

	if (leader == boot->cell->cell->index ||
	    schedule_template(schedule, leader, why, sizeof why) != TEMPLATE_NO_BOOT)
		return false;
	(void)snprintf(boot->seat.boot.sentence, sizeof boot->seat.boot.sentence,
		       "%s (seen in cell %u, whose machine is the same)", why, leader);
	(void)fail_boot(boot, &e);
	tell_not_run(boot, &e);
	return true;
}

void run_boot_job(struct worker *worker, struct cell_run *cell, const struct job *job)
{
	struct boot_job boot = {.worker = worker,
				.cell = cell,
				.job = job,
				.lock_fd = -1,
				.kept = TEXT_INIT(BOOT_RESULTS_MAX)};

	seat_init(&boot.seat, worker, cell, NULL, true);
	if (has_failed_before(&boot))
		;
	else if (worker->engine->setup->templates && !cell->cell->cold)
		run_with_template(&boot);
	else
		run_without_template(&boot);
	seat_done(&boot.seat);
	scope_close(&boot.lock_fd);
	text_done(&boot.kept);
	free(boot.folder);
}
