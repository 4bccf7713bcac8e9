/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that fails, runs out of space beneath the guest, and is flushed. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "host/cases/host_disk.h"

#define DISK	  "faulty"
#define DISK_MIB  16
#define BAD_AT	  (1U << 20) /* the byte where the bad sector is */
#define STATUS	  "/run/assay-write-status"
#define STOP_S	  20
#define ANSWER_NS (5 * NS_PER_S)

HOST_CASE(storage, io_errors_reach_the_program,
	  .title = "A failing sector gives the reading program an error, not silence",
	  .priority = P1, .isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 60,
	  .expects = "io-error",
	  .why = "A program that is told nothing goes on with bytes that nobody has written.",
	  .remedy = "Look at the disk's driver, and at what lies between it and the program.",
	  .sources = "own")
{
	const char *device = host_format(t, "/dev/%s", host_disk_plug(t, DISK, DISK_MIB, ""));

	HOST_REQUIRE(t, host_call(t, "probe", "disk_read", device, "1048576", NULL) == 0);
	host_disk_fail(t, DISK,
		       host_format(t, "{\"event\":\"none\",\"iotype\":\"read\",\"sector\":%u}",
				   BAD_AT / 512));
	HOST_CHECK_EQ(t, host_call(t, "probe", "disk_read", device, "1048576", NULL), EIO);
	/* Its neighbours are not bad. */
	HOST_CHECK_EQ(t, host_call(t, "probe", "disk_read", device, "0", NULL), 0);
	HOST_CHECK_EQ(t, host_call(t, "probe", "disk_read", device, "1052672", NULL), 0);
}

HOST_SABOTAGE(storage, io_errors_reach_the_program, "the disk keeps errors of reading to itself")
{
	(void)host_disk_plug(t, DISK, DISK_MIB, ",\"rerror\":\"ignore\"");
}

/* ---- no room on the host ---- */

/* The machine may stand still before the answer is on its way: then that comes later, and nobody waits for it. */
static void start_write(struct host_trial *t, const char *device)
{
	const char *arguments[] = {"&disk_write", device, "1048576", "kept.", STATUS, NULL};
	struct patience p = patience_within(host_patience(t), ANSWER_NS);
	struct text reply = TEXT_INIT(4096);
	struct err ignored = {0};
	int code = 0;

	(void)machine_call(host_machine(t), &p, "probe", arguments, &reply, &code, &ignored);
	text_done(&reply);
	if (code != 0)
		host_broken(t, "the guest could not start to write: error %d", code);
}

static const char *await_status(struct host_trial *t)
{
	for (int i = 0; i < STOP_S * 10; i++) {
		const char *status = host_guest_read(t, STATUS);
		if (status && strchr(status, '\n'))
			return status;
		host_sleep(t, 100);
	}
	return NULL;
}

HOST_CASE(
	storage, host_out_of_space_is_survived,
	.title = "When the host's storage fills, the guest waits and continues without loss",
	.priority = P2, .isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 100,
	.why = "Storage that is shared does fill up; it is no reason for a guest to lose its data.",
	.remedy = "Attach the disk with werror=enospc, QEMU's default.", .sources = "own")
{
	const char *device = host_format(t, "/dev/%s", host_disk_plug(t, DISK, DISK_MIB, ""));

	host_disk_fail(t, DISK,
		       "{\"event\":\"none\",\"iotype\":\"write\",\"errno\":28,\"once\":true}");
	start_write(t, device);
	HOST_REQUIRE(t, host_wait_event(t, "STOP", STOP_S));
	HOST_CHECK_CONTAINS(t, host_event_data(t, "BLOCK_IO_ERROR", 1), "\"stop\"");
	/* Room is made, and the machine goes on. */
	HOST_REQUIRE(t, host_qmp(t, "cont", NULL) != NULL);
	HOST_CHECK_TEXT(t, await_status(t), "0\n");
	HOST_CHECK_TEXT(t, host_format(t, "%.10s", host_disk_bytes(t, DISK, BAD_AT, 10)),
			"kept.kept.");
}

HOST_SABOTAGE(storage, host_out_of_space_is_survived,
	      "the disk reports it to the guest as an error")
{
	(void)host_disk_plug(t, DISK, DISK_MIB, ",\"werror\":\"report\"");
}

/* ---- flushes ---- */

/* How many flushes of the guest's have come to the disk, by QEMU's count. */
static long long count_flushes(struct host_trial *t)
{
	const char *reply = host_qmp(t, "query-blockstats", NULL);
	json_t *all = reply ? json_loads(reply, 0, NULL) : NULL, *disk;
	long long flushes = -1;
	size_t i;

	json_array_foreach(all, i, disk)
	{
		const char *qdev = json_string_value(json_object_get(disk, "qdev"));
		json_t *stats = json_object_get(disk, "stats");
		if (qdev && strstr(qdev, CASE_NODE_PREFIX "dev-" DISK))
			flushes = json_integer_value(json_object_get(stats, "flush_operations"));
	}
	json_decref(all);
	return flushes;
}

HOST_CASE(
	storage, flush_reaches_host,
	.title = "What a program makes durable arrives as a flush at the host's disk",
	.priority = P1, .isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 60,
	.why = "Data that is only said to be durable is gone with the host's power.",
	.remedy = "Look at queue/write_cache of the disk, and at options that switch flushes off.",
	.sources = "own")
{
	const char *device = host_format(t, "/dev/%s", host_disk_plug(t, DISK, DISK_MIB, ""));
	long long before = count_flushes(t);

	HOST_REQUIRE(t, before >= 0);
	HOST_REQUIRE(t, host_call(t, "probe", "disk_write", device, "1048576", "kept.", NULL) == 0);
	HOST_CHECK_GT(t, count_flushes(t), before);
}

HOST_SABOTAGE(storage, flush_reaches_host, "the kernel believes that the disk has no cache")
{
	const char *disk = host_disk_plug(t, DISK, DISK_MIB, "");

	host_guest_write(t, host_format(t, "/sys/block/%s/queue/write_cache", disk),
			 "write through");
}
