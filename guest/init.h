/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as the first process of a micro-VM, which has nothing but a kernel and an initramfs. */
#ifndef ASSAY_GUEST_INIT_H
#define ASSAY_GUEST_INIT_H

/* Mounts the kernel's filesystems, opens the console, loads the modules that /etc/assay-modules lists (one path and its
 * options a line) or, without that file, all in /modules in the order of their names, brings the loopback up. What fails is said on the console. */
void init_set_up(void);

/* Powers the machine off. */
_Noreturn void init_end(void);

#endif
