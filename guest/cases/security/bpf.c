/* SPDX-License-Identifier: Apache-2.0 */
/* Who may load programs into the kernel. */
#include "guest/kit/bpf.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

static int load_as_nobody(void *arg UNUSED)
{
	const struct bpf_insn program[] = {BPF_SET(0, 0), BPF_LEAVE};

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 125;
	int fd = bpf_load(program, ARRAY_LEN(program));
	return fd >= 0 ? 0 : errno;
}

CASE(security, unprivileged_bpf_is_refused, .title = "An ordinary user cannot load BPF programs",
     .priority = P1, .needs = "kconfig:BPF_SYSCALL",
     .why = "Nearly every flaw of the verifier was a way from any account to root.",
     .remedy = "Set kernel.unprivileged_bpf_disabled to 1 or 2.", .sources = "own")
{
	int status = helper_run(t, load_as_nobody, NULL);

	REQUIRE(t, WIFEXITED(status) && WEXITSTATUS(status) != 125);
	CHECK_EQ(t, WEXITSTATUS(status), EPERM);
}

SABOTAGE(security, unprivileged_bpf_is_refused, "everybody may load programs")
{
	sabotage_syscall(t, SYS_bpf, 0);
}
