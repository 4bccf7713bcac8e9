/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU's machine protocol: one JSON object a line, both ways. */
#include "host/driver/qemu/qmp.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"

#define PIECE 16384

struct qmp {
	int fd;
	struct vm_events *events;
	struct text in;
	long long last_id; /* of the newest command; answers to older ones are nobody's */
	json_t *answer;	   /* to last_id; NULL until it came */
	bool greeted;
};

static int send_all(struct qmp *qmp, const struct patience *p, const char *line, struct err *e)
{
	log_debug("qmp", "-> %s", line);
	int r = wait_write(p, qmp->fd, line, strlen(line), "QEMU to take a command", e);

	if (r < 0 && e->blame == BLAME_GUEST)
		e->blame = BLAME_HOST;
	return r;
}

struct qmp *qmp_new(int fd, struct vm_events *events)
{
	static const char line[] = "{\"execute\":\"qmp_capabilities\",\"id\":1}\n";
	struct qmp *qmp = xnew(sizeof *qmp);
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	*qmp = (struct qmp){
		.fd = fd, .events = events, .in = TEXT_INIT(QMP_LINE_MAX), .last_id = 1};
	/* Sent before QEMU listens: it lies in the socket until then, and saves a round trip. When the socket is
	 * closed already the first wait says so. */
	(void)!send(fd, line, sizeof line - 1, MSG_NOSIGNAL);
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	scope_close(&qmp->fd);
	text_done(&qmp->in);
	json_decref(qmp->answer);
	free(qmp);
}

int qmp_fd(const struct qmp *qmp)
{
	return qmp->fd;
}

static void take_event(struct qmp *qmp, const json_t *message, const char *name)
{
	const json_t *data = json_object_get(message, "data");

	vm_events_add(qmp->events, name,
		      json_is_object(data) ? json_dumps(data, JSON_COMPACT) : NULL);
}

static int take_line(struct qmp *qmp, const char *line, size_t length, struct err *e)
{
	json_error_t why;
	json_t *message = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
	const char *event = json_string_value(json_object_get(message, "event"));
	const json_t *id = json_object_get(message, "id");

	log_debug("qmp", "<- %.*s", (int)length, line);
	if (!json_is_object(message)) {
		json_decref(message);
		return err_set(e, BLAME_HOST, EBADMSG, "QEMU said something that is no QMP: %s",
			       why.text);
	}
	if (event) {
		take_event(qmp, message, event);
	} else if (json_object_get(message, "QMP")) {
		qmp->greeted = true;
	} else if (json_is_integer(id) && json_integer_value(id) == qmp->last_id) {
		json_decref(qmp->answer);
		qmp->answer = json_incref(message);
	}
	json_decref(message);
	return 0;
}

int qmp_feed(struct qmp *qmp, const char *bytes, size_t length, struct err *e)
{
	size_t used = 0, seen = qmp->in.length;
	int r = 0;

	if (text_add(&qmp->in, bytes, length) < 0)
		return err_set(e, BLAME_HOST, EMSGSIZE, "QEMU sent a line of more than %u bytes",
			       QMP_LINE_MAX);
	for (char *newline;
	     r == 0 && (newline = memchr(qmp->in.buf + seen, '\n', qmp->in.length - seen));) {
		size_t end = (size_t)(newline - qmp->in.buf);
		if (end > used && !(end == used + 1 && qmp->in.buf[used] == '\r'))
			r = take_line(qmp, qmp->in.buf + used, end - used, e);
		used = seen = end + 1;
	}
	if (used > 0) {
		memmove(qmp->in.buf, qmp->in.buf + used, qmp->in.length - used);
		text_cut(&qmp->in, qmp->in.length - used);
	}
	return r;
}

int qmp_collect(struct qmp *qmp, struct err *e)
{
	char piece[PIECE];

	for (;;) {
		ssize_t n = read(qmp->fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return err_set(e, BLAME_HOST, ECONNRESET, "QEMU closed its control socket");
		int r = qmp_feed(qmp, piece, (size_t)n, e);
		if (r < 0)
			return r;
	}
}

/* Waits for more from QEMU and takes it in. */
static int pump(struct qmp *qmp, const struct patience *p, const char *what, struct err *e)
{
	int r = wait_fd(p, qmp->fd, POLLIN, what, e);

	if (r < 0 && e->blame == BLAME_GUEST)
		e->blame = BLAME_HOST;
	return r < 0 ? r : qmp_collect(qmp, e);
}

/* Gives the answer to last_id. */
static int await_answer(struct qmp *qmp, const struct patience *p, const char *command,
			json_t **ret, struct err *e)
{
	while (!qmp->answer) {
		int r = pump(qmp, p, command, e);
		if (r < 0 && !qmp->answer)
			return r;
	}
	*ret = STEAL_PTR(qmp->answer);
	return 0;
}

static int judge_answer(json_t *answer, const char *command, struct text *reply, struct err *e)
{
	const json_t *error = json_object_get(answer, "error");
	const json_t *value = json_object_get(answer, "return");
	const char *why = json_string_value(json_object_get(error, "desc"));

	if (error || !value)
		return err_set(e, BLAME_HOST, EREMOTEIO, "QEMU refused %s: %s", command,
			       why ? why : "no reason given");
	if (!reply)
		return 0;
	CLEAN_FREE char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text || text_adds(reply, text) < 0)
		return err_set(e, BLAME_HOST, EMSGSIZE,
			       "QEMU's answer to %s is longer than %zu bytes", command,
			       reply->maximum);
	return 0;
}

int qmp_await_ready(struct qmp *qmp, const struct patience *p, struct err *e)
{
	json_t *answer = NULL;

	if (qmp->last_id != 1)
		return 0;
	int r = await_answer(qmp, p, "qmp_capabilities", &answer, e);
	if (r == 0)
		r = judge_answer(answer, "qmp_capabilities", NULL, e);
	json_decref(answer);
	qmp->last_id++; /* of no command: the answer counts once */
	return r;
}

/* The whole line of a command; NULL with *e set when the arguments are no JSON object. */
static char *command_line(struct qmp *qmp, const char *command, const char *arguments,
			  struct err *e)
{
	json_error_t why;
	json_t *parsed = arguments ? json_loads(arguments, 0, &why) : json_object();

	if (!json_is_object(parsed)) {
		json_decref(parsed);
		(void)err_set(e, BLAME_BUG, EINVAL, "the arguments of %s are no JSON object: %s",
			      command, arguments);
		return NULL;
	}
	json_t *message = json_pack("{s:s, s:I, s:o}", "execute", command, "id",
				    (json_int_t)++qmp->last_id, "arguments", parsed);
	CLEAN_FREE char *text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	json_decref(qmp->answer);
	qmp->answer = NULL;
	return xasprintf("%s\n", text ? text : "");
}

int qmp_execute(struct qmp *qmp, const struct patience *p, const char *command,
		const char *arguments, struct text *reply, struct err *e)
{
	json_t *answer = NULL;
	int r = qmp_await_ready(qmp, p, e);

	if (r < 0)
		return r;
	CLEAN_FREE char *line = command_line(qmp, command, arguments, e);
	if (!line)
		return -e->code;
	r = send_all(qmp, p, line, e);
	if (r == 0)
		r = await_answer(qmp, p, command, &answer, e);
	if (r == 0)
		r = judge_answer(answer, command, reply, e);
	json_decref(answer);
	return r;
}

int qmp_give_fd(struct qmp *qmp, const struct patience *p, const char *name, int fd, struct err *e)
{
	CLEAN_FREE char *arguments = xasprintf("{\"fdname\":\"%s\"}", name);
	union {
		char bytes[CMSG_SPACE(sizeof fd)];
		struct cmsghdr align;
	} control = {0};
	json_t *answer = NULL;
	int r = qmp_await_ready(qmp, p, e);

	if (r < 0)
		return r;
	CLEAN_FREE char *line = command_line(qmp, "getfd", arguments, e);
	if (!line)
		return -e->code;
	struct iovec bytes = {.iov_base = line, .iov_len = strlen(line)};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	*header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(qmp->fd, &message, MSG_NOSIGNAL) != (ssize_t)bytes.iov_len)
		return err_set(e, BLAME_HOST, errno, "hand a descriptor to QEMU: %m");
	r = await_answer(qmp, p, "getfd", &answer, e);
	if (r == 0)
		r = judge_answer(answer, "getfd", NULL, e);
	json_decref(answer);
	return r;
}

int qmp_await_event(struct qmp *qmp, const struct patience *p, uint64_t since, const char *name,
		    const struct vm_event **ret, struct err *e)
{
	while (!(*ret = vm_events_find(qmp->events, since, name))) {
		int r = pump(qmp, p, name, e);
		if (r < 0 && !(*ret = vm_events_find(qmp->events, since, name)))
			return r;
	}
	return 0;
}
