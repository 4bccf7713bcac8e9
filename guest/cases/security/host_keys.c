/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read the SSH server's private keys. */
#include "guest/kit/case.h"

CASE(security, host_key_modes_are_right,
     .title = "SSH host private keys have the release's owner, group and mode", .priority = P1,
     .needs = "cmd:sshd", .why = "Who can read the private key can pretend to be the machine.",
     .remedy = "chmod 600 the key, and find what changed it.",
     .sources = "CIV:test_hostkey_permissions,kola:ssh/custom-host-key-permissions")
{
	unsigned count = 0;

	for (const char *const *name = file_names(t, "/etc/ssh"); *name; name++) {
		struct tree_stat stat;
		const char *path = case_format(t, "/etc/ssh/%s", *name);
		if (!has_prefix(*name, "ssh_host_") || !has_suffix(*name, "_key") ||
		    !file_stat(t, path, &stat))
			continue;
		count++;
		/* Some distributions let the group ssh_keys read: that group has no members. */
		if ((stat.mode & 0037) != 0 || stat.uid != 0 ||
		    ((stat.mode & 0040) && stat.gid == 0))
			FAIL(t, "%s has mode %04o, owner %u, group %u", path, stat.mode & 07777,
			     stat.uid, stat.gid);
		else
			check_passed(t);
	}
	CHECK_GE(t, count, 1);
}

SABOTAGE(security, host_key_modes_are_right, "everybody may read a private key")
{
	sabotage_file_mode(t, "/etc/ssh/ssh_host_ed25519_key", 0644, 0);
}
