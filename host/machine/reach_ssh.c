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

int machine_ssh_run(struct machine *machine, const struct patience *p,
		    const struct ssh_login *login, struct text *output, struct err *e)
{
	struct ssh_target target = {
		.fd = login->fd,
		.user = login->user,
		.key = login->key,
		.wait = wait_for_session,
		.wait_arg = machine,
	};

	return ssh_run(&target, login->command, p, output, e);
}

int machine_ssh_key(const struct machine_spec *spec, char **ret_path, char **ret_public,
		    struct err *e)
{
	const struct image_options *options = spec->image_options;

	if (!options || !options->cache_folder)
		return err_set(e, BLAME_HOST, ENOENT, "there is no cache in which an SSH key lies");
	CLEAN_FREE char *path = xasprintf("%s/guest-ssh-key", options->cache_folder);
	int r = ssh_key_keep(path, ret_public, e);
	if (r == 0)
		*ret_path = STEAL_PTR(path);
	return r;
}
