/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the service manager has brought everything up. */
#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/systemd.h"

#define SABOTAGED "assay-sabotage.service"

CASE(systemd, no_failed_units, .title = "No unit is in the failed state after boot", .priority = P0,
     .needs = "systemd", .why = "What the image was built to do, it does not do.",
     .remedy = "Read the unit's log (journalctl -u UNIT); repair it, or remove it from the image.",
     .sources =
	     "LISA:verify_services_started,CIV:test_no_fail_service,kola:CheckMachine,AZCERT:hygiene/failed-units")
{
	size_t count;
	const struct systemd_unit *units = systemd_units(t, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(units[i].active, "failed") == 0)
			FAIL(t, "unit %s has failed (%s)", units[i].name, units[i].sub);
		else
			check_passed(t);
	}
}

SABOTAGE(systemd, no_failed_units, "a service has ended with an error")
{
	sabotage_unit(t, SABOTAGED,
		      "[Unit]\nDescription=Fails\n[Service]\nType=oneshot\nExecStart=/bin/false\n",
		      "failed");
}

/* A timer that was due while the machine stood still puts a job into the queue: that one ends. */
#define JOBS_SPAN_NS (30 * NS_PER_S)

static const char *const *stuck_jobs(struct trial *t)
{
	uint64_t until_ns = clock_now_ns() + JOBS_SPAN_NS;
	const char *const *jobs = systemd_jobs(t);

	while (*jobs && pause_until(until_ns, 200))
		jobs = systemd_jobs(t);
	return jobs;
}

CASE(systemd, no_stuck_jobs, .title = "The job queue is empty and the system has finished starting",
     .priority = P0, .needs = "systemd", .timeout_s = 60,
     .why = "A job that never ends keeps back everything that is ordered after it, and the shutdown.",
     .remedy = "systemctl list-jobs names the job; find what it waits for.",
     .sources =
	     "LISA:verify_services_state,kola:CheckMachine,imgproof:test_sles_wait_30_seconds,AZCERT:hygiene/degraded-boot")
{
	for (const char *const *unit = stuck_jobs(t); *unit; unit++)
		FAIL(t, "a job for %s is still waiting after %llu s", *unit,
		     JOBS_SPAN_NS / NS_PER_S);
	/* Failed units make it "degraded": they have a case of their own. */
	CHECK_ONE_OF(t, systemd_state(t), "running", "degraded");
}

SABOTAGE(systemd, no_stuck_jobs, "a service never tells that it has started")
{
	sabotage_unit(
		t, SABOTAGED,
		"[Unit]\nDescription=Never ready\n[Service]\nType=notify\nTimeoutStartSec=300\n"
		"ExecStart=/bin/sleep 300\n",
		"activating");
}

static const char *const shipped_ids[] = {"", "00000000000000000000000000000000", "uninitialized"};

CASE(systemd, machine_id_is_set, .title = "The machine-id is valid and not a shipped constant",
     .priority = P0,
     .why = "Two machines with one identity get one address from DHCP and one name in inventories.",
     .remedy = "Ship the image with an empty /etc/machine-id.", .sources = "kola:basic.MachineID")
{
	const char *id = file_line(t, "/etc/machine-id");

	if (!id && !file_exists(t, "/run/systemd/system"))
		case_skip(t, "systemd", "a system without systemd needs no machine-id");
	REQUIRE(t, id != NULL);
	for (size_t i = 0; i < ARRAY_LEN(shipped_ids); i++)
		CHECK_NE(t, id, shipped_ids[i]);
	CHECK_EQ(t, strlen(id), 32U);
	CHECK_EQ(t, strspn(id, "0123456789abcdef"), 32U);
}

SABOTAGE(systemd, machine_id_is_set, "the identity was never made")
{
	sabotage_file(t, "/etc/machine-id", "uninitialized\n");
}
