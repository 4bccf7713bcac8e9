/* SPDX-License-Identifier: Apache-2.0 */
/* ENTRY_SSH: bringing the agent in over SSH. */
#include "base/clock.h"
#include "base/log.h"
#include "host/link/ssh.h"
#include "host/machine/internal.h"

#define TRY_SPAN_NS (30 * NS_PER_S)

bool machine_wants_ssh(const struct machine *machine)
{
	return machine->spec.entry == ENTRY_SSH && !machine->agent && machine->vm->driver->ssh_port;
}

static int wait_for_session(void *arg, const struct patience *p, int fd, short events,
			    const char *what, struct err *e)
{
	return machine_wait_fd(arg, p, fd, events, what, e);
}

int machine_try_ssh(struct machine *machine, const struct patience *p, struct err *e)
{
	struct patience span = patience_within(p, TRY_SPAN_NS);
	struct ssh_target target = {
		.user = machine->spec.ssh_user,
		.key = machine->spec.ssh_key,
		.agent_path = machine->spec.agent_path,
		.wait = wait_for_session,
		.wait_arg = machine,
	};
	struct stream *stream = NULL;
	int r = machine->vm->driver->ssh_port(machine->vm, p, &target.port, e);

	if (r < 0)
		return r;
	r = ssh_open(&target, &span, &stream, e);
	if (r == 0) {
		machine->agent = agent_new(stream);
		return 0;
	}
	/* A server that is not yet there, or is going down, is a matter of time. */
	if (e->blame != BLAME_GUEST)
		return r;
	log_debug("ssh", "not yet: %s", e->text);
	err_clear(e);
	return 0;
}
