/* SPDX-License-Identifier: Apache-2.0 */
/* Who the machine is: the same before and after a reboot. */
#include "host/cases/host_case.h"

/* How long an orderly shutdown and a boot may take; an emulated CPU needs most of it. */
#define REBOOT_S 400

/* What is written here is done to the root filesystem early in each boot (tmpfiles.d(5)). */
#define BOOT_RULES "/etc/tmpfiles.d/zz-assay.conf"

static void check_survives(struct host_trial *t, const char *const *paths, size_t count)
{
	const char *before[8] = {NULL};
	size_t known = 0;

	for (size_t i = 0; i < count && i < ARRAY_LEN(before); i++) {
		before[i] = host_guest_read(t, paths[i]);
		known += before[i] != NULL;
	}
	HOST_REQUIRE(t, known > 0);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	for (size_t i = 0; i < count && i < ARRAY_LEN(before); i++) {
		const char *after = before[i] ? host_guest_read(t, paths[i]) : NULL;
		if (!before[i])
			continue;
		if (after && strcmp(before[i], after) == 0)
			host_check_passed(t);
		else
			HOST_FAIL(t, "%s %s after the reboot", paths[i],
				  after ? "has changed" : "is gone");
	}
}

HOST_CASE(provisioning, host_keys_survive_reboot, .title = "Host keys are the same after a reboot",
	  .priority = P1, .needs = "cmd:sshd", .isolation = ISOLATION_REBOOT, .timeout_s = 600,
	  .why = "Clients refuse a server whose keys have changed: for them it is another machine.",
	  .remedy = "Make host keys at the first boot only; check ssh_deletekeys and instance ids.",
	  .sources = "own")
{
	static const char *const keys[] = {
		"/etc/ssh/ssh_host_ecdsa_key.pub",
		"/etc/ssh/ssh_host_ed25519_key.pub",
		"/etc/ssh/ssh_host_rsa_key.pub",
	};

	check_survives(t, keys, ARRAY_LEN(keys));
}

HOST_SABOTAGE(provisioning, host_keys_survive_reboot, "each boot makes a new key")
{
	host_guest_write(
		t, BOOT_RULES,
		"f+ /etc/ssh/ssh_host_ed25519_key.pub 0644 - - - ssh-ed25519\\x20another\n");
}

HOST_CASE(provisioning, hostname_survives_reboot,
	  .title = "The hostname is the same after a reboot", .priority = P1,
	  .isolation = ISOLATION_REBOOT, .timeout_s = 600,
	  .why = "Clusters, certificates and monitors know the machine by its name.",
	  .remedy = "Have the name written to /etc/hostname when it is set.", .sources = "own")
{
	static const char *const names[] = {"/proc/sys/kernel/hostname"};

	check_survives(t, names, ARRAY_LEN(names));
}

HOST_SABOTAGE(provisioning, hostname_survives_reboot, "the name on the disk is another one")
{
	host_guest_write(t, "/etc/hostname", "another\n");
}

HOST_CASE(provisioning, machine_id_survives_reboot,
	  .title = "The machine-id is the same after a reboot", .priority = P1, .needs = "systemd",
	  .isolation = ISOLATION_REBOOT, .timeout_s = 600,
	  .why = "The log, DHCP leases and licences are bound to it.",
	  .remedy = "Let /etc be writable when the machine-id is made, so that it is kept.",
	  .sources = "own")
{
	static const char *const ids[] = {"/etc/machine-id"};

	check_survives(t, ids, ARRAY_LEN(ids));
}

HOST_SABOTAGE(provisioning, machine_id_survives_reboot, "each boot makes a new one")
{
	host_guest_write(t, BOOT_RULES,
			 "f+ /etc/machine-id 0444 - - - 0123456789abcdef0123456789abcdef\n");
}
