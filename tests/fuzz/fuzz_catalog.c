/* SPDX-License-Identifier: Apache-2.0 */
/* The list of cases that an agent binary prints, and patterns over it. */
#include <stdint.h>

#include "host/catalog/catalog.h"
#include "host/catalog/select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(catalog) struct catalog *catalog = NULL;
	struct err e = {0};

	if (catalog_parse((const char *)data, size, NULL, 0, &catalog, &e) < 0)
		return 0;
	for (size_t i = 0; i < catalog->count; i++) {
		CLEAN_CASES struct case_list picked = VEC_INIT(CATALOG_CASES_MAX);
		const char *patterns[] = {catalog->cases[i].id};
		struct selection selection = {.patterns = patterns, .pattern_count = 1};
		if (catalog_find(catalog, catalog->cases[i].id) != &catalog->cases[i] ||
		    catalog_select(catalog, &selection, &picked, &e) < 0 || picked.count != 1)
			abort();
	}
	return 0;
}
