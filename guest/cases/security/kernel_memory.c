/* SPDX-License-Identifier: Apache-2.0 */
/* What of the kernel's memory and log a user or root gets to see. */
#include <sys/klog.h>
#include <sys/mount.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"

#define NOBODY	    65534
#define MEMORY	    "/dev/mem"
#define PLAIN_FILE  "/run/assay-mem"
#define READ_ALL    3	       /* SYSLOG_ACTION_READ_ALL */
#define FIRST_MIB   (1U << 20) /* the BIOS lies below; that may be read */
#define PAGES_TRIED 64

enum { REFUSED, READ_BY_CALL, READ_BY_DEVICE, CANNOT_TRY };

static int read_kernel_log(void *arg UNUSED)
{
	char buf[4096];

	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return CANNOT_TRY;
	if (klogctl(READ_ALL, buf, sizeof buf) >= 0)
		return READ_BY_CALL;
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && read(fd, buf, sizeof buf) > 0 ? READ_BY_DEVICE : REFUSED;
}

/* The kernel was built to keep its log to root: that is what the image promises. */
CASE(security, kernel_log_is_restricted,
     .title = "An ordinary user cannot read the kernel log where policy forbids it", .priority = P2,
     .needs = "kconfig:SECURITY_DMESG_RESTRICT",
     .why = "The log holds addresses of the kernel, with which its faults are exploited.",
     .remedy = "Set kernel.dmesg_restrict to 1.", .sources = "own")
{
	int status = helper_run(t, read_kernel_log, NULL);

	REQUIRE(t, WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT_TRY)
		case_broken(t, "no ordinary user could be impersonated");
	CHECK_EQ(t, WEXITSTATUS(status), REFUSED);
}

SABOTAGE(security, kernel_log_is_restricted, "everybody may read the log")
{
	knob_set(t, "/proc/sys/kernel/dmesg_restrict", "0");
}

/* The first address of ordinary memory above the first MiB; 0 when the kernel does not tell. */
static unsigned long long ram_address(struct trial *t)
{
	const char *text = file_text(t, "/proc/iomem");
	unsigned long long from, to;

	for (const char *line; text && (line = text_line(t, &text));) {
		if (strstr(line, "System RAM") && sscanf(line, "%llx-%llx", &from, &to) == 2 &&
		    to > FIRST_MIB + PAGES_TRIED * 4096U)
			return from > FIRST_MIB ? from : FIRST_MIB;
	}
	return 0;
}

CASE(security, physical_memory_is_not_readable,
     .title = "System RAM cannot be read through the memory device", .priority = P2,
     .why = "Whoever becomes root would read every program's secrets, and rewrite the kernel.",
     .remedy = "Build the kernel with CONFIG_STRICT_DEVMEM.", .sources = "own")
{
	unsigned long long address = ram_address(t);
	char page[4096];
	unsigned read_pages = 0;
	int fd = open(MEMORY, O_RDONLY | O_CLOEXEC);

	if (fd < 0) { /* there is no such device, or nobody may open it */
		check_passed(t);
		return;
	}
	if (address == 0)
		case_skip(t, "root", "the kernel does not tell where its memory is");
	for (unsigned i = 0; i < PAGES_TRIED; i++)
		read_pages += pread(fd, page, sizeof page, (off_t)(address + i * sizeof page)) > 0;
	close(fd);
	CHECK_EQ(t, read_pages, 0U);
}

static void remove_plain_file(void *arg UNUSED)
{
	(void)unlink(PLAIN_FILE);
}

SABOTAGE(security, physical_memory_is_not_readable, "the device lets all of its memory be read")
{
	int fd = open(PLAIN_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	off_t size = (off_t)ram_address(t) + PAGES_TRIED * 4096L;

	case_defer(t, remove_plain_file, NULL);
	if (fd < 0 || ftruncate(fd, size) < 0 || mount(PLAIN_FILE, MEMORY, NULL, MS_BIND, NULL) < 0)
		case_broken(t, "no file can be put over %s: %m", MEMORY);
	close(fd);
}
