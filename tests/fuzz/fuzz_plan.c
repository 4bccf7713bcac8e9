/* SPDX-License-Identifier: Apache-2.0 */
/* A plan.json of foreign bytes, read back as a run and reported. */
#include <stdint.h>

#include "host/report/report.h"
#include "host/store/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEAN_TEXT struct text out = TEXT_INIT(64U << 20);
	struct err e = {0};

	if (run_parse((const char *)data, size, "", 0, &run, &e) < 0)
		return 0;
	judge_run(run, &judgement);
	/* No result: nothing may ship. */
	if (judgement.verdict == VERDICT_SHIP)
		abort();
	report_text(run, &judgement, true, &out);
	report_html(run, &judgement, &out);
	proof_text(run, true, &out);
	return 0;
}
