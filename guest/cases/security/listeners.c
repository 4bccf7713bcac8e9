/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for what comes from the network. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "guest/kit/case.h"
#include "guest/kit/line.h"

/* SSH, the DHCP clients, and names asked for on the own wire only (LLMNR, mDNS), as systemd-resolved does. */
#define ALLOWED "tcp/22 udp/68 udp/546 tcp/5355 udp/5355 udp/5353"

static const struct socket_table {
	const char *name, *protocol;
	unsigned listening; /* the state in the table's fourth column */
} socket_tables[] = {
	{"tcp", "tcp", 10},
	{"tcp6", "tcp", 10},
	{"udp", "udp", 7},
	{"udp6", "udp", 7},
};

/* The address is printed as 32-bit words in the machine's byte order. */
static bool is_loopback(const char *address)
{
	unsigned word;

	if (strlen(address) == 8)
		return sscanf(address, "%8x", &word) == 1 && ntohl(word) >> 24 == 127;
	return strcmp(address, "00000000000000000000000001000000") == 0 || /* ::1 */
	       (has_prefix(address, "0000000000000000FFFF0000") &&
		sscanf(address + 24, "%8x", &word) == 1 && ntohl(word) >> 24 == 127);
}

/* Those that ask others for the time, for names or for an address, from a port that the kernel chose. */
static const char *const askers[] = {"systemd-timesyn", "chronyd",	  "ntpd",     "openntpd",
				     "systemd-resolve", "dnsmasq",	  "unbound",  "nscd",
				     "systemd-network", "NetworkManager", "dhclient", "dhcpcd"};

static bool has_socket(struct trial *t, const char *pid, unsigned long inode)
{
	const char *wanted = case_format(t, "socket:[%lu]", inode);
	const char *folder = case_format(t, "/proc/%s/fd", pid);

	for (const char *const *fd = file_names(t, folder); *fd; fd++) {
		const char *target = file_link(t, case_format(t, "%s/%s", folder, *fd));
		if (target && strcmp(target, wanted) == 0)
			return true;
	}
	return false;
}

static bool is_askers(struct trial *t, unsigned long inode)
{
	for (const char *const *pid = file_names(t, "/proc"); *pid; pid++) {
		const char *comm = **pid >= '0' && **pid <= '9'
					   ? file_line(t, case_format(t, "/proc/%s/comm", *pid))
					   : NULL;
		for (size_t i = 0; comm && i < ARRAY_LEN(askers); i++)
			if (strcmp(comm, askers[i]) == 0 && has_socket(t, *pid, inode))
				return true;
	}
	return false;
}

static bool is_chosen_by_kernel(struct trial *t, unsigned port)
{
	const char *range = file_line(t, "/proc/sys/net/ipv4/ip_local_port_range");
	unsigned first = 32768, last = 60999;

	if (range)
		(void)sscanf(range, "%u %u", &first, &last);
	return port >= first && port <= last;
}

/* The first socket of that table that nobody allows, as "udp/123"; NULL: there is none. */
static const char *foreign_listener(struct trial *t, const struct socket_table *table,
				    const char *allowed, const char *text)
{
	unsigned long inode;
	char address[33];
	unsigned port, state;

	for (const char *at = text, *line; (line = text_line(t, &at));) {
		if (strstr(line, "local_address"))
			continue;
		if (sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*d %*d %lu",
			   address, &port, &state, &inode) != 4)
			case_broken(t, "the kernel's table %s has a line that is no socket: %s",
				    table->name, line);
		const char *name = case_format(t, "%s/%u", table->protocol, port);
		if (state != table->listening || is_loopback(address) ||
		    list_has(allowed, name, " "))
			continue;
		if (strcmp(table->protocol, "udp") == 0 && is_chosen_by_kernel(t, port) &&
		    is_askers(t, inode))
			continue;
		return name;
	}
	return NULL;
}

CASE_EACH(
	security, listeners_match_allowlist, socket_tables,
	.title = "No socket listens outside the allowlisted addresses and ports", .priority = P1,
	.why = "Each open port is a way in that somebody has to keep safe.",
	.remedy =
		"Stop the service or bind it to loopback; allow a port by `listeners` in the policy ([tcp/22, udp/68]).",
	.sources =
		"CIT:security.TestSockets,kola:fcos.network.listeners,kola:cl.network.listeners,LISA:verify_vm_not_compromised,AZCERT:hygiene/listening-services")
{
	const char *allowed = plan_text(t, "listeners", ALLOWED);
	const char *text = file_text(t, case_format(t, "/proc/self/net/%s", c->name));

	if (!text)
		case_skip(t, "kconfig:IPV6", "the kernel has no table %s", c->name);
	/* Also an empty table has a heading. */
	REQUIRE(t, strstr(text, "local_address") != NULL);
	const char *name = foreign_listener(t, c, allowed, text);
	if (name)
		FAIL(t, "something listens on %s beyond loopback", name);
}

SABOTAGE(security, listeners_match_allowlist, "something listens on port 4444 for everybody")
{
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4444)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 1) < 0)
		case_broken(t, "no listener can be made: %m");
}
