/* SPDX-License-Identifier: Apache-2.0 */
/* Files of sizes, which people write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/runbook/size_fit.h"
#include "host/runbook/size_table.h"
#include "host/runbook/size_trait.h"

/* Constraints and lines of parameters are made of them. */
static void check_trait(void *arg, const char *name, const char *value)
{
	(void)arg;
	if (name[0] < 'a' || name[0] > 'z' || value[0] == '\0' || strpbrk(name, "= \n\"'") ||
	    strpbrk(value, " \n\"'"))
		abort();
}

static void check(const struct size *size)
{
	static const struct size_room room = {.cpus = 2, .memory_mib = 4096};
	struct size fitted = *size, again;

	if (!is_size_name(size->name) || size->cpus == 0 || size->mem_mib < 128)
		abort();
	size_traits(size, check_trait, NULL);
	size_fit(&room, &fitted);
	if (fitted.cpus > SIZE_CPUS_EACH * room.cpus || fitted.mem_mib > 3072 ||
	    fitted.data_disks > SIZE_DISKS_MAX || fitted.numa_nodes > fitted.cpus)
		abort();
	/* What was made smaller says so. */
	if ((fitted.cpus < size->cpus || fitted.mem_mib < size->mem_mib) && !fitted.stand_in[0])
		abort();
	again = fitted;
	size_fit(&room, &again);
	if (again.cpus != fitted.cpus || again.mem_mib != fitted.mem_mib)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	const char *yaml = size > 0 ? (const char *)data : "";

	unsigned count = size_table_parse(table, "s", yaml, size, &problems);
	if ((count > 0) != (problems.length > 0))
		abort();
	for (size_t i = 0; i < size_table_count(table); i++)
		check(size_table_at(table, i));
	return 0;
}
