/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the two interfaces of control groups is in use. */
#include <sys/mount.h>

#include "guest/kit/case.h"
#include "guest/kit/mounts.h"

#define OLD_PLACE "/run/assay-cgroup"

/* Did somebody ask for the old interface on purpose? */
static void skip_if_declared(struct trial *t)
{
	const char *cmdline = file_line(t, "/proc/cmdline");

	if (strcmp(plan_text(t, "cgroup", "v2"), "v2") != 0)
		case_skip(t, "policy:cgroup", "the policy says that the old interface is in use");
	if (cmdline && (strstr(cmdline, "systemd.unified_cgroup_hierarchy=0") ||
			strstr(cmdline, "systemd.unified_cgroup_hierarchy=no") ||
			strstr(cmdline, "systemd.unified_cgroup_hierarchy=false")))
		case_skip(t, "policy:cgroup",
			  "the kernel's command line asks for the old interface");
}

/* systemd has chosen the unified hierarchy by itself since version 247, unless it was built otherwise. */
CASE(kernel, cgroup_v2_is_sole_hierarchy,
     .title = "Only the unified cgroup hierarchy is mounted and in use", .priority = P1,
     .needs = "systemd>=247",
     .why = "With two hierarchies a controller belongs to one of them only: container engines find it missing in theirs.",
     .remedy =
	     "Take systemd.unified_cgroup_hierarchy=0 away and whatever mounts a cgroup filesystem.",
     .sources = "own")
{
	const char *at = mounts_text(t), *own = file_text(t, "/proc/self/cgroup");
	struct mount_entry entry;
	unsigned unified = 0, own_unified = 0;

	skip_if_declared(t);
	while (mounts_next(t, &at, &entry)) {
		unified += strcmp(entry.type, "cgroup2") == 0;
		if (strcmp(entry.type, "cgroup") == 0)
			FAIL(t, "a hierarchy of version 1 is mounted on %s (%s)", entry.where,
			     entry.super_options);
	}
	CHECK_GE(t, unified, 1);
	REQUIRE(t, own != NULL);
	/* A process is named once for each hierarchy that there is, "0::" being the unified one. */
	for (const char *line; (line = text_line(t, &own));) {
		own_unified += has_prefix(line, "0::");
		if (*line && !has_prefix(line, "0::"))
			FAIL(t, "processes are counted in a hierarchy of version 1: %s", line);
	}
	CHECK_EQ(t, own_unified, 1);
}

static void unmount_old(void *arg UNUSED)
{
	(void)umount2(OLD_PLACE, MNT_DETACH);
	(void)rmdir(OLD_PLACE);
}

SABOTAGE(kernel, cgroup_v2_is_sole_hierarchy, "a hierarchy of version 1 is mounted")
{
	(void)mkdir(OLD_PLACE, 0700);
	case_defer(t, unmount_old, NULL);
	if (mount("cgroup", OLD_PLACE, "cgroup", 0, "none,name=assay") < 0)
		case_broken(t, "no hierarchy of version 1 can be mounted: %m");
}
