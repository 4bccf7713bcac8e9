/* SPDX-License-Identifier: Apache-2.0 */
/* Which time daemon a process is. */
#include "guest/kit/time_daemon.h"

#include <string.h>

#include "base/test.h"

static const char *name_of(const char *comm, const char *command_line, const char *program)
{
	struct time_daemon daemon = {.name = NULL};

	return time_daemon_is(comm, command_line, program, &daemon) ? daemon.name : "";
}

TEST(guest_kit_time_daemon, several_are_called_ntpd)
{
	EXPECT_TEXT(name_of("ntpd", "/usr/sbin/ntpd", "/usr/sbin/ntpd"), "ntpd");
	EXPECT_TEXT(name_of("ntpd", "ntpd: ntp engine", "/usr/sbin/ntpd"), "OpenNTPD");
	EXPECT_TEXT(name_of("ntpd", "/usr/sbin/ntpd", "/bin/busybox"), "BusyBox ntpd");
	EXPECT_TEXT(name_of("ntpd", "", ""), "ntpd");
}

TEST(guest_kit_time_daemon, names_are_as_the_kernel_cuts_them)
{
	const char *program = "/usr/lib/systemd/systemd-timesyncd";

	EXPECT_TEXT(name_of("systemd-timesyn", program, program), "systemd-timesyncd");
	EXPECT_TEXT(name_of("chronyd", "/usr/sbin/chronyd", "/usr/sbin/chronyd"), "chronyd");
	EXPECT_TEXT(name_of("sshd", "", ""), "");
	EXPECT_TEXT(name_of("", "", ""), "");
}

TEST(guest_kit_time_daemon, only_who_never_steps_has_no_span)
{
	struct time_daemon daemon;

	EXPECT(time_daemon_is("openntpd", "", "", &daemon));
	EXPECT_NUMBER(daemon.corrects_s, 0);
	EXPECT(time_daemon_is("ntpsec", "", "", &daemon));
	EXPECT(daemon.corrects_s > 300 + 2 * 64);
	EXPECT(!daemon.reads_ptp);
}
