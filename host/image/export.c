/* SPDX-License-Identifier: Apache-2.0 */
/* An image's virtual disk as a descriptor. */
#include "host/image/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "host/image/chain.h"
#include "host/image/extents.h"

#define DAEMON_MEMORY (2ULL << 30)
#define DAEMON_CPU_S  3600
#define LISTENER_FD   3

void export_done(struct export *export)
{
	child_done(&export->daemon);
	scope_close(&export->fd);
	scope_close(&export->messages);
	for (unsigned i = 0; i < export->file_count; i++)
		scope_close(&export->files[i]);
	*export = (struct export)EXPORT_INIT;
}

int export_connect(int *ret_listener, int *ret_client, struct err *e)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t length = sizeof name.sun_family; /* as short as this: autobind */
	CLEAN_FD int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEAN_FD int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 || client < 0)
		return err_set(e, BLAME_HOST, errno, "socket: %m");
	if (bind(listener, (struct sockaddr *)&name, length) < 0 || listen(listener, 1) < 0)
		return err_set(e, BLAME_HOST, errno, "listen on a socket: %m");
	length = sizeof name;
	if (getsockname(listener, (struct sockaddr *)&name, &length) < 0 ||
	    connect(client, (struct sockaddr *)&name, length) < 0)
		return err_set(e, BLAME_HOST, errno, "connect to the disk's socket: %m");
	*ret_listener = STEAL_FD(listener);
	*ret_client = STEAL_FD(client);
	return 0;
}

static int start_daemon(const struct image *image, int listener, struct export *export,
			struct err *e)
{
	CLEAN_TEXT struct text blockdev = TEXT_INIT(CHAIN_BLOCKDEV_MAX);
	const struct child_fd fds[] = {{listener, LISTENER_FD}};
	const char *argv[] = {
		"qemu-storage-daemon",
		"--blockdev",
		NULL,
		"--nbd-server",
		"addr.type=fd,addr.str=3,max-connections=1",
		"--export",
		"type=nbd,id=export,node-name=" EXPORT_NAME,
		NULL,
	};
	/* Its buffers come and go with each request: kept by malloc they need not be mapped and cleared each time. */
	static const char *const env[] = {"MALLOC_MMAP_THRESHOLD_=33554432",
					  "MALLOC_TRIM_THRESHOLD_=268435456", NULL};
	struct child_spec spec = {
		.argv = argv,
		.env = env,
		.fds = fds,
		.fd_count = ARRAY_LEN(fds),
		.limit_memory = DAEMON_MEMORY,
		.limit_cpu_s = DAEMON_CPU_S,
		.no_network = true,
		.no_exec = true,
	};

	chain_blockdev(image, EXPORT_NAME, &blockdev);
	argv[2] = blockdev.buf;
	export->messages = memfd_create("messages", MFD_CLOEXEC);
	if (export->messages < 0)
		return err_set(e, BLAME_HOST, errno, "memfd: %m");
	spec.stderr_fd = export->messages;
	return child_start(&spec, &export->daemon, e);
}

static int serve_nbd(const struct image *image, struct export *export, struct err *e)
{
	CLEAN_FD int listener = -1;
	int r = export_connect(&listener, &export->fd, e);

	export->kind = EXPORT_NBD;
	return r < 0 ? r : start_daemon(image, listener, export, e);
}

static int open_files(const struct image *image, struct export *export, struct err *e)
{
	export->kind = EXPORT_FILES;
	for (unsigned i = 0; i < image->chain_count; i++) {
		int fd = open(image->chain[i].path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(e, BLAME_HOST, errno, "open %.300s: %m",
				       image->chain[i].path);
		export->files[export->file_count++] = fd;
	}
	export->fd = extents_hand_over(image->extents, e);
	return export->fd < 0 ? export->fd : 0;
}

int export_open(const struct image *image, struct export *ret, struct err *e)
{
	CLEAN_DONE(export) struct export export = EXPORT_INIT;
	int r = image->extents ? open_files(image, &export, e) : serve_nbd(image, &export, e);

	if (r < 0)
		return err_wrap(e, "read the disk of %.150s", image->name);
	*ret = export;
	export = (struct export)EXPORT_INIT;
	return 0;
}

bool export_has_failed(struct export *export, struct text *words)
{
	char bytes[512];

	if (export->messages < 0 || !child_has_ended(&export->daemon))
		return false;
	ssize_t n = pread(export->messages, bytes, sizeof bytes - 1, 0);
	bytes[n > 0 ? n : 0] = '\0';
	bytes[strcspn(bytes, "\n")] = '\0';
	(void)text_adds(words, bytes[0] ? bytes : "qemu-storage-daemon ended without a word");
	return true;
}
