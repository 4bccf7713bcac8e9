/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that end the guest. The reply is sent before it goes. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>

#include "guest/call.h"
#include "guest/kit/systemd_bus.h"

#define SYSTEMD_NS (10 * NS_PER_S)
/* systemd is built with glibc, whose first real-time signal is not the same as musl's. */
#define GLIBC_SIGRTMIN 34

/* How one way to end the guest is called by each who can do it. */
static const struct power {
	const char *target; /* systemd's unit */
	int systemd_signal; /* to pid 1, above GLIBC_SIGRTMIN, when its socket does not answer */
	int busybox_signal;
	int command; /* reboot(2) */
} powers[] = {
	{"poweroff.target", 4, SIGUSR2, RB_POWER_OFF},
	{"reboot.target", 5, SIGTERM, RB_AUTOBOOT},
	{"kexec.target", 6, SIGTERM, RB_KEXEC},
};
enum { POWER_OFF, POWER_REBOOT, POWER_KEXEC };

static const struct power *wanted;
static bool is_forced;
static struct {
	int fd; /* -1: nothing is to be triggered */
	char word[64];
} trigger = {.fd = -1};

static bool has_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

/* The usual way: all services are stopped, all filesystems unmounted. */
static void end_orderly(void)
{
	CLEANUP(bus) struct bus *bus = NULL;
	struct patience p = patience_for(-1, SYSTEMD_NS);
	struct err e = {0};

	if (!has_systemd()) {
		(void)kill(1, wanted->busybox_signal);
		return;
	}
	if (systemd_open(&p, &bus, &e) < 0 ||
	    systemd_manager_call(bus, &p, "StartUnit", wanted->target, "replace-irreversibly", &e) <
		    0)
		(void)kill(1, GLIBC_SIGRTMIN + wanted->systemd_signal);
}

/* Nobody ends what goes on, and it must not be torn. Only the root is written out once all stand still: a filesystem that
 * a process serves would wait for ever. */
static void start_kernel(void)
{
	CLEAN_FD int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	sync();
	(void)kill(-1, SIGSTOP);
	if (root >= 0)
		(void)syncfs(root);
	(void)reboot(RB_KEXEC);
	(void)kill(-1, SIGCONT);
}

static void end_guest(void)
{
	/* BusyBox' init knows of no other kernel to start. */
	bool is_orderly =
		!is_forced && getpid() != 1 && (wanted->command != RB_KEXEC || has_systemd());

	if (is_orderly) {
		end_orderly();
	} else {
		if (!is_forced)
			sync();
		if (wanted->command == RB_KEXEC)
			start_kernel();
		else
			(void)reboot(wanted->command);
	}
	wanted = NULL; /* a reboot that the kernel refuses is not tried again */
}

static int ask(const struct call *call, const struct power *power)
{
	is_forced = call->argument_count > 0 && strcmp(call->arguments[0], "force") == 0;
	if (call->argument_count > 0 && !is_forced)
		return EINVAL;
	wanted = power;
	return 0;
}

/* The guest may not come back from this, or only much later. */
static void pull_trigger(void)
{
	(void)!write(trigger.fd, trigger.word, strlen(trigger.word));
	scope_close(&trigger.fd);
	trigger.fd = -1;
}

static int call_poweroff(struct call *call)
{
	return ask(call, &powers[POWER_OFF]);
}

static int call_reboot(struct call *call)
{
	return ask(call, &powers[POWER_REBOOT]);
}

static int call_kexec(struct call *call)
{
	return ask(call, &powers[POWER_KEXEC]);
}

static int call_trigger(struct call *call)
{
	if (call->lengths[1] >= sizeof trigger.word)
		return E2BIG;
	(void)snprintf(trigger.word, sizeof trigger.word, "%s", call->arguments[1]);
	trigger.fd = open(call->arguments[0], O_WRONLY | O_CLOEXEC);
	return trigger.fd < 0 ? errno : 0;
}

call_after_fn *call_take_after(void)
{
	if (trigger.fd >= 0)
		return pull_trigger;
	return wanted ? end_guest : NULL;
}

const struct call_verb call_power_verbs[] = {
	{"poweroff", "[force]", "powers the guest off, orderly or at once", 0, 1, call_poweroff},
	{"kexec", "[force]", "starts the kernel that was loaded for it, orderly or at once", 0, 1,
	 call_kexec},
	{"reboot", "[force]", "reboots the guest, orderly or at once", 0, 1, call_reboot},
	{"trigger", "PATH WORD",
	 "writes WORD to PATH once the answer is on its way: the guest may not come back from it",
	 2, 2, call_trigger},
	{NULL, NULL, NULL, 0, 0, NULL},
};
