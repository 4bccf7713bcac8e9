/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the kernel's packet filter, by the messages of nf_tables: all of a change in one batch. */
#include "guest/kit/nftables.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/text.h"
#include "guest/kit/netlink.h"

#define CHAIN	   "assay"
#define BATCH_MAX  16384
#define ANSWER_MAX 32768 /* what the kernel puts into one datagram of a list */
#define PATIENCE_S 30
#define NAMES_MAX  4096

#define IP_TABLES "/proc/self/net/ip_tables_names"

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

/* Sends it to the kernel: the socket on which the answers come, or -errno. */
static int ask_kernel(const void *bytes, size_t length)
{
	CLEAN_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	const struct timeval span = {.tv_sec = PATIENCE_S};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span) < 0 ||
	    sendto(fd, bytes, length, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
		return -errno;
	return STEAL_FD(fd);
}

static int batch_send(const struct batch *batch)
{
	CLEAN_FD int fd = -1;

	if (batch->messages.overflowed)
		return -EMSGSIZE;
	fd = ask_kernel(batch->messages.buf, batch->messages.length);
	return fd < 0 ? fd : read_answers(fd, batch->asked);
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

struct chain {
	unsigned family;
	const char *table, *name;
};

/* Begins a rule that becomes the chain's first; gives the list of its expressions, for end_rule. */
static size_t begin_rule(struct netlink *message, const struct chain *chain)
{
	begin(message, NFT_MSG_NEWRULE, NLM_F_CREATE, chain->family);
	netlink_text(message, NFTA_RULE_TABLE, chain->table);
	netlink_text(message, NFTA_RULE_CHAIN, chain->name);
	return netlink_nest(message, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
}

static void end_rule(struct batch *batch, struct netlink *message, size_t list)
{
	netlink_close(message, list);
	batch_add(batch, message);
}

static size_t begin_expression(struct netlink *message, const char *name)
{
	size_t element = netlink_nest(message, NFTA_LIST_ELEM | NLA_F_NESTED);

	netlink_text(message, NFTA_EXPR_NAME, name);
	return element;
}

/* The name of the interface by which the packet comes or goes, by `key`, is loaded and compared. */
static void add_match(struct netlink *message, enum nft_meta_keys key, const char *interface)
{
	char name[IFNAMSIZ] = "";

	(void)snprintf(name, sizeof name, "%s", interface);
	size_t load = begin_expression(message, "meta");
	size_t data = netlink_nest(message, NFTA_EXPR_DATA | NLA_F_NESTED);
	add_number(message, NFTA_META_KEY, key);
	add_number(message, NFTA_META_DREG, NFT_REG_1);
	netlink_close(message, data);
	netlink_close(message, load);

	size_t compare = begin_expression(message, "cmp");
	data = netlink_nest(message, NFTA_EXPR_DATA | NLA_F_NESTED);
	add_number(message, NFTA_CMP_SREG, NFT_REG_1);
	add_number(message, NFTA_CMP_OP, NFT_CMP_EQ);
	size_t value = netlink_nest(message, NFTA_CMP_DATA | NLA_F_NESTED);
	netlink_add(message, NFTA_DATA_VALUE, name, sizeof name);
	netlink_close(message, value);
	netlink_close(message, data);
	netlink_close(message, compare);
}

static void add_verdict(struct netlink *message, unsigned code)
{
	size_t immediate = begin_expression(message, "immediate");
	size_t data = netlink_nest(message, NFTA_EXPR_DATA | NLA_F_NESTED);

	add_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t value = netlink_nest(message, NFTA_IMMEDIATE_DATA | NLA_F_NESTED);
	size_t verdict = netlink_nest(message, NFTA_DATA_VERDICT | NLA_F_NESTED);
	add_number(message, NFTA_VERDICT_CODE, code);
	netlink_close(message, verdict);
	netlink_close(message, value);
	netlink_close(message, data);
	netlink_close(message, immediate);
}

static void judge_interface(struct batch *batch, const struct chain *chain, enum nft_meta_keys key,
			    const char *interface, unsigned verdict)
{
	struct netlink message;
	size_t list = begin_rule(&message, chain);

	add_match(&message, key, interface);
	add_verdict(&message, verdict);
	end_rule(batch, &message, list);
}

int nftables_masquerade(const char *table)
{
	const struct chain chain = {NFPROTO_IPV4, table, CHAIN};
	struct batch batch = batch_begin();
	struct netlink message;

	add_table(&batch, table);
	add_chain(&batch, table, "nat", NF_INET_POST_ROUTING, PRIORITY_NAT, NF_ACCEPT);
	size_t list = begin_rule(&message, &chain);
	netlink_close(&message, begin_expression(&message, "masq"));
	end_rule(&batch, &message, list);
	return batch_do(&batch);
}

int nftables_drop_from(const char *table, const char *interface)
{
	const struct chain chain = {NFPROTO_IPV4, table, CHAIN};
	struct batch batch = batch_begin();

	add_table(&batch, table);
	add_chain(&batch, table, "filter", NF_INET_PRE_ROUTING, PRIORITY_FILTER, NF_ACCEPT);
	judge_interface(&batch, &chain, NFT_META_IIFNAME, interface, NF_DROP);
	return batch_do(&batch);
}

int nftables_drop_incoming(const char *table)
{
	struct batch batch = batch_begin();

	add_table(&batch, table);
	add_chain(&batch, table, "filter", NF_INET_LOCAL_IN, PRIORITY_FILTER, NF_DROP);
	return batch_do(&batch);
}

/* ---- what is there ---- */

/* The attribute of that type among those in `length` bytes; NULL: there is none. */
static const struct nlattr *find_attribute(const void *bytes, size_t length, unsigned type)
{
	const char *at = bytes;

	while (length >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const struct nlattr *)(const void *)at;
		size_t step = NLA_ALIGN(attribute->nla_len);
		if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > length)
			break;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type)
			return attribute;
		if (step >= length)
			break;
		at += step;
		length -= step;
	}
	return NULL;
}

static const struct nlattr *attribute_of(const struct nlmsghdr *message, unsigned type)
{
	const size_t header = NLMSG_LENGTH(sizeof(struct nfgenmsg));

	if (message->nlmsg_len < header)
		return NULL;
	return find_attribute((const char *)message + header, message->nlmsg_len - header, type);
}

/* Attributes are aligned, and so is what is in them; texts of the kernel's are terminated. */
static const void *value_of(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}

static bool is_on_hook(const struct nlmsghdr *message, uint32_t wanted)
{
	const struct nlattr *hook = attribute_of(message, NFTA_CHAIN_HOOK), *number = NULL;
	uint32_t own;

	if (hook)
		number = find_attribute(value_of(hook), hook->nla_len - NLA_HDRLEN,
					NFTA_HOOK_HOOKNUM);
	if (!number || number->nla_len < NLA_HDRLEN + sizeof own)
		return false;
	memcpy(&own, value_of(number), sizeof own);
	return ntohl(own) == wanted;
}

typedef void seen_fn(void *arg, const struct nlmsghdr *message);

/* One datagram of a list: 1 when there are more. */
static int read_list(char *answer, size_t length, seen_fn *seen, void *arg)
{
	for (struct nlmsghdr *at = (void *)answer; NLMSG_OK(at, (unsigned)length);
	     at = NLMSG_NEXT(at, length)) {
		int error = 0;
		if (at->nlmsg_type == NLMSG_DONE)
			return 0;
		if (at->nlmsg_type == NLMSG_ERROR) {
			memcpy(&error, NLMSG_DATA(at), sizeof error);
			return error;
		}
		seen(arg, at);
	}
	return 1;
}

/* Has all objects that the question is about be seen; 0 or -errno. */
static int list(unsigned question, seen_fn *seen, void *arg)
{
	_Alignas(4) char answer[ANSWER_MAX];
	struct netlink message;
	int r;

	begin(&message, question, NLM_F_DUMP, NFPROTO_UNSPEC);
	((struct nlmsghdr *)(void *)message.bytes)->nlmsg_len = (uint32_t)message.length;
	CLEAN_FD int fd = ask_kernel(message.bytes, message.length);
	if (fd < 0)
		return fd;
	do {
		ssize_t length = recv(fd, answer, sizeof answer, 0);
		if (length < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		r = read_list(answer, (size_t)length, seen, arg);
	} while (r > 0);
	return r;
}

struct admission {
	struct batch batch;
	const char *interface;
};

static void admit(void *arg, const struct nlmsghdr *message)
{
	const struct nlattr *table = attribute_of(message, NFTA_CHAIN_TABLE);
	const struct nlattr *name = attribute_of(message, NFTA_CHAIN_NAME);
	struct admission *admission = arg;
	struct nfgenmsg header;

	if (!table || !name || !is_on_hook(message, NF_INET_FORWARD))
		return;
	memcpy(&header, (const char *)message + NLMSG_HDRLEN, sizeof header);
	if (header.nfgen_family != NFPROTO_IPV4 && header.nfgen_family != NFPROTO_INET)
		return;
	const struct chain chain = {header.nfgen_family, value_of(table), value_of(name)};
	judge_interface(&admission->batch, &chain, NFT_META_IIFNAME, admission->interface,
			NF_ACCEPT);
	judge_interface(&admission->batch, &chain, NFT_META_OIFNAME, admission->interface,
			NF_ACCEPT);
}

int nftables_admit_forwarded(const char *interface)
{
	struct admission admission = {batch_begin(), interface};
	int r = list(NFT_MSG_GETCHAIN, admit, &admission);

	if (r == 0)
		return batch_do(&admission.batch);
	text_done(&admission.batch.messages);
	return r;
}

static void count_one(void *arg, const struct nlmsghdr *message UNUSED)
{
	unsigned *count = arg;

	(*count)++;
}

int nftables_delete_all(void)
{
	struct batch batch = batch_begin();
	struct netlink message;
	unsigned left = 0;

	begin(&message, NFT_MSG_DELTABLE, 0, NFPROTO_UNSPEC);
	batch_add(&batch, &message);
	int r = batch_do(&batch);
	if (r == 0)
		r = list(NFT_MSG_GETTABLE, count_one, &left);
	return r == 0 && (left > 0 || iptables_has_filter()) ? -EPERM : r;
}

/* One name a line. */
bool iptables_has_filter(void)
{
	CLEAN_TEXT struct text names = TEXT_INIT(NAMES_MAX);

	if (text_read_file(&names, IP_TABLES) < 0 || names.length == 0)
		return false;
	return has_prefix(names.buf, "filter\n") || strstr(names.buf, "\nfilter\n") != NULL;
}
