/* SPDX-License-Identifier: Apache-2.0 */
/* What host cases want of devices in the guest: filesystems filled and trimmed, a drive's state, a port that answers. */
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "guest/kit/probe.h"

#define MIB	  (1U << 20)
#define LINE_SIZE 256

static int number_at(const struct probe_call *p, size_t n, long long most, long long *ret)
{
	return number_parse(probe_argument(p, n), 0, most, ret) < 0 ? EINVAL : 0;
}

/* ---- filesystems ---- */

PROBE(statfs, "PATH", "the bytes that the filesystem has, and those that are free")
{
	struct statvfs of;

	if (statvfs(probe_argument(p, 0), &of) < 0)
		return errno;
	return text_addf(p->reply, "bytes=%llu\nfree=%llu\n",
			 (unsigned long long)of.f_blocks * of.f_frsize,
			 (unsigned long long)of.f_bfree * of.f_frsize)
		       ? EMSGSIZE
		       : 0;
}

PROBE(fill, "FILE MIB", "makes a file of bytes that are not zero, and makes it durable")
{
	CLEAN_FREE unsigned char *piece = xnew(MIB);
	CLEAN_FD int fd = open(probe_argument(p, 0), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	long long mib;
	int r = number_at(p, 1, 1 << 20, &mib);

	if (r || fd < 0)
		return r ? r : errno;
	for (size_t i = 0; i < MIB; i++)
		piece[i] = (unsigned char)(i * 251 % 255 + 1);
	for (long long i = 0; i < mib; i++)
		if (write(fd, piece, MIB) != MIB)
			return errno ? errno : ENOSPC;
	return fsync(fd) < 0 ? errno : 0;
}

PROBE(trim, "FOLDER", "gives the filesystem's free blocks back: how many bytes that were")
{
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fstrim_range range = {.len = UINT64_MAX};

	if (fd < 0 || ioctl(fd, FITRIM, &range) < 0)
		return errno;
	return text_addf(p->reply, "%llu\n", (unsigned long long)range.len) ? EMSGSIZE : 0;
}

/* ---- removable media ---- */

PROBE(cdrom_status, "DEVICE", "the drive's state: no-disc, open, not-ready or disc")
{
	static const char *const words[] = {[CDS_NO_DISC] = "no-disc",
					    [CDS_TRAY_OPEN] = "open",
					    [CDS_DRIVE_NOT_READY] = "not-ready",
					    [CDS_DISC_OK] = "disc"};
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int status = fd < 0 ? -1 : ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT);

	if (status < 0)
		return errno;
	bool is_known = status < (int)ARRAY_LEN(words) && words[status];
	return text_adds(p->reply, is_known ? words[status] : "unknown") ? EMSGSIZE : 0;
}

PROBE(cdrom_lock, "DEVICE", "locks the drive's tray, for as long as it runs; for the background")
{
	int fd = open(probe_argument(p, 0), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, CDROM_LOCKDOOR, 1) < 0)
		return errno;
	for (;;)
		(void)pause();
}

/* ---- ports ---- */

/* "/dev/vport1p2" of the port that the host has given the name. */
static bool find_port(const char *name, char path[64])
{
	for (unsigned device = 0; device < 8; device++) {
		for (unsigned port = 0; port < 32; port++) {
			CLEAN_TEXT struct text own = TEXT_INIT(LINE_SIZE);
			char of[128];
			(void)snprintf(of, sizeof of, "/sys/class/virtio-ports/vport%up%u/name",
				       device, port);
			if (text_read_file(&own, of) < 0 ||
			    strcspn(own.buf, "\n") != strlen(name) || !has_prefix(own.buf, name))
				continue;
			(void)snprintf(path, 64, "/dev/vport%up%u", device, port);
			return true;
		}
	}
	return false;
}

/* Up to the line's end, which is left out; its length, or -1. */
static int read_line(int fd, char line[LINE_SIZE])
{
	int length = 0;

	while (length < LINE_SIZE - 1) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		char byte;
		if (poll(&readable, 1, -1) < 0)
			return -1;
		ssize_t n = read(fd, &byte, 1);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n <= 0)
			continue;
		if (byte == '\n')
			break;
		line[length++] = byte;
	}
	return length;
}

PROBE(port_mirror, "NAME", "reads a line from the port of that name and writes it back reversed")
{
	char path[64], line[LINE_SIZE], back[LINE_SIZE + 1];

	if (!find_port(probe_argument(p, 0), path))
		return ENOENT;
	CLEAN_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	int length = fd < 0 ? -1 : read_line(fd, line);
	if (length < 0)
		return errno;
	for (int i = 0; i < length; i++)
		back[i] = line[length - 1 - i];
	back[length] = '\n';
	return write(fd, back, (size_t)length + 1) == length + 1 ? 0 : EIO;
}

PROBE(port_is_there, "NAME", "0 when there is a port of that name")
{
	char path[64];

	return find_port(probe_argument(p, 0), path) && access(path, F_OK) == 0 ? 0 : ENOENT;
}

/* ---- CPUs and memory ---- */

PROBE(work_on, "CPU", "computes on that CPU alone; 0 when it did")
{
	const uint64_t until_ns = clock_now_ns() + 50 * NS_PER_MS;
	long long cpu;
	cpu_set_t only;
	int r = number_at(p, 0, CPU_SETSIZE - 1, &cpu);

	if (r)
		return r;
	pid_t pid = fork();
	if (pid == 0) {
		CPU_ZERO(&only);
		CPU_SET((size_t)cpu, &only);
		if (sched_setaffinity(0, sizeof only, &only) < 0)
			_exit(1);
		bool strayed = false;
		while (clock_now_ns() < until_ns)
			strayed = strayed || sched_getcpu() != cpu;
		_exit(strayed);
	}
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	return status == 0 ? 0 : ECHILD;
}

/* Its pages are the kernel's again when it has ended. */
static void touch(size_t bytes)
{
	unsigned char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	for (size_t at = 0; at < bytes; at += 4096)
		memory[at] = (unsigned char)(at / 4096 % 255 + 1);
	for (size_t at = 0; at < bytes; at += 4096)
		if (memory[at] != (unsigned char)(at / 4096 % 255 + 1))
			_exit(2);
	_exit(0);
}

PROBE(use_memory, "MIB", "has a process use so much memory and end; \"exit N\" or \"signal N\"")
{
	long long mib;
	int status = 0, r = number_at(p, 0, 1 << 20, &mib);

	if (r)
		return r;
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "1000", 4) != 4) /* if anybody is to go, then this one */
			_exit(3);
		touch((size_t)mib * MIB);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	r = WIFSIGNALED(status) ? text_addf(p->reply, "signal %d", WTERMSIG(status))
				: text_addf(p->reply, "exit %d", WEXITSTATUS(status));
	return r ? EMSGSIZE : 0;
}

PROBE(spin_on, "CPU", "begins on that CPU and goes on wherever it may; for the background")
{
	long long cpu;
	cpu_set_t only;
	int r = number_at(p, 0, CPU_SETSIZE - 1, &cpu);

	if (r)
		return r;
	CPU_ZERO(&only);
	CPU_SET((size_t)cpu, &only);
	if (sched_setaffinity(0, sizeof only, &only) < 0)
		return errno;
	for (uint64_t until_ns = clock_now_ns() + 60 * NS_PER_S; clock_now_ns() < until_ns;)
		;
	return 0;
}
