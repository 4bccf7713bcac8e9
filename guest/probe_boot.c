/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that are started by the running one, and watchdogs. */
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "guest/kit/probe.h"

/* Where distributions put the kernel and the initial file system of a release. */
static const char *const kernels[] = {"/boot/vmlinuz-%s", "/lib/modules/%s/vmlinuz",
				      "/usr/lib/modules/%s/vmlinuz", "/boot/kernel-%s",
				      "/boot/bzImage-%s"};
static const char *const initrds[] = {"/boot/initrd.img-%s", "/boot/initramfs-%s.img",
				      "/boot/initrd-%s", "/boot/initramfs-%s"};

static int open_first(const char *const *places, size_t count, const char *release)
{
	char path[256];

	for (size_t i = 0; i < count; i++) {
		const char *mark = strchr(places[i], '%');
		(void)snprintf(path, sizeof path, "%.*s%.64s%s", (int)(mark - places[i]), places[i],
			       release, mark + 2);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

PROBE(kexec_load, "", "loads the running kernel's file, with its arguments, for the verb kexec")
{
	CLEAN_TEXT struct text line = TEXT_INIT(65536);
	struct utsname uts;

	(void)uname(&uts);
	CLEAN_FD int kernel = open_first(kernels, ARRAY_LEN(kernels), uts.release);
	CLEAN_FD int initrd = open_first(initrds, ARRAY_LEN(initrds), uts.release);
	int r = text_read_file(&line, "/proc/cmdline");
	if (r < 0 || kernel < 0 || initrd < 0) {
		(void)text_addf(p->reply, "no file of the kernel %s or its initial file system",
				uts.release);
		return ENOENT;
	}
	text_cut(&line, strcspn(line.buf, "\n"));
	if (syscall(SYS_kexec_file_load, kernel, initrd, line.length + 1, line.buf, 0UL) == 0)
		return 0;
	int error = errno;
	(void)text_addf(p->reply, "kexec_file_load: %m");
	return error;
}

/* The descriptor stays open: what is closed may be stopped by that. */
PROBE(watchdog_starve, "DEVICE SECONDS",
      "opens the watchdog, sets its time, feeds it once and never again")
{
	int fd = open(probe_argument(p, 0), O_WRONLY | O_CLOEXEC);
	long long seconds;
	int span;

	if (number_parse(probe_argument(p, 1), 1, 3600, &seconds) < 0)
		return EINVAL;
	span = (int)seconds;
	if (fd < 0 || ioctl(fd, WDIOC_SETTIMEOUT, &span) < 0 || ioctl(fd, WDIOC_KEEPALIVE, 0) < 0)
		return errno;
	(void)text_addf(p->reply, "%d\n", span);
	return 0;
}
