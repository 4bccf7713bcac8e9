/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The label of an LVM2 physical volume, and the text about its group in one of its metadata areas.
 *
 *	struct lvm_label label;
 *	CLEAN_TEXT struct text text = TEXT_INIT(LVM_METADATA_MAX);
 *	if (lvm_label_read(span, &label, &text) < 0)
 *		puts(label.problem);
 *
 * After LVM2's own lib/format_text/layout.h, lib/label/label.h and lib/format_text/format-text.c.
 */
#ifndef ASSAY_HOST_IMAGE_LVM_LABEL_H
#define ASSAY_HOST_IMAGE_LVM_LABEL_H

#include <stdbool.h>

#include "host/image/span.h"

#define LVM_ID_SIZE 33 /* 32 characters: the dashes that LVM shows are no part of it */
#define LVM_METADATA_MAX                                                                           \
	(4U                                                                                        \
	 << 20) /* a text of thousands of volumes; LVM's areas hold 1 MiB unless told otherwise */

struct lvm_label {
	char id[LVM_ID_SIZE];
	bool is_used;	   /* by a group, as it says itself */
	char problem[120]; /* why its metadata is not known, "" when it is, or when it has none */
};

/* Reads the label, and adds the metadata of the first area that has a valid one. 0 (also when it has none: another volume
 * of the group does), or -EBADMSG with the problem filled in. */
int lvm_label_read(const struct span *span, struct lvm_label *ret, struct text *metadata)
	NONNULL(1, 2, 3);

/* LVM's checksum: CRC-32 with a start of its own, and not inverted at the end. */
#define LVM_CRC_START 0xf597a6cfU
uint32_t lvm_crc(uint32_t start, const void *bytes, size_t length) NONNULL(2);

#endif
