/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM: a swtpm process per machine. Its state is one file, which has no name like all that a machine owns. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "host/driver/qemu/qemu.h"

#define CONTROL_FD 10 /* as swtpm sees them */
#define STATE_FD   11

/* The template's permanent state for a fork; its volatile state comes with the device state. */
static int make_state(struct qemu *qemu, struct err *e)
{
	if (qemu->tpm_fd >= 0)
		return 0;
	qemu->tpm_fd = file_unnamed(qemu->spec.folder, e);
	if (qemu->tpm_fd < 0)
		return qemu->tpm_fd;
	if (!qemu->template_folder)
		return 0;
	CLEAN_FREE char *from = xasprintf("%s/" TEMPLATE_TPM, qemu->template_folder);
	return file_copy_path(from, qemu->tpm_fd, e);
}

int tpm_start(struct qemu *qemu, const struct patience *p UNUSED, int *ret_fd, struct err *e)
{
	int ends[2];
	int r = make_state(qemu, e);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, BLAME_HOST, errno, "a socket for the TPM: %m");
	CLEAN_FD int theirs = ends[1];
	*ret_fd = ends[0];
	CLEAN_FREE char *state = xasprintf("backend-uri=file:///proc/self/fd/%d", STATE_FD);
	CLEAN_FREE char *control = xasprintf("type=unixio,clientfd=%d", CONTROL_FD);
	const char *argv[] = {"swtpm", "socket",      "--tpm2",	 "--tpmstate",	  state, "--ctrl",
			      control, "--terminate", "--flags", "not-need-init", NULL};
	const struct child_fd fds[] = {{theirs, CONTROL_FD}, {qemu->tpm_fd, STATE_FD}};
	struct child_spec spec = {.argv = argv,
				  .fds = fds,
				  .fd_count = ARRAY_LEN(fds),
				  .no_network = true,
				  .no_exec = true};
	child_done(&qemu->tpm);
	return child_start(&spec, &qemu->tpm, e);
}
