/* SPDX-License-Identifier: Apache-2.0 */
/* A journal of foreign bytes, read over a small plan; what could be read must be written and read again the same, and
 * every report must take it. */
#include <stdint.h>
#include <string.h>

#include "host/report/report.h"
#include "host/store/journal.h"
#include "host/store/run.h"

static const char plan[] =
	"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"image\":{\"name\":\"x\"},\"size\":{\"name\":\"s\",\"cpus\":1},"
	"\"cases\":[{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotaged\":true}]}]}";

static int write_again(void *arg, const struct record *record, struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(RECORD_LINE_MAX);
	CLEANUP(record) struct record *back = NULL;
	unsigned *count = arg;

	++*count;
	record_encode(record, &line);
	if (line.overflowed)
		return 0;
	if (record_decode(line.buf, line.length - 1, &back, e) < 0)
		abort();
	if (back->type != record->type || back->cell != record->cell ||
	    back->wall_ns != record->wall_ns || back->result.outcome != record->result.outcome ||
	    strcmp(back->result.id, record->result.id) != 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEAN_TEXT struct text out = TEXT_INIT(64U << 20);
	struct err e = {0};
	unsigned count = 0;
	size_t lost;

	(void)journal_parse((const char *)data, size, write_again, &count, &lost, &e);
	if (run_parse(plan, strlen(plan), (const char *)data, size, &run, &e) < 0)
		return 0;
	judge_run(run, &judgement);
	report_text(run, &judgement, false, &out);
	report_html(run, &judgement, &out);
	report_junit(run, &judgement, &out);
	report_json(run, &judgement, &out);
	proof_markdown(run, &out);
	return 0;
}
