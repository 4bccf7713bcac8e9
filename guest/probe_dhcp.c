/* SPDX-License-Identifier: Apache-2.0 */
/* A hook of a DHCP client as it must not be: for a sabotage, whatever client the image has. */
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/kit/probe.h"

#define PORT_CLIENT    68
#define UDP_LENGTH     8
#define OPTIONS_AT     240 /* of RFC 2131: after the magic number */
#define OPTION_PAD     0
#define OPTION_DOMAIN  15
#define OPTION_END     255
#define PACKET_MAX     2048
#define ASSIGNMENT_MAX 300

/* The BOOTP message in an IPv4 packet to a DHCP client; NULL: it is another packet. */
static const uint8_t *message_of(const uint8_t *packet, size_t length, size_t *ret_length)
{
	size_t header = length > 0 ? (packet[0] & 15U) * 4 : 0;

	if (header < 20 || length < header + UDP_LENGTH + OPTIONS_AT || packet[9] != IPPROTO_UDP ||
	    (packet[header + 2] << 8 | packet[header + 3]) != PORT_CLIENT)
		return NULL;
	*ret_length = length - header - UDP_LENGTH;
	return packet + header + UDP_LENGTH;
}

/* An option's length and, after it, its bytes. */
static const uint8_t *find_option(const uint8_t *message, size_t length, unsigned code)
{
	for (size_t at = OPTIONS_AT; at + 1 < length && message[at] != OPTION_END;) {
		if (message[at] == OPTION_PAD) {
			at++;
			continue;
		}
		if (at + 2 + message[at + 1] > length)
			break;
		if (message[at] == code)
			return message + at + 1;
		at += 2U + message[at + 1];
	}
	return NULL;
}

static void evaluate(const uint8_t *domain)
{
	CLEAN_TEXT struct text assignment = TEXT_INIT(ASSIGNMENT_MAX);
	pid_t pid;

	(void)text_addf(&assignment, "domain=%.*s", domain[0], (const char *)(domain + 1));
	if ((pid = fork()) == 0) {
		(void)execl("/bin/sh", "sh", "-c", assignment.buf, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

PROBE(evaluate_dhcp_domain, "",
      "has a shell evaluate the domain of every DHCP answer that comes; for the background")
{
	CLEAN_FD int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
	uint8_t packet[PACKET_MAX];
	ssize_t got;

	(void)p;
	while (fd >= 0 && (got = recv(fd, packet, sizeof packet, 0)) >= 0) {
		size_t length = 0;
		const uint8_t *message = message_of(packet, (size_t)got, &length);
		const uint8_t *domain =
			message ? find_option(message, length, OPTION_DOMAIN) : NULL;
		if (domain)
			evaluate(domain);
	}
	return errno;
}
