/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tree's boot loader will boot: the entries of GRUB, of boot loader specification files (GRUB's blscfg,
 * systemd-boot) and of extlinux, and which of them is the default.
 *
 *	const struct boot_entry *entry = boot_default(t);
 *	if (boot_argument(t, entry, "console")) ...
 */
#ifndef ASSAY_KIT_BOOT_H
#define ASSAY_KIT_BOOT_H

#include "guest/kit/case.h"

#define BOOT_ENTRIES_MAX 128
#define BOOT_INITRDS_MAX 8

struct boot_entry {
	const char *title, *id;
	const char *place;  /* where it stands in the menu: "0", "1>0" */
	const char *source; /* the file that it was read from */
	const char *
		kernel; /* as it is written there, device in brackets taken off; NULL: the entry boots no Linux */
	const char *initrds[BOOT_INITRDS_MAX];
	unsigned initrd_count;
	const char *arguments; /* the kernel's command line */
};

struct boot_menu {
	const char *loader; /* "grub", "bls", "systemd-boot", "extlinux"; NULL: none was found */
	struct boot_entry entries[BOOT_ENTRIES_MAX];
	unsigned count;
	const struct boot_entry
		*chosen;    /* the default; NULL when there are no entries or it names none */
	const char *wanted; /* how the configuration names the default, "" when it does not */
};

/* Reads the first configuration that has entries; loader NULL when there is none. */
struct boot_menu *boot_menu_read(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);

/* The default entry; skips the case when no configuration is found (a loader that Assay cannot read). */
const struct boot_entry *boot_default(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);

/* Where a kernel or initrd that an entry names lies in the tree (/boot may be a filesystem of its own, or a subvolume);
 * NULL when it is nowhere. */
const char *boot_path(struct trial *t, const char *written) NONNULL(1, 2);

/* The value of argument `name` of the command line (its last one), "" for a bare word, NULL when it is not there. */
const char *boot_argument(struct trial *t, const struct boot_entry *entry, const char *name)
	NONNULL(1, 2, 3);

/* One argument: steps over it and gives a copy without quotes; NULL at the end. */
const char *boot_argument_next(struct trial *t, const char **at) NONNULL(1, 2);

/* Every file that holds the default's arguments, for sabotage: adds, or takes away, text in the entry's file. */
void boot_sabotage_argument(struct trial *t, const char *argument) NONNULL(1, 2);

#endif
