/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a template: what is found on one holds for all only when they begin alike. */
#include <stdio.h>

#include "base/clock.h"
#include "host/cases/host_second.h"

#define FILES_MAX     64
#define CLOCK_APART_S 5 /* emulated CPUs are slow to answer */

/* The line in which the two are no longer the same. */
static int same_lines(const char *one, const char *other)
{
	int line = 0;

	for (int i = 0; one[i] && one[i] == other[i]; i++)
		if (one[i] == '\n')
			line = i + 1;
	return line;
}

static void compare(struct host_trial *t, const char *verb, const char *argument)
{
	struct machine *first = host_machine(t), *second = host_second(t);
	const char *one = host_ask_of(t, first, verb, argument),
		   *other = host_ask_of(t, second, verb, argument);

	int at = same_lines(one, other);

	if (strcmp(one, other) == 0)
		host_check_passed(t);
	else
		HOST_FAIL(t, "%s %s: %.*s, the other %.*s", verb, argument,
			  (int)strcspn(one + at, "\n"), one + at, (int)strcspn(other + at, "\n"),
			  other + at);
}

/* "pid (name) state …": the name and the start, field 22, which no process can change. proc_pid_stat(5). */
static const char *start_of(struct host_trial *t, struct machine *machine, const char *pid)
{
	const char *stat = host_ask_of(t, machine, "read", host_format(t, "/proc/%s/stat", pid));
	const char *at = strrchr(stat, ')');

	for (int i = 2; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return stat;
	return host_format(t, "%.*s since %.*s", (int)(strcspn(stat, ")") + 1), stat,
			   (int)strcspn(at + 1, " "), at + 1);
}

static void compare_memory(struct host_trial *t)
{
	static const char *const pids[] = {"1", "2"};

	compare(t, "read", "/proc/sys/kernel/random/boot_id");
	compare(t, "read", "/proc/cmdline");
	compare(t, "read", "/proc/sys/kernel/hostname");
	compare(t, "read", "/proc/mounts");
	for (size_t i = 0; i < 2; i++)
		HOST_CHECK_TEXT(t, start_of(t, host_second(t), pids[i]),
				start_of(t, host_machine(t), pids[i]));
}

static long long clock_of(struct host_trial *t, struct machine *machine)
{
	unsigned long long wall_ns = 0;
	const char *clocks = host_ask_of(t, machine, "time", NULL);

	HOST_REQUIRE(t, sscanf(clocks, "wall_ns=%llu", &wall_ns) == 1);
	return (long long)(wall_ns / NS_PER_S);
}

static void compare_clock(struct host_trial *t, struct machine *machine)
{
	long long apart = clock_of(t, machine) - (long long)(clock_wall_ns() / NS_PER_S);

	HOST_CHECK_LE(t, apart < 0 ? -apart : apart, CLOCK_APART_S);
}

/* What is read after the caches were dropped comes from the disk. */
static void compare_disk(struct host_trial *t)
{
	const char *names = host_ask_of(t, host_machine(t), "list", "/etc");
	unsigned count = 0;

	(void)host_call(t, "write", "/proc/sys/vm/drop_caches", "3\n", NULL);
	compare(t, "list", "/etc");
	for (; *names && count < FILES_MAX; names += strcspn(names, "\n"), count++) {
		names += strspn(names, "\n");
		compare(t, "read", host_format(t, "/etc/%.*s", (int)strcspn(names, "\n"), names));
	}
}

HOST_CASE(
	host, fork_equals_original,
	.title = "Private copies of a machine begin with the same memory, clock and disk",
	.priority = P1, .isolation = ISOLATION_FORK, .timeout_s = 60,
	.why = "A case would be judged by what the one before it has left.",
	.remedy = "Remove the templates (assay cache prune); if that does not help, another QEMU.",
	.sources = "own")
{
	compare_memory(t);
	compare_clock(t, host_machine(t));
	compare_clock(t, host_second(t));
	compare_disk(t);
}

HOST_SABOTAGE(host, fork_equals_original, "the disk of one copy has a file more")
{
	host_guest_write(t, "/etc/assay-planted", "planted\n");
}

/* ---- verdicts ---- */

/* Quick ones, from all areas, that look only. */
static const struct {
	const char *area, *name;
} judged[] = {
	{"cpu", "all_present_are_online"},	  {"cpu", "instruction_baseline_is_met"},
	{"filesystem", "fstab_is_fully_mounted"}, {"filesystem", "no_unexpected_read_only_mount"},
	{"kernel", "log_has_no_io_errors"},	  {"kernel", "log_has_no_oops"},
	{"memory", "total_matches_size"},	  {"systemd", "machine_id_is_set"},
	{"systemd", "no_failed_units"},		  {"virt", "virtio_devices_are_bound"},
};

HOST_CASE(host, same_image_gives_same_verdicts,
	  .title = "The same cases on two copies of a machine have the same outcomes",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "cpus>=2", .timeout_s = 120,
	  .why = "A verdict that depends on the day is none.",
	  .remedy = "See what the two said, and run the case that differs on its own.",
	  .sources = "own")
{
	for (size_t i = 0; i < sizeof judged / sizeof judged[0]; i++) {
		enum outcome one =
			host_run_case(t, host_machine(t), judged[i].area, judged[i].name);
		enum outcome other =
			host_run_case(t, host_second(t), judged[i].area, judged[i].name);
		if (one == other)
			host_check_passed(t);
		else
			HOST_FAIL(t, "%s.%s: %s and %s", judged[i].area, judged[i].name,
				  outcome_name(one), outcome_name(other));
	}
}

HOST_SABOTAGE(host, same_image_gives_same_verdicts, "one copy has lost a CPU")
{
	host_guest_write(t, "/sys/devices/system/cpu/cpu1/online", "0\n");
}
