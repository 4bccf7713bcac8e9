/* SPDX-License-Identifier: Apache-2.0 */
/* Points as sub-results and checks. */
#include "wire/tap_result.h"

#include <stdio.h>
#include <string.h>

#include "wire/tap_line.h"

struct listener {
	program_check_fn *on_check;
	void *arg;
	const char *program;
	struct result *result;
};

static void take_failure(const struct listener *listener, const struct tap_point *point)
{
	struct check_record check = {.line = point->line};

	(void)snprintf(check.expression, sizeof check.expression, "%s", point->name);
	(void)snprintf(check.got, sizeof check.got, "%s",
		       point->got[0]	  ? point->got
		       : point->reason[0] ? point->reason
					  : "not ok");
	(void)snprintf(check.want, sizeof check.want, "%s", point->want[0] ? point->want : "ok");
	(void)snprintf(check.file, sizeof check.file, "%.80s's output", listener->program);
	if (!listener->result->check.expression[0])
		listener->result->check = check;
	if (listener->on_check)
		listener->on_check(listener->arg, &check);
}

static void keep_sub(struct result *result, const struct tap_point *point)
{
	static const enum outcome outcomes[TAP_STATE_COUNT] = {
		[TAP_PASSED] = OUTCOME_PASS,	  [TAP_FAILED] = OUTCOME_FAIL,
		[TAP_SKIPPED] = OUTCOME_SKIP,	  [TAP_EXPECTED] = OUTCOME_PASS,
		[TAP_UNDECIDED] = OUTCOME_BROKEN,
	};
	CLEAN_FREE char *values =
		point->got[0] || point->want[0]
			? xasprintf("%s%sgot %s, want %s", point->reason,
				    point->reason[0] ? ": " : "", point->got, point->want)
			: NULL;
	const struct sub_result sub = {
		.name = point->name,
		.message = values ? values : point->reason,
		.outcome = outcomes[point->state],
		.expected = point->state == TAP_EXPECTED,
		.line = point->line,
		.duration_ns = point->duration_ns,
	};

	result_add_sub(result, &sub);
}

void tap_tell_points(const struct tap_tree *tree, const char *program, program_check_fn *on_check,
		     void *arg, struct result *result)
{
	const struct listener listener = {on_check, arg, program, result};

	vec_each (&tree->points, point) {
		if (point->is_sum)
			continue;
		keep_sub(result, point);
		if (point->state == TAP_FAILED)
			take_failure(&listener, point);
	}
}

const struct tap_point *tap_first_undecided(const struct tap_tree *tree)
{
	vec_each (&tree->points, point)
		if (point->state == TAP_UNDECIDED)
			return point;
	return NULL;
}

void output_last_line(const char *output, size_t length, char *buf, size_t size)
{
	const char *to = output + length;

	while (to > output && (to[-1] == '\n' || to[-1] == ' ' || to[-1] == '\r'))
		to--;
	const char *newline = to > output ? memrchr(output, '\n', (size_t)(to - output)) : NULL;

	tap_copy(newline ? newline + 1 : output, to, buf, size);
}
