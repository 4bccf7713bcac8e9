/* SPDX-License-Identifier: Apache-2.0 */
/* What host cases can do with their machine. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "host/cases/host_meeting.h"
#include "host/cases/host_order.h"
#include "host/cases/host_trial.h"
#include "host/machine/keeper.h"

#define ARGUMENTS_MAX 64

struct machine *host_machine(struct host_trial *t)
{
	return t->machine;
}

const struct patience *host_patience(struct host_trial *t)
{
	return &t->patience;
}

bool host_step_done(struct host_trial *t, int r, const struct err *e)
{
	if (r >= 0)
		return true;
	bool is_ours = e->blame == BLAME_HOST || e->blame == BLAME_BUG || e->code == ECANCELED;
	if (is_ours)
		host_leave_with(t, e);
	host_note(t, "%s", e->text);
	return false;
}

static struct patience for_seconds(struct host_trial *t, unsigned seconds)
{
	return patience_within(&t->patience, seconds * NS_PER_S);
}

/* ---- calls ---- */

static void gather(const char **arguments, size_t room, va_list args)
{
	size_t count = 0;

	while (count + 1 < room && (arguments[count] = va_arg(args, const char *)))
		count++;
	arguments[count] = NULL;
}

/* 0 with the answer in t->scratch, the guest's errno, or -ECONNRESET. */
static int call(struct host_trial *t, const char *verb, const char *const *arguments)
{
	struct err e = {0};
	int code = 0;

	text_clear(&t->scratch);
	int r = machine_call(t->machine, &t->patience, verb, arguments, &t->scratch, &code, &e);
	if (!host_step_done(t, r, &e))
		return -ECONNRESET;
	return code;
}

int host_call(struct host_trial *t, const char *verb, ...)
{
	const char *arguments[ARGUMENTS_MAX];
	va_list args;

	va_start(args, verb);
	gather(arguments, ARGUMENTS_MAX, args);
	va_end(args);
	return call(t, verb, arguments);
}

const char *host_ask(struct host_trial *t, const char *verb, ...)
{
	const char *arguments[ARGUMENTS_MAX];
	va_list args;

	va_start(args, verb);
	gather(arguments, ARGUMENTS_MAX, args);
	va_end(args);
	int code = call(t, verb, arguments);
	if (code != 0) {
		host_note(t, "%s %s: error %d %s", verb, arguments[0] ? arguments[0] : "", code,
			  t->scratch.buf);
		return NULL;
	}
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

const char *host_guest_read(struct host_trial *t, const char *path)
{
	const char *arguments[] = {path, NULL};

	if (call(t, "read", arguments) != 0)
		return NULL;
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

static void must_call(struct host_trial *t, const char *verb, const char *first, const char *second)
{
	const char *arguments[] = {first, second, NULL};
	int code = call(t, verb, arguments);

	if (code != 0)
		host_broken(t, "%s %s %s in the guest: error %d %s", verb, first, second, code,
			    t->scratch.buf);
}

void host_guest_write(struct host_trial *t, const char *path, const char *content)
{
	must_call(t, "write", path, content);
}

void host_guest_link(struct host_trial *t, const char *path, const char *target)
{
	must_call(t, "link", target, path);
}

/* "exit N", "signal N" or "timeout" on the first line. */
static int exit_status(struct host_trial *t, const char *reply, const char *program)
{
	char line[64];
	long long number = 0;

	(void)snprintf(line, sizeof line, "%.*s", (int)strcspn(reply, "\n"), reply);
	if (has_prefix(line, "exit ") && number_parse(line + 5, 0, 255, &number) == 0)
		return (int)number;
	if (has_prefix(line, "signal ") && number_parse(line + 7, 0, 127, &number) == 0)
		return 128 + (int)number;
	host_note(t, "%s: %s", program, line);
	return -ETIMEDOUT;
}

int host_guest_run(struct host_trial *t, const char **ret_output, const char *program, ...)
{
	const char *arguments[ARGUMENTS_MAX];
	va_list args;

	arguments[0] = program;
	va_start(args, program);
	gather(arguments + 1, ARGUMENTS_MAX - 1, args);
	va_end(args);
	int code = call(t, "exec", arguments);
	if (ret_output)
		*ret_output = "";
	if (code != 0) {
		host_note(t, "%s could not be run in the guest: error %d %s", program, code,
			  t->scratch.buf);
		return code > 0 ? -code : code;
	}
	const char *reply = host_keep(t, t->scratch.buf, t->scratch.length);
	const char *output = strchr(reply, '\n');
	if (ret_output && output)
		*ret_output = output + 1;
	return exit_status(t, reply, program);
}

/* ---- QMP ---- */

const char *host_qmp(struct host_trial *t, const char *command, const char *arguments)
{
	struct err e = {0};

	text_clear(&t->scratch);
	int r = machine_qmp(t->machine, &t->patience, command, arguments, &t->scratch, &e);
	/* A refusal of QEMU's is an answer: the case asked for it. Only losing QEMU is not. */
	if (r < 0 && e.code != ECANCELED && machine_is_alive(t->machine)) {
		host_note(t, "%s: %s", command, e.text);
		return NULL;
	}
	if (!host_step_done(t, r, &e))
		return NULL;
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

const char *host_event_data(struct host_trial *t, const char *event, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};

	text_clear(&t->scratch);
	if (!host_step_done(t, machine_wait_event(t->machine, &p, event, &t->scratch, &e), &e))
		return NULL;
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

bool host_wait_event_of(struct host_trial *t, const char *event, const char *part, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};

	text_clear(&t->scratch);
	return host_step_done(
		t, machine_wait_event_of(t->machine, &p, event, part, &t->scratch, &e), &e);
}

bool host_wait_event(struct host_trial *t, const char *event, unsigned seconds)
{
	return host_event_data(t, event, seconds) != NULL;
}

void host_forget_events(struct host_trial *t)
{
	machine_mark_events(t->machine);
}

/* ---- boots ---- */

static struct boot_report *fresh_report(struct host_trial *t)
{
	boot_report_done(&t->boot);
	memset(&t->boot, 0, sizeof t->boot);
	text_init(&t->boot.console_tail, 0);
	return &t->boot;
}

void host_require_word_of_boot(struct host_trial *t)
{
	if (!t->info->boots_again && t->info->isolation != ISOLATION_REBOOT)
		host_broken(t, "it boots a machine without saying .boots_again");
}

bool host_wait_agent(struct host_trial *t, unsigned seconds)
{
	host_require_word_of_boot(t);
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};

	int r = machine_wait_agent(t->machine, &p, fresh_report(t), &e);
	bool done = host_step_done(t, r, &e);
	if (!done && t->boot.sentence[0])
		host_note(t, "%s", t->boot.sentence);
	return done;
}

/* `plant` may be NULL. */
static void plant_now(struct host_trial *t, void (*plant)(struct host_trial *t))
{
	if (!plant)
		return;
	t->in_sabotage = true;
	plant(t);
	t->in_sabotage = false;
}

static bool reboot_now(struct host_trial *t, unsigned seconds)
{
	/* The agent may be gone before it has answered. */
	(void)host_call(t, "reboot", NULL);
	if (!host_wait_agent(t, seconds))
		return false;
	plant_now(t, t->plant_at_reboot);
	return true;
}

bool host_reboot(struct host_trial *t, unsigned seconds)
{
	if (!t->attendee)
		return reboot_now(t, seconds);
	if (host_meeting_wait(t->attendee))
		host_meeting_rebooted(t->attendee, reboot_now(t, seconds));
	return host_meeting_is_back(t->attendee);
}

void host_power_cut(struct host_trial *t)
{
	struct err e = {0};

	if (!machine_spec(t->machine)->cuts_power)
		host_broken(t, "it cuts the power without saying .cuts_power");
	(void)host_step_done(t, machine_power_cut(t->machine, &e), &e);
}

void host_resize(struct host_trial *t, const struct size *size)
{
	struct err e = {0};

	if (machine_resize(t->machine, size, &e) < 0)
		host_leave_with(t, &e);
}

void host_note_loss(struct host_trial *t)
{
	struct patience now = for_seconds(t, 0);
	struct err e = {0};

	text_clear(&t->scratch);
	if (machine_wait_event(t->machine, &now, "WRITES_LOST", &t->scratch, &e) == 0)
		host_note(t, "writes at the power cut: %s", t->scratch.buf);
}

bool host_power_on(struct host_trial *t, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};

	host_require_word_of_boot(t);
	bool is_back = host_step_done(t, machine_power_on(t->machine, &p, fresh_report(t), &e), &e);
	host_note_loss(t);
	return is_back;
}

/* Only one machine at a time has its place in this host's memory. */
static void end_machine(struct host_trial *t)
{
	struct err ignored = {0};

	(void)machine_power_cut(t->machine, &ignored);
}

typedef int machine_maker(const struct machine_spec *spec, const struct patience *p,
			  struct machine **ret, struct boot_report *report, struct err *e);

/* The machine ends, and another takes its place; the spec is copied. */
static bool replace_machine(struct host_trial *t, const struct machine_spec *spec,
			    machine_maker *make, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct machine *machine = NULL;
	struct err e = {0};

	if (mkdir(spec->folder, 0755) < 0 && errno != EEXIST)
		host_broken(t, "make the folder %s: %m", spec->folder);
	host_look_for_faults(t);
	end_machine(t);
	int r = make(spec, &p, &machine, fresh_report(t), &e);
	if (!host_step_done(t, r, &e)) {
		host_note(t, "its console is in %s", spec->folder);
		return false;
	}
	machine_free(t->own);
	t->machine = t->own = machine;
	t->console_mark = t->watch_mark = 0;
	t->expected = (struct expectations){.count = 0};
	return true;
}

int host_make_disk(struct host_trial *t)
{
	const struct machine_spec *spec = machine_spec(t->machine);
	struct err e = {0};

	if (t->disk_fd > 0)
		return t->disk_fd;
	if (image_overlay(spec->image, spec->folder, spec->make.disk_bytes, &t->patience,
			  &t->disk_fd, &e) < 0)
		host_broken(t, "%s", e.text);
	return t->disk_fd;
}

bool host_has_disk(const struct host_trial *t)
{
	return t->disk_fd > 0;
}

bool host_boot_anew(struct host_trial *t, enum firmware firmware, const char *folder,
		    unsigned seconds)
{
	struct machine_spec spec = *machine_spec(t->machine);
	char disk[FILE_PATH_SIZE];

	if (host_has_disk(t))
		spec.root_disk = file_path(t->disk_fd, disk);
	spec.firmware = firmware;
	spec.folder = folder;
	spec.sabotage = NULL; /* it was built into the other */
	return replace_machine(t, &spec, machine_boot, seconds);
}

/* The order's machine, in a folder of its own. What the spec points to must outlive the machine: it is the trial's. */
static bool order_machine(struct host_trial *t, const struct host_order *order, machine_maker *make,
			  unsigned seconds)
{
	struct machine_spec spec = *machine_spec(t->machine);

	if (order->firmware != FIRMWARE_AUTO)
		spec.firmware = order->firmware;
	if (order->entry != ENTRY_AUTO)
		spec.entry = order->entry;
	if (order->size) {
		spec.size = order->size;
		spec.netpeer = spec.netpeer && order->size->nics > 0;
	}
	spec.make = order->make;
	spec.keeps_random = order->keeps_random;
	spec.sabotage = t->planted;
	spec.folder = host_format(t, "%s/ordered%u", spec.folder, ++t->orders);
	if (!replace_machine(t, &spec, make, seconds))
		return false;
	plant_now(t, t->plant_later);
	return true;
}

bool host_boot_ordered(struct host_trial *t, const struct host_order *order, unsigned seconds)
{
	return order_machine(t, order, machine_boot, seconds);
}

bool host_fork_ordered(struct host_trial *t, const struct host_order *order, unsigned seconds)
{
	return order_machine(t, order, machine_fork_kept, seconds);
}

bool host_fork_cabled(struct host_trial *t, unsigned cables, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct machine_spec spec = *machine_spec(t->machine);
	struct err e = {0};

	if (!machine_template(t->machine) || t->own)
		return false;
	spec.make.cables = cables;
	spec.folder = host_format(t, "%s/cabled", spec.folder);
	if (mkdir(spec.folder, 0755) < 0 && errno != EEXIST)
		host_broken(t, "make the folder %s: %m", spec.folder);
	int r = machine_keep(&spec, &p, fresh_report(t), &e);
	if (r == -ENOTSUP || !host_step_done(t, r, &e))
		return false;
	return replace_machine(t, &spec, machine_fork_kept, seconds);
}

void host_plant(struct host_trial *t, const struct case_sabotage *sabotage)
{
	t->planted = sabotage;
}

void host_plant_later(struct host_trial *t, void (*plant)(struct host_trial *t))
{
	t->plant_later = plant;
}

void host_plant_at_reboot(struct host_trial *t, void (*plant)(struct host_trial *t))
{
	t->plant_at_reboot = plant;
}

void host_reseed(struct host_trial *t, const struct image_seed *seed)
{
	struct err e = {0};

	if (machine_reseed(t->machine, seed, &e) < 0)
		host_leave_with(t, &e);
}

const struct boot_report *host_boot_report(struct host_trial *t)
{
	return &t->boot;
}

bool host_is_alive(struct host_trial *t)
{
	return machine_is_alive(t->machine);
}

bool host_settle(struct host_trial *t, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};

	text_clear(&t->scratch);
	if (!host_step_done(t, machine_settle(t->machine, &p, &t->scratch, &e), &e))
		return false;
	if (t->scratch.length > 0)
		host_note(t, "the boot is not over: %s", t->scratch.buf);
	return t->scratch.length == 0;
}

void host_sleep(struct host_trial *t, unsigned milliseconds)
{
	struct err e = {0};

	(void)host_step_done(
		t, wait_span(&t->patience, milliseconds * NS_PER_MS, "the case's pause", &e), &e);
}

/* ---- console ---- */

static const char *console_since(struct host_trial *t, uint64_t mark)
{
	struct err e = {0};

	text_clear(&t->scratch);
	if (!host_step_done(t, machine_console_since(t->machine, mark, &t->scratch, &e), &e))
		return "";
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

const char *host_console(struct host_trial *t)
{
	return console_since(t, t->console_mark);
}

const char *host_console_whole(struct host_trial *t)
{
	return console_since(t, 0);
}

void host_console_forget(struct host_trial *t)
{
	t->console_mark = machine_console_mark(t->machine);
}

void host_console_type(struct host_trial *t, const char *keys)
{
	struct err e = {0};

	(void)host_step_done(t, machine_console_type(t->machine, keys, &e), &e);
}

bool host_console_wait(struct host_trial *t, const char *needle, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};

	return host_step_done(t, machine_console_wait(t->machine, t->console_mark, needle, &p, &e),
			      &e);
}

int host_console_wait_any(struct host_trial *t, const char *const *needles, unsigned seconds)
{
	struct patience p = for_seconds(t, seconds);
	struct err e = {0};
	int r = machine_console_wait_any(t->machine, t->console_mark, needles, &p, &e);

	return host_step_done(t, r, &e) ? r : -1;
}
