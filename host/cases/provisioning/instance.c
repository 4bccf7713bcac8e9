/* SPDX-License-Identifier: Apache-2.0 */
/* What a seed asks for at the creation of a machine: keys, accounts, network, programs to run. */
#include <stdio.h>

#include "host/cases/host_netpeer.h"
#include "host/cases/provisioning/seeded.h"
#include "host/cases/host_trial.h"

#define CONNECT_S 60
#define LOGIN_S	  120
#define PROMPT_S  60
#define LOOK_S	  3

#define WORD "assay-is-in"

/* ---- SSH ---- */

/* The first account of a person whose authorized_keys holds the seed's key; NULL when nobody's does. */
static const char *key_holder(struct host_trial *t)
{
	const char *accounts = host_guest_read(t, "/etc/passwd");
	char name[64], home[256];
	unsigned uid;

	for (const char *at = accounts; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (sscanf(at, "%63[^:\n]:%*[^:\n]:%u:%*u:%*[^:]:%255[^:\n]", name, &uid, home) <
			    3 &&
		    sscanf(at, "%63[^:\n]:%*[^:\n]:%u:%*u::%255[^:\n]", name, &uid, home) < 3)
			continue;
		const char *keys =
			host_guest_read(t, host_format(t, "%s/.ssh/authorized_keys", home));
		if (uid >= 500 && keys && strstr(keys, " assay\n"))
			return host_format(t, "%s", name);
	}
	return NULL;
}

/* What the command says when it is run over SSH; NULL, with the reason noted, when the guest does not let us in. */
static const char *run_over_ssh(struct host_trial *t, const char *user, const char *command)
{
	struct ssh_login login = {
		.user = user,
		.key = seed_key(t),
		.command = command,
	};
	struct patience p = patience_within(&t->patience, LOGIN_S * NS_PER_S);
	struct err e = {0};

	login.fd = peer_join(t, 22, CONNECT_S);
	if (login.fd < 0)
		return NULL;
	text_clear(&t->scratch);
	int r = machine_ssh_run(t->machine, &p, &login, &t->scratch, &e);
	if (r == 0)
		return host_keep(t, t->scratch.buf, t->scratch.length);
	if (e.blame == BLAME_HOST || e.blame == BLAME_BUG || e.code == ECANCELED)
		host_leave_with(t, &e);
	host_note(t, "%s", e.text);
	return NULL;
}

HOST_CASE(provisioning, ssh_key_logs_in,
	  .title = "The key given at creation logs in as the default user", .priority = P0,
	  .isolation = ISOLATION_FORK, .boots_again = true,
	  .needs = "cloud-init,netpeer:tcp,cmd:sshd", .timeout_s = 600,
	  .why = "It is the only way into a new machine; without it the machine is lost.",
	  .remedy = "Check cloud-init's default user and its ssh module, and sshd's "
		    "AuthorizedKeysFile, AllowUsers and home's modes.",
	  .sources = "kola:coreos.ignition.ssh.key,AZCERT:aws-mp/key-injection,"
		     "AZCERT:openstack/key-injection")
{
	seed_machine(t, true);
	const char *user = key_holder(t);
	if (!user) {
		HOST_FAIL(t, "no account but root has the key in its authorized_keys");
		return;
	}
	host_note(t, "the default user is %s", user);
	HOST_CHECK_CONTAINS(t, run_over_ssh(t, user, "echo " WORD " $(id -un)"),
			    host_format(t, WORD " %s", user));
}

static void forget_keys(struct host_trial *t)
{
	const char *config = host_guest_read(t, "/etc/ssh/sshd_config");

	if (!config)
		host_broken(t, "the guest's SSH server has no /etc/ssh/sshd_config");
	host_guest_write(t, "/etc/ssh/sshd_config",
			 host_format(t, "AuthorizedKeysFile none\n%s", config));
	(void)host_guest_run(
		t, NULL, "sh", "-c",
		"kill -HUP $(cat /run/sshd.pid /var/run/sshd.pid 2>/dev/null | head -n 1)", NULL);
}

HOST_SABOTAGE(provisioning, ssh_key_logs_in, "the SSH server reads nobody's authorized keys")
{
	host_plant_later(t, forget_keys);
}

/* ---- the console ---- */

/* What is typed before the shell is there may be lost. Its echo has other words than its answer. */
static bool has_shell(struct host_trial *t)
{
	for (unsigned i = 0; i < PROMPT_S / LOOK_S; i++) {
		host_console_type(t, "echo " WORD "-$((40 + 2))\r");
		if (host_console_wait(t, WORD "-42", LOOK_S))
			return true;
	}
	return false;
}

HOST_CASE(provisioning, password_from_config_logs_in,
	  .title = "A hashed password given in the configuration logs in on the console",
	  .priority = P2, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "cloud-init",
	  .timeout_s = 600,
	  .why = "When the network is broken, the console with a password is the way to repair it.",
	  .remedy = "Check the getty on the serial console, /etc/pam.d/login and /etc/securetty.",
	  .sources = "kola:security/passwd")
{
	seed_machine(t, true);
	host_console_forget(t);
	host_console_type(t, "\r");
	HOST_REQUIRE(t, host_console_wait(t, "login:", PROMPT_S));
	host_console_type(t, SEED_USER "\r");
	HOST_REQUIRE(t, host_console_wait(t, "assword:", PROMPT_S));
	host_console_type(t, SEED_PASSWORD "\r");
	HOST_CHECK(t, has_shell(t));
}

static void forbid_logins(struct host_trial *t)
{
	host_guest_write(t, "/etc/nologin", "planted\n");
}

HOST_SABOTAGE(provisioning, password_from_config_logs_in, "only root may log in")
{
	host_plant_later(t, forbid_logins);
}

/* ---- user-data ---- */

/* Each part of the seed has left its mark once. */
static void check_parts(struct host_trial *t)
{
	static const char *const parts[] = {"script", "gzip", "config", "boothook"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *mark = host_guest_read(t, host_format(t, SEED_FOLDER "/%s", parts[i]));
		if (mark && has_prefix(mark, SEED_RAN))
			host_check_passed(t);
		else
			HOST_FAIL(t, "the part \"%s\" of the user-data was not applied", parts[i]);
	}
}

HOST_CASE(
	provisioning, user_data_forms_all_work,
	.title =
		"Script, boot hook, cloud-config and compressed parts of user data are all applied",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "cloud-init",
	.timeout_s = 600,
	.why = "Customers' tools write any of the forms, and nothing tells them that one was ignored.",
	.remedy = "Compare cloud_init_modules, cloud_config_modules and cloud_final_modules in "
		  "/etc/cloud/cloud.cfg with cloud-init's own; read /var/log/cloud-init.log.",
	.sources =
		"kola:cl.cloudinit.basic,kola:cl.cloudinit.script,kola:cl.cloudinit.multipart-mime")
{
	seed_machine(t, true);
	check_parts(t);
}

HOST_SABOTAGE(provisioning, user_data_forms_all_work,
	      "cloud-init is configured to do nothing but its early commands")
{
	host_plant(t, &seed_ignored);
}

/* ---- network ---- */

HOST_CASE(
	provisioning, seed_network_config_applies,
	.title = "Static addresses from the provisioning media are configured", .priority = P1,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "cloud-init,nics>=1",
	.timeout_s = 600,
	.why = "Networks without DHCP give machines their addresses in this way, or none.",
	.remedy =
		"Let cloud-init render for the network manager that the image uses "
		"(system_info: network: renderers), and do not disable its network configuration.",
	.sources = "own")
{
	seed_machine(t, true);
	/* Local addresses stand there as "|-- ADDRESS" with "/32 host LOCAL" below. */
	HOST_CHECK_CONTAINS(t, host_guest_read(t, "/proc/net/fib_trie"), "|-- " SEED_ADDRESS "\n");
}

HOST_SABOTAGE(provisioning, seed_network_config_applies,
	      "cloud-init is configured to leave the network alone")
{
	host_plant(t, &seed_ignored);
}
