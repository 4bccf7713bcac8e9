/* SPDX-License-Identifier: Apache-2.0 */
/* A machine: its making, its one waiting place, its end. */
#include "host/machine/internal.h"

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define CONSOLE_PIECE 16384
/* Reads of the console in one go, so that a flood cannot keep the machine from its deadline. */
#define CONSOLE_READS 32
#define END_SPAN_MS   1000

void machine_take_agent(struct machine *machine)
{
	/* Over SSH nobody serves the port in the guest. */
	if (!machine->vm->agent || machine->spec.entry == ENTRY_SSH)
		return;
	machine->agent = agent_new(machine->vm->agent);
	machine->vm->agent = NULL;
}

int machine_new(const struct machine_spec *spec, struct vm *vm, struct machine **ret, struct err *e)
{
	struct machine *machine = xnew(sizeof *machine);
	CLEAN_FREE char *path = xasprintf("%s/console.log", spec->folder);
	const struct patterns *patterns = NULL;
	int r = 0;

	machine->spec = *spec;
	machine->spec.root_disk = NULL; /* the driver has it open; the name may be gone tomorrow */
	machine->vm = vm;
	machine->power_on_ns = clock_now_ns();
	machine->other.fd = -1;
	text_init(&machine->facts, MACHINE_FACTS_MAX);
	vm->spec = &machine->spec;
	machine_take_agent(machine);
	if (vm->console_fd >= 0) {
		patterns = patterns_shipped(e);
		r = patterns ? 0 : -e->code;
	}
	if (r == 0)
		r = console_new(path, patterns, &machine->console, e);
	if (r < 0) {
		machine_free(machine);
		return r;
	}
	*ret = machine;
	return 0;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	machine_part(machine);
	agent_free(machine->agent);
	if (machine->vm)
		machine->vm->driver->free(machine->vm);
	console_free(machine->console);
	text_done(&machine->facts);
	free(machine->template_folder);
	free(machine);
}

void machine_join(struct machine *machine, struct machine *partner)
{
	machine_part(machine);
	machine_part(partner);
	machine->partner = partner;
	partner->partner = machine;
}

void machine_part(struct machine *machine)
{
	if (machine->partner)
		machine->partner->partner = NULL;
	machine->partner = NULL;
}

const struct machine_spec *machine_spec(const struct machine *machine)
{
	return &machine->spec;
}

const char *machine_template(const struct machine *machine)
{
	return machine->template_folder;
}

pid_t machine_pid(const struct machine *machine)
{
	const struct driver *driver = machine->vm->driver;

	return driver->pid ? driver->pid(machine->vm) : 0;
}

bool machine_is_alive(const struct machine *machine)
{
	return !machine->ended && !machine->frozen && !machine->agent_lost &&
	       machine->agent_greeted;
}

unsigned machine_slowness(const struct machine_spec *spec)
{
	return spec->accel == ACCEL_KVM ? 1 : 5;
}

bool machine_doubts(const struct machine *machine, const struct pattern *pattern)
{
	return machine->spec.accel != ACCEL_KVM && pattern->is_doubtful_emulated;
}

/* Remembers why the agent cannot be used any more; the first reason stays. */
static void lose_agent(struct machine *machine, const struct err *why)
{
	if (!machine->agent_lost)
		machine->agent_error = *why;
	machine->agent_lost = true;
}

static void take_console(struct machine *machine)
{
	char piece[CONSOLE_PIECE];

	for (int i = 0;
	     i < CONSOLE_READS && machine->vm->console_fd >= 0 && !machine->console_closed; i++) {
		ssize_t n = read(machine->vm->console_fd, piece, sizeof piece);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			machine->console_closed = true;
			return;
		}
		console_feed(machine->console, piece, (size_t)n);
	}
}

static void forget_agent(struct machine *machine)
{
	agent_free(machine->agent);
	machine->agent = NULL;
	machine->agent_lost = false;
}

/* Of a disk that the driver has made: on one that a case has plugged in, errors are the case's own. */
static bool is_stop(const struct vm_event *error)
{
	json_t *data = json_loads(error->data, 0, NULL);
	const char *action = json_string_value(json_object_get(data, "action"));
	const char *node = json_string_value(json_object_get(data, "node-name"));
	bool stops = action && strcmp(action, "stop") == 0 &&
		     !(node && has_prefix(node, CASE_NODE_PREFIX));

	json_decref(data);
	return stops;
}

/* QEMU stops a machine for one error only: there is no room on the host for what it writes to a disk. The guest sees
 * nothing of it, and waits. */
static bool was_stopped_for_room(const struct vm_events *events, uint64_t since)
{
	const struct vm_event *error;

	for (; (error = vm_events_find(events, since, "BLOCK_IO_ERROR")); since = error->number + 1)
		if (is_stop(error))
			return true;
	return false;
}

/* A reset makes the agent's old words void and begins another boot. */
static void act_on_events(struct machine *machine)
{
	struct vm_events *events = &machine->vm->events;

	if (vm_events_find(events, machine->events_seen, "RESET")) {
		machine->agent_greeted = false;
		machine->stale_replies = 0;
		if (machine->spec.entry == ENTRY_SSH)
			forget_agent(machine); /* the session went with the system that had it */
		else if (machine->agent)
			agent_expect_greeting(machine->agent);
		console_power_on(machine->console);
		machine->power_on_ns = clock_now_ns();
	}
	if (was_stopped_for_room(events, machine->events_seen))
		machine->has_no_room = machine->ended = true;
	machine->events_seen = events->added;
}

static void take_events(struct machine *machine)
{
	struct err e = {0};

	if (machine->vm->control_fd < 0 || machine->control_closed)
		return;
	if (machine->vm->driver->collect(machine->vm, &e) < 0)
		machine->control_closed = true;
	act_on_events(machine);
}

static void take_agent(struct machine *machine)
{
	struct err e = {0};

	if (machine->agent && !machine->agent_lost && agent_move(machine->agent, &e) < 0)
		lose_agent(machine, &e);
}

void machine_take_in(struct machine *machine)
{
	/* Events first: the console after a reset belongs to the new boot. */
	take_events(machine);
	take_console(machine);
	take_agent(machine);
}

/* What the partner's agent says can wait: it is asked for. */
static void serve_partner(struct machine *machine)
{
	if (!machine->partner)
		return;
	take_events(machine->partner);
	take_console(machine->partner);
}

enum {
	POLL_AGENT,
	POLL_CONSOLE,
	POLL_CONTROL,
	POLL_ENDED,
	POLL_CANCEL,
	POLL_OTHER,
	POLL_PARTNER_CONSOLE,
	POLL_PARTNER_CONTROL,
	POLL_COUNT,
};

static struct pollfd poll_console(const struct machine *machine)
{
	bool is_closed = !machine || machine->console_closed;

	return (struct pollfd){.fd = is_closed ? -1 : machine->vm->console_fd, .events = POLLIN};
}

static struct pollfd poll_control(const struct machine *machine)
{
	bool is_closed = !machine || machine->control_closed;

	return (struct pollfd){.fd = is_closed ? -1 : machine->vm->control_fd, .events = POLLIN};
}

/* Closed channels are left out: they would be ready for ever. */
static void poll_set(const struct machine *machine, const struct patience *p,
		     struct pollfd fds[POLL_COUNT])
{
	const struct vm *vm = machine->vm;
	bool has_agent = machine->agent && !machine->agent_lost;

	fds[POLL_AGENT] = (struct pollfd){
		.fd = has_agent ? agent_fd(machine->agent) : -1,
		.events = has_agent ? agent_events(machine->agent) : 0,
	};
	fds[POLL_CONSOLE] = poll_console(machine);
	fds[POLL_CONTROL] = poll_control(machine);
	fds[POLL_PARTNER_CONSOLE] = poll_console(machine->partner);
	fds[POLL_PARTNER_CONTROL] = poll_control(machine->partner);
	fds[POLL_ENDED] = (struct pollfd){.fd = vm->ended_fd, .events = POLLIN};
	fds[POLL_CANCEL] = (struct pollfd){.fd = p->cancel_fd, .events = POLLIN};
	fds[POLL_OTHER] = machine->other;
}

/* The channels of a process that ends close a moment before it is gone: that must not be taken for a lost agent. */
static void look_for_end(struct machine *machine)
{
	bool closed = machine->agent_lost && machine->agent_error.code == ECONNRESET;
	struct pollfd ended = {.fd = machine->vm->ended_fd, .events = POLLIN};

	if (ended.fd < 0 || poll(&ended, 1, closed ? END_SPAN_MS : 0) <= 0)
		return;
	machine_take_in(machine); /* its last words came between */
	machine->ended = true;
}

int machine_pump(struct machine *machine, const struct patience *p, const char *what, struct err *e)
{
	struct pollfd fds[POLL_COUNT];
	uint64_t left = patience_left_ns(p);
	bool has_bytes = machine->agent && !machine->agent_lost && agent_has_bytes(machine->agent);
	struct timespec span = {
		.tv_sec = (time_t)(left / NS_PER_S),
		.tv_nsec = (long)(left % NS_PER_S),
	};

	if (machine->ended)
		return 0;
	if (has_bytes)
		span = (struct timespec){0};
	poll_set(machine, p, fds);
	/* wait_fd waits for one descriptor; a machine has several. */
	int n = ppoll(fds, POLL_COUNT, &span, NULL);
	if (n < 0 && errno != EINTR)
		return err_set(e, BLAME_BUG, errno, "poll for %s: %m", what);
	if (n > 0 && fds[POLL_CANCEL].revents)
		return err_set(e, BLAME_USER, ECANCELED, "cancelled while waiting for %s", what);
	machine->other.revents = n > 0 ? fds[POLL_OTHER].revents : 0;
	serve_partner(machine);
	machine_take_in(machine);
	look_for_end(machine);
	/* A guest that never stops talking must not keep anybody from a deadline. */
	if (left == 0 && !machine->ended)
		return err_set(e, BLAME_GUEST, ETIMEDOUT, "timed out waiting for %s", what);
	return 0;
}

int machine_wait_fd(struct machine *machine, const struct patience *p, int fd, short events,
		    const char *what, struct err *e)
{
	int r = 0;

	machine->other = (struct pollfd){.fd = fd, .events = events};
	while (r == 0 && !machine->other.revents && !machine->ended)
		r = machine_pump(machine, p, what, e);
	bool is_ready = machine->other.revents != 0;
	machine->other = (struct pollfd){.fd = -1};
	if (r < 0 || is_ready)
		return r;
	return machine_end_error(machine, e);
}

int machine_send(struct machine *machine, const struct patience *p, const char *what, struct err *e)
{
	if (!machine->agent)
		return err_set(e, BLAME_BUG, ENOTCONN, "%s: the machine has no agent", what);
	if (agent_out(machine->agent)->overflowed)
		return err_set(e, BLAME_BUG, EMSGSIZE, "%s: too much at once for the agent", what);
	take_agent(machine);
	while (!agent_is_sent(machine->agent)) {
		if (machine->ended)
			return machine_end_error(machine, e);
		if (machine->agent_lost) {
			*e = machine->agent_error;
			return -e->code;
		}
		int r = machine_pump(machine, p, what, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int machine_next_frame(struct machine *machine, const struct patience *p, struct frame *ret,
		       const char *what, struct err *e)
{
	if (!machine->agent)
		return err_set(e, BLAME_BUG, ENOTCONN, "%s: the machine has no agent", what);
	for (;;) {
		struct err bad = {0};
		int r = agent_next(machine->agent, ret, &bad);
		if (r > 0 && ret->type == FRAME_REPLY && machine->stale_replies > 0) {
			machine->stale_replies--;
			continue;
		}
		if (r > 0)
			return 0;
		if (r < 0)
			lose_agent(machine, &bad);
		if (machine->ended)
			return machine_end_error(machine, e);
		if (machine->agent_lost) {
			*e = machine->agent_error;
			return -e->code;
		}
		r = machine_pump(machine, p, what, e);
		if (r < 0)
			return r;
	}
}

int machine_greeted(struct machine *machine, const struct frame *frame, struct err *e)
{
	struct field field;
	uint64_t protocol = 0;
	int r;

	text_clear(&machine->facts);
	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key == FIELD_PROTOCOL)
			protocol = field_value(&field);
		else if (field.key == FIELD_VERSION)
			field_string(&field, machine->agent_version, sizeof machine->agent_version);
		else if (field.key == FIELD_TEXT)
			(void)text_add(&machine->facts, field.bytes, field.length);
	}
	if (r < 0)
		return r;
	if (protocol != FRAME_PROTOCOL)
		return err_set(
			e, BLAME_HOST, EPROTO,
			"the agent speaks protocol %llu, this host %d: use the agent of this version",
			(unsigned long long)protocol, FRAME_PROTOCOL);
	machine->agent_greeted = true;
	return 0;
}

bool machine_powered_itself_off(const struct machine *machine)
{
	const struct vm_event *event = vm_events_find(&machine->vm->events, 0, "SHUTDOWN");

	if (!event)
		return false;
	json_t *data = json_loads(event->data, 0, NULL);
	bool by_guest = json_is_true(json_object_get(data, "guest"));
	json_decref(data);
	return by_guest;
}

int machine_end_error(struct machine *machine, struct err *e)
{
	CLEAN_TEXT struct text why = TEXT_INIT(400);

	if (machine->has_no_room)
		return err_set(
			e, BLAME_HOST, EHOSTDOWN,
			"QEMU stopped the machine, for its disk has no room left in %.300s: make room there",
			machine->spec.folder);
	if (machine_powered_itself_off(machine))
		return err_set(e, BLAME_GUEST, EHOSTDOWN, "the guest powered itself off");
	machine->vm->driver->last_words(machine->vm, &why);
	return err_set(e, BLAME_HOST, EHOSTDOWN, "the machine ended by itself: %s", why.buf);
}
