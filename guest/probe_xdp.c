/* SPDX-License-Identifier: Apache-2.0 */
/* Two machines: programs that see a NIC's frames before the kernel does (XDP). */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/resource.h>

#include "guest/kit/bpf.h"
#include "guest/kit/netlink.h"
#include "guest/kit/probe.h"

static const struct action {
	const char *name;
	int code;
} actions[] = {{"abort", XDP_ABORTED}, {"drop", XDP_DROP}, {"pass", XDP_PASS}, {"tx", XDP_TX}};

/* Of the program that was set last, one counter; the agent keeps it. */
static int counter = -1;
/* How that program was attached: IFLA_XDP_FLAGS of if_link(7). */
static unsigned mode;
/* A sabotage's: what programs do in place of what they are told; -1: that. */
static int instead = -1;

static int action_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return actions[i].code;
	return -1;
}

static int attach(const char *nic, int program, unsigned flags)
{
	struct ifinfomsg link = {.ifi_index = (int)if_nametoindex(nic)};
	struct netlink request;
	CLEAN_FD int fd = netlink_open();

	if (fd < 0 || link.ifi_index == 0)
		return fd < 0 ? -fd : ENXIO;
	netlink_begin(&request, RTM_SETLINK, 0, &link, sizeof link);
	size_t xdp = netlink_nest(&request, IFLA_XDP | NLA_F_NESTED);
	netlink_u32(&request, IFLA_XDP_FD, (unsigned)program);
	netlink_u32(&request, IFLA_XDP_FLAGS, flags);
	netlink_close(&request, xdp);
	return -netlink_do(fd, &request);
}

/* virtio_net of before Linux 5.13 takes a program only with a queue for each CPU besides its own (ENOMEM). Then the kernel runs
 * it in the driver's place. */
static int attach_anyhow(const char *nic, int program)
{
	int r = attach(nic, program, mode = 0);

	return r == ENOMEM ? attach(nic, program, mode = XDP_FLAGS_SKB_MODE) : r;
}

/* counter[0]++; return action; */
static int load_counting(int action)
{
	const struct bpf_insn program[] = {
		BPF_INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		BPF_INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		BPF_INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		BPF_INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, counter),
		BPF_INSN(0, 0, 0, 0, 0),
		BPF_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		BPF_INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
		BPF_SET(BPF_REG_1, 1),
		BPF_INSN(BPF_STX | BPF_XADD | BPF_DW, BPF_REG_0, BPF_REG_1, 0, 0),
		BPF_SET(BPF_REG_0, action),
		BPF_LEAVE,
	};

	return bpf_load_as(BPF_PROG_TYPE_XDP, program, ARRAY_LEN(program));
}

PROBE(xdp_set, "NIC drop|pass|tx|abort",
      "has a program count the NIC's frames and do that with them")
{
	/* Before Linux 5.11 maps counted as locked memory. */
	const struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
	int action = action_of(probe_argument(p, 1));

	if (action < 0)
		return EINVAL;
	if (instead >= 0)
		action = instead;
	(void)setrlimit(RLIMIT_MEMLOCK, &any);
	scope_close(&counter);
	counter = bpf_map_new(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint64_t), 1);
	CLEAN_FD int program = counter < 0 ? -1 : load_counting(action);
	return program < 0 ? errno : attach_anyhow(probe_argument(p, 0), program);
}

PROBE(xdp_instead, "drop|pass|tx|abort",
      "for sabotages: programs set later do this, whatever is asked for")
{
	instead = action_of(probe_argument(p, 0));
	return instead < 0 ? EINVAL : 0;
}

PROBE(xdp_clear, "NIC", "takes the NIC's program away")
{
	return attach(probe_argument(p, 0), -1, mode);
}

PROBE(xdp_count, "", "frames=N that the program has seen that was set last")
{
	const uint32_t key = 0;
	uint64_t value = 0;

	if (counter < 0 || bpf_map_get(counter, &key, &value) < 0)
		return counter < 0 ? ENOENT : errno;
	(void)text_addf(p->reply, "frames=%llu", (unsigned long long)value);
	return 0;
}
