/* SPDX-License-Identifier: Apache-2.0 */
/* What the running kernel says of itself: taint, controllers, detectors, self-tests, release. */
#include <sys/personality.h>
#include <sys/utsname.h>

#include "guest/kit/case.h"
#include "guest/kit/cgroup.h"
#include "guest/kit/dpkg_status.h"

#define TAINTED "/proc/sys/kernel/tainted"

static const char *const taint_reasons[] = {
	"a proprietary module was loaded",
	"a module was loaded by force",
	"the kernel runs on a processor it does not support",
	"a module was unloaded by force",
	"a processor reported a machine check",
	"a bad page was met",
	"a program asked for the taint",
	"the kernel died once (oops or BUG)",
	"an ACPI table was overridden",
	"the kernel issued a warning",
	"a driver from the staging area was loaded",
	"a workaround for a firmware bug is in use",
	"a module from outside the kernel's tree was loaded",
	"an unsigned module was loaded",
	"a soft lockup has happened",
	"the kernel was patched live",
	"a distribution's own taint",
	"the kernel was built with randomised structures",
	"an in-kernel test was run",
};

CASE(kernel, no_taint, .title = "The running kernel carries no taint flag outside policy",
     .priority = P1,
     .why = "A taint means that the kernel is not what was tested, or that something has already gone wrong in it.",
     .remedy =
	     "The flag names the cause; the kernel log has the moment. Allow one by taint_allowed in the policy.",
     .sources = "own")
{
	long long allowed = plan_number(t, "taint_allowed", 0);
	long long tainted = file_number(t, TAINTED, -1);

	REQUIRE(t, tainted >= 0);
	check_passed(t);
	for (unsigned bit = 0; bit < 63; bit++) {
		if ((tainted & ~allowed) >> bit & 1)
			FAIL(t, "taint flag %u is set: %s", bit,
			     bit < ARRAY_LEN(taint_reasons) ? taint_reasons[bit]
							    : "unknown to this version");
	}
}

SABOTAGE(kernel, no_taint, "the kernel has issued a warning")
{
	sabotage_file(t, TAINTED, "512\n");
}

static const struct controller {
	const char *name, *v1_name;
	const char *file; /* that a group of version 2 has with it alone */
} controllers[] = {
	{"cpu", "cpu", "cpu.weight"},
	{"memory", "memory", "memory.max"},
	{"io", "blkio", "io.stat"},
	{"pids", "pids", "pids.max"},
};

#define V2_CONTROLLERS "/sys/fs/cgroup/cgroup.controllers"
#define V1_CONTROLLERS "/proc/cgroups"

static bool controller_is_enabled_v1(struct trial *t, const char *name)
{
	const char *text = file_text(t, V1_CONTROLLERS);
	char found[64];
	int enabled;

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (sscanf(line, "%63s %*d %*d %d", found, &enabled) == 2 &&
		    strcmp(found, name) == 0)
			return enabled == 1;
	}
	return false;
}

/* A controller that is listed may still refuse: cpu does while some group but the root has tasks of real time. */
static void check_group(struct trial *t, const struct controller *c)
{
	const char *group = cgroup_new(t, c->name);

	CHECK(t, file_exists(t, case_format(t, "%s/%s", group, c->file)));
}

CASE_EACH(kernel, cgroup_controllers_are_enabled, controllers,
	  .title = "The cpu, memory, io and pids controllers are there, and a group can have them",
	  .priority = P1, .isolation = ISOLATION_FORK,
	  .why = "Service managers and container engines limit what runs by these four.",
	  .remedy = "Check the kernel's configuration and cgroup_disable= on the command line.",
	  .sources = "own")
{
	const char *v2 = file_line(t, V2_CONTROLLERS);

	/* Of version 1 each controller may be mounted anywhere, or nowhere: there the kernel's word is all. */
	if (!v2)
		CHECK(t, controller_is_enabled_v1(t, c->v1_name));
	else if (CHECK_CONTAINS(t, case_format(t, " %s ", v2), case_format(t, " %s ", c->name)))
		check_group(t, c);
}

SABOTAGE(kernel, cgroup_controllers_are_enabled, "the memory controller is switched off")
{
	if (file_exists(t, V2_CONTROLLERS))
		sabotage_file(t, V2_CONTROLLERS, "cpuset cpu io hugetlb pids rdma\n");
	else
		sabotage_file(t, V1_CONTROLLERS,
			      "cpu 1 1 1\nblkio 1 1 1\nmemory 0 1 0\npids 1 1 1\n");
}

static const struct detector {
	const char *name, *path;
} detectors[] = {
	{"soft_lockup", "/proc/sys/kernel/soft_watchdog"},
	{"threshold", "/proc/sys/kernel/watchdog_thresh"},
	{"hung_task", "/proc/sys/kernel/hung_task_timeout_secs"},
};

CASE_EACH(
	kernel, hang_detectors_are_armed, detectors,
	.title = "The lockup watchdog and the hung-task detector are on", .priority = P2,
	.needs = "kconfig:SOFTLOCKUP_DETECTOR,kconfig:DETECT_HUNG_TASK",
	.why = "With them off a hang leaves no trace to find its cause by.",
	.remedy =
		"Look for nowatchdog or nosoftlockup on the command line and for sysctl files that switch it off.",
	.sources = "own")
{
	CHECK_GT(t, file_number(t, c->path, 0), 0);
}

SABOTAGE(kernel, hang_detectors_are_armed, "the lockup watchdog is off")
{
	sabotage_file(t, "/proc/sys/kernel/soft_watchdog", "0\n");
}

CASE(kernel, crypto_selftests_passed,
     .title = "Every registered crypto algorithm passed its self-test", .priority = P1,
     .needs = "kconfig:CRYPTO",
     .why = "An algorithm that gives wrong answers corrupts disks and breaks secrecy without a sound.",
     .remedy =
	     "The kernel log tells which vector failed; suspect an accelerated driver on this CPU.",
     .sources = "own")
{
	const char *text = file_text(t, "/proc/crypto");
	const char *driver = "?";
	unsigned drivers = 0, tested = 0;

	REQUIRE(t, text != NULL);
	for (const char *at = text, *line; (line = text_line(t, &at));) {
		const char *value = strchr(line, ':');
		if (has_prefix(line, "driver") && value) {
			driver = value + 2;
			drivers++;
		}
		if (!has_prefix(line, "selftest") || !value)
			continue;
		tested++;
		if (strcmp(value, ": passed") == 0)
			check_passed(t);
		else
			FAIL(t, "the self-test of %s: %s", driver, value + 2);
	}
	CHECK_GT(t, drivers, 0);
	CHECK_EQ(t, tested, drivers);
}

SABOTAGE(kernel, crypto_selftests_passed, "no algorithm was tested")
{
	sabotage_replace(t, "/proc/crypto", ": passed", ": unknown");
}

CASE(kernel, release_matches_package,
     .title = "The running kernel release is the one the package database lists", .priority = P1,
     .needs = "cmd:dpkg", .why = "A kernel that no package owns gets no security updates.",
     .remedy =
	     "Install the kernel from a package, or find out who put this one into the boot loader.",
     .sources = "own")
{
	const char *status =
		dpkg_status(t); /* BusyBox has a dpkg too, and mostly nothing that it installed */
	struct utsname name;

	REQUIRE_OK(t, uname(&name));
	const char *package = case_format(t, "\nPackage: linux-image-%s\n", name.release);
	const char *unsigned_package =
		case_format(t, "\nPackage: linux-image-%s-unsigned\n", name.release);
	const char *unsigned_infix =
		case_format(t, "\nPackage: linux-image-unsigned-%s\n", name.release);
	const char *padded = case_format(t, "\n%s", status);
	if (strstr(padded, package) || strstr(padded, unsigned_package) ||
	    strstr(padded, unsigned_infix))
		check_passed(t);
	else
		FAIL(t, "no package owns the running kernel %s", name.release);
}

SABOTAGE(kernel, release_matches_package, "the kernel gives another release than its package's")
{
	/* Under this personality the kernel calls itself 2.6.x. */
	if (personality(PER_LINUX | UNAME26) < 0)
		case_broken(t, "the personality cannot be changed: %m");
}

CASE(kernel, core_pattern_handler_exists,
     .title = "The core-dump handler named by the kernel exists and is executable", .priority = P2,
     .why = "With a missing handler every crash is lost, and nobody notices until it is needed.",
     .remedy = "Install the handler or set kernel.core_pattern to a file name.", .sources = "own")
{
	const char *pattern = file_line(t, "/proc/sys/kernel/core_pattern");
	struct tree_stat stat;
	char program[256];

	REQUIRE(t, pattern != NULL);
	CHECK_NE(t, pattern, "");
	if (pattern[0] != '|')
		return;
	REQUIRE(t, sscanf(pattern, "|%255s", program) == 1);
	if (!file_stat(t, program, &stat))
		FAIL(t, "the core-dump handler %s is not there", program);
	else if (!S_ISREG(stat.mode) || !(stat.mode & 0111))
		FAIL(t, "the core-dump handler %s cannot be executed", program);
}

SABOTAGE(kernel, core_pattern_handler_exists, "the handler was removed")
{
	sabotage_file(t, "/proc/sys/kernel/core_pattern", "|/usr/libexec/no-such-handler %p %e\n");
}
