/* SPDX-License-Identifier: Apache-2.0 */
/* What a program leaves when it crashes. */
#include <sys/resource.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"

#define PATTERN	 "/proc/sys/kernel/core_pattern"
#define FOLDER	 "/var/tmp/.assay-core"
#define COREDUMP "/var/lib/systemd/coredump"
#define WAIT_NS	 (30 * NS_PER_S)

static int crash(void *arg UNUSED)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	if (chdir(FOLDER) < 0 || setrlimit(RLIMIT_CORE, &all) < 0)
		return 1;
	abort();
}

/* The folder into which the pattern writes; NULL when a program takes the core. */
static const char *target_folder(struct trial *t, const char *pattern)
{
	const char *slash = strrchr(pattern, '/'), *percent = strchr(pattern, '%');

	if (pattern[0] == '|')
		return strstr(pattern, "systemd-coredump") ? COREDUMP : NULL;
	if (pattern[0] != '/')
		return FOLDER;
	if (percent && percent < slash)
		return NULL; /* a folder for each program: nobody knows which */
	return slash == pattern ? "/" : case_format(t, "%.*s", (int)(slash - pattern), pattern);
}

static size_t count_files(struct trial *t, const char *folder)
{
	const char *const *names = file_names(t, folder);
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

static void remove_folder(void *arg)
{
	struct trial *t = arg;

	for (const char *const *name = file_names(t, FOLDER); *name; name++)
		(void)unlink(case_format(t, FOLDER "/%s", *name));
	(void)rmdir(FOLDER);
}

CASE(crash, process_core_is_captured,
     .title = "A crashing program leaves a core where the kernel was told to put it",
     .priority = P2, .isolation = ISOLATION_FORK, .timeout_s = 90,
     .why = "Without it a crash in production cannot be understood.",
     .remedy =
	     "Set kernel.core_pattern to a place that exists and can be written, or to a program that does.",
     .sources = "own")
{
	const char *pattern = file_line(t, PATTERN);

	REQUIRE(t, pattern != NULL);
	const char *folder = target_folder(t, pattern);
	if (!pattern[0] || !folder)
		case_skip(t, "policy:core", "cores go to \"%s\"", pattern);
	(void)mkdir(FOLDER, 0700);
	case_defer(t, remove_folder, t);
	size_t before = count_files(t, folder);
	int status = helper_run(t, crash, NULL);
	if (!WIFSIGNALED(status))
		case_broken(t, "the program could not crash");
	/* A program that takes it may need a while. */
	uint64_t until_ns = clock_now_ns() + (pattern[0] == '|' ? WAIT_NS : 0);
	while (count_files(t, folder) <= before && pause_until(until_ns, 100))
		;
	if (count_files(t, folder) > before)
		check_passed(t);
	else
		FAIL(t, "no core has come to %s (the pattern is \"%s\")", folder, pattern);
}

SABOTAGE(crash, process_core_is_captured, "cores go to a folder that does not exist")
{
	knob_set(t, PATTERN, "/nonexistent/core");
}
