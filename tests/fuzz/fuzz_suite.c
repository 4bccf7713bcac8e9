/* SPDX-License-Identifier: Apache-2.0 */
/* The terms of a suite, and a size as the command line spells it. */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "host/catalog/select.h"
#include "host/runbook/size.h"

static const char cases[] =
	"{\"cases\":[{\"area\":\"time\",\"name\":\"a\",\"title\":\"t\",\"kind\":\"guest\",\"priority\":\"P1\","
	"\"isolation\":\"shared\"},{\"area\":\"boot\",\"name\":\"b\",\"title\":\"t\",\"kind\":\"audit\","
	"\"priority\":\"P0\",\"isolation\":\"shared\"}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(catalog) struct catalog *catalog = NULL;
	CLEAN_CASES struct case_list picked = VEC_INIT(CATALOG_CASES_MAX);
	CLEAN_TEXT struct text terms = TEXT_INIT(1U << 20), parameters = TEXT_INIT(4096);
	struct size parsed;
	struct err e = {0};

	if (catalog_parse(cases, strlen(cases), NULL, 0, &catalog, &e) < 0)
		abort();
	(void)text_add(&terms, (const char *)data, size);
	if (suite_pick(catalog, terms.buf, &picked, &e) == 0 && picked.count > catalog->count)
		abort();
	err_clear(&e);
	if (size_parse(terms.buf, &parsed, &e) < 0) {
		if (e.text[0] == '\0' || e.blame != BLAME_USER)
			abort();
		return 0;
	}
	if (parsed.cpus < 1 || parsed.mem_mib < 128 || parsed.numa_nodes > parsed.cpus)
		abort();
	size_parameters(&parsed, &parameters);
	return 0;
}
