/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot loader does after a boot that was cut off. */
#include "host/cases/host_case.h"

#define SHUTDOWN_S 120
#define KERNEL_S   150 /* firmware, the loader's own timeout, and an emulated CPU */
#define BANNER	   "Linux version "

#define GRUB "/boot/grub"

HOST_CASE(
	boot, menu_does_not_hang_after_power_cut,
	.title = "After a boot that was cut off, the next one starts unattended", .priority = P1,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "image:file", .timeout_s = 600,
	.why = "A boot loader that waits for a key after a failed boot waits for ever: no one is there.",
	.remedy = "Set GRUB_RECORDFAIL_TIMEOUT to some seconds in /etc/default/grub, and run "
		  "update-grub.",
	.sources = "own")
{
	host_console_forget(t);
	(void)host_call(t, "reboot", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "RESET", SHUTDOWN_S));
	/* The loader is done, and has noted what it notes of a boot. */
	if (!host_console_wait(t, BANNER, KERNEL_S))
		host_skip(t, "console-kernel", "the kernel does not speak on the serial console");
	host_console_forget(t);
	/* A reset and no loss of power: loaders flush nothing, and their note would be lost. */
	HOST_REQUIRE(t, host_qmp(t, "system_reset", NULL) != NULL);
	HOST_CHECK(t, host_console_wait(t, BANNER, KERNEL_S));
}

/* As GRUB's own files have it where the boot is recorded; what ends well takes the record back. */
static const char recording[] =
	"\nload_env\n"
	"if [ \"${recordfail}\" = 1 ]; then\n  set timeout_style=menu\n  set timeout=-1\nfi\n"
	"set recordfail=1\nsave_env recordfail\n";

static const char *empty_environment(struct host_trial *t)
{
	static const char head[] = "# GRUB Environment Block\n";
	char *block = host_alloc(t, 1025);

	memset(block, '#', 1024);
	memcpy(block, head, sizeof head - 1);
	return block;
}

HOST_SABOTAGE(boot, menu_does_not_hang_after_power_cut,
	      "after a boot that did not end, the menu waits for ever")
{
	const char *config = host_guest_read(t, GRUB "/grub.cfg");

	if (!config)
		host_broken(t, "there is no " GRUB "/grub.cfg");
	host_guest_write(t, GRUB "/grub.cfg", host_format(t, "%s%s", config, recording));
	host_guest_write(t, GRUB "/grubenv", empty_environment(t));
	(void)host_call(t, "sync", NULL);
}
