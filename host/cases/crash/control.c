/* SPDX-License-Identifier: Apache-2.0 */
/* What the host can do to a guest that does not answer: an NMI, a break on its console, a watchdog. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define EFFECT_S    30
#define UNKNOWN_NMI "/proc/sys/kernel/unknown_nmi_panic"
#define SYSRQ	    "/proc/sys/kernel/sysrq"

/* What the guest reads there is from now on that text, whatever is in force. */
static void pretend(struct host_trial *t, const char *path, const char *text)
{
	host_guest_write(t, "/run/assay-pretended", text);
	if (host_guest_run(t, NULL, "mount", "--bind", "/run/assay-pretended", path, NULL) != 0)
		host_broken(t, "%s cannot be covered", path);
}

HOST_CASE(
	crash, injected_nmi_has_designed_effect,
	.title = "An NMI from the host panics the kernel or is logged, as it is configured",
	.priority = P2, .isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 100,
	.why = "It is how a platform takes a dump of a guest that hangs.",
	.remedy = "Set kernel.unknown_nmi_panic to 1 where a dump is to be taken, to 0 elsewhere.",
	.sources = "own")
{
	const char *setting = host_guest_read(t, UNKNOWN_NMI);

	HOST_REQUIRE(t, setting != NULL);
	bool is_to_panic = strcmp(setting, "0\n") != 0;
	host_note(t, "kernel.unknown_nmi_panic is %s", setting);
	host_expect(t, is_to_panic ? "kernel-panic" : NULL);
	HOST_REQUIRE(t, host_qmp(t, "inject-nmi", NULL) != NULL);
	if (is_to_panic) {
		HOST_CHECK(t, host_console_wait(t, "Kernel panic - not syncing", EFFECT_S));
		return;
	}
	HOST_CHECK(t, host_console_wait(t, "NMI received for unknown reason", EFFECT_S));
	/* The kernel says this when it goes on: a guest that panicked would never answer. */
	HOST_REQUIRE(t, host_console_wait(t, "trying to continue", EFFECT_S));
	HOST_CHECK(t, host_guest_read(t, UNKNOWN_NMI) != NULL);
}

HOST_SABOTAGE(crash, injected_nmi_has_designed_effect,
	      "the kernel panics at an NMI although it is configured to log it")
{
	const char *setting = host_guest_read(t, UNKNOWN_NMI);
	bool panics = setting && strcmp(setting, "0\n") != 0;

	host_guest_write(t, UNKNOWN_NMI, panics ? "0" : "1");
	pretend(t, UNKNOWN_NMI, panics ? "1\n" : "0\n");
}

HOST_CASE(
	crash, sysrq_over_serial_follows_policy,
	.title = "A break and a help key on the serial line print help exactly where it is allowed",
	.priority = P3, .isolation = ISOLATION_FORK,
	.needs = "arch:x86_64,kconfig:MAGIC_SYSRQ_SERIAL", .timeout_s = 60,
	.why = "It is the last thing that a hung kernel still answers, and must not answer strangers.",
	.remedy = "Set kernel.sysrq in /etc/sysctl.d to what the machine is to allow.",
	.sources = "own")
{
	const char *setting = host_guest_read(t, SYSRQ);

	HOST_REQUIRE(t, setting != NULL);
	bool is_allowed = strcmp(setting, "0\n") != 0;
	host_console_forget(t);
	HOST_REQUIRE(t, host_qmp(t, "chardev-send-break", "{\"id\":\"console\"}") != NULL);
	host_console_type(t, "h");
	bool is_helped = host_console_wait(t, "HELP : ", is_allowed ? EFFECT_S : 5);
	host_note(t, "kernel.sysrq is %.8s", setting);
	HOST_CHECK(t, is_helped == is_allowed);
}

HOST_SABOTAGE(crash, sysrq_over_serial_follows_policy, "the keys are off although they are allowed")
{
	const char *setting = host_guest_read(t, SYSRQ);
	bool is_allowed = setting && strcmp(setting, "0\n") != 0;

	host_guest_write(t, SYSRQ, is_allowed ? "0" : "1");
	pretend(t, SYSRQ, is_allowed ? "1\n" : "0\n");
}

/* ---- the watchdog ---- */

#define STARVE_S "3"
#define WATCHDOG "/dev/watchdog"

static bool has_module(struct host_trial *t, const char *need)
{
	return host_call(t, "need", need, NULL) == 0;
}

/* QEMU's, where the guest has the driver for it, else the kernel's own. */
static void plug_watchdog(struct host_trial *t)
{
	if (has_module(t, "kmod:i6300esb") &&
	    host_qmp(t, "device_add",
		     "{\"driver\":\"i6300esb\",\"id\":\"case-watchdog\",\"bus\":\"hot3\"}")) {
		(void)host_guest_run(t, NULL, "modprobe", "i6300esb", NULL);
		return;
	}
	if (!has_module(t, "kmod:softdog"))
		host_skip(t, "dev:watchdog", "the guest has neither i6300esb nor softdog");
	host_note(t, "the watchdog is the kernel's own (softdog)");
	(void)host_guest_run(t, NULL, "modprobe", "softdog", NULL);
}

static bool await_watchdog(struct host_trial *t)
{
	for (int i = 0; i < EFFECT_S * 10; i++) {
		if (host_call(t, "stat", WATCHDOG, NULL) == 0)
			return true;
		host_sleep(t, 100);
	}
	return false;
}

HOST_CASE(crash, watchdog_resets_hung_guest,
	  .title = "A guest that does not feed its watchdog any more is reset", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "arch:x86_64,cmd:modprobe", .timeout_s = 100,
	  .waits = true, .why = "What hangs without a panic is noticed by nothing else.",
	  .remedy = "Check the watchdog's driver and its module options.", .sources = "own")
{
	bool is_there = host_call(t, "stat", WATCHDOG, NULL) == 0;

	if (!is_there)
		plug_watchdog(t);
	HOST_REQUIRE(t, await_watchdog(t));
	int code = host_call(t, "probe", "watchdog_starve", WATCHDOG, STARVE_S, NULL);
	if (code == EBUSY)
		host_skip(t, "dev:watchdog", "the guest feeds its watchdog itself");
	HOST_REQUIRE(t, code == 0);
	HOST_CHECK(t, host_wait_event(t, "RESET", EFFECT_S));
}

HOST_SABOTAGE(crash, watchdog_resets_hung_guest, "the watchdog only says that it would")
{
	(void)host_qmp(t, "watchdog-set-action", "{\"action\":\"none\"}");
	(void)host_guest_run(t, NULL, "modprobe", "softdog", "soft_noboot=1", NULL);
}
