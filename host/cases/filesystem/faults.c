/* SPDX-License-Identifier: Apache-2.0 */
/* A file system whose disk fails beneath it. */
#include "host/cases/host_disk.h"

#define DISK	 "failing"
#define DISK_MIB 64
#define TRIES	 20

HOST_CASE(
	filesystem, io_error_turns_read_only,
	.title = "A file system that cannot write its metadata becomes read-only", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "arch:x86_64,cmd:mkfs.ext4,kconfig:EXT4_FS",
	.timeout_s = 100, .expects = "io-error,filesystem-error",
	.why = "Whoever writes on to a file system that is losing its metadata makes it worse.",
	.remedy =
		"Set errors=remount-ro, in the superblock (tune2fs -e) or among the mount options.",
	.sources = "own")
{
	const char *disk = host_disk_plug(t, DISK, DISK_MIB, "");
	const char *folder = host_disk_mount(t, DISK, disk, "-e", "remount-ro");
	const char *file = host_format(t, "%s/file", folder);
	int code = 0;

	HOST_REQUIRE(t, host_call(t, "write", file, "before\n", "sync", NULL) == 0);
	host_disk_fail(t, DISK, "{\"event\":\"none\",\"iotype\":\"write\"}");
	/* Each makes an inode and a name: the journal cannot take them when they are to be durable. */
	for (unsigned i = 0; i < TRIES && code != EROFS; i++) {
		code = host_call(t, "mkdir", host_format(t, "%s-%u", file, i), NULL);
		(void)host_call(t, "sync", NULL);
		host_sleep(t, 100);
	}
	/* From Linux 6.6 to 6.14 the file system is shut down as well, and answers EIO to all. */
	HOST_CHECK(t, code == EROFS || code == EIO);
	HOST_CHECK(t, code == EROFS || host_console_wait(t, "Remounting filesystem read-only", 10));
}

HOST_SABOTAGE(filesystem, io_error_turns_read_only, "the disk keeps errors of writing to itself")
{
	(void)host_disk_plug(t, DISK, DISK_MIB, ",\"werror\":\"ignore\"");
}
