/* SPDX-License-Identifier: Apache-2.0 */
/* Suspend to memory (ACPI S3), and what works afterwards. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define SLEEP_S	 60
#define ANSWER_S "30"
#define MARKER	 "/run/assay-awake"
#define BOOT_ID	 "/proc/sys/kernel/random/boot_id"

/* Skips where the machine or the kernel has no such state. */
static void require_sleep(struct host_trial *t)
{
	const char *states = host_guest_read(t, "/sys/power/state");
	const char *modes = host_guest_read(t, "/sys/power/mem_sleep");

	if (!states || !strstr(states, "mem") || !modes || !strstr(modes, "deep"))
		host_skip(t, "dev:acpi-s3", "the guest knows no suspend to memory (%s)",
			  modes ? modes : "no mem_sleep");
}

/* The agent sleeps too: it answers before, and again afterwards. */
static void suspend_and_wake(struct host_trial *t)
{
	require_sleep(t);
	HOST_REQUIRE(t, host_call(t, "trigger", "/sys/power/state", "mem", NULL) == 0);
	HOST_REQUIRE(t, host_wait_event(t, "SUSPEND", SLEEP_S));
	HOST_REQUIRE(t, host_qmp(t, "system_wakeup", NULL) != NULL);
	HOST_REQUIRE(t, host_wait_event(t, "WAKEUP", SLEEP_S));
}

HOST_CASE(power, suspend_resumes,
	  .title = "Suspend to memory and wake-up keep the same boot and what lies in memory",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "arch:x86_64,kconfig:SUSPEND",
	  .timeout_s = 60,
	  .why = "Platforms that suspend machines wake them without asking the guest.",
	  .remedy = "Check ACPI in the kernel, and mem_sleep_default on its command line.",
	  .sources = "CIT:suspendresume.TestSuspend")
{
	const char *boot_id = host_guest_read(t, BOOT_ID);

	HOST_REQUIRE(t, boot_id != NULL);
	host_guest_write(t, MARKER, "before\n");
	suspend_and_wake(t);
	HOST_CHECK_TEXT(t, host_guest_read(t, BOOT_ID), boot_id);
	HOST_CHECK_TEXT(t, host_guest_read(t, MARKER), "before\n");
}

HOST_SABOTAGE(power, suspend_resumes, "the kernel idles when it is told to suspend to memory")
{
	host_guest_write(t, "/sys/power/mem_sleep", "s2idle");
}

/* ---- the devices ---- */

#define DISK_FILE_ "/var/lib/assay-awake"

/* Past the cache, to the disk and back. */
static void check_disk(struct host_trial *t)
{
	HOST_CHECK_EQ(t, host_call(t, "probe", "disk_write", DISK_FILE_, "0", "awake.", NULL), 0);
	HOST_CHECK_CONTAINS(t, host_ask(t, "probe", "disk_read", DISK_FILE_, "0", NULL),
			    "awake.awake.");
}

static long long monotonic_ns(struct host_trial *t)
{
	const char *reply = host_ask(t, "time", NULL);
	long long wall_ns, ns = -1;

	if (!reply || sscanf(reply, "wall_ns=%lld monotonic_ns=%lld", &wall_ns, &ns) != 2)
		return -1;
	return ns;
}

HOST_CASE(power, devices_work_after_suspend,
	  .title = "Disk, network, clock and console work after a wake-up", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "arch:x86_64,kconfig:SUSPEND,nics>=1,netpeer:tcp",
	  .timeout_s = 100,
	  .why = "A machine that wakes without its disk or its network has not come back.",
	  .remedy = "Look for the driver in the kernel log of the wake-up.", .sources = "own")
{
	if (host_call(t, "write", DISK_FILE_, "here\n", "sync", NULL) != 0)
		host_broken(t, "the root disk cannot be written");
	suspend_and_wake(t);
	long long before = monotonic_ns(t);
	check_disk(t);
	HOST_CHECK_EQ(
		t, host_call(t, "probe", "echo", host_plan_text(t, "outside", "?"), ANSWER_S, NULL),
		0);
	host_console_forget(t);
	host_guest_write(t, "/dev/ttyS0", "assay is awake\n");
	HOST_CHECK(t, host_console_wait(t, "assay is awake", SLEEP_S));
	HOST_CHECK_GT(t, monotonic_ns(t), before);
}

HOST_SABOTAGE(power, devices_work_after_suspend, "the NICs have lost their driver")
{
	const char *names = host_ask(t, "list", "/sys/bus/virtio/drivers/virtio_net", NULL);

	for (const char *at = names; at && (at = strstr(at, "virtio")); at += strcspn(at, "\n"))
		host_guest_write(t, "/sys/bus/virtio/drivers/virtio_net/unbind",
				 host_format(t, "%.*s", (int)strcspn(at, "\n"), at));
}
