/* SPDX-License-Identifier: Apache-2.0 */
/* Exit status and KTAP of the kernel's selftests: tools/testing/selftests/kselftest.h and kselftest/runner.sh of the kernel. */
#include "wire/kselftest.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "wire/tap_line.h"
#include "wire/tap_result.h"

#define SIGNAL_MAX 64
#define READING	   (TAP_KERNEL | TAP_NO_VERSION)

/* One test that has ended, while it is judged. */
struct judging {
	const struct kselftest_end *end;
	struct tap_tree *tree; /* NULL: it speaks no KTAP */
	int code;	       /* of a test that exited */
	char last[256];	       /* line that it printed; "" it printed nothing */
	struct result *result;
};

static void say(const struct judging *judging, enum outcome outcome, const char *format, ...)
	PRINTF(3, 4);

static void say(const struct judging *judging, enum outcome outcome, const char *format, ...)
{
	char words[400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	result_set(judging->result, outcome, "%s %s", judging->end->name, words);
}

/* ---- does it speak KTAP? ---- */

static bool is_numbered_result(const struct tap_line *line)
{
	const char *at = line->at + (*line->at == 'n' ? strlen("not ok") : strlen("ok"));

	while (at < line->end && *at == ' ')
		at++;
	return at < line->end && *at >= '0' && *at <= '9';
}

/* A version or a plan; or a result with a number, whose plan is missing then. "ok" alone many print who know no KTAP. */
static bool speaks(const char *output, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *from = output + at;
		const char *newline = memchr(from, '\n', length - at);
		struct tap_line line = {.at = from, .end = newline ? newline : output + length};
		enum tap_word word = tap_line_word(&line);

		if (word == TAP_VERSION || word == TAP_PLAN || word == TAP_BAIL_OUT ||
		    (word == TAP_RESULT && is_numbered_result(&line)))
			return true;
		at = (size_t)(line.end - output) + 1;
	}
	return false;
}

/* A test that exits has ended its last line, whether it printed the end of it or not. */
static struct tap_tree *read_tree(const struct kselftest_end *end)
{
	CLEAN_TEXT struct text whole = TEXT_INIT(KSELFTEST_OUTPUT_MAX + 2);

	if (!speaks(end->output, end->length))
		return NULL;
	if (end->output[end->length - 1] == '\n')
		return tap_read(end->output, end->length, READING);
	(void)text_add(&whole, end->output, end->length);
	(void)text_adds(&whole, "\n");
	return tap_read(whole.buf, whole.length, READING);
}

/* ---- ends that decide nothing ---- */

/* True when the end is none that a test of the suite has, whatever was printed. */
static bool has_no_say(const struct judging *judging)
{
	int status = judging->end->status, code = judging->code;
	int signal_number = WIFSIGNALED(status) ? WTERMSIG(status)
			    : code > KSELFTEST_SIGNAL && code <= KSELFTEST_SIGNAL + SIGNAL_MAX
				    ? code - KSELFTEST_SIGNAL
				    : 0;

	if (signal_number > 0)
		say(judging, OUTCOME_BROKEN, "was killed by signal %d (%s)", signal_number,
		    strsignal(signal_number));
	else if (code == KSELFTEST_NOT_THERE)
		say(judging, OUTCOME_BROKEN,
		    "exited with 127: a program that it calls is not there%s%s",
		    judging->last[0] ? ": " : "", judging->last);
	else if (code == KSELFTEST_CANNOT)
		say(judging, OUTCOME_BROKEN,
		    "exited with 126: a program that it calls cannot be executed here%s%s",
		    judging->last[0] ? ": " : "", judging->last);
	else if (code == KSELFTEST_TIMEOUT)
		say(judging, OUTCOME_BROKEN,
		    "exited with 124: it ran out of time by its own clock");
	else if (judging->end->is_cut)
		say(judging, OUTCOME_BROKEN, "printed more than %u MiB",
		    KSELFTEST_OUTPUT_MAX >> 20);
	else if (!judging->last[0])
		say(judging, OUTCOME_BROKEN, "exited with %d and printed nothing", code);
	else
		return false;
	return true;
}

/* ---- by the status alone ---- */

static void skip(const struct judging *judging, const char *reason)
{
	struct result *result = judging->result;
	const char *why = reason[0] ? reason : judging->last;

	result_set(result, OUTCOME_SKIP, "%s", why);
	(void)snprintf(result->need, sizeof result->need, "%.95s", why);
}

static void fail_by_status(const struct judging *judging, const char *why)
{
	struct check_record *check = &judging->result->check;

	judging->result->checks_failed = 1;
	(void)snprintf(check->expression, sizeof check->expression, "%.128s exits with 0",
		       judging->end->name);
	(void)snprintf(check->got, sizeof check->got, "exit status %d: %.200s", judging->code, why);
	(void)snprintf(check->file, sizeof check->file, "%.80s's output", judging->end->name);
	result_set(judging->result, OUTCOME_FAIL, "%s", why);
}

static void judge_status(const struct judging *judging)
{
	switch (judging->code) {
	case KSELFTEST_PASS:
		judging->result->checks_passed = 1;
		result_set(judging->result, OUTCOME_PASS, "%s", "");
		break;
	case KSELFTEST_FAIL:
		fail_by_status(judging, judging->last);
		break;
	case KSELFTEST_SKIP:
		skip(judging, "");
		break;
	case KSELFTEST_XFAIL:
		say(judging, OUTCOME_BROKEN,
		    "exited with 2, an expected failure in kselftest, and tells none: %s",
		    judging->last);
		break;
	case KSELFTEST_XPASS:
		say(judging, OUTCOME_BROKEN, "exited with 3, an unexpected pass in kselftest: %s",
		    judging->last);
		break;
	default:
		say(judging, OUTCOME_BROKEN,
		    "exited with %d, which has no meaning in kselftest (0 passed, 1 failed, 2 "
		    "failed as expected, 3 passed unexpectedly, 4 skipped): %s",
		    judging->code, judging->last);
	}
}

/* ---- by status and KTAP ---- */

static void say_fault(const struct judging *judging)
{
	const struct tap_oddity *fault = tap_first_fault(judging->tree);

	say(judging, OUTCOME_BROKEN, "exited with %d, and line %u of its output: %s", judging->code,
	    fault->line, fault->text);
}

static void say_undecided(const struct judging *judging)
{
	const struct tap_point *point = tap_first_undecided(judging->tree);

	say(judging, OUTCOME_BROKEN,
	    "exited with %d, and line %u of its output: %.100s did not come to its end%s%s",
	    judging->code, point->line, point->name, point->reason[0] ? ": " : "", point->reason);
}

static void judge_passed(const struct judging *judging)
{
	const unsigned *counts = judging->tree->counts;

	if (counts[TAP_FAILED] > 0)
		say(judging, OUTCOME_BROKEN, "exited with 0 although %u of its tests failed: %s",
		    counts[TAP_FAILED], judging->result->check.expression);
	else if (counts[TAP_UNDECIDED] > 0)
		say_undecided(judging);
	else if (judging->tree->faults > 0)
		say_fault(judging);
	else if (counts[TAP_PASSED] + counts[TAP_EXPECTED] > 0)
		result_set(judging->result, OUTCOME_PASS, "%s", "");
	else
		skip(judging, judging->tree->reason);
}

/* A test that failed may have been in the middle of its plan; but what it did tell must not all be well and whole. */
static void judge_failed(const struct judging *judging)
{
	const struct result *result = judging->result;

	if (result->checks_failed > 0)
		result_set(judging->result, OUTCOME_FAIL, "%s: %s", result->check.expression,
			   result->check.got);
	else if (judging->tree->counts[TAP_UNDECIDED] > 0)
		say_undecided(judging);
	else if (judging->tree->faults == 0)
		say(judging, OUTCOME_BROKEN, "exited with %d although none of its tests failed",
		    judging->code);
	else if (judging->code == KSELFTEST_FAIL)
		fail_by_status(judging, tap_first_fault(judging->tree)->text);
	else
		say_fault(judging);
}

static void judge_expected(const struct judging *judging)
{
	const struct tap_tree *tree = judging->tree;

	if (tree->counts[TAP_FAILED] == 0 && tree->counts[TAP_UNDECIDED] == 0 &&
	    tree->faults == 0 && tree->counts[TAP_EXPECTED] > 0)
		result_set(judging->result, OUTCOME_PASS, "it failed as it expects");
	else if (tree->faults > 0)
		say_fault(judging);
	else
		say(judging, OUTCOME_BROKEN,
		    "exited with 2, an expected failure in kselftest; %u of its tests failed so, and "
		    "%u others",
		    tree->counts[TAP_EXPECTED], tree->counts[TAP_FAILED]);
}

/* One that finds in the middle of its plan that there is nothing for it to do leaves the rest out. */
static void judge_skipped(const struct judging *judging)
{
	if (judging->tree->counts[TAP_FAILED] > 0)
		say(judging, OUTCOME_BROKEN,
		    "exited with 4, skipped, although %u of its tests failed",
		    judging->tree->counts[TAP_FAILED]);
	else if (judging->tree->counts[TAP_UNDECIDED] > 0)
		say_undecided(judging);
	else
		skip(judging, judging->tree->reason);
}

static void judge_tree(const struct judging *judging)
{
	judging->result->checks_passed =
		judging->tree->counts[TAP_PASSED] + judging->tree->counts[TAP_EXPECTED];
	judging->result->checks_failed = judging->tree->counts[TAP_FAILED];
	switch (judging->code) {
	case KSELFTEST_PASS:
		judge_passed(judging);
		break;
	case KSELFTEST_XFAIL:
		judge_expected(judging);
		break;
	case KSELFTEST_XPASS:
		judge_status(judging);
		break;
	case KSELFTEST_SKIP:
		judge_skipped(judging);
		break;
	default:
		judge_failed(judging);
	}
}

void kselftest_judge(const struct kselftest_end *end, program_check_fn *on_check, void *arg,
		     struct result *result)
{
	CLEANUP(tap_tree) struct tap_tree *tree = read_tree(end);
	struct judging judging = {
		.end = end,
		.tree = tree,
		.code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1,
		.result = result,
	};

	output_last_line(end->output, end->length, judging.last, sizeof judging.last);
	/* What it told is kept, however it ended. */
	if (tree)
		tap_tell_points(tree, end->name, on_check, arg, result);
	if (has_no_say(&judging))
		return;
	if (tree)
		judge_tree(&judging);
	else
		judge_status(&judging);
}
