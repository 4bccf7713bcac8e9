/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent makes itself at home in a guest without leaving a trace. */
#include "guest/resident.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/random.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/text.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3 */
#endif

#define AGENT_MAX   (16U << 20)
#define MEMORY_NAME "assay-guest"
#define ENTROPY_MAX 256
#define CGROUPS	    "/sys/fs/cgroup"

/* ---- running from memory ---- */

bool resident_is_in_memory(void)
{
	char exe[256];
	ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (length < 0)
		return false;
	exe[length] = '\0';
	return has_prefix(exe, "/memfd:") || has_suffix(exe, " (deleted)");
}

/* A place for the program that has no name: a memfd, or where the kernel forbids to execute those, an unlinked file. */
static int open_nameless(unsigned attempt)
{
	static const char *const folders[] = {"/run", "/dev/shm", "/tmp", "/var/tmp"};

	if (attempt == 0) {
		int fd = memfd_create(MEMORY_NAME, MFD_CLOEXEC | MFD_EXEC);
		return fd < 0 ? memfd_create(MEMORY_NAME, MFD_CLOEXEC) : fd;
	}
	return attempt <= ARRAY_LEN(folders)
		       ? open(folders[attempt - 1], O_TMPFILE | O_RDWR | O_CLOEXEC, 0700)
		       : -1;
}

#define ATTEMPTS 5

/* Fills a nameless place and opens it for execution; -1 when it cannot be had. */
static int make_nameless(const char *bytes, size_t length, unsigned attempt)
{
	CLEAN_FD int fd = open_nameless(attempt);
	char path[64];

	if (fd < 0)
		return -1;
	for (size_t done = 0; done < length;) {
		ssize_t n = write(fd, bytes + done, length - done);
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	if (fchmod(fd, 0700) < 0)
		return -1;
	/* What is open for writing cannot be executed, at least when it is a file. */
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int readable = open(path, O_RDONLY | O_CLOEXEC);
	return readable < 0 && attempt == 0 ? STEAL_FD(fd) : readable;
}

/* Returns only when no place can be executed; errno says why the last one could not. */
static void execute_bytes(const char *bytes, size_t length, char *const *argv)
{
	static char *const environment[] = {NULL};

	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		int fd = make_nameless(bytes, length, attempt);
		if (fd < 0)
			continue;
		(void)fexecve(fd, argv, environment);
		int error = errno;
		close(fd);
		errno = error;
	}
}

void resident_move_to_memory(char **argv)
{
	CLEAN_TEXT struct text program = TEXT_INIT(AGENT_MAX);

	if (text_read_file(&program, "/proc/self/exe") == 0)
		execute_bytes(program.buf, program.length, argv);
}

int resident_execute(const void *bytes, size_t length, int port_fd, struct err *e)
{
	char number[16];
	char *argv[] = {(char[]){MEMORY_NAME}, (char[]){"serve"}, (char[]){"--fd"}, number, NULL};
	struct stat st;

	(void)snprintf(number, sizeof number, "%d", port_fd);
	if (fstat(port_fd, &st) < 0 || fcntl(port_fd, F_SETFD, 0) < 0)
		return err_set(e, BLAME_GUEST, errno, "keep the port for the new agent: %m");
	execute_bytes(bytes, length, argv);
	int error = errno;
	(void)fcntl(port_fd, F_SETFD, FD_CLOEXEC);
	return err_set(e, BLAME_GUEST, error, "execute the new agent: %m");
}

void resident_leave_media(const char *folder)
{
	if (umount2(folder, UMOUNT_NOFOLLOW) < 0)
		(void)umount2(folder, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (has_prefix(folder, "/run/")) /* it was made for the mount */
		(void)rmdir(folder);
}

/* ---- leaving the starter ---- */

static void write_word(const char *path, const char *word)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, word, strlen(word));
}

/* Into the root of every hierarchy: when the starter's unit ends, systemd kills what is in the unit's group. */
static void leave_cgroup(void)
{
	DIR *dir = opendir(CGROUPS);
	char path[320];

	write_word(CGROUPS "/cgroup.procs", "0");
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct stat st;
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, CGROUPS "/%s/tasks", entry->d_name);
		if (stat(path, &st) < 0 && strcmp(entry->d_name, "unified") != 0)
			continue; /* a group of version 2, not a hierarchy of version 1 */
		(void)snprintf(path, sizeof path, CGROUPS "/%s/cgroup.procs", entry->d_name);
		write_word(path, "0");
	}
	if (dir)
		closedir(dir);
}

/* The starter may have been given a view of its own; the cases are to see the guest's. */
static void join_first_mounts(void)
{
	struct stat ours, first;
	CLEAN_FD int fd = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &first) == 0 && stat("/proc/self/ns/mnt", &ours) == 0 &&
	    first.st_ino != ours.st_ino)
		(void)setns(fd, CLONE_NEWNS);
	(void)!chdir("/");
}

static void detach_streams(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null_fd >= 0 && fd < 3; fd++)
		(void)dup2(null_fd, fd);
	if (null_fd > 2)
		close(null_fd);
}

static void reset_process(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < 65; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(022);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	(void)clearenv();
	(void)prctl(PR_SET_NAME, MEMORY_NAME);
	write_word("/proc/self/oom_score_adj", "-1000");
}

void resident_detach(void)
{
	int ready[2];

	if (pipe2(ready, O_CLOEXEC) < 0)
		return;
	pid_t pid = fork();
	if (pid > 0) {
		char byte;
		close(ready[1]);
		(void)!read(ready[0], &byte, 1); /* ends when the child is settled, or dead */
		_exit(0);
	}
	(void)setsid();
	leave_cgroup();
	join_first_mounts();
	reset_process();
	detach_streams();
	close(ready[0]);
	close(ready[1]);
}

/* ---- waking up ---- */

void resident_wake(unsigned long long wall_ns, const void *entropy, size_t length)
{
	const struct timespec now = {
		.tv_sec = (time_t)(wall_ns / NS_PER_S),
		.tv_nsec = (long)(wall_ns % NS_PER_S),
	};
	_Alignas(struct rand_pool_info) char memory[sizeof(struct rand_pool_info) + ENTROPY_MAX];
	struct rand_pool_info *pool = (struct rand_pool_info *)(void *)memory;
	CLEAN_FD int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	(void)clock_settime(CLOCK_REALTIME, &now);
	if (length > ENTROPY_MAX)
		length = ENTROPY_MAX;
	pool->entropy_count = (int)length * 8;
	pool->buf_size = (int)length;
	memcpy(pool->buf, entropy, length);
	if (fd >= 0 && ioctl(fd, RNDADDENTROPY, pool) == 0)
		(void)ioctl(fd, RNDRESEEDCRNG);
}
