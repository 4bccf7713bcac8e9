/* SPDX-License-Identifier: Apache-2.0 */
/* What the host keeps time by: guests get theirs from it. */
#include <sys/timex.h>

#include "host/cases/host_side.h"

#define CURRENT_CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define CPUINFO		    "/proc/cpuinfo"

HOST_CASE(host, clock_is_synchronised, .title = "The host's own clock is synchronised",
	  .priority = P1, .isolation = ISOLATION_SHARED, .timeout_s = 10,
	  .why = "What is measured of a guest's clock is measured against the host's.",
	  .remedy = "Have chronyd (with rtcsync), ntpd or systemd-timesyncd keep the host's clock.",
	  .sources = "own")
{
	struct timex state = {.modes = 0};
	int clock = host_side_adjtimex(t, &state);

	if (clock < 0)
		host_skip(t, "adjtimex", "the state of the clock may not be asked here");
	host_note(t, "state %d, status 0x%x, error at most %ld us", clock, state.status,
		  state.maxerror);
	HOST_CHECK_NE(t, clock, TIME_ERROR);
	HOST_CHECK_EQ(t, state.status & STA_UNSYNC, 0);
}

static int unsynchronised(struct timex *state)
{
	int clock = adjtimex(state);

	state->status |= STA_UNSYNC;
	return clock < 0 ? clock : TIME_ERROR;
}

HOST_SABOTAGE(host, clock_is_synchronised, "the kernel's clock is told to be unsynchronised")
{
	host_side_replace_adjtimex(t, unsynchronised);
}

/* A host that is a guest itself has the clock that its own host gives it. */
static bool is_guest(struct host_trial *t)
{
	const char *cpus = host_side_read(t, CPUINFO);
	const char *flags = cpus ? strstr(cpus, "\nflags") : NULL;

	return flags && strstr(host_format(t, "%.*s ", (int)strcspn(flags + 1, "\n"), flags + 1),
			       " hypervisor ");
}

HOST_CASE(
	host, clocksource_is_tsc, .title = "The host itself runs on a stable TSC", .priority = P2,
	.isolation = ISOLATION_SHARED, .timeout_s = 10,
	.why = "Without it the guests' clocks are slow to read, and drift between CPUs.",
	.remedy = "Look for \"tsc\" in the host's kernel log: it says why the kernel has left it.",
	.sources = "own")
{
	const char *line = host_side_read(t, CURRENT_CLOCKSOURCE);

	if (!line)
		host_skip(t, "clocksource", CURRENT_CLOCKSOURCE ": %m");
	const char *name = host_format(t, "%.*s", (int)strcspn(line, "\n"), line);
	bool is_paravirtual = strcmp(name, "kvm-clock") == 0 || strcmp(name, "xen") == 0 ||
			      has_prefix(name, "hyperv_clocksource");
	if (is_paravirtual && is_guest(t))
		host_skip(t, "bare metal", "the host is a guest itself and runs on %s", name);
	HOST_CHECK_TEXT(t, name, "tsc");
}

HOST_SABOTAGE(host, clocksource_is_tsc, "the host has fallen back to its HPET")
{
	host_side_plant(t, CURRENT_CLOCKSOURCE, "hpet\n");
}
