/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a test of the kernel's selftests is run, and its end read: as their own runner does (kselftest/runner.sh), in the folder of
 * the collection, with stdout and stderr in one stream. Some write there, so the folder is a copy on the scratch disk; what
 * lies beside it in the tree is there by links, for tests reach for the files of others.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/bundle_copy.h"
#include "guest/bundle_suite.h"
#include "wire/kselftest.h"

#define COPY	       BUNDLE_SCRATCH "/kselftest"
#define PROGRAM	       "./" /* a command that is one of the tree's programs */
#define FIRST_LINE_MAX 256

static bool refuse(struct result *result, const char *format, ...) PRINTF(2, 3);

static bool refuse(struct result *result, const char *format, ...)
{
	char words[400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	result_set(result, OUTCOME_BROKEN, "%s", words);
	return false;
}

/* ---- the folder ---- */

static bool copy_tree(const struct bundle_order *order, struct result *result)
{
	CLEAN_FREE char *tree =
		xasprintf(BUNDLE_TREE "%s%s", order->root[0] ? "/" : "", order->root);
	/* Tests of net/forwarding read ../lib.sh, so the whole of net is copied. */
	int top_length = (int)strcspn(order->where, "/");
	CLEAN_FREE char *from = xasprintf("%s/%.*s", tree, top_length, order->where);
	CLEAN_FREE char *to = xasprintf(COPY "/%.*s", top_length, order->where);
	struct stat st;

	if (mkdir(COPY, 0755) < 0 && errno != EEXIST)
		return refuse(result, "make " COPY ": %m");
	/* Left by a collection that was run before: of this one a link. */
	if (top_length > 0 && lstat(to, &st) == 0 && S_ISLNK(st.st_mode) && unlink(to) < 0)
		return refuse(result, "%s: %m", to);
	errno = top_length > 0 ? -bundle_copy_folder(from, to) : 0;
	if (errno == ENOENT)
		return refuse(
			result,
			"the folder %s, which the list of the suite names, is not in its tree",
			order->where);
	if (errno)
		return refuse(result, "%s of the tree cannot be copied to " BUNDLE_SCRATCH ": %m",
			      order->where);
	errno = -bundle_link_entries(tree, COPY);
	return errno == 0 || refuse(result, "%s: %m", tree);
}

/* ---- the program ---- */

/* "#!/bin/bash -e" without its mark, for a script that is not executable; as the runner, which starts it all the same. */
static bool read_interpreter(const char *program, char *interpreter, size_t size)
{
	CLEAN_FD int fd = open(program, O_RDONLY | O_CLOEXEC);
	char line[FIRST_LINE_MAX + 1];
	ssize_t length = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

	if (length < 3 || memcmp(line, "#!", 2) != 0)
		return false;
	line[length] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	(void)snprintf(interpreter, size, "%s ", line + 2 + strspn(line + 2, " \t"));
	return strpbrk(interpreter, ";&|<>`$()\"'\\*?") == NULL;
}

static bool take_program(struct bundle_order *order, struct result *result)
{
	char interpreter[FIRST_LINE_MAX + 2] = "";
	CLEAN_FREE char *program = xstrdup(order->command);
	struct stat st;

	if (stat(program, &st) < 0)
		return refuse(result,
			      "%s, which the list of the suite names, is not in its folder %s: %m",
			      order->name, order->where);
	if (!S_ISREG(st.st_mode))
		return refuse(result, "%s in the folder %s is no file", order->name, order->where);
	if (!(st.st_mode & 0111) && !read_interpreter(program, interpreter, sizeof interpreter))
		return refuse(result,
			      "%s may not be executed (its mode is %04o), and it is no script that "
			      "names its interpreter",
			      order->name, st.st_mode & 07777);
	(void)snprintf(order->command, sizeof order->command, "exec %s%s", interpreter, program);
	return true;
}

static bool enter(struct bundle_order *order, struct result *result)
{
	CLEAN_FREE char *folder = xasprintf(COPY "/%s", order->where);

	/* Tests that know it give themselves more time. */
	if (order->slowness > 1)
		bundle_set_variable("KSFT_MACHINE_SLOW", "yes");
	if (!copy_tree(order, result))
		return false;
	if (chdir(folder) < 0)
		return refuse(result, "the folder %s of the suite's tree: %m", order->where);
	return !has_prefix(order->command, PROGRAM) || take_program(order, result);
}

/* ---- its end ---- */

static void begin(struct bundle_output *output)
{
	output->text = (struct text)TEXT_INIT(KSELFTEST_OUTPUT_MAX);
}

static void feed(struct bundle_output *output, const char *bytes, size_t length)
{
	(void)text_add(&output->text, bytes, length);
}

static void judge(struct bundle_output *output, int status, struct result *result)
{
	const struct kselftest_end end = {
		.name = output->name,
		.status = status,
		.output = output->text.buf,
		.length = output->text.length,
		.is_cut = output->text.overflowed,
	};

	kselftest_judge(&end, output->on_check, output->arg, result);
}

const struct bundle_way bundle_kselftest = {enter, begin, feed, judge};
