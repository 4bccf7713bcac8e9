/* SPDX-License-Identifier: Apache-2.0 */
/* TAP and KTAP from a program that may print anything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/program.h"
#include "wire/tap.h"

static void count_point(void *arg, const struct tap_point *point)
{
	unsigned *counts = arg;

	if (point->name[0] == '\0' || point->line == 0)
		abort();
	counts[point->state]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned counts[4] = {0};
	struct tap_summary summary;
	struct err e = {0};
	struct result result;
	const char *bytes = size > 0 ? (const char *)data : "";
	const struct program_end end = {
		.program = "fuzz", .output = bytes, .length = size, .speaks_tap = true};

	int r = tap_parse(bytes, size, count_point, counts, &summary, &e);
	if ((r < 0) != (e.text[0] != '\0') || (r < 0 && e.blame != BLAME_GUEST))
		abort();
	if (summary.passed != counts[TAP_PASSED] || summary.failed != counts[TAP_FAILED] ||
	    summary.skipped != counts[TAP_SKIPPED] || summary.expected != counts[TAP_EXPECTED])
		abort();
	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	/* What the parser refuses never becomes a pass, a failure or a skip. */
	if (r < 0 && result.outcome != OUTCOME_BROKEN)
		abort();
	if (r == 0 && summary.failed > 0 && result.outcome != OUTCOME_FAIL)
		abort();
	result_done(&result);
	return 0;
}
