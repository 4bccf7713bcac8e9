/* SPDX-License-Identifier: Apache-2.0 */
/* A root filesystem without room. */
#include <errno.h>
#include <stdio.h>

#include "host/cases/host_case.h"

#define FILLER	   "/.assay-full"
#define SCRATCH	   "/.assay-scratch"
#define SHUTDOWN_S 120
#define ASK_S	   30
#define PROMPT_S   240 /* an emulated CPU needs most of it */

/* Blocks that a filesystem keeps for itself count as free in some. */
#define LEFT_MAX (16LL << 20)

static void require_prompt(struct host_trial *t)
{
	host_console_forget(t);
	host_console_type(t, "\r");
	if (!host_console_wait(t, "login:", ASK_S))
		host_skip(t, "console-login", "nobody asks for a name on the serial console");
}

static void fill_root(struct host_trial *t)
{
	const char *of;
	long long bytes = 0, left = -1;

	int code = host_call(t, "probe", "fill_up", FILLER, NULL);
	if (code == EROFS || code == EPERM)
		host_skip(t, "root:writable", "nothing can be written to /");
	if (code != 0)
		host_broken(t, "the root filesystem cannot be filled: error %d", code);
	(void)host_call(t, "sync", NULL);
	of = host_ask(t, "probe", "statfs", FILLER, NULL);
	if (!of || sscanf(of, "bytes=%lld\nfree=%lld", &bytes, &left) != 2 || left > LEFT_MAX)
		host_broken(t, "the root filesystem is not full: %s", of ? of : "nothing is said");
	host_note(t, "%lld of %lld KiB are left", left >> 10, bytes >> 10);
}

HOST_CASE(
	filesystem, full_root_still_allows_login,
	.title = "With a full root filesystem the system still boots to a login prompt",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 600,
	.why = "A full disk is repaired by somebody who logs in, if that needs no room.",
	.remedy =
		"Nothing that logins are ordered after may need to write to the disk; what needs it "
		"writes below /run.",
	.sources = "own")
{
	require_prompt(t);
	fill_root(t);
	host_console_forget(t);
	(void)host_call(t, "reboot", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "RESET", SHUTDOWN_S));
	/* The agent is not asked: it may be what does not come in without room. */
	HOST_CHECK(t, host_console_wait(t, "login:", PROMPT_S));
}

HOST_SABOTAGE(filesystem, full_root_still_allows_login,
	      "the console's service has to write a MiB first")
{
	static const char folder[] = "/etc/systemd/system/serial-getty@.service.d";

	(void)host_call(t, "mkdir", folder, NULL);
	host_guest_write(t, host_format(t, "%s/zz-assay.conf", folder),
			 "[Service]\nExecStartPre=/bin/dd if=/dev/zero of=" SCRATCH
			 " bs=1M count=1 conv=fsync\n");
}
