/* SPDX-License-Identifier: Apache-2.0 */
/* The resident loop. */
#include "guest/serve.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "guest/call.h"
#include "guest/case_process.h"
#include "guest/resident.h"
#include "guest/runner.h"

#ifndef ASSAY_VERSION
#define ASSAY_VERSION "unknown"
#endif

#define FACTS_MAX 16384

/* Whether a greeting is owed: one at the start, whenever a host turns up, and one for each that the host sends. A fork's
 * host sends none and must not get one in between. */
struct service {
	struct port *port;
	struct standby standby;
	bool owes_greeting;
	bool is_over;
};

static void greet(struct service *service)
{
	CLEAN_TEXT struct text facts = TEXT_INIT(FACTS_MAX);
	struct text *out = &service->port->out;

	facts_add(&facts);
	frame_open(out, FRAME_HELLO);
	field_number(out, FIELD_PROTOCOL, FRAME_PROTOCOL);
	field_text(out, FIELD_VERSION, ASSAY_VERSION);
	field_bytes(out, FIELD_TEXT, facts.buf, facts.length);
	frame_close(out);
	service->owes_greeting = port_send(service->port) < 0;
}

/* A woken fork: every microsecond of it counts. */
static void answer_resume(struct service *service, const struct frame *frame)
{
	unsigned long long wall_ns = 0;
	struct field field, entropy = {.bytes = ""};
	struct err e = {0};

	for (size_t at = 0; frame_next(frame, &at, &field, &e) > 0;) {
		if (field.key == FIELD_NUMBER)
			wall_ns = field_value(&field);
		else if (field.key == FIELD_BYTES)
			entropy = field;
	}
	if (wall_ns > 0)
		resident_wake(wall_ns, entropy.bytes, entropy.length);
	frame_open(&service->port->out, FRAME_RESUMED);
	frame_close(&service->port->out);
	(void)port_send(service->port);
}

static void reply(struct service *service, int code, const char *text)
{
	struct text *out = &service->port->out;

	frame_open(out, FRAME_REPLY);
	field_number(out, FIELD_CODE, (uint64_t)code);
	field_text(out, FIELD_TEXT, text);
	frame_close(out);
	(void)port_send(service->port);
}

static void answer_stand_by(struct service *service)
{
	struct err e = {0};

	reply(service, -standby_start(&service->standby, &e), e.text);
}

/* The new agent greets. When it cannot be executed this one goes on, and says why by its greeting's absence: a REPLY. */
static void take_new_self(struct service *service, const struct frame *frame)
{
	struct port *port = service->port;
	struct field field;
	struct err e = {0};
	int r = frame_find(frame, FIELD_BYTES, &field, &e);

	if (r == 0)
		r = err_set(&e, BLAME_HOST, EINVAL, "there is no agent in the frame");
	else if (port->in_fd != port->out_fd)
		r = err_set(&e, BLAME_HOST, ENOTSUP,
			    "an agent over stdin and stdout cannot take a new one");
	else if (r > 0) {
		standby_done(&service->standby); /* it would run the old one's cases */
		r = resident_execute(field.bytes, field.length, port->in_fd, &e);
	}
	reply(service, -r, e.text);
}

static void answer_call(struct service *service, const struct frame *frame)
{
	call_after_fn *after = NULL;

	call_answer(frame, &service->port->out, &after);
	(void)port_send(service->port);
	if (after)
		after();
}

static void take_frame(struct service *service, struct frame *frame);

static void answer_run(struct service *service, const struct frame *frame)
{
	struct run_order order;
	struct frame next;
	struct err e = {0};

	if (run_order_read(frame, &order, &e) < 0)
		return;
	enum run_end end = run_case(service->port, &order, &service->standby, &next);
	run_order_done(&order);
	if (end == RUN_INTERRUPTED)
		take_frame(service, &next);
}

static void take_frame(struct service *service, struct frame *frame)
{
	switch (frame->type) {
	case FRAME_HELLO:
		service->owes_greeting = true;
		break;
	case FRAME_LOAD:
		take_new_self(service, frame);
		break;
	case FRAME_RESUME:
		answer_resume(service, frame);
		break;
	case FRAME_STAND_BY:
		answer_stand_by(service);
		break;
	case FRAME_RUN:
		answer_run(service, frame);
		break;
	case FRAME_CALL:
		answer_call(service, frame);
		break;
	case FRAME_BYE:
		service->is_over = true;
		break;
	default: /* a CANCEL that comes after the result, or a type of another protocol */
		break;
	}
}

int serve(struct port *port)
{
	struct service service = {
		.port = port,
		.standby = STANDBY_NONE,
		.owes_greeting = true,
	};
	struct frame frame;
	int r = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	while (!service.is_over) {
		if (service.owes_greeting && port_has_host(port))
			greet(&service);
		port_wait(port, -1);
		r = port_fill(port);
		if (r < 0)
			break;
		while (!service.is_over && port_next(port, &frame) > 0)
			take_frame(&service, &frame);
	}
	standby_done(&service.standby);
	reap_strays();
	return r == -ENODEV ? r : 0;
}
