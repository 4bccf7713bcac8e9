/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest's firewall lets in. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/cases/host_netpeer.h"

#define SSH	  22
#define PORT	  31999 /* nobody's: a firewall lets it in only if it lets in all */
#define PORT_TEXT "31999"
#define PORT_HEX  ":7CFF"
#define LISTENING PORT_HEX " 00000000:0000 0A"
#define TRIES	  50
#define JOINS	  3
#define ANSWER_S  5

/* Something in the guest that answers there. */
static void start_listener(struct host_trial *t)
{
	if (host_call(t, "probe", "&listen", PORT_TEXT, NULL) != 0)
		host_broken(t, "the guest cannot be made to listen");
	for (unsigned i = 0; i < TRIES; i++) {
		const char *sockets = host_guest_read(t, "/proc/net/tcp");
		if (sockets && strstr(sockets, LISTENING))
			return;
		host_sleep(t, 100);
	}
	host_broken(t, "nothing listens on port " PORT_TEXT " of the guest");
}

/* An emulated machine may once be too late. */
static bool is_let_in(struct host_trial *t, unsigned port)
{
	int fd = -1;

	for (unsigned i = 0; i < JOINS && fd < 0; i++)
		fd = peer_join(t, port, ANSWER_S);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Without it a network that does not work would look like a firewall. */
static void require_guest(struct host_trial *t)
{
	if (!peer_finds_guest(t))
		host_skip(t, "netpeer:dhcp",
			  "the guest does not answer for the address that is its own by the plan");
}

static bool wants_firewall(struct host_trial *t)
{
	return strcmp(host_plan_text(t, "firewall", "off"), "on") == 0;
}

static bool wants_ssh(struct host_trial *t)
{
	return strcmp(host_plan_text(t, "ssh", "yes"), "no") != 0;
}

HOST_CASE(
	security, firewall_state_matches_policy,
	.title = "The host firewall is on or off as designed and lets SSH in", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "policy:firewall,nics>=1,netpeer:tcp",
	.timeout_s = 120,
	.why = "A firewall that is not up protects nobody, and one that nobody meant cuts services off.",
	.remedy =
		"Enable the firewall's service, or take it out of the image; or correct `firewall` in the policy.",
	.sources = "CIV:test_firewalld_is_enabled,CIV:test_firewalld_is_not_running,"
		   "AZCERT:ms-policy/200.4e-firewall-off-unless-needed,AZCERT:openstack/firewall")
{
	start_listener(t);
	require_guest(t);
	bool is_open = is_let_in(t, PORT);
	bool is_ssh_open = !wants_ssh(t) || is_let_in(t, SSH);
	if (!is_open || !is_ssh_open)
		require_guest(t); /* still */
	HOST_CHECK_TEXT(t, is_open ? "off" : "on", wants_firewall(t) ? "on" : "off");
	if (wants_ssh(t))
		HOST_CHECK(t, is_ssh_open);
}

HOST_SABOTAGE(security, firewall_state_matches_policy,
	      "the kernel's packet filter is not what was designed")
{
	const char *state = wants_firewall(t) ? "off" : "on";
	int code = host_call(t, "probe", "firewall", state, NULL);

	if (code == EPERM) { /* firewalld's table is its own as long as it runs */
		(void)host_guest_run(t, NULL, "systemctl", "stop", "firewalld.service", NULL);
		code = host_call(t, "probe", "firewall", state, NULL);
	}
	if (code == EPERM)
		host_broken(
			t,
			"filters stay: in a table that belongs to a process, or of the older ip_tables");
	if (code != 0)
		host_broken(t, "the packet filter cannot be changed: error %d", code);
}
