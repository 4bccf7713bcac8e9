/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the system asks for names. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "guest/kit/case.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLVED_CONF                                                                              \
	"/run/systemd/resolve/resolv.conf" /* the servers behind systemd's local stub */

/* Blocks that documents use for examples and no network has (RFC 5737). */
static bool is_documentation(uint32_t ip)
{
	return ip >> 8 == 0xc00002 || ip >> 8 == 0xc63364 || ip >> 8 == 0xcb0071;
}

/* True when the kernel knows a way there; nothing is sent. */
static bool has_route(const struct sockaddr *address, socklen_t length)
{
	CLEAN_FD int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, address, length) == 0;
}

/* Why the server is none, NULL when nothing speaks against it. */
static const char *fault_of(const char *server)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
	char address[64];

	/* An IPv6 address may carry an interface after a percent sign: then only that interface leads there. */
	(void)snprintf(address, sizeof address, "%.*s", (int)strcspn(server, "%"), server);
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
		uint32_t ip = ntohl(v4.sin_addr.s_addr);
		if (ip == 0 || is_documentation(ip))
			return "is an address that no machine has";
		return has_route((struct sockaddr *)&v4, sizeof v4) ? NULL
								    : "cannot be reached: no route";
	}
	if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return "is no address";
	if (strchr(server, '%'))
		return NULL;
	return has_route((struct sockaddr *)&v6, sizeof v6) ? NULL : "cannot be reached: no route";
}

/* Checks the servers in one file; *ret_local when one is this machine itself. */
static unsigned check_servers(struct trial *t, const char *path, bool *ret_local)
{
	const char *text = file_text(t, path);
	char server[64];
	unsigned good = 0;

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (sscanf(line, "nameserver %63s", server) != 1)
			continue;
		const char *fault = fault_of(server);
		if (fault)
			FAIL(t, "%s: name server %s %s", path, server, fault);
		else
			good++;
		*ret_local |= has_prefix(server, "127.");
	}
	return good;
}

/* True when something listens for datagrams on port 53 of 127/8. */
static bool local_resolver_listens(struct trial *t)
{
	const char *text = file_text(t, "/proc/self/net/udp");
	unsigned ip, port;

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (sscanf(line, " %*d: %x:%x", &ip, &port) == 2 && port == 53 &&
		    (ip == 0 || ntohl(ip) >> 24 == 127))
			return true;
	}
	return false;
}

CASE(network, resolver_names_usable_servers,
     .title = "The configured name servers are addresses that can exist and be reached",
     .priority = P0, .needs = "nics>=1",
     .why = "A name server left over from a build or a document makes every name time out.",
     .remedy = "Let DHCP or the local resolver manage /etc/resolv.conf.",
     .sources = "LISA:verify_dns_name_resolution,CIV:test_dns_resolving_works")
{
	bool is_local = false, ignored = false;
	unsigned good = check_servers(t, RESOLV_CONF, &is_local);

	/* Behind a local resolver stand those that the network has offered, which may be none. */
	if (is_local && file_exists(t, RESOLVED_CONF))
		(void)check_servers(t, RESOLVED_CONF, &ignored);
	if (is_local)
		CHECK(t, local_resolver_listens(t));
	else if (good == 0)
		note(t, "no name server is configured: none was offered");
	check_passed(t);
}

SABOTAGE(network, resolver_names_usable_servers, "the name server is one from a document")
{
	sabotage_file(t, RESOLV_CONF, "nameserver 192.0.2.1\n");
}
