/* SPDX-License-Identifier: Apache-2.0 */
/* What builds print, and what is kept of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/kernel/kept_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_line(const char *line, struct build *build)
{
	CLEAN_TEXT struct text told = TEXT_INIT(4096);
	struct diagnostic found;

	(void)diagnostic_lack(line);
	if (!diagnostic_take(line, "/src", &found))
		return;
	diagnostic_add(&found, &told);
	if (!found.text[0] || strchr(told.buf, '\n') || strchr(told.buf, '\033'))
		abort();
	(void)vec_add(&build->found, found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DONE(build)
	struct build build = {.found = VEC_INIT(8), .remarks = TEXT_INIT(64), .lock_fd = -1};
	CLEAN_DONE(build)
	struct build again = {.found = VEC_INIT(8), .remarks = TEXT_INIT(64), .lock_fd = -1};
	CLEAN_TEXT struct text all = TEXT_INIT(1U << 20), kept = TEXT_INIT(KEPT_BUILD_JSON_MAX);

	(void)kept_build_decode((const char *)data, size, &again);
	(void)text_add(&all, (const char *)data, size);
	for (char *line = all.buf, *end; line < all.buf + all.length; line = end + 1) {
		end = line + strcspn(line, "\n");
		*end = '\0';
		look_at_line(line, &build);
	}
	kept_build_encode(&build, &kept);
	if (kept_build_decode(kept.buf, kept.length, &again) < 0 ||
	    again.found.count != build.found.count)
		abort();
	return 0;
}
