/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's RAM as files: shared with QEMU while it boots, so that freezing need not copy it through QEMU. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "host/driver/qemu/qemu.h"
#include "host/driver/resources.h"

#define MIB (1ULL << 20)

unsigned ram_nodes(const struct machine_spec *spec)
{
	unsigned nodes = spec->size->numa_nodes;

	return nodes < 1 ? 1 : nodes > QEMU_NODES_MAX ? QEMU_NODES_MAX : nodes;
}

int ram_make(struct qemu *qemu, struct err *e)
{
	uint64_t want = qemu->spec.size->mem_mib * MIB, have = resources_memory("");

	if (have > 0 && have < want)
		return err_set(
			e, BLAME_HOST, ENOMEM,
			"a machine with %u MiB does not fit: %llu MiB of memory are free on this host",
			qemu->spec.size->mem_mib, (unsigned long long)(have / MIB));
	qemu->node_count = ram_nodes(&qemu->spec);
	for (unsigned i = 0; i < qemu->node_count; i++) {
		int fd = memfd_create("assay-ram", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, (off_t)(want / qemu->node_count)) < 0) {
			scope_close(&fd);
			return err_set(e, BLAME_HOST, errno, "memory for the guest: %m");
		}
		scope_close(&qemu->ram_fds[i]);
		qemu->ram_fds[i] = fd;
	}
	qemu->is_fork = false;
	return 0;
}

static int copy_ram(const char *path, int *ret_fd, struct err *e)
{
	*ret_fd = memfd_create("assay-ram", MFD_CLOEXEC);
	if (*ret_fd < 0)
		return err_set(e, BLAME_HOST, errno, "memory for the guest: %m");
	return file_copy_path(path, *ret_fd, e);
}

/* QEMU wants to write to it; the mapping is private, so nothing that the guest writes reaches the file. */
static int open_ram(const char *path, int *ret_fd, struct err *e)
{
	*ret_fd = open(path, O_RDWR | O_CLOEXEC);
	return *ret_fd < 0 ? err_set(e, BLAME_HOST, errno, "open %s: %m", path) : 0;
}

int ram_fork(struct qemu *qemu, const char *folder, struct err *e)
{
	qemu->node_count = ram_nodes(&qemu->spec);
	for (unsigned i = 0; i < qemu->node_count; i++) {
		CLEAN_FREE char *path = xasprintf("%s/" TEMPLATE_RAM, folder, i);
		int r = qemu->spec.owns_ram ? copy_ram(path, &qemu->ram_fds[i], e)
					    : open_ram(path, &qemu->ram_fds[i], e);
		if (r < 0)
			return r;
	}
	qemu->is_fork = true;
	return 0;
}

int ram_freeze(struct qemu *qemu, const char *folder, struct err *e)
{
	for (unsigned i = 0; i < qemu->node_count; i++) {
		CLEAN_FREE char *path = xasprintf("%s/" TEMPLATE_RAM, folder, i);
		CLEAN_FD int to = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (to < 0)
			return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
		int r = file_copy(qemu->ram_fds[i], to, e);
		if (r < 0)
			return err_wrap(e, "%s", path);
	}
	return 0;
}

bool ram_is_private(const struct qemu *qemu)
{
	return qemu->is_fork && !qemu->spec.owns_ram;
}

uint64_t ram_used(const struct qemu *qemu)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < qemu->node_count; i++)
		bytes += file_used(qemu->ram_fds[i]);
	return bytes;
}
