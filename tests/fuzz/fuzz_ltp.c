/* SPDX-License-Identifier: Apache-2.0 */
/* What a test of LTP prints; the first byte is its exit status. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/ltp.h"

static void look_at_line(void *arg, const struct ltp_line *line)
{
	unsigned *lines = arg;

	if (line->number == 0 || (unsigned)line->type >= LTP_TYPES ||
	    (!line->name[0] && !line->file[0]))
		abort();
	(*lines)++;
}

/* However the bytes are cut into pieces. */
static void feed(struct ltp_reader *reader, const char *bytes, size_t size, size_t piece)
{
	for (size_t at = 0; at < size; at += piece)
		ltp_feed(reader, bytes + at, size - at < piece ? size - at : piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 7, 65536};
	enum outcome first = OUTCOME_PASS;
	unsigned lines[ARRAY_LEN(pieces)] = {0};

	if (size == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct ltp_reader reader;
		struct result result;
		result_init(&result, "a.b");
		ltp_reader_init(&reader, look_at_line, &lines[i]);
		feed(&reader, (const char *)data + 1, size - 1, pieces[i]);
		ltp_judge(&reader, "t", data[0] << 8, &result);
		if (i == 0)
			first = result.outcome;
		if (result.outcome != first || lines[i] != lines[0])
			abort();
		if (result.outcome == OUTCOME_PASS &&
		    (result.checks_passed == 0 || result.checks_failed > 0 || (data[0] & 3)))
			abort();
		if (result.outcome == OUTCOME_FAIL && result.checks_failed == 0)
			abort();
		if (result.outcome == OUTCOME_INFRA)
			abort();
		result_done(&result);
	}
	return 0;
}
