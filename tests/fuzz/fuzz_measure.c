/* SPDX-License-Identifier: Apache-2.0 */
/* What a program that may print anything says that it has measured. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DONE(result) struct result result;
	const struct program_end end = {
		.program = "fuzz", .output = size > 0 ? (const char *)data : "", .length = size};

	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	if (result.measures.count > MEASURES_MAX)
		abort();
	vec_each (&result.measures, it) {
		if (it->count == 0 || it->count > MEASURE_SAMPLES_MAX || !it->name[0] ||
		    !it->unit[0] || measures_find(&result.measures, it->name) != it)
			abort();
		for (unsigned i = 0; i < it->count; i++)
			if (!isfinite(it->samples[i]))
				abort();
	}
	return 0;
}
