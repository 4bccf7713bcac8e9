/* SPDX-License-Identifier: Apache-2.0 */
/* What host cases do with a machine: calls to the agent, the control channel, events, the console. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/machine/internal.h"

#define SETTLE_LOOK_NS (1 * NS_PER_S)
#define SETTLE_CALL_NS (30 * NS_PER_S)
#define CALL_MAX_S     600

static int take_reply(const struct frame *frame, struct text *reply, int *ret_code, struct err *e)
{
	struct field field;
	int r;

	*ret_code = 0;
	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key == FIELD_CODE)
			*ret_code = (int)field_value(&field);
		else if ((field.key == FIELD_TEXT || field.key == FIELD_BYTES) &&
			 text_add(reply, field.bytes, field.length) < 0)
			return err_set(e, BLAME_GUEST, EMSGSIZE,
				       "the answer is longer than %zu bytes", reply->maximum);
	}
	return r;
}

/* The agent gives up a moment before we do: then there is an answer to tell of. */
static uint64_t call_timeout_s(const struct patience *p)
{
	uint64_t left_s = patience_left_ns(p) / NS_PER_S;

	return left_s > CALL_MAX_S ? CALL_MAX_S : left_s > 2 ? left_s - 1 : 1;
}

/* Begins a call's frame; its arguments follow. */
static int open_call(struct machine *machine, const struct patience *p, const char *verb,
		     struct err *e)
{
	if (machine->ended)
		return machine_end_error(machine, e);
	if (!machine->agent || !machine->agent_greeted)
		return err_set(e, BLAME_GUEST, ENOTCONN, "call %s: the agent is not up", verb);
	struct text *out = agent_out(machine->agent);
	frame_open(out, FRAME_CALL);
	field_text(out, FIELD_NAME, verb);
	field_number(out, FIELD_TIMEOUT, call_timeout_s(p));
	return 0;
}

static int close_call(struct machine *machine, const struct patience *p, const char *verb,
		      struct err *e)
{
	frame_close(agent_out(machine->agent));
	int r = machine_send(machine, p, verb, e);
	if (r == -ETIMEDOUT || r == -ECANCELED)
		machine->stale_replies++;
	return r < 0 ? err_wrap(e, "call %s", verb) : 0;
}

int machine_call_end(struct machine *machine, const struct patience *p, const char *verb,
		     struct text *reply, int *ret_code, struct err *e)
{
	struct frame frame;
	int r = machine_next_frame(machine, p, &frame, verb, e);

	if (r == -ETIMEDOUT || r == -ECANCELED)
		machine->stale_replies++;
	if (r == 0 && frame.type != FRAME_REPLY)
		r = err_set(e, BLAME_GUEST, EBADMSG, "the agent answered with a frame of type %u",
			    frame.type);
	if (r == 0)
		r = take_reply(&frame, reply, ret_code, e);
	return r < 0 ? err_wrap(e, "call %s", verb) : 0;
}

int machine_call_begin(struct machine *machine, const struct patience *p, const char *verb,
		       const char *const *arguments, struct err *e)
{
	int r = open_call(machine, p, verb, e);

	if (r < 0)
		return r;
	for (; arguments && *arguments; arguments++)
		field_text(agent_out(machine->agent), FIELD_TEXT, *arguments);
	return close_call(machine, p, verb, e);
}

int machine_call(struct machine *machine, const struct patience *p, const char *verb,
		 const char *const *arguments, struct text *reply, int *ret_code, struct err *e)
{
	int r = machine_call_begin(machine, p, verb, arguments, e);

	return r < 0 ? r : machine_call_end(machine, p, verb, reply, ret_code, e);
}

int machine_call_bytes(struct machine *machine, const struct patience *p, const char *verb,
		       const struct call_argument *arguments, size_t count, struct text *reply,
		       int *ret_code, struct err *e)
{
	int r = open_call(machine, p, verb, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		field_bytes(agent_out(machine->agent), FIELD_BYTES, arguments[i].bytes,
			    arguments[i].length);
	r = close_call(machine, p, verb, e);
	return r < 0 ? r : machine_call_end(machine, p, verb, reply, ret_code, e);
}

/* One look: 0 and what is pending in `pending`. */
static int look_for_pending(struct machine *machine, const struct patience *p, struct text *pending,
			    struct err *e)
{
	struct patience span =
		patience_within(p, SETTLE_CALL_NS * machine_slowness(&machine->spec));
	int code = 0;

	text_clear(pending);
	int r = machine_call(machine, &span, "pending", NULL, pending, &code, e);
	if (r == 0 && code != 0)
		return err_set(e, BLAME_GUEST, code, "the agent cannot tell what is pending: %m");
	return r;
}

int machine_settle(struct machine *machine, const struct patience *p, struct text *pending,
		   struct err *e)
{
	CLEAN_TEXT struct text now = TEXT_INIT(16384);
	/* Looking costs the guest time too: without acceleration a look a second would hold it up. */
	uint64_t span_ns = SETTLE_LOOK_NS * machine_slowness(&machine->spec) / 2;

	for (;;) {
		int r = boot_judge_settled(machine, e);
		if (r < 0)
			return r;
		r = look_for_pending(machine, p, &now, e);
		if (r < 0)
			return err_wrap(e, "settle");
		log_debug("settle", "pending: %s", now.buf);
		if (r == 0 && now.length == 0)
			return boot_judge_settled(machine, e);
		struct patience look = patience_within(p, span_ns);
		while (r == 0 && !machine->ended)
			r = machine_pump(machine, &look, "the guest to settle", e);
		if (r < 0 && r != -ETIMEDOUT)
			return r;
		if (patience_left_ns(p) == 0)
			break;
		err_clear(e);
	}
	err_clear(e);
	(void)text_add(pending, now.buf, now.length);
	return boot_judge_settled(machine, e);
}

int machine_qmp(struct machine *machine, const struct patience *p, const char *command,
		const char *arguments, struct text *reply, struct err *e)
{
	const struct driver *driver = machine->vm->driver;

	if (!driver->command)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver takes no commands",
			       driver->name);
	return driver->command(machine->vm, p, command, arguments, reply, e);
}

int machine_give_fd(struct machine *machine, const struct patience *p, const char *name, int fd,
		    struct err *e)
{
	const struct driver *driver = machine->vm->driver;

	if (!driver->give_fd)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver takes no descriptors",
			       driver->name);
	return driver->give_fd(machine->vm, p, name, fd, e);
}

int machine_ask_netpeer(struct machine *machine, const struct patience *p, const char *question,
			int fd, struct text *answer, struct err *e)
{
	const struct driver *driver = machine->vm->driver;

	if (!driver->ask_netpeer)
		return err_set(e, BLAME_HOST, ENOTSUP, "the %s driver's machines have no network",
			       driver->name);
	int r = driver->ask_netpeer(machine->vm, question, fd, e);
	while (r == 0) {
		r = machine_wait_fd(machine, p, machine->vm->netpeer_fd, POLLIN, question, e);
		if (r < 0)
			return r;
		r = driver->answer_netpeer(machine->vm, answer, e);
		if (r != -EAGAIN)
			return r;
		r = 0;
	}
	return r;
}

int machine_keep_evidence(struct machine *machine, struct err *e)
{
	const struct driver *driver = machine->vm->driver;

	return driver->keep_capture ? driver->keep_capture(machine->vm, e) : 0;
}

void machine_mark_events(struct machine *machine)
{
	machine_take_in(machine);
	machine->events_mark = machine->vm->events.added;
}

uint64_t machine_ram_used(const struct machine *machine)
{
	const struct driver *driver = machine->vm->driver;

	return driver->ram_used ? driver->ram_used(machine->vm) : 0;
}

static const struct vm_event *find_event(const struct machine *machine, const char *event,
					 const char *part)
{
	const struct vm_events *events = &machine->vm->events;
	const struct vm_event *found = vm_events_find(events, machine->events_mark, event);

	while (found && part && !strstr(found->data, part))
		found = vm_events_find(events, found->number + 1, event);
	return found;
}

int machine_wait_event(struct machine *machine, const struct patience *p, const char *event,
		       struct text *data, struct err *e)
{
	return machine_wait_event_of(machine, p, event, NULL, data, e);
}

int machine_wait_event_of(struct machine *machine, const struct patience *p, const char *event,
			  const char *part, struct text *data, struct err *e)
{
	for (;;) {
		machine_take_in(machine);
		const struct vm_event *found = find_event(machine, event, part);
		if (found) {
			(void)text_adds(data, found->data);
			return 0;
		}
		if (machine->ended) {
			(void)machine_end_error(machine, e);
			return err_wrap(e, "the event %s did not come", event);
		}
		int r = machine_pump(machine, p, event, e);
		if (r < 0)
			return err_wrap(e, "the event %s did not come", event);
	}
}

bool machine_fault_after(const struct machine *machine, uint64_t mark, struct machine_fault *ret)
{
	const struct console_hit *hit = console_fault_since(machine->console, mark);

	if (!hit)
		return false;
	*ret = (struct machine_fault){
		.pattern = hit->pattern->name,
		.meaning = hit->pattern->meaning,
		.is_doubtful = machine_doubts(machine, hit->pattern),
		.is_death = hit->pattern->severity == PATTERN_DEATH,
		.mark = hit->mark,
	};
	(void)snprintf(ret->line, sizeof ret->line, "%.300s", hit->line);
	return true;
}

int machine_check_expected(const char *names, struct err *e)
{
	const struct patterns *patterns = names ? patterns_shipped(e) : NULL;
	char lacking[PATTERN_NAME_SIZE];

	if (!names)
		return 0;
	if (!patterns)
		return -e->code;
	if (!patterns_lack(patterns, names, lacking))
		return 0;
	return err_set(e, BLAME_BUG, EINVAL,
		       "it expects lines of a console pattern \"%s\", which runbooks/patterns.yaml "
		       "does not have",
		       lacking);
}

const char *machine_console_path(const struct machine *machine)
{
	return console_path(machine->console);
}

uint64_t machine_console_mark(struct machine *machine)
{
	machine_take_in(machine);
	return console_mark(machine->console);
}

int machine_console_since(struct machine *machine, uint64_t mark, struct text *out, struct err *e)
{
	machine_take_in(machine);
	return console_since(machine->console, mark, out, e);
}

int machine_console_type(struct machine *machine, const char *text, struct err *e)
{
	size_t left = strlen(text);
	struct patience p = patience_for(-1, 10 * NS_PER_S);

	if (machine->vm->console_fd < 0)
		return err_set(e, BLAME_HOST, ENOTSUP, "this machine has no console to type into");
	return wait_write(&p, machine->vm->console_fd, text, left,
			  "the console to take what is typed", e);
}

/* The index of the first of them that was said; -ENOENT: none. */
static int said_since(const struct machine *machine, uint64_t mark, const char *const *needles)
{
	for (int i = 0; needles[i]; i++)
		if (console_has_since(machine->console, mark, needles[i]))
			return i;
	return -ENOENT;
}

int machine_console_wait_any(struct machine *machine, uint64_t mark, const char *const *needles,
			     const struct patience *p, struct err *e)
{
	uint64_t seen = 0;

	for (;;) {
		machine_take_in(machine);
		int r = console_mark(machine->console) != seen ? said_since(machine, mark, needles)
							       : -ENOENT;
		if (r >= 0)
			return r;
		seen = console_mark(machine->console);
		if (machine->ended)
			(void)machine_end_error(machine, e);
		if (machine->ended || machine_pump(machine, p, "the console", e) < 0)
			return err_wrap(e, "the console never said \"%s\"%s", needles[0],
					needles[1] ? ", nor what else was waited for" : "");
	}
}

int machine_console_wait(struct machine *machine, uint64_t mark, const char *needle,
			 const struct patience *p, struct err *e)
{
	return machine_console_wait_any(machine, mark, (const char *const[]){needle, NULL}, p, e);
}
