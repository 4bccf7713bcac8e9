/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that is tried: it is the one that runs. */
#include "guest/kit/case.h"

#define OSRELEASE "/proc/sys/kernel/osrelease"

CASE(kernel, given_release_runs, .title = "The kernel that runs is the one that was given",
     .priority = P0, .needs = "kernel:given",
     .why = "A verdict on a kernel is worth nothing when the machine came up by another one.",
     .remedy = "Look whether the loader or kexec starts a kernel of the image's own.",
     .sources = "own")
{
	const char *release = file_line(t, OSRELEASE),
		   *given = plan_text(t, "kernel_release", NULL);

	REQUIRE(t, given != NULL);
	REQUIRE(t, release != NULL);
	CHECK_ONE_OF(t, release, given);
}

SABOTAGE(kernel, given_release_runs, "the image has started its own kernel")
{
	sabotage_file(t, OSRELEASE, "2.6.32-generic\n");
}
