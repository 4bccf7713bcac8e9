/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the five outcomes. */
#include "wire/outcome.h"

#include <string.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_PASS] = "pass",     [OUTCOME_FAIL] = "fail",	[OUTCOME_SKIP] = "skip",
	[OUTCOME_BROKEN] = "broken", [OUTCOME_INFRA] = "infra",
};

const char *outcome_name(enum outcome outcome)
{
	return (unsigned)outcome < OUTCOME_COUNT ? outcome_names[outcome] : "unknown";
}

int outcome_parse(const char *name, enum outcome *ret)
{
	for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
		if (strcmp(name, outcome_names[i]) == 0) {
			*ret = (enum outcome)i;
			return 0;
		}
	}
	return -EINVAL;
}
