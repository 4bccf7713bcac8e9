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

/* With Secure Boot, and Microsoft's keys enrolled. */
static const struct firmware_files secure_places[] = {
	{"/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"},
	{"/usr/share/OVMF/OVMF_CODE.secboot.fd", "/usr/share/OVMF/OVMF_VARS.ms.fd"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd"},
	{"/usr/share/qemu/ovmf-x86_64-smm-ms-code.bin",
	 "/usr/share/qemu/ovmf-x86_64-smm-ms-vars.bin"},
};

static bool find(const struct firmware_files *from, size_t count, struct firmware_files *ret)
{
	for (size_t i = 0; i < count; i++)
		if (access(from[i].code, R_OK) == 0 && access(from[i].vars, R_OK) == 0) {
			*ret = from[i];
			return true;
		}
	return false;
}

/* The firmware guards its variables by system management mode, which it has for Q35 alone. */
bool qemu_has_secure_boot(const struct machine_spec *spec)
{
	struct firmware_files ignored;

	return !spec_is_i440fx(spec) && find(secure_places, ARRAY_LEN(secure_places), &ignored);
}

int firmware_find(bool secure, struct firmware_files *ret, struct err *e)
{
	if (secure ? find(secure_places, ARRAY_LEN(secure_places), ret)
		   : find(places, ARRAY_LEN(places), ret))
		return 0;
	if (secure)
		return err_set(
			e, BLAME_HOST, ENOENT,
			"no UEFI firmware with Secure Boot and Microsoft's keys is installed "
			"for this machine: install the package ovmf (or edk2-ovmf)");
	return err_set(
		e, BLAME_HOST, ENOENT,
		"no UEFI firmware is installed for this machine: install the package ovmf (or edk2-ovmf)");
}
