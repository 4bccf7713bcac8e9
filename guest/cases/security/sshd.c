// SPDX-License-Identifier: Apache-2.0
// What sshd would allow, as its configuration files say.
#include "guest/kit/line.h"
#include "guest/kit/sshd_config.h"

static bool is_no(const char *value)
{
	return strcasecmp(value, "no") == 0;
}

static void refuse_yes(struct trial *t, void *arg, const char *criteria, const char *value)
{
	const char *keyword = arg;

	/* Logins from the machine itself are no door. */
	if (!is_no(value) && !strstr(criteria, "127.0.0.1") && !strstr(criteria, "localhost"))
		FAIL(t, "%s is %s for %s", keyword, value, criteria);
	else
		check_passed(t);
}

AUDIT(security, sshd_password_login_is_off,
      .title = "The effective SSH configuration allows keys but no passwords, empty ones never",
      .priority = P1,
      .sources = "CIV:test_sshd,CIV:test_sshd_config,CIT:security.TestPasswordSecurity,"
		 "AZCERT:hygiene/empty-password-login,AZCERT:hygiene/password-authentication,"
		 "AZCERT:aws-mp/access-key-pair,AZCERT:aws-mp/access-passwordauthentication",
      .why = "Passwords of machines on the internet are tried thousands of times a day.",
      .remedy = "Set PasswordAuthentication no and KbdInteractiveAuthentication no before other "
		"files set them.")
{
	static char password[] = "PasswordAuthentication", empty[] = "PermitEmptyPasswords";
	const char *interactive = sshd_setting(t, "KbdInteractiveAuthentication", NULL);

	/* The old name of the same setting. */
	if (!interactive)
		interactive = sshd_setting(t, "ChallengeResponseAuthentication", "yes");
	CHECK_EQ(t, sshd_setting(t, password, "yes"), "no");
	CHECK_EQ(t, sshd_setting(t, empty, "no"), "no");
	/* Asking PAM is the same as a password, unless PAM is not asked. */
	if (!is_no(interactive) && !is_no(sshd_setting(t, "UsePAM", "no")))
		FAIL(t, "KbdInteractiveAuthentication is \"%s\": PAM asks for the password then",
		     interactive);
	CHECK_NE(t, sshd_setting(t, "PubkeyAuthentication", "yes"), "no");
	sshd_each_match(t, password, refuse_yes, password);
	sshd_each_match(t, empty, refuse_yes, empty);
}

SABOTAGE(security, sshd_password_login_is_off, "sshd takes passwords")
{
	sshd_sabotage(t, "PasswordAuthentication yes");
}

AUDIT(security, sshd_root_login_is_limited,
      .title = "The effective SSH configuration refuses root passwords", .priority = P1,
      .sources = "CIT:security.TestPasswordSecurity,AZCERT:hygiene/root-login,"
		 "AZCERT:aws-mp/access-root",
      .why = "The name root is known everywhere: with a password login it needs only the "
	     "password.",
      .remedy = "Set PermitRootLogin to prohibit-password or no.")
{
	/* prohibit-password is the default since OpenSSH 7.0; without-password its older name. */
	CHECK_ONE_OF(t, sshd_setting(t, "PermitRootLogin", "prohibit-password"), "no",
		     "prohibit-password", "without-password", "forced-commands-only");
}

SABOTAGE(security, sshd_root_login_is_limited, "root may log in with a password")
{
	sshd_sabotage(t, "PermitRootLogin yes");
}

AUDIT(security, sshd_keepalive_is_in_range,
      .title = "The SSH keepalive interval lies inside the platform's window", .priority = P2,
      .sources = "LISA:verify_client_active_interval,CIV:test_sshd_config_client_alive_interval,"
		 "AZCERT:ms-selftest/46-clientaliveinterval,"
		 "AZCERT:lisa-std/p2-clientaliveinterval,AZCERT:ssg/cis-sshd-clientaliveinterval",
      .why = "Load balancers drop idle connections after four minutes; without a keepalive "
	     "sessions hang.",
      .remedy = "Set ClientAliveInterval to 30-235 seconds; the policy's ssh_keepalive_max is the "
		"upper end.")
{
	const char *value = sshd_setting(t, "ClientAliveInterval", "0");
	long long interval;

	/* "3m" and the like: only plain seconds and minutes are usual. */
	size_t length = strlen(value);
	bool is_minutes = length > 1 && value[length - 1] == 'm';
	const char *digits = is_minutes ? case_format(t, "%.*s", (int)length - 1, value) : value;
	REQUIRE_EQ(t, number_parse(digits, 0, 1000000, &interval), 0);
	if (is_minutes)
		interval *= 60;
	CHECK_GE(t, interval, plan_number(t, "ssh_keepalive_min", 30));
	CHECK_LE(t, interval, plan_number(t, "ssh_keepalive_max", 235));
}

SABOTAGE(security, sshd_keepalive_is_in_range, "sshd sends no keepalives")
{
	sshd_sabotage(t, "ClientAliveInterval 0");
}
