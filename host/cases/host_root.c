/* SPDX-License-Identifier: Apache-2.0 */
/* The root filesystem after a power cut, in another copy of the template. */
#include "host/cases/host_root.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/cases/host_hotplug.h"
#include "host/cases/host_order.h"
#include "host/cases/host_trial.h"

#define NAME	     "after-cut"
#define NODE	     CASE_NODE_PREFIX NAME
#define SECTOR	     512ULL /* of /sys/class/block, whatever the disk's are */
#define COPY_SPAN_NS (360 * NS_PER_S)

/* A number of sectors as bytes; 0 when there is no such file. */
static unsigned long long sectors(struct host_trial *t, const char *device, const char *name)
{
	const char *said = host_guest_read(t, host_format(t, "%s/%s", device, name));
	long long count = 0;

	if (!said || number_parse(host_format(t, "%.*s", (int)strcspn(said, "\n"), said), 0,
				  LLONG_MAX / (long long)SECTOR, &count) < 0)
		return 0;
	return (unsigned long long)count * SECTOR;
}

void root_find(struct host_trial *t)
{
	const char *said = host_ask(t, "probe", "root_disk", NULL);

	/* Btrfs names no disk. */
	if (!said || strstr(said, "/virtual/"))
		host_skip(t, "root-partition",
			  "the root filesystem lies on a volume, which is "
			  "more than a part of a disk");
	t->root = (struct host_root){.offset = sectors(t, said, "start"),
				     .bytes = sectors(t, said, "size")};
	if (t->root.bytes == 0)
		host_broken(t, "%s does not say how large it is", said);
}

void root_hand_over(struct host_trial *t, unsigned seconds)
{
	static const struct host_order same = {.firmware = FIRMWARE_AUTO};
	struct patience p = patience_within(&t->patience, COPY_SPAN_NS);
	const char *path = host_format(t, "%s/" NAME ".qcow2", machine_spec(t->machine)->folder);
	struct err e = {0};
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		host_broken(t, "make %s: %m", path);
	device_file_take(t, path);
	t->root.path = path;
	int r = machine_copy_root(t->machine, fd, &p, &e);
	close(fd);
	if (r < 0)
		host_leave_with(t, &e);
	host_note_loss(t);
	HOST_REQUIRE(t, host_fork_ordered(t, &same, seconds));
}

/* The part of the disk that the filesystem takes, as a disk of its own: the guest is to see nothing twice that it has. */
static const char *node_json(struct host_trial *t)
{
	struct text *json = &t->scratch;

	text_clear(json);
	json_open(json, '{');
	json_member(json, "driver", "raw");
	json_member(json, "node-name", NODE);
	json_member_number(json, "offset", (long long)t->root.offset);
	json_member_number(json, "size", (long long)t->root.bytes);
	json_key(json, "file");
	json_open(json, '{');
	json_member(json, "driver", "qcow2");
	json_key(json, "file");
	json_open(json, '{');
	json_member(json, "driver", "file");
	json_member(json, "filename", t->root.path);
	json_close(json, '}');
	json_close(json, '}');
	json_close(json, '}');
	return host_keep(t, json->buf, json->length);
}

const char *root_plug(struct host_trial *t)
{
	if (!device_is_plugged(t, NAME)) {
		const char *node = node_json(t);
		if (!host_qmp(t, "blockdev-add", node))
			host_broken(t, "QEMU refuses blockdev-add %.300s", node);
		device_plug(t, NAME,
			    "\"driver\":\"virtio-blk-pci\",\"drive\":\"" NODE
			    "\",\"serial\":\"" NAME "\",\"bus\":\"hot0\"");
	}
	const char *disk = disk_await(t, NAME);
	if (!disk)
		host_broken(t, "the guest does not see the disk that was plugged in");
	return disk;
}
