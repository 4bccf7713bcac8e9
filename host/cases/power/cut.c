/* SPDX-License-Identifier: Apache-2.0 */
/* The plug is pulled while the guest writes. */
#include "host/cases/host_durable.h"

#define BOOT_S	  400
#define FOLDER	  "/var/lib/assay-durable"
#define FILE_	  FOLDER "/records"
#define UNFLUSHED "/var/lib/assay-unflushed"

/* Tells the kernel that the disks have no cache, so that it never flushes one again. False when there is none that it
 * flushes. */
static bool stop_flushing(struct host_trial *t)
{
	const char *names = host_ask(t, "list", "/sys/block", NULL);
	bool had_cache = false;

	for (const char *at = names; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *path = host_format(t, "/sys/block/%.*s/queue/write_cache",
					       (int)strcspn(at, "\n"), at);
		const char *mode = host_guest_read(t, path);
		if (!mode || strcmp(mode, "write back\n") != 0)
			continue;
		had_cache = true;
		host_guest_write(t, path, "write through");
	}
	return had_cache;
}

/* Writes something that nobody flushes: a power cut that it survives is none. False when the guest cannot do that. */
static bool write_unflushed(struct host_trial *t)
{
	return stop_flushing(t) &&
	       host_call(t, "write", UNFLUSHED, "never flushed\n", "sync", NULL) == 0;
}

static void judge_cut(struct host_trial *t, bool has_unflushed)
{
	if (!has_unflushed)
		host_note(t, "the guest's disks have no cache that it could leave unflushed: "
			     "whether the power cut loses anything was not tried");
	else if (host_guest_read(t, UNFLUSHED))
		host_broken(t,
			    "the power cut has kept what was never flushed, so it proves nothing");
	else
		host_note(t, "what was never flushed is gone");
}

HOST_CASE(filesystem, fsynced_data_survives_power_cut,
	  .title = "A file synced before the power is cut is whole afterwards", .priority = P1,
	  .isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 700, .cuts_power = true,
	  .why = "A database that was told its data is safe has told its customers.",
	  .remedy = "Check the disk's cache mode, the filesystem's barriers and its mount options.",
	  .sources = "own")
{
	(void)durable_start(t, FILE_);
	/* The guest goes on to write and to claim, but what it claims from now on is not true. */
	long long claimed = durable_claimed(t);
	bool has_unflushed = write_unflushed(t);
	host_power_cut(t);
	HOST_REQUIRE(t, host_power_on(t, BOOT_S));
	judge_cut(t, has_unflushed);
	durable_check(t, FILE_, claimed);
}

HOST_SABOTAGE(filesystem, fsynced_data_survives_power_cut,
	      "the kernel believes that the disks have no cache, and never flushes it")
{
	if (!stop_flushing(t))
		host_broken(t, "the guest's disks have no cache");
}

static bool root_is_writable(struct host_trial *t)
{
	return host_call(t, "write", "/var/lib/assay-after-cut", "x", "sync", NULL) == 0;
}

HOST_CASE(
	power, power_cut_boots_again,
	.title = "After the power is cut under write load the system boots to ready",
	.priority = P0, .isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 700,
	.cuts_power = true,
	.why = "Hosts fail without notice, and nobody stands beside the guest to repair it.",
	.remedy =
		"Read the console's log: a filesystem that needs a hand, or a unit that waits for one.",
	.sources = "own")
{
	(void)durable_start(t, FILE_);
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
