/* SPDX-License-Identifier: Apache-2.0 */
/* The cached pages of system files and what lies on the disk. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "guest/kit/case.h"

#define BLOCK	 (64U << 10)
#define FILE_MAX (1U << 20) /* of each file its beginning will do */

static const char *const system_files[] = {
	"/etc/passwd",	  "/usr/bin/sudo",    "/usr/bin/su",
	"/usr/sbin/sshd", "/usr/bin/busybox", "/usr/lib/systemd/systemd",
	"/usr/bin/login", "/etc/shadow",      "/usr/bin/passwd",
	"/usr/bin/dash",  "/usr/bin/bash",    "/lib64/ld-linux-x86-64.so.2",
};

static unsigned char *aligned(struct trial *t)
{
	unsigned char *memory = case_alloc(t, BLOCK + 4096);

	return (unsigned char *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);
}

/* Compares block by block: 1 they are equal, 0 they are not, -1 the filesystem has no direct reads. */
static int is_as_on_disk(const char *path, unsigned char *block)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC),
	    direct_fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END), at = 0;
	int answer = direct_fd < 0 ? -1 : 1;
	const unsigned char *cached =
		size <= 0 || direct_fd < 0
			? MAP_FAILED
			: mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);

	/* What is not on the disk yet would only seem to differ. */
	(void)(fd >= 0 && fdatasync(fd));
	for (; cached != MAP_FAILED && answer > 0 && at < size && at < (off_t)FILE_MAX;
	     at += BLOCK) {
		ssize_t got = pread(direct_fd, block, BLOCK, at);
		if (got < 0)
			answer = -1;
		else if (memcmp(block, cached + at, (size_t)got) != 0)
			answer = 0;
	}
	if (cached != MAP_FAILED)
		(void)munmap((void *)(uintptr_t)cached, (size_t)size);
	if (direct_fd >= 0)
		close(direct_fd);
	if (fd >= 0)
		close(fd);
	return answer;
}

CASE(filesystem, page_cache_matches_disk,
     .title = "Cached pages of system files equal their bytes on disk", .priority = P1,
     .why = "Attacks on the kernel change a program in memory only, and so does bad memory.",
     .remedy =
	     "Rule out the host's memory and storage; reboot and compare with the package's digests.",
     .sources = "own")
{
	unsigned char *block = aligned(t);
	unsigned compared = 0;

	for (size_t i = 0; i < ARRAY_LEN(system_files); i++) {
		struct stat st;
		if (stat(system_files[i], &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			continue;
		int answer = is_as_on_disk(system_files[i], block);
		compared += answer >= 0;
		if (answer == 0)
			FAIL(t, "the cached pages of %s are not what is on the disk",
			     system_files[i]);
		else if (answer > 0)
			check_passed(t);
	}
	if (compared == 0)
		case_skip(t, "fs:ext4", "the root's filesystem has no direct reads");
}

/* Changes the file's first block beneath the filesystem: the cache knows nothing of it. */
SABOTAGE(filesystem, page_cache_matches_disk, "a program's first block is changed on the disk")
{
	static const char path[] = "/usr/bin/passwd";
	struct stat st;
	int file_fd = open(path, O_RDONLY | O_CLOEXEC), first = 0, block_size = 0;
	unsigned char *block = aligned(t);

	/* Into the cache, before. */
	if (file_fd < 0 || fstat(file_fd, &st) < 0 || read(file_fd, block, BLOCK) <= 0 ||
	    ioctl(file_fd, FIBMAP, &first) < 0 || ioctl(file_fd, FIGETBSZ, &block_size) < 0 ||
	    first == 0)
		case_broken(t, "the place of %s on the disk cannot be had: %m", path);
	close(file_fd);
	const char *link = file_link(
		t, case_format(t, "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev)));
	const char *device = link ? case_format(t, "/dev/%s", strrchr(link, '/') + 1) : "";
	int fd = open(device, O_WRONLY | O_CLOEXEC);
	memset(block, 0x55, (size_t)block_size);
	if (fd < 0 ||
	    pwrite(fd, block, (size_t)block_size, (off_t)first * block_size) != block_size ||
	    fsync(fd) < 0)
		case_broken(t, "write to %s: %m", device);
	close(fd);
}
