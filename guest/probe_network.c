/* SPDX-License-Identifier: Apache-2.0 */
/* What host cases want of the guest's side of the network. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "guest/kit/peer.h"
#include "guest/kit/probe.h"
#include "guest/kit/uevent.h"

#define CARRIER_SIZE 8
#define NAME_SIZE    64

PROBE(echo, "ADDRESS SECONDS", "has something echoed over TCP by that address; 0 when it came back")
{
	long long seconds;

	if (number_parse(probe_argument(p, 1), 0, 600, &seconds) < 0)
		return EINVAL;
	return peer_echoes(probe_argument(p, 0), (unsigned)seconds) ? 0 : ETIMEDOUT;
}

PROBE(address, "NIC", "the NIC's IPv4 address")
{
	struct in_addr address;
	char buf[INET_ADDRSTRLEN];

	if (!nic_address(probe_argument(p, 0), &address))
		return EADDRNOTAVAIL;
	return text_adds(p->reply, inet_ntop(AF_INET, &address, buf, sizeof buf)) ? EMSGSIZE : 0;
}

PROBE(network_manager, "",
      "the name of the process that looks after the NICs, or asks for their addresses")
{
	CLEAN_TEXT struct text comm = TEXT_INIT(NAME_SIZE);
	pid_t pid = network_manager();
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	if (pid < 0 || text_read_file(&comm, path) < 0)
		return ESRCH;
	return text_add(p->reply, comm.buf, strcspn(comm.buf, "\n")) ? EMSGSIZE : 0;
}

PROBE(freeze_network_manager, "", "stops the processes that look after the NICs")
{
	(void)p;
	return freeze_network_managers() ? 0 : ESRCH;
}

PROBE(keep_network_manager_frozen, "",
      "stops those processes, and whoever follows them; for the background")
{
	(void)p;
	keep_frozen(freeze_network_managers);
}

/* An interface that is down has no carrier to tell of: its file cannot be read. */
static bool has_carrier(const char *nic)
{
	CLEAN_TEXT struct text carrier = TEXT_INIT(CARRIER_SIZE);
	char path[128];

	(void)snprintf(path, sizeof path, "/sys/class/net/%s/carrier", nic);
	return text_read_file(&carrier, path) == 0 && carrier.buf[0] == '1';
}

PROBE(lose_address_with_carrier, "NIC", "takes the NIC's address away when it loses its carrier")
{
	const char *nic = probe_argument(p, 0);
	const struct timespec span = {.tv_nsec = 50 * 1000 * 1000};

	while (has_carrier(nic))
		(void)nanosleep(&span, NULL);
	return -nic_set_address(nic, "0.0.0.0", "");
}

PROBE(listen, "PORT", "waits for connections that it never takes; for the background")
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	long long port;

	if (number_parse(probe_argument(p, 0), 1, 65535, &port) < 0)
		return EINVAL;
	to.sin_port = htons((uint16_t)port);
	CLEAN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&to, sizeof to) < 0 || listen(fd, 16) < 0)
		return errno;
	for (;;)
		(void)pause();
}

PROBE(set_address, "NIC ADDRESS NETMASK", "sets the NIC up, with that as its only IPv4 address")
{
	int r = nic_set_up(probe_argument(p, 0), true);

	if (r == 0)
		r = nic_set_address(probe_argument(p, 0), probe_argument(p, 1),
				    probe_argument(p, 2));
	return -r;
}

static void set_part(struct sockaddr *part, const char *number)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	(void)inet_pton(AF_INET, number, &in.sin_addr);
	memcpy(part, &in, sizeof in);
}

PROBE(add_route, "NETWORK NETMASK NIC", "leads a network's traffic to the NIC")
{
	CLEAN_FREE char *nic = xstrdup(probe_argument(p, 2));
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = nic};

	set_part(&route.rt_dst, probe_argument(p, 0));
	set_part(&route.rt_genmask, probe_argument(p, 1));
	return fd < 0 || ioctl(fd, SIOCADDRT, &route) < 0 ? errno : 0;
}

PROBE(await_address, "SECONDS NIC", "waits until the NIC has an IPv4 address, and gives it")
{
	CLEAN_FD int fd = uevent_open();
	struct in_addr address;
	char buf[INET_ADDRSTRLEN];
	long long seconds;

	if (number_parse(probe_argument(p, 0), 0, 3600, &seconds) < 0)
		return EINVAL;
	uint64_t until_ns = clock_now_ns() + (uint64_t)seconds * NS_PER_S;
	while (!nic_address(probe_argument(p, 1), &address))
		if (!uevent_wait(fd, until_ns))
			return ETIMEDOUT;
	return text_adds(p->reply, inet_ntop(AF_INET, &address, buf, sizeof buf)) ? EMSGSIZE : 0;
}

PROBE(await_address6, "SECONDS NIC PREFIX",
      "waits until the NIC has an IPv6 address of that prefix (64 bits)")
{
	CLEAN_FD int fd = uevent_open();
	struct in6_addr prefix;
	long long seconds;

	if (number_parse(probe_argument(p, 0), 0, 3600, &seconds) < 0 ||
	    inet_pton(AF_INET6, probe_argument(p, 2), &prefix) != 1)
		return EINVAL;
	uint64_t until_ns = clock_now_ns() + (uint64_t)seconds * NS_PER_S;
	while (!nic_has_address6(probe_argument(p, 1), &prefix))
		if (!uevent_wait(fd, until_ns))
			return ETIMEDOUT;
	return 0;
}

static void switch_ipv6_off(const char *nic)
{
	char path[300];

	(void)snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", nic);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "1", 1);
}

static void switch_ipv6_off_everywhere(void)
{
	DIR *dir = opendir("/proc/sys/net/ipv6/conf");

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		switch_ipv6_off(entry->d_name);
	if (dir)
		closedir(dir);
}

PROBE(keep_ipv6_off, "", "switches IPv6 off on every NIC, also later ones; for the background")
{
	const struct timespec span = {.tv_nsec = 50 * 1000 * 1000};

	(void)p;
	do
		switch_ipv6_off_everywhere();
	while (nanosleep(&span, NULL) == 0);
	return errno;
}
