/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon that keeps the clock right. */
#include "guest/kit/case.h"
#include "guest/kit/systemd.h"

static const char *const daemons[] = {
	"chrony.service",
	"chronyd.service",
	"ntp.service",
	"ntpd.service",
	"ntpsec.service",
	"openntpd.service",
	"systemd-timesyncd.service",
};

/* Aliases of one unit (chrony and chronyd) count once. */
static bool is_first_name(struct trial *t, size_t index)
{
	const char *id = systemd_unit_property(t, daemons[index], "Unit", "Id");

	return strcmp(id, daemons[index]) == 0;
}

CASE(time, one_sync_daemon_is_active, .title = "Exactly one time synchronisation daemon is active",
     .priority = P1, .needs = "systemd",
     .why = "Without one the clock drifts until certificates fail; two pull it to and fro.",
     .remedy =
	     "Install and enable one of chrony, systemd-timesyncd and ntpsec, and disable the others.",
     .sources = "CIT:network.TestNTP,"
		"CIV:test_chronyd_is_active,"
		"AZCERT:hygiene/time-sync,"
		"AZCERT:lynis/time-3104")
{
	unsigned count = 0;

	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		if (strcmp(systemd_unit_state(t, daemons[i]), "active") != 0 ||
		    !is_first_name(t, i))
			continue;
		note(t, "%s is active", daemons[i]);
		if (++count > 1)
			FAIL(t, "%s is active beside another one", daemons[i]);
	}
	CHECK_GE(t, count, 1);
}

SABOTAGE(time, one_sync_daemon_is_active, "the daemon is stopped")
{
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		if (strcmp(systemd_unit_state(t, daemons[i]), "active") == 0)
			sabotage_stop_unit(t, daemons[i]);
	}
}
