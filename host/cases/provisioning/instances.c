/* SPDX-License-Identifier: Apache-2.0 */
/* What two instances of one image must not have in common. */
#include "host/cases/host_instance.h"

#define CLONED "the other instance is a copy of the first, which never had a first boot of its own"

/* Each fact of that kind is another in the other instance. */
static unsigned check_differ(struct host_trial *t, const char *kind)
{
	const char *own = instance_own(t), *another = instance_another(t);
	struct instance_fact fact;
	unsigned count = 0;

	for (const char *at = own; instance_next(&at, kind, &fact); count++) {
		if (instance_has(another, &fact))
			HOST_FAIL(t, "%s is the same in two instances", fact.path);
		else
			host_check_passed(t);
	}
	return count;
}

HOST_CASE(
	provisioning, host_keys_differ_between_instances,
	.title = "Two instances of one image never share a host key", .priority = P1,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "vms>=2,cmd:sshd",
	.timeout_s = 600,
	.why = "Who has one instance can then pose as all others, and read what is sent to them.",
	.remedy =
		"Remove /etc/ssh/ssh_host_* from the image, and have them made at the first boot.",
	.sources = "CIT:ssh.TestHostKeysAreUnique,AZCERT:hygiene/host-keys")
{
	if (check_differ(t, "host-key") == 0)
		host_skip(t, "host keys", "there are none in /etc/ssh");
}

HOST_SABOTAGE(provisioning, host_keys_differ_between_instances, CLONED)
{
	instance_clone(t);
}

HOST_CASE(provisioning, machine_ids_differ_between_instances,
	  .title = "Two instances of one image have different machine-ids", .priority = P1,
	  .isolation = ISOLATION_FORK, .boots_again = true, .needs = "vms>=2,systemd",
	  .timeout_s = 600,
	  .why = "Leases, logs and licences of all instances are then taken for those of one.",
	  .remedy = "Let /etc/machine-id be empty, or say \"uninitialized\", in the image.",
	  .sources = "kola:basic.MachineID,AZCERT:hygiene/two-instances-differ")
{
	HOST_REQUIRE(t, check_differ(t, "machine-id") > 0);
}

HOST_SABOTAGE(provisioning, machine_ids_differ_between_instances, CLONED)
{
	instance_clone(t);
}

HOST_CASE(
	provisioning, secrets_differ_between_instances,
	.title = "No private key, seed or application's secret is identical in two instances",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "vms>=2",
	.timeout_s = 600, .why = "Who has the image has such a secret, and with it all instances.",
	.remedy =
		"Have it made at the first boot; look for keys that a package made when the image was built.",
	.sources = "AZCERT:hygiene/two-instances-differ,AZCERT:aws-mp/access-application-passwords")
{
	if (check_differ(t, "secret") == 0)
		host_skip(t, "secrets", "nothing that looks like one lies where they are kept");
}

HOST_SABOTAGE(provisioning, secrets_differ_between_instances, CLONED)
{
	instance_clone(t);
}
