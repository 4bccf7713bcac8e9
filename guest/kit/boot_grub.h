/* SPDX-License-Identifier: Apache-2.0 */
/* GRUB's script as its generators write it; for boot.c, never for cases. */
#ifndef ASSAY_KIT_BOOT_GRUB_H
#define ASSAY_KIT_BOOT_GRUB_H

#include "guest/kit/boot.h"

struct grub_script {
	bool wants_bls;		/* it reads boot loader specification files */
	const char *kernelopts; /* what stands for $kernelopts in them, "" when nothing does */
};

/* Adds the menu entries of a script, sets menu->wanted; false when the file is not there. */
bool boot_grub_read(struct trial *t, struct boot_menu *menu, const char *path,
		    struct grub_script *ret) NONNULL(1, 2, 3, 4);

/* From boot.c: a new entry (NULL when the menu is full), an initrd of an entry, a path without its "(device)". */
struct boot_entry *boot_entry_add(struct boot_menu *menu, const char *source) NONNULL(1, 2);
void boot_add_initrd(struct trial *t, struct boot_entry *entry, const char *path) NONNULL(1, 2, 3);
const char *boot_strip_device(const char *path) NONNULL(1);

#endif
