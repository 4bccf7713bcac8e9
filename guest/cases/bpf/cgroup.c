/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that rule over the packets of a control group. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "guest/kit/bpf.h"
#include "guest/kit/case.h"
#include "guest/kit/cgroup.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

enum { SENT, BLOCKED, CANNOT_SEND };

/* Sends one datagram to this machine itself, from within a group (NULL: where the case is). */
static int send_datagram(void *group)
{
	struct sockaddr_in self = {.sin_family = AF_INET,
				   .sin_port = htons(9),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (group && cgroup_enter(group) < 0)
		return CANNOT_SEND;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return CANNOT_SEND;
	if (sendto(fd, "x", 1, 0, (const struct sockaddr *)&self, sizeof self) == 1)
		return SENT;
	return errno == EPERM ? BLOCKED : CANNOT_SEND;
}

CASE(bpf, cgroup_filter_blocks,
     .title = "An egress program on a cgroup drops that cgroup's packets only", .priority = P2,
     .needs = "kconfig:CGROUP_BPF", .isolation = ISOLATION_FORK,
     .why = "systemd's IPAddressDeny= and container firewalls are such programs.",
     .remedy = "Check the kernel's configuration for CGROUP_BPF; mount the unified hierarchy.",
     .sources = "own")
{
	const struct bpf_insn drop_all[] = {BPF_SET(0, 0), BPF_LEAVE};
	int program, folder;

	const char *group = cgroup_new_unified(t);
	REQUIRE_OK(t,
		   program = bpf_load_as(BPF_PROG_TYPE_CGROUP_SKB, drop_all, ARRAY_LEN(drop_all)));
	REQUIRE_OK(t, folder = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int before = helper_run(t, send_datagram, (void *)(uintptr_t)group);
	if (WEXITSTATUS(before) != SENT)
		case_broken(t, "no datagram could be sent before either");
	REQUIRE_OK(t, bpf_attach(program, BPF_CGROUP_INET_EGRESS, folder));
	int inside = helper_run(t, send_datagram, (void *)(uintptr_t)group);
	int outside = helper_run(t, send_datagram, NULL);
	CHECK_EQ(t, WEXITSTATUS(inside), BLOCKED);
	CHECK_EQ(t, WEXITSTATUS(outside), SENT);
	close(program);
	close(folder);
}

SABOTAGE(bpf, cgroup_filter_blocks, "attaching says that it was done, and was not")
{
	sabotage_syscall_argument(t, SYS_bpf, 0, BPF_PROG_ATTACH, 0);
}
