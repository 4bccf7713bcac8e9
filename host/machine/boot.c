/* SPDX-License-Identifier: Apache-2.0 */
/* Booting, and the watchdog that tells how far a boot came when it does not come up. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "host/driver/steal.h"
#include "host/machine/internal.h"

/* Spans without acceleration by hardware are machine_slowness() times as long. */
#define BOOT_SPAN_NS	(180 * NS_PER_S) /* power-on to greeting */
#define PROMPT_QUIET_NS (4 * NS_PER_S)	 /* a prompt that stands so long waits for a person */
#define SILENCE_NS                                                                                 \
	(40 * NS_PER_S) /* a boot that says nothing for so long is stuck, or silent to its end */
/* Longer than systemd waits for a device or a service (90 s), which it does by the clock: never scaled. */
#define USERSPACE_SILENCE_NS (150 * NS_PER_S)
#define LOGIN_TO_AGENT_NS    (60 * NS_PER_S) /* services may start after the login prompt */
#define PANIC_TRACE_NS	     (2 * NS_PER_S)  /* for the rest of the trace */
#define LOOK_SPAN_NS	     (500 * NS_PER_MS)
#define SSH_RETRY_NS	     (2 * NS_PER_S)
#define REPLUG_SPAN_NS	     (5 * NS_PER_S) /* udev reads new rules every 3 s at most */

void boot_report_done(struct boot_report *report)
{
	text_done(&report->console_tail);
}

/* What each end of a boot is called. */
static const struct boot_end {
	enum boot_state state;
	const char *sentence;
} boot_ends[] = {
	{BOOT_READY, "the guest is up and its agent has answered"},
	{BOOT_STUCK_IN_FIRMWARE,
	 "the firmware never started a boot loader: the console shows firmware output or nothing at all"},
	{BOOT_NO_LOADER, "the firmware found nothing to boot on the disk"},
	{BOOT_STUCK_IN_LOADER,
	 "the boot loader started but no kernel was seen: it waits at its prompt, or the kernel is silent on the "
	 "serial console"},
	{BOOT_KERNEL_PANIC, "the kernel panicked during the boot"},
	{BOOT_INITRAMFS_SHELL,
	 "the boot ended in the initramfs' shell: the root file system was not found or not "
	 "mounted"},
	{BOOT_EMERGENCY_MODE,
	 "the boot ended in emergency mode: a unit that the boot needs has failed"},
	{BOOT_NO_AGENT, "the guest is up but the agent did not start"},
	{BOOT_STUCK_IN_KERNEL, "the kernel started but the boot did not get to user space"},
	{BOOT_CONSOLE_FLOODED,
	 "the boot flooded its console with more than 16 MiB, and its agent has not answered"},
	{BOOT_MACHINE_ENDED, "the machine ended during the boot"},
};

/* NOLINTNEXTLINE(misc-redundant-expression): the constant may change */
_Static_assert(CONSOLE_FILE_MAX == 16U << 20, "the sentence for BOOT_CONSOLE_FLOODED names it");

static const char *boot_sentence(enum boot_state state)
{
	for (size_t i = 0; i < ARRAY_LEN(boot_ends); i++)
		if (boot_ends[i].state == state)
			return boot_ends[i].sentence;
	return "";
}

/* What it means when a boot comes no further than that stage. */
static enum boot_state state_of_stage(enum pattern_stage stage)
{
	switch (stage) {
	case STAGE_NONE:
	case STAGE_FIRMWARE:
		return BOOT_STUCK_IN_FIRMWARE;
	case STAGE_NO_LOADER:
		return BOOT_NO_LOADER;
	case STAGE_LOADER:
	case STAGE_LOADER_SHELL:
		return BOOT_STUCK_IN_LOADER;
	case STAGE_KERNEL:
		return BOOT_STUCK_IN_KERNEL;
	case STAGE_INITRAMFS_SHELL:
		return BOOT_INITRAMFS_SHELL;
	case STAGE_EMERGENCY:
		return BOOT_EMERGENCY_MODE;
	case STAGE_USERSPACE:
	case STAGE_LOGIN:
		return BOOT_NO_AGENT;
	case STAGE_PANIC:
		return BOOT_KERNEL_PANIC;
	}
	return BOOT_STUCK_IN_FIRMWARE;
}

/* How long a stage may stand at the console's end before it is the boot's end; 0: user space may be silent for long. */
static uint64_t stage_patience_ns(enum pattern_stage stage)
{
	switch (stage) {
	case STAGE_NO_LOADER:
	case STAGE_LOADER_SHELL:
	case STAGE_INITRAMFS_SHELL:
	case STAGE_EMERGENCY:
		return PROMPT_QUIET_NS;
	case STAGE_LOGIN:
		return LOGIN_TO_AGENT_NS;
	case STAGE_PANIC:
		return PANIC_TRACE_NS;
	case STAGE_NONE:
	case STAGE_FIRMWARE:
	case STAGE_LOADER:
	case STAGE_KERNEL:
		return SILENCE_NS;
	case STAGE_USERSPACE:
		return USERSPACE_SILENCE_NS;
	}
	return 0;
}

/* True when what the console shows decides the boot already. A login prompt counts from when it was first seen;
 * other prompts from the console's last word, for firmware and initramfs go on from some of them. */
static bool is_decided(const struct machine *machine)
{
	const struct console_hit *hit = console_stage(machine->console);
	enum pattern_stage stage = hit ? hit->pattern->stage : STAGE_NONE;
	uint64_t patience_ns = stage_patience_ns(stage);
	uint64_t since_ns = stage == STAGE_LOGIN ? console_stage_ns(machine->console, STAGE_LOGIN)
						 : console_last_ns(machine->console);

	if (patience_ns == 0 || machine->vm->console_fd < 0)
		return false;
	if (since_ns < machine->power_on_ns)
		since_ns = machine->power_on_ns;
	if (stage != STAGE_USERSPACE)
		patience_ns *= machine_slowness(&machine->spec);
	return clock_now_ns() - since_ns > patience_ns;
}

/* Nanoseconds since power-on, 0 when the stage was not reached. */
static uint64_t reached_ns(const struct machine *machine, enum pattern_stage stage)
{
	uint64_t at_ns = console_stage_ns(machine->console, stage);

	return at_ns > machine->power_on_ns ? at_ns - machine->power_on_ns : 0;
}

static void fill_report(struct machine *machine, enum boot_state state, struct boot_report *report)
{
	const struct console_hit *fault = console_fault_since(machine->console, 0);
	const struct console_hit *stage = console_stage(machine->console);
	const struct console_hit *hit = fault ? fault : state == BOOT_READY ? NULL : stage;

	report->state = state;
	report->firmware_ns = reached_ns(machine, STAGE_LOADER);
	report->kernel_ns = reached_ns(machine, STAGE_KERNEL);
	report->agent_ns = state == BOOT_READY ? clock_now_ns() - machine->power_on_ns : 0;
	(void)snprintf(report->hit, sizeof report->hit, "%s", hit ? hit->pattern->name : "");
	if (fault && state == BOOT_KERNEL_PANIC)
		(void)snprintf(report->sentence, sizeof report->sentence, "%s: %.300s",
			       boot_sentence(state), fault->line);
	else if (fault)
		(void)snprintf(report->sentence, sizeof report->sentence, "%s; %s: %.200s",
			       boot_sentence(state), fault->pattern->meaning, fault->line);
	else if (hit)
		(void)snprintf(report->sentence, sizeof report->sentence, "%s (%s: %.160s)",
			       boot_sentence(state), hit->pattern->meaning, hit->line);
	else
		(void)snprintf(report->sentence, sizeof report->sentence, "%s",
			       boot_sentence(state));
	text_done(&report->console_tail);
	text_init(&report->console_tail, CONSOLE_TAIL_MAX);
	console_tail(machine->console, &report->console_tail);
}

/* True when it only says that something has not come yet, or that the guest has waited in vain itself. */
static bool is_of_time(enum boot_state state)
{
	return state != BOOT_NO_LOADER && state != BOOT_KERNEL_PANIC &&
	       state != BOOT_CONSOLE_FLOODED;
}

/* The boot failed: the report says how, the error whose fault it is. */
static int boot_failed(struct machine *machine, enum boot_state state, const struct steal *begin,
		       struct boot_report *report, struct err *e)
{
	unsigned stolen = steal_percent_since(begin);
	struct err end = {0};

	fill_report(machine, state, report);
	const struct console_hit *fault = console_fault_since(machine->console, 0);
	if (fault && machine_doubts(machine, fault->pattern))
		return err_set(e, BLAME_HOST, ETIMEDOUT,
			       "%s; under emulation this also comes from a host that is too busy",
			       report->sentence);
	if (state != BOOT_MACHINE_ENDED && is_of_time(state) && stolen >= STEAL_TOO_MUCH)
		return err_set(e, BLAME_HOST, ETIMEDOUT, "%s; " STEAL_SENTENCE, report->sentence,
			       stolen);
	if (state != BOOT_MACHINE_ENDED)
		return err_set(e, BLAME_GUEST, ETIMEDOUT, "%s", report->sentence);
	(void)machine_end_error(machine, &end);
	(void)snprintf(report->sentence, sizeof report->sentence,
		       "%.470s, before its agent answered", end.text);
	*e = end;
	return err_wrap(e, "during the boot");
}

static enum boot_state state_at_end(const struct machine *machine)
{
	const struct console_hit *stage = console_stage(machine->console);

	if (console_death_since(machine->console, 0))
		return BOOT_KERNEL_PANIC;
	return state_of_stage(stage ? stage->pattern->stage : STAGE_NONE);
}

int boot_judge_settled(struct machine *machine, struct err *e)
{
	enum boot_state state = state_at_end(machine);
	const struct console_hit *stage = console_stage(machine->console);

	/* The agent may have been quicker than the failure. */
	if (state != BOOT_EMERGENCY_MODE && state != BOOT_KERNEL_PANIC)
		return 0;
	return err_set(e, BLAME_GUEST, EIO, "%s (%.160s)", boot_sentence(state),
		       stage ? stage->line : "");
}

/* Looks for a greeting among the frames that are there: 1 found, 0 not yet. What came before it is old. */
static int find_greeting(struct machine *machine, struct err *e)
{
	struct frame frame;
	int r;

	while (machine->agent && (r = agent_next(machine->agent, &frame, e)) != 0) {
		if (r < 0)
			return r;
		if (frame.type != FRAME_HELLO)
			continue;
		r = machine_greeted(machine, &frame, e);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* ENTRY_TMPFILES: the guest starts the agent when it sees the port come, once its rules are there. */
static int replug_when_due(struct machine *machine, const struct patience *p, uint64_t *last_ns,
			   struct err *e)
{
	const struct driver *driver = machine->vm->driver;
	uint64_t now_ns = clock_now_ns();

	if (machine->spec.entry != ENTRY_TMPFILES || !driver->replug || machine->ended ||
	    console_stage_ns(machine->console, STAGE_KERNEL) == 0 ||
	    now_ns - *last_ns < REPLUG_SPAN_NS)
		return 0;
	*last_ns = now_ns;
	return driver->replug(machine->vm, p, e);
}

/* ENTRY_SSH: every few seconds one try. */
static int reach_when_due(struct machine *machine, const struct patience *p, uint64_t *last_ns,
			  struct err *e)
{
	uint64_t now_ns = clock_now_ns();

	if (!machine_wants_ssh(machine) || now_ns - *last_ns < SSH_RETRY_NS)
		return 0;
	int r = machine_try_ssh(machine, p, e);
	*last_ns = clock_now_ns();
	return r;
}

int boot_watch(struct machine *machine, const struct patience *p, struct boot_report *report,
	       struct err *e)
{
	struct patience whole = patience_within(p, BOOT_SPAN_NS * machine_slowness(&machine->spec));
	uint64_t replugged_ns = clock_now_ns(), tried_ns = 0;
	struct steal begin = steal_now();
	int r;

	while ((r = find_greeting(machine, e)) == 0) {
		struct patience look = patience_within(&whole, LOOK_SPAN_NS);
		if (machine->ended)
			return boot_failed(machine, BOOT_MACHINE_ENDED, &begin, report, e);
		r = machine_pump(machine, &look, "the agent's greeting", e);
		if (r < 0 && r != -ETIMEDOUT)
			return r;
		if (r < 0)
			console_scan_prompt(machine->console); /* nothing came for a while */
		if (machine->ended)
			continue;
		if (is_decided(machine) || patience_left_ns(&whole) == 0)
			return boot_failed(machine, state_at_end(machine), &begin, report, e);
		if (console_boot_flooded(machine->console)) /* it would never be silent */
			return boot_failed(machine, BOOT_CONSOLE_FLOODED, &begin, report, e);
		if (machine->agent_lost && !machine->ended) {
			*e = machine->agent_error;
			return err_wrap(e, "before its greeting");
		}
		err_clear(e);
		if (replug_when_due(machine, &whole, &replugged_ns, e) < 0)
			return err_wrap(e, "plug the agent's port in again");
		if (reach_when_due(machine, &whole, &tried_ns, e) < 0)
			return -e->code;
	}
	if (r < 0)
		return err_wrap(e, "the agent's greeting");
	fill_report(machine, BOOT_READY, report);
	return machine->has_old_agent ? machine_load_agent(machine, p, e) : 0;
}

int machine_boot(const struct machine_spec *spec, const struct patience *p, struct machine **ret,
		 struct boot_report *report, struct err *e)
{
	const struct driver *driver = spec_driver(spec);
	CLEANUP(machine) struct machine *machine = NULL;
	struct machine_spec own = *spec;
	CLEAN_FD int planted = -1;
	char disk[FILE_PATH_SIZE];
	struct vm *vm = NULL;

	*report = (struct boot_report){.state = BOOT_MACHINE_ENDED,
				       .console_tail = TEXT_INIT(CONSOLE_TAIL_MAX)};
	int r = driver->check ? driver->check(spec, p, e) : 0;
	if (r == 0)
		r = sabotage_plant(spec, p, &planted, e);
	if (r == 0 && planted >= 0)
		own.root_disk = file_path(planted, disk);
	if (r == 0)
		r = driver->start(&own, p, &vm, e);
	if (r == 0)
		r = machine_new(&own, vm, &machine, e);
	if (r == 0)
		r = boot_watch(machine, p, report, e);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(machine);
	return 0;
}

int machine_wait_agent(struct machine *machine, const struct patience *p,
		       struct boot_report *report, struct err *e)
{
	*report = (struct boot_report){.state = BOOT_MACHINE_ENDED,
				       .console_tail = TEXT_INIT(CONSOLE_TAIL_MAX)};
	return boot_watch(machine, p, report, e);
}

int machine_power_cut(struct machine *machine, struct err *e)
{
	if (!machine->vm->driver->power_cut)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver cannot cut the power",
			       machine->vm->driver->name);
	machine_take_in(machine);
	machine->ended = true;
	machine->agent_greeted = false;
	agent_free(machine->agent);
	machine->agent = NULL;
	return machine->vm->driver->power_cut(machine->vm, e);
}

int machine_reseed(struct machine *machine, const struct image_seed *seed, struct err *e)
{
	if (!machine->vm->driver->reseed)
		return err_set(e, BLAME_HOST, ENOTSUP,
			       "the %s driver cannot replace a provisioning medium",
			       machine->vm->driver->name);
	return machine->vm->driver->reseed(machine->vm, seed, e);
}

int machine_resize(struct machine *machine, const struct size *size, struct err *e)
{
	struct size before = machine->size;

	if (!machine->vm->driver->resize)
		return err_set(e, BLAME_HOST, ENOTSUP,
			       "the %s driver cannot give a machine another size",
			       machine->vm->driver->name);
	machine->size = *size;
	int r = machine->vm->driver->resize(machine->vm, &machine->size, e);
	if (r == 0)
		machine->spec.size = &machine->size;
	else
		machine->size = before;
	return r;
}

int machine_copy_root(struct machine *machine, int to, const struct patience *p, struct err *e)
{
	if (!machine->vm->driver->copy_root)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver cannot copy a disk",
			       machine->vm->driver->name);
	return machine->vm->driver->copy_root(machine->vm, to, p, e);
}

bool machine_has_secure_boot(const struct machine_spec *spec)
{
	const struct driver *driver = spec_driver(spec);

	return driver->has_secure_boot && driver->has_secure_boot(spec);
}

/* Channels and flags as they are before the first boot. */
static void begin_anew(struct machine *machine)
{
	machine->ended = machine->agent_lost = machine->agent_greeted = false;
	machine->has_no_room = false;
	machine->console_closed = machine->control_closed = false;
	machine->stale_replies = 0;
	machine->events_seen = machine->events_mark = 0;
	machine->power_on_ns = clock_now_ns();
	console_power_on(machine->console);
	machine_take_agent(machine);
}

int machine_power_on(struct machine *machine, const struct patience *p, struct boot_report *report,
		     struct err *e)
{
	*report = (struct boot_report){.state = BOOT_MACHINE_ENDED,
				       .console_tail = TEXT_INIT(CONSOLE_TAIL_MAX)};
	if (!machine->vm->driver->power_on)
		return err_set(e, BLAME_HOST, ENOTSUP,
			       "the %s driver cannot power a machine on again",
			       machine->vm->driver->name);
	vm_events_done(&machine->vm->events);
	agent_free(machine->agent);
	machine->agent = NULL;
	int r = machine->vm->driver->power_on(machine->vm, p, e);
	if (r < 0)
		return r;
	begin_anew(machine);
	return boot_watch(machine, p, report, e);
}
