/* SPDX-License-Identifier: Apache-2.0 */
/* What a program on the host asks of its machine. */
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "host/cases/host_program.h"
#include "host/cases/host_trial.h"
#include "wire/frame.h"

#define REQUEST_MAX	(2U << 20)
#define REQUEST_SPAN_NS (10 * NS_PER_S) /* for a request to come as a whole */

#define ROW(...) {__VA_ARGS__},
const struct reach_verb reach_verbs[] = {REACH_VERBS(ROW){NULL, NULL, 0, 0, NULL}};

const struct reach_verb *reach_find(const char *name)
{
	for (const struct reach_verb *verb = reach_verbs; verb->name; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}

struct request {
	char verb[32];
	char *arguments[REACH_ARGUMENTS_MAX + 1]; /* owned */
	size_t count;
};

static void request_done(struct request *request)
{
	for (size_t i = 0; i < request->count; i++)
		free(request->arguments[i]);
}
DEFINE_CLEAN_DONE(request);

/* ---- the verbs that are not the agent's ---- */

static int ask_reboot(struct host_trial *t, const struct request *request, struct text *reply,
		      int *ret_code, struct err *e)
{
	struct boot_report report = {.console_tail = TEXT_INIT(8192)};
	CLEAN_TEXT struct text ignored = TEXT_INIT(4096);
	long long seconds = 600;
	int code;

	if (request->count > 0 && number_parse(request->arguments[0], 1, 86400, &seconds) < 0) {
		(void)text_adds(reply, "SECONDS is a number");
		*ret_code = EINVAL;
		return 0;
	}
	struct patience p = patience_within(&t->patience, (uint64_t)seconds * NS_PER_S);
	/* The agent may be gone before it has answered. */
	(void)machine_call(t->machine, &p, "reboot", NULL, &ignored, &code, e);
	err_clear(e);
	int r = machine_wait_agent(t->machine, &p, &report, e);
	if (r < 0 && e->blame == BLAME_GUEST) {
		(void)text_adds(reply, report.sentence[0] ? report.sentence : e->text);
		*ret_code = ETIMEDOUT;
		err_clear(e);
		r = 0;
	}
	boot_report_done(&report);
	return r;
}

static int ask_qmp(struct host_trial *t, const struct request *request, struct text *reply,
		   int *ret_code, struct err *e)
{
	int r = machine_qmp(t->machine, &t->patience, request->arguments[0],
			    request->count > 1 ? request->arguments[1] : NULL, reply, e);

	/* A refusal of QEMU's is an answer. */
	if (r < 0 && e->code != ECANCELED && machine_is_alive(t->machine)) {
		text_clear(reply);
		(void)text_adds(reply, e->text);
		*ret_code = EREMOTEIO;
		err_clear(e);
		return 0;
	}
	return r;
}

static int ask_agent(struct host_trial *t, const struct request *request, struct text *reply,
		     int *ret_code, struct err *e)
{
	int r = machine_call(t->machine, &t->patience, request->verb,
			     (const char *const *)request->arguments, reply, ret_code, e);

	/* A guest that does not answer is for the program to judge. */
	if (r < 0 && e->blame == BLAME_GUEST) {
		text_clear(reply);
		(void)text_adds(reply, e->text);
		*ret_code = ECONNRESET;
		err_clear(e);
		return 0;
	}
	return r;
}

static int answer(struct host_trial *t, const struct request *request, struct text *reply,
		  int *ret_code, struct err *e)
{
	const struct reach_verb *verb = reach_find(request->verb);

	if (!verb || (int)request->count < verb->least || (int)request->count > verb->most) {
		(void)text_addf(reply, "usage: %s%s", verb ? verb->name : "there is no such verb",
				verb ? verb->arguments : "");
		*ret_code = EINVAL;
		return 0;
	}
	if (strcmp(verb->name, "console") == 0)
		return machine_console_since(t->machine, t->console_mark, reply, e);
	if (strcmp(verb->name, "qmp") == 0)
		return ask_qmp(t, request, reply, ret_code, e);
	if (strcmp(verb->name, "reboot") == 0)
		return ask_reboot(t, request, reply, ret_code, e);
	return ask_agent(t, request, reply, ret_code, e);
}

/* ---- the socket ---- */

static int read_request(const struct frame *frame, struct request *ret, struct err *e)
{
	struct field field;
	int r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key == FIELD_NAME) {
			field_string(&field, ret->verb, sizeof ret->verb);
		} else if (field.key == FIELD_TEXT) {
			if (ret->count == REACH_ARGUMENTS_MAX ||
			    memchr(field.bytes, '\0', field.length))
				return -EINVAL;
			char *copy = xnew(field.length + 1);
			if (field.length > 0)
				memcpy(copy, field.bytes, field.length);
			ret->arguments[ret->count++] = copy;
		}
	}
	return r;
}

/* Until a whole frame is there; true when it is a call. */
static bool take_request(const struct patience *p, int fd, struct text *bytes, struct request *ret)
{
	struct frame frame;
	struct err ignored = {0};
	long used = 0;

	while ((used = frame_parse(bytes->buf, bytes->length, &frame, &ignored)) == 0) {
		char piece[16384];
		if (wait_fd(p, fd, POLLIN, "a request", &ignored) < 0)
			return false;
		ssize_t n = read(fd, piece, sizeof piece);
		if (n <= 0 || text_add(bytes, piece, (size_t)n) < 0)
			return false;
	}
	return used > 0 && frame.type == FRAME_CALL && read_request(&frame, ret, &ignored) == 0;
}

static void send_reply(const struct patience *p, int fd, int code, const struct text *reply)
{
	CLEAN_TEXT struct text out = TEXT_INIT(HOST_REPLY_MAX + 4096);
	struct err ignored = {0}; /* who does not wait for the answer does not get it */

	frame_open(&out, FRAME_REPLY);
	field_number(&out, FIELD_CODE, (uint64_t)code);
	field_bytes(&out, FIELD_TEXT, reply->buf, reply->length);
	frame_close(&out);
	(void)wait_write(p, fd, out.buf, out.length, "the program to take its answer", &ignored);
}

int reach_serve(struct host_trial *t, int listener, struct err *e)
{
	/* cppcheck-suppress nullPointer ; accept4(2) may be told nothing of the peer */
	CLEAN_FD int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CLEAN_TEXT struct text bytes = TEXT_INIT(REQUEST_MAX),
			       reply = TEXT_INIT(HOST_REPLY_MAX - 65536);
	CLEAN_DONE(request) struct request request = {.count = 0};
	struct patience p = patience_within(&t->patience, REQUEST_SPAN_NS);
	int code = 0;

	if (fd < 0 || !take_request(&p, fd, &bytes, &request))
		return 0;
	int r = answer(t, &request, &reply, &code, e);
	if (r < 0)
		return r;
	p = patience_within(&t->patience, REQUEST_SPAN_NS);
	send_reply(&p, fd, code, &reply);
	return 0;
}
