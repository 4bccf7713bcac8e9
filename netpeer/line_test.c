/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/line.h"

#include <string.h>

#include "base/clock.h"
#include "base/test.h"

struct seen {
	char order[64];
	unsigned count;
	bool refuses;
};

static bool take(void *arg, const void *frame, size_t length)
{
	struct seen *seen = arg;

	if (seen->refuses)
		return false;

	EXPECT_NUMBER(length, 1);
	if (seen->count < sizeof seen->order - 1)
		seen->order[seen->count] = *(const char *)frame;
	seen->count++;
	return true;
}

TEST(line, waits_for_who_takes_nothing_now)
{
	struct seen seen = {.refuses = true};
	struct line line;

	line_init(&line, 1, take, &seen);
	line_send(&line, 0, "a", 1);
	line_run(&line, 0);
	line_send(&line, 0, "b", 1);
	seen.refuses = false;
	line_send(&line, NS_PER_MS / 2, "c", 1);
	EXPECT_NUMBER(seen.count, 0);
	line_run(&line, NS_PER_MS);
	EXPECT_TEXT(seen.order, "abc");
	seen.refuses = true;
	line_send(&line, 0, "d", 1);
	line_run(&line, 0);
	line_run(&line, NS_PER_S);
	EXPECT_NUMBER(line.lost, 1);
	EXPECT(line_due_ns(&line) == LINE_NEVER);
}

TEST(line, delivers_at_once_without_faults)
{
	struct seen seen = {0};
	struct line line;

	line_init(&line, 1, take, &seen);
	line_send(&line, 0, "a", 1);
	line_send(&line, 0, "b", 1);
	EXPECT_TEXT(seen.order, "ab");
	EXPECT(line_due_ns(&line) == LINE_NEVER);
	line_done(&line);
}

TEST(line, delays)
{
	struct seen seen = {0};
	struct line line;

	line_init(&line, 1, take, &seen);
	line.delay_ms = 5;
	line_send(&line, 100, "a", 1);
	EXPECT_NUMBER(seen.count, 0);
	EXPECT_NUMBER(line_due_ns(&line), 100 + 5 * NS_PER_MS);
	line_run(&line, 99 + 5 * NS_PER_MS);
	EXPECT_NUMBER(seen.count, 0);
	line_run(&line, 100 + 5 * NS_PER_MS);
	EXPECT_TEXT(seen.order, "a");
	line_done(&line);
}

TEST(line, loses_as_many_as_it_was_told)
{
	struct seen seen = {0};
	struct line line;

	line_init(&line, 1, take, &seen);
	line.loss_percent = 30;
	for (int i = 0; i < 10000; i++)
		line_send(&line, 0, "a", 1);
	EXPECT(seen.count > 6700 && seen.count < 7300);
	EXPECT_NUMBER(line.lost, 10000 - seen.count);
	line.loss_percent = 100;
	line_send(&line, 0, "a", 1);
	EXPECT_NUMBER(line.lost, 10001 - seen.count);
}

TEST(line, lets_frames_overtake)
{
	struct seen seen = {0};
	struct line line;

	line_init(&line, 1, take, &seen);
	line.reorder_percent = 100;
	line_send(&line, 0, "a", 1);
	line.reorder_percent = 0;
	line_send(&line, 0, "b", 1);
	line_run(&line, NS_PER_S);
	EXPECT_TEXT(seen.order, "ba");
	line_done(&line);
}

TEST(line, holds_no_more_than_its_maximum)
{
	struct seen seen = {0};
	struct line line;

	line_init(&line, 1, take, &seen);
	line.delay_ms = 1;
	for (int i = 0; i < LINE_FRAMES_MAX + 10; i++)
		line_send(&line, 0, "a", 1);
	EXPECT_NUMBER(line.lost, 10);
	line_run(&line, NS_PER_S);
	EXPECT_NUMBER(seen.count, LINE_FRAMES_MAX);
}
