/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever may come from the agent's port. The first byte says whether a greeting is expected. */
#include <stdint.h>
#include <sys/socket.h>

#include "host/link/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream *stream = NULL;
	struct frame frame;
	struct field field;
	struct err e = {0};
	int guest = -1;

	if (size < 2 || size > 65536 || stream_pair(&stream, &guest) < 0)
		return 0;
	struct agent *agent = agent_new(stream);
	if (data[0] & 1)
		agent_skip_greeting(agent);
	(void)!send(guest, data + 1, size - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(guest);
	(void)agent_move(agent, &e);
	while (agent_next(agent, &frame, &e) > 0)
		for (size_t at = 0; frame_next(&frame, &at, &field, &e) > 0;)
			(void)field_value(&field);
	agent_free(agent);
	return 0;
}
