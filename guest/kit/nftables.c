/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the kernel's packet filter, by the messages of nf_tables: all of a change in one batch. */
#include "guest/kit/nftables.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/text.h"
#include "guest/kit/netlink.h"

#define CHAIN	   "assay"
#define BATCH_MAX  16384
#define ANSWER_MAX 8192
#define PATIENCE_S 30

/* Where nftables' own tool puts its chains (NF_IP_PRI_NAT_SRC, NF_IP_PRI_FILTER). */
#define PRIORITY_NAT	100
#define PRIORITY_FILTER 0

struct batch {
	struct text messages;
	unsigned asked; /* messages that are answered */
};

static void begin(struct netlink *message, unsigned type, unsigned flags, unsigned family)
{
	const struct nfgenmsg header = {.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0};

	netlink_begin(message, NFNL_SUBSYS_NFTABLES << 8 | type, flags, &header, sizeof header);
}

static void add_number(struct netlink *message, unsigned type, unsigned number)
{
	netlink_u32(message, type, htonl(number));
}

static void batch_add(struct batch *batch, struct netlink *message)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)message->bytes;

	header->nlmsg_len = (uint32_t)message->length;
	batch->asked += (header->nlmsg_flags & NLM_F_ACK) != 0;
	(void)text_add(&batch->messages, message->bytes, message->length);
}

static void batch_mark(struct batch *batch, unsigned type)
{
	const struct nfgenmsg header = {.nfgen_family = AF_UNSPEC,
					.version = NFNETLINK_V0,
					.res_id = htons(NFNL_SUBSYS_NFTABLES)};
	struct netlink message;

	netlink_begin(&message, type, 0, &header, sizeof header);
	((struct nlmsghdr *)(void *)message.bytes)->nlmsg_flags = NLM_F_REQUEST;
	batch_add(batch, &message);
}

static int read_answers(int fd, unsigned count)
{
	_Alignas(4) char answer[ANSWER_MAX];

	while (count > 0) {
		ssize_t length = recv(fd, answer, sizeof answer, 0);
		if (length < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		for (struct nlmsghdr *at = (void *)answer; NLMSG_OK(at, (unsigned)length);
		     at = NLMSG_NEXT(at, length)) {
			int error;
			if (at->nlmsg_type != NLMSG_ERROR)
				return -EBADMSG;
			memcpy(&error, NLMSG_DATA(at), sizeof error);
			if (error != 0)
				return error;
			count -= count > 0;
		}
	}
	return 0;
}

static int batch_send(const struct batch *batch)
{
	CLEAN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	const struct timeval span = {.tv_sec = PATIENCE_S};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (batch->messages.overflowed)
		return -EMSGSIZE;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span) < 0 ||
	    sendto(fd, batch->messages.buf, batch->messages.length, 0,
		   (const struct sockaddr *)&kernel, sizeof kernel) < 0)
		return -errno;
	return read_answers(fd, batch->asked);
}

static struct batch batch_begin(void)
{
	struct batch batch = {.messages = TEXT_INIT(BATCH_MAX)};

	batch_mark(&batch, NFNL_MSG_BATCH_BEGIN);
	return batch;
}

static int batch_do(struct batch *batch)
{
	batch_mark(batch, NFNL_MSG_BATCH_END);
	int r = batch_send(batch);
	text_done(&batch->messages);
	return r;
}

static void add_table(struct batch *batch, const char *table)
{
	struct netlink message;

	begin(&message, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFPROTO_IPV4);
	netlink_text(&message, NFTA_TABLE_NAME, table);
	batch_add(batch, &message);
}

static void add_chain(struct batch *batch, const char *table, const char *type, unsigned hook,
		      unsigned priority, unsigned policy)
{
	struct netlink message;

	begin(&message, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFPROTO_IPV4);
	netlink_text(&message, NFTA_CHAIN_TABLE, table);
	netlink_text(&message, NFTA_CHAIN_NAME, CHAIN);
	netlink_text(&message, NFTA_CHAIN_TYPE, type);
	size_t where = netlink_nest(&message, NFTA_CHAIN_HOOK | NLA_F_NESTED);
	add_number(&message, NFTA_HOOK_HOOKNUM, hook);
	add_number(&message, NFTA_HOOK_PRIORITY, priority);
	netlink_close(&message, where);
	add_number(&message, NFTA_CHAIN_POLICY, policy);
	batch_add(batch, &message);
}

/* A rule of one expression that takes no arguments. */
static void add_rule(struct batch *batch, const char *table, const char *expression)
{
	struct netlink message;

	begin(&message, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFPROTO_IPV4);
	netlink_text(&message, NFTA_RULE_TABLE, table);
	netlink_text(&message, NFTA_RULE_CHAIN, CHAIN);
	size_t list = netlink_nest(&message, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
	size_t element = netlink_nest(&message, NFTA_LIST_ELEM | NLA_F_NESTED);
	netlink_text(&message, NFTA_EXPR_NAME, expression);
	netlink_close(&message, element);
	netlink_close(&message, list);
	batch_add(batch, &message);
}

int nftables_masquerade(const char *table)
{
	struct batch batch = batch_begin();

	add_table(&batch, table);
	add_chain(&batch, table, "nat", NF_INET_POST_ROUTING, PRIORITY_NAT, NF_ACCEPT);
	add_rule(&batch, table, "masq");
	return batch_do(&batch);
}

static int drop_all(const char *table, unsigned hook)
{
	struct batch batch = batch_begin();

	add_table(&batch, table);
	add_chain(&batch, table, "filter", hook, PRIORITY_FILTER, NF_DROP);
	return batch_do(&batch);
}

int nftables_drop_forwarded(const char *table)
{
	return drop_all(table, NF_INET_FORWARD);
}

int nftables_drop_incoming(const char *table)
{
	return drop_all(table, NF_INET_LOCAL_IN);
}

int nftables_delete_all(void)
{
	struct batch batch = batch_begin();
	struct netlink message;

	begin(&message, NFT_MSG_DELTABLE, 0, NFPROTO_UNSPEC);
	batch_add(&batch, &message);
	return batch_do(&batch);
}
