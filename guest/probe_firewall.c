/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's packet filter, set up and taken away without a tool: nf_tables, through nfnetlink. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/text.h"
#include "guest/kit/netlink.h"
#include "guest/kit/probe.h"

#define TABLE	   "assay"
#define CHAIN	   "input"
#define BATCH_MAX  4096
#define ANSWER_MAX 8192

/* A filter changes by batches: all of one comes into force, or nothing does. */
static void begin(struct netlink *request, unsigned type, unsigned flags, unsigned family)
{
	const struct nfgenmsg head = {.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0};

	netlink_begin(request, NFNL_SUBSYS_NFTABLES << 8 | type, flags, &head, sizeof head);
}

static void add_request(struct text *batch, struct netlink *request)
{
	struct nlmsghdr *own = (struct nlmsghdr *)(void *)request->bytes;

	own->nlmsg_len = (uint32_t)request->length;
	(void)text_add(batch, request->bytes, request->length);
}

static void add_mark(struct text *batch, unsigned type)
{
	const struct nfgenmsg head = {.version = NFNETLINK_V0,
				      .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	struct netlink mark;

	netlink_begin(&mark, type, 0, &head, sizeof head);
	((struct nlmsghdr *)(void *)mark.bytes)->nlmsg_flags = NLM_F_REQUEST;
	add_request(batch, &mark);
}

/* One table, and in it a chain that drops what comes in. */
static void add_filter(struct text *batch)
{
	struct netlink request;

	begin(&request, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFPROTO_IPV4);
	netlink_text(&request, NFTA_TABLE_NAME, TABLE);
	add_request(batch, &request);
	begin(&request, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFPROTO_IPV4);
	netlink_text(&request, NFTA_CHAIN_TABLE, TABLE);
	netlink_text(&request, NFTA_CHAIN_NAME, CHAIN);
	size_t hook = netlink_nest(&request, NFTA_CHAIN_HOOK | NLA_F_NESTED);
	netlink_u32(&request, NFTA_HOOK_HOOKNUM, htonl(NF_INET_LOCAL_IN));
	netlink_u32(&request, NFTA_HOOK_PRIORITY, 0);
	netlink_close(&request, hook);
	netlink_text(&request, NFTA_CHAIN_TYPE, "filter");
	netlink_u32(&request, NFTA_CHAIN_POLICY, htonl(NF_DROP));
	add_request(batch, &request);
}

/* The tables of all families. */
static void add_flush(struct text *batch)
{
	struct netlink request;

	begin(&request, NFT_MSG_DELTABLE, 0, NFPROTO_UNSPEC);
	add_request(batch, &request);
}

/* Each request has its answer; the first that is no success counts. */
static int await_answers(int fd, unsigned count)
{
	_Alignas(4) char answer[ANSWER_MAX];

	while (count > 0) {
		ssize_t length = recv(fd, answer, sizeof answer, 0);
		if (length < 0)
			return errno;
		for (size_t at = 0; at + NLMSG_LENGTH(sizeof(int)) <= (size_t)length;) {
			const struct nlmsghdr *said =
				(const struct nlmsghdr *)(const void *)(answer + at);
			int error = 0;
			if (said->nlmsg_type == NLMSG_ERROR)
				memcpy(&error, answer + at + NLMSG_HDRLEN, sizeof error);
			if (error != 0)
				return -error;
			count -= count > 0;
			at += NLMSG_ALIGN(said->nlmsg_len ? said->nlmsg_len : NLMSG_HDRLEN);
		}
	}
	return 0;
}

static int send_batch(const struct text *batch, unsigned count)
{
	const struct timeval span = {.tv_sec = 30};
	CLEAN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
	if (send(fd, batch->buf, batch->length, 0) < 0)
		return errno;
	return await_answers(fd, count);
}

PROBE(firewall, "on|off",
      "has the kernel drop all that comes in by IPv4, or takes every filter away")
{
	CLEAN_TEXT struct text batch = TEXT_INIT(BATCH_MAX);
	bool is_on = strcmp(probe_argument(p, 0), "on") == 0;

	add_mark(&batch, NFNL_MSG_BATCH_BEGIN);
	if (is_on)
		add_filter(&batch);
	else
		add_flush(&batch);
	add_mark(&batch, NFNL_MSG_BATCH_END);
	return send_batch(&batch, is_on ? 2 : 1);
}
