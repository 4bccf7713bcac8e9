/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as the first process of a micro-VM, which has nothing but a kernel and an initramfs. */
#ifndef ASSAY_GUEST_INIT_H
#define ASSAY_GUEST_INIT_H

/* Mounts the kernel's filesystems, opens the console, loads the modules that /etc/assay-modules lists (one path and its
 * options a line) or, without that file, all in /modules in the order of their names, brings the loopback up. What fails is said on the console. */
void init_set_up(void);

/* Loads a module's file, which the kernel unpacks; one that is loaded already is fine. Returns -errno else. */
int init_load_module(const char *path, const char *options) __attribute__((nonnull(1, 2)));

/* Powers the machine off. */
_Noreturn void init_end(void);

#endif
