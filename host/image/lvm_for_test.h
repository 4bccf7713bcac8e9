/* SPDX-License-Identifier: Apache-2.0 */
/* LVM's structures on disks for this folder's tests. */
#ifndef ASSAY_HOST_IMAGE_LVM_FOR_TEST_H
#define ASSAY_HOST_IMAGE_LVM_FOR_TEST_H

#include <stdint.h>

#include "base/scope.h"

#define LVM_AREA_FOR_TEST (64U << 10) /* of metadata, 4 KiB from the volume's start */

/* Writes the beginning of a physical volume: its label, and an area with that text (NULL: none) at `text_at` in it. */
struct lvm_member_for_test {
	const char *id; /* 32 characters */
	const char *text;
	uint64_t text_at; /* from 512; near the end of the area it goes on at its beginning */
};
void lvm_write_for_test(unsigned char *volume, const struct lvm_member_for_test *member)
	NONNULL(1, 2);

/* Makes the area's header say that the text lies there, with checksums that fit. */
void lvm_point_for_test(unsigned char *volume, uint64_t at, uint64_t size, uint32_t flags)
	NONNULL(1);

#endif
