/* SPDX-License-Identifier: Apache-2.0 */
/* Power off, reboot, reset, off and on: asked by the guest, by its button, and by the host. */
#include "host/cases/host_case.h"

/* How long an orderly shutdown and a boot may take; an emulated CPU needs most of it. */
#define SHUTDOWN_S 120
#define BOOT_S	   400

#define MARKER_FOLDER "/var/lib/assay-marker"
#define MARKER	      MARKER_FOLDER "/marker"

static void mask_in_guest(struct host_trial *t, const char *unit)
{
	host_guest_link(t, host_format(t, "/run/systemd/system/%s", unit), "/dev/null");
	if (host_guest_run(t, NULL, "systemctl", "daemon-reload", NULL) != 0)
		host_broken(t, "the guest's service manager did not read its files again");
}

HOST_CASE(power, poweroff_ends_the_vm,
	  .title = "A power-off asked inside the guest ends the virtual machine", .priority = P0,
	  .isolation = ISOLATION_FORK, .timeout_s = 200,
	  .why = "A machine that does not switch itself off is paid for until somebody looks.",
	  .remedy = "Check ACPI in the kernel and the units of the shutdown.", .sources = "own")
{
	(void)host_call(t, "poweroff", NULL);
	const char *data = host_event_data(t, "SHUTDOWN", SHUTDOWN_S);
	HOST_REQUIRE(t, data != NULL);
	HOST_CHECK_CONTAINS(t, data, "guest-shutdown");
}

HOST_SABOTAGE(power, poweroff_ends_the_vm, "the power-off unit is masked")
{
	mask_in_guest(t, "poweroff.target");
}

HOST_CASE(
	power, power_button_shuts_down,
	.title = "The ACPI power button leads to an orderly power-off", .priority = P0,
	.isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 200,
	.why = "It is how every platform asks a machine to stop; the plug is pulled when it does not.",
	.remedy = "Install and enable systemd-logind or acpid, and let it handle the power key.",
	.sources = "own")
{
	HOST_REQUIRE(t, host_qmp(t, "system_powerdown", NULL) != NULL);
	const char *data = host_event_data(t, "SHUTDOWN", SHUTDOWN_S);
	HOST_REQUIRE(t, data != NULL);
	HOST_CHECK_CONTAINS(t, data, "guest-shutdown");
}

HOST_SABOTAGE(power, power_button_shuts_down, "the power key is ignored")
{
	(void)host_call(t, "mkdir", "/run/systemd/logind.conf.d", NULL);
	host_guest_write(t, "/run/systemd/logind.conf.d/zz-assay.conf",
			 "[Login]\nHandlePowerKey=ignore\n");
	if (host_guest_run(t, NULL, "systemctl", "restart", "systemd-logind.service", NULL) != 0)
		host_broken(t, "the login manager cannot be restarted");
}

/* The name that the kernel gives to each of its boots. */
static const char *boot_id(struct host_trial *t)
{
	const char *id = host_guest_read(t, "/proc/sys/kernel/random/boot_id");

	HOST_REQUIRE(t, id != NULL);
	return id;
}

HOST_CASE(
	power, reboot_from_guest_works,
	.title = "A reboot asked inside the guest returns a usable system", .priority = P0,
	.isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 600,
	.why = "Updates and administrators reboot machines that nobody can reach otherwise.",
	.remedy = "Read the console's log of the second boot.",
	.sources =
		"LISA:smoke_test,CIT:imageboot.TestGuestRebootOnHost,imgproof:test_soft_reboot,CIV:test_launch_reboot,AZCERT:ms-policy/200.5a-boots-and-reboots,AZCERT:lisa-other/provisioning-smoke")
{
	const char *before = boot_id(t);

	(void)host_call(t, "reboot", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "RESET", SHUTDOWN_S));
	HOST_REQUIRE(t, host_wait_agent(t, BOOT_S));
	HOST_CHECK_TEXT_NE(t, boot_id(t), before);
}

HOST_SABOTAGE(power, reboot_from_guest_works, "the reboot unit is masked")
{
	mask_in_guest(t, "reboot.target");
}

/* Leaves a file on the root disk; `durable` says that it must survive a loss of power. */
static void leave_marker(struct host_trial *t, bool durable)
{
	(void)host_call(t, "mkdir", MARKER_FOLDER, NULL);
	if (durable ? host_call(t, "write", MARKER, "assay\n", "sync", NULL)
		    : host_call(t, "write", MARKER, "assay\n", NULL))
		host_broken(t, "the marker could not be written");
}

static void lose_marker(struct host_trial *t)
{
	(void)host_call(t, "mkdir", MARKER_FOLDER, NULL);
	if (host_call(t, "mount", "tmpfs", MARKER_FOLDER, "tmpfs", "rw", NULL) != 0)
		host_broken(t, "no tmpfs can be mounted in the guest");
}

HOST_CASE(power, reset_from_host_works,
	  .title = "A hard reset returns a usable system with synced files kept", .priority = P0,
	  .isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 600,
	  .why = "It is the last means against a guest that hangs, and must not make things worse.",
	  .remedy = "Read the console's log of the second boot; check the filesystem's journal.",
	  .sources = "CIT:imageboot.TestGuestReboot,LISA:verify_reboot_in_platform")
{
	const char *before = boot_id(t);

	leave_marker(t, true);
	HOST_REQUIRE(t, host_qmp(t, "system_reset", NULL) != NULL);
	HOST_REQUIRE(t, host_wait_agent(t, BOOT_S));
	HOST_CHECK_TEXT_NE(t, boot_id(t), before);
	HOST_CHECK_TEXT(t, host_guest_read(t, MARKER), "assay\n");
}

HOST_SABOTAGE(power, reset_from_host_works, "what is synced lies in memory only")
{
	lose_marker(t);
}

HOST_CASE(
	power, stop_and_start_works,
	.title = "A full stop and start keeps files, addresses and names", .priority = P0,
	.isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 700, .cuts_power = true,
	.why = "Customers stop machines overnight and expect in the morning what they left.",
	.remedy =
		"Read the console's log of the second boot; look for state that lies in memory only.",
	.sources =
		"LISA:verify_stop_start_in_platform,imgproof:test_hard_reboot,AZCERT:lisa-other/stop-start")
{
	const char *name = host_guest_read(t, "/proc/sys/kernel/hostname");
	const char *id = host_guest_read(t, "/etc/machine-id");
	const char *routes = host_guest_read(t, "/proc/net/route");

	HOST_REQUIRE(t, name != NULL);
	leave_marker(t, false);
	(void)host_call(t, "poweroff", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "SHUTDOWN", SHUTDOWN_S));
	host_power_cut(t);
	HOST_REQUIRE(t, host_power_on(t, BOOT_S));
	HOST_CHECK_TEXT(t, host_guest_read(t, MARKER), "assay\n");
	HOST_CHECK_TEXT(t, host_guest_read(t, "/proc/sys/kernel/hostname"), name);
	if (id)
		HOST_CHECK_TEXT(t, host_guest_read(t, "/etc/machine-id"), id);
	/* Addresses come a little after the agent. */
	for (int i = 0;
	     routes && i < 30 && strcmp(host_guest_read(t, "/proc/net/route"), routes) != 0; i++)
		host_sleep(t, 1000);
	if (routes)
		HOST_CHECK_TEXT(t, host_guest_read(t, "/proc/net/route"), routes);
}

HOST_SABOTAGE(power, stop_and_start_works, "files lie in memory only")
{
	lose_marker(t);
}
