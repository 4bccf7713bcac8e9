// SPDX-License-Identifier: Apache-2.0
// What must belong to one machine only: an image that carries it gives it to all machines.
#include "guest/kit/case.h"
#include "guest/kit/line.h"

AUDIT(image, machine_id_is_not_baked,
      .title = "The never-booted image has an empty or uninitialised machine-id", .priority = P1,
      .needs = "image:pristine", .sources = "AZCERT:hygiene/machine-id",
      .why = "Machines with one machine-id get one DHCP address, one journal identity and "
	     "collide in management systems.",
      .remedy = "Leave /etc/machine-id empty, or holding the word uninitialized.")
{
	const char *path = "/etc/machine-id", *id = file_line(t, path);

	if (!file_exists(t, path)) {
		check_passed(t); /* it is made at the first boot */
	} else if (!id || id[0] == '\0' || strcmp(id, "uninitialized") == 0) {
		check_passed(t);
	} else {
		FAIL(t, "%s holds \"%.64s\"", path, id);
	}
	/* D-Bus keeps a copy of its own, unless that is a link to the first. */
	path = "/var/lib/dbus/machine-id";
	id = file_link(t, path) ? NULL : file_line(t, path);
	if (id && id[0])
		FAIL(t, "%s holds \"%.64s\"", path, id);
}

SABOTAGE(image, machine_id_is_not_baked, "the build machine's id was kept")
{
	sabotage_file(t, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
}

static void check_host_keys(struct trial *t, const char *folder, const char *prefix)
{
	for (const char *const *name = file_names(t, folder); *name; name++) {
		const char *path = case_format(t, "%s/%s", folder, *name);
		struct tree_stat stat;
		bool is_key = has_prefix(*name, prefix) && has_suffix(*name, "_key");
		if (is_key && file_stat(t, path, &stat) && stat.size > 0)
			FAIL(t, "%s is an SSH host key", path);
	}
	check_passed(t);
}

AUDIT(image, no_ssh_host_keys, .title = "The never-booted image carries no SSH host private key",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:ms-policy/200.3.3c-deprovisioned,AZCERT:hygiene/host-keys,"
		 "AZCERT:aws-mp/host-keys-removed",
      .why = "Whoever owns one machine of the image can pose as every other one.",
      .remedy =
	      "Remove /etc/ssh/ssh_host_*_key and its .pub (Dropbear's: /etc/dropbear/*_host_key); "
	      "they are made anew at the first boot.")
{
	check_host_keys(t, "/etc/ssh", "ssh_host_");
	check_host_keys(t, "/etc/dropbear", "dropbear_");
}

SABOTAGE(image, no_ssh_host_keys, "a host key was left in the image")
{
	sabotage_file(t, "/etc/ssh/ssh_host_ed25519_key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
}

/* Fails for each of the paths that exists and, when it is a file, has content. */
static void check_absent(struct trial *t, const char *const *paths, const char *what)
{
	for (; *paths; paths++) {
		struct tree_stat stat;
		bool is_there = file_stat(t, *paths, &stat);
		bool is_filled = is_there && (S_ISDIR(stat.mode) ? file_names(t, *paths)[0] != NULL
								 : stat.size > 0);
		if (is_filled)
			FAIL(t, "%s is %s", *paths, what);
		else
			check_passed(t);
	}
}

AUDIT(image, no_saved_random_seed, .title = "The never-booted image ships no stored random seed",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:hygiene/random-seed,AZCERT:hygiene/credential-secret",
      .why = "Machines that start from one seed may draw the same random numbers, and so the "
	     "same keys.",
      .remedy = "Remove the seed; systemd and the boot loader make a new one.")
{
	static const char *const seeds[] = {"/var/lib/systemd/random-seed",
					    "/var/lib/random-seed",
					    "/var/lib/urandom/random-seed",
					    "/var/lib/misc/random-seed",
					    "/var/lib/seedrng",
					    "/var/lib/systemd/credential.secret",
					    "/boot/loader/random-seed",
					    "/efi/loader/random-seed",
					    "/boot/efi/loader/random-seed",
					    NULL};

	check_absent(t, seeds, "a stored random seed or secret");
}

SABOTAGE(image, no_saved_random_seed, "the build machine's seed was kept")
{
	sabotage_file(t, "/var/lib/systemd/random-seed", "0123456789abcdef0123456789abcdef");
}

AUDIT(image, no_cloud_init_state,
      .title = "The never-booted image holds no cloud-init instance state", .priority = P1,
      .needs = "image:pristine",
      .sources = "AZCERT:ms-policy/200.3.3c-deprovisioned,AZCERT:hygiene/cloud-init-clean,"
		 "AZCERT:hygiene/identity-of-build-cloud",
      .why = "cloud-init takes the first boot for a later one and sets up neither users, "
	     "keys nor network.",
      .remedy = "Run cloud-init clean --logs --machine-id before the image is taken.")
{
	static const char *const states[] = {"/var/lib/cloud/instances",
					     "/var/lib/cloud/instance",
					     "/var/lib/cloud/data",
					     "/var/lib/cloud/sem",
					     "/var/lib/cloud/seed/nocloud",
					     "/var/lib/cloud/seed/nocloud-net",
					     "/var/log/cloud-init.log",
					     "/var/log/cloud-init-output.log",
					     NULL};

	check_absent(t, states, "what cloud-init left of an earlier boot");
}

SABOTAGE(image, no_cloud_init_state, "cloud-init has run in the image")
{
	sabotage_file(t, "/var/lib/cloud/instances/build-vm/boot-finished", "1.0\n");
}

AUDIT(image, no_agent_state,
      .title = "No goal state, certificate, log or extension of a cloud agent remains",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:ms-policy/200.3.3c-deprovisioned,AZCERT:ms-faq/not-generalised,"
		 "AZCERT:ms-prep/agent-log-removed,AZCERT:ms-prep/agent-state-removed",
      .why = "A cloud agent with another machine's goal state or certificates does not "
	     "provision this one.",
      .remedy = "Deprovision before the image is taken: waagent -deprovision+user, and remove "
		"the other agents' state.")
{
	static const char *const states[] = {"/var/lib/waagent",
					     "/var/log/waagent.log",
					     "/var/log/azure",
					     "/var/lib/google",
					     "/var/lib/amazon/ssm/registration",
					     "/var/lib/amazon/ssm/Vault",
					     "/var/lib/hyperv/.kvp_pool_0",
					     "/etc/google_instance_id",
					     NULL};

	check_absent(t, states, "what a cloud's agent left of an earlier machine");
}

SABOTAGE(image, no_agent_state, "an agent has provisioned the build machine")
{
	sabotage_file(t, "/var/lib/waagent/provisioned", "0\n");
}

AUDIT(image, no_management_identity,
      .title = "No configuration-management or monitoring identity of the build machine is left",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:hygiene/puppet-chef-salt-identity,AZCERT:hygiene/monitoring-identity",
      .why = "Machines with one identity overwrite each other in configuration management "
	     "and monitoring.",
      .remedy = "Remove the agent's certificates and ids; let it enrol at the first boot.")
{
	static const char *const identities[] = {"/etc/salt/minion_id",
						 "/etc/salt/pki/minion",
						 "/etc/puppetlabs/puppet/ssl/private_keys",
						 "/var/lib/puppet/ssl/private_keys",
						 "/etc/chef/client.pem",
						 "/etc/cinc/client.pem",
						 "/var/lib/zabbix/agent.id",
						 "/etc/newrelic-infra/identity",
						 "/var/lib/datadog-agent/auth_token",
						 "/etc/datadog-agent/auth_token",
						 "/var/lib/teleport/host_uuid",
						 "/var/lib/tailscale/tailscaled.state",
						 "/opt/CrowdStrike/falconstore",
						 "/var/lib/fleet-agent",
						 "/etc/insights-client/machine-id",
						 "/etc/rhsm/facts/uuid.facts",
						 NULL};

	check_absent(t, identities, "the identity of one managed machine");
}

SABOTAGE(image, no_management_identity, "a Salt minion id was left in the image")
{
	sabotage_file(t, "/etc/salt/minion_id", "build-7f3a\n");
}

AUDIT(image, no_subscription_identity,
      .title = "The image carries no consumer certificate or registration credentials of the "
	       "builder",
      .priority = P1, .needs = "image:pristine", .sources = "AZCERT:ms-prep/subscription-removed",
      .why = "Every machine of the image would count as the builder's own subscribed system.",
      .remedy = "Unregister before the image is taken: subscription-manager unregister and "
		"clean, SUSEConnect --cleanup, pro detach.")
{
	static const char *const identities[] = {
		"/etc/pki/consumer/cert.pem",
		"/etc/pki/consumer/key.pem",
		"/etc/pki/entitlement",
		"/etc/zypp/credentials.d/SCCcredentials",
		"/etc/sysconfig/rhn/systemid",
		"/var/lib/ubuntu-advantage/private/machine-token.json",
		"/etc/SUSEConnect",
		NULL};

	check_absent(t, identities, "a registration of the builder");
}

SABOTAGE(image, no_subscription_identity, "a consumer certificate was left in the image")
{
	sabotage_file(t, "/etc/pki/consumer/cert.pem", "-----BEGIN CERTIFICATE-----\n");
}

AUDIT(image, no_storage_initiator_identity,
      .title = "No fixed iSCSI initiator name or NVMe host id is baked in", .priority = P2,
      .needs = "image:pristine", .sources = "AZCERT:hygiene/nfs-iscsi-identity",
      .why = "Two initiators with one name break each other's sessions and may both write to "
	     "one disk.",
      .remedy = "Remove the file, or leave the line that has it made at the first start "
		"(GenerateName=yes).")
{
	static const char *const identities[] = {"/etc/nvme/hostnqn", "/etc/nvme/hostid", NULL};
	const char *iscsi = file_text(t, "/etc/iscsi/initiatorname.iscsi");
	const char *name = iscsi ? text_value(t, iscsi, "InitiatorName") : NULL;

	check_absent(t, identities, "the identity of one storage initiator");
	if (name && name[0])
		FAIL(t, "/etc/iscsi/initiatorname.iscsi names \"%s\"", name);
}

SABOTAGE(image, no_storage_initiator_identity, "an NVMe host name was left in the image")
{
	sabotage_file(t, "/etc/nvme/hostnqn",
		      "nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000000\n");
}

AUDIT(image, no_build_hostname,
      .title = "The image's static hostname is empty, localhost or the documented default",
      .priority = P2, .needs = "image:pristine",
      .sources = "imgproof:test_sles_hostname,AZCERT:hygiene/hostname",
      .why = "Machines that carry the build machine's name send it to DHCP, logs and "
	     "certificates.",
      .remedy = "Empty /etc/hostname or write localhost; the policy's hostname names another that "
		"is meant.")
{
	static const char *const neutral[] = {"", "localhost", "localhost.localdomain",
					      "localhost.local", "linux"};
	const char *name = file_line(t, "/etc/hostname"), *id = NULL;
	const char *release = file_text(t, "/etc/os-release");

	if (!name)
		name = "";
	for (size_t i = 0; i < ARRAY_LEN(neutral); i++)
		if (strcmp(name, neutral[i]) == 0) {
			check_passed(t);
			return;
		}
	id = release ? text_value(t, release, "ID") : NULL;
	if ((id && strcmp(name, id) == 0) || strcmp(name, plan_text(t, "hostname", "")) == 0)
		check_passed(t);
	else
		FAIL(t, "/etc/hostname holds \"%s\"", name);
}

SABOTAGE(image, no_build_hostname, "the build machine's name was kept")
{
	sabotage_file(t, "/etc/hostname", "build-7f3a\n");
}

AUDIT(image, no_build_array_identity,
      .title = "No RAID or LVM device list of the build machine remains", .priority = P2,
      .needs = "image:pristine", .sources = "AZCERT:hygiene/lvm-mdadm-identity",
      .why = "A list of the builder's arrays makes the boot wait for disks that are not "
	     "there.",
      .remedy = "Take the ARRAY lines out of mdadm.conf and remove LVM's devices file.")
{
	static const char *const configs[] = {"/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"};
	static const char *const lists[] = {"/etc/lvm/devices/system.devices", NULL};

	for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
		const char *text = file_text(t, configs[i]);
		for (const char *line; text && (line = text_line(t, &text));)
			if (has_prefix(line, "ARRAY "))
				FAIL(t, "%s lists an array: \"%s\"", configs[i], line);
	}
	check_absent(t, lists, "a list of the build machine's volumes");
}

SABOTAGE(image, no_build_array_identity, "an array of the build machine is listed")
{
	sabotage_file(t, "/etc/mdadm.conf",
		      "ARRAY /dev/md0 UUID=00000000:00000000:00000000:00000000\n");
}
