/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filesystem that a kernel in a micro-VM has mounted, read through the agent's volume-* calls. To the tree above it is
 * a volume as ext4 and FAT are, so the same audits give the same answers; only each question costs a round trip, which is
 * why folders come many at a time.
 */
#ifndef ASSAY_HOST_IMAGE_REMOTE_H
#define ASSAY_HOST_IMAGE_REMOTE_H

#include "base/text.h"
#include "host/image/volume.h"

/* Asks the agent: 0 with its reply, or -errno (the agent's, or that of the way to it). */
struct remote_channel {
	int (*call)(void *arg, const char *verb, const char *const *arguments, struct text *reply);
	void *arg;
};

#define REMOTE_REPLY_MAX (1U << 20)

/* True for the types that are read this way. */
bool remote_knows(const char *type) NONNULL(1);

/* Has it mounted. The channel is borrowed for the volume's life. */
int remote_open(const struct remote_channel *channel, const char *type, const struct span *span,
		struct volume **ret) NONNULL(1, 2, 3, 4);

#endif
