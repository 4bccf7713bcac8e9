/* SPDX-License-Identifier: Apache-2.0 */
/* What an orderly end leaves on the disks. The host looks at a disk of the guest's once the guest has gone. */
#include <stdio.h>

#include "host/cases/host_disk.h"
#include "host/cases/host_qga.h"

#define SHUTDOWN_S 120
#define DISK	   "orderly"
#define DISK_MIB   32
#define BLOCK	   4096
#define SECTOR	   512 /* blocks of a small file system may be as small as 1 KiB */
#define BLOCKS	   64
#define BLOCK_FORM "assay-block-%04u-of-an-orderly-end\n"

/* A file of blocks that each say which one they are. */
static const char *numbered_blocks(struct host_trial *t)
{
	char *bytes = host_alloc(t, (size_t)BLOCKS * BLOCK + 1);

	for (unsigned i = 0; i < BLOCKS; i++) {
		char *block = bytes + (size_t)i * BLOCK;
		memset(block, '.', BLOCK);
		int length = snprintf(block, BLOCK, BLOCK_FORM, i);
		block[length] = '.'; /* no NUL in it */
	}
	return bytes;
}

/* How many of them lie on the disk, wherever. */
static unsigned count_blocks(struct host_trial *t)
{
	size_t size = (size_t)DISK_MIB << 20;
	const char *disk = host_disk_bytes(t, DISK, 0, size);
	bool seen[BLOCKS] = {false};
	unsigned number, count = 0;

	for (size_t at = 0; at < size; at += SECTOR) {
		if (!has_prefix(disk + at, "assay-block-") ||
		    sscanf(disk + at, BLOCK_FORM, &number) != 1 || number >= BLOCKS || seen[number])
			continue;
		seen[number] = true;
		count++;
	}
	return count;
}

static const char *mount_disk(struct host_trial *t)
{
	return host_disk_mount(t, DISK, host_disk_plug(t, DISK, DISK_MIB, ""), NULL, NULL);
}

/* A file system that was unmounted, and not cut off. */
static void check_unmounted(struct host_trial *t)
{
	struct host_ext4 ext4 = host_disk_ext4(t, DISK);

	HOST_REQUIRE(t, ext4.is_there && ext4.has_journal);
	HOST_CHECK(t, ext4.is_clean);
	HOST_CHECK(t, !ext4.needs_recovery);
}

static void plant_stop(struct host_trial *t, const char *stop)
{
	host_guest_write(t, "/run/systemd/system/assay-stop.service",
			 host_format(t,
				     "[Unit]\nDescription=Planted\n[Service]\nType=oneshot\n"
				     "RemainAfterExit=yes\nExecStart=/bin/true\nExecStop=%s\n"
				     "TimeoutStopSec=600\n",
				     stop));
	if (host_guest_run(t, NULL, "systemctl", "start", "assay-stop.service", NULL) != 0)
		host_broken(t, "the unit cannot be started");
}

HOST_CASE(
	power, shutdown_is_clean,
	.title = "A power-off ends in time with every file system unmounted", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "arch:x86_64,cmd:mkfs.ext4,kconfig:EXT4_FS",
	.timeout_s = 200,
	.why = "A shutdown that takes too long is cut off, with all it still holds.",
	.remedy = "Find the unit that does not stop, or the process that keeps a file system busy.",
	.sources = "own")
{
	static const char *const complaints[] = {
		"Failed unmounting",
		"Failed to unmount",
		"Not all file systems",
		"Unable to finalize remaining file systems",
	};
	long long limit_s = host_plan_number(t, "shutdown_limit_s", SHUTDOWN_S);
	const char *folder = mount_disk(t);

	HOST_REQUIRE(t, host_call(t, "write", host_format(t, "%s/file", folder), "x", NULL) == 0);
	(void)host_call(t, "poweroff", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "SHUTDOWN", (unsigned)limit_s));
	check_unmounted(t);
	for (size_t i = 0; i < ARRAY_LEN(complaints); i++)
		HOST_CHECK_LACKS(t, host_console(t), complaints[i]);
}

HOST_SABOTAGE(power, shutdown_is_clean, "a unit switches the machine off while the others stop")
{
	plant_stop(t, "/bin/sh -c 'echo o >/proc/sysrq-trigger; sleep 60'");
}

HOST_CASE(
	agent, qemu_agent_shuts_down,
	.title = "A shutdown asked through the QEMU guest agent is orderly", .priority = P2,
	.isolation = ISOLATION_FORK,
	.needs = "arch:x86_64,cmd:qemu-ga,dev:virtio-serial,systemd,cmd:mkfs.ext4,kconfig:EXT4_FS",
	.timeout_s = 300,
	.why = "Hypervisors ask the agent first; a machine that does not go is switched off.",
	.remedy = "Keep guest-shutdown off the agent's block list, and let the agent run shutdown.",
	.sources = "own")
{
	const char *folder = mount_disk(t);

	HOST_REQUIRE(t, host_call(t, "write", host_format(t, "%s/file", folder), "x", NULL) == 0);
	qga_open(t);
	qga_tell(t, "guest-shutdown");
	HOST_REQUIRE(t, host_wait_event(t, "SHUTDOWN", SHUTDOWN_S));
	check_unmounted(t);
}

HOST_SABOTAGE(agent, qemu_agent_shuts_down, "shutting down is on the agent's block list")
{
	qga_block(t, "guest-shutdown");
}

HOST_CASE(power, ordered_reboot_flushes_data,
	  .title = "Files written just before an orderly reboot are whole", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "arch:x86_64,cmd:mkfs.ext4,kconfig:EXT4_FS",
	  .timeout_s = 200,
	  .why = "Programs that end do not sync: the shutdown has to do it for them.",
	  .remedy = "Look for what resets the machine before its file systems are unmounted.",
	  .sources = "own")
{
	const char *file = host_format(t, "%s/blocks", mount_disk(t));

	HOST_REQUIRE(t, host_call(t, "write", file, numbered_blocks(t), NULL) == 0);
	(void)host_call(t, "reboot", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "RESET", SHUTDOWN_S));
	HOST_CHECK_EQ(t, count_blocks(t), BLOCKS);
	check_unmounted(t);
}

HOST_SABOTAGE(power, ordered_reboot_flushes_data, "a unit resets the machine while the others stop")
{
	plant_stop(t, "/bin/sh -c 'echo b >/proc/sysrq-trigger; sleep 60'");
}

/* ---- the keyboard ---- */

#define CTRL_ALT_DEL                                                                               \
	"{\"keys\":[{\"type\":\"qcode\",\"data\":\"ctrl\"},{\"type\":\"qcode\",\"data\":\"alt\"}," \
	"{\"type\":\"qcode\",\"data\":\"delete\"}]}"
#define UNIT "ctrl-alt-del.target"

/* What the image's own configuration makes of it; what lies in /run is of this boot only. */
static bool is_to_reboot(struct host_trial *t)
{
	const char *policy = host_plan_text(t, "ctrl_alt_del", NULL);

	if (policy)
		return strcmp(policy, "reboot") == 0;
	if (host_call(t, "stat", "/etc/systemd/system/" UNIT, NULL) != 0)
		return true;
	/* A mask is a link to /dev/null: what it leads to is nothing. */
	const char *unit = host_guest_read(t, "/etc/systemd/system/" UNIT);
	return unit && unit[0];
}

HOST_CASE(power, keyboard_reset_follows_policy,
	  .title = "Ctrl-Alt-Del reboots the machine, or does nothing where the image says so",
	  .priority = P3, .isolation = ISOLATION_FORK,
	  .needs = "arch:x86_64,systemd,kconfig:KEYBOARD_ATKBD,kconfig:VT", .timeout_s = 200,
	  .why = "Whoever has the console can press it.",
	  .remedy = "Mask ctrl-alt-del.target where it is not to reboot, unmask it elsewhere.",
	  .sources = "own")
{
	bool reboots = is_to_reboot(t);

	host_note(t, "it is to %s", reboots ? "reboot" : "do nothing");
	HOST_REQUIRE(t, host_qmp(t, "send-key", CTRL_ALT_DEL) != NULL);
	bool has_reset = host_wait_event(t, "RESET", reboots ? SHUTDOWN_S : 20);
	HOST_CHECK(t, has_reset == reboots);
}

HOST_SABOTAGE(power, keyboard_reset_follows_policy, "this boot has it otherwise")
{
	bool reboots = is_to_reboot(t);

	host_guest_link(t, "/run/systemd/system/" UNIT,
			reboots ? "/dev/null" : "/usr/lib/systemd/system/reboot.target");
	if (host_guest_run(t, NULL, "systemctl", "daemon-reload", NULL) != 0)
		host_broken(t, "the guest's service manager did not read its files again");
}
