/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: listed by the kernel, and switched to another congestion control. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "guest/kit/case.h"
#include "guest/kit/seccomp.h"

#define TCP_LISTENING 10 /* the kernel's TCP_LISTEN */

/* A socket that listens on the loopback, on whatever port is free; its port. */
static int listen_somewhere(struct trial *t, uint16_t *ret_port)
{
	struct sockaddr_in self = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof self;
	int fd;

	REQUIRE_OK(t, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	REQUIRE_OK(t, bind(fd, (const struct sockaddr *)&self, sizeof self));
	REQUIRE_OK(t, listen(fd, 1));
	REQUIRE_OK(t, getsockname(fd, (struct sockaddr *)&self, &size));
	*ret_port = self.sin_port;
	return fd;
}

/* ---- listed ---- */

struct diagnosis_request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

/* True when one of the messages is about a socket on that port (network order). */
static bool has_port(char *bytes, int length, uint16_t port, bool *ret_is_end)
{
	for (struct nlmsghdr *at = (void *)bytes; NLMSG_OK(at, (unsigned)length);
	     at = NLMSG_NEXT(at, length)) {
		*ret_is_end |= at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR;
		if (at->nlmsg_type != SOCK_DIAG_BY_FAMILY)
			continue;
		const struct inet_diag_msg *socket_message = NLMSG_DATA(at);
		if (socket_message->id.idiag_sport == port)
			return true;
	}
	return false;
}

static bool is_listed(int fd, uint16_t port)
{
	_Alignas(struct nlmsghdr) char answer[32768];
	bool is_end = false, is_found = false;

	while (!is_end) {
		ssize_t length = recv(fd, answer, sizeof answer, 0);
		if (length <= 0)
			break;
		is_found |= has_port(answer, (int)length, port, &is_end);
	}
	return is_found;
}

CASE(network, socket_listing_works,
     .title = "The kernel lists TCP sockets through its diagnosis interface", .priority = P2,
     .needs = "kconfig:INET_DIAG",
     .why = "ss and every monitor learn from it who listens and who is connected.",
     .remedy = "Ship the modules inet_diag and tcp_diag with the kernel.", .sources = "own")
{
	const struct diagnosis_request request = {
		.head = {.nlmsg_len = sizeof request,
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = AF_INET,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = 1U << TCP_LISTENING},
	};
	const struct timeval patience = {.tv_sec = 10};
	uint16_t port;
	int listener = listen_somewhere(t, &port), fd;

	CHECK_OK(t, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	CHECK_EQ(t, send(fd, &request, sizeof request, 0), (ssize_t)sizeof request);
	CHECK(t, is_listed(fd, port));
	close(fd);
	close(listener);
}

SABOTAGE(network, socket_listing_works, "the kernel has no such interface")
{
	sabotage_syscall_argument(t, SYS_socket, 2, NETLINK_SOCK_DIAG, EPROTONOSUPPORT);
}

/* ---- switched ---- */

static const char *congestion_control(int fd)
{
	static char name[16];
	socklen_t size = sizeof name;

	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) < 0)
		return "";
	name[sizeof name - 1] = '\0';
	return name;
}

static bool set_congestion_control(int fd, const char *name)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) == 0;
}

/* A few kilobytes from one end to the other. */
static bool carries(int from, int to)
{
	char out[4096], in[sizeof out];
	size_t got = 0;

	memset(out, 'a', sizeof out);
	if (send(from, out, sizeof out, 0) != (ssize_t)sizeof out)
		return false;
	while (got < sizeof in) {
		ssize_t n = recv(to, in + got, sizeof in - got, 0);
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return memcmp(out, in, sizeof in) == 0;
}

CASE(network, congestion_control_applies_to_flow,
     .title = "A live flow can switch congestion control and back without breaking", .priority = P2,
     .needs = "kconfig:TCP_CONG_BBR", .isolation = ISOLATION_FORK,
     .why = "Servers choose it for each of their connections.",
     .remedy = "Ship the module tcp_bbr with the kernel.", .sources = "own")
{
	const struct timeval patience = {.tv_sec = 10};
	uint16_t port;
	int listener = listen_somewhere(t, &port), from, to;
	struct sockaddr_in self = {
		.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	REQUIRE_OK(t, from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	REQUIRE_OK(t, connect(from, (const struct sockaddr *)&self, sizeof self));
	REQUIRE_OK(t, to = accept(listener, NULL, NULL));
	(void)setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	const char *before = case_format(t, "%s", congestion_control(from));
	CHECK(t, carries(from, to));
	CHECK(t, set_congestion_control(from, "bbr"));
	CHECK_EQ(t, congestion_control(from), "bbr");
	CHECK(t, carries(from, to));
	CHECK(t, set_congestion_control(from, before));
	CHECK_EQ(t, congestion_control(from), before);
	CHECK(t, carries(from, to));
	close(from);
	close(to);
	close(listener);
}

SABOTAGE(network, congestion_control_applies_to_flow,
	 "switching says that it was done, and was not")
{
	sabotage_syscall_argument(t, SYS_setsockopt, 2, TCP_CONGESTION, 0);
}
