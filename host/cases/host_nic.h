/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's NICs, and those that are plugged in while it runs. They have numbers: their MAC addresses and networks follow from
 * them (wire/network.h), and their wires end where those of the others do.
 *
 *	unsigned number = nic_added(t, 0);
 *	nic_plug(t, number, 0);
 *	const char *name = nic_await(t, number);
 *	HOST_CHECK_TEXT(t, nic_await_address(t, name, 60), nic_planned_address(t, number, NETWORK_GUEST));
 */
#ifndef ASSAY_HOST_CASES_HOST_NIC_H
#define ASSAY_HOST_CASES_HOST_NIC_H

#include "host/cases/host_case.h"
#include "wire/network.h"

/* The number of the i-th NIC beyond those that the machine was made with; skips when there may be no more. */
unsigned nic_added(struct host_trial *t, unsigned i) NONNULL(1);
/* Plugs it into port hot0, hot1 … */
void nic_plug(struct host_trial *t, unsigned number, unsigned port) NONNULL(1);
/* The same, and waits for it as nic_await, then until the guest asks for its address. Skips ("dhcp-client") where nobody does:
 * there NICs that come while the guest runs are not looked after, on purpose or not. What stops that in a sabotage comes after a call of its own. */
void nic_plug_served(struct host_trial *t, unsigned number, unsigned port) NONNULL(1);
/* The id that it is plugged in and out by. */
const char *nic_id(struct host_trial *t, unsigned number) NONNULL(1);
/* The guest's name of it, once udev has done with it; a failure when it does not come. */
const char *nic_await(struct host_trial *t, unsigned number) NONNULL(1);

/* Gives it a carrier, or takes it. */
void nic_set_carrier(struct host_trial *t, unsigned number, bool up) NONNULL(1);

/* An address on its network: "10.0.3.15" for NETWORK_GUEST. */
const char *nic_planned_address(struct host_trial *t, unsigned number, unsigned host) NONNULL(1);
/* The IPv4 address that the interface gets within `seconds`; NULL: none. */
const char *nic_await_address(struct host_trial *t, const char *name, unsigned seconds)
	NONNULL(1, 2);
/* True when within `seconds` it has an IPv6 address of its network's prefix. */
bool nic_await_address6(struct host_trial *t, const char *name, unsigned number, unsigned seconds)
	NONNULL(1, 2);

/* The name of the machine's first NIC in the guest; broken when nobody has its MAC address. */
const char *nic_first(struct host_trial *t) NONNULL(1);

#endif
