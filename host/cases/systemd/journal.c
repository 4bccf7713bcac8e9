/* SPDX-License-Identifier: Apache-2.0 */
/* The log of the boot before this one. */
#include "host/cases/host_case.h"

#define REBOOT_S 400
#define TOKEN	 "assay-token-of-the-boot-before"

HOST_CASE(
	systemd, journal_is_persistent,
	.title = "Messages of the previous boot are readable after reboot", .priority = P1,
	.needs = "systemd,cmd:journalctl", .isolation = ISOLATION_REBOOT, .timeout_s = 600,
	.why = "Why a machine went down stands in the log of the boot before.",
	.remedy = "Make /var/log/journal in the image, or set Storage=persistent in journald.conf.",
	.sources = "own")
{
	const char *log = "";

	/* What is written there is the kernel's message, and the log daemon's business from then on. */
	host_guest_write(t, "/dev/kmsg", TOKEN);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	int code = host_guest_run(t, &log, "journalctl", "--boot=-1", "--dmesg", "--output=cat",
				  "--no-pager", NULL);
	HOST_CHECK_EQ(t, code, 0);
	HOST_CHECK(t, strstr(log, TOKEN) != NULL);
}

HOST_SABOTAGE(systemd, journal_is_persistent, "the log is kept in memory only")
{
	(void)host_call(t, "mkdir", "/etc/systemd/journald.conf.d", NULL);
	host_guest_write(t, "/etc/systemd/journald.conf.d/zz-assay.conf",
			 "[Journal]\nStorage=volatile\n");
	if (host_guest_run(t, NULL, "systemctl", "restart", "systemd-journald.service", NULL) != 0)
		host_broken(t, "the log daemon cannot be restarted");
}
