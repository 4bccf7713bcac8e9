/* SPDX-License-Identifier: Apache-2.0 */
/* What the first process does for a kernel that is tried. */
#include "guest/init_kernel.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/text.h"
#include "guest/init.h"

#define ORDER_FILE    "/etc/assay-kernel"
#define ORDER_MAX     512
#define MEDIUM_LABEL  "ASSAYKERNEL" /* host/kernel/medium.h */
#define NEW_ROOT      "/root"
#define LOOKS	      100 /* for a disk whose driver is still looking at it */
#define LOOK_PAUSE_US 100000

static void say(const char *what, const char *which)
{
	(void)dprintf(STDERR_FILENO, "assay-guest: %s %s: %m\n", what, which);
}

bool init_order_read(struct init_order *ret)
{
	CLEAN_TEXT struct text text = TEXT_INIT(ORDER_MAX);

	*ret = (struct init_order){.brings_modules = false};
	if (text_read_file(&text, ORDER_FILE) < 0)
		return false;
	for (char *rest = text.buf, *line; (line = strsep(&rest, "\n"));) {
		if (strcmp(line, "modules") == 0)
			ret->brings_modules = true;
		else
			(void)sscanf(line, "root %15s %39s", ret->root_type, ret->root_uuid);
	}
	return true;
}

/* ---- finding a disk by what is on it ---- */

static void uuid_text(const unsigned char *bytes, char ret[40])
{
	size_t at = 0;

	for (unsigned i = 0; i < 16; i++)
		at += (size_t)snprintf(ret + at, 40 - at, "%s%02x",
				       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

bool init_is_filesystem(const unsigned char *bytes, const char *type, const char *id)
{
	char uuid[40] = "";

	if (strcmp(type, "iso9660") == 0)
		return memcmp(bytes + 0x8001, "CD001", 5) == 0 &&
		       memcmp(bytes + 0x8028, id, strlen(id)) == 0;
	if (has_prefix(type, "ext") && bytes[0x438] == 0x53 && bytes[0x439] == 0xef)
		uuid_text(bytes + 0x468, uuid);
	else if (strcmp(type, "xfs") == 0 && memcmp(bytes, "XFSB", 4) == 0)
		uuid_text(bytes + 32, uuid);
	else
		return false;
	return strcasecmp(uuid, id) == 0;
}

static bool is_on(const char *device, const char *type, const char *id)
{
	static unsigned char bytes[INIT_LOOK_SIZE];
	CLEAN_FD int fd = open(device, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
	       init_is_filesystem(bytes, type, id);
}

static bool find_now(const char *type, const char *id, char *ret, size_t size)
{
	DIR *dir = opendir("/sys/class/block");
	bool found = false;

	for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		(void)snprintf(ret, size, "/dev/%.200s", entry->d_name);
		found = entry->d_name[0] != '.' && is_on(ret, type, id);
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

static bool find_device(const char *type, const char *id, char *ret, size_t size)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		if (find_now(type, id, ret, size))
			return true;
		(void)usleep(LOOK_PAUSE_US);
	}
	errno = ENXIO;
	return false;
}

/* ---- doing it ---- */

static void mount_modules(const char *root)
{
	static const char *const places[] = {"/usr/lib/modules", "/lib/modules"};
	char device[256], point[300];

	if (!find_device("iso9660", MEDIUM_LABEL, device, sizeof device)) {
		say("find", "the medium with the kernel's modules");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		(void)snprintf(point, sizeof point, "%s%s", root, places[i]);
		if (access(point, F_OK) == 0)
			break;
	}
	if (mount(device, point, "iso9660", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		say("mount the kernel's modules on", point);
}

/* What this process has mounted goes along, so that nothing is lost of it. */
static void move_mounts(void)
{
	static const char *const points[] = {"/dev", "/proc", "/sys"};

	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		char to[64];
		(void)snprintf(to, sizeof to, NEW_ROOT "%s", points[i]);
		if (mount(points[i], to, NULL, MS_MOVE, NULL) < 0)
			say("move", points[i]);
	}
}

static void start_init(void)
{
	static const char *const programs[] = {"/sbin/init", "/usr/lib/systemd/systemd",
					       "/lib/systemd/systemd"};

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		char name[64];
		(void)snprintf(name, sizeof name, "%s", programs[i]);
		char *const argv[] = {name, NULL};
		(void)execv(programs[i], argv);
	}
	say("start", "the image's init");
}

/* Returns only when it failed. */
static void enter_root(const struct init_order *order)
{
	char device[256];

	if (!find_device(order->root_type, order->root_uuid, device, sizeof device)) {
		say("find the image's root, UUID", order->root_uuid);
		return;
	}
	if (mount(device, NEW_ROOT, order->root_type, MS_RDONLY, NULL) < 0) {
		say("mount the image's root", device);
		return;
	}
	if (order->brings_modules)
		mount_modules(NEW_ROOT);
	move_mounts();
	if (chdir(NEW_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0) {
		say("enter", "the image's root");
		return;
	}
	start_init();
}

void init_order_carry_out(const struct init_order *order)
{
	if (order->root_uuid[0]) {
		enter_root(order);
		init_end();
	}
	if (order->brings_modules)
		mount_modules("");
}
