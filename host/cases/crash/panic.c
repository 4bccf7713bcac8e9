/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's kernel panics: what is said of it, and what comes after. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define TRACE_S	   30 /* for the trace to come over a slow serial line */
#define PANIC_TIME "/proc/sys/kernel/panic"

/* Has the kernel panic, as soon as the agent's answer is on its way. */
static void panic(struct host_trial *t)
{
	if (host_call(t, "trigger", "/proc/sysrq-trigger", "c", NULL) != 0)
		host_broken(t, "the kernel cannot be made to panic");
}

HOST_CASE(
	crash, panic_text_reaches_serial,
	.title = "The full text of a panic appears on the serial console", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "kconfig:MAGIC_SYSRQ", .timeout_s = 100,
	.expects = "kernel-panic,oops",
	.why = "It is all that is left of a kernel that has died without a dump.",
	.remedy =
		"Give the kernel console=ttyS0 on its command line, and leave kernel.printk alone.",
	.sources = "own")
{
	const char *setting = host_guest_read(t, PANIC_TIME);
	bool is_to_stand = !setting || strcmp(setting, "0\n") == 0;

	panic(t);
	HOST_REQUIRE(t, host_console_wait(t, "Kernel panic - not syncing", TRACE_S));
	HOST_CHECK(t, host_console_wait(t, "Call Trace", TRACE_S));
	/* The last line tells whether the kernel is to reboot. */
	HOST_CHECK(t, host_console_wait(t, is_to_stand ? "end Kernel panic" : "Rebooting in",
					TRACE_S));
}

HOST_SABOTAGE(crash, panic_text_reaches_serial, "the kernel says nothing on its consoles any more")
{
	host_guest_write(t, "/proc/sys/kernel/printk", "0 0 0 0");
}

HOST_CASE(crash, panic_reboots_in_time,
	  .title = "A kernel that is told to reboot after a panic does so in time", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "kconfig:MAGIC_SYSRQ", .timeout_s = 100,
	  .expects = "kernel-panic,oops",
	  .why = "A machine that stands still after a panic is down until somebody looks.",
	  .remedy = "Set kernel.panic to a few seconds, or arm a watchdog.", .sources = "own")
{
	const char *setting = host_guest_read(t, PANIC_TIME);
	long long limit_s = host_plan_number(t, "panic_reboot_s", 30);

	HOST_REQUIRE(t, setting != NULL);
	if (strcmp(setting, "0\n") == 0) {
		host_note(t, "the image leaves the guest standing after a panic (kernel.panic=0): "
			     "it is tried with one second");
		host_guest_write(t, PANIC_TIME, "1");
	}
	panic(t);
	HOST_REQUIRE(t, host_console_wait(t, "Kernel panic - not syncing", TRACE_S));
	HOST_CHECK(t, host_wait_event(t, "RESET", (unsigned)limit_s));
}

HOST_SABOTAGE(crash, panic_reboots_in_time, "it is told to wait for an hour before")
{
	host_guest_write(t, PANIC_TIME, "3600");
}

HOST_CASE(
	crash, panic_event_reaches_host, .title = "The host is told of a panic through its device",
	.priority = P2, .isolation = ISOLATION_FORK,
	.needs = "dev:pvpanic,kconfig:PVPANIC_PCI,kconfig:MAGIC_SYSRQ", .timeout_s = 60,
	.expects = "kernel-panic,oops",
	.why = "A platform that knows of the panic restarts the machine, or takes a dump, at once.",
	.remedy = "Have the module pvpanic-pci in the image, and loaded for its PCI device.",
	.sources = "own")
{
	panic(t);
	const char *data = host_event_data(t, "GUEST_PANICKED", TRACE_S);
	HOST_REQUIRE(t, data != NULL);
	HOST_CHECK_CONTAINS(t, data, "action");
}

/* The folder of the driver, and in it the device's name. */
#define PVPANIC "/sys/bus/pci/drivers/pvpanic-pci"

HOST_SABOTAGE(crash, panic_event_reaches_host, "the device has lost its driver")
{
	const char *names = host_ask(t, "list", PVPANIC, NULL);
	const char *device = names ? strstr(names, "0000:") : NULL;

	if (!device)
		host_broken(t, "no device has the driver pvpanic-pci");
	host_guest_write(t, PVPANIC "/unbind",
			 host_format(t, "%.*s", (int)strcspn(device, "\n"), device));
}
