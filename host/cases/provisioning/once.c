/* SPDX-License-Identifier: Apache-2.0 */
/* The second boot of an instance. */
#include "host/cases/provisioning/seeded.h"

#define REBOOT_S 450
#define SETTLE_S 120

HOST_CASE(provisioning, user_data_runs_once,
	  .title = "Scripts in user data are not run again at the second boot", .priority = P1,
	  .isolation = ISOLATION_FORK, .boots_again = true, .needs = "cloud-init", .timeout_s = 900,
	  .why = "A script that formats a disk or joins a cluster does it once more otherwise.",
	  .remedy = "Keep /var/lib/cloud over reboots, and the instance id as it was.",
	  .sources = "kola:coreos.ignition.once,AZCERT:hygiene/second-boot")
{
	static const char *const scripts[] = {SEED_FOLDER "/script", SEED_FOLDER "/gzip"};

	seed_machine(t, true);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		HOST_REQUIRE_TEXT(t, host_guest_read(t, scripts[i]), SEED_RAN);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	/* They would run at the boot's end. */
	if (!host_settle(t, SETTLE_S))
		host_broken(t, "the second boot was not over within %d s", SETTLE_S);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		HOST_CHECK_TEXT(t, host_guest_read(t, scripts[i]), SEED_RAN);
}

static void forget_state(struct host_trial *t)
{
	static const char *const names[] = {"scripts_user", "config_scripts_user",
					    "config_scripts-user"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)host_call(t, "unlink",
				host_format(t, "/var/lib/cloud/instance/sem/%s", names[i]), NULL);
}

HOST_SABOTAGE(provisioning, user_data_runs_once, "what tells that the scripts have run is lost")
{
	host_plant_later(t, forget_state);
}
