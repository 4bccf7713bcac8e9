/* SPDX-License-Identifier: Apache-2.0 */
/* Boots under a firmware that starts only what is signed by keys that it knows. */
#include <stdio.h>

#include "host/cases/boot/secure.h"

#define REFUSE_S 250
#define LOOK_MS	 2000

HOST_CASE(
	boot, boots_with_secure_boot,
	.title = "The image boots with Secure Boot enforced by Microsoft's keys", .priority = P1,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "arch:x86_64", .timeout_s = 900,
	.why = "Shielded and confidential machines have it switched on, and start nothing unsigned.",
	.remedy =
		"Ship shim, GRUB and the kernel as the distribution signed them, and do not rebuild them.",
	.sources =
		"kola:basic.uefi-secure,LISA:verify_secureboot_compatibility,AZCERT:ms-prep/secure-boot-chain")
{
	secure_machine(t);
	HOST_CHECK(t, secure_is_on(t));
}

HOST_SABOTAGE(boot, boots_with_secure_boot, "the firmware has no keys and starts anything")
{
	host_plant(t, &secure_not);
}

/* The kernel that was booted, as the boot loader calls it: BOOT_IMAGE=(hd0,gpt1)/boot/vmlinuz-6.1.0; NULL when it says nothing. */
static const char *kernel_path(struct host_trial *t)
{
	const char *words = host_guest_read(t, "/proc/cmdline"), *at, *close;
	char name[256];

	at = words ? strstr(words, "BOOT_IMAGE=") : NULL;
	if (!at || sscanf(at, "BOOT_IMAGE=%255s", name) != 1)
		return NULL;
	close = strchr(name, ')');
	const char *path = host_format(t, "%s", close ? close + 1 : name);
	/* /boot may be a filesystem of its own. */
	return host_call(t, "stat", path, NULL) == 0 ? path : host_format(t, "/boot%s", path);
}

/* What shim, GRUB, systemd-boot and the firmware say of a kernel whose signature does not hold. */
static const char *const refusals[] = {
	"bad shim signature",	  "Security Policy Violation", "Security Violation",
	"Verification failed",	  "verification failed",       "Access Denied",
	"signature is not valid", "invalid signature",
};

/* False when the kernel starts. A boot loader may also refuse without a word on this console: then nothing comes up. */
static bool is_refused(struct host_trial *t)
{
	for (unsigned waited_ms = 0; waited_ms < REFUSE_S * 1000; waited_ms += LOOK_MS) {
		const char *said = host_console(t);
		for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
			if (strstr(said, refusals[i])) {
				host_note(t, "the console says: %s", refusals[i]);
				return true;
			}
		if (strstr(said, "Linux version "))
			return false;
		host_sleep(t, LOOK_MS);
	}
	host_note(t, "the console says nothing of a refusal");
	return !host_wait_agent(t, 1);
}

HOST_CASE(
	boot, tampered_kernel_is_refused,
	.title = "With Secure Boot on, a kernel with one changed byte does not boot",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "arch:x86_64",
	.timeout_s = 1300, .waits = true,
	.why = "A boot loader that verifies nothing makes Secure Boot a word.",
	.remedy = "Start the kernel through shim's verifier: the distribution's signed GRUB does.",
	.sources = "own")
{
	secure_machine(t);
	const char *kernel = kernel_path(t);

	if (!kernel || host_call(t, "probe", "tamper_kernel", kernel, NULL) != 0)
		host_skip(t, "cmd:grub",
			  "the kernel that was booted could not be found or changed");
	host_console_forget(t);
	(void)host_call(t, "reboot", NULL);
	HOST_CHECK(t, is_refused(t));
}

HOST_SABOTAGE(boot, tampered_kernel_is_refused, "the firmware has no keys and starts anything")
{
	host_plant(t, &secure_not);
}
