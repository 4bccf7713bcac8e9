/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP servers that come late, and such as lie. */
#include "host/cases/host_netpeer.h"
#include "host/cases/host_nic.h"

/* ---- late ---- */

/* Longer than NetworkManager tries by default (45 s), and others that count time. systemd-networkd counts attempts, with pauses that
 * double: it has made three by then, and makes the next a dozen seconds later. */
#define LATE_MS		 50000
#define LATE_NETWORKD_MS 20000
#define CONFIGURE_S	 40 /* more than that */
#define LOOK_S		 2

struct late {
	unsigned server_less, carrier_less; /* the NICs' numbers */
	const char *server_less_name, *carrier_less_name;
};

/* Two NICs, of which one is on a network without a DHCP server and the other has no carrier. Skips where nobody looks
 * after NICs that come while the machine runs. */
static struct late plug_too_early(struct host_trial *t)
{
	struct late late = {nic_added(t, 0), nic_added(t, 1), NULL, NULL};

	peer_set(t, "dhcp", 0);
	nic_plug(t, late.carrier_less, 1);
	nic_set_carrier(t, late.carrier_less, false);
	nic_plug_served(t, late.server_less, 0);
	late.server_less_name = nic_await(t, late.server_less);
	late.carrier_less_name = nic_await(t, late.carrier_less);
	return late;
}

static unsigned late_ms(struct host_trial *t)
{
	const char *manager = host_ask(t, "probe", "network_manager", NULL);

	return manager && strcmp(manager, "systemd-network") == 0 ? LATE_NETWORKD_MS : LATE_MS;
}

HOST_CASE(
	network, late_dhcp_server_is_awaited,
	.title = "A DHCP server or a carrier that comes late is still used", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "hotplug-slots>=2,netpeer:dhcp", .timeout_s = 300,
	.waits = true,
	.why = "After a power failure guests are up before switches and servers are.",
	.remedy =
		"Let the DHCP client try for ever: look for a timeout or a number of attempts in its configuration.",
	.sources = "kola:networking/kargs-rd-net,kola:networking/rd-net-timeout-carrier")
{
	struct late late = plug_too_early(t);
	unsigned late_by_ms = late_ms(t), configure_s = late_by_ms / 1000 + CONFIGURE_S;

	host_sleep(t, late_by_ms);
	peer_set(t, "dhcp", 1);
	nic_set_carrier(t, late.carrier_less, true);
	bool is_up = HOST_CHECK_TEXT(t, nic_await_address(t, late.server_less_name, configure_s),
				     nic_planned_address(t, late.server_less, NETWORK_GUEST));
	/* Both could be had from the same moment on: the other has had its time as well. */
	HOST_CHECK_TEXT(t,
			nic_await_address(t, late.carrier_less_name, is_up ? configure_s : LOOK_S),
			nic_planned_address(t, late.carrier_less, NETWORK_GUEST));
}

/* There is a setting for the number of attempts in each client, of another name and in another place; this is what they have in
 * common. The NIC with the late server has been asked for by then. */
HOST_SABOTAGE(network, late_dhcp_server_is_awaited,
	      "whoever asks for addresses stands still after the first attempt")
{
	(void)plug_too_early(t);
	if (host_call(t, "probe", "&keep_network_manager_frozen", NULL) != 0)
		host_broken(t, "the network's manager cannot be frozen");
}

/* ---- hostile ---- */

#define EVERYBODYS "/dev/shm" /* also daemons that may write nowhere else may write there */
#define ROOTS	   "/run"     /* and there such as a security policy keeps from the other */
#define MARK	   "@"	      /* nobody's file has that in its name */
#define COMMAND(m) "touch " EVERYBODYS "/" MARK m " " ROOTS "/" MARK m
#define BYTES(s)   sizeof(s) - 1, (s)
#define LEASE_S	   20
#define TAKEN_S	   110 /* a lease of before is renewed after a minute */
#define LOOK_MS	   250

/* Whatever a shell would make of the text, the command is among it; its mark tells of which. Short, for some clients take no
 * answers of more than 576 bytes. */
static const struct {
	unsigned code, length;
	const char *bytes;
} hostile[] = {
	{12, BYTES("x;" COMMAND("A") ";")},	   /* host name */
	{15, BYTES("$(" COMMAND("B") ")")},	   /* domain */
	{17, BYTES("`" COMMAND("C") "`")},	   /* root path */
	{40, BYTES("x';" COMMAND("D") ";'")},	   /* NIS domain */
	{66, BYTES("x\n" COMMAND("E") "\n")},	   /* TFTP server */
	{67, BYTES("() { :;};" COMMAND("F"))},	   /* boot file */
	{119, BYTES("\034$(" COMMAND("G") ")\0")}, /* search list, as DNS has names */
	{252, BYTES("\";" COMMAND("H") ";\"")},	   /* the proxy's configuration */
};
_Static_assert(sizeof("$(" COMMAND("G") ")") - 1 == 034,
	       "the length before the name in option 119");

static unsigned long leases_taken(struct host_trial *t)
{
	return peer_count(t, "dhcp-request") + peer_count(t, "dhcp-renew");
}

/* A carrier that goes and comes makes most clients ask at once; the others renew. */
static bool client_asks(struct host_trial *t)
{
	unsigned long before = leases_taken(t);
	/* Not "carrier": what is gone for moments only the kernel tells nobody of. */
	const char *state = host_format(t, "/sys/class/net/%s/operstate", nic_first(t));

	nic_set_carrier(t, 0, false);
	(void)host_call(t, "await_line", "10", state, "down", NULL);
	nic_set_carrier(t, 0, true);
	for (unsigned i = 0; i < TAKEN_S * 1000 / LOOK_MS; i++) {
		if (leases_taken(t) > before)
			return true;
		host_sleep(t, LOOK_MS);
	}
	return false;
}

static bool has_marks(struct host_trial *t, const char *folder)
{
	const char *names = host_ask(t, "list", folder, NULL);

	if (!names)
		host_skip(t, host_format(t, "path:%s", folder),
			  "the guest has no folder %s to leave marks in", folder);
	return strstr(names, MARK) != NULL;
}

/* It looks from outside: whether anything was executed for them. Neither does it see whether the client has kept such text from its
 * hooks or the hooks have quoted it, nor can it know of a hook that may write to neither folder. */
HOST_CASE(
	network, hostile_dhcp_options_are_harmless,
	.title = "Shell text in DHCP options is never executed", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:dhcp", .timeout_s = 200,
	.waits = true,
	.why = "Anybody on the network can answer first, and what is executed runs as root.",
	.remedy =
		"Look at the hooks of the DHCP client and the dispatcher's scripts: no eval, and quotes around every value.",
	.sources = "own")
{
	if (has_marks(t, EVERYBODYS) || has_marks(t, ROOTS))
		host_broken(t, "there are names with " MARK " already");
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
		peer_offer(t, hostile[i].code, hostile[i].bytes, hostile[i].length);
	peer_set(t, "lease", LEASE_S);
	if (!client_asks(t))
		host_skip(t, "dhcp-client", "nobody here asks for an address");
	/* When the client renews the lease, it has long done with what came with it. */
	HOST_CHECK(t, peer_saw(t, "dhcp-renew", peer_count(t, "dhcp-renew") + 1, TAKEN_S));
	HOST_CHECK_LACKS(t, host_ask(t, "list", EVERYBODYS, NULL), MARK);
	HOST_CHECK_LACKS(t, host_ask(t, "list", ROOTS, NULL), MARK);
}

/* Not by a hook of the image's own client: good ones keep such text from their hooks, and many have none. So the agent looks at the
 * answers itself, and does what such a hook would do. */
HOST_SABOTAGE(network, hostile_dhcp_options_are_harmless,
	      "something beside the DHCP client has a shell evaluate the domain")
{
	if (host_call(t, "probe", "&evaluate_dhcp_domain", NULL) != 0)
		host_broken(t, "nothing can be planted beside the DHCP client");
}
