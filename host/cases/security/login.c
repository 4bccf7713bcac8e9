/* SPDX-License-Identifier: Apache-2.0 */
/* Who must not get in by the console. */
#include "host/cases/host_case.h"

#define PROMPT_S  60
#define PAM_LOGIN "/etc/pam.d/login"

HOST_CASE(security, wrong_password_never_logs_in,
	  .title = "The serial console refuses a wrong password", .priority = P1,
	  .isolation = ISOLATION_FORK, .timeout_s = 100, .waits = true,
	  .why = "A login that lets everybody in is none.",
	  .remedy = "Look at /etc/pam.d/login and what it includes.",
	  .sources = "kola:coreos.auth.verify")
{
	host_console_forget(t);
	host_console_type(t, "\r");
	if (!host_console_wait(t, "login:", PROMPT_S))
		host_skip(t, "console-login", "nobody asks for a name on the serial console");
	host_console_forget(t);
	host_console_type(t, "root\r");
	/* Who is let in without a question sees a shell's prompt. */
	static const char *const answers[] = {"assword:", "root@", "# ", NULL};
	int answer = host_console_wait_any(t, answers, PROMPT_S);
	if (answer > 0) {
		HOST_FAIL(t, "root is let in without being asked for a password");
		return;
	}
	HOST_REQUIRE(t, answer >= 0);
	host_console_forget(t);
	host_console_type(t, "no-such-password\r");
	/* Not every login says why: BusyBox's ends at a hash that it cannot read, and the next one asks. */
	static const char *const ends[] = {"ncorrect", "login:", "root@", "# ", NULL};
	int end = host_console_wait_any(t, ends, PROMPT_S);
	if (end > 1) {
		HOST_FAIL(t, "root is let in with a wrong password");
		return;
	}
	HOST_REQUIRE(t, end >= 0);
	/* Whoever is in has a prompt; here the next login is asked for. */
	HOST_CHECK(t, host_console_wait(t, "login:", PROMPT_S));
	HOST_CHECK_LACKS(t, host_console(t), "Last login");
	HOST_CHECK_LACKS(t, host_console(t), "root@");
}

HOST_SABOTAGE(security, wrong_password_never_logs_in, "the module that permits all comes first")
{
	host_guest_write(t, PAM_LOGIN,
			 "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\n"
			 "session sufficient pam_permit.so\npassword sufficient pam_permit.so\n");
}
