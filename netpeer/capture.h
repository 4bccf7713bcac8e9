/* SPDX-License-Identifier: Apache-2.0 */
/* A record of the frames, as a pcap file that ends when it is full: the beginning tells more than the end. */
#ifndef ASSAY_NETPEER_CAPTURE_H
#define ASSAY_NETPEER_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

struct capture {
	int fd; /* -1: nothing is recorded */
	size_t written;
};

/* Begins a file on an empty descriptor, which it borrows. */
void capture_init(struct capture *capture, int fd) NONNULL(1);
/* Adds a frame, unless the file is full. */
void capture_add(struct capture *capture, uint64_t wall_ns, const void *frame, size_t length)
	NONNULL(1, 3);

#endif
