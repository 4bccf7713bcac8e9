/* SPDX-License-Identifier: Apache-2.0 */
/* assay guest: how a case that is a program on the host reaches its machine. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "host/cases/host_program.h"
#include "host/cli/verb.h"
#include "wire/frame.h"

#define STDIN_MAX    (1U << 20)
#define REPLY_MAX    (5U << 20)
#define EXIT_REFUSED 1	 /* the guest said no */
#define EXIT_TIMEOUT 124 /* as timeout(1) */

#define LINE(name, arguments, least, most, help) "  " name arguments ": " help "\n"
#define BEFORE                                                                                     \
	"For programs that `assay run --cases` starts: ASSAY_SOCKET tells them where the machine is.\n"
#define AFTER                                                                                              \
	"Exit status: 0 done, 1 the guest said no, of exec that of the program, 124 it ran out of time,\n" \
	"64 usage, 70 the machine cannot be reached."
static const char details[] = BEFORE REACH_VERBS(LINE) "\n" AFTER;

static int run(int argc, char **argv, struct err *e);

const struct verb verb_guest = {
	.name = "guest",
	.operands = "VERB [ARG...]",
	.title = "reach the machine, from a case that is a program on the host",
	.run = run,
	.details = details,
};

static int connect_machine(int *ret, struct err *e)
{
	const char *path = secure_getenv(ENV_SOCKET);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!path || !path[0])
		return err_set(e, BLAME_USER, EINVAL,
			       ENV_SOCKET " is not set: `assay guest` is for programs that "
					  "`assay run --cases` starts");
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(e, BLAME_USER, ENAMETOOLONG, ENV_SOCKET " is too long");
	memcpy(address.sun_path, path, strlen(path));
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return err_set(e, BLAME_HOST, errno, "connect to %s: %m", path);
	*ret = STEAL_FD(fd);
	return 0;
}

static int add_stdin(struct text *out, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(STDIN_MAX);
	int r = text_read_fd(&content, STDIN_FILENO);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read what is to be written (at most %u KiB): %m",
			       STDIN_MAX >> 10);
	if (memchr(content.buf, '\0', content.length))
		return err_set(e, BLAME_USER, EINVAL,
			       "only text can be written, without NUL bytes");
	field_bytes(out, FIELD_TEXT, content.buf, content.length);
	return 0;
}

static int ask(int fd, const struct text *request, struct text *answer, struct frame *ret,
	       struct err *e)
{
	struct patience p = patience_for_user(-1);
	long used;

	int r = wait_write(&p, fd, request->buf, request->length, "the machine", e);
	while (r == 0 && (used = frame_parse(answer->buf, answer->length, ret, e)) <= 0) {
		char piece[16384];
		if (used < 0)
			return (int)used;
		ssize_t n = read(fd, piece, sizeof piece);
		if (n <= 0)
			return err_set(e, BLAME_HOST, ECONNRESET,
				       "the machine is gone: no answer came");
		if (text_add(answer, piece, (size_t)n) < 0)
			return err_set(e, BLAME_HOST, EMSGSIZE, "the answer is too long");
	}
	return r;
}

/* "exit N", "signal N" or "timeout" on the first line; the output follows. */
static int tell_execution(const struct text *reply, struct err *e)
{
	size_t line = strcspn(reply->buf, "\n");
	CLEAN_FREE char *first = strndup(reply->buf, line);
	const char *output = reply->buf + line + (reply->buf[line] == '\n');
	CLEAN_TEXT struct text out = TEXT_INIT(REPLY_MAX);
	long long number = 0;

	(void)text_add(&out, output, (size_t)(reply->buf + reply->length - output));
	int r = print_out(&out, e);
	if (r < 0)
		return r;
	if (first && has_prefix(first, "exit ") && number_parse(first + 5, 0, 255, &number) == 0)
		return (int)number;
	if (first && has_prefix(first, "signal ") && number_parse(first + 7, 0, 127, &number) == 0)
		return 128 + (int)number;
	return EXIT_TIMEOUT;
}

static int tell(const struct frame *frame, const char *verb, struct err *e)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(REPLY_MAX);
	struct field field;
	int code = 0, r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key == FIELD_CODE)
			code = (int)field_value(&field);
		else if (field.key == FIELD_TEXT)
			(void)text_add(&reply, field.bytes, field.length);
	}
	if (r < 0)
		return r;
	if (strcmp(verb, "exec") == 0 && (code == 0 || code == ETIMEDOUT))
		return tell_execution(&reply, e);
	/* What QEMU answers is JSON, and ends without a line break. */
	if (code == 0 && strcmp(verb, "qmp") == 0 && reply.length > 0 &&
	    reply.buf[reply.length - 1] != '\n')
		text_adds(&reply, "\n");
	if (code == 0)
		return print_out(&reply, e);
	(void)err_set(e, BLAME_GUEST, code, "%s: %s%s%m", verb, reply.buf,
		      reply.length > 0 ? ": " : "");
	print_error(e);
	return EXIT_REFUSED;
}

static int check_request(int argc, char **argv, struct err *e)
{
	const char *names[32] = {NULL};
	int count = argc - 2 + (argc > 1 && strcmp(argv[1], "write") == 0);

	if (argc < 2)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay guest needs VERB; see `assay guest --help`");
	const struct reach_verb *verb = reach_find(argv[1]);
	for (size_t i = 0; reach_verbs[i].name && i + 1 < ARRAY_LEN(names); i++)
		names[i] = reach_verbs[i].name;
	const char *near = verb ? NULL : nearest_word(argv[1], names);
	if (near)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay guest knows no '%.40s'; did you mean '%s'?", argv[1], near);
	if (!verb)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay guest knows no '%.40s'; see `assay guest --help`", argv[1]);
	if (count < verb->least || count > verb->most)
		return err_set(e, BLAME_USER, EINVAL, "usage: assay guest %s%s", verb->name,
			       verb->arguments);
	return 0;
}

static int run(int argc, char **argv, struct err *e)
{
	CLEAN_TEXT struct text request = TEXT_INIT(4U << 20), answer = TEXT_INIT(REPLY_MAX);
	CLEAN_FD int fd = -1;
	struct frame frame;

	/* Options behind the verb are the program's in the guest. */
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		argc = 2;
		int r = verb_parse(&verb_guest, &argc, argv, 0, 0, NULL, e);
		return r < 0 ? r : 0;
	}
	int r = check_request(argc, argv, e);
	if (r == 0)
		r = connect_machine(&fd, e);
	if (r < 0)
		return r;
	frame_open(&request, FRAME_CALL);
	field_text(&request, FIELD_NAME, argv[1]);
	for (int i = 2; i < argc; i++)
		field_text(&request, FIELD_TEXT, argv[i]);
	if (strcmp(argv[1], "write") == 0)
		r = add_stdin(&request, e);
	frame_close(&request);
	if (r == 0)
		r = ask(fd, &request, &answer, &frame, e);
	return r == 0 ? tell(&frame, argv[1], e) : r;
}
