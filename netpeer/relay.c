/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections from the host to the guest. */
#include "netpeer/relay.h"

#include <sys/socket.h>

#include <lwip/tcp.h>

#define CHUNK 4096
/* Segments that a write may take, and some for acknowledgements under way. */
#define QUEUE_RESERVE 16

void relays_init(struct relays *relays)
{
	for (unsigned i = 0; i < RELAYS_MAX; i++)
		relays->all[i] = (struct relay){.fd = -1};
}

static void forget_pcb(struct relay *relay)
{
	tcp_arg(relay->pcb, NULL);
	tcp_recv(relay->pcb, NULL);
	tcp_err(relay->pcb, NULL);
	relay->pcb = NULL;
}

static void release(struct relay *relay)
{
	if (relay->held)
		pbuf_free(relay->held);
	scope_close(&relay->fd);
	*relay = (struct relay){.fd = -1};
}

static void abandon(struct relay *relay)
{
	struct tcp_pcb *pcb = relay->pcb;

	if (pcb) {
		forget_pcb(relay);
		tcp_abort(pcb);
	}
	release(relay);
}

/* What the guest has sent goes to the host as it takes it. */
static void flush(struct relay *relay)
{
	while (relay->held) {
		ssize_t n = send(relay->fd, relay->held->payload, relay->held->len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			abandon(relay); /* the host is not interested any more */
			return;
		}
		relay->held = pbuf_free_header(relay->held, (u16_t)n);
		if (relay->pcb)
			tcp_recved(relay->pcb, (u16_t)n);
	}
	if (relay->guest_ended)
		(void)shutdown(relay->fd, SHUT_WR);
}

static err_t take(void *arg, struct tcp_pcb *pcb UNUSED, struct pbuf *p, err_t error UNUSED)
{
	struct relay *relay = arg;

	if (!p)
		relay->guest_ended = true;
	else if (relay->held)
		pbuf_cat(relay->held, p);
	else
		relay->held = p;
	return ERR_OK; /* moved by relays_run: a connection must not end inside its own callback */
}

static err_t connected(void *arg, struct tcp_pcb *pcb UNUSED, err_t error UNUSED)
{
	struct relay *relay = arg;

	relay->state = RELAY_OPEN;
	return ERR_OK;
}

/* lwIP has freed its part. */
static void failed(void *arg, err_t error UNUSED)
{
	struct relay *relay = arg;

	relay->pcb = NULL;
	if (relay->state == RELAY_CONNECTING)
		relay->state = RELAY_REFUSED;
	else
		relay->guest_ended = relay->host_ended = true;
}

int relays_connect(struct relays *relays, int fd, const ip_addr_t *address, uint16_t port)
{
	unsigned i = 0;

	while (i < RELAYS_MAX && relays->all[i].state != RELAY_FREE)
		i++;
	if (i == RELAYS_MAX) {
		scope_close(&fd);
		return -EMFILE;
	}
	struct relay *relay = &relays->all[i];
	*relay = (struct relay){.state = RELAY_CONNECTING, .fd = fd};
	relay->pcb = tcp_new_ip_type(IP_GET_TYPE(address));
	if (!relay->pcb) {
		release(relay);
		return -ENOMEM;
	}
	tcp_arg(relay->pcb, relay);
	tcp_recv(relay->pcb, take);
	tcp_err(relay->pcb, failed);
	if (tcp_connect(relay->pcb, address, port, connected) != ERR_OK) {
		abandon(relay);
		return -ENETUNREACH;
	}
	return (int)i;
}

void relays_drop(struct relays *relays, unsigned index)
{
	if (index < RELAYS_MAX && relays->all[index].state != RELAY_FREE)
		abandon(&relays->all[index]);
}

static bool can_write(const struct relay *relay)
{
	return relay->pcb && !relay->host_ended && tcp_sndbuf(relay->pcb) > 0 &&
	       tcp_sndqueuelen(relay->pcb) + QUEUE_RESERVE < TCP_SND_QUEUELEN;
}

unsigned relays_poll(const struct relays *relays, struct pollfd polled[RELAYS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < RELAYS_MAX; i++) {
		const struct relay *relay = &relays->all[i];
		if (relay->state != RELAY_OPEN)
			continue;
		short events =
			(short)((can_write(relay) ? POLLIN : 0) | (relay->held ? POLLOUT : 0));
		if (events)
			polled[count++] = (struct pollfd){.fd = relay->fd, .events = events};
	}
	return count;
}

static void read_host(struct relay *relay)
{
	char buf[CHUNK];

	while (can_write(relay)) {
		size_t room = tcp_sndbuf(relay->pcb) < CHUNK ? tcp_sndbuf(relay->pcb) : CHUNK;
		ssize_t n = recv(relay->fd, buf, room, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0 || (n > 0 && tcp_write(relay->pcb, buf, (u16_t)n, TCP_WRITE_FLAG_COPY) !=
					       ERR_OK)) {
			abandon(relay);
			return;
		}
		if (n == 0) {
			relay->host_ended = true;
			(void)tcp_shutdown(relay->pcb, 0, 1);
		}
	}
	if (relay->pcb)
		(void)tcp_output(relay->pcb);
}

/* Both sides have said all that they had to. */
static void end(struct relay *relay)
{
	struct tcp_pcb *pcb = relay->pcb;

	if (pcb) {
		forget_pcb(relay);
		if (tcp_close(pcb) != ERR_OK)
			tcp_abort(pcb);
	}
	release(relay);
}

void relays_run(struct relays *relays)
{
	for (unsigned i = 0; i < RELAYS_MAX; i++) {
		struct relay *relay = &relays->all[i];
		if (relay->state != RELAY_OPEN)
			continue;
		flush(relay);
		if (relay->state == RELAY_OPEN)
			read_host(relay);
		if (relay->state == RELAY_OPEN && relay->host_ended && relay->guest_ended &&
		    !relay->held)
			end(relay);
	}
}
