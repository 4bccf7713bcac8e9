/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that is tried brings its modules on a medium, and may be booted into a system that is not its own. What is to be
 * done the file /etc/assay-kernel says, a line each:
 *
 *	modules               the medium becomes /lib/modules
 *	root TYPE UUID        that filesystem becomes the root, and its init the first process
 */
#ifndef ASSAY_GUEST_INIT_KERNEL_H
#define ASSAY_GUEST_INIT_KERNEL_H

#include <stdbool.h>

struct init_order {
	bool brings_modules;
	char root_type[16], root_uuid[40]; /* "": the agent stays the first process */
};

/* False: there is none. */
bool init_order_read(struct init_order *ret) __attribute__((nonnull(1)));

/* Does it. Returns when the agent is to stay; what fails is said on the console, and without a root the machine ends. */
void init_order_carry_out(const struct init_order *order) __attribute__((nonnull(1)));

/* True when the first bytes of a disk or partition are of a filesystem of that type with that UUID ("iso9660": volume). */
#define INIT_LOOK_SIZE 0x8800
bool init_is_filesystem(const unsigned char *bytes, const char *type, const char *id)
	__attribute__((nonnull(1, 2, 3)));

#endif
