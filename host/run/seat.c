/* SPDX-License-Identifier: Apache-2.0 */
/* A place in which machines sit one after another: forked from the template, or booted. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/run/internal.h"

/* The machine's own watchdogs end sooner; these are for what nobody thought of. */
#define BOOT_SPAN_NS   (3600 * NS_PER_S)
#define FORK_SPAN_NS   (300 * NS_PER_S)
#define SETTLE_SPAN_NS (180 * NS_PER_S)
/* With more machines at once than that the spare ones would double what the host has to carry, for nobody's gain. */
#define SPARE_JOBS_MAX 32

void seat_init(struct seat *seat, struct worker *worker, struct cell_run *cell,
	       const struct case_sabotage *sabotage, bool boots)
{
	const struct engine_setup *setup = worker->engine->setup;

	*seat = (struct seat){.worker = worker, .cell = cell, .sabotage = sabotage, .boots = boots};
	text_init(&seat->boot.console_tail, 0);
	keeper_init(&worker->keeper, worker->engine);
	seat->spec = (struct machine_spec){
		.driver = setup->driver,
		.driver_options = setup->driver_options,
		.image = cell->with->image,
		.image_options = setup->image_options,
		.size = &cell->cell->size,
		.qemu = cell->with->qemu,
		.machine = cell->with->machine,
		.firmware = cell->with->firmware,
		.accel = cell->with->accel,
		.entry = cell->with->entry,
		.agent_path = setup->agent_path,
		.kernel = setup->kernel,
		.modules = setup->modules,
		.own_kernel = cell->with->kernel ? &cell->kernel : NULL,
		.ssh_key = setup->ssh_key,
		.ssh_user = setup->ssh_user,
		/* Over SSH the user-mode network is the agent's way in. */
		.netpeer = cell->with->entry != ENTRY_SSH && cell->cell->size.nics > 0,
		.keeper = &worker->keeper.machines,
		.sabotage = sabotage,
		.run_name = setup->plan->run_id,
	};
}

void seat_clear(struct seat *seat)
{
	machine_free(STEAL_PTR(seat->machine));
	/* Goes only when nothing is in it: a console log stays. */
	if (seat->folder)
		(void)rmdir(seat->folder);
}

void seat_done(struct seat *seat)
{
	seat_clear(seat);
	keeper_done(&seat->worker->keeper);
	if (seat->forks > 0)
		tell_phase(seat->worker->engine, seat->cell->cell->index, "fork", seat->fork_ns,
			   seat->forks, "");
	boot_report_done(&seat->boot);
	free(seat->folder);
}

int engine_make_folder(struct engine *engine, const char *how, char name[64], char **ret,
		       struct err *e)
{
	/* A resumed run finds the folders of the one before it. */
	for (;;) {
		unsigned number = atomic_fetch_add(&engine->machines, 1) + 1;
		(void)snprintf(name, 64, "m%04u-%s", number, how);
		char *path = xasprintf("%s/%s", engine->setup->folder, name);
		if (mkdir(path, 0755) == 0) {
			*ret = path;
			return 0;
		}
		int r = errno == EEXIST ? 0
					: err_set(e, BLAME_HOST, errno,
						  "make the machine's folder %s: %m", path);
		free(path);
		if (r < 0)
			return r;
	}
}

static int make_folder(struct seat *seat, const char *how, struct err *e)
{
	seat_clear(seat);
	free(STEAL_PTR(seat->folder));
	int r = engine_make_folder(seat->worker->engine, how, seat->name, &seat->folder, e);
	seat->spec.folder = seat->folder;
	return r;
}

int seat_boot(struct seat *seat, struct err *e)
{
	struct engine *engine = seat->worker->engine;
	struct patience p = cell_patience(engine, seat->cell, BOOT_SPAN_NS);
	uint64_t start_ns = clock_now_ns();
	int r = make_folder(seat, "boot", e);

	if (r < 0)
		return r;
	boot_report_done(&seat->boot);
	memset(&seat->boot, 0, sizeof seat->boot);
	text_init(&seat->boot.console_tail, 0);
	tell_step(seat->worker, "booting %s", seat->cell->label);
	r = machine_boot(&seat->spec, &p, &seat->machine, &seat->boot, e);
	tell_phase(engine, seat->cell->cell->index, "boot", clock_now_ns() - start_ns, 1,
		   r < 0 ? e->text : seat->boot.sentence);
	return r;
}

/* What is still pending when patience is out is a remark: cases that mind look for themselves. */
int seat_settle(struct seat *seat, struct err *e)
{
	struct engine *engine = seat->worker->engine;
	struct patience p = cell_patience(engine, seat->cell, SETTLE_SPAN_NS);
	CLEAN_TEXT struct text pending = TEXT_INIT(400);
	uint64_t start_ns = clock_now_ns();

	tell_step(seat->worker, "waiting until %s is quiet", seat->cell->label);
	int r = machine_settle(seat->machine, &p, &pending, e);
	tell_phase(engine, seat->cell->cell->index, "settle", clock_now_ns() - start_ns, 1,
		   r < 0 ? e->text : pending.buf);
	return r;
}

/* Spares are made as most cases want them. */
static bool is_usual(const struct seat *seat)
{
	const struct machine_spec *spec = &seat->spec;

	return !spec->cuts_power && !spec->serves_time && !spec->owns_ram;
}

/* True when the machine thread has made one ahead, which now sits here. */
static bool take_spare(struct seat *seat)
{
	struct spare_machine made;

	if (!seat->worker->spare || !is_usual(seat) ||
	    !spare_take(seat->worker->spare, seat->cell, &made))
		return false;
	seat_clear(seat);
	free(seat->folder);
	seat->machine = made.machine;
	seat->folder = made.folder;
	seat->spec.folder = seat->folder;
	memcpy(seat->name, made.name, sizeof seat->name);
	return true;
}

static void order_spare(struct seat *seat)
{
	struct worker *worker = seat->worker;

	if (!is_usual(seat) || worker->engine->jobs > SPARE_JOBS_MAX ||
	    !schedule_has_fork(worker->engine->schedule, seat->cell->cell->index))
		return;
	if (!worker->spare)
		worker->spare = spare_new(worker->engine);
	if (worker->spare)
		spare_order(worker->spare, seat->cell, &seat->spec);
}

static int fork_anew(struct seat *seat, const struct patience *p, struct err *e)
{
	int r = make_folder(seat, "fork", e);

	return r < 0 ? r
		     : template_fork(seat->cell->template_folder, &seat->spec, p, &seat->machine,
				     e);
}

static int seat_fork(struct seat *seat, struct err *e)
{
	struct patience p = cell_patience(seat->worker->engine, seat->cell, FORK_SPAN_NS);
	uint64_t start_ns = clock_now_ns();
	int r = -1;

	if (take_spare(seat))
		r = template_wake(seat->machine, &p, e);
	if (r < 0 && e->code != ECANCELED) {
		err_clear(e);
		r = fork_anew(seat, &p, e);
	}
	seat->fork_ns += clock_now_ns() - start_ns;
	seat->forks++;
	if (r == 0)
		order_spare(seat);
	return r;
}

static bool can_fork(const struct seat *seat)
{
	struct schedule *schedule = seat->worker->engine->schedule;

	return !seat->boots && !seat->sabotage &&
	       schedule_template(schedule, seat->cell->cell->index, NULL, 0) == TEMPLATE_READY;
}

int seat_take(struct seat *seat, struct err *e)
{
	int r;

	if (seat->machine && machine_is_alive(seat->machine))
		return 0;
	if (can_fork(seat)) {
		r = seat_fork(seat, e);
		if (r == 0 || e->code == ECANCELED)
			return r;
		tell_phase(seat->worker->engine, seat->cell->cell->index, "fork failed", 0, 1,
			   e->text);
		err_clear(e); /* a plain boot does as well, only slower */
	}
	r = seat_boot(seat, e);
	return r == 0 ? seat_settle(seat, e) : r;
}

void result_from_boot(struct result *result, enum outcome outcome, const struct boot_report *report)
{
	struct check_record *check = &result->check;

	result_set(result, outcome, "%s",
		   report->sentence[0] ? report->sentence : "it did not come up");
	(void)snprintf(check->expression, sizeof check->expression,
		       "the machine comes up and the agent answers");
	(void)snprintf(check->got, sizeof check->got, "%.255s", result->message);
	(void)snprintf(check->want, sizeof check->want, "a greeting");
	result->checks_failed = outcome == OUTCOME_FAIL;
	if (report->hit[0])
		(void)text_addf(&result->evidence, "console pattern: %s\n", report->hit);
	(void)text_addf(&result->evidence, "the console's end:\n");
	(void)text_add(&result->evidence, report->console_tail.buf, report->console_tail.length);
}
