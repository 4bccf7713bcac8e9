/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that starts a kernel. */
#include "host/cases/host_case.h"

#define BOOT_S	400
#define STOP_S	180 /* all services, and the boot after them */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Gives the boot's id. */
static const char *load_kernel(struct host_trial *t)
{
	const char *id = host_guest_read(t, BOOT_ID);

	HOST_REQUIRE(t, id != NULL);
	int code = host_call(t, "probe", "kexec_load", NULL);
	if (code == ENOENT)
		host_skip(t, "kernel-file", "the running kernel's file is not in the guest");
	HOST_CHECK_EQ(t, code, 0);
	HOST_REQUIRE(t, code == 0);
	return id;
}

/* The firmware has had no part in it. */
static void check_start(struct host_trial *t, const char *before)
{
	HOST_CHECK_TEXT_NE(t, host_guest_read(t, BOOT_ID), before);
	HOST_CHECK(t, !host_wait_event(t, "RESET", 0));
}

HOST_CASE(
	power, kexec_direct_works,
	.title = "The running kernel can start itself anew without the firmware", .priority = P3,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "kconfig:KEXEC_FILE",
	/* What is being read just then fails, with kernels that break virtio devices at shutdown (Linux 6.15 and stable ones
	 * that took virtio_dev_shutdown from it). */
	.timeout_s = 600, .expects = "io-error",
	.why = "It is how dumps are taken, and how machines with a slow firmware are updated.",
	.remedy = "Look at kernel.kexec_load_disabled, at lockdown and at the kernel's signature.",
	.sources = "LISA:verify_kexec_reboot_direct")
{
	const char *before = load_kernel(t);

	(void)host_call(t, "kexec", "force", NULL);
	HOST_REQUIRE(t, host_wait_agent(t, BOOT_S));
	check_start(t, before);
}

HOST_SABOTAGE(power, kexec_direct_works, "the kernel refuses to load another")
{
	host_guest_write(t, "/proc/sys/kernel/kexec_load_disabled", "1");
}

HOST_CASE(
	power, kexec_by_service_manager_works,
	.title = "systemd stops the services and then starts the kernel that was loaded",
	.priority = P3, .isolation = ISOLATION_FORK, .boots_again = true,
	.needs = "kconfig:KEXEC_FILE,systemd", .timeout_s = 600,
	.why = "Updates of kernels that go without the firmware must not lose what services hold.",
	.remedy = "See that systemd-kexec.service and kexec.target are there and not masked.",
	.sources = "LISA:verify_kexec_reboot_systemd")
{
	const char *before = load_kernel(t);

	(void)host_call(t, "kexec", NULL);
	HOST_REQUIRE(t, host_wait_agent(t, STOP_S));
	check_start(t, before);
}

HOST_SABOTAGE(power, kexec_by_service_manager_works, "the service that starts it is masked")
{
	host_guest_link(t, "/run/systemd/system/systemd-kexec.service", "/dev/null");
	HOST_REQUIRE(t, host_guest_run(t, NULL, "systemctl", "daemon-reload", NULL) == 0);
}
