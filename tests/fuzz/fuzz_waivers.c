/* SPDX-License-Identifier: Apache-2.0 */
/* Waivers, which people and `assay waive` write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/judge/waiver.h"

/* Whatever was read keeps what its header promises. */
static void check(const struct waivers *waivers)
{
	static const struct waiver_target target = {.id = "a.b",
						    .image = "image",
						    .os = "os",
						    .sha256 = "digest",
						    .size = "small",
						    .arch = "x86_64",
						    .filesystem = "ext4",
						    .kernel = "6.12.3"};
	CLEAN_DONE(result) struct result result;

	result_init(&result, "a.b");
	result.outcome = OUTCOME_FAIL;
	result_add_sub(&result, &(struct sub_result){.name = (char[]){"disk > reads"},
						     .message = (char[]){""},
						     .outcome = OUTCOME_FAIL});
	vec_each (&waivers->list, waiver) {
		uint64_t end_ns;
		bool waives_any = false;
		for (int i = 0; i < WAIVES_COUNT; i++)
			waives_any = waives_any || waiver->waives[i];
		if (!waives_any || !waiver->cases[0] || !waiver->id[0] || !waiver->owner ||
		    !waiver_parse_date(waiver->expires, &end_ns) || end_ns != waiver->expires_ns ||
		    waiver->removal_after == 0)
			abort();
		(void)waiver_fits(waiver, &target);
		(void)waiver_fits_subs(waiver, &result);
		(void)waiver_fits_message(waiver, "it says so");
	}
}

/* One more can be added, or it is told why not; all that was there stays in its place. */
static void append(const char *yaml, size_t size, const struct waivers *before)
{
	static const struct waiver_words words = {
		.cases = "fuzz.case", .reason = "r", .owner = "o", .expires = "2030-12-31"};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX),
			       out = TEXT_INIT(WAIVERS_FILE_MAX),
			       added = TEXT_INIT(WAIVERS_FILE_MAX);
	CLEAN_DONE(waivers) struct waivers after = WAIVERS_INIT;

	if (waivers_append("w", yaml, size, &words, &out, &added, &problems) > 0) {
		if (problems.length == 0 || added.length > 0)
			abort();
		return;
	}
	if (waivers_parse(&after, "w", out.buf, out.length, &problems) > 0 ||
	    after.list.count != before->list.count + 1)
		abort();
	for (size_t i = 0; i < before->list.count; i++)
		if (strcmp(before->list.items[i].id, after.list.items[i].id) != 0 ||
		    before->list.items[i].place.line != after.list.items[i].place.line)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
	const char *yaml = size > 0 ? (const char *)data : "";

	unsigned count = waivers_parse(&waivers, "w", yaml, size, &problems);
	if ((count > 0) != (problems.length > 0) ||
	    (count > 0 && waivers.list.count + waivers.files.count > 0))
		abort();
	check(&waivers);
	append(yaml, size, &waivers);
	return 0;
}
