/* SPDX-License-Identifier: Apache-2.0 */
/* make as a child, and what it says. */
#include "host/kernel/make.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"

#define LOCK_AS                                                                                    \
	9 /* whatever make starts has it: what a killed Assay leaves behind holds the tree until it ends */
#define TELL_NS	      (10 * NS_PER_S)
#define ARGV_MAX      (BUILD_WORDS_MAX + 24)
#define FILE_SIZE_MAX (16ULL << 30) /* that a program of the build may write */

/* ---- lines ---- */

static bool is_known(const struct diagnostics *found, const struct diagnostic *one)
{
	vec_each (found, it)
		if (it->line == one->line && it->column == one->column && it->kind == one->kind &&
		    strcmp(it->file, one->file) == 0 && strcmp(it->text, one->text) == 0)
			return true; /* a header's, in another file */
	return false;
}

static void take_diagnostic(struct build *build, const struct diagnostic *one)
{
	if (is_known(&build->found, one))
		return;
	if (one->kind == DIAGNOSTIC_WARNING)
		build->warnings++;
	else
		build->errors += one->kind == DIAGNOSTIC_ERROR;
	(void)vec_add(&build->found, *one); /* the counts have all of them */
}

/* "  CC      kernel/fork.o": what it works at. */
static bool take_step(struct make *make, const char *line)
{
	size_t indent = strspn(line, " "), word = strcspn(line + indent, " ");
	const char *rest = line + indent + word;

	if (indent != 2 || word == 0 || word > 10 || *rest != ' ')
		return false;
	rest += strspn(rest, " ");
	make->compiled++;
	(void)snprintf(make->last, sizeof make->last, "%.*s", (int)strcspn(rest, "\r\n"), rest);
	return true;
}

void make_take_line(struct make *make, const char *line)
{
	const char *lack = make->lack[0] ? NULL : diagnostic_lack(line);
	struct diagnostic found;

	if (lack)
		(void)snprintf(make->lack, sizeof make->lack, "%s", lack);
	if (!take_step(make, line) && diagnostic_take(line, make->source->files, &found))
		take_diagnostic(make->build, &found);
}

static void tell_progress(struct make *make)
{
	CLEAN_TEXT struct text line = TEXT_INIT(512);
	uint64_t now_ns = clock_now_ns();

	if (!make->order->tell || make->compiled == 0 || now_ns - make->told_ns < TELL_NS)
		return;
	make->told_ns = now_ns;
	text_addf(&line, "building: %u steps done, now %s", make->compiled, make->last);
	make->order->tell(make->order->arg, line.buf);
}

/* ---- what it prints ---- */

static int keep(struct make *make, const char *bytes, size_t length, struct err *e)
{
	size_t room = make->logged < BUILD_LOG_MAX ? (size_t)(BUILD_LOG_MAX - make->logged) : 0;
	size_t size = length < room ? length : room;

	make->logged += size;
	if (size > 0 && write(make->log_fd, bytes, size) != (ssize_t)size)
		return err_set(e, BLAME_HOST, errno ? errno : ENOSPC, "write the build's log: %m");
	return 0;
}

static void take_bytes(struct make *make, struct text *line, const char *bytes, size_t length)
{
	for (const char *end = bytes + length; bytes < end;) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t size = (size_t)((stop ? stop : end) - bytes);
		(void)text_add(line, bytes, size);
		bytes += size + (stop != NULL);
		if (stop) {
			make_take_line(make, line->buf);
			text_clear(line);
			line->overflowed = false;
		}
	}
}

static int read_output(struct make *make, int fd, const struct patience *p, struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(DIAGNOSTIC_LINE_MAX);
	char buf[65536];
	int r = 0;

	while (r == 0) {
		const struct patience look = patience_within(p, NS_PER_S);
		r = wait_fd(&look, fd, POLLIN, "the build", e);
		ssize_t got = r == 0 ? read(fd, buf, sizeof buf) : -1;
		if (r == -ETIMEDOUT && patience_left_ns(p) > 0)
			r = 0; /* only to tell how far it is */
		else if (r == 0 && got < 0)
			r = errno == EINTR ? 0
					   : err_set(e, BLAME_HOST, errno, "read the build: %m");
		else if (r == 0 && got == 0)
			break;
		else if (r == 0)
			r = keep(make, buf, (size_t)got, e);
		if (r == 0 && got > 0)
			take_bytes(make, &line, buf, (size_t)got);
		tell_progress(make);
	}
	if (line.length > 0)
		make_take_line(make, line.buf);
	return r;
}

/* ---- running ---- */

static bool has_program(const char *name)
{
	const char *argv[] = {name, "--version", NULL};
	const struct child_spec spec = {.argv = argv};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	struct patience p = patience_for(-1, 10 * NS_PER_S);
	struct err none = {0};

	return child_run(&spec, &p, &out, &none) == 0 && out.status == 0;
}

/* The user's own words come later, and before ours in make's eyes. */
static size_t add_compilers(const struct build_order *order, const char **argv)
{
	for (size_t i = 0; i < order->word_count; i++)
		if (has_prefix(order->words[i], "CC=") || has_prefix(order->words[i], "LLVM=") ||
		    has_prefix(order->words[i], "CROSS_COMPILE="))
			return 0;
	if (!has_program("ccache"))
		return 0;
	argv[0] = "CC=ccache gcc";
	argv[1] = "HOSTCC=ccache gcc";
	return 2;
}

static unsigned jobs_of(const struct build_order *order)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return order->jobs > 0 ? order->jobs : cpus > 0 ? (unsigned)cpus : 1;
}

static int start(const struct make *make, const char *const *argv, int out_fd, struct child *child,
		 struct err *e)
{
	/* The same tree gives the same kernel, and ccache knows it. */
	static const char *const env[] = {"LC_ALL=C",
					  "KBUILD_BUILD_USER=assay",
					  "KBUILD_BUILD_HOST=assay",
					  "KBUILD_BUILD_VERSION=1",
					  "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
					  "GIT_OPTIONAL_LOCKS=0",
					  "MAKEFLAGS=",
					  NULL};
	const struct child_fd lock = {make->source->lock_fd, LOCK_AS};
	const struct child_spec spec = {.argv = argv,
					.env = env,
					.stdout_fd = out_fd,
					.stderr_fd = out_fd,
					.fds = &lock,
					.fd_count = make->source->lock_fd >= 0,
					.limit_file_size = FILE_SIZE_MAX};
	int r = child_start(&spec, child, e);

	return r == -ENOENT ? err_set(e, BLAME_HOST, ENOENT,
				      "make is not installed, which builds kernels (package make)")
			    : r;
}

int make_run(struct make *make, const char *const *targets, const struct patience *p,
	     int *ret_status, struct err *e)
{
	CLEAN_FREE char *files = xstrdup(make->source->files);
	CLEAN_FREE char *objects = xasprintf("O=%s", make->source->objects);
	CLEAN_FREE char *jobs = xasprintf("-j%u", jobs_of(make->order));
	const char *argv[ARGV_MAX] = {"make", "-C", files, objects, jobs, "ARCH=x86_64"};
	CLEAN_DONE(child) struct child child = CHILD_INIT;
	size_t count = 6;
	int pipe_fds[2];

	count += add_compilers(make->order, argv + count);
	for (size_t i = 0; i < make->order->word_count; i++)
		argv[count++] = make->order->words[i];
	while (*targets && count + 1 < ARGV_MAX)
		argv[count++] = *targets++;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, BLAME_HOST, errno, "pipe: %m");
	CLEAN_FD int in = pipe_fds[0];
	make->told_ns = clock_now_ns();
	int r = start(make, argv, pipe_fds[1], &child, e);
	(void)close(pipe_fds[1]);
	if (r == 0)
		r = read_output(make, in, p, e);
	return r == 0 ? child_wait(&child, p, ret_status, e) : r;
}
