/* SPDX-License-Identifier: Apache-2.0 */
/* Running one case in the guest, and deciding when the guest cannot. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/machine/bundle.h"
#include "host/machine/internal.h"
#include "host/machine/program.h"

/* After the case's own limit, for the agent to end it and say so. */
#define GRACE_NS       (10 * NS_PER_S)
#define PARAMETERS_MAX 65536
/* After a fault on the console, for the rest of its trace to come. */
#define TRACE_SPAN_NS (1 * NS_PER_S)
/* After the agent has gone, for the guest to show why: a panic, a restart, or another agent. */
#define GONE_SPAN_NS (3 * NS_PER_S)
#define LOOK_SPAN_NS (500 * NS_PER_MS)

/* One execution while it is under way. */
struct execution {
	struct machine *machine;
	const struct case_info *info;
	struct result *result;
	uint64_t console_mark, events_mark;
	bool is_fault_doubtful;
	char kernel_fault
		[512]; /* the first kernel log line of the case that is a fault, with its meaning; "" none */
	bool has_check;
};

static void send_run(const struct execution *x, unsigned flags, const char *parameters,
		     unsigned timeout_s)
{
	struct text *out = agent_out(x->machine->agent);

	frame_open(out, FRAME_RUN);
	field_text(out, FIELD_ID, x->result->id);
	field_number(out, FIELD_FLAGS, flags);
	field_number(out, FIELD_TIMEOUT, timeout_s);
	field_text(out, FIELD_TEXT, parameters ? parameters : "");
	frame_close(out);
}

static void evidence_check(struct text *evidence, const struct check_record *check)
{
	(void)text_addf(evidence, "check failed: %s", check->expression);
	if (check->row[0])
		(void)text_addf(evidence, " [%s]", check->row);
	if (check->want[0])
		(void)text_addf(evidence, ": got %s, want %s", check->got, check->want);
	else if (check->got[0])
		(void)text_addf(evidence, ": %s", check->got);
	if (check->line > 0)
		(void)text_addf(evidence, " (%s:%u)", check->file, check->line);
	text_adds(evidence, "\n");
}

static int take_check(struct execution *x, const struct frame *frame, struct err *e)
{
	struct check_record check = {0};
	struct field field;
	int r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		switch (field.key) {
		case FIELD_EXPRESSION:
			field_string(&field, check.expression, sizeof check.expression);
			break;
		case FIELD_GOT:
			field_string(&field, check.got, sizeof check.got);
			break;
		case FIELD_WANT:
			field_string(&field, check.want, sizeof check.want);
			break;
		case FIELD_FILE:
			field_string(&field, check.file, sizeof check.file);
			break;
		case FIELD_ROW:
			field_string(&field, check.row, sizeof check.row);
			break;
		case FIELD_LINE:
			check.line = (unsigned)field_value(&field);
			break;
		default:
			break;
		}
	}
	if (r < 0)
		return r;
	evidence_check(&x->result->evidence, &check);
	if (!x->has_check)
		x->result->check = check;
	x->has_check = true;
	return 0;
}

/* The agent sends an outcome by its name or by its number. */
static int take_outcome(const struct field *field, enum outcome *ret)
{
	char name[16];
	uint64_t number = field_value(field);

	if (field->length == sizeof number) {
		*ret = (enum outcome)number;
		return number < OUTCOME_COUNT ? 0 : -EINVAL;
	}
	field_string(field, name, sizeof name);
	return outcome_parse(name, ret);
}

/* A test of a program's own. */
static int take_sub(struct execution *x, const struct frame *frame, struct err *e)
{
	char name[512] = "", message[1024] = "";
	struct sub_result sub = {.name = name, .message = message, .outcome = OUTCOME_BROKEN};
	struct field field;
	int r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		switch (field.key) {
		case FIELD_NAME:
			field_string(&field, name, sizeof name);
			break;
		case FIELD_MESSAGE:
			field_string(&field, message, sizeof message);
			break;
		case FIELD_OUTCOME:
			(void)take_outcome(&field, &sub.outcome);
			break;
		case FIELD_LINE:
			sub.line = (unsigned)field_value(&field);
			break;
		case FIELD_DURATION:
			sub.duration_ns = field_value(&field);
			break;
		case FIELD_FLAGS:
			sub.expected = field_value(&field) == 1;
			break;
		case FIELD_NUMBER:
			x->result->subs_cut += (unsigned)field_value(&field);
			break;
		default:
			break;
		}
	}
	if (r == 0 && name[0])
		result_add_sub(x->result, &sub);
	return r;
}

/* What cannot be is passed over: a guest's numbers are evidence, and no guest fails for them. */
static int take_measure(struct execution *x, const struct frame *frame, struct err *e)
{
	char name[MEASURE_NAME_SIZE] = "", unit[MEASURE_UNIT_SIZE] = "";
	enum measure_better better = MEASURE_LOWER;
	struct field field;
	int r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		switch (field.key) {
		case FIELD_NAME:
			field_string(&field, name, sizeof name);
			break;
		case FIELD_UNIT:
			field_string(&field, unit, sizeof unit);
			break;
		case FIELD_FLAGS:
			better = field_value(&field) == 1 ? MEASURE_HIGHER : MEASURE_LOWER;
			break;
		case FIELD_SAMPLE:
			(void)measures_add(&x->result->measures, name, unit, better,
					   field_double(&field));
			break;
		default:
			break;
		}
	}
	return r;
}

/* A text frame into the evidence, one line at a time, without control bytes; kernel log lines are scanned too: not
 * all of them reach the console. */
static int take_text(struct execution *x, const struct frame *frame, struct err *e)
{
	const struct patterns *patterns = frame->type == FRAME_KMSG ? patterns_shipped(e) : NULL;
	struct field field;
	char line[CONSOLE_LINE_MAX];
	int r = frame_find(frame, FIELD_TEXT, &field, e);

	if (r <= 0)
		return r;
	for (size_t at = 0; at < field.length;) {
		const char *end = memchr(field.bytes + at, '\n', field.length - at);
		size_t length = end ? (size_t)(end - field.bytes) - at : field.length - at;
		struct field piece = {.bytes = field.bytes + at, .length = length};
		field_string(&piece, line, sizeof line);
		(void)text_addf(&x->result->evidence, "%s%s\n",
				frame->type == FRAME_KMSG ? "kernel: " : "", line);
		const struct pattern *hit = patterns ? patterns_match(patterns, line) : NULL;
		if (hit && hit->severity != PATTERN_STAGE && !x->kernel_fault[0] &&
		    !case_expects(x->info->expects, hit->name)) {
			x->is_fault_doubtful = machine_doubts(x->machine, hit);
			(void)snprintf(x->kernel_fault, sizeof x->kernel_fault, "%s: %.300s",
				       hit->meaning, line);
		}
		at += length + 1;
	}
	return 0;
}

static int take_result(struct execution *x, const struct frame *frame, struct err *e)
{
	struct result *result = x->result;
	char id[CASE_ID_SIZE] = "";
	struct field field;
	int r, outcome = -EINVAL;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		switch (field.key) {
		case FIELD_ID:
			field_string(&field, id, sizeof id);
			break;
		case FIELD_OUTCOME:
			outcome = take_outcome(&field, &result->outcome);
			break;
		case FIELD_MESSAGE:
			field_string(&field, result->message, sizeof result->message);
			break;
		case FIELD_NEED:
			field_string(&field, result->need, sizeof result->need);
			break;
		case FIELD_PASSED:
			result->checks_passed = (unsigned)field_value(&field);
			break;
		case FIELD_FAILED:
			result->checks_failed = (unsigned)field_value(&field);
			break;
		case FIELD_DURATION:
			result->duration_ns = field_value(&field);
			break;
		default:
			break;
		}
	}
	if (r < 0)
		return r;
	if (strcmp(id, result->id) != 0)
		return err_set(e, BLAME_GUEST, EBADMSG, "the agent answered for another case, %s",
			       id);
	if (outcome < 0)
		return err_set(e, BLAME_GUEST, EBADMSG, "the agent sent no outcome that is known");
	return 0;
}

static bool is_open(const struct vm_event *change)
{
	json_t *data = json_loads(change->data, 0, NULL);
	bool open = json_is_true(json_object_get(data, "open"));

	json_decref(data);
	return open;
}

/* True when the guest has closed the agent's port since the case began, and not opened it again. The kernel does so for
 * a process that dies; the host's side of the port stays open. */
static bool agent_is_gone(const struct execution *x)
{
	const struct vm_events *events = &x->machine->vm->events;
	const struct vm_event *change;
	bool is_gone = false;

	for (uint64_t at = x->events_mark; (change = vm_events_find(events, at, "VSERPORT_CHANGE"));
	     at = change->number + 1)
		is_gone = !is_open(change);
	return is_gone;
}

/* A kernel that has panicked closes no port: only the console, or the device for it, says so. */
static bool guest_is_dead(const struct execution *x)
{
	return !case_expects(x->info->expects, "kernel-panic") &&
	       (vm_events_find(&x->machine->vm->events, x->events_mark, "GUEST_PANICKED") ||
		console_death_since(x->machine->console, x->console_mark));
}

/* As machine_next_frame, without waiting on and on for an agent that is no more. */
static int next_frame(struct execution *x, const struct patience *p, struct frame *ret,
		      struct err *e)
{
	uint64_t gone_span_ns = GONE_SPAN_NS * machine_slowness(&x->machine->spec);
	uint64_t here_ns = clock_now_ns();

	for (;;) {
		struct patience look = patience_within(p, LOOK_SPAN_NS);
		int r = machine_next_frame(x->machine, &look, ret, x->result->id, e);
		if (r != -ETIMEDOUT || patience_left_ns(p) == 0)
			return r;
		if (guest_is_dead(x))
			return err_set(e, BLAME_GUEST, ECONNRESET,
				       "the guest died during the case");
		if (!agent_is_gone(x))
			here_ns = clock_now_ns();
		else if (clock_now_ns() - here_ns > gone_span_ns)
			return err_set(
				e, BLAME_GUEST, ECONNRESET,
				"the agent ended during the case: it was killed, or it crashed");
		err_clear(e);
	}
}

/* Takes frames until the result: 0 it is there; an error decides nothing yet. */
static int take_frames(struct execution *x, const struct patience *p, struct err *e)
{
	struct frame frame;

	for (;;) {
		int r = next_frame(x, p, &frame, e);
		if (r < 0)
			return r;
		switch (frame.type) {
		case FRAME_CHECK:
			r = take_check(x, &frame, e);
			break;
		case FRAME_SUB:
			r = take_sub(x, &frame, e);
			break;
		case FRAME_MEASURE:
			r = take_measure(x, &frame, e);
			break;
		case FRAME_OUTPUT:
		case FRAME_KMSG:
			r = take_text(x, &frame, e);
			break;
		case FRAME_RESULT:
			return take_result(x, &frame, e);
		case FRAME_HELLO:
			(void)machine_greeted(x->machine, &frame, e);
			return err_set(e, BLAME_GUEST, ERESTART,
				       "the agent started anew during the case");
		default:
			return err_set(e, BLAME_GUEST, EBADMSG,
				       "the agent sent a frame of type %u in a case", frame.type);
		}
		if (r < 0)
			return r;
	}
}

static bool event_came(const struct execution *x, const char *name)
{
	return vm_events_find(&x->machine->vm->events, x->events_mark, name) != NULL;
}

/* Lets the console finish what it is saying. */
static void await_trace(struct execution *x, const struct patience *p)
{
	struct patience trace = patience_within(p, TRACE_SPAN_NS);
	struct err e = {0};

	while (!x->machine->ended && machine_pump(x->machine, &trace, "the console", &e) == 0)
		;
}

static void add_console(struct execution *x)
{
	struct text *evidence = &x->result->evidence;
	CLEAN_TEXT struct text said = TEXT_INIT(65536);
	struct err e = {0};

	int r = console_since(x->machine->console, x->console_mark, &said, &e);
	if (said.length > 0)
		(void)text_addf(evidence, "console:\n%s\n", said.buf);
	if (r < 0)
		(void)text_addf(evidence, "(%s)\n", e.text);
}

/* Whose fault a fault is. */
static void set_fault(struct result *result, bool is_doubtful, const char *fault)
{
	result_set(result, is_doubtful ? OUTCOME_INFRA : OUTCOME_FAIL, "during the case, %.400s%s",
		   fault,
		   is_doubtful ? "; under emulation this also comes from a host that is too busy"
			       : "");
	result->is_fault = true;
}

/* The first fault that the console shows and the case does not expect. */
static bool find_fault(const struct execution *x, struct machine_fault *ret)
{
	for (uint64_t mark = x->console_mark; machine_fault_after(x->machine, mark, ret);
	     mark = ret->mark)
		if (!case_expects(x->info->expects, ret->pattern))
			return true;
	return false;
}

/* What the console or the kernel log says outweighs what the case says. */
static void judge_console(struct execution *x, const struct patience *p)
{
	const struct console *console = x->machine->console;
	struct machine_fault fault;
	bool is_found = find_fault(x, &fault);

	if (!is_found && !x->kernel_fault[0])
		return;
	if (is_found) {
		await_trace(x, p);
		(void)snprintf(x->kernel_fault, sizeof x->kernel_fault, "%s: %s", fault.meaning,
			       fault.line);
		x->is_fault_doubtful = fault.is_doubtful;
		add_console(x);
	}
	set_fault(x->result, x->is_fault_doubtful, x->kernel_fault);
	if (console_death_since(console, x->console_mark)) {
		x->machine->agent_lost = true;
		(void)err_set(&x->machine->agent_error, BLAME_GUEST, ECONNRESET,
			      "the guest has died");
	}
}

/* The machine cannot be trusted with another case. */
static void abandon(struct machine *machine, const struct err *why)
{
	if (!machine->agent_lost)
		machine->agent_error = *why;
	machine->agent_lost = true;
}

/* No result came. Whose fault is it? Returns 0 when that makes a result, else the error. */
static int judge_silence(struct execution *x, const struct patience *p, struct err *e)
{
	struct result *result = x->result;
	struct machine *machine = x->machine;

	if (e->code == ECANCELED || e->blame == BLAME_BUG) {
		abandon(machine, e);
		return -e->code;
	}
	const struct console_hit *fault = console_fault_since(machine->console, x->console_mark);
	if (event_came(x, "GUEST_PANICKED") ||
	    console_death_since(machine->console, x->console_mark)) {
		await_trace(x, p);
		set_fault(result, fault && machine_doubts(machine, fault->pattern),
			  "the guest's kernel panicked");
	} else if (e->code == EHOSTDOWN && machine_powered_itself_off(machine)) {
		result_set(result, OUTCOME_FAIL, "the guest powered itself off during the case");
	} else if (e->code == EHOSTDOWN) {
		result_set(result, OUTCOME_INFRA, "%s", e->text);
	} else if (event_came(x, "RESET")) {
		result_set(result, OUTCOME_FAIL, "the guest restarted during the case");
	} else if (e->code == ETIMEDOUT) {
		result_set(result, OUTCOME_BROKEN,
			   "the agent did not answer within %u s and %u s of grace",
			   case_timeout_s(x->info) * machine_slowness(&machine->spec),
			   (unsigned)(GRACE_NS / NS_PER_S) * machine_slowness(&machine->spec));
	} else {
		result_set(result, OUTCOME_BROKEN, "%s", e->text);
	}
	abandon(machine, e);
	add_console(x);
	err_clear(e);
	return 0;
}

static int run_there(struct machine *machine, const struct case_info *info, unsigned flags,
		     const char *parameters, const struct patience *p, struct result *result,
		     struct err *e)
{
	unsigned timeout_s = case_timeout_s(info) * machine_slowness(&machine->spec);
	uint64_t start_ns = clock_now_ns();

	machine_take_in(machine); /* what was said before the case is not its fault */
	struct execution x = {
		.machine = machine,
		.info = info,
		.result = result,
		.console_mark = console_mark(machine->console),
		.events_mark = machine->vm->events.added,
	};
	struct patience limit = patience_within(
		p, timeout_s * NS_PER_S + GRACE_NS * machine_slowness(&machine->spec));
	result->sabotaged = (flags & RUN_SABOTAGE) != 0;
	send_run(&x, flags, parameters, timeout_s);
	int r = machine_send(machine, &limit, result->id, e);
	if (r == 0)
		r = take_frames(&x, &limit, e);
	if (r < 0)
		r = judge_silence(&x, p, e);
	if (r < 0)
		return r;
	machine_take_in(machine);
	judge_console(&x, p);
	/* The guest's figure leaves out the way to it. Longer than it took from here it cannot be. */
	uint64_t took_ns = clock_now_ns() - start_ns;
	if (result->duration_ns == 0 || result->duration_ns > took_ns)
		result->duration_ns = took_ns;
	result->wall_ns = clock_wall_ns();
	return 0;
}

int machine_run_case(struct machine *machine, const struct case_info *info, unsigned flags,
		     const char *parameters, const struct patience *p, struct result *result,
		     struct err *e)
{
	CLEAN_TEXT struct text told = TEXT_INIT(PARAMETERS_MAX);

	if (!machine_is_alive(machine))
		return err_set(e, BLAME_BUG, ENOTCONN, "%s/%s: the machine cannot be used any more",
			       info->area, info->name);
	if (machine_check_expected(info->expects, e) < 0) {
		result_set(result, OUTCOME_BROKEN, "%s", e->text);
		err_clear(e);
		return 0;
	}
	if (!info->program && !info->test)
		return run_there(machine, info, flags, parameters, p, result, e);
	(void)text_adds(&told, parameters ? parameters : "");
	int r = info->test ? bundle_bring(machine, info->test, p, &told, result, e)
			   : program_bring(machine, info, p, &told, result, e);
	result->wall_ns = clock_wall_ns();
	return r == 0 ? run_there(machine, info, flags, told.buf, p, result, e) : r < 0 ? r : 0;
}
