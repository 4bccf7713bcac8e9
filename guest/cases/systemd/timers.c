/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that the product's policy promises. */
#include "guest/kit/policy.h"
#include "guest/kit/systemd.h"

CASE(systemd, required_timers_are_enabled,
     .title = "Every maintenance timer on the list is enabled and scheduled", .priority = P2,
     .needs = "systemd,policy:required_timers",
     .sources =
	     "kola:files/fwupd-refresh-timer,kola:files/logrotate-service,kola:rpm-ostree-countme,"
	     "CIV:test_network_manager_cloud_setup",
     .why = "What nobody starts by hand - rotating logs, trimming disks, looking for updates - is "
	    "missed only when it is too late.",
     .remedy = "Enable the timer, or correct required_timers in the policy.")
{
	for (const char *const *timer = policy_words(t, "required_timers"); *timer; timer++) {
		const char *file = systemd_unit_property(t, *timer, "Unit", "UnitFileState");
		const char *state = systemd_unit_state(t, *timer);
		if (strcmp(state, "active") != 0)
			FAIL(t, "%s is %s", *timer, state);
		else if (strcmp(file, "enabled") != 0 && strcmp(file, "static") != 0 &&
			 strcmp(file, "enabled-runtime") != 0)
			FAIL(t, "%s runs, but is %s: not after the next boot", *timer, file);
		else
			check_passed(t);
	}
}

SABOTAGE(systemd, required_timers_are_enabled, "the first timer is stopped")
{
	sabotage_stop_unit(t, policy_words(t, "required_timers")[0]);
}
