/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from an agent that may be anything: greetings behind junk, pieces, garbage, silence. */
#include "host/link/agent.h"

#include <string.h>
#include <sys/socket.h>

#include "base/test.h"

/* An agent and the guest's end of its stream. */
static struct agent *make(int *ret_guest)
{
	struct stream *stream = NULL;

	EXPECT_NUMBER(stream_pair(&stream, ret_guest), 0);
	if (!stream)
		test_skip("no socket pair");
	return agent_new(stream);
}

static void say(int guest, const struct text *bytes, size_t from, size_t length)
{
	EXPECT_NUMBER(send(guest, bytes->buf + from, length, 0), (long long)length);
}

static void add_frame(struct text *out, enum frame_type type)
{
	frame_open(out, type);
	field_text(out, FIELD_TEXT, "some text");
	frame_close(out);
}

TEST(agent, greeting_is_found_behind_junk)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	struct frame frame = {0};
	struct err e = {0};

	text_adds(&out, "half of an old frame ASY1 and ASY");
	text_add(&out, "ASY1\x01\0\xff\xff", 8); /* looks like a greeting, but is none */
	say(guest, &out, 0, out.length);
	text_clear(&out);
	add_frame(&out, FRAME_HELLO);
	say(guest, &out, 0, out.length);
	EXPECT_NUMBER(agent_move(agent, &e), 0);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), 1);
	EXPECT_NUMBER(frame.type, FRAME_HELLO);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), 0);
	close(guest);
}

TEST(agent, frames_come_in_pieces)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	struct frame frame = {0};
	struct err e = {0};

	add_frame(&out, FRAME_HELLO);
	add_frame(&out, FRAME_REPLY);
	unsigned frames = 0;
	for (size_t i = 0; i < out.length; i++) {
		say(guest, &out, i, 1);
		EXPECT_NUMBER(agent_move(agent, &e), 0);
		frames += agent_next(agent, &frame, &e) > 0;
	}
	EXPECT_NUMBER(frames, 2);
	EXPECT_NUMBER(frame.type, FRAME_REPLY);
	close(guest);
}

TEST(agent, garbage_after_the_greeting_is_the_guests_fault)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	struct frame frame = {0};
	struct err e = {0};

	add_frame(&out, FRAME_HELLO);
	text_adds(&out, "no frame at all");
	say(guest, &out, 0, out.length);
	EXPECT_NUMBER(agent_move(agent, &e), 0);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), 1);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), -EBADMSG);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	EXPECT(has_prefix(e.text, "the guest sent something that is no frame: "));
	close(guest);
}

TEST(agent, frames_before_the_close_still_count)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	struct frame frame = {0};
	struct err e = {0};

	add_frame(&out, FRAME_HELLO);
	say(guest, &out, 0, out.length);
	close(guest);
	EXPECT_NUMBER(agent_move(agent, &e), -ECONNRESET);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), 1);
}

TEST(agent, restart_makes_old_words_void)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text out = TEXT_INIT(65536);
	struct frame frame = {0};
	struct err e = {0};

	add_frame(&out, FRAME_HELLO);
	add_frame(&out, FRAME_RESULT);
	say(guest, &out, 0, out.length - 5); /* the reset came in the middle */
	EXPECT_NUMBER(agent_move(agent, &e), 0);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), 1);
	agent_expect_greeting(agent);
	text_clear(&out);
	add_frame(&out, FRAME_HELLO);
	say(guest, &out, 0, out.length);
	EXPECT_NUMBER(agent_move(agent, &e), 0);
	EXPECT_NUMBER(agent_next(agent, &frame, &e), 1);
	EXPECT_NUMBER(frame.type, FRAME_HELLO);
	close(guest);
}

/* More than a socket holds: what does not go now goes later, in order. */
TEST(agent, large_frame_is_sent_as_the_guest_reads)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text got = TEXT_INIT(4U << 20);
	CLEAN_FREE char *bytes = xnew(2U << 20);
	char piece[65536];
	struct err e = {0};

	memset(bytes, 'b', 2U << 20);
	frame_open(agent_out(agent), FRAME_LOAD);
	field_bytes(agent_out(agent), FIELD_BYTES, bytes, 2U << 20);
	frame_close(agent_out(agent));
	size_t want = agent_out(agent)->length;
	while (got.length < want) {
		EXPECT_NUMBER(agent_move(agent, &e), 0);
		ssize_t n = recv(guest, piece, sizeof piece, MSG_DONTWAIT);
		EXPECT(n > 0);
		if (n <= 0)
			break;
		text_add(&got, piece, (size_t)n);
	}
	EXPECT(agent_is_sent(agent));
	struct frame frame;
	EXPECT_NUMBER(frame_parse(got.buf, got.length, &frame, &e), (long long)want);
	close(guest);
}

/* Many false greetings in a row must cost neither stack nor time. */
TEST(agent, many_false_greetings)
{
	int guest = -1;
	CLEANUP(agent) struct agent *agent = make(&guest);
	CLEAN_TEXT struct text out = TEXT_INIT(4U << 20);
	struct frame frame = {0};
	struct err e = {0};

	for (int i = 0; i < 100000; i++)
		text_add(&out, "ASY1\x01\0\xff\xff", 8);
	for (size_t at = 0; at < out.length;) {
		ssize_t n = send(guest, out.buf + at, out.length - at, MSG_DONTWAIT);
		if (n > 0)
			at += (size_t)n;
		EXPECT_NUMBER(agent_move(agent, &e), 0);
		EXPECT_NUMBER(agent_next(agent, &frame, &e), 0);
	}
	close(guest);
}
