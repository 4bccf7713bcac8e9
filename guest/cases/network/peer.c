/* SPDX-License-Identifier: Apache-2.0 */
/* What the network offers, and whether the guest has taken it: addresses, names, IPv6, a link that comes and goes. */
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"
#include "guest/kit/peer.h"
#include "guest/kit/program.h"

#define WAIT_S	 60
#define WAIT_NS	 (WAIT_S * NS_PER_S)
#define FLAPS	 3
#define DOWN_MS	 1000
#define STRANGER "10.0.2.99" /* on the first NIC's network, but nobody's */

/* ---- IPv4 ---- */

static const char *text_of(struct trial *t, struct in_addr address)
{
	char buf[INET_ADDRSTRLEN];

	return case_format(t, "%s", inet_ntop(AF_INET, &address, buf, sizeof buf));
}

static const char *address_of(struct trial *t, const struct nic *nic)
{
	struct in_addr address;

	return nic_address(nic->name, &address) ? text_of(t, address) : "none";
}

static bool read_netmask(const char *name, struct in_addr *ret)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFNETMASK, &request) < 0)
		return false;
	*ret = ((const struct sockaddr_in *)(const void *)&request.ifr_netmask)->sin_addr;
	return true;
}

static const char *netmask_of(struct trial *t, const struct nic *nic)
{
	struct in_addr netmask;

	return read_netmask(nic->name, &netmask) ? text_of(t, netmask) : "none";
}

static void set_strange_address(struct trial *t, unsigned number, const char *address)
{
	struct nic nic;

	REQUIRE(t, peer_nic(t, number, &nic));
	if (nic_set_address(nic.name, address, "255.255.255.0") < 0)
		case_broken(t, "the NIC's address cannot be changed: %m");
}

CASE(network, dhcp_address_is_the_offered_one,
     .title = "The NIC's address, mask and gateway are those that DHCP offered", .priority = P0,
     .needs = "nics>=1,netpeer:dhcp",
     .why = "An address that the network did not give leads nowhere, or to somebody else's traffic.",
     .remedy =
	     "Let DHCP configure the NIC: look for a static address left over from the build in the network's configuration.",
     .sources = "CIT:network.TestStaticIP")
{
	struct route route;
	struct nic nic;

	REQUIRE(t, peer_nic(t, 0, &nic));
	CHECK(t, nic.is_up);
	CHECK_EQ(t, address_of(t, &nic), peer_planned(t, "address", 0));
	CHECK_EQ(t, netmask_of(t, &nic), plan_text(t, "netmask", "255.255.255.0"));
	REQUIRE(t, route_default(t, &route));
	CHECK_EQ(t, text_of(t, route.gateway), peer_planned(t, "gateway", 0));
}

SABOTAGE(network, dhcp_address_is_the_offered_one, "the NIC has a fixed address")
{
	set_strange_address(t, 0, STRANGER);
}

CASE(network, secondary_nics_get_dhcp,
     .title = "Every further NIC is configured by DHCP as the first one is", .priority = P1,
     .needs = "nics>=2,netpeer:dhcp",
     .why = "A machine with several networks is of no use on the others otherwise.",
     .remedy =
	     "Let the network's configuration match NICs by kind, not by the name or MAC address of the first.",
     .sources = "CIT:network.TestDHCP,kola:rhcos.network.multiple-nics/init-interfaces")
{
	long long count = plan_number(t, "nics", 0);

	for (unsigned i = 1; i < count; i++) {
		struct nic nic;
		if (!peer_nic(t, i, &nic)) {
			FAIL(t, "NIC %u is not there", i);
			continue;
		}
		CHECK(t, nic.is_up);
		CHECK_EQ(t, address_of(t, &nic), peer_planned(t, "address", i));
	}
}

SABOTAGE(network, secondary_nics_get_dhcp, "the second NIC has no address")
{
	set_strange_address(t, 1, "0.0.0.0");
}

/* ---- names ---- */

CASE(network, dns_resolves,
     .title = "A name is resolved by the way that the system's programs take", .priority = P0,
     .needs = "nics>=1,netpeer:dns,cmd:getent", .timeout_s = 60,
     .why = "Without names nothing beyond the own network is found.",
     .remedy = "Check /etc/resolv.conf, /etc/nsswitch.conf and the name server that DHCP offers.",
     .sources =
	     "LISA:verify_dns_name_resolution,CIV:test_dns_resolving_works,AZCERT:ms-policy/200.5b-dns-works,AZCERT:lisa-other/dns")
{
	/* A name that nobody has asked for: none may have it in a cache. */
	const char *name = case_format(t, "n%llu.%s", (unsigned long long)clock_now_ns(),
				       plan_text(t, "domain", "assay.test"));
	struct program_result run = program_run(t, WAIT_S, "getent", "ahostsv4", name, NULL);

	CHECK_EQ(t, run.exit_code, 0);
	CHECK_CONTAINS(t, run.output, plan_text(t, "outside", "?"));
}

SABOTAGE(network, dns_resolves, "the only name server is an address that nobody has")
{
	sabotage_file(t, "/etc/resolv.conf",
		      "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n");
	if (file_exists(t, "/etc/nsswitch.conf"))
		sabotage_file(t, "/etc/nsswitch.conf", "passwd: files\nhosts: files dns\n");
}

/* ---- IPv6 ---- */

static bool has_route6(struct trial *t, const char *nic)
{
	const char *text = file_text(t, "/proc/self/net/ipv6_route");
	char to[33], gateway[33], name[16];
	unsigned length;

	for (const char *at = text, *line; text && (line = text_line(t, &at));)
		if (sscanf(line, "%32s %x %*s %*x %32s %*x %*x %*x %*x %15s", to, &length, gateway,
			   name) == 4 &&
		    length == 0 && has_prefix(gateway, "fe80") && strcmp(name, nic) == 0)
			return true;
	return false;
}

CASE(network, ipv6_autoconfigures,
     .title = "The NIC forms an IPv6 address and a default route from router advertisements",
     .priority = P1, .needs = "nics>=1,netpeer:ra", .timeout_s = 100,
     .why = "Networks without IPv4 are offered, and services live on IPv6 alone.",
     .remedy =
	     "Let the network's configuration accept router advertisements, and IPv6 be on in the kernel.",
     .sources = "CIV:test_network_ipv6_setup")
{
	uint64_t until_ns = clock_now_ns() + WAIT_NS;
	struct in6_addr prefix;
	bool has_address, has_route;
	struct nic nic;

	REQUIRE(t, peer_nic(t, 0, &nic));
	const char *text = case_format(t, "%s::", peer_planned(t, "prefix6_", 0));
	REQUIRE_EQ(t, inet_pton(AF_INET6, text, &prefix), 1);
	do {
		has_address = nic_has_address6(nic.name, &prefix);
		has_route = has_route6(t, nic.name);
	} while (!(has_address && has_route) && pause_until(until_ns, 200));
	CHECK(t, has_address);
	CHECK(t, has_route);
}

static void start_ipv6(void *arg)
{
	(void)knob_write(arg, "0");
}

SABOTAGE(network, ipv6_autoconfigures, "IPv6 is switched off on the NIC")
{
	struct nic nic;

	REQUIRE(t, peer_nic(t, 0, &nic));
	char *path = case_alloc(t, 128);
	(void)snprintf(path, 128, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", nic.name);
	case_defer(t, start_ipv6, path);
	REQUIRE_OK(t, knob_write(path, "1"));
}

/* ---- the link ---- */

CASE(network, link_flap_keeps_connectivity,
     .title = "A NIC that is set down and up again repeatedly has its address and traffic back",
     .priority = P1, .isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:tcp", .timeout_s = 240,
     .waits = true,
     .why = "Drivers are reloaded and hosts migrated under running machines; who does not come back is lost.",
     .remedy = "Check that the network's manager takes notice of links, and sets routes again.",
     .sources = "LISA:verify_network_interface_reload_via_ip_link")
{
	const char *outside = plan_text(t, "outside", "?");
	struct nic nic;

	REQUIRE(t, peer_nic(t, 0, &nic));
	if (link_manager() < 0)
		case_skip(t, "network-manager",
			  "nobody here is there to set routes again when a link is back");
	REQUIRE(t, peer_echoes(outside, WAIT_S));
	for (int i = 0; i < FLAPS; i++) {
		REQUIRE_OK(t, nic_set_up(nic.name, false));
		CHECK(t, !peer_echoes(outside, 0));
		/* The kernel takes routes away and tells nobody: who looks at the link only later, and finds it up, misses it. */
		(void)pause_until(UINT64_MAX, DOWN_MS);
		REQUIRE_OK(t, nic_set_up(nic.name, true));
		CHECK(t, peer_echoes(outside, WAIT_S));
	}
	CHECK_EQ(t, address_of(t, &nic), peer_planned(t, "address", 0));
}

SABOTAGE(network, link_flap_keeps_connectivity, "the network's manager is frozen")
{
	pid_t pid = link_manager();

	if (pid < 0)
		case_broken(t, "no manager of the network is known here");
	helper_signal(t, pid, SIGSTOP, SIGCONT);
}
