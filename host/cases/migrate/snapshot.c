/* SPDX-License-Identifier: Apache-2.0 */
/* Saved states: of the whole machine, and of a disk that is being written. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/child.h"
#include "host/cases/host_disk.h"
#include "host/cases/host_durable.h"
#include "host/cases/host_entry.h"
#include "host/cases/host_netpeer.h"
#include "host/cases/host_qga.h"
#include "host/cases/host_time.h"

#define JOB_S 120

/* ---- the machine ---- */

/* Runs one of QEMU's snapshot jobs on the root disk, with the machine's memory in it. */
static void run_job(struct host_trial *t, const char *command)
{
	static const char arguments[] =
		"{\"job-id\":\"case-job\",\"tag\":\"case\",\"vmstate\":\"disk0\","
		"\"devices\":[\"disk0\"]}";
	const char *jobs = "";

	HOST_REQUIRE(t, host_qmp(t, command, arguments) != NULL);
	for (int i = 0; i < JOB_S * 10 && !strstr(jobs, "concluded"); i++) {
		host_sleep(t, 100);
		jobs = host_qmp(t, "query-jobs", NULL);
		HOST_REQUIRE(t, jobs != NULL);
	}
	(void)host_qmp(t, "job-dismiss", "{\"id\":\"case-job\"}");
	if (strstr(jobs, "\"error\""))
		host_broken(t, "QEMU could not do %s: %s", command, jobs);
}

#define MEMORY	"/run/assay-memory"
#define FOLDER	"/srv/assay-restored" /* also the folder of a disk named "restored" */
#define ON_DISK FOLDER "/file"

static void write_both(struct host_trial *t, const char *word)
{
	host_guest_write(t, MEMORY, word);
	if (host_call(t, "probe", "disk_write", ON_DISK, "0", word, NULL) != 0)
		host_broken(t, "the disk cannot be written");
}

HOST_CASE(
	migrate, snapshot_restores_exactly,
	.title = "A saved state restores memory, disk and devices to the saved moment",
	.priority = P1, .isolation = ISOLATION_FORK, .needs = "arch:x86_64,image:file",
	.timeout_s = 100,
	.why = "Snapshots are the way back before an update; a mixture of then and now is worse than none.",
	.remedy = "Look for a disk that the snapshot leaves out.", .sources = "own")
{
	host_entry_needs_port(t);
	const char *names = host_ask(t, "list", "/sys/class/net", NULL);

	(void)host_call(t, "mkdir", FOLDER, NULL);
	host_guest_write(t, ON_DISK, "here\n");
	write_both(t, "before.");
	run_job(t, "snapshot-save");
	write_both(t, "after.");
	run_job(t, "snapshot-load");
	HOST_CHECK_TEXT(t, host_guest_read(t, MEMORY), "before.");
	/* Past the cache, which came back with the memory. */
	HOST_CHECK_CONTAINS(t, host_ask(t, "probe", "disk_read", ON_DISK, "0", NULL),
			    "before.before.");
	HOST_CHECK_TEXT(t, host_ask(t, "list", "/sys/class/net", NULL), names);
}

HOST_SABOTAGE(migrate, snapshot_restores_exactly,
	      "the file lies on a disk that the snapshot leaves out")
{
	const char *disk = host_disk_plug(t, "restored", 32, "");

	(void)host_disk_mount(t, "restored", disk, NULL, NULL);
}

#define HOUR_MS (3600LL * 1000)

HOST_CASE(
	migrate, restored_copy_corrects_clock,
	.title = "A state restored an hour later shows the right time soon", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "arch:x86_64,image:file,nics>=1,netpeer:ntp",
	.timeout_s = 2600, .waits = true,
	.why = "Whoever goes back to a snapshot has a machine that lives in the past: certificates are not yet valid, logs lie.",
	.remedy =
		"Run a time daemon that polls every minute, and may step: chrony does with makestep N -1.",
	.sources = "own")
{
	struct clock_daemon daemon = clock_await_daemon(t);

	if (daemon.reads_ptp)
		host_skip(t, "time-daemon", "%s reads a PTP clock, and that is this host's",
			  daemon.name);
	run_job(t, "snapshot-save");
	/* For the guest it is the same whether an hour was waited, or the time servers are ahead by one. */
	peer_set(t, "ntp-offset", HOUR_MS);
	run_job(t, "snapshot-load");
	host_note(t, "once restored it is %lld ms off", clock_off_ms(t, HOUR_MS));
	HOST_CHECK(t, clock_is_right_within(t, HOUR_MS, daemon.corrects_s));
}

HOST_SABOTAGE(migrate, restored_copy_corrects_clock,
	      "the time daemon is frozen, however often it is started")
{
	clock_freeze_daemon(t);
}

/* ---- a disk, without the guest's knowledge ---- */

#define LIVE	 "live"
#define COPY	 "copy"
#define DISK_MIB 64
#define RECORDS	 "/srv/assay-" LIVE "/records"

static void copy_disk(struct host_trial *t)
{
	const char *argv[] = {"cp", "--sparse=always", host_disk_path(t, LIVE),
			      host_disk_path(t, COPY), NULL};
	const struct child_spec spec = {.argv = argv, .no_network = true, .limit_cpu_s = 60};
	struct child_output out = CHILD_OUTPUT_INIT(4096);
	struct err e = {0};

	/* Standing still, QEMU has completed what was under way: it is the disk of one moment. */
	HOST_REQUIRE(t, host_qmp(t, "stop", NULL) != NULL);
	int r = child_run_ok(&spec, host_patience(t), &out, &e);
	child_output_done(&out);
	if (r < 0)
		host_broken(t, "%s", e.text);
	HOST_REQUIRE(t, host_qmp(t, "cont", NULL) != NULL);
}

HOST_CASE(migrate, crash_snapshot_recovers,
	  .title = "A disk snapshot taken while the guest writes recovers through its journal",
	  .priority = P2, .isolation = ISOLATION_FORK,
	  .needs = "arch:x86_64,cmd:mkfs.ext4,kconfig:EXT4_FS", .timeout_s = 100,
	  .why = "Most backups of machines are such snapshots.",
	  .remedy = "Make the file system with a journal, and leave its barriers on.",
	  .sources = "own")
{
	const char *live = host_disk_plug(t, LIVE, DISK_MIB, "");

	(void)host_disk_mount(t, LIVE, live, NULL, NULL);
	const char *writer = durable_start(t, RECORDS);
	long long claimed = durable_claimed(t);
	copy_disk(t);
	durable_stop(t, writer);
	HOST_CHECK(t, host_disk_ext4(t, COPY).needs_recovery);
	const char *copy = host_disk_plug_file(t, COPY, host_disk_path(t, COPY), "");
	const char *folder = host_disk_mount(t, COPY, copy, NULL, NULL);
	durable_check(t, host_format(t, "%s/records", folder), claimed);
	HOST_REQUIRE(t, host_call(t, "umount", folder, NULL) == 0);
	struct host_ext4 after = host_disk_ext4(t, COPY);
	HOST_CHECK(t, after.is_clean && !after.needs_recovery);
	HOST_CHECK_EQ(t, after.errors, 0);
}

HOST_SABOTAGE(migrate, crash_snapshot_recovers, "the file system has no journal")
{
	const char *live = host_disk_plug(t, LIVE, DISK_MIB, "");
	const char *folder = host_disk_mount(t, LIVE, live, "-O", "^has_journal");

	if (host_call(t, "umount", folder, NULL) != 0)
		host_broken(t, "the file system cannot be unmounted");
}

/* ---- a disk that the guest has frozen ---- */

#define FILES	   8
#define FILE_BYTES 65536

static const char *file_path(struct host_trial *t, const char *folder, unsigned number)
{
	return host_format(t, "%s/file%u", folder, number);
}

static const char *file_content(struct host_trial *t, unsigned number)
{
	return host_format(t, "%0*u", FILE_BYTES, number);
}

/* Nothing asks for them to be on the disk: without a freeze they get there after half a minute. */
static void write_files(struct host_trial *t, const char *folder)
{
	for (unsigned i = 0; i < FILES; i++)
		host_guest_write(t, file_path(t, folder, i), file_content(t, i));
}

static unsigned count_whole_files(struct host_trial *t, const char *folder)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FILES; i++) {
		const char *content = host_guest_read(t, file_path(t, folder, i));
		count += content && strcmp(content, file_content(t, i)) == 0;
	}
	return count;
}

HOST_CASE(
	migrate, frozen_snapshot_is_consistent,
	.title = "A disk snapshot taken under freeze mounts clean with complete files",
	.priority = P1, .isolation = ISOLATION_FORK,
	.needs = "arch:x86_64,cmd:qemu-ga,dev:virtio-serial,systemd,cmd:mkfs.ext4,kconfig:EXT4_FS",
	.timeout_s = 300,
	.why = "A backup that was asked to be consistent must need no repair, and must not lack what was written last.",
	.remedy =
		"Start the agent in the mount namespace of the system, so that it freezes what is mounted later too.",
	.sources = "own")
{
	qga_open(t);
	const char *live = host_disk_plug(t, LIVE, DISK_MIB, "");
	write_files(t, host_disk_mount(t, LIVE, live, NULL, NULL));
	HOST_CHECK_GT(t, qga_number(t, "guest-fsfreeze-freeze"), 0);
	copy_disk(t);
	HOST_CHECK_GT(t, qga_number(t, "guest-fsfreeze-thaw"), 0);
	struct host_ext4 snapshot = host_disk_ext4(t, COPY);
	HOST_CHECK(t, snapshot.is_clean && !snapshot.needs_recovery);
	const char *copy = host_disk_plug_file(t, COPY, host_disk_path(t, COPY), "");
	HOST_CHECK_EQ(t, count_whole_files(t, host_disk_mount(t, COPY, copy, NULL, NULL)), FILES);
	HOST_CHECK_EQ(t, host_disk_ext4(t, COPY).errors, 0);
}

HOST_SABOTAGE(migrate, frozen_snapshot_is_consistent,
	      "the agent does not see what is mounted after its start")
{
	static const char folder[] = "/run/systemd/system/qemu-guest-agent.service.d";

	(void)host_call(t, "mkdir", folder, NULL);
	host_guest_write(t, host_format(t, "%s/zz-assay.conf", folder),
			 "[Service]\nPrivateMounts=yes\nMountFlags=private\n");
	(void)host_guest_run(t, NULL, "systemctl", "daemon-reload", NULL);
}
