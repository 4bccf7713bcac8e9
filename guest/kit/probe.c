/* SPDX-License-Identifier: Apache-2.0 */
/* The registered probes. */
#include "guest/kit/probe.h"

#include <string.h>

extern const struct probe_def *const __start_assay_probes[] __attribute__((weak));
extern const struct probe_def *const __stop_assay_probes[] __attribute__((weak));

const struct probe_def *probe_at(size_t index)
{
	size_t count = (size_t)(__stop_assay_probes - __start_assay_probes);

	return index < count ? __start_assay_probes[index] : NULL;
}

const struct probe_def *probe_find(const char *name)
{
	const struct probe_def *probe;

	for (size_t i = 0; (probe = probe_at(i)); i++) {
		if (strcmp(probe->name, name) == 0)
			return probe;
	}
	return NULL;
}

const char *probe_argument(const struct probe_call *p, size_t n)
{
	return n < p->argument_count ? p->arguments[n] : "";
}
