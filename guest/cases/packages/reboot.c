/* SPDX-License-Identifier: Apache-2.0 */
/* What packages say of a reboot. */
#include "guest/kit/case.h"

static const char *const flags[] = {"/run/reboot-required", "/var/run/reboot-required",
				    "/run/reboot-needed"};

CASE(packages, no_pending_reboot, .title = "Nothing installed demands a reboot to take effect",
     .priority = P2,
     .why = "A fresh machine that wants a reboot runs code that its own packages have replaced.",
     .remedy =
	     "Build the image so that its last update comes before its last boot, and remove the flag.",
     .sources = "own")
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (file_exists(t, flags[i]))
			FAIL(t, "%s is there", flags[i]);
		else
			check_passed(t);
	}
}

SABOTAGE(packages, no_pending_reboot, "a package has asked for a reboot")
{
	sabotage_file(t, "/run/reboot-required", "*** System restart required ***\n");
}
