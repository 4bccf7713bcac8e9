/* SPDX-License-Identifier: Apache-2.0 */
/* The keys by which an SSH server is known. */
#include "guest/kit/case.h"

static const struct key_type {
	const char *name;
	const char *public_prefix;
} key_types[] = {
	{"ecdsa", "ecdsa-sha2-"},
	{"ed25519", "ssh-ed25519"},
	{"rsa", "ssh-rsa"},
};

CASE_EACH(
	provisioning, host_keys_are_generated, key_types,
	.title = "All standard SSH host key types are created at first boot", .priority = P0,
	.needs = "cmd:sshd",
	.why = "Without its keys the server refuses every client, or those that know only one type.",
	.remedy =
		"Check the unit or module that makes host keys, and whether it ran before the server.",
	.sources = "CIT:guestagent.TestSSHHostKeyExistence,AZCERT:hygiene/host-keys-regenerate")
{
	const char *path = case_format(t, "/etc/ssh/ssh_host_%s_key", c->name);
	const char *private_key = file_text(t, path);
	const char *public_key = file_line(t, case_format(t, "%s.pub", path));

	if (!private_key) {
		FAIL(t, "%s is not there", path);
		return;
	}
	CHECK_CONTAINS(t, private_key, "PRIVATE KEY-----");
	CHECK_GT(t, strlen(private_key), 200);
	if (public_key)
		CHECK(t, has_prefix(public_key, c->public_prefix));
}

SABOTAGE(provisioning, host_keys_are_generated, "keys of one type were not made")
{
	sabotage_remove(t, "/etc/ssh/ssh_host_ed25519_key");
}
