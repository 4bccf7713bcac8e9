/* SPDX-License-Identifier: Apache-2.0 */
/* What a program's end means. */
#include "wire/program.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "wire/tap.h"
#include "wire/tap_result.h"

#define OWN_NEED "what the program looks for"

/* ---- by its exit status ---- */

/* Its failures would not be seen. */
static bool speaks_unasked(const struct program_end *end)
{
	char start[16];

	/* The output does not end with a NUL byte. */
	(void)snprintf(start, sizeof start, "%.*s", (int)(end->length < 15 ? end->length : 15),
		       end->output);
	return has_prefix(start, "TAP version ") || has_prefix(start, "KTAP version ");
}

static void judge_failure(const struct program_end *end, program_check_fn *on_check, void *arg,
			  struct result *result)
{
	struct check_record check = {0};

	output_last_line(end->output, end->length, check.got, sizeof check.got);
	(void)snprintf(check.expression, sizeof check.expression, "%.128s exits with 0",
		       end->program);
	if (!check.got[0])
		(void)snprintf(check.got, sizeof check.got, "exit status 1");
	(void)snprintf(check.file, sizeof check.file, "%.95s", end->program);
	if (on_check)
		on_check(arg, &check);
	result->check = check;
	result->checks_failed = 1;
	result_set(result, OUTCOME_FAIL, "%s", check.got);
}

static void set_skip(struct result *result, const char *reason)
{
	result_set(result, OUTCOME_SKIP, "%s", reason[0] ? reason : "the program skips");
	(void)snprintf(result->need, sizeof result->need, "%.95s", reason[0] ? reason : OWN_NEED);
}

/* True when the end decides nothing, whatever was printed. */
static bool has_no_say(const struct program_end *end, struct result *result)
{
	int code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
	char line[256];

	output_last_line(end->output, end->length, line, sizeof line);
	if (WIFSIGNALED(end->status))
		result_set(result, OUTCOME_BROKEN, "%s was killed by signal %d (%s)", end->program,
			   WTERMSIG(end->status), strsignal(WTERMSIG(end->status)));
	else if (code == PROGRAM_BROKEN)
		result_set(result, OUTCOME_BROKEN, "%s says that it is broken%s%s", end->program,
			   line[0] ? ": " : "", line);
	else if (code != PROGRAM_PASS && code != PROGRAM_FAIL && code != PROGRAM_SKIP)
		result_set(result, OUTCOME_BROKEN,
			   "%s exited with %d, which is none of 0 (pass), 1 (fail), 77 (skip) and "
			   "99 (broken)",
			   end->program, code);
	else
		return false;
	return true;
}

static void judge_exit(const struct program_end *end, program_check_fn *on_check, void *arg,
		       struct result *result)
{
	char line[256];

	if (speaks_unasked(end)) {
		result_set(result, OUTCOME_BROKEN,
			   "%s prints TAP: its case.yaml must say `reports: tap`", end->program);
		return;
	}
	switch (WEXITSTATUS(end->status)) {
	case PROGRAM_PASS:
		result->checks_passed = 1;
		result_set(result, OUTCOME_PASS, "%s", "");
		break;
	case PROGRAM_FAIL:
		judge_failure(end, on_check, arg, result);
		break;
	default:
		output_last_line(end->output, end->length, line, sizeof line);
		set_skip(result, line);
		break;
	}
}

/* ---- by TAP ---- */

static void judge_points(const struct program_end *end, const struct tap_tree *tree,
			 struct result *result)
{
	const struct check_record *check = &result->check;
	bool exits_well = WEXITSTATUS(end->status) == PROGRAM_PASS;

	result->checks_passed = tree->counts[TAP_PASSED] + tree->counts[TAP_EXPECTED];
	result->checks_failed = tree->counts[TAP_FAILED];
	if (result->checks_failed > 0)
		result_set(result, OUTCOME_FAIL, "%s: got %s, want %s", check->expression,
			   check->got, check->want);
	else if (!exits_well)
		result_set(result, OUTCOME_BROKEN, "%s exited with %d although no test failed",
			   end->program, WEXITSTATUS(end->status));
	else if (result->checks_passed > 0)
		result_set(result, OUTCOME_PASS, "%s", "");
	else
		set_skip(result, tree->reason);
}

static void judge_tap(const struct program_end *end, program_check_fn *on_check, void *arg,
		      struct result *result)
{
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(end->output, end->length, 0);
	const struct tap_oddity *fault = tap_first_fault(tree);
	const struct tap_point *undecided = tap_first_undecided(tree);

	tap_tell_points(tree, end->program, on_check, arg, result);
	/* One that finds before its first test that there is nothing for it to do. */
	if (end->length == 0 && WEXITSTATUS(end->status) == PROGRAM_SKIP)
		set_skip(result, "");
	else if (fault)
		result_set(result, OUTCOME_BROKEN, "%s's output: line %u: %s", end->program,
			   fault->line, fault->text);
	else if (undecided)
		result_set(result, OUTCOME_BROKEN,
			   "%s's output: line %u: %.100s did not come to its end%s%s", end->program,
			   undecided->line, undecided->name, undecided->reason[0] ? ": " : "",
			   undecided->reason);
	else
		judge_points(end, tree, result);
}

/* What it says that it has measured. What cannot be understood passes for nothing; a failure stays one. */
static void take_measures(const struct program_end *end, struct result *result)
{
	CLEAN_TEXT struct text why = TEXT_INIT(1024);
	unsigned line = 0;

	for (size_t at = 0, length; at < end->length; at += length + 1) {
		const char *from = end->output + at;
		const char *newline = memchr(from, '\n', end->length - at);
		length = newline ? (size_t)(newline - from) : end->length - at;
		line++;
		if (measures_take_line(&result->measures, from, length, &why) >= 0)
			continue;
		if (result->outcome == OUTCOME_PASS || result->outcome == OUTCOME_SKIP)
			result_set(result, OUTCOME_BROKEN, "%s's output: line %u: %s", end->program,
				   line, why.buf);
		return;
	}
}

void program_judge(const struct program_end *end, program_check_fn *on_check, void *arg,
		   struct result *result)
{
	if (has_no_say(end, result))
		return;
	if (end->speaks_tap && end->is_cut)
		result_set(result, OUTCOME_BROKEN, "%s printed more than %u KiB", end->program,
			   PROGRAM_OUTPUT_MAX >> 10);
	else if (end->speaks_tap)
		judge_tap(end, on_check, arg, result);
	else
		judge_exit(end, on_check, arg, result);
	if (!end->is_cut)
		take_measures(end, result);
}

bool program_is_refused(const char *message)
{
	return strstr(message, PROGRAM_NOT_BROUGHT) || strstr(message, PROGRAM_NOT_ALLOWED) ||
	       strstr(message, PROGRAM_NOT_STARTED);
}

/* ---- parameters ---- */

bool program_parameter(const char *parameters, const char *key, char *buf, size_t size)
{
	size_t length = strlen(key);

	buf[0] = '\0';
	for (const char *at = parameters; *at;) {
		size_t line = strcspn(at, "\n");
		if (line > length && memcmp(at, key, length) == 0 && at[length] == '=') {
			(void)snprintf(buf, size, "%.*s", (int)(line - length - 1),
				       at + length + 1);
			return true;
		}
		at += line + (at[line] == '\n');
	}
	return false;
}

void program_environment(const char *parameters, struct text *out)
{
	for (const char *at = parameters; *at;) {
		size_t line = strcspn(at, "\n"), key = strcspn(at, "=\n");
		if (key > 0 && key < line && !memchr(at, '.', key)) {
			(void)text_adds(out, "ASSAY_PLAN_");
			for (size_t i = 0; i < key; i++) {
				char upper =
					at[i] >= 'a' && at[i] <= 'z' ? (char)(at[i] - 32) : at[i];
				(void)text_add(out, &upper, 1);
			}
			(void)text_add(out, at + key, line - key);
			(void)text_add(out, "", 1);
		}
		at += line + (at[line] == '\n');
	}
}
