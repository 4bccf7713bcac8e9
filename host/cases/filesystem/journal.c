/* SPDX-License-Identifier: Apache-2.0 */
/* The root filesystem after the plug was pulled while it was busy. */
#include <stdio.h>

#include "host/cases/host_durable.h"
#include "host/cases/host_order.h"
#include "host/cases/host_root.h"

#define LOAD   "/assay-load" /* not deeper: that may be another filesystem */
#define MOUNT  "/srv/assay-root"
#define FORK_S 120

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

/* Where the journal begins, 0 when there is none; *ret_replay tells whether the filesystem needs it. */
static unsigned long long find_journal(struct host_trial *t, const char *device, int *ret_replay)
{
	const char *said = host_ask(t, "probe", "ext4_journal", device, NULL);
	unsigned long long offset = 0;

	*ret_replay = 0;
	if (said && sscanf(said, "offset=%llu replay=%d", &offset, ret_replay) != 2)
		return 0;
	return offset;
}

/* As a boot does it: the kernel replays the journal, and removes what was deleted while it was open. */
static void replay(struct host_trial *t, const char *device)
{
	HOST_REQUIRE(t, host_call(t, "mount", device, MOUNT, "ext4", "rw", NULL) == 0);
	HOST_REQUIRE(t, host_call(t, "umount", MOUNT, NULL) == 0);
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
	const char *said = "";
	int needs_replay;

	root_find(t);
	make_load(t);
	host_power_cut(t);
	root_hand_over(t, FORK_S);
	const char *device = host_format(t, "/dev/%s", root_plug(t));
	if (find_journal(t, device, &needs_replay) != 0 && !needs_replay)
		host_broken(t, "the power cut has left nothing to recover, so it proves nothing");
	replay(t, device);
	int code = host_guest_run(t, &said, "e2fsck", "-f", "-n", device, NULL);
	if (code < 0)
		host_broken(t, "e2fsck did not end");
	if (code != 0)
		host_note(t, "e2fsck: %s", said);
	HOST_CHECK_EQ(t, code, 0);
}

static void spoil_journal(struct host_trial *t)
{
	const char *device = host_format(t, "/dev/%s", root_plug(t));
	int needs_replay;
	unsigned long long offset = find_journal(t, device, &needs_replay);

	if (offset == 0 || host_call(t, "probe", "disk_write", device,
				     host_format(t, "%llu", offset), "spoilt", NULL) != 0)
		host_broken(t, "the journal cannot be spoilt");
}

HOST_SABOTAGE(filesystem, journal_recovers_after_power_cut,
	      "the journal's first block is overwritten before anything recovers")
{
	host_plant_later(t, spoil_journal);
}
