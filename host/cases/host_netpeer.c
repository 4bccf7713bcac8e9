/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the machine's network, for host cases. */
#include "host/cases/host_netpeer.h"

#include <stdio.h>
#include <sys/socket.h>

#include "host/cases/host_trial.h"
#include "wire/netpeer.h"

#define ANSWER_SPAN_NS (30 * NS_PER_S)
#define SCAN_SPAN_NS   (300 * NS_PER_S)
#define LINE_MAX_BYTES 256
/* Within each ARP is asked several times. */
#define FIND_SPAN_NS (5 * NS_PER_S)
#define FIND_TRIES   4

/* The answer's words; NULL when the peer says no or the time is over. Everything else ends the case without an outcome. */
static const char *ask(struct host_trial *t, uint64_t span_ns, int fd, const char *question)
{
	struct patience p = patience_within(&t->patience, span_ns);
	struct err e = {0};

	text_clear(&t->scratch);
	int r = machine_ask_netpeer(t->machine, &p, question, fd, &t->scratch, &e);
	if (r == 0)
		return host_keep(t, t->scratch.buf, t->scratch.length);
	host_note(t, "%s: %s", question, e.text);
	if (r == -EREMOTEIO || r == -ETIMEDOUT)
		return NULL;
	host_leave_with(t, &e);
}

static unsigned long count_of(const char *words)
{
	unsigned long count = 0;

	return words && sscanf(words, "%lu", &count) == 1 ? count : 0;
}

static unsigned long count(struct host_trial *t, const char *event, const char *question)
{
	const char *words = ask(t, ANSWER_SPAN_NS, -1, question);

	if (!words)
		host_broken(t, "the network's other end knows no event %s", event);
	return count_of(words);
}

unsigned long peer_count(struct host_trial *t, const char *event)
{
	return count(t, event, host_format(t, "count %s", event));
}

unsigned long peer_count_on(struct host_trial *t, unsigned nic, const char *event)
{
	return count(t, event, host_format(t, "count %s %u", event, nic));
}

static bool saw(struct host_trial *t, const char *event, unsigned long times, unsigned seconds,
		const char *question)
{
	const char *words = ask(t, seconds * NS_PER_S, -1, question);

	if (words)
		host_note(t, "%s: %s", event, words);
	return count_of(words) >= times;
}

bool peer_saw(struct host_trial *t, const char *event, unsigned long times, unsigned seconds)
{
	return saw(t, event, times, seconds, host_format(t, "await %s %lu", event, times));
}

bool peer_saw_on(struct host_trial *t, unsigned nic, const char *event, unsigned long times,
		 unsigned seconds)
{
	return saw(t, event, times, seconds, host_format(t, "await %s %lu %u", event, times, nic));
}

void peer_set(struct host_trial *t, const char *key, long long value)
{
	if (!ask(t, ANSWER_SPAN_NS, -1, host_format(t, "set %s %lld", key, value)))
		host_broken(t, "the network's other end does not take %s %lld", key, value);
}

void peer_offer(struct host_trial *t, unsigned code, const void *bytes, size_t length)
{
	struct text question = TEXT_INIT(NETPEER_QUESTION_MAX);

	(void)text_addf(&question, "option %u ", code);
	for (size_t i = 0; i < length; i++)
		(void)text_addf(&question, "%02x", ((const unsigned char *)bytes)[i]);
	const char *own = host_keep(t, question.buf, question.length);
	text_done(&question);
	if (!ask(t, ANSWER_SPAN_NS, -1, own))
		host_broken(t, "the network's other end does not offer option %u", code);
}

static const char *guest_address(struct host_trial *t)
{
	const char *address = host_plan_text(t, "address0", NULL);

	if (!address)
		host_broken(t, "the plan does not tell the guest's address");
	return address;
}

bool peer_finds_guest(struct host_trial *t)
{
	const char *question = host_format(t, "resolve %s", guest_address(t));
	const char *mac = NULL;

	for (unsigned i = 0; i < FIND_TRIES && !mac; i++)
		mac = ask(t, FIND_SPAN_NS, -1, question);
	return mac != NULL;
}

/* When the network's other end has ended, what the service was to say is not to be had. */
static void check_peer_is_there(struct host_trial *t)
{
	(void)ask(t, ANSWER_SPAN_NS, -1, "count connections");
}

/* What comes until the line ends, the time is over, or the guest closes. */
static const char *read_line(struct host_trial *t, int fd, unsigned seconds)
{
	struct patience p = patience_within(&t->patience, seconds * NS_PER_S);
	char line[LINE_MAX_BYTES] = "";
	struct err e = {0};
	size_t length = 0;

	while (length < sizeof line - 1 && !strchr(line, '\n')) {
		if (wait_fd(&p, fd, POLLIN, "what the service says", &e) < 0)
			break;
		ssize_t n = recv(fd, line + length, sizeof line - 1 - length, MSG_DONTWAIT);
		if (n <= 0)
			break;
		length += (size_t)n;
		line[length] = '\0';
	}
	return host_keep(t, line, strcspn(line, "\r\n"));
}

int peer_join(struct host_trial *t, unsigned port, unsigned seconds)
{
	const char *question = host_format(t, "connect %s %u", guest_address(t), port);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		(void)err_set(&t->error, BLAME_HOST, errno, "a socket for a connection: %m");
		host_leave_by_error(t);
	}
	/* Closed by hand: the question may leave by longjmp, which costs two descriptors and ends the run's machine. */
	bool is_open = ask(t, seconds * NS_PER_S, ends[1], question) != NULL;
	close(ends[1]);
	if (is_open)
		return ends[0];
	close(ends[0]);
	return -1;
}

const char *peer_connect(struct host_trial *t, unsigned port, unsigned seconds)
{
	int fd = peer_join(t, port, seconds);
	const char *line = fd < 0 ? NULL : read_line(t, fd, seconds);

	scope_close(&fd);
	if (line && line[0] == '\0')
		check_peer_is_there(t);
	return line;
}

const char *peer_scan(struct host_trial *t, unsigned first, unsigned last)
{
	const char *ports = ask(t, SCAN_SPAN_NS, -1,
				host_format(t, "scan %s %u %u", guest_address(t), first, last));

	if (!ports)
		host_broken(t, "the guest's ports could not be looked at");
	return ports;
}
