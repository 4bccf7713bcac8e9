/* SPDX-License-Identifier: Apache-2.0 */
/* LTP's scenario files. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "host/bundle/runtest.h"
#include "wire/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DONE(runtest) struct runtest runtest = RUNTEST_INIT;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	unsigned bad =
		runtest_parse("f", size > 0 ? (const char *)data : "", size, &runtest, &problems);
	if ((bad > 0) != (problems.length > 0))
		abort();
	vec_each (&runtest.lines, line) {
		size_t length = strlen(line->command);
		if (line->tag[0] == '\0' || strlen(line->tag) > RUNTEST_TAG_MAX || length == 0 ||
		    length > BUNDLE_COMMAND_MAX || strchr(line->command, '\n') ||
		    strpbrk(line->tag, " \t/#"))
			abort();
	}
	return 0;
}
