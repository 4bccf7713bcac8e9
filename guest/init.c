/* SPDX-License-Identifier: Apache-2.0 */
/* The agent as the first process of a micro-VM. */
#include "guest/init.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/text.h"
#include "guest/init_kernel.h"

#define MODULES_FILE	     "/etc/assay-modules"
#define MODULES_FOLDER	     "/modules"
#define MODULES_MAX	     65536
#define MODULE_IS_COMPRESSED 4 /* MODULE_INIT_COMPRESSED_FILE */

static const struct init_mount {
	const char *type, *point;
	unsigned long flags;
	const char *options;
} mounts[] = {
	{"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
	{"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, NULL},
	{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"},
	{"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
};

static void say(const char *what, const char *which)
{
	(void)dprintf(STDERR_FILENO, "assay-guest: %s %s: %m\n", what, which);
}

#define MOUNTS_FOR_ANOTHER_ROOT 3 /* the first ones: its own init does the others */

static void mount_all(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)mkdir(mounts[i].point, 0755);
		/* EBUSY: the kernel has mounted /dev itself. */
		if (mount(mounts[i].type, mounts[i].point, mounts[i].type, mounts[i].flags,
			  mounts[i].options) < 0 &&
		    errno != EBUSY)
			say("mount", mounts[i].point);
	}
}

/* The kernel gives the first process no open console when the initramfs has no /dev/console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	for (int as = 0; fd >= 0 && as < 3; as++)
		(void)dup2(fd, as);
	if (fd > 2)
		close(fd);
}

int init_load_module(const char *path, const char *options)
{
	bool is_compressed =
		has_suffix(path, ".xz") || has_suffix(path, ".zst") || has_suffix(path, ".gz");
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 ||
	    (syscall(SYS_finit_module, fd, options, is_compressed ? MODULE_IS_COMPRESSED : 0) < 0 &&
	     errno != EEXIST))
		return -errno;
	return 0;
}

static void load_module(char *line)
{
	char *options = strchr(line, ' ');

	if (options)
		*options++ = '\0';
	if (init_load_module(line, options ? options : "") < 0)
		say("load", line);
}

/* Their names begin with the numbers of their order. */
static void load_folder(void)
{
	struct dirent **entries;
	int count = scandir(MODULES_FOLDER, &entries, NULL, alphasort);
	char path[320];

	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof path, MODULES_FOLDER "/%s", entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			load_module(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void load_modules(void)
{
	CLEAN_TEXT struct text list = TEXT_INIT(MODULES_MAX);

	if (text_read_file(&list, MODULES_FILE) < 0) {
		load_folder();
		return;
	}
	for (char *rest = list.buf, *line; (line = strsep(&rest, "\n"));) {
		if (line[0] != '\0' && line[0] != '#')
			load_module(line);
	}
}

static void bring_loopback_up(void)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (fd >= 0)
		(void)ioctl(fd, SIOCSIFFLAGS, &request);
}

void init_set_up(void)
{
	struct init_order order;
	bool has_order = init_order_read(&order);

	mount_all(has_order && order.root_uuid[0] ? MOUNTS_FOR_ANOTHER_ROOT : ARRAY_LEN(mounts));
	open_console();
	(void)prctl(PR_SET_NAME, "assay-guest");
	load_modules();
	if (has_order)
		init_order_carry_out(&order);
	bring_loopback_up();
}

_Noreturn void init_end(void)
{
	sync();
	(void)reboot(RB_POWER_OFF);
	for (;;) /* pid 1 must not end: that is a panic */
		pause();
}
