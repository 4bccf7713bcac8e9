/* SPDX-License-Identifier: Apache-2.0 */
/* The functions on the PCI bus. */
#include "guest/kit/pci.h"

#define CLASS_EXAMPLE "0x010802"

const char *pci_class(struct trial *t, const char *address)
{
	const char *class = file_line(t, case_format(t, PCI_DEVICES "/%s/class", address));

	if (!class)
		return "";
	if (!has_prefix(class, "0x") || strlen(class) != strlen(CLASS_EXAMPLE) ||
	    strspn(class + 2, "0123456789abcdef") != strlen(CLASS_EXAMPLE) - 2)
		case_broken(t, "the class of PCI device %s is \"%s\"", address, class);
	return class;
}

unsigned pci_count(struct trial *t, const char *class)
{
	unsigned count = 0;

	for (const char *const *address = file_names(t, PCI_DEVICES); *address; address++)
		count += has_prefix(pci_class(t, *address), class);
	return count;
}
