/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel does with memory by its settings: when it is out, and how much it keeps. */
#include "guest/kit/case.h"
#include "guest/kit/knob.h"

#define PANIC_ON_OOM  "/proc/sys/vm/panic_on_oom"
#define SHARE_PERCENT 20

CASE(memory, out_of_memory_does_not_panic,
     .title = "The policy for panic on memory exhaustion is as designed", .priority = P2,
     .why = "One greedy program must not take the whole machine down, unless a cluster was built for that.",
     .remedy = "Set vm.panic_on_oom to 0, or the policy's panic_on_oom to what is meant.",
     .sources = "own")
{
	long long policy = file_number(t, PANIC_ON_OOM, -1);

	REQUIRE(t, policy >= 0);
	CHECK_EQ(t, policy, plan_number(t, "panic_on_oom", 0));
}

SABOTAGE(memory, out_of_memory_does_not_panic, "the kernel panics when memory is out")
{
	knob_set(t, PANIC_ON_OOM, "1");
}

CASE(memory, reserved_share_is_small,
     .title = "Memory the kernel reserves for itself stays below the policy's share",
     .priority = P2,
     .why = "What is reserved at boot is paid for and can never be used by programs.",
     .remedy = "Look for crashkernel=, hugepages=, cma= and movable_node on the command line.",
     .sources = "AZCERT:ms-prep/crashkernel-auto-removed,"
		"AZCERT:hygiene/kdump-reserve")
{
	long long promised_mib = plan_number(t, "mem_mib", 0), total_kib;
	const char *meminfo = file_text(t, "/proc/meminfo");

	if (promised_mib == 0)
		case_skip(t, "policy:size", "the plan does not tell how much memory the size has");
	REQUIRE(t, meminfo && sscanf(meminfo, "MemTotal: %lld kB", &total_kib) == 1);
	long long missing_percent = 100 - total_kib * 100 / (promised_mib * 1024);
	CHECK_LE(t, missing_percent, plan_number(t, "reserved_percent", SHARE_PERCENT));
}

SABOTAGE(memory, reserved_share_is_small, "half of the memory is kept for a crash kernel")
{
	const char *meminfo = file_text(t, "/proc/meminfo");

	REQUIRE(t, meminfo != NULL);
	sabotage_file(t, "/proc/meminfo",
		      case_format(t, "MemTotal: %lld kB%s", plan_number(t, "mem_mib", 0) * 512,
				  strchr(meminfo, '\n')));
}
