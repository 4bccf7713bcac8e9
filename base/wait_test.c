/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting with a deadline and a way out. */
#include "base/wait.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/test.h"

TEST(wait, ends_at_the_deadline)
{
	struct patience p = patience_for(-1, 20 * NS_PER_MS);
	uint64_t start = clock_now_ns();
	struct err e = {0};

	EXPECT_NUMBER(wait_fd(&p, -1, 0, "Godot", &e), -ETIMEDOUT);
	EXPECT_TEXT(e.text, "timed out waiting for Godot");
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	EXPECT(clock_now_ns() - start >= 20 * NS_PER_MS);
	EXPECT_NUMBER(patience_left_ns(&p), 0);
}

TEST(wait, ends_when_cancelled)
{
	CLEAN_FD int cancel = eventfd(1, EFD_CLOEXEC);
	struct patience p = patience_for(cancel, 60 * NS_PER_S);
	struct err e = {0};

	EXPECT(patience_cancelled(&p));
	EXPECT_NUMBER(wait_fd(&p, -1, 0, "Godot", &e), -ECANCELED);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT_NUMBER(wait_span(&p, NS_PER_S, "a nap", &e), -ECANCELED);
}

TEST(wait, sees_what_is_ready_although_time_is_up)
{
	CLEAN_FD int ready = eventfd(1, EFD_CLOEXEC);
	struct patience p = patience_for(-1, 0);
	struct err e = {0};

	EXPECT_NUMBER(wait_fd(&p, ready, POLLIN, "it", &e), 0);
}

TEST(wait, span_is_no_error_but_lost_patience_is)
{
	struct patience enough = patience_for(-1, 60 * NS_PER_S);
	struct patience little = patience_for(-1, 10 * NS_PER_MS);
	struct err e = {0};

	EXPECT_NUMBER(wait_span(&enough, 5 * NS_PER_MS, "a nap", &e), 0);
	EXPECT_NUMBER(e.code, 0);
	EXPECT_NUMBER(wait_span(&little, NS_PER_S, "a nap", &e), -ETIMEDOUT);
}

TEST(wait, within_takes_the_earlier_deadline)
{
	struct patience p = patience_for(7, NS_PER_S);
	struct patience shorter = patience_within(&p, NS_PER_MS);
	struct patience same = patience_within(&p, 100 * NS_PER_S);
	struct patience endless = patience_for(-1, UINT64_MAX);

	EXPECT(shorter.until_ns < p.until_ns);
	EXPECT_NUMBER(shorter.cancel_fd, 7);
	EXPECT_NUMBER(same.until_ns, p.until_ns);
	EXPECT(patience_left_ns(&endless) > 1000 * NS_PER_S);
}

TEST(wait, reads_and_writes_exactly)
{
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct err e = {0};
	char got[6] = "";
	int ends[2];

	EXPECT_NUMBER(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	CLEAN_FD int in = ends[0], out = ends[1];
	EXPECT_NUMBER(wait_write(&p, out, "hel", 3, "the pipe", &e), 0);
	EXPECT_NUMBER(wait_write(&p, out, "lo", 2, "the pipe", &e), 0);
	EXPECT_NUMBER(wait_read(&p, in, got, 5, "the pipe", &e), 0);
	EXPECT_TEXT(got, "hello");
	close(STEAL_FD(out));
	EXPECT_NUMBER(wait_read(&p, in, got, 1, "the pipe", &e), -ECONNRESET);
	EXPECT_TEXT(e.text, "the pipe: the other side closed");
}
