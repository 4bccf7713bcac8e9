/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two machines, for host cases that need vms>=2: the case's own and another of its make, and cables between them.
 *
 *	pair_start(t, 1);
 *	HOST_CHECK(t, pair_pings(t, PAIR_A, pair_address(t, PAIR_B, 0), 10));
 *	pair_set(t, 0, "loss", 2);
 *	struct pair_transfer got;
 *	HOST_REQUIRE(t, pair_transfer(t, PAIR_A, pair_address(t, PAIR_B, 0), 1 << 20, &got));
 *
 * A is the machine that host_* talks to. A cable ends in a NIC that is plugged into each machine while it runs; the agent
 * takes it into a network namespace of its own and calls it "cable0", "cable1" …, so that neither a firewall nor a
 * manager of networks has a hand in it. There it is up and has the address 10.77.N.1 in A, 10.77.N.2 in B, with /24, and
 * fd00:a55a:77:N::1 and ::2, with /64. From then on whatever the agent runs, on either machine, sees that namespace.
 *
 * A sabotage may call pair_start too: the case's own call then finds what is there. Nothing comes before the first of them: the
 * machine is another one afterwards, where there is a template of one that has such NICs.
 */
#ifndef ASSAY_HOST_CASES_HOST_PAIR_H
#define ASSAY_HOST_CASES_HOST_PAIR_H

#include "host/cases/host_case.h"

enum pair_side { PAIR_A, PAIR_B };

/* Starts the second machine and lays that many cables (at most 4), whose NICs have an MTU of `mtu` (0: the usual). What does
 * not come about is broken. */
void pair_start_with(struct host_trial *t, unsigned cables, unsigned mtu) NONNULL(1);
static inline void pair_start(struct host_trial *t, unsigned cables)
{
	pair_start_with(t, cables, 0);
}

/* Calls the agent of a side, arguments end with NULL: as host_call and host_ask. */
int pair_call(struct host_trial *t, enum pair_side side, const char *verb, ...)
	__attribute__((sentinel)) NONNULL(1, 3);
const char *pair_ask(struct host_trial *t, enum pair_side side, const char *verb, ...)
	__attribute__((sentinel)) NONNULL(1, 3);
/* A probe that is set-up: not being able to is broken, with its reason. */
void pair_must(struct host_trial *t, enum pair_side side, const char *probe, ...)
	__attribute__((sentinel)) NONNULL(1, 3);
/* A probe on one side while the other does something else: begun, and its answer (NULL: it failed). */
void pair_begin(struct host_trial *t, enum pair_side side, const char *probe, ...)
	__attribute__((sentinel)) NONNULL(1, 3);
const char *pair_end(struct host_trial *t, enum pair_side side) NONNULL(1);
/* Writes to a file of a side; not being able to is broken. */
void pair_write(struct host_trial *t, enum pair_side side, const char *path, const char *content)
	NONNULL(1, 3, 4);
/* A QMP command, as host_qmp. */
const char *pair_qmp(struct host_trial *t, enum pair_side side, const char *command,
		     const char *arguments) NONNULL(1, 3);

/* Changes what a cable does (see netpeer/cabling.h); -1: all of them. */
void pair_set(struct host_trial *t, int cable, const char *key, unsigned value) NONNULL(1, 3);
/* Takes the carrier from a side's end of a cable, or gives it back. */
void pair_set_carrier(struct host_trial *t, enum pair_side side, unsigned cable, bool there)
	NONNULL(1);
/* How many frames of a cable were lost so far. */
unsigned long pair_lost(struct host_trial *t, unsigned cable) NONNULL(1);

/* "10.77.0.1", "fd00:a55a:77:0::1", and the NIC's MAC address. */
const char *pair_address(struct host_trial *t, enum pair_side side, unsigned cable)
	__attribute__((returns_nonnull)) NONNULL(1);
const char *pair_address6(struct host_trial *t, enum pair_side side, unsigned cable)
	__attribute__((returns_nonnull)) NONNULL(1);
const char *pair_mac(struct host_trial *t, enum pair_side side, unsigned cable)
	__attribute__((returns_nonnull)) NONNULL(1);

/* True when an ICMP echo (of IPv4 or IPv6, by the address) from that side comes back within `seconds`. */
bool pair_pings(struct host_trial *t, enum pair_side from, const char *address, unsigned seconds)
	NONNULL(1, 3);
/* The same for a whole packet of that size, which must not be fragmented. */
bool pair_pings_sized(struct host_trial *t, enum pair_side from, const char *address,
		      unsigned bytes, unsigned seconds) NONNULL(1, 3);

/* A TCP connection from one side to the other, over which that many bytes go. */
struct pair_transfer {
	long long sent, received, wrong; /* bytes; wrong ones are not those that were sent */
	long long ms, rtt_us, retransmits, path_mtu;
};
/* False when the connection did not come about or did not end in order; what is known then is in *ret all the same. */
bool pair_transfer(struct host_trial *t, enum pair_side from, const char *address,
		   unsigned long bytes, unsigned seconds, struct pair_transfer *ret)
	NONNULL(1, 3, 6);

/* The number after "KEY=" in an answer; -1: there is none such. */
long long pair_number(const char *answer, const char *key) NONNULL(2);

#endif
