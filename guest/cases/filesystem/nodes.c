/* SPDX-License-Identifier: Apache-2.0 */
/* The device nodes that decide who may do what. */
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "guest/kit/block.h"
#include "guest/kit/case.h"

static const struct node {
	const char *name;
	unsigned wanted, forbidden; /* mode bits */
} nodes[] = {
	{"full", 0666, 0}, {"kmsg", 0600, 0033}, {"mem", 0600, 0037},
	{"null", 0666, 0}, {"ptmx", 0666, 0},	 {"random", 0666, 0},
	{"tty", 0666, 0},  {"urandom", 0666, 0}, {"zero", 0666, 0},
};

static void check_node(struct trial *t, const char *name, unsigned wanted, unsigned forbidden)
{
	struct tree_stat stat;

	if (!file_stat(t, case_format(t, "/dev/%s", name), &stat))
		return;
	if ((!S_ISCHR(stat.mode) && !S_ISBLK(stat.mode)) || stat.uid != 0)
		FAIL(t, "/dev/%s is no device of root's", name);
	else if ((stat.mode & wanted) != wanted || (stat.mode & forbidden) != 0)
		FAIL(t, "/dev/%s has mode %04o", name, stat.mode & 07777);
	else
		check_passed(t);
}

CASE(filesystem, device_nodes_have_right_modes,
     .title = "Disk, memory, random and terminal device nodes have expected owner and mode",
     .priority = P1,
     .why = "A disk that all may read gives every file away; a null device that few may write breaks everything.",
     .remedy = "Check the udev rules and whatever changes modes at boot.", .sources = "own")
{
	for (const struct node *node = nodes; node < nodes + ARRAY_LEN(nodes); node++)
		check_node(t, node->name, node->wanted, node->forbidden);
	for (const char *const *disk = block_disks(t); *disk; disk++)
		check_node(t, *disk, 0600, 0007);
}

static void remove_node(void *arg)
{
	(void)unlink(arg);
}

SABOTAGE(filesystem, device_nodes_have_right_modes, "only root may write to the null device")
{
	static char node[] = "/run/assay-null";

	if (mknod(node, S_IFCHR | 0600, makedev(1, 3)) < 0)
		case_broken(t, "mknod %s: %m", node);
	case_defer(t, remove_node, node);
	if (mount(node, "/dev/null", NULL, MS_BIND, NULL) < 0)
		case_broken(t, "the node cannot be put over /dev/null: %m");
}
