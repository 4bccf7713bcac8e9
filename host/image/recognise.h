/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is, told from its bytes and never from its name. No I/O: the caller hands over the beginning and the end.
 *
 *	struct content content;
 *	recognise(&(struct sample){.head = head, .head_size = n, .tail = tail, .file_size = size}, &content);
 *	if (!content.format[0])
 *		puts(content.problem);      ("is compressed with gzip; unpack it with: gunzip --keep")
 */
#ifndef ASSAY_HOST_IMAGE_RECOGNISE_H
#define ASSAY_HOST_IMAGE_RECOGNISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

#define SAMPLE_HEAD                                                                                \
	(128U << 10)	 /* so much is wanted of the beginning; btrfs' mark lies behind 64 KiB */
#define SAMPLE_TAIL 512U /* a VHD's footer is in its last 512 bytes */

struct sample {
	const unsigned char *head,
		*tail; /* tail: exactly SAMPLE_TAIL bytes, or NULL when the file is shorter */
	size_t head_size;
	uint64_t file_size;
};

struct content {
	char format[12]; /* qemu's word; "" when this is no disk that can be validated */
	/* Without a format: what it is and what to do, to stand behind "<path> ". "%s" in `remedy` is the path. */
	const char *problem;
	const char *remedy;
	/* qcow2 only: where its backing file's name lies, 0: it has none. */
	uint64_t backing_offset;
	uint32_t backing_length;
};

void recognise(const struct sample *sample, struct content *ret) NONNULL(1, 2);

#endif
