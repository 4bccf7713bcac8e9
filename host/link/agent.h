/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a stream to the agent in a guest. Nothing here blocks: the machine polls the stream together with the
 * console, so that neither holds up the other.
 *
 *	struct agent *agent = agent_new(stream);           (takes the stream)
 *	frame_open(agent_out(agent), FRAME_RUN); ... frame_close(agent_out(agent));
 *	poll(agent_fd(agent), agent_events(agent)); agent_move(agent, e);
 *	while ((r = agent_next(agent, &frame, e)) > 0) ...
 */
#ifndef ASSAY_HOST_LINK_AGENT_H
#define ASSAY_HOST_LINK_AGENT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"
#include "host/link/stream.h"
#include "wire/frame.h"

struct agent;

/* Takes the stream. The first frame that counts is a greeting: what comes before it is skipped. */
struct agent *agent_new(struct stream *stream) NONNULL(1);
void agent_free(struct agent *agent); /* takes NULL */
DEFINE_CLEANUP(agent);

int agent_fd(const struct agent *agent) NONNULL(1);
short agent_events(const struct agent *agent)
	NONNULL(1); /* for poll(2): POLLIN, and POLLOUT while there is more to send */
bool agent_has_bytes(const struct agent *agent)
	NONNULL(1); /* do not wait: something lies in the carrier's buffers */

/* Where frames to be sent are added; agent_move sends them. */
struct text *agent_out(struct agent *agent) NONNULL(1);
bool agent_is_sent(const struct agent *agent) NONNULL(1);

/* Sends and reads what goes now. Returns 0; -ECONNRESET (blame guest) when the other side has closed. */
int agent_move(struct agent *agent, struct err *e) NONNULL(1, 2);

/* The next whole frame: 1 and *ret, which is valid until the next agent_move or agent_next; 0 when there is none yet;
 * -EBADMSG (blame guest) when the guest sent something that is no frame. */
int agent_next(struct agent *agent, struct frame *ret, struct err *e) NONNULL(1, 2, 3);

/* The guest restarts: forgets what was to be sent, and skips what has come and comes up to the next greeting. */
void agent_expect_greeting(struct agent *agent) NONNULL(1);

/* No greeting will come: the other side is a copy of one that has greeted. */
void agent_skip_greeting(struct agent *agent) NONNULL(1);

#endif
