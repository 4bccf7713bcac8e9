/* SPDX-License-Identifier: Apache-2.0 */
/* Has a machine with Secure Boot for whoever asks. */
#include "host/cases/boot/secure.h"

#define BOOT_S 900 /* the firmware's part is slow where the CPU is emulated */

#define STATE "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

const struct case_sabotage secure_not =
	MACHINE("the firmware has no keys and starts anything", "secureboot=off");

/* The loader that a firmware without boot entries takes; where the EFI system partition is mounted differs. */
static bool has_signed_loader(struct host_trial *t)
{
	static const char *const places[] = {
		"/boot/efi/EFI/BOOT/BOOTX64.EFI",
		"/efi/EFI/BOOT/BOOTX64.EFI",
		"/boot/EFI/BOOT/BOOTX64.EFI",
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (host_call(t, "probe", "is_signed", places[i], NULL) == 0)
			return true;
	return false;
}

void secure_machine(struct host_trial *t)
{
	const struct machine_spec *spec = machine_spec(host_machine(t));
	const struct host_order order = {
		.make = {.secure_boot = true},
		.firmware = FIRMWARE_UEFI,
	};

	if (!spec->image || !spec->image->boots_uefi)
		host_skip(t, "uefi", "no EFI system partition with a loader is on the disk");
	if (!machine_has_secure_boot(spec))
		host_skip(t, "secureboot",
			  "this host has no firmware with Secure Boot and Microsoft's keys");
	if (!has_signed_loader(t))
		host_skip(t, "secureboot",
			  "the loader at the fallback path is not signed, or not to be found");
	HOST_REQUIRE(t, host_fork_ordered(t, &order, BOOT_S));
}

/* Four bytes of attributes and one of state: UEFI, "Globally Defined Variables". */
bool secure_is_on(struct host_trial *t)
{
	const char *stat = host_ask(t, "stat", STATE, NULL);
	const char *bytes = stat && strstr(stat, "size=5\n") ? host_guest_read(t, STATE) : NULL;

	return bytes && bytes[4] == 1;
}
