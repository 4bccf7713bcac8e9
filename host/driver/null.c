/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The null driver: machines that come at once and whose agent answers after a given latency. They are for tests of the
 * engine and for the bench: 200 of them cost next to nothing. Options, comma-separated:
 *
 *	boot_ms=N reboot_ms=N fork_ms=N case_ms=N    how long each takes (default 0)
 *	fail=ID skip=ID broken=ID        that case gets that outcome (may be repeated)
 *	die=ID hang=ID                   the machine ends during that case, or its agent falls silent
 *	bug=ID stall=ID                  its kernel log tells of a bug, or of a CPU that was stuck, during that case
 *	subs=ID                          that case tells two tests of its own, and that there was no room for seven
 *	measure=ID                       that case measures a "rate" of 12.5 MB/s, and what no value can be
 *	no_fork=1                        such machines cannot be frozen
 *	no_boot=1                        the guest powers itself off before its agent has greeted
 *	no_boot_in=NAME                  so does the machine in the folder of that name (may be repeated)
 *	fail_in=NAME                     every case fails on that machine, whatever else is said of it
 *	refuse=VERB garble=VERB          that call is answered with ENOENT, or by a frame that is no answer
 *
 * A case that is run with its sabotage fails. There is no thread in it: the stream's descriptor is a timer that fires
 * when the answer is due.
 */
#include "host/driver/driver.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "wire/frame.h"
#include "wire/outcome.h"

#define NULL_TEMPLATE "null-template"

struct null_stream {
	struct stream stream; /* fd: the timer */
	const char *options;
	bool fails;	 /* every case does */
	int ended_fd;	 /* of the VM; made readable by "die" */
	struct text in;	 /* what the host sent and is not yet understood */
	struct text out; /* the answers, readable when the timer has fired */
};

struct null_vm {
	struct vm vm;
	char *options;
};

/* The number of option `key`, 0 when it is not given. */
static uint64_t option_ms(const char *options, const char *key)
{
	char word[64];
	size_t length = strlen(key);
	long long value = 0;

	for (const char *at = options; at && *at; at += strspn(at, ",")) {
		size_t n = strcspn(at, ",");
		if (n > length + 1 && n < sizeof word && memcmp(at, key, length) == 0 &&
		    at[length] == '=') {
			(void)snprintf(word, sizeof word, "%.*s", (int)(n - length - 1),
				       at + length + 1);
			(void)number_parse(word, 0, 86400000, &value);
		}
		at += n;
	}
	return (uint64_t)value;
}

/* True when the options have "key=id". */
static bool option_names(const char *options, const char *key, const char *id)
{
	CLEAN_FREE char *wanted = xasprintf("%s=%s", key, id);
	size_t length = strlen(wanted);

	for (const char *at = options; at && *at; at += strspn(at, ",")) {
		size_t n = strcspn(at, ",");
		if (n == length && memcmp(at, wanted, n) == 0)
			return true;
		at += n;
	}
	return false;
}

/* True when "key=name" is there for the name of the machine's folder. */
static bool option_names_folder(const char *options, const char *key, const char *folder)
{
	const char *slash = folder ? strrchr(folder, '/') : NULL;

	return slash && option_names(options, key, slash + 1);
}

/* Makes the timer fire after `span_ns` (at once: after a nanosecond; 0 would disarm it). */
static void arm(struct null_stream *null, uint64_t span_ns)
{
	struct itimerspec timer = {
		.it_value.tv_sec = (time_t)(span_ns / NS_PER_S),
		.it_value.tv_nsec = (long)(span_ns % NS_PER_S),
	};

	if (span_ns == 0)
		timer.it_value.tv_nsec = 1;
	(void)timerfd_settime(null->stream.fd, 0, &timer, NULL);
}

static void say_hello(struct null_stream *null, uint64_t after_ns)
{
	frame_open(&null->out, FRAME_HELLO);
	field_number(&null->out, FIELD_PROTOCOL, FRAME_PROTOCOL);
	field_text(&null->out, FIELD_VERSION, "null");
	field_text(&null->out, FIELD_TEXT, "kernel=null\n");
	frame_close(&null->out);
	arm(null, after_ns);
}

static enum outcome outcome_of(const struct null_stream *null, const char *id, uint64_t flags)
{
	if (null->fails)
		return OUTCOME_FAIL;
	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		if (option_names(null->options, outcome_name((enum outcome)outcome), id))
			return (enum outcome)outcome;
	return flags & RUN_SABOTAGE ? OUTCOME_FAIL : OUTCOME_PASS;
}

static void say_kernel_line(struct null_stream *null, const char *line)
{
	frame_open(&null->out, FRAME_KMSG);
	field_text(&null->out, FIELD_TEXT, line);
	frame_close(&null->out);
}

static void say_subs(struct null_stream *null)
{
	static const char *const names[] = {"disk > reads", "disk > writes"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		frame_open(&null->out, FRAME_SUB);
		field_text(&null->out, FIELD_NAME, names[i]);
		field_text(&null->out, FIELD_OUTCOME, outcome_name(OUTCOME_PASS));
		field_text(&null->out, FIELD_MESSAGE, i == 1 ? "known" : "");
		field_number(&null->out, FIELD_LINE, i + 3);
		field_number(&null->out, FIELD_DURATION, NS_PER_MS);
		field_number(&null->out, FIELD_FLAGS, i == 1);
		frame_close(&null->out);
	}
	frame_open(&null->out, FRAME_SUB);
	field_number(&null->out, FIELD_NUMBER, 7);
	frame_close(&null->out);
}

static void say_measures(struct null_stream *null)
{
	static const char *const names[] = {"rate", "no name", "nothing"};
	const double samples[] = {12.5, 1, NAN};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		frame_open(&null->out, FRAME_MEASURE);
		field_text(&null->out, FIELD_NAME, names[i]);
		field_text(&null->out, FIELD_UNIT, "MB/s");
		field_number(&null->out, FIELD_FLAGS, 1);
		field_sample(&null->out, samples[i]);
		frame_close(&null->out);
	}
}

static void answer_run(struct null_stream *null, const char *id, uint64_t flags)
{
	uint64_t span_ns = option_ms(null->options, "case_ms") * NS_PER_MS;
	enum outcome outcome = outcome_of(null, id, flags);

	if (option_names(null->options, "hang", id))
		return;
	if (option_names(null->options, "die", id)) {
		(void)eventfd_write(null->ended_fd, 1);
		return;
	}
	if (option_names(null->options, "bug", id))
		say_kernel_line(null, "[    7.000000] kernel BUG at mm/slub.c:3911!\n");
	if (option_names(null->options, "stall", id))
		say_kernel_line(
			null, "[    7.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 26s!\n");
	if (option_names(null->options, "subs", id))
		say_subs(null);
	if (option_names(null->options, "measure", id))
		say_measures(null);
	frame_open(&null->out, FRAME_RESULT);
	field_text(&null->out, FIELD_ID, id);
	field_text(&null->out, FIELD_OUTCOME, outcome_name(outcome));
	if (outcome != OUTCOME_PASS)
		field_text(&null->out, FIELD_MESSAGE, "so the null driver was told");
	if (outcome == OUTCOME_SKIP)
		field_text(&null->out, FIELD_NEED, "null");
	field_number(&null->out, FIELD_PASSED, 1);
	field_number(&null->out, FIELD_FAILED, outcome == OUTCOME_FAIL);
	field_number(&null->out, FIELD_DURATION, span_ns);
	frame_close(&null->out);
	arm(null, span_ns);
}

/* All that are not named in the options succeed and do nothing, but for "reboot": then the next greeting comes. */
static void answer_call(struct null_stream *null, const struct frame *frame)
{
	struct field field;
	char verb[32] = "";
	struct err e = {0};

	if (frame_find(frame, FIELD_NAME, &field, &e) > 0)
		field_string(&field, verb, sizeof verb);
	frame_open(&null->out,
		   option_names(null->options, "garble", verb) ? FRAME_RESUMED : FRAME_REPLY);
	field_number(&null->out, FIELD_CODE,
		     option_names(null->options, "refuse", verb) ? ENOENT : 0);
	field_text(&null->out, FIELD_TEXT, "");
	frame_close(&null->out);
	if (strcmp(verb, "reboot") == 0)
		say_hello(null, option_ms(null->options, "reboot_ms") * NS_PER_MS);
	else
		arm(null, 0);
}

static void answer(struct null_stream *null, const struct frame *frame)
{
	struct err e = {0};
	struct field field;
	char id[CASE_ID_SIZE] = "";
	uint64_t flags = 0;

	switch (frame->type) {
	case FRAME_LOAD:
		say_hello(null, 0);
		break;
	case FRAME_RESUME:
		frame_open(&null->out, FRAME_RESUMED);
		frame_close(&null->out);
		arm(null, 0);
		break;
	case FRAME_RUN:
		for (size_t at = 0; frame_next(frame, &at, &field, &e) > 0;) {
			if (field.key == FIELD_ID)
				field_string(&field, id, sizeof id);
			if (field.key == FIELD_FLAGS)
				flags = field_value(&field);
		}
		answer_run(null, id, flags);
		break;
	case FRAME_CALL:
	case FRAME_STAND_BY:
		answer_call(null, frame);
		break;
	default:
		break;
	}
}

static struct null_stream *null_of(struct stream *stream)
{
	return (struct null_stream *)stream;
}

static ssize_t null_read(struct stream *stream, void *buf, size_t size)
{
	struct null_stream *null = null_of(stream);
	struct itimerspec left = {0};
	uint64_t fired;

	(void)timerfd_gettime(stream->fd, &left);
	if (null->out.length == 0 || left.it_value.tv_sec > 0 || left.it_value.tv_nsec > 0)
		return -EAGAIN;
	size_t n = null->out.length < size ? null->out.length : size;
	memcpy(buf, null->out.buf, n);
	memmove(null->out.buf, null->out.buf + n, null->out.length - n);
	text_cut(&null->out, null->out.length - n);
	if (null->out.length == 0)
		(void)!read(stream->fd, &fired, sizeof fired); /* readable no more */
	return (ssize_t)n;
}

static ssize_t null_write(struct stream *stream, const void *buf, size_t size)
{
	struct null_stream *null = null_of(stream);
	struct frame frame;
	struct err e = {0};
	long used;

	text_add(&null->in, buf, size);
	while (null->in.length > 0 &&
	       (used = frame_parse(null->in.buf, null->in.length, &frame, &e)) > 0) {
		answer(null, &frame);
		memmove(null->in.buf, null->in.buf + used, null->in.length - (size_t)used);
		text_cut(&null->in, null->in.length - (size_t)used);
	}
	return (ssize_t)size;
}

static void null_stream_free(struct stream *stream)
{
	struct null_stream *null = null_of(stream);

	scope_close(&stream->fd);
	text_done(&null->in);
	text_done(&null->out);
	free(null);
}

static const struct stream_ops null_stream_ops = {
	.read = null_read,
	.write = null_write,
	.free = null_stream_free,
};

static void null_free(struct vm *vm)
{
	struct null_vm *null = (struct null_vm *)vm;

	if (!vm)
		return;
	stream_free(vm->agent);
	vm_events_done(&vm->events);
	scope_close(&vm->ended_fd);
	free(null->options);
	free(null);
}

/* Gives the VM a stream to a new agent; NULL with errno set on failure. */
static struct null_stream *connect_agent(struct null_vm *null)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0)
		return NULL;
	struct null_stream *stream = xnew(sizeof *stream);
	stream->stream = (struct stream){.ops = &null_stream_ops, .fd = timer};
	stream->options = null->options;
	stream->fails = option_names_folder(null->options, "fail_in", null->vm.spec->folder);
	stream->ended_fd = null->vm.ended_fd;
	text_init(&stream->in, FRAME_HEADER + FRAME_PAYLOAD_MAX);
	text_init(&stream->out, 1U << 20);
	null->vm.agent = &stream->stream;
	return stream;
}

static int null_make(const struct machine_spec *spec, struct vm **ret, struct err *e)
{
	CLEAN_FD int ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (ended < 0)
		return err_set(e, BLAME_HOST, errno, "null machine: %m");
	struct null_vm *null = xnew(sizeof *null);
	null->options = xstrdup(spec->driver_options ? spec->driver_options : "");
	null->vm = (struct vm){
		.driver = &driver_null,
		.spec = spec,
		.console_fd = -1,
		.control_fd = -1,
		.ended_fd = STEAL_FD(ended),
	};
	if (!connect_agent(null)) {
		int error = errno;
		null_free(&null->vm);
		return err_set(e, BLAME_HOST, error, "null machine: %m");
	}
	*ret = &null->vm;
	return 0;
}

static int null_start(const struct machine_spec *spec, const struct patience *p UNUSED,
		      struct vm **ret, struct err *e)
{
	int r = null_make(spec, ret, e);

	if (r < 0)
		return r;
	if (option_ms(spec->driver_options, "no_boot") ||
	    option_names_folder(spec->driver_options, "no_boot_in", spec->folder)) {
		vm_events_add(&(*ret)->events, "SHUTDOWN", xstrdup("{\"guest\":true}"));
		(void)eventfd_write((*ret)->ended_fd, 1);
	} else {
		say_hello(null_of((*ret)->agent),
			  option_ms(spec->driver_options, "boot_ms") * NS_PER_MS);
	}
	return 0;
}

static int null_freeze(struct vm *vm, const char *folder, const struct patience *p UNUSED,
		       struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, NULL_TEMPLATE);

	if (option_ms(vm->spec->driver_options, "no_fork"))
		return err_set(e, BLAME_HOST, ENOTSUP, "the null driver was told not to fork");
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? err_set(e, BLAME_HOST, errno, "write %s: %m", path) : 0;
}

static int null_load(const char *folder, const struct machine_spec *spec, const struct patience *p,
		     struct vm **ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, NULL_TEMPLATE);
	uint64_t span_ns = option_ms(spec->driver_options, "fork_ms") * NS_PER_MS;

	if (access(path, F_OK) < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	int r = span_ns ? wait_span(p, span_ns, "a null machine", e) : 0;
	return r < 0 ? r : null_make(spec, ret, e);
}

static int null_go(struct vm *vm UNUSED, const struct patience *p UNUSED, struct err *e UNUSED)
{
	return 0; /* its agent has been listening since it was made */
}

static int null_describe(const struct machine_spec *spec UNUSED, const struct patience *p UNUSED,
			 struct text *description, struct err *e UNUSED)
{
	return text_adds(description, "null\n");
}

static int null_power_cut(struct vm *vm UNUSED, struct err *e UNUSED)
{
	return 0; /* the machine closes the agent's stream */
}

static int null_power_on(struct vm *vm, const struct patience *p UNUSED, struct err *e)
{
	struct null_stream *stream = connect_agent((struct null_vm *)vm);

	if (!stream)
		return err_set(e, BLAME_HOST, errno, "null machine: %m");
	say_hello(stream, option_ms(vm->spec->driver_options, "boot_ms") * NS_PER_MS);
	return 0;
}

static int null_resize(struct vm *vm UNUSED, const struct size *size UNUSED, struct err *e UNUSED)
{
	return 0; /* it has no hardware */
}

static int null_command(struct vm *vm UNUSED, const struct patience *p UNUSED,
			const char *name UNUSED, const char *arguments UNUSED, struct text *reply,
			struct err *e UNUSED)
{
	return text_adds(reply, "{}");
}

static int null_give_fd(struct vm *vm UNUSED, const struct patience *p UNUSED,
			const char *name UNUSED, int fd UNUSED, struct err *e UNUSED)
{
	return 0;
}

static void null_last_words(struct vm *vm UNUSED, struct text *out)
{
	text_adds(out, "the null driver was told to end the machine");
}

const struct driver driver_null = {
	.name = "null",
	.start = null_start,
	.freeze = null_freeze,
	.describe = null_describe,
	.load = null_load,
	.go = null_go,
	.power_cut = null_power_cut,
	.power_on = null_power_on,
	.resize = null_resize,
	.command = null_command,
	.give_fd = null_give_fd,
	.last_words = null_last_words,
	.free = null_free,
};
