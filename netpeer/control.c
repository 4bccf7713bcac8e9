/* SPDX-License-Identifier: Apache-2.0 */
/* What the host asks of its peer. */
#include "netpeer/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <lwip/etharp.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/netpeer.h"

#define WORDS_MAX 8

/* ---- answers ---- */

static void answer(struct control *control, const char *kind, const char *words, size_t length)
{
	CLEAN_TEXT struct text text = TEXT_INIT(NETPEER_ANSWER_MAX);

	(void)text_addf(&text, "%lu %s ", control->number, kind);
	(void)text_add(&text, words, length);
	control->open = CONTROL_IDLE;
	(void)!send(control->fd, text.buf, text.length, MSG_NOSIGNAL);
}

static void answer_ok(struct control *control, const char *words)
{
	answer(control, "ok", words, strlen(words));
}

static void answer_error(struct control *control, const char *format, ...) PRINTF(2, 3);
static void answer_error(struct control *control, const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	answer(control, "error", words, strlen(words));
}

static void answer_count(struct control *control, enum event event, unsigned long count)
{
	char words[EVENT_DETAIL_SIZE + 32];

	(void)snprintf(words, sizeof words, "%lu %s", count, control->peer->events.details[event]);
	answer_ok(control, words);
}

static void answer_scan(struct control *control)
{
	CLEAN_TEXT struct text ports = TEXT_INIT(NETPEER_ANSWER_MAX - 64);

	for (unsigned port = control->peer->scan.first; port <= control->peer->scan.last; port++)
		if (scan_is_open(&control->peer->scan, port))
			(void)text_addf(&ports, "%u ", port);
	answer(control, "ok", ports.buf, ports.length);
}

/* ---- questions ---- */

struct question {
	struct control *control;
	const char *words[WORDS_MAX];
	unsigned count;
	int fd; /* that came with it, -1: none */
};

static bool number_of(const struct question *question, unsigned word, long long min, long long max,
		      long long *ret)
{
	return word < question->count && number_parse(question->words[word], min, max, ret) == 0;
}

static bool address_of(const struct question *question, unsigned word, ip_addr_t *ret)
{
	return word < question->count && ipaddr_aton(question->words[word], ret);
}

static void ask_count(struct question *question)
{
	struct events *events = &question->control->peer->events;
	enum event event;
	long long nic;

	if (question->count < 2 || event_parse(question->words[1], &event) < 0)
		answer_error(question->control, "count: there is no such event");
	else if (number_of(question, 2, 0, NETWORK_NICS_MAX - 1, &nic))
		answer_count(question->control, event, events->counts[nic][event]);
	else
		answer_count(question->control, event, events_total(events, event));
}

static void ask_await(struct question *question)
{
	struct control *control = question->control;
	long long count, nic = -1;

	if (question->count < 2 || event_parse(question->words[1], &control->event) < 0 ||
	    !number_of(question, 2, 0, INT64_MAX, &count) ||
	    (question->count > 3 && !number_of(question, 3, 0, NETWORK_NICS_MAX - 1, &nic))) {
		answer_error(control, "await: an event and a count are needed, and may be a NIC");
		return;
	}
	control->count = (unsigned long)count;
	control->nic = (int)nic;
	control->open = CONTROL_AWAITS;
}

static void set_lines(struct peer *peer, size_t offset, long long value)
{
	for (unsigned i = 0; i < peer->wire_count; i++) {
		*(unsigned *)(void *)((char *)&peer->wires[i].to_guest + offset) = (unsigned)value;
		*(unsigned *)(void *)((char *)&peer->wires[i].to_peer + offset) = (unsigned)value;
	}
}

static void set_loss(struct peer *peer, long long value)
{
	set_lines(peer, offsetof(struct line, loss_percent), value);
}

static void set_reorder(struct peer *peer, long long value)
{
	set_lines(peer, offsetof(struct line, reorder_percent), value);
}

static void set_delay(struct peer *peer, long long value)
{
	set_lines(peer, offsetof(struct line, delay_ms), value);
}

static void set_lease(struct peer *peer, long long value)
{
	for (unsigned i = 0; i < peer->wire_count; i++)
		peer->wires[i].dhcp.lease_s = (uint32_t)value;
}

static void set_mtu(struct peer *peer, long long value)
{
	for (unsigned i = 0; i < peer->wire_count; i++)
		peer->wires[i].dhcp.mtu = peer->wires[i].router.mtu = (unsigned)value;
}

static void set_ntp_offset(struct peer *peer, long long value)
{
	peer->ntp.offset_ns = value * (long long)NS_PER_MS;
}

static void set_ntp_lost(struct peer *peer, long long value)
{
	peer->ntp.is_unsynchronised = value;
}

static void set_dhcp(struct peer *peer, long long value)
{
	peer->has_dhcp = value;
}

static void set_dns(struct peer *peer, long long value)
{
	peer->has_dns = value;
}

static void set_ntp(struct peer *peer, long long value)
{
	peer->has_ntp = value;
}

static void set_ra(struct peer *peer, long long value)
{
	peer->has_ra = value;
}

static void set_truncates(struct peer *peer, long long value)
{
	peer->zone.truncates = value;
}

/* Sorted by key; a unit test says so. */
static const struct setting {
	const char *key;
	long long min, max;
	void (*set)(struct peer *peer, long long value);
} settings[] = {
	{"delay", 0, 10000, set_delay},
	{"dhcp", 0, 1, set_dhcp},
	{"dns", 0, 1, set_dns},
	{"dns-truncates", 0, 1, set_truncates},
	{"lease", 10, UINT32_MAX, set_lease},
	{"loss", 0, 100, set_loss},
	{"mtu", 0, 9000, set_mtu},
	{"ntp", 0, 1, set_ntp},
	{"ntp-lost", 0, 1, set_ntp_lost},
	{"ntp-offset", -1000000000, 1000000000, set_ntp_offset},
	{"ra", 0, 1, set_ra},
	{"reorder", 0, 100, set_reorder},
};

static void ask_set(struct question *question)
{
	const char *key = question->count > 1 ? question->words[1] : "";
	long long value;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *setting = &settings[i];
		if (strcmp(setting->key, key) != 0)
			continue;
		if (!number_of(question, 2, setting->min, setting->max, &value)) {
			answer_error(question->control, "set %s: from %lld to %lld is possible",
				     key, setting->min, setting->max);
			return;
		}
		setting->set(question->control->peer, value);
		answer_ok(question->control, "");
		return;
	}
	answer_error(question->control, "set: there is no setting %s", key);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The length of the bytes, or negative. */
static int unhex(const char *hex, uint8_t bytes[255])
{
	int length = 0;

	for (; *hex; hex += 2, length++) {
		int high = digit(hex[0]), low = high < 0 ? -1 : digit(hex[1]);
		if (low < 0 || length == 255)
			return -EINVAL;
		bytes[length] = (uint8_t)(high << 4 | low);
	}
	return length;
}

static void ask_option(struct question *question)
{
	struct peer *peer = question->control->peer;
	uint8_t bytes[255];
	long long code;
	int length = question->count > 2 ? unhex(question->words[2], bytes) : -EINVAL;

	if (length < 0 || !number_of(question, 1, 1, 254, &code)) {
		answer_error(question->control,
			     "option: a code and bytes in hexadecimal are needed");
		return;
	}
	for (unsigned i = 0; i < peer->wire_count; i++) {
		if (!dhcp_set_option(&peer->wires[i].dhcp, (unsigned)code, bytes, (size_t)length)) {
			answer_error(question->control, "option: no more than %d are possible",
				     DHCP_OPTIONS_MAX);
			return;
		}
	}
	answer_ok(question->control, "");
}

static void ask_name(struct question *question)
{
	ip_addr_t address;

	if (!address_of(question, 2, &address) || !IP_IS_V4_VAL(address))
		answer_error(question->control, "name: a pattern and an IPv4 address are needed");
	else if (!dns_add(&question->control->peer->zone, question->words[1],
			  lwip_ntohl(ip_2_ip4(&address)->addr)))
		answer_error(question->control, "name: no more than %d are possible",
			     DNS_NAMES_MAX);
	else
		answer_ok(question->control, "");
}

static void ask_connect(struct question *question)
{
	struct control *control = question->control;
	ip_addr_t address;
	long long port;

	if (!address_of(question, 1, &address) || !number_of(question, 2, 1, 65535, &port) ||
	    question->fd < 0) {
		answer_error(control, "connect: an address, a port and a descriptor are needed");
		return;
	}
	int relay = relays_connect(&control->peer->relays, STEAL_FD(question->fd), &address,
				   (uint16_t)port);
	if (relay < 0) {
		answer_error(control, "connect: there is no way to the guest, or no room");
		return;
	}
	control->relay = (unsigned)relay;
	control->open = CONTROL_CONNECTS;
}

static void ask_resolve(struct question *question)
{
	struct control *control = question->control;
	struct netif *netif = NULL;
	ip_addr_t address;

	if (address_of(question, 1, &address) && IP_IS_V4_VAL(address))
		netif = ip4_route(ip_2_ip4(&address));
	if (!netif) {
		answer_error(control, "resolve: an IPv4 address on a wire is needed");
		return;
	}
	etharp_cleanup_netif(netif); /* who answered once need not be there any more */
	ip4_addr_copy(control->address, *ip_2_ip4(&address));
	(void)etharp_query(netif, &control->address, NULL);
	control->open = CONTROL_RESOLVES;
}

static void ask_scan(struct question *question)
{
	struct control *control = question->control;
	long long first, last;
	ip_addr_t address;

	if (!address_of(question, 1, &address) || !IP_IS_V4_VAL(address) ||
	    !number_of(question, 2, 1, 65535, &first) ||
	    !number_of(question, 3, first, 65535, &last)) {
		answer_error(control, "scan: an IPv4 address and two ports are needed");
		return;
	}
	probe_start(control->peer, lwip_ntohl(ip_2_ip4(&address)->addr), (unsigned)first,
		    (unsigned)last);
	control->open = CONTROL_SCANS;
}

static const struct verb {
	const char *name;
	void (*ask)(struct question *question);
} verbs[] = {
	{"await", ask_await},	{"connect", ask_connect}, {"count", ask_count}, {"name", ask_name},
	{"option", ask_option}, {"resolve", ask_resolve}, {"scan", ask_scan},	{"set", ask_set},
};

/* Nobody waits for its answer any more. */
static void give_up_open(struct control *control)
{
	if (control->open == CONTROL_CONNECTS)
		relays_drop(&control->peer->relays, control->relay);
	if (control->open == CONTROL_SCANS)
		control->peer->is_scanning = false;
	control->open = CONTROL_IDLE;
}

static void ask(struct control *control, char *text, int fd)
{
	struct question question = {.control = control, .fd = fd};
	long long number = 0;

	give_up_open(control);
	(void)number_parse(strsep(&text, " "), 0, INT64_MAX, &number);
	control->number = (unsigned long)number;
	while (text && question.count < WORDS_MAX)
		question.words[question.count++] = strsep(&text, " ");
	for (size_t i = 0; i < ARRAY_LEN(verbs) && question.count > 0; i++) {
		if (strcmp(verbs[i].name, question.words[0]) != 0)
			continue;
		verbs[i].ask(&question);
		scope_close(&question.fd);
		return;
	}
	answer_error(control, "there is no such question");
	scope_close(&question.fd);
}

/* ---- the socket ---- */

static int descriptor_of(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at))
		if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS &&
		    at->cmsg_len == CMSG_LEN(sizeof fd))
			memcpy(&fd, CMSG_DATA(at), sizeof fd);
	return fd;
}

void control_init(struct control *control, int fd, struct peer *peer)
{
	*control = (struct control){.fd = fd, .peer = peer};
}

bool control_take(struct control *control)
{
	char text[NETPEER_QUESTION_MAX + 1];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights;
	struct iovec part = {text, NETPEER_QUESTION_MAX};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &rights,
				 .msg_controllen = sizeof rights};
	ssize_t length = recvmsg(control->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	if (length == 0)
		return false;
	text[length] = '\0';
	ask(control, text, descriptor_of(&message));
	return true;
}

static void run_connect(struct control *control)
{
	enum relay_state state = control->peer->relays.all[control->relay].state;

	if (state == RELAY_CONNECTING)
		return;
	if (state == RELAY_OPEN) {
		answer_ok(control, "");
		return;
	}
	relays_drop(&control->peer->relays, control->relay);
	answer_error(control, "the guest refuses the connection");
}

static void run_await(struct control *control)
{
	const struct events *events = &control->peer->events;
	unsigned long count = control->nic < 0 ? events_total(events, control->event)
					       : events->counts[control->nic][control->event];

	if (count >= control->count)
		answer_count(control, control->event, count);
}

static void run_resolve(struct control *control)
{
	struct netif *netif = ip4_route(&control->address);
	const ip4_addr_t *address;
	struct eth_addr *mac;
	char words[18];

	if (!netif || etharp_find_addr(netif, &control->address, &mac, &address) < 0)
		return;
	(void)snprintf(words, sizeof words, "%02x:%02x:%02x:%02x:%02x:%02x", mac->addr[0],
		       mac->addr[1], mac->addr[2], mac->addr[3], mac->addr[4], mac->addr[5]);
	answer_ok(control, words);
}

void control_run(struct control *control)
{
	switch (control->open) {
	case CONTROL_IDLE:
		break;
	case CONTROL_AWAITS:
		run_await(control);
		break;
	case CONTROL_CONNECTS:
		run_connect(control);
		break;
	case CONTROL_RESOLVES:
		run_resolve(control);
		break;
	case CONTROL_SCANS:
		if (control->peer->scan.is_over) {
			control->peer->is_scanning = false;
			answer_scan(control);
		}
		break;
	}
}
