/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that see a NIC's frames first, with a machine at the other end that notices. */
#include "host/cases/host_pair.h"

#define ANSWER_S 15
#define FRAMES	 "200"
#define ROUNDS	 3

static void set(struct host_trial *t, const char *action)
{
	pair_must(t, PAIR_B, "xdp_set", "cable0", action, NULL);
}

static long long frames_seen(struct host_trial *t)
{
	return pair_number(pair_ask(t, PAIR_B, "probe", "xdp_count", NULL), "frames");
}

static bool reaches(struct host_trial *t, unsigned seconds)
{
	return pair_pings(t, PAIR_A, pair_address(t, PAIR_B, 0), seconds);
}

static void check_loses_frames(struct host_trial *t, const char *action)
{
	pair_start(t, 1);
	HOST_REQUIRE(t, reaches(t, ANSWER_S));
	set(t, action);
	HOST_CHECK(t, !reaches(t, 2));
	HOST_CHECK_GT(t, frames_seen(t), 0);
	pair_must(t, PAIR_B, "xdp_clear", "cable0", NULL);
	HOST_CHECK(t, reaches(t, ANSWER_S));
}

HOST_CASE(bpf, xdp_drop_drops, .title = "A dropping XDP program stops pings and counts them",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:BPF_SYSCALL",
	  .timeout_s = 120, .why = "It is how floods are kept off a machine.",
	  .remedy = "Check BPF_SYSCALL and XDP in the kernel, and the NIC's driver.",
	  .sources = "LISA:verify_xdp_action_drop")
{
	check_loses_frames(t, "drop");
}

HOST_SABOTAGE(bpf, xdp_drop_drops, "the program passes what it is to drop")
{
	pair_start(t, 1);
	pair_must(t, PAIR_B, "xdp_instead", "pass", NULL);
}

HOST_CASE(bpf, xdp_abort_drops, .title = "An aborting XDP program stops pings", .priority = P3,
	  .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:BPF_SYSCALL", .timeout_s = 120,
	  .why = "A program with a bug must lose packets, and nothing else.",
	  .remedy = "Check XDP in the kernel and the NIC's driver.",
	  .sources = "LISA:verify_xdp_action_aborted")
{
	check_loses_frames(t, "abort");
}

HOST_SABOTAGE(bpf, xdp_abort_drops, "the program passes in place of aborting")
{
	pair_start(t, 1);
	pair_must(t, PAIR_B, "xdp_instead", "pass", NULL);
}

HOST_CASE(
	bpf, xdp_counts_and_passes,
	.title = "A counting XDP program loads on the NIC, counts and unloads repeatedly",
	.priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:BPF_SYSCALL",
	.timeout_s = 120, .why = "Load balancers and monitors are exchanged under traffic.",
	.remedy = "Check XDP in the kernel and the NIC's driver: it rebuilds its queues each time.",
	.sources = "LISA:verify_xdp_basic,LISA:verify_xdp_synthetic")
{
	pair_start(t, 1);
	for (int round = 0; round < ROUNDS; round++) {
		set(t, "pass");
		HOST_REQUIRE(t, reaches(t, ANSWER_S));
		HOST_CHECK_GT(t, frames_seen(t), 0);
		pair_must(t, PAIR_B, "xdp_clear", "cable0", NULL);
		HOST_REQUIRE(t, reaches(t, ANSWER_S));
	}
}

HOST_SABOTAGE(bpf, xdp_counts_and_passes, "the program drops what it is to pass")
{
	pair_start(t, 1);
	pair_must(t, PAIR_B, "xdp_instead", "drop", NULL);
}

HOST_CASE(bpf, xdp_transmit_reflects,
	  .title = "A transmitting XDP program sends frames back from the NIC itself",
	  .priority = P2, .isolation = ISOLATION_FORK, .needs = "vms>=2,kconfig:BPF_SYSCALL",
	  .timeout_s = 120,
	  .why = "Answers that never reach the kernel's network are what makes XDP quick.",
	  .remedy = "Check XDP_TX in the NIC's driver, and how many queues it has.",
	  .sources = "LISA:verify_xdp_action_tx")
{
	pair_start(t, 1);
	HOST_REQUIRE(t, reaches(t, ANSWER_S));
	set(t, "tx");
	pair_must(t, PAIR_A, "&frame_send", "cable0", FRAMES, NULL);
	HOST_CHECK(t, pair_call(t, PAIR_A, "probe", "frame_receive", "cable0", "15", NULL) == 0);
	HOST_CHECK_GT(t, frames_seen(t), 0);
}

HOST_SABOTAGE(bpf, xdp_transmit_reflects, "the program drops what it is to send back")
{
	pair_start(t, 1);
	pair_must(t, PAIR_B, "xdp_instead", "drop", NULL);
}
