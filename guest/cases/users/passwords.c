// SPDX-License-Identifier: Apache-2.0
// Passwords: none is empty, none is baked in, and root has none.
#include "guest/kit/accounts.h"

/* A hash begins with $id$, or is one of DES's (13 characters, or _ and 19 more); all else can never be matched. */
static bool is_hash(const char *secret)
{
	static const char alphabet[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t length = strlen(secret);

	if (secret[0] == '$')
		return strchr(secret + 1, '$') != NULL;
	if (secret[0] == '_')
		return length == 20;
	return length == 13 && strspn(secret, alphabet) == length;
}

AUDIT(users, no_empty_password, .title = "No account can log in with an empty password",
      .priority = P1,
      .why = "Whoever reaches the console, and often SSH too, is in without being asked.",
      .remedy = "Lock the account: passwd -l NAME, or put '*' into its password field.")
{
	struct fields user;

	for (const char *at = accounts_text(t, ACCOUNTS_SHADOW); fields_next(&at, &user);) {
		if (user.count > 1 && user.at[1][0] == '\0')
			FAIL(t, "\"%s\" has an empty password", user.at[0]);
		else
			check_passed(t);
	}
	/* A field in passwd itself counts before shadow does. */
	for (const char *at = accounts_text(t, ACCOUNTS_PASSWD); fields_next(&at, &user);)
		if (user.count > 1 && user.at[1][0] == '\0')
			FAIL(t, "\"%s\" has an empty password in /etc/passwd", user.at[0]);
}

SABOTAGE(users, no_empty_password, "an account has an empty password field")
{
	sabotage_append(t, "/etc/shadow", "open::19000:0:99999:7:::");
}

AUDIT(users, no_preset_password,
      .title = "No account of the never-booted image has a password hash", .priority = P1,
      .needs = "image:pristine",
      .sources = "LISA:verify_no_pre_exist_users,AZCERT:ms-policy/200.6-no-default-credentials,"
		 "AZCERT:lisa-std/p1-no-pre-existing-users,AZCERT:hygiene/passwords",
      .why = "A password in the image is the same on every machine made from it, and anyone "
	     "with the image can crack it.",
      .remedy = "Lock every account in the image; let provisioning set what each machine needs.")
{
	struct fields user;

	for (const char *at = accounts_text(t, ACCOUNTS_SHADOW); fields_next(&at, &user);) {
		/* passwd -l puts '!' before the hash: who unlocks the account unlocks the shared password. */
		const char *secret = user.count > 1 ? user.at[1] + strspn(user.at[1], "!") : "";
		if (is_hash(secret))
			FAIL(t, "\"%s\" has a password hash%s", user.at[0],
			     user.at[1][0] == '!' ? ", although a locked one" : "");
		else
			check_passed(t);
	}
}

SABOTAGE(users, no_preset_password, "an account has a password from the build")
{
	sabotage_append(
		t, "/etc/shadow",
		"packer:$6$assay$Q3VYdE6vYv5b0J4mZKXyWn0XqV2fX9mJr0WmT1qkq1Vt4qfT9m9K8b8x1:19000:0:99999:7:::");
}

AUDIT(users, root_password_is_locked, .title = "Root has no usable password", .priority = P1,
      .sources = "CIV:test_root_is_locked,imgproof:test_sles_root_pass,"
		 "CIT:security.TestPasswordSecurity,AZCERT:hygiene/root-login,"
		 "AZCERT:aws-mp/access-root",
      .why = "A known root password opens every machine made from the image at its console.",
      .remedy = "Run passwd -l root, or put '*' into root's password field.")
{
	struct fields user;

	for (const char *at = accounts_text(t, ACCOUNTS_SHADOW); fields_next(&at, &user);) {
		if (strcmp(user.at[0], "root") != 0)
			continue;
		REQUIRE(t, user.count > 1);
		if (user.at[1][0] == '\0')
			FAIL(t, "root's password is empty");
		else if (is_hash(user.at[1]))
			FAIL(t, "root has a password that can be logged in with");
		else
			check_passed(t);
		return;
	}
	case_skip(t, "accounts", "root has no line in /etc/shadow");
}

SABOTAGE(users, root_password_is_locked, "root has a password")
{
	sabotage_file(
		t, "/etc/shadow",
		"root:$6$assay$Q3VYdE6vYv5b0J4mZKXyWn0XqV2fX9mJr0WmT1qkq1Vt4q:19000:0:99999:7:::\n");
}
