/* SPDX-License-Identifier: Apache-2.0 */
/* What the SSH server offers to anybody who connects, from its own mouth. Format: RFC 4253. */
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "guest/kit/helper.h"
#include "guest/kit/line.h"
#include "guest/kit/nic.h"

#define PORT	   22
#define BANNER	   "SSH-2.0-Assay\r\n"
#define PACKET_MAX 35000 /* the most that any side must take */
#define KEXINIT	   20
#define LISTS                                                                                      \
	8 /* key exchange, host keys, ciphers, MACs, compressions; both ways from the third on */
#define PATIENCE_S 20

static const char *const weak[] = {
	"3des-cbc",
	"aes128-cbc",
	"aes192-cbc",
	"aes256-cbc",
	"arcfour",
	"arcfour128",
	"arcfour256",
	"blowfish-cbc",
	"cast128-cbc",
	"diffie-hellman-group-exchange-sha1",
	"diffie-hellman-group1-sha1",
	"diffie-hellman-group14-sha1",
	"hmac-md5",
	"hmac-md5-96",
	"hmac-md5-etm@openssh.com",
	"hmac-sha1-96",
	"none",
	"rsa1024-sha1",
	"ssh-dss",
};

/* ---- the client's side ---- */

static int connect_to_server(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_in self = {.sin_family = AF_INET,
				   .sin_port = htons(PORT),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (const struct sockaddr *)&self, sizeof self) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Reads lines until the server's banner has gone by. */
static bool skip_banner(int fd)
{
	char line[512];

	for (int lines = 0; lines < 50; lines++) {
		size_t length = 0;
		while (length < sizeof line && recv(fd, line + length, 1, 0) == 1 &&
		       line[length] != '\n')
			length++;
		if (length == 0 || length == sizeof line)
			return false;
		if (memcmp(line, "SSH-", 4) == 0)
			return true;
	}
	return false;
}

static uint32_t big_endian(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The payload of the server's first packet; its length, 0 when there is none. */
static size_t read_packet(int fd, unsigned char *packet)
{
	unsigned char head[5];

	if (recv(fd, head, sizeof head, MSG_WAITALL) != (ssize_t)sizeof head)
		return 0;
	uint32_t length = big_endian(head), padding = head[4];
	if (length > PACKET_MAX || length < padding + 2)
		return 0;
	length -= 1; /* the padding's own length has been read */
	return recv(fd, packet, length, MSG_WAITALL) == (ssize_t)length ? length - padding : 0;
}

static void check_list(struct trial *t, const char *list)
{
	for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
		if (list_has(list, weak[i], ","))
			FAIL(t, "the server offers %s", weak[i]);
		else
			check_passed(t);
	}
}

CASE(security, sshd_offers_no_weak_algorithms,
     .title = "The SSH server's key exchange offer holds no weak algorithm", .priority = P2,
     .needs = "cmd:sshd",
     .why = "Old clients and attackers in between choose the weakest that is offered.",
     .remedy =
	     "Take the lines Ciphers, MACs and KexAlgorithms out of sshd_config, or the names out of them.",
     .sources = "own")
{
	unsigned char *packet = case_alloc(t, PACKET_MAX);
	int fd = connect_to_server();

	if (fd < 0)
		case_skip(t, "cmd:sshd", "no server listens on port %d", PORT);
	REQUIRE(t, send(fd, BANNER, sizeof BANNER - 1, MSG_NOSIGNAL) > 0 && skip_banner(fd));
	size_t length = read_packet(fd, packet), at = 1 + 16; /* behind the type and the cookie */
	close(fd);
	REQUIRE(t, length > at && packet[0] == KEXINIT);
	for (unsigned i = 0; i < LISTS; i++) {
		REQUIRE(t, length - at >= 4 && big_endian(packet + at) <= length - at - 4);
		uint32_t size = big_endian(packet + at);
		/* Not compressing is no weakness. */
		if (i < 6)
			check_list(t, case_format(t, "%.*s", (int)size,
						  (const char *)packet + at + 4));
		at += 4 + size;
	}
}

/* ---- a server that offers too much ---- */

static void put_list(struct text *out, const char *list)
{
	uint32_t size = htonl((uint32_t)strlen(list));

	(void)text_add(out, (const char *)&size, sizeof size);
	(void)text_adds(out, list);
}

static int offer_weak_things(void *arg)
{
	CLEAN_TEXT struct text payload = TEXT_INIT(4096), packet = TEXT_INIT(4096);
	static const char cookie[16], padding[8] = {0};
	static const char type = KEXINIT, padding_size = sizeof padding;
	int fd = accept(*(const int *)arg, NULL, NULL);

	(void)text_add(&payload, &type, 1);
	(void)text_add(&payload, cookie, sizeof cookie);
	put_list(&payload, "curve25519-sha256");
	put_list(&payload, "ssh-ed25519");
	for (int i = 0; i < 2; i++)
		put_list(&payload, "aes128-ctr,3des-cbc");
	for (int i = 0; i < 2; i++)
		put_list(&payload, "hmac-sha2-256,hmac-md5");
	for (int i = 0; i < 2; i++)
		put_list(&payload, "none");
	uint32_t length = htonl((uint32_t)(payload.length + 1 + sizeof padding));
	(void)text_adds(&packet, "SSH-2.0-Weak\r\n");
	(void)text_add(&packet, (const char *)&length, sizeof length);
	(void)text_add(&packet, &padding_size, 1);
	(void)text_add(&packet, payload.buf, payload.length);
	(void)text_add(&packet, padding, sizeof padding);
	(void)!write(fd, packet.buf, packet.length);
	while (pause_until(UINT64_MAX, 1000))
		;
	return 0;
}

/* A network namespace begins with its loopback down. */
static bool bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

SABOTAGE(security, sshd_offers_no_weak_algorithms, "the server offers MD5 and Triple DES")
{
	static int listener;
	struct sockaddr_in self = {.sin_family = AF_INET,
				   .sin_port = htons(PORT),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	/* In a network of its own, where that port is free. */
	sabotage_empty_network(t);
	if (!bring_loopback_up())
		case_broken(t, "the loopback cannot be brought up: %m");
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (const struct sockaddr *)&self, sizeof self) < 0 ||
	    listen(listener, 1) < 0)
		case_broken(t, "nothing can listen on port %d: %m", PORT);
	(void)helper_start(t, offer_weak_things, &listener);
}
