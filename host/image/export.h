/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image's virtual disk as descriptors: the files themselves with the list of the disk's extents in them, or, where there
 * is no such list, NBD to a qemu-storage-daemon that translates, on a socket that has no name in any folder.
 *
 *	CLEAN_DONE(export) struct export export = EXPORT_INIT;
 *	r = export_open(image, &export, e);
 *	... hand export.fd and the files to the child that reads, export.kind says how ...
 */
#ifndef ASSAY_HOST_IMAGE_EXPORT_H
#define ASSAY_HOST_IMAGE_EXPORT_H

#include "base/child.h"
#include "host/image/image.h"

#define EXPORT_NAME  "disk" /* of the NBD export */
#define EXPORT_FILES "files"
#define EXPORT_NBD   "nbd"

struct export
{
	struct child daemon;
	int fd;			    /* the list of extents, or NBD; owned */
	int files[IMAGE_CHAIN_MAX]; /* owned */
	unsigned file_count;	    /* 0 with NBD */
	int messages;		    /* what the daemon has to say, -1: there is none; owned */
	const char *kind;	    /* EXPORT_FILES or EXPORT_NBD */
};

#define EXPORT_INIT                                                                                \
	{                                                                                          \
		.daemon = CHILD_INIT, .fd = -1, .messages = -1                                     \
	}

int export_open(const struct image *image, struct export *ret, struct err *e) NONNULL(1, 2, 3);

/*
 * A listening socket for a qemu-storage-daemon, with our connection in its queue already. Its name is one that the kernel
 * makes up and that is in no folder, so nothing stays behind; the daemon serves one client and stops listening when it has
 * taken ours.
 */
int export_connect(int *ret_listener, int *ret_client, struct err *e) NONNULL(1, 2, 3);

/* When the daemon has ended by itself: true, with its last words. */
bool export_has_failed(struct export *export, struct text *words) NONNULL(1, 2);

void export_done(struct export *export) NONNULL(1);
DEFINE_CLEAN_DONE(export);

#endif
