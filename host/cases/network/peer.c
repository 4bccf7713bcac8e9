/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's network seen from its other end. */
#include "host/cases/host_netpeer.h"
#include "host/cases/host_nic.h"

/* A lease of two minutes is renewed after one; an emulated CPU may be late. */
#define RENEWAL_S  110
#define ANSWER_S   60
#define NO_LINK_MS 5000

static bool echoes(struct host_trial *t, unsigned seconds)
{
	return host_call(t, "probe", "echo", host_plan_text(t, "outside", "?"),
			 host_format(t, "%u", seconds), NULL) == 0;
}

static void freeze_manager(struct host_trial *t)
{
	if (host_call(t, "probe", "freeze_network_manager", NULL) != 0)
		host_broken(t, "no manager of the network is known in this guest");
}

HOST_CASE(
	network, dhcp_lease_is_renewed,
	.title = "A DHCP lease is renewed before its end, and the address stays", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:dhcp", .timeout_s = 180,
	.waits = true,
	.why = "A lease that runs out takes the machine off the network, hours after all looked well.",
	.remedy = "Check that the DHCP client stays running after the first lease.",
	.sources = "own")
{
	const char *nic = nic_first(t), *before = host_ask(t, "probe", "address", nic, NULL);

	HOST_REQUIRE(t, before != NULL);
	HOST_CHECK(t, peer_saw_on(t, 0, "dhcp-renew", peer_count_on(t, 0, "dhcp-renew") + 1,
				  RENEWAL_S));
	HOST_CHECK_TEXT(t, host_ask(t, "probe", "address", nic, NULL), before);
}

HOST_SABOTAGE(network, dhcp_lease_is_renewed, "the DHCP client is frozen")
{
	freeze_manager(t);
}

HOST_CASE(network, ssh_port_answers,
	  .title = "An SSH server greets whoever connects to its port from outside", .priority = P0,
	  .isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:tcp,cmd:sshd", .timeout_s = 120,
	  .why = "It is the way in for whoever has rented the machine.",
	  .remedy = "Enable the SSH service or socket, and let the firewall pass port 22.",
	  .sources = "kola:basic.PortSSH,AZCERT:ms-faq/ssh-reachable")
{
	const char *banner = peer_connect(t, 22, ANSWER_S);

	HOST_REQUIRE(t, banner != NULL);
	host_note(t, "it says: %s", banner);
	HOST_CHECK(t, has_prefix(banner, "SSH-2.0-"));
}

HOST_SABOTAGE(network, ssh_port_answers, "the SSH service is stopped and masked")
{
	static const char *const units[] = {"ssh.socket", "sshd.socket", "ssh.service",
					    "sshd.service"};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		(void)host_guest_run(t, NULL, "systemctl", "--runtime", "--now", "mask", units[i],
				     NULL);
}

HOST_CASE(
	network, carrier_loss_recovers,
	.title = "After the host has taken the carrier away and given it back, traffic resumes",
	.priority = P1, .isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:tcp",
	.timeout_s = 200, .waits = true,
	.why = "Switches restart and machines migrate; a guest that does not come back is lost.",
	.remedy = "Check what the network's manager does when a link goes, and when it comes back.",
	.sources = "own")
{
	HOST_REQUIRE(t, echoes(t, ANSWER_S));
	HOST_REQUIRE(t, host_qmp(t, "set_link", "{\"name\":\"net0\",\"up\":false}") != NULL);
	host_sleep(t, NO_LINK_MS);
	HOST_CHECK(t, !echoes(t, 1));
	HOST_REQUIRE(t, host_qmp(t, "set_link", "{\"name\":\"net0\",\"up\":true}") != NULL);
	HOST_CHECK(t, echoes(t, ANSWER_S));
}

HOST_SABOTAGE(network, carrier_loss_recovers,
	      "the address goes with the carrier, and the network's manager is frozen")
{
	const char *nic = nic_first(t);

	freeze_manager(t);
	if (host_call(t, "probe", "&lose_address_with_carrier", nic, NULL) != 0)
		host_broken(t, "the guest cannot be made to lose its address");
}
