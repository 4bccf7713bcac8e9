/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, which people write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/catalog/policy.h"

/* Each line is "key=value": cases read them so, and whatever a value holds must not begin another line. */
static void check_lines(const char *parameters)
{
	for (const char *line = parameters; *line; line += strcspn(line, "\n") + 1) {
		const struct policy_key *key = policy_keys();
		size_t length = strcspn(line, "=");
		while (key->name &&
		       (strlen(key->name) != length || strncmp(key->name, line, length) != 0))
			key++;
		if (!key->name || !strchr(line, '\n'))
			abort();
		if (key->kind == POLICY_WORDS && memchr(line, '\t', strcspn(line, "\n")))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX),
			       parameters = TEXT_INIT(2 * POLICY_MAX);
	CLEANUP(policy) struct policy *policy = policy_new();
	const char *yaml = size > 0 ? (const char *)data : "";
	unsigned count = policy_parse(policy, "p", yaml, size, &problems);

	if ((count > 0) != (problems.length > 0))
		abort();
	if (count > 0)
		return 0;
	policy_parameters(policy, &parameters);
	if (parameters.overflowed || parameters.length > POLICY_MAX)
		abort();
	check_lines(parameters.buf);
	return 0;
}
