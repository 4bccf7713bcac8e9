/* SPDX-License-Identifier: Apache-2.0 */
/* Runbooks, which people write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "host/catalog/catalog.h"
#include "host/plan/demand.h"

#define CATALOG "{\"cases\":[]}"
#define SECRET	"hunter2hunter"

/* Whatever was read keeps what its header promises. */
static void check(const struct runbook *runbook)
{
	CLEAN_TEXT struct text terms = TEXT_INIT(16U << 20);

	if (runbook->images.count == 0 || runbook->sizes.count == 0)
		abort();
	vec_each (&runbook->images, image)
		if (!image->file || !image->name.text || !image->name.text[0])
			abort();
	vec_each (&runbook->sizes, size)
		if (!is_size_name(size->size.name) || size->size.cpus == 0)
			abort();
	vec_each (&runbook->must, row) {
		vec_each (row, value) {
			enum runbook_axis axis;
			size_t variant;
			if (!runbook_find_axis(runbook, value->axis.text, &axis, &variant))
				abort();
		}
	}
	runbook_terms(runbook, &terms);
	if (terms.length == 0 || terms.overflowed)
		abort();
}

/* What looks for more problems takes whatever is left of one that has some. */
static void look_further(const struct runbook *runbook)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(demand) struct demand demand;
	CLEANUP(catalog) struct catalog *catalog = NULL;
	struct err e = {0};

	if (catalog_parse(CATALOG, strlen(CATALOG), NULL, 0, &catalog, &e) < 0)
		abort();
	(void)runbook_check_cases(runbook, catalog, &problems);
	(void)demand_init(&demand, runbook, &problems);
	demand_know(&demand, "arch");
	(void)demand_check(&demand, &problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const environment[] = {"ASSAY_VAR_TOKEN=" SECRET, "ASSAY_VAR_X=x${x}$",
						  NULL};
	struct runbook_inputs inputs = {.environment = environment};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;
	const char *yaml = size > 0 ? (const char *)data : "";

	unsigned count = runbook_parse("r", yaml, size, &inputs, &runbook, &problems);
	if ((count == 0 && !runbook) || (count > 0) != (problems.length > 0))
		abort();
	/* Once it is known to be one, it is hidden in what comes after, too: nothing of this input may tell it. */
	CLEAN_TEXT struct text again = TEXT_INIT(YAML_PROBLEMS_MAX);
	(void)text_add(&again, problems.buf, problems.length);
	secret_hide(&again);
	if (strcmp(again.buf, problems.buf) != 0)
		abort();
	secret_forget();
	if (count == 0)
		check(runbook);
	if (runbook)
		look_further(runbook);
	return 0;
}
