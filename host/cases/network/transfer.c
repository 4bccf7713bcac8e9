/* SPDX-License-Identifier: Apache-2.0 */
/* TCP between two machines, over cables with faults. */
#include "host/cases/host_pair.h"

#define MIB	  (1UL << 20)
#define SPAN_S	  600
#define IDLE_S	  "8"
#define CUT_AT_MS 1500
#define CUT_MS	  5000

static void check_intact(struct host_trial *t, unsigned long bytes, unsigned seconds,
			 struct pair_transfer *ret)
{
	const char *to = pair_address(t, PAIR_B, 0);

	HOST_REQUIRE(t, pair_transfer(t, PAIR_A, to, bytes, seconds, ret));
	HOST_CHECK_EQ(t, ret->received, bytes);
	HOST_CHECK_EQ(t, ret->wrong, 0);
}

HOST_CASE(network, bulk_transfer_is_intact,
	  .title = "A bulk transfer over a lossy link arrives complete, with not a byte changed",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 180,
	  .why = "Losses take the paths that a good network never takes: retransmission, offloads.",
	  .remedy = "Look for wrong checksums: try without the NIC's offloads.", .sources = "own")
{
	struct pair_transfer got;

	pair_start(t, 1);
	pair_set(t, 0, "loss", 2);
	check_intact(t, 6 * MIB, SPAN_S, &got);
	HOST_CHECK_GT(t, got.retransmits, 0);
	HOST_CHECK_GT(t, pair_lost(t, 0), 0);
}

HOST_SABOTAGE(network, bulk_transfer_is_intact,
	      "the cable swaps words of some frames where no checksum sees it")
{
	pair_start(t, 1);
	pair_set(t, 0, "swap", 5);
}

HOST_CASE(
	network, transfer_survives_reordering,
	.title = "TCP carries a stream whole over a link that reorders and doubles frames",
	.priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 180,
	.why = "Paths over several links reorder; segments are then put together from pieces.",
	.remedy = "Look at net.ipv4.tcp_sack and tcp_reordering, and try without receive offloads.",
	.sources = "own")
{
	struct pair_transfer got;

	pair_start(t, 1);
	pair_set(t, 0, "reorder", 10);
	pair_set(t, 0, "duplicate", 10);
	check_intact(t, 2 * MIB, SPAN_S, &got);
}

HOST_SABOTAGE(network, transfer_survives_reordering,
	      "the cable swaps words of some frames where no checksum sees it")
{
	pair_start(t, 1);
	pair_set(t, 0, "swap", 5);
}

/* So that a machine which is emulated on a busy host still reaches it. */
#define FLOOR_BYTES_A_S 1000000LL
#define SANE_S		30

HOST_CASE(network, throughput_is_sane,
	  .title = "TCP between two VMs reaches at least a megabyte a second", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .why = "A driver in a bad mood is an order of magnitude slower, and nothing says so.",
	  .remedy = "Look for retransmissions, limits of the queueing discipline, lost interrupts.",
	  .sources = "own")
{
	struct pair_transfer got;

	pair_start(t, 1);
	check_intact(t, 8 * MIB, SANE_S, &got);
	long long bytes_a_s = (long long)got.sent * 1000 / (got.ms > 0 ? got.ms : 1);
	host_measure(t, "throughput", "MB/s", MEASURE_HIGHER, (double)bytes_a_s / 1e6);
	HOST_CHECK_GE(t, bytes_a_s, FLOOR_BYTES_A_S);
}

HOST_SABOTAGE(network, throughput_is_sane, "every fourth frame is lost, and all of them are late")
{
	pair_start(t, 1);
	pair_set(t, 0, "loss", 25);
	pair_set(t, 0, "delay", 20);
}

/* Without window scaling 65,535 bytes are under way at most, however slow the host is. */
#define DELAY_MS	100
#define UNDER_WAY_FLOOR 100000

HOST_CASE(
	network, tcp_window_grows,
	.title = "TCP's window grows with the delay of the path: more than 64 KiB are under way",
	.priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 180,
	.why = "With a small window every distant peer is slow, however wide the link is.",
	.remedy =
		"Leave net.ipv4.tcp_window_scaling and tcp_moderate_rcvbuf on, and tcp_rmem's maximum large.",
	.sources = "own")
{
	struct pair_transfer got;

	pair_start(t, 1);
	pair_set(t, 0, "delay", DELAY_MS);
	check_intact(t, 4 * MIB, SPAN_S, &got);
	/* Little's law: what is under way on the average is the rate times the time on the way. */
	HOST_CHECK_GT(t, got.sent / (got.ms > 0 ? got.ms : 1) * got.rtt_us / 1000, UNDER_WAY_FLOOR);
}

HOST_SABOTAGE(network, tcp_window_grows, "window scaling is switched off in one machine")
{
	pair_start(t, 1);
	pair_write(t, PAIR_B, "/proc/sys/net/ipv4/tcp_window_scaling", "0");
}

HOST_CASE(network, connection_survives_outage,
	  .title = "A TCP connection goes on after its link was dead for some seconds",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .waits = true,
	  .why = "Switches restart and machines migrate: connections are to outlive it.",
	  .remedy = "Leave net.ipv4.tcp_retries2 at 15.", .sources = "own")
{
	pair_start(t, 1);
	pair_begin(t, PAIR_B, "tcp_receive", "7778", "90", NULL);
	pair_begin(t, PAIR_A, "tcp_idle", pair_address(t, PAIR_B, 0), "7778", IDLE_S, NULL);
	host_sleep(t, CUT_AT_MS);
	pair_set(t, 0, "loss", 100);
	host_sleep(t, CUT_MS);
	pair_set(t, 0, "loss", 0);
	HOST_REQUIRE(t, pair_end(t, PAIR_A) != NULL);
	const char *received = pair_end(t, PAIR_B);
	HOST_CHECK_EQ(t, pair_number(received, "bytes"), 16);
	HOST_CHECK_EQ(t, pair_number(received, "wrong"), 0);
	HOST_CHECK_GT(t, pair_lost(t, 0), 0);
}

HOST_SABOTAGE(network, connection_survives_outage, "a connection is given up after one retry")
{
	pair_start(t, 1);
	pair_write(t, PAIR_A, "/proc/sys/net/ipv4/tcp_retries2", "1");
}
