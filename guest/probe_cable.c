/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two machines: the guest's end of a cable. The agent enters a network namespace of its own for good (its machine is a copy that
 * is thrown away) and takes the cable's NIC along; so no firewall and no manager of networks has a hand in what is tried there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "guest/kit/netlink.h"
#include "guest/kit/peer.h"
#include "guest/kit/probe.h"

#define NAMES_MAX  (64U << 10)
#define LOOK_NS	   (20 * 1000 * 1000)
#define MAC_LENGTH 6

/* linux/if_bonding.h and net/if.h cannot both be included. */
#define BOND_ACTIVE_BACKUP 1

/* Of the namespace in which the guest's own network is; -1: the agent is still there. */
static int outer_netlink = -1, outer_socket = -1;

static bool parse_mac(const char *text, unsigned char mac[MAC_LENGTH])
{
	unsigned n[MAC_LENGTH];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) !=
	    MAC_LENGTH)
		return false;
	for (int i = 0; i < MAC_LENGTH; i++)
		mac[i] = (unsigned char)n[i];
	return true;
}

static int enter_own_namespace(void)
{
	if (outer_netlink >= 0)
		return 0;
	int netlink = netlink_open(), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (netlink < 0 || fd < 0 || unshare(CLONE_NEWNET) < 0) {
		int error = errno;
		scope_close(&netlink);
		scope_close(&fd);
		return error;
	}
	outer_netlink = netlink;
	outer_socket = fd;
	return -nic_set_up("lo", true);
}

/* The index of the outer namespace's interface with that address; 0: there is none yet. */
static unsigned find_outer(const unsigned char mac[MAC_LENGTH])
{
	CLEAN_TEXT struct text names = TEXT_INIT(NAMES_MAX);

	if (text_read_file(&names, "/proc/1/net/dev") < 0)
		return 0;
	for (const char *at = names.buf; at; at = strchr(at, '\n')) {
		struct ifreq request = {0};
		at += *at == '\n';
		if (sscanf(at, " %15[^: ]:", request.ifr_name) != 1 ||
		    ioctl(outer_socket, SIOCGIFHWADDR, &request) < 0 ||
		    memcmp(request.ifr_hwaddr.sa_data, mac, MAC_LENGTH) != 0)
			continue;
		if (ioctl(outer_socket, SIOCGIFINDEX, &request) == 0)
			return (unsigned)request.ifr_ifindex;
	}
	return 0;
}

/* 0: there is none such. */
static unsigned index_of(const char *name)
{
	return if_nametoindex(name);
}

static int bring_in(unsigned index, const char *name)
{
	struct ifinfomsg link = {.ifi_index = (int)index};
	struct netlink request;

	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	netlink_u32(&request, IFLA_NET_NS_PID, (unsigned)getpid());
	netlink_text(&request, IFLA_IFNAME, name);
	return -netlink_do(outer_netlink, &request);
}

static bool is_running(const char *name)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	return fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
	       (request.ifr_flags & IFF_RUNNING);
}

static void pause_shortly(void)
{
	const struct timespec span = {.tv_nsec = LOOK_NS};

	(void)nanosleep(&span, NULL);
}

PROBE(cable_take, "NUMBER MAC SECONDS",
      "waits for the NIC with that address and takes it into the agent's own network as cableNUMBER, down")
{
	unsigned char mac[MAC_LENGTH];
	unsigned index = 0;
	long long number, seconds;
	char name[16];

	if (number_parse(probe_argument(p, 0), 0, 9, &number) < 0 ||
	    number_parse(probe_argument(p, 2), 0, 600, &seconds) < 0 ||
	    !parse_mac(probe_argument(p, 1), mac))
		return EINVAL;
	uint64_t until_ns = clock_now_ns() + (uint64_t)seconds * NS_PER_S;
	(void)snprintf(name, sizeof name, "cable%lld", number);
	int r = enter_own_namespace();
	while (r == 0 && (index = find_outer(mac)) == 0 && clock_now_ns() < until_ns)
		pause_shortly();
	if (r == 0)
		r = index == 0 ? ETIMEDOUT : bring_in(index, name);
	if (r == ETIMEDOUT)
		(void)text_addf(p->reply, "no NIC %s was seen to come", probe_argument(p, 1));
	return r;
}

PROBE(carrier_await, "NIC SECONDS", "waits until an interface that is up has its carrier")
{
	long long seconds;

	if (number_parse(probe_argument(p, 1), 0, 600, &seconds) < 0)
		return EINVAL;
	uint64_t until_ns = clock_now_ns() + (uint64_t)seconds * NS_PER_S;
	while (!is_running(probe_argument(p, 0)) && clock_now_ns() < until_ns)
		pause_shortly();
	return 0; /* who wants to talk over it sees whether he can */
}

/* ---- addresses ---- */

/* "10.77.0.1/24": the family, or 0. */
static int parse_address(const char *text, unsigned char address[16], unsigned *ret_prefix)
{
	char own[64];

	(void)snprintf(own, sizeof own, "%s", text);
	char *slash = strchr(own, '/');
	int family = strchr(own, ':') ? AF_INET6 : AF_INET;
	long long prefix = family == AF_INET ? 32 : 128;
	if (slash) {
		*slash = '\0';
		if (number_parse(slash + 1, 0, prefix, &prefix) < 0)
			return 0;
	}
	*ret_prefix = (unsigned)prefix;
	return inet_pton(family, own, address) == 1 ? family : 0;
}

static int change_address(const struct probe_call *p, unsigned type, unsigned flags)
{
	bool probes = strcmp(probe_argument(p, 2), "dad") == 0;
	unsigned index = index_of(probe_argument(p, 0)), prefix;
	unsigned char address[16];
	struct netlink request;
	int family = parse_address(probe_argument(p, 1), address, &prefix);
	CLEAN_FD int fd = netlink_open();

	if (fd < 0 || family == 0 || index == 0)
		return fd < 0 ? -fd : family == 0 ? EINVAL : ENXIO;
	struct ifaddrmsg header = {.ifa_family = (uint8_t)family,
				   .ifa_prefixlen = (uint8_t)prefix,
				   .ifa_flags = probes ? 0 : IFA_F_NODAD,
				   .ifa_index = index};
	netlink_begin(&request, type, flags, &header, sizeof header);
	netlink_add(&request, IFA_LOCAL, address, family == AF_INET ? 4 : 16);
	netlink_add(&request, IFA_ADDRESS, address, family == AF_INET ? 4 : 16);
	return -netlink_do(fd, &request);
}

PROBE(address_add, "NIC ADDRESS/LENGTH [dad]",
      "gives the NIC an address, IPv6 without looking for doubles unless told to")
{
	return change_address(p, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
}

PROBE(address_remove, "NIC ADDRESS/LENGTH", "takes an address away")
{
	return change_address(p, RTM_DELADDR, 0);
}

PROBE(address_flags, "NIC",
      "the NIC's IPv6 addresses as /proc/net/if_inet6 has them: address, then flags, in hexadecimal")
{
	CLEAN_TEXT struct text all = TEXT_INIT(NAMES_MAX);
	char address[33], name[16];
	unsigned flags;
	int r = text_read_file(&all, "/proc/net/if_inet6");

	if (r < 0)
		return -r;
	for (const char *at = all.buf;
	     sscanf(at, "%32s %*x %*x %*x %x %15s", address, &flags, name) == 3;) {
		if (strcmp(name, probe_argument(p, 0)) == 0)
			(void)text_addf(p->reply, "%s %x\n", address, flags);
		at = strchr(at, '\n');
		if (!at++)
			break;
	}
	return 0;
}

PROBE(neighbour, "ADDRESS", "the MAC address that the kernel knows for an IPv4 neighbour")
{
	CLEAN_TEXT struct text all = TEXT_INIT(NAMES_MAX);
	char address[64], mac[32];
	int r = text_read_file(&all, "/proc/net/arp");

	if (r < 0)
		return -r;
	for (const char *at = strchr(all.buf, '\n'); at && at[1]; at = strchr(at + 1, '\n'))
		if (sscanf(at + 1, "%63s %*x %*x %31s", address, mac) == 2 &&
		    strcmp(address, probe_argument(p, 0)) == 0)
			return text_adds(p->reply, mac) ? EMSGSIZE : 0;
	return ENOENT;
}

PROBE(neighbour_set, "NIC ADDRESS MAC", "nails an IPv4 neighbour's MAC address down")
{
	struct ndmsg header = {.ndm_family = AF_INET, .ndm_state = NUD_PERMANENT};
	unsigned char mac[MAC_LENGTH], address[16];
	unsigned prefix;
	struct netlink request;
	CLEAN_FD int fd = netlink_open();

	header.ndm_ifindex = (int)index_of(probe_argument(p, 0));
	if (fd < 0 || header.ndm_ifindex == 0 || !parse_mac(probe_argument(p, 2), mac) ||
	    parse_address(probe_argument(p, 1), address, &prefix) != AF_INET)
		return EINVAL;
	netlink_begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
	netlink_add(&request, NDA_DST, address, 4);
	netlink_add(&request, NDA_LLADDR, mac, sizeof mac);
	return -netlink_do(fd, &request);
}

/* ---- links ---- */

/* The value of "key=value" among the arguments from the n-th on; NULL: there is none. */
static const char *option(const struct probe_call *p, size_t from, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = from; i < p->argument_count; i++)
		if (strncmp(p->arguments[i], key, length) == 0 && p->arguments[i][length] == '=')
			return p->arguments[i] + length + 1;
	return NULL;
}

static unsigned option_number(const struct probe_call *p, size_t from, const char *key,
			      unsigned fallback)
{
	const char *text = option(p, from, key);
	long long number = fallback;

	if (text)
		(void)number_parse(text, 0, UINT32_MAX, &number);
	return (unsigned)number;
}

static void add_vlan(struct netlink *request, const struct probe_call *p)
{
	netlink_u16(request, IFLA_VLAN_ID, option_number(p, 2, "id", 1));
}

static void add_bond(struct netlink *request, const struct probe_call *p)
{
	netlink_u8(request, IFLA_BOND_MODE, BOND_ACTIVE_BACKUP);
	netlink_u32(request, IFLA_BOND_MIIMON, option_number(p, 2, "miimon", 100));
}

static void add_vxlan(struct netlink *request, const struct probe_call *p)
{
	const char *remote = option(p, 2, "remote"), *local = option(p, 2, "local");
	unsigned char address[16];
	unsigned prefix;

	netlink_u32(request, IFLA_VXLAN_ID, option_number(p, 2, "id", 1));
	netlink_u16(request, IFLA_VXLAN_PORT, htons((uint16_t)option_number(p, 2, "port", 4789)));
	if (remote && parse_address(remote, address, &prefix) == AF_INET)
		netlink_add(request, IFLA_VXLAN_GROUP, address, 4);
	if (local && parse_address(local, address, &prefix) == AF_INET)
		netlink_add(request, IFLA_VXLAN_LOCAL, address, 4);
}

static void add_macvlan(struct netlink *request, const struct probe_call *p UNUSED)
{
	netlink_u32(request, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
}

static const struct link_kind {
	const char *name;
	void (*add)(struct netlink *request, const struct probe_call *p);
} link_kinds[] = {
	{"bond", add_bond},	  {"bridge", NULL},   {"dummy", NULL},
	{"macvlan", add_macvlan}, {"vlan", add_vlan}, {"vxlan", add_vxlan},
};

static const struct link_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(link_kinds); i++)
		if (strcmp(link_kinds[i].name, name) == 0)
			return &link_kinds[i];
	return NULL;
}

PROBE(link_make, "KIND NAME [on=NIC] [KEY=VALUE]...",
      "makes an interface: bond (miimon), bridge, dummy, macvlan, vlan (id), vxlan (id, local, remote, port)")
{
	const struct link_kind *kind = find_kind(probe_argument(p, 0));
	const char *on = option(p, 2, "on");
	struct ifinfomsg link = {0};
	struct netlink request;
	CLEAN_FD int fd = netlink_open();

	if (fd < 0 || !kind)
		return fd < 0 ? -fd : EINVAL;
	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
	netlink_text(&request, IFLA_IFNAME, probe_argument(p, 1));
	if (on)
		netlink_u32(&request, IFLA_LINK, index_of(on));
	size_t info = netlink_nest(&request, IFLA_LINKINFO);
	netlink_text(&request, IFLA_INFO_KIND, kind->name);
	size_t data = netlink_nest(&request, IFLA_INFO_DATA);
	if (kind->add)
		kind->add(&request, p);
	netlink_close(&request, data);
	netlink_close(&request, info);
	return -netlink_do(fd, &request);
}

static int change_link(int fd, unsigned index, const struct probe_call *p)
{
	const char *master = option(p, 1, "master"), *mac = option(p, 1, "mac");
	struct ifinfomsg link = {.ifi_index = (int)index};
	unsigned char address[MAC_LENGTH];
	struct netlink request;

	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	if (option(p, 1, "mtu"))
		netlink_u32(&request, IFLA_MTU, option_number(p, 1, "mtu", 1500));
	if (master)
		netlink_u32(&request, IFLA_MASTER, index_of(master));
	if (mac && parse_mac(mac, address))
		netlink_add(&request, IFLA_ADDRESS, address, sizeof address);
	return -netlink_do(fd, &request);
}

PROBE(link_set, "NAME [up=0|1] [mtu=N] [master=NAME] [mac=MAC]",
      "changes an interface: down comes first, up last")
{
	const char *name = probe_argument(p, 0);
	unsigned index = index_of(name), up = option_number(p, 1, "up", 2);
	CLEAN_FD int fd = netlink_open();
	int r = fd < 0 ? -fd : index == 0 ? ENXIO : 0;

	if (r == 0 && up == 0)
		r = -nic_set_up(name, false);
	if (r == 0)
		r = change_link(fd, index, p);
	if (r == 0 && up == 1)
		r = -nic_set_up(name, true);
	return r;
}

PROBE(link_remove, "NAME", "removes an interface that was made")
{
	struct ifinfomsg link = {.ifi_index = (int)index_of(probe_argument(p, 0))};
	struct netlink request;
	CLEAN_FD int fd = netlink_open();

	if (fd < 0 || link.ifi_index == 0)
		return fd < 0 ? -fd : ENXIO;
	netlink_begin(&request, RTM_DELLINK, 0, &link, sizeof link);
	return -netlink_do(fd, &request);
}
