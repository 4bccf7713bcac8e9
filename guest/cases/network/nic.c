/* SPDX-License-Identifier: Apache-2.0 */
/* The network interfaces: which there are, and what is set on them. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "guest/kit/case.h"
#include "guest/kit/nic.h"

#define NICS_MAX 64

/* Usable beyond the wire: not 169.254/16, not fe80::/10, not loopback. */
static bool is_global(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;
		uint32_t ip = ntohl(v4->sin_addr.s_addr);
		return ip >> 16 != 0xa9fe && ip >> 24 != 127 && ip != 0;
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)address;
		return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
		       !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	}
	return false;
}

static bool has_global_address(struct trial *t, const char *name)
{
	struct ifaddrs *list;
	bool is_found = false;

	if (getifaddrs(&list) < 0)
		case_broken(t, "the addresses cannot be listed: %m");
	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		is_found |=
			strcmp(at->ifa_name, name) == 0 && at->ifa_addr && is_global(at->ifa_addr);
	freeifaddrs(list);
	return is_found;
}

CASE(network, primary_nic_has_address,
     .title = "The primary NIC is up and has an address that is valid beyond its wire",
     .priority = P0, .needs = "nics>=1", .why = "Without an address nobody can reach the machine.",
     .remedy =
	     "Check which network manager runs, whether its configuration matches the NIC's name, and DHCP.",
     .sources = "own")
{
	struct nic nics[NICS_MAX];
	unsigned count = nics_list(t, nics, NICS_MAX);
	struct route route;
	const char *primary;

	REQUIRE(t, count > 0);
	/* The primary NIC is the one on the way out; without a way out it is the first. */
	primary = route_default(t, &route) ? route.nic : nics[0].name;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(nics[i].name, primary) == 0)
			CHECK(t, nics[i].is_up);
	}
	CHECK(t, has_global_address(t, primary));
}

SABOTAGE(network, primary_nic_has_address, "there is no network")
{
	sabotage_empty_network(t);
}

CASE(network, virtio_driver_is_used,
     .title = "Virtual NICs use the paravirtual driver the platform promises", .priority = P1,
     .needs = "nics>=1",
     .why = "An emulated network card costs several times the CPU for a part of the speed.",
     .remedy = "Check that the driver is in the kernel, and what kind of NIC the machine has.",
     .sources =
	     "CIV:test_correct_network_driver_is_used,LISA:verify_deployment_provision_synthetic_nic,AZCERT:ms-policy/200.5d-synthetic-nic")
{
	const char *promised = plan_text(t, "nic_driver", "virtio_net");
	struct nic nics[NICS_MAX];
	unsigned count = nics_list(t, nics, NICS_MAX);

	CHECK_GE(t, count, 1);
	for (unsigned i = 0; i < count; i++)
		CHECK_EQ(t, nics[i].driver, promised);
}

SABOTAGE(network, virtio_driver_is_used, "the kernel has bound no driver to the NIC")
{
	sabotage_empty_network(t);
}

CASE(network, nic_count_matches_size,
     .title = "The number of network interfaces is the one the VM size promises", .priority = P1,
     .why = "A NIC that the kernel did not find is a network that is missing.",
     .remedy = "Look in the kernel log for the NIC's driver.", .sources = "own")
{
	long long promised = plan_number(t, "nics", -1);
	struct nic nics[NICS_MAX];

	if (promised < 0)
		case_skip(t, "policy:size", "the plan does not tell how many NICs the size has");
	CHECK_EQ(t, nics_list(t, nics, NICS_MAX), promised);
}

SABOTAGE(network, nic_count_matches_size, "the NICs are gone")
{
	sabotage_empty_network(t);
}

CASE(network, mtu_matches_policy, .title = "The NIC's MTU is the platform's default",
     .priority = P1, .needs = "nics>=1",
     .why = "Too large an MTU loses big packets without a word, too small a one costs speed.",
     .remedy = "Check the network configuration and the MTU that DHCP offers.", .sources = "own")
{
	struct nic nics[NICS_MAX];
	unsigned count = nics_list(t, nics, NICS_MAX);

	REQUIRE(t, count > 0);
	for (unsigned i = 0; i < count; i++)
		CHECK_EQ(t, nics[i].mtu, plan_number(t, "mtu", 1500));
}

static void restore_mtu(void *arg)
{
	const struct nic *nic = arg;

	(void)nic_set_mtu(nic->name, nic->mtu);
}

SABOTAGE(network, mtu_matches_policy, "the first NIC's MTU is 1280")
{
	struct nic *nic = case_alloc(t, sizeof *nic);

	REQUIRE(t, nics_list(t, nic, 1) == 1);
	case_defer(t, restore_mtu, nic);
	REQUIRE_OK(t, nic_set_mtu(nic->name, 1280));
}

CASE(network, default_route_reaches_gateway,
     .title = "A default route exists and the gateway answers", .priority = P0,
     .needs = "nics>=1,netpeer:arp", .timeout_s = 30,
     .why = "Without a gateway that answers nothing beyond the wire can be reached.",
     .remedy = "Check the address and route that DHCP or the metadata gave.", .sources = "own")
{
	struct nic nics[NICS_MAX];
	unsigned count = nics_list(t, nics, NICS_MAX);
	struct route route;

	REQUIRE(t, route_default(t, &route));
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(nics[i].name, route.nic) == 0)
			CHECK(t, neighbour_answers(t, &nics[i], route.gateway));
	}
}

static int delete_default_route(void)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct sockaddr_in any = {.sin_family = AF_INET};
	struct rtentry entry = {.rt_flags = RTF_UP};

	memcpy(&entry.rt_dst, &any, sizeof any);
	memcpy(&entry.rt_genmask, &any, sizeof any);
	return fd < 0 ? -1 : ioctl(fd, SIOCDELRT, &entry);
}

SABOTAGE(network, default_route_reaches_gateway, "the default route is deleted")
{
	REQUIRE_OK(t, delete_default_route());
}
