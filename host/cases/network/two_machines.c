/* SPDX-License-Identifier: Apache-2.0 */
/* Two machines find each other. */
#include <stdio.h>

#include "host/cases/host_pair.h"

#define ANSWER_S   15
#define SHORTLY_S  10
#define BYTES	   (64UL << 10)
#define SPAN_S	   60
#define DAD_LOOKS  40
#define DAD_MS	   250
#define TENTATIVE  0x40 /* of linux/if_addr.h */
#define DAD_FAILED 0x08

static void check_transfer(struct host_trial *t, enum pair_side from, const char *address)
{
	struct pair_transfer got;

	HOST_REQUIRE(t, pair_transfer(t, from, address, BYTES, SPAN_S, &got));
	HOST_CHECK_EQ(t, got.received, BYTES);
	HOST_CHECK_EQ(t, got.wrong, 0);
}

static enum pair_side other(enum pair_side side)
{
	return side == PAIR_A ? PAIR_B : PAIR_A;
}

HOST_CASE(network, two_vms_reach_each_other,
	  .title = "Two VMs exchange ICMP and TCP on every network that they share", .priority = P0,
	  .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .why = "What one machine alone shows of its network says little about its neighbours.",
	  .remedy = "Check virtio_net in the kernel, and what its log says of the NICs.",
	  .sources = "CIT:network.TestSendPing/TestWaitForPing,LISA:verify_tcp_connection")
{
	pair_start(t, 2);
	for (unsigned cable = 0; cable < 2; cable++) {
		for (int side = PAIR_A; side <= PAIR_B; side++) {
			enum pair_side from = (enum pair_side)side;
			const char *to = pair_address(t, other(from), cable);
			HOST_REQUIRE(t, pair_pings(t, from, to, ANSWER_S));
			check_transfer(t, from, to);
		}
	}
}

HOST_SABOTAGE(network, two_vms_reach_each_other, "the second network's cable is cut")
{
	pair_start(t, 2);
	pair_set(t, 1, "loss", 100);
}

static void require_ipv6(struct host_trial *t)
{
	for (int side = PAIR_A; side <= PAIR_B; side++)
		if (pair_call(t, (enum pair_side)side, "stat", "/proc/sys/net/ipv6/conf/cable0",
			      NULL) != 0)
			host_skip(t, "kconfig:IPV6", "IPv6 is not in this kernel, or switched off");
}

HOST_CASE(
	network, two_vms_reach_each_other_over_ipv6,
	.title = "Two VMs exchange ICMP and TCP over IPv6, link-local addresses too",
	.priority = P1, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	.why = "Neighbour discovery is another protocol than ARP, with firewalls and bugs of its own.",
	.remedy = "Check IPv6 in the kernel and net.ipv6.conf.*.disable_ipv6.", .sources = "own")
{
	pair_start(t, 1);
	require_ipv6(t);
	const char *to = pair_address6(t, PAIR_B, 0);
	HOST_REQUIRE(t, pair_pings(t, PAIR_A, to, ANSWER_S));
	HOST_CHECK(t, pair_pings(t, PAIR_B, pair_address6(t, PAIR_A, 0), ANSWER_S));
	check_transfer(t, PAIR_A, to);
	/* All nodes of the link answer from their link-local addresses (RFC 4291, 2.7.1). */
	HOST_CHECK(t, pair_pings(t, PAIR_A, "ff02::1%cable0", ANSWER_S));
}

HOST_SABOTAGE(network, two_vms_reach_each_other_over_ipv6, "the cable loses all frames of IPv6")
{
	pair_start(t, 1);
	pair_set(t, 0, "type", 0x86dd);
}

HOST_CASE(
	network, moved_address_is_found,
	.title = "An address that has moved to another NIC is reached there once it is announced",
	.priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	.why = "Clusters move a service's address; a client that keeps the old one is cut off.",
	.remedy = "Look for neighbour entries that are nailed down, and at net.ipv4.conf.*.arp_*.",
	.sources = "own")
{
	pair_start(t, 2);
	pair_set(t, -1, "hub", 1);
	const char *to = pair_address(t, PAIR_B, 0), *with_length = host_format(t, "%s/24", to);
	HOST_REQUIRE(t, pair_pings(t, PAIR_A, to, ANSWER_S));
	pair_must(t, PAIR_B, "address_remove", "cable0", with_length, NULL);
	pair_must(t, PAIR_B, "link_set", "cable0", "up=0", NULL);
	pair_must(t, PAIR_B, "address_add", "cable1", with_length, NULL);
	pair_must(t, PAIR_B, "announce", "cable1", to, NULL);
	HOST_CHECK(t, pair_pings(t, PAIR_A, to, SHORTLY_S));
	HOST_CHECK_TEXT(t, pair_ask(t, PAIR_A, "probe", "neighbour", to, NULL),
			pair_mac(t, PAIR_B, 1));
}

HOST_SABOTAGE(network, moved_address_is_found, "the neighbour's old MAC address is nailed down")
{
	pair_start(t, 2);
	pair_must(t, PAIR_A, "neighbour_set", "cable0", pair_address(t, PAIR_B, 0),
		  pair_mac(t, PAIR_B, 0), NULL);
}

/* The flags of the address that ends so, once it is not tentative any more or has failed; -1: it is not there. */
static long settled_flags(struct host_trial *t, enum pair_side side, const char *ending)
{
	for (int look = 0; look < DAD_LOOKS; look++) {
		const char *all = pair_ask(t, side, "probe", "address_flags", "cable0", NULL);
		const char *found = all ? strstr(all, host_format(t, "%s ", ending)) : NULL;
		unsigned flags;
		if (found && sscanf(strchr(found, ' '), " %x", &flags) == 1 &&
		    (!(flags & TENTATIVE) || (flags & DAD_FAILED)))
			return (long)flags;
		host_sleep(t, DAD_MS);
	}
	return -1;
}

HOST_CASE(network, duplicate_address_is_noticed,
	  .title = "An IPv6 address that a neighbour has already is not taken into use",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .why = "Two machines with one address take each other's traffic, now and then.",
	  .remedy = "Leave net.ipv6.conf.*.accept_dad at 1.", .sources = "own")
{
	const char *same = "fd00:a55a:77:0::dd/64", *ending = "00dd";

	pair_start(t, 1);
	require_ipv6(t);
	HOST_REQUIRE(t, pair_pings(t, PAIR_A, pair_address6(t, PAIR_B, 0), ANSWER_S));
	pair_must(t, PAIR_A, "address_add", "cable0", same, NULL);
	pair_must(t, PAIR_B, "address_add", "cable0", same, "dad", NULL);
	long flags = settled_flags(t, PAIR_B, ending);
	host_note(t, "the address has the flags 0x%lx", (unsigned long)flags);
	HOST_CHECK(t, flags >= 0 && (flags & DAD_FAILED));
}

HOST_SABOTAGE(network, duplicate_address_is_noticed, "nobody looks for a double (accept_dad is 0)")
{
	pair_start(t, 1);
	require_ipv6(t);
	pair_write(t, PAIR_B, "/proc/sys/net/ipv6/conf/cable0/accept_dad", "0");
}
