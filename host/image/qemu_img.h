/* SPDX-License-Identifier: Apache-2.0 */
/* qemu-img on foreign files: without network, without other programs, with limits. */
#ifndef ASSAY_HOST_IMAGE_QEMU_IMG_H
#define ASSAY_HOST_IMAGE_QEMU_IMG_H

#include "base/child.h"

/* As child_run. */
int qemu_img(const char *const *argv, const struct patience *p, struct child_output *out,
	     struct err *e) NONNULL(1, 2, 3, 4);

/* As child_run_ok. */
int qemu_img_ok(const char *const *argv, const struct patience *p, struct child_output *out,
		struct err *e) NONNULL(1, 2, 3, 4);

/* The same for a file without a name: `fd` is at QEMU_IMG_FD in it (base/file.h: file_path). */
#define QEMU_IMG_FD 3
int qemu_img_on(int fd, const char *const *argv, const struct patience *p, struct err *e)
	NONNULL(2, 3, 4);

#endif
