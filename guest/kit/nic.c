/* SPDX-License-Identifier: Apache-2.0 */
/* The network as the kernel has it. */
#include "guest/kit/nic.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int control_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void name_request(struct ifreq *request, const char *name)
{
	memset(request, 0, sizeof *request);
	(void)snprintf(request->ifr_name, sizeof request->ifr_name, "%s", name);
}

/* False when the interface is no device on a bus. */
static bool ask_driver(int fd, struct nic *nic)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request;

	name_request(&request, nic->name);
	request.ifr_data = (void *)&info;
	if (ioctl(fd, SIOCETHTOOL, &request) < 0 || info.bus_info[0] == '\0' ||
	    strcmp(info.bus_info, "N/A") == 0)
		return false;
	(void)snprintf(nic->driver, sizeof nic->driver, "%.31s", info.driver);
	(void)snprintf(nic->bus, sizeof nic->bus, "%.31s", info.bus_info);
	return true;
}

static bool ask_state(int fd, struct nic *nic)
{
	struct ifreq request;

	name_request(&request, nic->name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return false;
	nic->is_up = request.ifr_flags & IFF_UP;
	if (ioctl(fd, SIOCGIFMTU, &request) < 0)
		return false;
	nic->mtu = (unsigned)request.ifr_mtu;
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return false;
	memcpy(nic->mac, request.ifr_hwaddr.sa_data, sizeof nic->mac);
	return true;
}

unsigned nics_list(struct trial *t, struct nic *nics, unsigned maximum)
{
	struct if_nameindex *names = if_nameindex();
	int fd = control_socket();
	unsigned count = 0;

	for (struct if_nameindex *at = names; at && fd >= 0 && at->if_index != 0 && count < maximum;
	     at++) {
		struct nic *nic = &nics[count];
		memset(nic, 0, sizeof *nic);
		(void)snprintf(nic->name, sizeof nic->name, "%.15s", at->if_name);
		nic->index = at->if_index;
		count += ask_driver(fd, nic) && ask_state(fd, nic);
	}
	if (names)
		if_freenameindex(names);
	if (fd < 0 || !names)
		case_broken(t, "the network interfaces cannot be listed: %m");
	close(fd);
	return count;
}

bool route_default(struct trial *t, struct route *ret)
{
	const char *text = file_text(t, "/proc/net/route");
	unsigned destination, gateway, flags, mask, best = UINT32_MAX;
	int metric;
	char name[16];

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (sscanf(line, "%15s %x %x %x %*d %*d %d %x", name, &destination, &gateway,
			   &flags, &metric, &mask) != 6)
			continue;
		if (destination != 0 || mask != 0 || !(flags & 2 /* RTF_GATEWAY */) ||
		    (unsigned)metric >= best)
			continue;
		best = (unsigned)metric;
		memcpy(ret->nic, name, sizeof name);
		ret->gateway.s_addr = gateway;
	}
	return best != UINT32_MAX;
}

bool nic_address(const char *name, struct in_addr *ret)
{
	CLEAN_FD int fd = control_socket();
	struct ifreq request;

	name_request(&request, name);
	if (fd < 0 || ioctl(fd, SIOCGIFADDR, &request) < 0)
		return false;
	*ret = ((const struct sockaddr_in *)(const void *)&request.ifr_addr)->sin_addr;
	return true;
}

/* RFC 826 for Ethernet and IPv4. */
struct arp_packet {
	uint16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	unsigned char sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
} __attribute__((packed));

static bool is_answer(int fd, struct in_addr from)
{
	struct arp_packet answer;

	while (recv(fd, &answer, sizeof answer, 0) == sizeof answer) {
		if (answer.operation == htons(ARPOP_REPLY) &&
		    memcmp(answer.sender_ip, &from, 4) == 0)
			return true;
	}
	return false; /* the second is over */
}

bool neighbour_answers(struct trial *t, const struct nic *nic, struct in_addr address)
{
	const struct timeval second = {.tv_sec = 1};
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ARP),
				 .sll_ifindex = (int)nic->index,
				 .sll_halen = 6};
	struct arp_packet question = {htons(ARPHRD_ETHER),
				      htons(ETH_P_IP),
				      6,
				      4,
				      htons(ARPOP_REQUEST),
				      {0},
				      {0},
				      {0},
				      {0}};
	CLEAN_FD int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ARP));
	struct in_addr own = {0};
	bool is_answered = false;

	memset(to.sll_addr, 0xff, 6);
	(void)nic_address(nic->name, &own);
	memcpy(question.sender_mac, nic->mac, 6);
	memcpy(question.sender_ip, &own, 4);
	memcpy(question.target_ip, &address, 4);
	bool is_ready = fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) == 0;
	for (int i = 0; is_ready && i < 3 && !is_answered; i++)
		is_answered = sendto(fd, &question, sizeof question, 0, (struct sockaddr *)&to,
				     sizeof to) > 0 &&
			      is_answer(fd, address);
	if (!is_ready)
		note(t, "no packet socket: %m");
	return is_answered;
}

int nic_set_mtu(const char *name, unsigned mtu)
{
	CLEAN_FD int fd = control_socket();
	struct ifreq request;

	name_request(&request, name);
	request.ifr_mtu = (int)mtu;
	return fd < 0 || ioctl(fd, SIOCSIFMTU, &request) < 0 ? -errno : 0;
}

void sabotage_empty_network(struct trial *t)
{
	if (unshare(CLONE_NEWNET) < 0)
		case_broken(t, "no network namespace: %m");
}
