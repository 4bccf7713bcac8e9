/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that get capabilities by their file (capabilities(7)): root's rights in pieces, and as little seen as set-uid bits. */
#include "guest/kit/policy.h"

#define ATTRIBUTE     "security.capability"
#define OFFENDERS_MAX 20

/* Programs that have some in distributions, by name: their place in the tree must be a system's. */
static const char *const known[] = {"arping",
				    "clockdiff",
				    "dumpcap",
				    "fping",
				    "gnome-keyring-daemon",
				    "gst-ptp-helper",
				    "kwin_wayland",
				    "mtr-packet",
				    "newgidmap",
				    "newuidmap",
				    "nmap",
				    "ping",
				    "ping4",
				    "ping6",
				    "pinger",
				    "rcp",
				    "rlogin",
				    "rsh",
				    "snap-confine",
				    "suexec",
				    "sssd_pam",
				    "krb5_child",
				    "ldap_child",
				    "selinux_child",
				    "proxy_child",
				    "traceroute6",
				    "traceroute6.iputils",
				    "usernetctl",
				    "systemd-detect-virt"};
static const char *const folders[] = {"/bin/",	   "/sbin/",	  "/usr/bin/",	   "/usr/sbin/",
				      "/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/lib/"};

static bool is_known(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	bool is_of_system = false;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		is_of_system = is_of_system || has_prefix(path, folders[i]);
	for (size_t i = 0; is_of_system && i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

struct capability_walk {
	struct trial *t;
	const char *const *allowed;
	unsigned files, with, offenders;
};

static int visit(void *arg, const char *path, const struct tree_stat *stat)
{
	struct capability_walk *walk = arg;
	struct trial *t = walk->t;
	unsigned char value[64];

	/* Nothing but the kernel's start of a program looks at it. */
	if (!S_ISREG(stat->mode) || !(stat->mode & 0111))
		return 0;
	walk->files++;
	ssize_t size = tree_xattr(case_tree(t), path, ATTRIBUTE, value, sizeof value);
	if (size <= 0 && size != -ERANGE)
		return 0;
	walk->with++;
	if (is_known(path) || policy_list_has(walk->allowed, path))
		check_passed(t);
	else if (walk->offenders++ < OFFENDERS_MAX)
		FAIL(t, "%s has capabilities, and is not known for any", path);
	return 0;
}

AUDIT(security, file_capabilities_match_allowlist,
      .title = "Files with capabilities are exactly the allowlisted ones", .priority = P1,
      .sources = "own",
      .why = "Whoever may start such a program has a piece of root's rights, and no listing of modes "
	     "shows it.",
      .remedy =
	      "Take them away (setcap -r FILE), or name the file in the policy's file_capabilities.")
{
	struct capability_walk walk = {.t = t,
				       .allowed = policy_words_if_any(t, "file_capabilities")};

	int r = tree_walk(case_tree(t), "/", visit, &walk);
	errno = -r;
	if (r < 0)
		case_broken(t, "walk over all files: %m");
	if (walk.files == 0)
		case_skip(t, "image", "the tree has no programs");
	note(t, "%u programs were looked at, %u have capabilities", walk.files, walk.with);
	check_passed(t);
}

SABOTAGE(security, file_capabilities_match_allowlist, "a shell may set its user (cap_setuid)")
{
	/* struct vfs_cap_data of version 2: effective, and bit 7 permitted. */
	static const unsigned char value[20] = {0x01, 0, 0, 0x02, 0x80};

	tree_plant_xattr(case_tree(t),
			 file_exists(t, "/usr/bin/dash") ? "/usr/bin/dash" : "/bin/sh", ATTRIBUTE,
			 value, sizeof value);
}
