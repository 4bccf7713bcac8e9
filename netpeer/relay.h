/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections from the host to the guest: a socket of the host's, and a connection of lwIP's, joined. */
#ifndef ASSAY_NETPEER_RELAY_H
#define ASSAY_NETPEER_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <lwip/ip_addr.h>

#include "base/scope.h"

#define RELAYS_MAX 16

struct pbuf;
struct tcp_pcb;

enum relay_state {
	RELAY_FREE,
	RELAY_CONNECTING,
	RELAY_OPEN,
	RELAY_REFUSED, /* the guest does not want it; stays until it was asked for */
};

struct relay {
	enum relay_state state;
	int fd;
	struct tcp_pcb *pcb; /* NULL: it is gone */
	struct pbuf *held;   /* from the guest, not yet taken by the host */
	bool host_ended, guest_ended;
};

struct relays {
	struct relay all[RELAYS_MAX];
};

void relays_init(struct relays *relays) NONNULL(1);
/* Begins to connect; takes fd. The relay's index, or negative: there is no room. */
int relays_connect(struct relays *relays, int fd, const ip_addr_t *address, uint16_t port)
	NONNULL(1, 3);
/* Gives up a connection, or forgets one that was refused. */
void relays_drop(struct relays *relays, unsigned index) NONNULL(1);
/* Fills in what to wait for; gives the number. */
unsigned relays_poll(const struct relays *relays, struct pollfd polled[RELAYS_MAX]) NONNULL(1, 2);
/* Moves what can be moved. */
void relays_run(struct relays *relays) NONNULL(1);

#endif
