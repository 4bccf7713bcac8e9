/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that starts a kernel. */
#include "host/cases/host_case.h"

#define BOOT_S	400
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

HOST_CASE(
	power, kexec_direct_works,
	.title = "The running kernel can start itself anew without the firmware", .priority = P3,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "kconfig:KEXEC_FILE",
	/* Kernels that break virtio devices at shutdown fail what is being read just then (virtio_dev_shutdown, Linux 6.15). */
	.timeout_s = 600, .expects = "io-error",
	.why = "It is how dumps are taken, and how machines with a slow firmware are updated.",
	.remedy = "Look at kernel.kexec_load_disabled, at lockdown and at the kernel's signature.",
	.sources = "LISA:verify_kexec_reboot_direct")
{
	const char *before = host_guest_read(t, BOOT_ID);

	HOST_REQUIRE(t, before != NULL);
	int code = host_call(t, "probe", "kexec_load", NULL);
	if (code == ENOENT)
		host_skip(t, "kernel-file", "the running kernel's file is not in the guest");
	HOST_CHECK_EQ(t, code, 0);
	HOST_REQUIRE(t, code == 0);
	(void)host_call(t, "sync", NULL);
	(void)host_call(t, "reboot", "kexec", NULL);
	HOST_REQUIRE(t, host_wait_agent(t, BOOT_S));
	HOST_CHECK_TEXT_NE(t, host_guest_read(t, BOOT_ID), before);
	/* The firmware has had no part in it. */
	HOST_CHECK(t, !host_wait_event(t, "RESET", 0));
}

HOST_SABOTAGE(power, kexec_direct_works, "the kernel refuses to load another")
{
	host_guest_write(t, "/proc/sys/kernel/kexec_load_disabled", "1");
}
