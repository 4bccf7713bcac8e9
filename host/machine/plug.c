/* SPDX-License-Identifier: Apache-2.0 */
/* Plugging disks into a running machine, for cases that want more than its size has. */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/machine/internal.h"

#define MIB	    (1ULL << 20)
#define REPLY_MAX   65536
#define APPEAR_S    30
#define PLUG_SPAN_S 60

/* QEMU has the file open when this returns. */
static int add_node(struct machine *machine, const struct patience *p, const char *name,
		    const char *path, bool read_only, struct err *e)
{
	CLEAN_TEXT struct text json = TEXT_INIT(REPLY_MAX), ignored = TEXT_INIT(REPLY_MAX);

	json_open(&json, '{');
	json_member(&json, "driver", "raw");
	json_member(&json, "node-name", name);
	json_key(&json, "read-only");
	json_bool(&json, read_only);
	json_member(&json, "discard", "unmap");
	json_key(&json, "file");
	json_open(&json, '{');
	json_member(&json, "driver", "file");
	json_member(&json, "filename", path);
	json_close(&json, '}');
	json_close(&json, '}');
	return machine_qmp(machine, p, "blockdev-add", json.buf, &ignored, e);
}

int plug_make_file(const char *path, unsigned mib, struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)(mib * MIB)) < 0)
		return err_set(e, BLAME_HOST, errno, "make a disk of %u MiB in %s: %m", mib, path);
	return 0;
}

static int add_device(struct machine *machine, const struct patience *p, const char *driver,
		      unsigned port, const char *name, struct err *e)
{
	CLEAN_FREE char *arguments =
		xasprintf("{\"driver\":\"%s\",\"id\":\"%s\",\"drive\":\"%s\",\"serial\":\"%s\","
			  "\"bus\":\"hot%u\"}",
			  driver, name, name, name, port);
	CLEAN_TEXT struct text ignored = TEXT_INIT(REPLY_MAX);

	return machine_qmp(machine, p, "device_add", arguments, &ignored, e);
}

int plug_disk(struct machine *machine, const struct plugged_disk *disk, const struct patience *p,
	      struct err *e)
{
	int r = add_node(machine, p, disk->name, disk->path, disk->read_only, e);

	/* From the last port on: cases that plug something in themselves begin with the first. */
	return r < 0 ? r
		     : add_device(machine, p, disk->driver, SIZE_HOTPLUG_PORTS - 1 - disk->number,
				  disk->name, e);
}

int plug_await(struct machine *machine, const char *name, const struct patience *p,
	       struct text *reply, struct err *e)
{
	unsigned appear_s = APPEAR_S * machine_slowness(&machine->spec);
	CLEAN_FREE char *seconds = xasprintf("%u", appear_s);
	const char *const arguments[] = {seconds, name, NULL};
	int code = 0;
	int r = machine_call(machine, p, "await_disk", arguments, reply, &code, e);

	if (r == 0 && code != 0)
		return err_set(e, BLAME_GUEST, ENODEV,
			       "a disk that was plugged in did not appear within %u s", appear_s);
	return r;
}

static int plug(struct machine *machine, const struct patience *p, const char *driver,
		unsigned number, unsigned mib, struct err *e)
{
	CLEAN_FREE char *name = xasprintf("plugged%u", number);
	CLEAN_FREE char *path = xasprintf("%s/%s.raw", machine->spec.folder, name);
	const struct plugged_disk disk = {
		.name = name, .path = path, .driver = driver, .number = number};
	int r = plug_make_file(path, mib, e);

	if (r == 0)
		r = plug_disk(machine, &disk, p, e);
	(void)unlink(path);
	return r;
}

int machine_plug(struct machine *machine, const struct hot_devices *hot, unsigned mib,
		 const struct patience *p, struct err *e)
{
	struct patience span =
		patience_within(p, PLUG_SPAN_S * NS_PER_S * machine_slowness(&machine->spec));
	unsigned count = hot->disks + hot->nvmes;
	int r = 0;

	for (unsigned i = 0; i < count && r == 0; i++)
		r = plug(machine, &span, i < hot->disks ? "virtio-blk-pci" : "nvme", i, mib, e);
	for (unsigned i = 0; i < count && r == 0; i++) {
		CLEAN_FREE char *name = xasprintf("plugged%u", i);
		CLEAN_TEXT struct text ignored = TEXT_INIT(REPLY_MAX);
		r = plug_await(machine, name, &span, &ignored, e);
	}
	return r < 0 ? err_wrap(e, "plugging in what the size lacks") : 0;
}
