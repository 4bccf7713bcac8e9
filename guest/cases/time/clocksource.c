/* SPDX-License-Identifier: Apache-2.0 */
/* Where the kernel takes its time from, and what reading it costs. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/kmsg.h"
#include "guest/kit/knob.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0"

CASE(time, clocksource_is_expected,
     .title = "The current clocksource is the one the platform table names", .priority = P1,
     .why = "A fallback clocksource makes each look at the clock some hundred times slower.",
     .remedy =
	     "Look in the kernel log for why the better source was given up; check clocksource= on the command line.",
     .sources = "LISA:verify_timesync_unbind_clocksource,AZCERT:lisa-other/clocksource")
{
	const char *name = file_line(t, CLOCKSOURCE "/current_clocksource");
	const char *wanted = plan_text(t, "clocksource", "");

	REQUIRE(t, name != NULL);
	if (wanted[0])
		CHECK_EQ(t, name, wanted);
	else if (strcmp(plan_text(t, "accel", ""), "tcg") == 0)
		/* An emulated CPU has no steady counter: the kernel rightly prefers a timer chip.
		 */
		CHECK_ONE_OF(t, name, "tsc", "hpet", "acpi_pm", "arch_sys_counter",
			     "riscv_clocksource");
	else
		CHECK_ONE_OF(t, name, "kvm-clock", "tsc", "hyperv_clocksource_tsc_page", "xen",
			     "arch_sys_counter", "riscv_clocksource");
}

SABOTAGE(time, clocksource_is_expected, "the kernel fell back to jiffies")
{
	sabotage_file(t, CLOCKSOURCE "/current_clocksource", "jiffies\n");
}

/* Puts a filter on this process under which asking the kernel for time or CPU is deadly, and asks.
 */
static int ask_without_kernel(void *arg UNUSED)
{
#define DEADLY(call)                                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                                         \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL)
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DEADLY(SYS_clock_gettime),
		DEADLY(SYS_gettimeofday),
		DEADLY(SYS_getcpu),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};
	struct timespec now;
	struct timeval of_day;

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 2;
	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return 3;
	return gettimeofday(&of_day, NULL) < 0 || sched_getcpu() < 0 ? 3 : 0;
}

CASE(time, clock_reads_use_vdso,
     .title = "Clock and CPU queries are answered without entering the kernel", .priority = P1,
     .needs = "arch:x86_64,kvm",
     .why = "Programs read the clock millions of times a second; a system call for each makes them crawl.",
     .remedy =
	     "Check the clocksource (only some can be read without the kernel) and vdso= on the command line.",
     .sources = "LISA:verify_vdso")
{
	int status = helper_run(t, ask_without_kernel, NULL);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		case_broken(t, "no seccomp filter can be set");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		FAIL(t, "a question for the time or the CPU became a system call");
	else
		CHECK_EQ(t, status, 0);
}

SABOTAGE(time, clock_reads_use_vdso, "the clocksource is one that only the kernel can read")
{
	const char *others = file_line(t, CLOCKSOURCE "/available_clocksource");

	REQUIRE(t, others != NULL);
	knob_set(t, CLOCKSOURCE "/current_clocksource",
		 strstr(others, "acpi_pm") ? "acpi_pm" : "hpet");
}

CASE(time, clocksource_is_stable,
     .title = "The clocksource does not change and is never marked unstable", .priority = P1,
     .needs = "kvm",
     .why = "A clocksource that the watchdog gave up on means that time was wrong until then.",
     .remedy =
	     "The kernel log says by how much the two clocks differed; check the hypervisor's TSC settings.",
     .sources = "own")
{
	const char *const log = kmsg_text(t);

	CHECK_LACKS(t, log, "as unstable because the skew is too large");
	CHECK_LACKS(t, log, "Clocksource tsc unstable");
	CHECK_LACKS(t, log, "TSC found unstable after boot");
}

SABOTAGE(time, clocksource_is_stable, "the watchdog gave the clocksource up")
{
	sabotage_file(
		t, "/dev/kmsg",
		"4,700,9000000,-;clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:\n");
}
