/* SPDX-License-Identifier: Apache-2.0 */
/* A filesystem on a data disk: full, frozen, and read in two ways. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "guest/kit/helper.h"
#include "guest/kit/scratch.h"
#include "guest/kit/seccomp.h"

#define FILESYSTEM_MIB 32
#define PIECE	       (256U << 10)
#define PIECES_MAX     (2 * FILESYSTEM_MIB * 4)

/* ---- full ---- */

/* Writes until it is refused; gives the errno of that, 0 when there was no end. */
static int fill_up(int fd, const char *piece)
{
	for (unsigned i = 0; i < PIECES_MAX; i++) {
		ssize_t written = write(fd, piece, PIECE);
		if (written < 0)
			return errno;
	}
	return 0;
}

CASE(filesystem, full_disk_gives_clean_error,
     .title = "A full filesystem returns ENOSPC and works again after deletion", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "disk:data,cmd:mkfs.ext4", .timeout_s = 120,
     .why = "Disks do run full; programs can only cope with an error that says so.",
     .remedy = "Look for a kernel change in the filesystem's allocation.", .sources = "own")
{
	const char *folder = scratch_filesystem(t, scratch_disk(t), FILESYSTEM_MIB);
	const char *path = case_format(t, "%s/full", folder), *piece = case_alloc(t, PIECE);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	REQUIRE(t, fd >= 0);
	CHECK_EQ(t, fill_up(fd, piece), ENOSPC);
	CHECK_ERRNO(t, write(fd, piece, PIECE), ENOSPC);
	REQUIRE_OK(t, close(fd));
	REQUIRE_OK(t, unlink(path));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	REQUIRE(t, fd >= 0);
	CHECK_EQ(t, write(fd, piece, PIECE), (ssize_t)PIECE);
	CHECK_OK(t, fsync(fd));
	close(fd);
}

SABOTAGE(filesystem, full_disk_gives_clean_error, "writing ends with an input/output error")
{
	sabotage_syscall_argument(t, SYS_write, 2, PIECE, EIO);
}

/* ---- read in two ways ---- */

#define FILE_BLOCK  (64U << 10)
#define FILE_BLOCKS 32

static unsigned count_differing(const unsigned char *cached, int direct_fd, unsigned char *block)
{
	unsigned differing = 0;

	for (unsigned i = 0; i < FILE_BLOCKS; i++) {
		memset(block, 0xee, FILE_BLOCK);
		ssize_t got = pread(direct_fd, block, FILE_BLOCK, (off_t)i * FILE_BLOCK);
		differing += got != (ssize_t)FILE_BLOCK ||
			     memcmp(block, cached + (size_t)i * FILE_BLOCK, FILE_BLOCK) != 0;
	}
	return differing;
}

CASE(filesystem, direct_and_cached_reads_agree,
     .title = "Direct and page-cache reads of a file give the same bytes", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "disk:data,cmd:mkfs.ext4", .timeout_s = 120,
     .why = "Backups read past the cache what databases wrote through it.",
     .remedy = "Look for a kernel change in the filesystem's direct I/O.", .sources = "own")
{
	const char *path =
		case_format(t, "%s/twice", scratch_filesystem(t, scratch_disk(t), FILESYSTEM_MIB));
	unsigned char *memory = case_alloc(t, FILE_BLOCK + 4096);
	unsigned char *block = (unsigned char *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);
	int fd, direct_fd;

	REQUIRE_OK(t, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	for (unsigned i = 0; i < FILE_BLOCKS; i++) {
		memset(block, (int)i + 1, FILE_BLOCK);
		REQUIRE_EQ(t, write(fd, block, FILE_BLOCK), (ssize_t)FILE_BLOCK);
	}
	REQUIRE_OK(t, fsync(fd));
	const unsigned char *cached =
		mmap(NULL, FILE_BLOCKS * FILE_BLOCK, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(t, cached != MAP_FAILED);
	REQUIRE_OK(t, direct_fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC));
	CHECK_EQ(t, count_differing(cached, direct_fd, block), 0U);
	/* And again when the cache has been filled from the disk. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	CHECK_EQ(t, count_differing(cached, direct_fd, block), 0U);
	(void)munmap((void *)(uintptr_t)cached, FILE_BLOCKS * FILE_BLOCK);
	close(direct_fd);
	close(fd);
}

/* The direct read of the fourth block. */
static long skip_a_read(const struct seccomp_data *call, void *arg UNUSED)
{
	return call->args[3] == 3 * FILE_BLOCK ? (long)FILE_BLOCK : SYSCALL_GO_ON;
}

SABOTAGE(filesystem, direct_and_cached_reads_agree, "one direct read brings nothing from the disk")
{
	sabotage_syscall_by(t, SYS_pread64, skip_a_read, NULL);
}

/* ---- frozen ---- */

#define FROZEN_MS 300

static int write_file(void *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1 ? 0 : 1;
}

CASE(filesystem, freeze_stops_writers,
     .title = "A frozen filesystem blocks writers until it is thawed", .priority = P2,
     .isolation = ISOLATION_FORK, .needs = "disk:data,cmd:mkfs.ext4", .timeout_s = 120,
     .why = "A snapshot of a disk is only whole when nothing is written while it is taken.",
     .remedy = "Look for a kernel change in freezing; check the filesystem.", .sources = "own")
{
	const char *folder = scratch_filesystem(t, scratch_disk(t), FILESYSTEM_MIB);
	char *path = (char *)(uintptr_t)case_format(t, "%s/late", folder);
	int status = 0, fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	REQUIRE_OK(t, ioctl(fd, FIFREEZE, 0));
	pid_t writer = helper_start(t, write_file, path);
	uint64_t until_ns = clock_now_ns() + FROZEN_MS * NS_PER_MS;
	pid_t ended = 0;
	while ((ended = waitpid(writer, &status, WNOHANG)) == 0 && pause_until(until_ns, 10))
		;
	CHECK_EQ(t, ended, 0);
	REQUIRE_OK(t, ioctl(fd, FITHAW, 0));
	close(fd);
	if (ended == 0)
		CHECK_EQ(t, waitpid(writer, &status, 0), writer);
	CHECK_EQ(t, status, 0);
}

SABOTAGE(filesystem, freeze_stops_writers, "freezing says that it was done, and was not")
{
	sabotage_syscall_argument(t, SYS_ioctl, 1, FIFREEZE, 0);
}
