/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel measures how much time is lost for want of memory. */
#include <linux/magic.h>
#include <sys/vfs.h>

#include "guest/kit/case.h"
#include "guest/kit/cgroup.h"
#include "guest/kit/helper.h"
#include "guest/kit/kernel_config.h"

#define PRESSURE "/proc/pressure/memory"
#define LIMIT	 "16777216" /* 16 MiB */
#define FILE_MIB 48
#define PIECE	 (1U << 20)
#define SYNC_MIB 4 /* a group of version 1 does not wait for its own unwritten pages: it kills */
#define ROUNDS	 6

struct reader {
	const char *group, *path;
};

/* Reads a file again and again that is larger than what the group may keep of it: its pages come, go, and come again. */
static int read_again(void *arg)
{
	const struct reader *reader = arg;
	static char piece[PIECE];

	if (cgroup_enter(reader->group) < 0)
		return 1;
	CLEAN_FD int fd = open(reader->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (unsigned i = 0; i < FILE_MIB; i++) {
		if (write(fd, piece, PIECE) != (ssize_t)PIECE)
			return 2;
		if (i % SYNC_MIB == SYNC_MIB - 1)
			(void)fdatasync(fd);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < FILE_MIB; i++) {
			if (pread(fd, piece, PIECE, (off_t)i * PIECE) != (ssize_t)PIECE)
				return 3;
		}
	}
	return 0;
}

/* Microseconds lost since the boot, from "some avg10=0.00 … total=123"; -1 when it is not told. */
static long long lost_us(struct trial *t)
{
	const char *text = file_text(t, PRESSURE), *total = text ? strstr(text, "total=") : NULL;
	long long us;

	return total && sscanf(total, "total=%lld", &us) == 1 ? us : -1;
}

/* Some distributions build it and leave it off until psi=1 is given. */
static bool is_off_by_default(struct trial *t)
{
	struct text config = TEXT_INIT(8U << 20);
	char value[8];

	bool is_off = kernel_config_read(case_tree(t), &config) == 0 &&
		      kernel_config_value(config.buf, "PSI_DEFAULT_DISABLED", value, sizeof value);
	text_done(&config);
	return is_off;
}

static bool lies_in_memory(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static void remove_file(void *arg)
{
	(void)unlink(arg);
}

CASE(memory, pressure_is_measured, .title = "Pressure-stall files exist and rise under memory load",
     .priority = P2, .needs = "kconfig:PSI,kconfig:MEMCG", .isolation = ISOLATION_FORK,
     .why = "systemd-oomd and container managers act on these numbers before memory is out.",
     .remedy = "Take psi=0 off the command line, or give psi=1.", .sources = "own")
{
	struct reader reader = {.path = case_format(t, "/var/tmp/.assay-pressure-%d", getpid())};
	long long before = lost_us(t);

	if (before < 0 && is_off_by_default(t))
		case_skip(t, "kconfig:PSI", "the kernel was built to measure on request only");
	REQUIRE(t, before >= 0);
	if (lies_in_memory("/var/tmp"))
		case_skip(t, "fs:/var/tmp",
			  "/var/tmp lies in memory: nothing is read again from it");
	reader.group = cgroup_new(t, "memory");
	cgroup_write(t, reader.group, cgroup_is_v2() ? "memory.high" : "memory.limit_in_bytes",
		     LIMIT);
	case_defer(t, remove_file, (void *)(uintptr_t)reader.path);
	int status = helper_run(t, read_again, &reader);
	if (status != 0)
		case_broken(t, "the child could not read its file: status %d", status);
	CHECK_GT(t, lost_us(t), before);
}

SABOTAGE(memory, pressure_is_measured, "the numbers stand still")
{
	sabotage_file(t, PRESSURE,
		      "some avg10=0.00 avg60=0.00 avg300=0.00 total=100\n"
		      "full avg10=0.00 avg60=0.00 avg300=0.00 total=100\n");
}
