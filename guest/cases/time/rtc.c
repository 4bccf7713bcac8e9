/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware clock. */
#include "guest/kit/case.h"

CASE(time, rtc_agrees_with_system_clock,
     .title = "The hardware clock is readable, kept in UTC and near system time", .priority = P2,
     .needs = "dev:rtc",
     .why = "The next boot starts with the hardware clock's time; certificates and logs depend on it.",
     .remedy =
	     "Set the hardware clock from the system's (in UTC), and check what sets the clock at boot.",
     .sources = "own")
{
	long long rtc_s = file_number(t, "/sys/class/rtc/rtc0/since_epoch", -1);
	struct timespec now;

	REQUIRE(t, rtc_s >= 0);
	REQUIRE_OK(t, clock_gettime(CLOCK_REALTIME, &now));
	CHECK_GE(t, rtc_s, (long long)now.tv_sec - 5);
	CHECK_LE(t, rtc_s, (long long)now.tv_sec + 5);
}

SABOTAGE(time, rtc_agrees_with_system_clock,
	 "the hardware clock is kept in local time, two hours ahead")
{
	long long rtc_s = file_number(t, "/sys/class/rtc/rtc0/since_epoch", -1);

	REQUIRE(t, rtc_s >= 0);
	sabotage_file(t, "/sys/class/rtc/rtc0/since_epoch", case_format(t, "%lld\n", rtc_s + 7200));
}
