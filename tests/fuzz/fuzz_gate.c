/* SPDX-License-Identifier: Apache-2.0 */
/* Gates, which people write; whatever was read can be judged by. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/judge/judge.h"
#include "host/report/judgement.h"

static const char plan[] =
	"{\"schema\":1,\"run\":\"r\",\"left_out\":[{\"values\":\"size=big\",\"why\":\"w\"}],\"cells\":["
	"{\"image\":{\"name\":\"i\",\"sha256\":\"d\",\"os\":\"o\"},\"size\":{\"name\":\"small\",\"cpus\":2},"
	"\"firmware\":\"uefi\",\"cases\":["
	"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.c\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"b.a\",\"kind\":\"guest\",\"priority\":\"P2\",\"sabotage_kind\":\"none\"},"
	"{\"id\":\"b.c\",\"kind\":\"guest\",\"priority\":\"P3\",\"sabotage_kind\":\"code\"}]}]}";
static const char journal[] =
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.b\",\"outcome\":\"fail\",\"message\":\"m\"}\n"
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.c\",\"outcome\":\"skip\",\"need\":\"disk:data\"}\n"
	"{\"type\":\"result\",\"cell\":0,\"id\":\"b.a\",\"outcome\":\"pass\"}\n";

static void judge(const struct gate *gate)
{
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judgement) struct judgement once = {0}, again = {0};
	CLEAN_TEXT struct text one = TEXT_INIT(64U << 20), other = TEXT_INIT(64U << 20);
	struct err e = {0};

	if (run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e) < 0)
		abort();
	const struct judge_inputs inputs = {.gate = gate, .baseline = run, .now_ns = 1};
	judge_by(run, &inputs, &once);
	judge_by(run, &inputs, &again);
	judgement_json(run, &once, &inputs, &one);
	judgement_json(run, &again, &inputs, &other);
	if (strcmp(one.buf, other.buf) != 0)
		abort();
	judgement_text(run, &once, &inputs, true, &other);
	vec_each (&once.reasons, reason)
		if (once.verdict == VERDICT_SHIP && reason->effect != EFFECT_TELL)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(gate) struct gate *gate = NULL;

	unsigned count =
		gate_parse("g", size > 0 ? (const char *)data : "", size, &gate, &problems);
	if ((count == 0) != (gate != NULL) || (count > 0) != (problems.length > 0))
		abort();
	if (gate)
		judge(gate);
	return 0;
}
