/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel's configuration: the one that it carries in itself (CONFIG_IKCONFIG), and whether a machine here could talk to a
 * kernel that is built so.
 *
 *	if (kernel_config_inside(bytes, length, &image, &config) == 0) ...
 *	r = kernel_config_check(config.buf, &(struct kernel_config_of){"bzImage", "its own", true, false}, e);
 */
#ifndef ASSAY_HOST_KERNEL_CONFIG_H
#define ASSAY_HOST_KERNEL_CONFIG_H

#include "base/text.h"
#include "host/kernel/bzimage.h"

#define KERNEL_CONFIG_MAX (2U << 20)

/* Adds it. -ENOENT: it has none; -EBADMSG: what it is packed by is not known here, or it is damaged. */
int kernel_config_inside(const void *bytes, size_t length, const struct bzimage *image,
			 struct text *out) NONNULL(1, 3, 4);

#define CONFIG_VALUE_SIZE 256

/* What it says of an option ("CONFIG_PREEMPT_RT"): "y", "m", "250", …; "n" when it is not set. False: it does not name it at all, as
 * one that is misspelt. */
bool kernel_config_option(const char *config, const char *option, char ret[CONFIG_VALUE_SIZE])
	NONNULL(1, 2, 3);

/* True when it looks like one: lines CONFIG_X=… and comments. */
bool kernel_config_is_one(const char *text) NONNULL(1);

/* For the error: whose configuration it is, where it was found, and what stands beside it. */
struct kernel_config_of {
	const char *kernel, *source;
	bool has_modules;
	bool with_image; /* it has to find an image's root as well */
};

/* -ENOTSUP (blame user): the first option that a machine here cannot do without is not set, with what it is for; or it is a
 * module where there are none. */
int kernel_config_check(const char *config, const struct kernel_config_of *of, struct err *e)
	NONNULL(1, 2, 3);

/* Adds what a configuration has to have for a kernel that is built to be tried here: lines CONFIG_X=y, all built in. */
void kernel_config_needs(struct text *out) NONNULL(1);

#endif
