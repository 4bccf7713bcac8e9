/* SPDX-License-Identifier: Apache-2.0 */
/* The root filesystem after the plug was pulled while it was busy. */
#include <stdio.h>

#include "host/cases/host_durable.h"
#include "host/cases/host_order.h"
#include "host/cases/host_root.h"

#define LOAD   "/assay-load" /* not deeper: that may be another filesystem */
#define MOUNT  "/srv/assay-root"
#define FORK_S 120

/* A kind of filesystem that has a journal. */
struct journal {
	const char *type, *probe;
	const char *options; /* with which it may be mounted beside the one that it is a copy of */
};

static const struct journal ext4 = {"ext4", "ext4_journal", ""};
static const struct journal xfs = {"xfs", "xfs_log", "nouuid"};

/* Names and inodes come and go, and each of the durable records commits what the journal has of them. */
static void make_load(struct host_trial *t)
{
	if (host_call(t, "mkdir", LOAD "/files", NULL) != 0)
		host_skip(t, "root-writable", "nothing can be written to the root filesystem");
	if (!host_ask(t, "probe", "&churn", LOAD "/files", NULL))
		host_broken(t, "the load in the guest cannot be started");
	(void)durable_start(t, LOAD "/records");
	const char *files = host_ask(t, "list", LOAD "/files", NULL);
	if (!files || !*files)
		host_broken(t, "the load in the guest has made nothing");
}

/* What the cut has left, as a device in the guest that is to judge it. */
static const char *cut_under_load(struct host_trial *t)
{
	root_find(t);
	make_load(t);
	host_power_cut(t);
	root_hand_over(t, FORK_S);
	return host_format(t, "/dev/%s", root_plug(t));
}

/* Of a filesystem that says so: whether it needs its journal. One without a journal is for its checker to judge. */
static void require_work(struct host_trial *t, const char *device)
{
	const char *said = host_ask(t, "probe", ext4.probe, device, NULL);

	if (said && strstr(said, "replay=0"))
		host_broken(t, "the power cut has left nothing to recover, so it proves nothing");
}

/* As a boot does it: the kernel replays the journal, and removes what was deleted while it was open. */
static void replay(struct host_trial *t, const struct journal *journal, const char *device)
{
	HOST_REQUIRE(t, host_call(t, "mount", device, MOUNT, journal->type, "rw", journal->options,
				  NULL) == 0);
	HOST_REQUIRE(t, host_call(t, "umount", MOUNT, NULL) == 0);
}

static void judge_checker(struct host_trial *t, const char *name, int code, const char *said)
{
	if (code < 0)
		host_broken(t, "%s did not end", name);
	if (code != 0)
		host_note(t, "%s: %s", name, said);
	HOST_CHECK_EQ(t, code, 0);
}

static void spoil(struct host_trial *t, const struct journal *journal)
{
	const char *device = host_format(t, "/dev/%s", root_plug(t));
	const char *said = host_ask(t, "probe", journal->probe, device, NULL);
	unsigned long long offset = 0;

	if (!said || sscanf(said, "offset=%llu", &offset) != 1 ||
	    host_call(t, "probe", "disk_write", device, host_format(t, "%llu", offset), "spoilt",
		      NULL) != 0)
		host_broken(t, "the journal cannot be spoilt");
}

HOST_CASE(
	filesystem, journal_recovers_after_power_cut,
	.title = "After the power is cut under load the root filesystem recovers and checks clean",
	.priority = P1, .isolation = ISOLATION_FORK,
	.needs = "arch:x86_64,hotplug-slots>=1,fs:ext4,cmd:e2fsck", .timeout_s = 500,
	.cuts_power = true,
	.why = "What the journal does not mend spreads, and is found when it is too late.",
	.remedy =
		"Make the root filesystem with a journal; look for barrier=0 or nobarrier among its "
		"mount options, and at the disk's cache.",
	.sources = "own")
{
	const char *device = cut_under_load(t), *said = "";

	require_work(t, device);
	replay(t, &ext4, device);
	int code = host_guest_run(t, &said, "e2fsck", "-f", "-n", device, NULL);
	judge_checker(t, "e2fsck", code, said);
}

static void spoil_ext4(struct host_trial *t)
{
	spoil(t, &ext4);
}

HOST_SABOTAGE(filesystem, journal_recovers_after_power_cut,
	      "the journal's first block is overwritten before anything recovers")
{
	host_plant_later(t, spoil_ext4);
}

HOST_CASE(
	filesystem, xfs_log_recovers_after_power_cut,
	.title =
		"After the power is cut under load the root filesystem on XFS recovers and checks clean",
	.priority = P1, .isolation = ISOLATION_FORK,
	.needs = "arch:x86_64,hotplug-slots>=1,fs:xfs,cmd:xfs_repair", .timeout_s = 500,
	.cuts_power = true,
	.why = "What the log does not mend spreads, and is found when it is too late.",
	.remedy = "Look at the kernel's log of the mount, and at the disk's cache.",
	.sources = "own")
{
	const char *device = cut_under_load(t), *said = "";

	replay(t, &xfs, device);
	int code = host_guest_run(t, &said, "xfs_repair", "-n", device, NULL);
	judge_checker(t, "xfs_repair", code, said);
}

static void spoil_xfs(struct host_trial *t)
{
	spoil(t, &xfs);
}

HOST_SABOTAGE(filesystem, xfs_log_recovers_after_power_cut,
	      "the log's first block is overwritten before anything recovers")
{
	host_plant_later(t, spoil_xfs);
}
