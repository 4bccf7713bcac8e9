/* SPDX-License-Identifier: Apache-2.0 */
/* The filesystems after a reboot. */
#include "host/cases/host_case.h"

#define REBOOT_S 400
#define FSTAB	 "/etc/fstab"

HOST_CASE(
	filesystem, reboot_leaves_no_mount_errors,
	.title = "After a reboot no mount has failed and the kernel has no filesystem error",
	.priority = P1, .needs = "systemd,cmd:journalctl", .isolation = ISOLATION_REBOOT,
	.timeout_s = 600,
	.why = "What was not unmounted properly shows at the next boot, and so does a line of fstab that never fitted.",
	.remedy =
		"Read the log of the mount's unit; check what keeps filesystems busy at shutdown.",
	.sources = "own")
{
	const char *failed = "", *log = "";

	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	int code = host_guest_run(t, &failed, "systemctl", "list-units", "--failed", "--plain",
				  "--no-legend", "--no-pager", "--type=mount,automount,swap", NULL);
	HOST_CHECK_EQ(t, code, 0);
	HOST_CHECK_TEXT(t, failed, "");
	code = host_guest_run(t, &log, "journalctl", "--boot=0", "--dmesg", "--output=cat",
			      "--no-pager", NULL);
	HOST_CHECK_EQ(t, code, 0);
	HOST_CHECK_LACKS(t, log, "recovery complete"); /* ext4 and XFS were left unclean */
	HOST_CHECK_LACKS(t, log, "Starting recovery");
	HOST_CHECK_LACKS(t, log, "EXT4-fs error");
	HOST_CHECK_LACKS(t, log, "was not properly unmounted");
}

HOST_SABOTAGE(filesystem, reboot_leaves_no_mount_errors,
	      "fstab names a filesystem that cannot be mounted")
{
	const char *fstab = host_guest_read(t, FSTAB);

	host_guest_write(
		t, FSTAB,
		host_format(t, "%s\nassay /srv no-such-type nofail 0 0\n", fstab ? fstab : ""));
}
