/* SPDX-License-Identifier: Apache-2.0 */
/* Frames over a stream to the agent. */
#include "host/link/agent.h"

#include <poll.h>
#include <string.h>

#define PIECE	65536
#define IN_MAX	(FRAME_HEADER + FRAME_PAYLOAD_MAX + PIECE)
#define OUT_MAX (2 * (FRAME_HEADER + FRAME_PAYLOAD_MAX))
/* Bytes read in one agent_move, so that a guest which never stops talking cannot keep the machine from its deadline. */
#define MOVE_MAX (1U << 20)

struct agent {
	struct stream *stream;
	struct text in, out;
	size_t in_used;	 /* bytes at the start of `in` that agent_next has given away */
	size_t out_sent; /* bytes at the start of `out` that are gone */
	bool greeting_expected;
};

struct agent *agent_new(struct stream *stream)
{
	struct agent *agent = xnew(sizeof *agent);

	*agent = (struct agent){
		.stream = stream,
		.in = TEXT_INIT(IN_MAX),
		.out = TEXT_INIT(OUT_MAX),
		.greeting_expected = true,
	};
	return agent;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	stream_free(agent->stream);
	text_done(&agent->in);
	text_done(&agent->out);
	free(agent);
}

int agent_fd(const struct agent *agent)
{
	return agent->stream->fd;
}

bool agent_is_sent(const struct agent *agent)
{
	return agent->out_sent == agent->out.length;
}

short agent_events(const struct agent *agent)
{
	return agent_is_sent(agent) ? POLLIN : POLLIN | POLLOUT;
}

bool agent_has_bytes(const struct agent *agent)
{
	return stream_has_bytes(agent->stream) != 0;
}

struct text *agent_out(struct agent *agent)
{
	return &agent->out;
}

/* Drops the first `used` bytes. */
static void shift(struct text *text, size_t *used)
{
	if (*used == 0)
		return;
	memmove(text->buf, text->buf + *used, text->length - *used);
	text_cut(text, text->length - *used);
	*used = 0;
}

static int move_out(struct agent *agent, struct err *e)
{
	while (!agent_is_sent(agent)) {
		ssize_t n = stream_write(agent->stream, agent->out.buf + agent->out_sent,
					 agent->out.length - agent->out_sent);
		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return err_set(e, BLAME_GUEST, (int)-n, "send to the agent: %m");
		agent->out_sent += (size_t)n;
	}
	shift(&agent->out, &agent->out_sent);
	return 0;
}

static int move_in(struct agent *agent, struct err *e)
{
	char piece[PIECE];

	shift(&agent->in, &agent->in_used);
	for (size_t moved = 0; moved < MOVE_MAX && agent->in.length + sizeof piece <= IN_MAX;) {
		ssize_t n = stream_read(agent->stream, piece, sizeof piece);
		if (n == -EAGAIN)
			return 0;
		if (n == 0)
			return err_set(e, BLAME_GUEST, ECONNRESET,
				       "the agent's channel was closed");
		if (n < 0)
			return err_set(e, BLAME_GUEST, (int)-n, "read from the agent: %m");
		text_add(&agent->in, piece, (size_t)n);
		moved += (size_t)n;
	}
	return 0;
}

int agent_move(struct agent *agent, struct err *e)
{
	struct err in_error = {0};
	int r = move_out(agent, e);
	/* What it said before it went away still counts. */
	int r_in = move_in(agent, r < 0 ? &in_error : e);

	return r < 0 ? r : r_in;
}

/* Skips to the next place where a greeting may begin. */
static void skip_to_greeting(struct agent *agent)
{
	static const char greeting[] = {'A', 'S', 'Y', '1', FRAME_HELLO, 0};
	const char *start = agent->in.buf + agent->in_used;
	size_t left = agent->in.length - agent->in_used;
	const char *found = memmem(start, left, greeting, sizeof greeting);

	if (found)
		agent->in_used += (size_t)(found - start);
	else if (left >= sizeof greeting)
		agent->in_used += left - (sizeof greeting - 1);
}

/* As frame_parse; while a greeting is expected, what only looks like one is stepped over. */
static long parse_next(struct agent *agent, struct frame *ret, struct err *e)
{
	for (;;) {
		if (agent->greeting_expected)
			skip_to_greeting(agent);
		size_t left = agent->in.length - agent->in_used;
		if (left == 0 || (agent->greeting_expected && left < FRAME_HEADER))
			return 0;
		long used = frame_parse(agent->in.buf + agent->in_used, left, ret, e);
		if (used >= 0 || !agent->greeting_expected)
			return used;
		err_clear(e);
		agent->in_used++;
	}
}

int agent_next(struct agent *agent, struct frame *ret, struct err *e)
{
	long used = parse_next(agent, ret, e);

	if (used < 0)
		return err_wrap(e, "the guest sent something that is no frame");
	if (used == 0)
		return 0;
	agent->in_used += (size_t)used;
	agent->greeting_expected = false;
	return 1;
}

void agent_expect_greeting(struct agent *agent)
{
	text_clear(&agent->out);
	agent->out_sent = 0;
	agent->greeting_expected = true;
}

void agent_skip_greeting(struct agent *agent)
{
	agent->greeting_expected = false;
}
