/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the machine's network, as the plan tells of it: which NIC has which address, who echoes. For cases that
 * need netpeer:X.
 *
 *	struct nic nic;
 *	REQUIRE(t, peer_nic(t, 0, &nic));
 *	CHECK(t, peer_echoes(OUTSIDE, 5));
 */
#ifndef ASSAY_KIT_PEER_H
#define ASSAY_KIT_PEER_H

#include "guest/kit/nic.h"

/* The machine's NIC of that number, known by its MAC address; false when the guest has none such. */
bool peer_nic(struct trial *t, unsigned number, struct nic *ret) NONNULL(1, 3);

/* What the plan tells of it ("address", "gateway", "prefix6_"); ends the case as broken when it does not. */
const char *peer_planned(struct trial *t, const char *what, unsigned number)
	__attribute__((returns_nonnull)) NONNULL(1, 2);

/* Does a connection to that address's echo service come about and bring back what is sent, within so many seconds? A try
 * takes at most five. */
bool peer_echoes(const char *address, unsigned seconds) NONNULL(1);

/* Has the interface an IPv6 address of that prefix (64 bits) by which it can be reached: not tentative, not a duplicate? */
bool nic_has_address6(const char *name, const struct in6_addr *prefix) NONNULL(1, 2);

/* The process that looks after the NICs or asks for their addresses; -1: none that is known. */
pid_t network_manager(void);
/* The same, but only such as take notice when a link goes and comes. */
pid_t link_manager(void);
/* Stops all processes that look after NICs or ask for their addresses; false: none is known. */
bool freeze_network_managers(void);
/* For sabotages, in a process of its own: all of them stand still, also such as come later or are started anew. */
_Noreturn void keep_frozen(bool (*freeze)(void)) NONNULL(1);

/* Sets the NIC's only IPv4 address; "0.0.0.0" takes it away. 0 or -errno. */
int nic_set_address(const char *name, const char *address, const char *netmask) NONNULL(1, 2, 3);
/* Takes the NIC down, or up: 0 or -errno. */
int nic_set_up(const char *name, bool up) NONNULL(1);

#endif
