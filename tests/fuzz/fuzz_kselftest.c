/* SPDX-License-Identifier: Apache-2.0 */
/* What a test of the kernel's selftests prints; the first byte is its exit status. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/kselftest.h"

static void count_check(void *arg, const struct check_record *check)
{
	unsigned *checks = arg;

	if (!check->expression[0] || check->line == 0)
		abort();
	(*checks)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result result;
	unsigned checks = 0;

	if (size == 0)
		return 0;
	const struct kselftest_end end = {
		.name = "t",
		.status = data[0] << 8,
		.output = (const char *)data + 1,
		.length = size - 1,
	};
	result_init(&result, "a.b");
	kselftest_judge(&end, count_check, &checks, &result);
	if (result.outcome == OUTCOME_INFRA)
		abort();
	if (result.outcome == OUTCOME_PASS &&
	    (result.checks_passed == 0 || checks > 0 || (data[0] & ~KSELFTEST_XFAIL)))
		abort();
	if (result.outcome == OUTCOME_FAIL && (data[0] == 0 || result.checks_failed == 0))
		abort();
	if (result.outcome == OUTCOME_SKIP && (!result.need[0] || checks > 0))
		abort();
	result_done(&result);
	return 0;
}
