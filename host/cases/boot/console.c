/* SPDX-License-Identifier: Apache-2.0 */
/* What the boot shows on the serial console, and how far it gets. */
#include <stdio.h>

#include "host/cases/host_case.h"

static const char *const complaints[] = {
	"[FAILED]",
	"[DEPEND]",
	"Dependency failed for ",
	"Entering emergency mode",
	"You are in emergency mode",
	"You are in rescue mode",
	"Kernel panic",
	"Give root password for maintenance",
	"(initramfs)",
	"Cannot open access to console",
};

HOST_CASE(
	boot, console_log_is_clean,
	.title =
		"The serial log shows no failed unit, emergency shell, panic or dependency failure",
	.priority = P0, .isolation = ISOLATION_COLD, .timeout_s = 60,
	.why = "What is said there is said before anybody can log in.",
	.remedy = "The line names the unit; read its log (journalctl -u UNIT).",
	.sources = "LISA:smoke_test_check_serial_console_pattern,kola:console-journal-checks")
{
	const char *log = host_console_whole(t);

	HOST_REQUIRE(t, log[0] != '\0');
	for (size_t i = 0; i < sizeof complaints / sizeof complaints[0]; i++)
		HOST_CHECK_LACKS(t, log, complaints[i]);
}

HOST_SABOTAGE(boot, console_log_is_clean, "a unit fails and its failure is shown")
{
	host_guest_write(
		t, "/run/systemd/system/assay-fails.service",
		"[Unit]\nDescription=Planted\n[Service]\nType=oneshot\nExecStart=/bin/false\n");
	(void)host_guest_run(t, NULL, "systemctl", "start", "assay-fails.service", NULL);
	/* Only during the boot does the service manager show units on the console: what it writes then. */
	if (host_guest_run(t, NULL, "sh", "-c",
			   "echo '[FAILED] Failed to start Planted.' >/dev/ttyS0", NULL) != 0)
		host_broken(t, "the guest cannot write to its console");
	if (!host_console_wait(t, "[FAILED] Failed to start Planted.", 20))
		host_broken(t, "the line has not come");
}

HOST_CASE(boot, serial_login_prompt_appears,
	  .title = "A login prompt appears on the serial console", .priority = P1,
	  .isolation = ISOLATION_FORK, .timeout_s = 120,
	  .why = "It is the way in when the network is not.",
	  .remedy = "Enable a getty on the serial console, or give the kernel console=ttyS0.",
	  .sources = "AZCERT:lisa-std/p1-serial-console,AZCERT:hygiene/serial-getty")
{
	/* The prompt of the boot is long past: an empty line asks for another. */
	host_console_forget(t);
	host_console_type(t, "\r");
	HOST_CHECK(t, host_console_wait(t, "login:", 60));
}

static void stop_serving_console(struct host_trial *t)
{
	if (host_guest_run(t, NULL, "systemctl", "stop", "serial-getty@ttyS0.service", NULL) != 0)
		host_broken(t, "the console's service cannot be stopped");
}

HOST_SABOTAGE(boot, serial_login_prompt_appears, "nobody serves the serial console")
{
	stop_serving_console(t);
}

/* What programs and the kernel take once all is started: of a boot, since forks of it are all alike. */
static void measure_memory(struct host_trial *t)
{
	const char *meminfo = host_guest_read(t, "/proc/meminfo");
	const char *total = meminfo ? strstr(meminfo, "MemTotal:") : NULL;
	const char *available = meminfo ? strstr(meminfo, "MemAvailable:") : NULL;
	long long total_kib, available_kib;

	if (total && available && sscanf(total, "MemTotal: %lld kB", &total_kib) == 1 &&
	    sscanf(available, "MemAvailable: %lld kB", &available_kib) == 1)
		host_measure(t, "memory_used", "MiB", MEASURE_LOWER,
			     (double)(total_kib - available_kib) / 1024);
}

/* A time stamp of systemd's, in microseconds since the kernel began; 0: there is none. */
static long long stamp_us(const char *shown, const char *name)
{
	const char *at = shown ? strstr(shown, name) : NULL;
	long long us;

	return at && sscanf(at + strlen(name), "=%lld", &us) == 1 ? us : 0;
}

static void measure_phase(struct host_trial *t, const char *name, long long from_us,
			  long long to_us)
{
	if (to_us > from_us)
		host_measure(t, name, "s", MEASURE_LOWER, (double)(to_us - from_us) / 1e6);
}

/* Where there is no systemd, or it has not finished, there is nothing to tell. */
static void measure_phases(struct host_trial *t)
{
	const char *shown = NULL;

	if (host_guest_run(
		    t, &shown, "systemctl", "show",
		    "--property=InitRDTimestampMonotonic,UserspaceTimestampMonotonic,FinishTimestampMonotonic",
		    NULL) != 0)
		return;
	long long initrd_us = stamp_us(shown, "InitRDTimestampMonotonic");
	long long userspace_us = stamp_us(shown, "UserspaceTimestampMonotonic");
	long long finish_us = stamp_us(shown, "FinishTimestampMonotonic");
	measure_phase(t, "kernel", 0, initrd_us > 0 ? initrd_us : userspace_us);
	if (initrd_us > 0)
		measure_phase(t, "initrd", initrd_us, userspace_us);
	if (userspace_us > 0)
		measure_phase(t, "userspace", userspace_us, finish_us);
}

HOST_CASE(
	boot, settles_in_time,
	.title = "The boot is over within its limit, with nothing left to wait for", .priority = P1,
	.isolation = ISOLATION_COLD, .timeout_s = 60,
	.why = "A machine that is never done booting holds back all that is ordered after it.",
	.remedy =
		"systemctl list-jobs names what is waiting; systemd-analyze shows what took the time.",
	.sources = "own")
{
	const char *uptime = host_guest_read(t, "/proc/uptime");
	const char *pending = host_ask(t, "pending", NULL);
	double seconds = 0;

	HOST_REQUIRE(t, uptime && sscanf(uptime, "%lf", &seconds) == 1);
	host_measure(t, "settled", "s", MEASURE_LOWER, seconds);
	measure_memory(t);
	measure_phases(t);
	HOST_CHECK_LE(t, seconds, host_plan_number(t, "boot_limit_s", 300));
	/* What still keeps the boot from being over, one a line. */
	HOST_CHECK_TEXT(t, pending, "");
}

HOST_SABOTAGE(boot, settles_in_time, "the boot is never over, for a service does not come up")
{
	host_guest_write(
		t, "/run/systemd/system/assay-never.service",
		"[Unit]\nDescription=Planted\n[Service]\nType=oneshot\nTimeoutStartSec=600\nExecStart=/bin/sleep 600\n");
	if (host_guest_run(t, NULL, "systemctl", "start", "--no-block", "assay-never.service",
			   NULL) != 0)
		host_broken(t, "the service cannot be started");
	host_sleep(t, 1000);
}

/* A getty that just puts its terminal in order throws away what was typed before: then somebody types once more. */
static bool echoes(struct host_trial *t, const char *typed)
{
	for (int i = 0; i < 3; i++) {
		host_console_forget(t);
		host_console_type(t, typed);
		if (host_console_wait(t, typed, 10))
			return true;
	}
	return false;
}

HOST_CASE(boot, serial_console_echoes,
	  .title = "Characters typed into the serial console come back", .priority = P2,
	  .isolation = ISOLATION_FORK, .timeout_s = 60,
	  .why = "A console that only speaks repairs nothing.",
	  .remedy = "Enable a getty on the serial console that the kernel speaks on.",
	  .sources = "LISA:verify_serial_console")
{
	HOST_CHECK(t, echoes(t, "assay-is-typing"));
}

HOST_SABOTAGE(boot, serial_console_echoes, "nobody serves the serial console")
{
	stop_serving_console(t);
}

HOST_CASE(
	boot, kernel_banner_reaches_serial,
	.title = "The kernel's first line appears on the serial console", .priority = P2,
	.isolation = ISOLATION_COLD, .timeout_s = 60,
	.why = "What goes wrong before the kernel speaks there is seen by nobody.",
	.remedy =
		"Give the kernel console=ttyS0, and take quiet and loglevel= off its command line.",
	.sources = "AZCERT:lisa-std/p1-serial-console",
	.sabotage = CMDLINE("the kernel is told to be quiet", "quiet loglevel=1"))
{
	HOST_CHECK_CONTAINS(t, host_console_whole(t), "Linux version ");
}
