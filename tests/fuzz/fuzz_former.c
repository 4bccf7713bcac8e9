/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of earlier, as `assay plan --json` may have printed it, or somebody else. */
#include <stdint.h>
#include <stdlib.h>

#include "host/plan/former.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void add_items(struct axes *axes, const char *name, const char *first, const char *second)
{
	struct axis *axis = axes_add(axes, name);

	if (!axis || !axis_add(axis, first) || !axis_add(axis, second))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	CLEAN_DONE(axes) struct axes axes = AXES_INIT;
	CLEAN_DONE(former) struct former former = {0};
	struct err e = {0};

	add_items(&axes, "image", "a", "b");
	add_items(&axes, "size", "small", "large");
	if (former_read("plan.json", (const char *)bytes, size, &axes, &former, &e) < 0)
		return 0;
	for (size_t i = 0; i < former.rows.count * 2; i++)
		if (former.rows.items[i] > 1)
			abort(); /* no such item */
	if (former.rows.count > former.cells)
		abort();
	return 0;
}
