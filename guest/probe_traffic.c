/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two machines: traffic between them. What is sent is a stream that the receiver can make itself, so each byte is compared
 * without anything being kept. ICMP: RFC 792, RFC 4443; ARP: RFC 826, RFC 5227.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/wait.h"
#include "guest/kit/probe.h"

#define PIECE	     65536
#define DATAGRAM_MAX 65000
#define TRY_NS	     (500 * NS_PER_MS)
#define BETWEEN_NS   (50 * NS_PER_MS)
#define EXPERIMENT   0x88b5 /* IEEE 802: for experiments on a local network */
#define FRAME_BYTES  64

/* ---- a stream that both sides know ---- */

struct stream {
	uint64_t state;
	unsigned used;
};

static void stream_init(struct stream *stream)
{
	*stream = (struct stream){.state = 0x9e3779b97f4a7c15U};
}

static void stream_take(struct stream *stream, unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		if (stream->used == 8) {
			stream->state ^= stream->state << 13;
			stream->state ^= stream->state >> 7;
			stream->state ^= stream->state << 17;
			stream->used = 0;
		}
		uint64_t whole = htole64(stream->state);
		/* Byte by byte an emulated CPU would spend more time on this than on the traffic. */
		if (stream->used == 0 && length - i >= sizeof whole) {
			memcpy(bytes + i, &whole, sizeof whole);
			i += stream->used = sizeof whole;
			continue;
		}
		bytes[i++] = (unsigned char)(stream->state >> 8 * stream->used++);
	}
}

static unsigned long long count_wrong(struct stream *stream, const unsigned char *got,
				      size_t length)
{
	static unsigned char want[PIECE];
	unsigned long long wrong = 0;

	stream_take(stream, want, length);
	if (memcmp(got, want, length) == 0)
		return 0;
	for (size_t i = 0; i < length; i++)
		wrong += got[i] != want[i];
	return wrong;
}

/* ---- arguments ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* An address of either family, with a port; its size, 0 when it is none. "fe80::1%NIC" names the NIC too. */
static socklen_t parse_address(const char *text, unsigned port, union address *ret)
{
	char own[80];

	memset(ret, 0, sizeof *ret);
	(void)snprintf(own, sizeof own, "%s", text);
	char *nic = strchr(own, '%');
	if (nic)
		*nic++ = '\0';
	if (inet_pton(AF_INET, own, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		return sizeof ret->v4;
	}
	if (inet_pton(AF_INET6, own, &ret->v6.sin6_addr) != 1)
		return 0;
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons((uint16_t)port);
	ret->v6.sin6_scope_id = nic ? if_nametoindex(nic) : 0;
	return sizeof ret->v6;
}

static bool number_of(const struct probe_call *p, size_t n, long long max, long long *ret)
{
	return number_parse(probe_argument(p, n), 0, max, ret) == 0;
}

static struct patience seconds(long long count)
{
	return patience_for(-1, (uint64_t)count * NS_PER_S);
}

/* ---- ping ---- */

static int ping_socket(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	int whole = family == AF_INET ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO, off = 0;

	if (fd < 0)
		return -errno;
	if (family == AF_INET) {
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole);
		return fd;
	}
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &whole, sizeof whole);
	/* To all nodes means the others: our own answer would say nothing of the cable. */
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof off);
	return fd;
}

static uint16_t checksum(const unsigned char *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (length % 2)
		sum += (uint32_t)(bytes[length - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Both families have type, code, checksum, identifier and number in the same places. */
static void make_echo(int family, unsigned char *packet, size_t length, unsigned number)
{
	struct icmphdr header = {
		.type = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		.un.echo = {.id = htons((uint16_t)getpid()), .sequence = htons((uint16_t)number)}};
	struct stream stream;

	stream_init(&stream);
	stream_take(&stream, packet, length);
	memcpy(packet, &header, sizeof header);
	if (family == AF_INET) /* the kernel takes care of the other's */
		header.checksum = checksum(packet, length);
	memcpy(packet, &header, sizeof header);
}

static bool is_reply(int family, const unsigned char *got, size_t length, const unsigned char *sent,
		     size_t sent_length)
{
	size_t before = family == AF_INET && length > 0 ? (size_t)(got[0] & 15) * 4 : 0;
	unsigned char type = family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;

	return length == before + sent_length && got[before] == type &&
	       memcmp(got + before + 4, sent + 4, sent_length - 4) == 0;
}

/* True when the reply to what was sent comes before the try is over. */
static bool await_reply(int fd, int family, const unsigned char *sent, size_t length,
			const struct patience *try)
{
	static unsigned char got[PIECE];
	struct err e = {0};

	while (wait_fd(try, fd, POLLIN, "an echo", &e) == 0) {
		ssize_t n = recv(fd, got, sizeof got, 0);
		if (n > 0 && is_reply(family, got, (size_t)n, sent, length))
			return true;
		if (n < 0 && errno != EAGAIN)
			return false; /* e.g. that the host cannot be reached */
	}
	return false;
}

PROBE(ping, "ADDRESS BYTES SECONDS",
      "sends ICMP echoes in packets of that size, never fragmented, until one comes back")
{
	static unsigned char packet[PIECE];
	long long bytes, span;
	union address to;
	socklen_t size = parse_address(probe_argument(p, 0), 0, &to);
	struct err e = {0};
	int error = ETIMEDOUT;

	if (size == 0 || !number_of(p, 1, PIECE - 1, &bytes) || !number_of(p, 2, 600, &span))
		return EINVAL;
	size_t header = to.any.sa_family == AF_INET ? 20 : 40;
	CLEAN_FD int fd = ping_socket(to.any.sa_family);
	struct patience all = seconds(span);
	if (fd < 0 || (size_t)bytes < header + 16)
		return fd < 0 ? -fd : EINVAL;
	size_t length = (size_t)bytes - header;
	for (unsigned number = 1;; number++) {
		struct patience try = patience_within(&all, TRY_NS);
		make_echo(to.any.sa_family, packet, length, number);
		if (sendto(fd, packet, length, 0, &to.any, size) < 0)
			error = errno;
		else if (await_reply(fd, to.any.sa_family, packet, length, &try))
			return 0;
		if (wait_span(&all, BETWEEN_NS, "the network", &e) < 0)
			return error;
	}
}

/* ---- TCP ---- */

static int listen_on(unsigned port, int type)
{
	const int off = 0, on = 1;
	union address own = {.v6 = {.sin6_family = AF_INET6}};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof own.v6;

	own.v6.sin6_port = htons((uint16_t)port);
	if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (fd < 0) { /* IPv6 is switched off */
		own = (union address){.v4 = {.sin_family = AF_INET}};
		own.v4.sin_port = htons((uint16_t)port);
		size = sizeof own.v4;
		fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd >= 0 && bind(fd, &own.any, size) == 0 && (type == SOCK_DGRAM || listen(fd, 1) == 0))
		return fd;
	int error = errno;
	scope_close(&fd);
	return -error;
}

PROBE(tcp_receive, "PORT SECONDS",
      "takes one connection and what is sent over it until its end: bytes=N wrong=N")
{
	static unsigned char piece[PIECE];
	unsigned long long bytes = 0, wrong = 0;
	long long port, span;
	struct stream stream;
	struct err e = {0};

	if (!number_of(p, 0, 65535, &port) || !number_of(p, 1, 3600, &span))
		return EINVAL;
	struct patience all = seconds(span);
	CLEAN_FD int listener = listen_on((unsigned)port, SOCK_STREAM);
	if (listener < 0)
		return -listener;
	if (wait_fd(&all, listener, POLLIN, "a connection", &e) < 0)
		return e.code;
	/* cppcheck-suppress nullPointer ; both pointers may be NULL (accept(2)) */
	CLEAN_FD int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	stream_init(&stream);
	for (ssize_t n = 1; n != 0;) {
		int r = fd < 0 ? -errno : wait_fd(&all, fd, POLLIN, "the stream", &e);
		if (r == 0 && (n = recv(fd, piece, sizeof piece, 0)) < 0 && errno != EAGAIN)
			r = -errno;
		if (r < 0) {
			(void)text_addf(p->reply, "after %llu bytes", bytes);
			return -r;
		}
		if (n > 0) {
			wrong += count_wrong(&stream, piece, (size_t)n);
			bytes += (unsigned long long)n;
		}
	}
	(void)text_addf(p->reply, "bytes=%llu wrong=%llu", bytes, wrong);
	return 0;
}

/* The other side may not be so far yet, or the network: until it is. */
static int connect_to(const union address *to, socklen_t size, const struct patience *all,
		      struct err *e)
{
	for (;;) {
		int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		int error = fd < 0 ? errno : 0;
		socklen_t length = sizeof error;
		if (fd >= 0 && connect(fd, &to->any, size) < 0 && errno != EINPROGRESS)
			error = errno;
		if (error == 0 && wait_fd(all, fd, POLLOUT, "the connection", e) < 0)
			error = e->code;
		if (error == 0)
			(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
		if (error == 0)
			return fd;
		scope_close(&fd);
		if (wait_span(all, BETWEEN_NS, "the other side", e) < 0)
			return -error;
	}
}

static int send_stream(int fd, unsigned long long bytes, const struct patience *all, struct err *e)
{
	static unsigned char piece[PIECE];
	struct stream stream;

	stream_init(&stream);
	while (bytes > 0) {
		size_t length = bytes < sizeof piece ? (size_t)bytes : sizeof piece;
		stream_take(&stream, piece, length);
		int r = wait_write(all, fd, piece, length, "the other side", e);
		if (r < 0)
			return r;
		bytes -= length;
	}
	return shutdown(fd, SHUT_WR) < 0 ? -errno : 0;
}

static void add_info(int fd, int family, struct text *out)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;
	int mtu = -1;

	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	size = sizeof mtu;
	if (family == AF_INET)
		(void)getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &size);
	else
		(void)getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &size);
	(void)text_addf(out, " retransmits=%u rtt_us=%u path_mtu=%d",
			(unsigned)info.tcpi_total_retrans, (unsigned)info.tcpi_rtt, mtu);
}

PROBE(tcp_send, "ADDRESS PORT BYTES SECONDS",
      "connects, sends the stream and waits until it was taken: bytes=N ms=N retransmits=N rtt_us=N path_mtu=N")
{
	long long port, bytes, span;
	union address to;
	struct err e = {0};
	char end;

	if (!number_of(p, 1, 65535, &port) || !number_of(p, 2, 1LL << 40, &bytes) ||
	    !number_of(p, 3, 3600, &span))
		return EINVAL;
	struct patience all = seconds(span);
	socklen_t size = parse_address(probe_argument(p, 0), (unsigned)port, &to);
	CLEAN_FD int fd = size == 0 ? -EINVAL : connect_to(&to, size, &all, &e);
	if (fd < 0)
		return -fd;
	uint64_t start_ns = clock_now_ns();
	int r = send_stream(fd, (unsigned long long)bytes, &all, &e);
	if (r == 0)
		r = wait_fd(&all, fd, POLLIN, "the other side's end", &e);
	if (r == 0 && recv(fd, &end, 1, 0) != 0)
		r = -ECONNRESET;
	(void)text_addf(p->reply, "bytes=%lld ms=%llu", bytes,
			(unsigned long long)((clock_now_ns() - start_ns) / NS_PER_MS));
	add_info(fd, to.any.sa_family, p->reply);
	return -r;
}

PROBE(tcp_idle, "ADDRESS PORT SECONDS",
      "connects, says a byte, waits so long, says the rest: 0 when the connection stood it")
{
	long long port, span;
	union address to;
	struct err e = {0};
	char end;

	if (!number_of(p, 1, 65535, &port) || !number_of(p, 2, 600, &span))
		return EINVAL;
	struct patience all = seconds(2 * span + 60);
	socklen_t size = parse_address(probe_argument(p, 0), (unsigned)port, &to);
	CLEAN_FD int fd = size == 0 ? -EINVAL : connect_to(&to, size, &all, &e);
	struct stream stream;
	unsigned char bytes[16];
	if (fd < 0)
		return -fd;
	stream_init(&stream);
	for (uint64_t i = 0, step_ns = (uint64_t)span * NS_PER_S / sizeof bytes; i < sizeof bytes;
	     i++) {
		stream_take(&stream, bytes, 1);
		int r = wait_write(&all, fd, bytes, 1, "the other side", &e);
		if (r == 0)
			r = wait_span(&all, step_ns, "time to pass", &e);
		if (r < 0)
			return -r;
	}
	if (shutdown(fd, SHUT_WR) < 0)
		return errno;
	int r = wait_fd(&all, fd, POLLIN, "the other side's end", &e);
	if (r < 0)
		return -r;
	return recv(fd, &end, 1, 0) == 0 ? 0 : errno ? errno : ECONNRESET;
}

/* ---- UDP ---- */

PROBE(udp_receive, "PORT SECONDS [GROUP NIC]",
      "takes one datagram, also to a multicast group: bytes=N wrong=N")
{
	static unsigned char datagram[PIECE];
	long long port, span;
	struct stream stream;
	struct ip_mreqn group = {0};
	struct err e = {0};

	if (!number_of(p, 0, 65535, &port) || !number_of(p, 1, 600, &span))
		return EINVAL;
	struct patience all = seconds(span);
	CLEAN_FD int fd = listen_on((unsigned)port, SOCK_DGRAM);
	if (fd < 0)
		return -fd;
	group.imr_ifindex = (int)if_nametoindex(probe_argument(p, 3));
	if (p->argument_count > 2 &&
	    (inet_pton(AF_INET, probe_argument(p, 2), &group.imr_multiaddr) != 1 ||
	     setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) < 0))
		return errno ? errno : EINVAL;
	if (wait_fd(&all, fd, POLLIN, "a datagram", &e) < 0)
		return e.code;
	ssize_t n = recv(fd, datagram, sizeof datagram, 0);
	if (n < 0)
		return errno;
	stream_init(&stream);
	(void)text_addf(p->reply, "bytes=%zd wrong=%llu", n,
			count_wrong(&stream, datagram, (size_t)n));
	return 0;
}

PROBE(udp_send, "ADDRESS PORT BYTES SECONDS [NIC]",
      "sends such a datagram several times in so many seconds; by that NIC to a group")
{
	static unsigned char datagram[DATAGRAM_MAX];
	long long port, bytes, span;
	union address to;
	struct stream stream;
	struct err e = {0};

	if (!number_of(p, 1, 65535, &port) || !number_of(p, 2, DATAGRAM_MAX, &bytes) ||
	    !number_of(p, 3, 600, &span))
		return EINVAL;
	socklen_t size = parse_address(probe_argument(p, 0), (unsigned)port, &to);
	CLEAN_FD int fd = size == 0 ? -1 : socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ip_mreqn out = {.imr_ifindex = (int)if_nametoindex(probe_argument(p, 4))};
	if (fd < 0)
		return size == 0 ? EINVAL : errno;
	if (p->argument_count > 4 &&
	    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out) < 0)
		return errno;
	stream_init(&stream);
	stream_take(&stream, datagram, (size_t)bytes);
	struct patience all = seconds(span);
	do {
		if (sendto(fd, datagram, (size_t)bytes, 0, &to.any, size) < 0 && errno == EMSGSIZE)
			return EMSGSIZE;
	} while (wait_span(&all, 4 * BETWEEN_NS, "the next", &e) == 0);
	return 0;
}

/* ---- frames ---- */

static int frame_socket(const char *nic, unsigned type)
{
	struct sockaddr_ll own = {.sll_family = AF_PACKET,
				  .sll_protocol = htons((uint16_t)type),
				  .sll_ifindex = (int)if_nametoindex(nic)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons((uint16_t)type));

	if (fd < 0)
		return -errno;
	if (own.sll_ifindex != 0 && bind(fd, (struct sockaddr *)&own, sizeof own) == 0)
		return fd;
	int error = own.sll_ifindex == 0 ? ENXIO : errno;
	scope_close(&fd);
	return -error;
}

static int nic_mac(int fd, const char *nic, unsigned char mac[6])
{
	struct ifreq request = {0};

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", nic);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return 0;
}

PROBE(frame_send, "NIC COUNT", "broadcasts so many frames of an experimental type, 20 a second")
{
	unsigned char frame[FRAME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct patience all = seconds(600);
	struct err e = {0};
	long long count;
	CLEAN_FD int fd = frame_socket(probe_argument(p, 0), EXPERIMENT);

	if (fd < 0 || !number_of(p, 1, 10000, &count))
		return fd < 0 ? -fd : EINVAL;
	int r = nic_mac(fd, probe_argument(p, 0), frame + 6);
	frame[12] = EXPERIMENT >> 8;
	frame[13] = EXPERIMENT & 0xff;
	for (; r == 0 && count > 0; count--) {
		if (send(fd, frame, sizeof frame, 0) < 0 && errno != ENOBUFS)
			r = -errno;
		if (r == 0)
			r = wait_span(&all, BETWEEN_NS, "the next frame", &e);
	}
	return -r;
}

PROBE(frame_receive, "NIC SECONDS", "waits for such a frame that came in from outside")
{
	unsigned char frame[FRAME_BYTES];
	struct sockaddr_ll from = {0};
	struct err e = {0};
	long long span;
	CLEAN_FD int fd = frame_socket(probe_argument(p, 0), EXPERIMENT);

	if (fd < 0 || !number_of(p, 1, 600, &span))
		return fd < 0 ? -fd : EINVAL;
	struct patience all = seconds(span);
	while (wait_fd(&all, fd, POLLIN, "a frame", &e) == 0) {
		socklen_t size = sizeof from;
		if (recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &size) > 0 &&
		    from.sll_pkttype != PACKET_OUTGOING)
			return 0;
	}
	return e.code;
}

struct arp_frame {
	unsigned char to[6], from[6];
	uint16_t type, hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	unsigned char sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
} __attribute__((packed));

PROBE(announce, "NIC ADDRESS", "tells all on the NIC's network by ARP that the address is there")
{
	struct arp_frame frame = {.to = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
				  .type = htons(ETHERTYPE_ARP),
				  .hardware = htons(1),
				  .protocol = htons(ETHERTYPE_IP),
				  .hardware_length = 6,
				  .protocol_length = 4,
				  .operation = htons(1)};
	CLEAN_FD int fd = frame_socket(probe_argument(p, 0), ETHERTYPE_ARP);

	if (fd < 0 || inet_pton(AF_INET, probe_argument(p, 1), frame.sender_ip) != 1)
		return fd < 0 ? -fd : EINVAL;
	int r = nic_mac(fd, probe_argument(p, 0), frame.from);
	memcpy(frame.sender_mac, frame.from, 6);
	memcpy(frame.target_ip, frame.sender_ip, 4);
	if (r == 0 && send(fd, &frame, sizeof frame, 0) < 0)
		r = -errno;
	return -r;
}
