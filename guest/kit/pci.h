/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions on the PCI bus, as sysfs has them.
 *
 *	for (const char *const *address = file_names(t, PCI_DEVICES); *address; address++)
 *		count += has_prefix(pci_class(t, *address), "0x0200");
 */
#ifndef ASSAY_KIT_PCI_H
#define ASSAY_KIT_PCI_H

#include "guest/kit/case.h"

#define PCI_DEVICES "/sys/bus/pci/devices"

/* Class, subclass and interface of the function at that address, as "0x010802"; "" when it has gone meanwhile. The case breaks
 * when the kernel says something else. */
const char *pci_class(struct trial *t, const char *address) __attribute__((returns_nonnull));

/* The functions whose class begins so. */
unsigned pci_count(struct trial *t, const char *class);

#endif
