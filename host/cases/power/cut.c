/* SPDX-License-Identifier: Apache-2.0 */
/* The plug is pulled while the guest writes. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define BOOT_S	400
#define WRITE_S 60
#define FOLDER	"/var/lib/assay-durable"
#define FILE_	FOLDER "/records"
#define RECORDS "1000000" /* more than can be written until the cut */

/* Starts the guest writing records that it makes durable one by one; each durable one is told on the console. */
static void start_writing(struct host_trial *t)
{
	(void)host_call(t, "mkdir", FOLDER, NULL);
	host_console_forget(t);
	if (host_call(t, "probe", "&durable_write", FILE_, RECORDS, "/dev/ttyS0", NULL) != 0)
		host_broken(t, "the guest could not start to write");
	HOST_REQUIRE(t, host_console_wait(t, "assay-durable 40", WRITE_S));
}

/* The highest number that was claimed to be durable before the cut. */
static long long last_claim(const char *console)
{
	static const char word[] = "assay-durable ";
	long long last = 0, number;

	for (const char *at = console; (at = strstr(at, word)); at += sizeof word - 1) {
		/* A line that the cut has shortened is no claim. */
		if (sscanf(at + sizeof word - 1, "%lld", &number) == 1 && strchr(at, '\n') &&
		    number > last)
			last = number;
	}
	return last;
}

HOST_CASE(filesystem, fsynced_data_survives_power_cut,
	  .title = "A file synced before the power is cut is whole afterwards", .priority = P1,
	  .isolation = ISOLATION_FORK, .timeout_s = 700,
	  .why = "A database that was told its data is safe has told its customers.",
	  .remedy = "Check the disk's cache mode, the filesystem's barriers and its mount options.",
	  .sources = "own")
{
	long long whole = -1, torn = -1, wrong = -1;

	start_writing(t);
	host_power_cut(t);
	long long claimed = last_claim(host_console(t));
	HOST_REQUIRE(t, host_power_on(t, BOOT_S));
	const char *reply = host_ask(t, "probe", "durable_verify", FILE_, NULL);
	HOST_REQUIRE(t, reply && sscanf(reply, "whole=%lld torn=%lld wrong=%lld", &whole, &torn,
					&wrong) == 3);
	host_note(t, "claimed %lld, found %s", claimed, reply);
	HOST_CHECK_GE(t, claimed, 40);
	HOST_CHECK_GE(t, whole, claimed);
	HOST_CHECK_EQ(t, wrong, 0);
}

HOST_SABOTAGE(filesystem, fsynced_data_survives_power_cut, "what is synced lies in memory only")
{
	(void)host_call(t, "mkdir", FOLDER, NULL);
	if (host_call(t, "mount", "tmpfs", FOLDER, "tmpfs", "rw", NULL) != 0)
		host_broken(t, "no tmpfs can be mounted in the guest");
}

static bool root_is_writable(struct host_trial *t)
{
	return host_call(t, "write", "/var/lib/assay-after-cut", "x", "sync", NULL) == 0;
}

HOST_CASE(
	power, power_cut_boots_again,
	.title = "After the power is cut under write load the system boots to ready",
	.priority = P0, .isolation = ISOLATION_FORK, .timeout_s = 700,
	.why = "Hosts fail without notice, and nobody stands beside the guest to repair it.",
	.remedy =
		"Read the console's log: a filesystem that needs a hand, or a unit that waits for one.",
	.sources = "own")
{
	start_writing(t);
	host_power_cut(t);
	HOST_REQUIRE(t, host_power_on(t, BOOT_S));
	HOST_CHECK(t, root_is_writable(t));
	HOST_CHECK_LACKS(t, host_console(t), "emergency mode");
}

HOST_SABOTAGE(power, power_cut_boots_again, "the next boot needs a filesystem that nobody has")
{
	if (host_call(t, "write", "/etc/fstab", "nothing /srv no-such-filesystem defaults 0 0\n",
		      "sync", NULL) != 0)
		host_broken(t, "fstab cannot be written");
	/* The service manager makes its mount units anew only at the next boot. */
}
