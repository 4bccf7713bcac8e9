/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is inside of an initrd: the names of its files, and secrets among them. All its parts are read, archives in front
 * of the compressed one (microcode, modules) and behind it too.
 *
 *	const struct initrd *initrd = initrd_read(t, "/boot/initrd.img-6.1");
 *	if (!module_is_in(initrd->names, "virtio_blk")) ...
 *
 * Unpacking needs libraries that the agent does not carry: in the guest only an initrd that is not compressed is read, and
 * others skip the case.
 */
#ifndef ASSAY_KIT_INITRD_H
#define ASSAY_KIT_INITRD_H

#include "guest/kit/case.h"

#define INITRD_NAMES_MAX (8U << 20)

struct initrd {
	const char *names;   /* "/usr/bin/sh\n"…, each with a slash before it */
	const char *secrets; /* "path: what it is\n"… */
	unsigned count;
};

/* Skips the case (need image:file) where the compression cannot be undone, fails it when the archive is damaged. What was
 * read last is kept, so that several cases of one audit share the work. */
const struct initrd *initrd_read(struct trial *t, const char *path) __attribute__((returns_nonnull))
NONNULL(1, 2);

/* For sabotage: replaces the initrd by one that holds just these files, not compressed. */
struct initrd_file {
	const char *name, *content;
};
void initrd_sabotage(struct trial *t, const char *path, const struct initrd_file *files,
		     size_t count) NONNULL(1, 2, 3);

/* ---- for initrd.c and initrd_unpack.c ---- */

typedef ssize_t initrd_source_fn(void *arg, uint64_t offset, void *buf, size_t size);
/* Is given unpacked bytes; a value other than 0 stops and is returned. */
typedef int initrd_sink_fn(void *arg, const void *bytes, size_t length);

/* Finds where the compressed part that begins at `offset` ends. Returns 0 or -errno (-EBADMSG: it is cut short). */
int initrd_segment_end(initrd_source_fn *source, void *arg, uint64_t offset, uint64_t *ret_end)
	NONNULL(1, 4);

/* Undoes the compression of what lies from `offset` to `end`. Returns 0, -ENOTSUP when it cannot, -EBADMSG when it is
 * damaged. */
int initrd_unpack(initrd_source_fn *source, void *source_arg, uint64_t offset, uint64_t end,
		  initrd_sink_fn *sink, void *sink_arg) NONNULL(1, 5);

#endif
