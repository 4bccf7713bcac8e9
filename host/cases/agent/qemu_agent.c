/* SPDX-License-Identifier: Apache-2.0 */
/* What QEMU's guest agent does for whoever runs the machine. */
#include <ctype.h>
#include <stdio.h>

#include "host/cases/host_qga.h"

#define NEEDS "cmd:qemu-ga,dev:virtio-serial,systemd"

HOST_CASE(
	agent, qemu_agent_answers,
	.title = "The QEMU guest agent answers a ping and tells its version", .priority = P2,
	.isolation = ISOLATION_FORK, .needs = NEEDS, .timeout_s = 200,
	.why = "Hypervisors ask it for what only the guest knows, and to do what only the guest can.",
	.remedy = "Let the service start when the port org.qemu.guest_agent.0 comes.",
	.sources = "AZCERT:openstack/qemu-guest-agent")
{
	qga_open(t);
	HOST_CHECK_TEXT(t, qga_ask(t, "guest-ping").words, "{}");
	const char *version = qga_member(t, "guest-info", "version");
	HOST_CHECK(t, version && isdigit((unsigned char)version[0]));
}

HOST_SABOTAGE(agent, qemu_agent_answers, "the agent's service is masked")
{
	host_guest_link(t, "/run/systemd/system/qemu-guest-agent.service", "/dev/null");
	(void)host_guest_run(t, NULL, "systemctl", "daemon-reload", NULL);
}

/* ---- freezing ---- */

#define STATUS	  "guest-fsfreeze-status"
#define FREEZE	  "guest-fsfreeze-freeze"
#define THAW	  "guest-fsfreeze-thaw"
#define WRITTEN	  "/run/assay-written" /* never frozen: it lies in memory */
#define BLOCKED_S 1
#define RELEASE_S 30
#define LOOK_MS	  100

static const char *freeze_states(struct host_trial *t)
{
	const char *states = host_ask(t, "probe", "freeze_states", NULL);

	HOST_REQUIRE(t, states != NULL);
	return states;
}

/* A file on the first filesystem that can be frozen: mostly the root. */
static const char *file_to_write(struct host_trial *t)
{
	static const char word[] = "thawed ";
	const char *states = freeze_states(t);

	if (!has_prefix(states, word))
		host_skip(t, "freezable-filesystem", "no mounted filesystem can be frozen");
	const char *folder = states + strlen(word);
	const char *path = host_format(t, "%.*s/assay-frozen", (int)strcspn(folder, "\n"), folder);
	host_guest_write(t, path, "");
	return path;
}

static void begin_to_write(struct host_trial *t, const char *path)
{
	if (host_call(t, "probe", "&disk_write", path, "0", "written.", WRITTEN, NULL) != 0)
		host_broken(t, "the guest does not begin to write %s", path);
}

static bool is_written_within(struct host_trial *t, unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 1000 / LOOK_MS; i++) {
		const char *code = host_guest_read(t, WRITTEN);
		if (code && strcmp(code, "0\n") == 0)
			return true;
		host_sleep(t, LOOK_MS);
	}
	return false;
}

HOST_CASE(
	agent, qemu_agent_freezes_and_thaws,
	.title = "The QEMU guest agent freezes and thaws every filesystem", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = NEEDS, .timeout_s = 300,
	.why = "Backups ask the agent to freeze a machine while they take a snapshot of its disks; what goes on being written may be torn there.",
	.remedy =
		"Let the agent start when its port comes, keep guest-fsfreeze-* off its block list, and let it see all mounts.",
	.sources = "own")
{
	const char *path = file_to_write(t);

	qga_open(t);
	HOST_CHECK_TEXT(t, qga_word(t, STATUS), "thawed");
	long long frozen = qga_number(t, FREEZE);
	HOST_REQUIRE(t, frozen > 0);
	HOST_CHECK_TEXT(t, qga_word(t, STATUS), "frozen");
	HOST_CHECK_LACKS(t, freeze_states(t), "thawed ");
	begin_to_write(t, path);
	HOST_CHECK(t, !is_written_within(t, BLOCKED_S));
	HOST_CHECK_EQ(t, qga_number(t, THAW), frozen);
	HOST_CHECK_TEXT(t, qga_word(t, STATUS), "thawed");
	HOST_CHECK(t, is_written_within(t, RELEASE_S));
	HOST_CHECK_LACKS(t, freeze_states(t), "frozen ");
}

HOST_SABOTAGE(agent, qemu_agent_freezes_and_thaws, "freezing is on the agent's block list")
{
	qga_block(t, FREEZE);
}
