/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network as the kernel has it: interfaces of real devices, the way out, the neighbour at its end.
 *
 *	struct nic nics[16];
 *	unsigned count = nics_list(t, nics, ARRAY_LEN(nics));
 *
 * Everything goes over sockets and /proc/net, so a case that enters a network namespace of its own sees that one.
 */
#ifndef ASSAY_KIT_NIC_H
#define ASSAY_KIT_NIC_H

#include <netinet/in.h>

#include "guest/kit/case.h"

struct nic {
	char name[16];
	char driver[32], bus[32]; /* as ethtool shows them */
	unsigned index, mtu;
	unsigned char mac[6];
	bool is_up;
};

/* Fills in the interfaces that belong to a device on a bus (not loopback, bridges, tunnels …); gives their number. */
unsigned nics_list(struct trial *t, struct nic *nics, unsigned maximum);

/* The IPv4 default route with the lowest metric; false when there is none. */
struct route {
	char nic[16];
	struct in_addr gateway;
};
bool route_default(struct trial *t, struct route *ret);

/* Does anybody answer for that address on the interface's wire (ARP, three tries of a second)? */
bool neighbour_answers(struct trial *t, const struct nic *nic, struct in_addr address);

/* The interface's first IPv4 address; false when it has none. */
bool nic_address(const char *name, struct in_addr *ret);

/* Sets the interface's MTU: 0 or -errno. */
int nic_set_mtu(const char *name, unsigned mtu);

/* The sabotage of most network cases: this process gets a network of its own with nothing in it. */
void sabotage_empty_network(struct trial *t);

#endif
