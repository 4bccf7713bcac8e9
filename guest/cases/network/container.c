/* SPDX-License-Identifier: Apache-2.0 */
/* The way out of a container, as container runtimes build it. */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"
#include "guest/kit/netlink.h"
#include "guest/kit/nftables.h"
#include "guest/kit/peer.h"

#define BRIDGE	"assaybr0"
#define OUTER	"assayveth0"
#define INNER	"assayveth1"
#define GATEWAY "10.78.0.1"
#define ADDRESS "10.78.0.2"
#define NETMASK "255.255.255.0"
#define FORWARD "/proc/sys/net/ipv4/ip_forward"
#define WAIT_S	60
#define ECHO_S	15

static void begin_link(struct netlink *request, const char *name)
{
	const struct ifinfomsg link = {.ifi_index = 0};

	netlink_begin(request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
	netlink_text(request, IFLA_IFNAME, name);
}

static int make_bridge(int fd)
{
	struct netlink request;

	begin_link(&request, BRIDGE);
	size_t info = netlink_nest(&request, IFLA_LINKINFO);
	netlink_text(&request, IFLA_INFO_KIND, "bridge");
	netlink_close(&request, info);
	return netlink_do(fd, &request);
}

static int make_pair(int fd)
{
	const struct ifinfomsg peer = {.ifi_index = 0};
	struct netlink request;

	begin_link(&request, OUTER);
	netlink_u32(&request, IFLA_MASTER, if_nametoindex(BRIDGE));
	size_t info = netlink_nest(&request, IFLA_LINKINFO);
	netlink_text(&request, IFLA_INFO_KIND, "veth");
	size_t data = netlink_nest(&request, IFLA_INFO_DATA), other = request.length;
	netlink_add(&request, VETH_INFO_PEER, &peer, sizeof peer); /* and attributes after it */
	netlink_text(&request, IFLA_IFNAME, INNER);
	netlink_close(&request, other);
	netlink_close(&request, data);
	netlink_close(&request, info);
	return netlink_do(fd, &request);
}

/* ---- inside ---- */

/* What the container's process ends with. */
enum { REACHES, NO_NAMESPACE, NO_INTERFACE, NO_ADDRESS, NO_ROUTE, NO_ANSWER };

static int take_inside(int outer_fd, unsigned index)
{
	const struct ifinfomsg link = {.ifi_index = (int)index};
	struct netlink request;

	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	netlink_u32(&request, IFLA_NET_NS_PID, (unsigned)getpid());
	return netlink_do(outer_fd, &request);
}

static struct sockaddr ipv4(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr any;

	(void)inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(&any, &in, sizeof any);
	return any;
}

static bool add_default_route(void)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY,
				.rt_dst = ipv4("0.0.0.0"),
				.rt_genmask = ipv4("0.0.0.0"),
				.rt_gateway = ipv4(GATEWAY)};

	return fd >= 0 && ioctl(fd, SIOCADDRT, &route) == 0;
}

static int reach_from_inside(void *arg)
{
	const char *outside = arg;
	unsigned index = if_nametoindex(INNER);
	CLEAN_FD int outer_fd = netlink_open();

	if (outer_fd < 0 || unshare(CLONE_NEWNET) < 0)
		return NO_NAMESPACE;
	if (take_inside(outer_fd, index) < 0)
		return NO_INTERFACE;
	if (nic_set_up(INNER, true) < 0 || nic_set_address(INNER, ADDRESS, NETMASK) < 0)
		return NO_ADDRESS;
	if (!add_default_route())
		return NO_ROUTE;
	return peer_echoes(outside, ECHO_S) ? REACHES : NO_ANSWER;
}

/* What a firewall drops elsewhere no rule of one's own lets pass. Runtimes therefore have the firewall itself let their bridge
 * pass, and so does this. */
static void skip_where_closed(struct trial *t, int admitted)
{
	if (admitted < 0)
		case_skip(
			t, "forwarding",
			"the firewall here lets nobody add a bridge to what it forwards: error %d",
			-admitted);
	if (iptables_has_filter())
		case_skip(t, "forwarding",
			  "rules of the older ip_tables may drop what is forwarded here");
}

CASE(network, container_path_forwards,
     .title = "From a network namespace, by veth, bridge and masquerading, the outside is reached",
     .priority = P1, .isolation = ISOLATION_FORK, .timeout_s = 120,
     .needs = "nics>=1,netpeer:tcp,kconfig:BRIDGE,kconfig:VETH,kconfig:NF_TABLES,kconfig:NFT_NAT,"
	      "kconfig:NFT_MASQ",
     .why = "It is how nearly every container gets to the network.",
     .remedy =
	     "Ship the modules bridge, veth, nft_chain_nat and nft_masq; look for firewall rules that drop what comes from bridges.",
     .sources = "own")
{
	static const char *const ends[] = {
		"the outside answers",	   "no namespace",
		"no interface inside",	   "no address inside",
		"no default route inside", "the outside does not answer"};
	char *outside = (char *)(uintptr_t)plan_text(t, "outside", "?");
	int fd, status, admitted;

	REQUIRE(t, peer_echoes(outside, WAIT_S)); /* from the machine itself */
	REQUIRE_OK(t, fd = netlink_open());
	REQUIRE_EQ(t, make_bridge(fd), 0);
	REQUIRE_EQ(t, make_pair(fd), 0);
	close(fd);
	REQUIRE_EQ(t, nic_set_up(BRIDGE, true), 0);
	REQUIRE_EQ(t, nic_set_address(BRIDGE, GATEWAY, NETMASK), 0);
	REQUIRE_EQ(t, nic_set_up(OUTER, true), 0);
	REQUIRE_OK(t, knob_write(FORWARD, "1"));
	admitted = nftables_admit_forwarded(BRIDGE);
	REQUIRE_EQ(t, nftables_masquerade("assay_container"), 0);
	status = helper_run(t, reach_from_inside, outside);
	REQUIRE(t, WIFEXITED(status) && WEXITSTATUS(status) < (int)ARRAY_LEN(ends));
	if (WEXITSTATUS(status) == NO_ANSWER)
		skip_where_closed(t, admitted);
	CHECK_EQ(t, ends[WEXITSTATUS(status)], ends[REACHES]);
}

SABOTAGE(network, container_path_forwards,
	 "a firewall drops what comes from the bridge before it is routed")
{
	int r = nftables_drop_from("assay_sabotage", BRIDGE);

	if (r < 0)
		case_broken(t, "the rule cannot be set: error %d", -r);
}
