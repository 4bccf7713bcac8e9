/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of rtnetlink(7). */
#include "guest/kit/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX 8192

int netlink_open(void)
{
	const struct timeval span = {.tv_sec = 30};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
	return fd;
}

static void append(struct netlink *request, const void *bytes, size_t size)
{
	size_t padded = NLMSG_ALIGN(size);

	if (request->is_full || sizeof request->bytes - request->length < padded) {
		request->is_full = true;
		return;
	}
	memset(request->bytes + request->length, 0, padded);
	if (size > 0)
		memcpy(request->bytes + request->length, bytes, size);
	request->length += padded;
}

void netlink_begin(struct netlink *request, unsigned type, unsigned flags, const void *header,
		   size_t size)
{
	const struct nlmsghdr own = {.nlmsg_type = (uint16_t)type,
				     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
				     .nlmsg_seq = 1};

	request->length = 0;
	request->is_full = false;
	append(request, &own, sizeof own);
	append(request, header, size);
}

void netlink_add(struct netlink *request, unsigned type, const void *data, size_t size)
{
	const struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(size),
					 .rta_type = (unsigned short)type};

	append(request, &attribute, sizeof attribute);
	append(request, data, size);
}

void netlink_text(struct netlink *request, unsigned type, const char *text)
{
	netlink_add(request, type, text, strlen(text) + 1);
}

void netlink_u8(struct netlink *request, unsigned type, unsigned value)
{
	uint8_t number = (uint8_t)value;

	netlink_add(request, type, &number, sizeof number);
}

void netlink_u16(struct netlink *request, unsigned type, unsigned value)
{
	uint16_t number = (uint16_t)value;

	netlink_add(request, type, &number, sizeof number);
}

void netlink_u32(struct netlink *request, unsigned type, unsigned value)
{
	netlink_add(request, type, &value, sizeof value);
}

size_t netlink_nest(struct netlink *request, unsigned type)
{
	size_t nest = request->length;

	netlink_add(request, type, "", 0);
	return nest;
}

void netlink_close(struct netlink *request, size_t nest)
{
	struct rtattr *attribute = (struct rtattr *)(void *)(request->bytes + nest);

	if (!request->is_full)
		attribute->rta_len = (unsigned short)(request->length - nest);
}

int netlink_do(int fd, struct netlink *request)
{
	struct nlmsghdr *own = (struct nlmsghdr *)(void *)request->bytes;
	_Alignas(4) char answer[ANSWER_MAX];

	if (request->is_full)
		return -EMSGSIZE;
	own->nlmsg_len = (uint32_t)request->length;
	if (send(fd, request->bytes, request->length, 0) < 0)
		return -errno;
	ssize_t length = recv(fd, answer, sizeof answer, 0);
	if (length < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	const struct nlmsghdr *said = (const struct nlmsghdr *)(const void *)answer;
	if (length < (ssize_t)NLMSG_LENGTH(sizeof(int)) || said->nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	int error; /* negative, or 0 */
	memcpy(&error, answer + NLMSG_HDRLEN, sizeof error);
	return error;
}
