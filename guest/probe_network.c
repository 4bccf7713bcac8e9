/* SPDX-License-Identifier: Apache-2.0 */
/* What host cases want of the guest's side of the network. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "guest/kit/peer.h"
#include "guest/kit/probe.h"

#define CARRIER_SIZE 8

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

PROBE(freeze_network_manager, "", "stops the process that looks after the NICs")
{
	pid_t pid = network_manager();

	(void)p;
	if (pid < 0)
		return ESRCH;
	return kill(pid, SIGSTOP) < 0 ? errno : 0;
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
