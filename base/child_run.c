/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program to its end with its output captured. */
#include "base/child.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

/* One captured stream. */
struct capture {
	int fd; /* reading end; -1 once it has ended */
	struct text *text;
	bool keep_tail; /* when full, the older half makes room */
};

struct captures {
	struct capture streams[2];
};

static void capture_end(struct capture *capture)
{
	scope_close(&capture->fd);
	capture->fd = -1;
}

static void captures_done(struct captures *captures)
{
	capture_end(&captures->streams[0]);
	capture_end(&captures->streams[1]);
}
DEFINE_CLEAN_DONE(captures);

static int capture_open(struct capture *capture, int *ret_write_fd, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, BLAME_HOST, errno, "pipe: %m");
	capture->fd = ends[0];
	*ret_write_fd = ends[1];
	/* Only this end: the program's stays blocking. */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, BLAME_HOST, errno, "pipe: %m");
	return 0;
}

/* Drops the older half when `length` more bytes do not fit. */
static void make_room(struct text *text, size_t length)
{
	if (text->length + length <= text->maximum)
		return;
	size_t dropped = text->length / 2;
	memmove(text->buf, text->buf + dropped, text->length - dropped);
	text_cut(text, text->length - dropped);
}

/* Reads what is there now. Returns 0 or -errno (-EMSGSIZE: over the maximum). */
static int capture_drain(struct capture *capture)
{
	char piece[16384];

	while (capture->fd >= 0) {
		ssize_t n = read(capture->fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0) {
			capture_end(capture);
			return 0;
		}
		if (capture->keep_tail)
			make_room(capture->text, (size_t)n);
		int r = text_add(capture->text, piece, (size_t)n);
		if (r < 0 && !capture->keep_tail)
			return r;
	}
	return 0;
}

static int drain_both(struct capture streams[2], const char *program, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		int r = capture_drain(&streams[i]);
		if (r == -EMSGSIZE)
			return err_set(e, BLAME_HOST, EMSGSIZE, "%s: more than %zu bytes of output",
				       program, streams[i].text->maximum);
		if (r < 0)
			return err_set(e, BLAME_HOST, -r, "read the output of %s: %m", program);
	}
	return 0;
}

/* Until the program has ended. A grandchild that keeps the pipes open does not count: the group dies with its leader. */
static int capture_all(const struct child *child, struct capture streams[2], const char *program,
		       const struct patience *p, struct err *e)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = child->pidfd, .events = POLLIN},
			{.fd = streams[0].fd, .events = POLLIN},
			{.fd = streams[1].fd, .events = POLLIN},
			{.fd = p->cancel_fd, .events = POLLIN},
		};
		uint64_t left = patience_left_ns(p);
		struct timespec span = {
			.tv_sec = (time_t)(left / NS_PER_S),
			.tv_nsec = (long)(left % NS_PER_S),
		};
		/* wait_fd waits for one descriptor; this is the place where three matter at once. */
		int n = ppoll(fds, ARRAY_LEN(fds), &span, NULL);
		if (n < 0 && errno != EINTR)
			return err_set(e, BLAME_BUG, errno, "poll for %s: %m", program);
		if (n < 0)
			continue;
		if (fds[3].revents)
			return err_set(e, BLAME_USER, ECANCELED, "cancelled while running %s",
				       program);
		int r = drain_both(streams, program, e);
		if (r < 0 || fds[0].revents)
			return r;
		if (left == 0)
			return err_set(e, BLAME_HOST, ETIMEDOUT, "timed out running %s", program);
	}
}

int child_run(const struct child_spec *spec, const struct patience *p, struct child_output *out,
	      struct err *e)
{
	CLEAN_DONE(captures)
	struct captures captures = {
		{{-1, &out->stdout_text, false}, {-1, &out->stderr_text, true}}};
	CLEAN_DONE(child) struct child child = CHILD_INIT;
	struct child_spec captured = *spec;
	int stdout_write = -1, stderr_write = -1;

	int r = capture_open(&captures.streams[0], &stdout_write, e);
	if (r == 0)
		r = capture_open(&captures.streams[1], &stderr_write, e);
	if (r == 0) {
		captured.stdout_fd = stdout_write;
		captured.stderr_fd = stderr_write;
		r = child_start(&captured, &child, e);
	}
	scope_close(&stdout_write); /* else the pipes would never end */
	scope_close(&stderr_write);
	if (r == 0)
		r = capture_all(&child, captures.streams, spec->argv[0], p, e);
	return r < 0 ? r : child_wait(&child, p, &out->status, e);
}

/* Gives the last line that is not empty, without its newline. */
static const char *last_line(struct text *text)
{
	while (text->length > 0 && strchr(" \r\n", text->buf[text->length - 1]))
		text_cut(text, text->length - 1);
	const char *newline = strrchr(text->buf, '\n');
	return newline ? newline + 1 : text->buf;
}

int child_run_ok(const struct child_spec *spec, const struct patience *p, struct child_output *out,
		 struct err *e)
{
	char status[64];
	int r = child_run(spec, p, out, e);

	if (r < 0)
		return r;
	if (WIFEXITED(out->status) && WEXITSTATUS(out->status) == 0)
		return 0;
	const char *line = last_line(&out->stderr_text);
	return err_set(e, BLAME_HOST, EIO, "%s %s%s%.300s", spec->argv[0],
		       child_status_text(out->status, status, sizeof status), *line ? ": " : "",
		       line);
}
