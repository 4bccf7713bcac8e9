/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that becomes another instance. */
#include "host/cases/provisioning/seeded.h"

#define REBOOT_S   450
#define SHUTDOWN_S 120
#define SETTLE_S   120

#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key.pub"

HOST_CASE(provisioning, new_instance_id_reprovisions,
	  .title = "A cloned disk with a new instance id gets new host keys and the new name",
	  .priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "cloud-init",
	  .timeout_s = 900, .cuts_power = true,
	  .why = "Two machines with the same keys and name are taken for each other.",
	  .remedy = "Take manual_cache_clean and ssh_deletekeys: false out of cloud-init's "
		    "configuration.",
	  .sources = "own")
{
	seed_machine(t, true);
	const char *key = host_guest_read(t, HOST_KEY),
		   *name = host_guest_read(t, "/proc/sys/kernel/hostname");

	HOST_REQUIRE_TEXT(t, name, SEED_NAME "\n");
	(void)host_call(t, "poweroff", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "SHUTDOWN", SHUTDOWN_S));
	host_power_cut(t);
	host_reseed(t, seed_of(t, "assay-two"));
	HOST_REQUIRE(t, host_power_on(t, REBOOT_S));
	(void)host_settle(t, SETTLE_S);
	HOST_CHECK_TEXT(t, host_guest_read(t, "/proc/sys/kernel/hostname"), "assay-two\n");
	if (key)
		HOST_CHECK_TEXT_NE(t, host_guest_read(t, HOST_KEY), key);
}

static void trust_cache(struct host_trial *t)
{
	host_guest_write(t, "/etc/cloud/cloud.cfg.d/99-zz-assay.cfg", "manual_cache_clean: true\n");
	if (host_call(t, "write", "/var/lib/cloud/instance/manual-clean", "", "sync", NULL) != 0)
		host_broken(t, "cloud-init's mark of a manual clean cannot be written");
}

HOST_SABOTAGE(provisioning, new_instance_id_reprovisions,
	      "cloud-init is told to keep what it knows until somebody cleans it by hand")
{
	host_plant_later(t, trust_cache);
}
