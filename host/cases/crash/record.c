/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware keeps of a kernel that has died. */
#include "host/cases/host_case.h"

#define PANIC_S 60
#define BOOT_S	400

/* Where the kernel shows its records, and where systemd puts them. */
static const char *const folders[] = {"/sys/fs/pstore", "/var/lib/systemd/pstore"};

/* True when a file below the folder, one level deep, tells of a panic. */
static bool tells_of_panic(struct host_trial *t, const char *folder, unsigned depth)
{
	const char *names =
		host_call(t, "stat", folder, NULL) == 0 ? host_ask(t, "list", folder, NULL) : NULL;

	for (const char *at = names; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *path = host_format(t, "%s/%.*s", folder, (int)strcspn(at, "\n"), at);
		const char *text = host_guest_read(t, path);
		if (text && strstr(text, "Panic#"))
			return true;
		if (!text && depth > 0 && tells_of_panic(t, path, depth - 1))
			return true;
	}
	return false;
}

HOST_CASE(crash, oops_record_survives_reboot,
	  .title = "The text of a panic that the firmware has stored is readable after the reboot",
	  .priority = P2, .isolation = ISOLATION_FORK, .boots_again = true,
	  .needs = "uefi,kconfig:EFI_VARS_PSTORE,kconfig:MAGIC_SYSRQ", .timeout_s = 500,
	  .expects = "kernel-panic,oops", .why = "Nobody may have been listening on the console.",
	  .remedy = "Have efi_pstore loaded, and systemd-pstore.service enabled.", .sources = "own")
{
	bool is_there = false;

	host_guest_write(t, "/proc/sys/kernel/panic", "1");
	if (host_call(t, "trigger", "/proc/sysrq-trigger", "c", NULL) != 0)
		host_broken(t, "the kernel cannot be made to panic");
	HOST_REQUIRE(t, host_wait_event(t, "RESET", PANIC_S));
	HOST_REQUIRE(t, host_wait_agent(t, BOOT_S));
	for (size_t i = 0; i < ARRAY_LEN(folders) && !is_there; i++)
		is_there = tells_of_panic(t, folders[i], 2);
	HOST_CHECK(t, is_there);
}

HOST_SABOTAGE(crash, oops_record_survives_reboot, "the module that stores it is not there")
{
	if (host_guest_run(t, NULL, "rmmod", "efi_pstore", NULL) != 0)
		host_broken(t, "efi_pstore cannot be removed");
}
