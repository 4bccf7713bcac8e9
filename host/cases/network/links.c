/* SPDX-License-Identifier: Apache-2.0 */
/* What is built upon a NIC, seen from the machine at its other end. */
#include "host/cases/host_pair.h"

#define ANSWER_S   15
#define HEARD_S	   "15"
#define SILENCE_S  "3"
#define FAILOVER_S 15
#define FRAMES	   "200" /* for 10 seconds: the other side may be late */

/* The same on both sides: an interface with 10.77.NUMBER.1 and .2. */
static void give_addresses(struct host_trial *t, const char *name, unsigned number)
{
	for (int side = PAIR_A; side <= PAIR_B; side++) {
		pair_must(t, (enum pair_side)side, "link_set", name, "up=1", NULL);
		pair_must(t, (enum pair_side)side, "address_add", name,
			  host_format(t, "10.77.%u.%d/24", number, side + 1), NULL);
	}
}

static bool hears(struct host_trial *t, enum pair_side side, const char *nic, const char *seconds)
{
	return pair_call(t, side, "probe", "frame_receive", nic, seconds, NULL) == 0;
}

static void shout(struct host_trial *t, enum pair_side side, const char *nic)
{
	pair_must(t, side, "&frame_send", nic, FRAMES, NULL);
}

#define JUMBO 9000

HOST_CASE(network, jumbo_frames_pass,
	  .title = "Packets of nine thousand bytes pass unfragmented where the NIC offers them",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .why = "Storage and clusters count on large frames; a driver that drops them stalls.",
	  .remedy = "Check virtio_net's limits of the MTU and its receive buffers.",
	  .sources = "own")
{
	pair_start_with(t, 1, JUMBO);
	for (int side = PAIR_A; side <= PAIR_B; side++)
		HOST_REQUIRE(t, pair_call(t, (enum pair_side)side, "probe", "link_set", "cable0",
					  "mtu=9000", NULL) == 0);
	HOST_CHECK(t, pair_pings_sized(t, PAIR_A, pair_address(t, PAIR_B, 0), JUMBO, ANSWER_S));
	HOST_CHECK(t, pair_pings_sized(t, PAIR_B, pair_address(t, PAIR_A, 0), JUMBO, ANSWER_S));
}

HOST_SABOTAGE(network, jumbo_frames_pass, "the NIC's host takes no more than 1500 bytes")
{
	pair_start_with(t, 1, 1500);
}

HOST_CASE(network, vlan_tags_pass,
	  .title = "Two VMs reach each other in a VLAN, and others hear nothing of it",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:VLAN_8021Q",
	  .timeout_s = 120, .why = "Tenants are told apart by the tag alone.",
	  .remedy = "Check the module 8021q, and the NIC's VLAN offloads.", .sources = "own")
{
	pair_start(t, 1);
	for (int side = PAIR_A; side <= PAIR_B; side++)
		pair_must(t, (enum pair_side)side, "link_make", "vlan", "tagged", "on=cable0",
			  "id=42", NULL);
	pair_must(t, PAIR_B, "link_make", "vlan", "another", "on=cable0", "id=43", NULL);
	pair_must(t, PAIR_B, "link_set", "another", "up=1", NULL);
	give_addresses(t, "tagged", 42);
	HOST_CHECK(t, pair_pings(t, PAIR_A, "10.77.42.2", ANSWER_S));
	shout(t, PAIR_A, "tagged");
	HOST_CHECK(t, hears(t, PAIR_B, "tagged", HEARD_S));
	shout(t, PAIR_A, "tagged");
	HOST_CHECK(t, !hears(t, PAIR_B, "another", SILENCE_S));
}

HOST_SABOTAGE(network, vlan_tags_pass, "the cable loses frames with a tag")
{
	pair_start(t, 1);
	pair_set(t, 0, "type", 0x8100);
}

HOST_CASE(network, vxlan_tunnel_works, .title = "A VXLAN overlay between two VMs passes frames",
	  .priority = P3, .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:VXLAN",
	  .timeout_s = 120, .why = "Container networks over several hosts are made of it.",
	  .remedy = "Check the module vxlan, and who filters UDP port 4789.", .sources = "own")
{
	pair_start(t, 1);
	for (int side = PAIR_A; side <= PAIR_B; side++)
		pair_must(
			t, (enum pair_side)side, "link_make", "vxlan", "overlay", "id=77",
			host_format(t, "local=%s", pair_address(t, (enum pair_side)side, 0)),
			host_format(t, "remote=%s", pair_address(t, (enum pair_side)(side ^ 1), 0)),
			NULL);
	give_addresses(t, "overlay", 70);
	HOST_CHECK(t, pair_pings(t, PAIR_A, "10.77.70.2", ANSWER_S));
	shout(t, PAIR_B, "overlay");
	HOST_CHECK(t, hears(t, PAIR_A, "overlay", HEARD_S));
}

HOST_SABOTAGE(network, vxlan_tunnel_works, "the cable loses datagrams to UDP port 4789")
{
	pair_start(t, 1);
	pair_set(t, 0, "udp", 4789);
}

HOST_CASE(network, bond_fails_over,
	  .title = "An active-backup bond keeps traffic when the active link dies", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:BONDING", .timeout_s = 120,
	  .why = "The second cable is there for this moment only.",
	  .remedy = "Check the module bonding, and that the NIC's driver tells of its carrier.",
	  .sources = "own")
{
	pair_start(t, 2);
	for (int i = 0; i < 2; i++) {
		enum pair_side side = (enum pair_side)i;
		pair_must(t, side, "link_make", "bond", "both", "miimon=100", NULL);
		pair_must(t, side, "link_set", "cable0", "up=0", "master=both", NULL);
		pair_must(t, side, "link_set", "cable1", "up=0", "master=both", NULL);
	}
	give_addresses(t, "both", 80);
	HOST_REQUIRE(t, pair_pings(t, PAIR_A, "10.77.80.2", ANSWER_S));
	pair_set_carrier(t, PAIR_A, 0, false);
	pair_set_carrier(t, PAIR_B, 0, false);
	HOST_REQUIRE(t, pair_pings(t, PAIR_A, "10.77.80.2", FAILOVER_S));
	HOST_CHECK(t, pair_pings(t, PAIR_B, "10.77.80.1", FAILOVER_S));
}

HOST_SABOTAGE(network, bond_fails_over, "the second cable has been dead all the time")
{
	pair_start(t, 2);
	pair_set(t, 1, "loss", 100);
}

HOST_CASE(network, bridge_forwards,
	  .title = "A bridge in a VM passes frames from one NIC to another", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:BRIDGE", .timeout_s = 120,
	  .why = "Whoever runs virtual machines or containers in it connects them so.",
	  .remedy = "Check the module bridge, and net.bridge.bridge-nf-call-*.", .sources = "own")
{
	pair_start(t, 2);
	pair_must(t, PAIR_B, "link_make", "bridge", "middle", NULL);
	pair_must(t, PAIR_B, "link_set", "cable0", "master=middle", NULL);
	pair_must(t, PAIR_B, "link_set", "cable1", "master=middle", NULL);
	shout(t, PAIR_A, "cable0");
	HOST_CHECK(t, !hears(t, PAIR_A, "cable1", SILENCE_S)); /* it is still down */
	pair_must(t, PAIR_B, "link_set", "middle", "up=1", NULL);
	shout(t, PAIR_A, "cable0");
	HOST_CHECK(t, hears(t, PAIR_A, "cable1", HEARD_S));
}

HOST_SABOTAGE(network, bridge_forwards, "the cable at the bridge's second port is cut")
{
	pair_start(t, 2);
	pair_set(t, 1, "loss", 100);
}

HOST_CASE(network, fragments_are_put_together,
	  .title = "A large datagram arrives whole, in fragments that come in another order",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .why = "NFS, Kerberos and DNSSEC send datagrams larger than a frame.",
	  .remedy = "Look at net.ipv4.ipfrag_*, and for a filter that drops fragments.",
	  .sources = "own")
{
	pair_start(t, 1);
	pair_set(t, 0, "reorder", 30);
	pair_begin(t, PAIR_B, "udp_receive", "7779", HEARD_S, NULL);
	HOST_CHECK(t, pair_ask(t, PAIR_A, "probe", "udp_send", pair_address(t, PAIR_B, 0), "7779",
			       "30000", "3", NULL) != NULL);
	const char *received = pair_end(t, PAIR_B);
	HOST_CHECK_EQ(t, pair_number(received, "bytes"), 30000);
	HOST_CHECK_EQ(t, pair_number(received, "wrong"), 0);
}

HOST_SABOTAGE(network, fragments_are_put_together, "there is no memory for fragments")
{
	pair_start(t, 1);
	pair_write(t, PAIR_B, "/proc/sys/net/ipv4/ipfrag_low_thresh", "0");
	pair_write(t, PAIR_B, "/proc/sys/net/ipv4/ipfrag_high_thresh", "0");
}

HOST_CASE(network, multicast_reaches_members,
	  .title = "A datagram to a multicast group reaches a VM that has joined it",
	  .priority = P3, .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:IP_MULTICAST",
	  .timeout_s = 120, .why = "Service discovery and cluster membership go over multicast.",
	  .remedy = "Look at net.ipv4.igmp_*, and at what the NIC's driver filters.",
	  .sources = "own")
{
	pair_start(t, 1);
	pair_begin(t, PAIR_B, "udp_receive", "7780", HEARD_S, "239.77.7.7", "cable0", NULL);
	HOST_CHECK(t, pair_ask(t, PAIR_A, "probe", "udp_send", "239.77.7.7", "7780", "1000", "3",
			       "cable0", NULL) != NULL);
	const char *received = pair_end(t, PAIR_B);
	HOST_CHECK_EQ(t, pair_number(received, "bytes"), 1000);
	HOST_CHECK_EQ(t, pair_number(received, "wrong"), 0);
}

HOST_SABOTAGE(network, multicast_reaches_members, "no group may be joined")
{
	pair_start(t, 1);
	pair_write(t, PAIR_B, "/proc/sys/net/ipv4/igmp_max_memberships", "0");
}
