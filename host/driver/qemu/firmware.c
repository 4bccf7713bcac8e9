/* SPDX-License-Identifier: Apache-2.0 */
/* Where distributions put the UEFI firmware. */
#include <stdio.h>

#include "host/driver/qemu/qemu.h"

/* Code and variables of the same build, without Secure Boot; the larger flash first: new variables need it. */
static const struct firmware_files places[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
	{"/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd"},
	{"/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"},
	{"/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"},
};

int firmware_find(struct firmware_files *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (access(places[i].code, R_OK) == 0 && access(places[i].vars, R_OK) == 0) {
			*ret = places[i];
			return 0;
		}
	return err_set(
		e, BLAME_HOST, ENOENT,
		"no UEFI firmware is installed for this machine: install the package ovmf (or edk2-ovmf)");
}
