/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM: a swtpm process per machine. Its state needs a folder, the one thing of a machine that has a name. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "host/driver/qemu/qemu.h"

#define PERMANENT_STATE "tpm2-00.permall"

void tpm_done(struct qemu *qemu)
{
	if (!qemu->tpm_folder)
		return;
	DIR *dir = opendir(qemu->tpm_folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
	(void)rmdir(qemu->tpm_folder);
	free(qemu->tpm_folder);
	qemu->tpm_folder = NULL;
}

/* The folder, with the template's permanent state for a fork; its volatile state comes with the device state. */
static int make_folder(struct qemu *qemu, struct err *e)
{
	if (qemu->tpm_folder)
		return 0;
	qemu->tpm_folder = xasprintf("%s/tpm", qemu->spec.folder);
	if (mkdir(qemu->tpm_folder, 0700) < 0 && errno != EEXIST)
		return err_set(e, BLAME_HOST, errno, "make the folder %s: %m", qemu->tpm_folder);
	if (!qemu->template_folder)
		return 0;
	CLEAN_FREE char *from = xasprintf("%s/" TEMPLATE_TPM, qemu->template_folder);
	CLEAN_FREE char *path = xasprintf("%s/" PERMANENT_STATE, qemu->tpm_folder);
	CLEAN_FD int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
	return file_copy_path(from, to, e);
}

int tpm_start(struct qemu *qemu, const struct patience *p UNUSED, int *ret_fd, struct err *e)
{
	int ends[2];
	int r = make_folder(qemu, e);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, BLAME_HOST, errno, "a socket for the TPM: %m");
	CLEAN_FD int theirs = ends[1];
	*ret_fd = ends[0];
	CLEAN_FREE char *state = xasprintf("dir=%s", qemu->tpm_folder);
	const char *argv[] = {"swtpm",
			      "socket",
			      "--tpm2",
			      "--tpmstate",
			      state,
			      "--ctrl",
			      "type=unixio,clientfd=10",
			      "--terminate",
			      "--flags",
			      "not-need-init",
			      NULL};
	struct child_fd fd = {.fd = theirs, .as = 10};
	struct child_spec spec = {
		.argv = argv, .fds = &fd, .fd_count = 1, .no_network = true, .no_exec = true};
	child_done(&qemu->tpm);
	return child_start(&spec, &qemu->tpm, e);
}
