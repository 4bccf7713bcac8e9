// SPDX-License-Identifier: Apache-2.0
// The time zone that the image ships.
#include "guest/kit/case.h"

AUDIT(time, timezone_is_utc, .title = "The default timezone is UTC", .priority = P2,
      .sources = "CIV:test_timezone_is_utc,AZCERT:hygiene/time-zone",
      .why = "Logs of machines in several zones cannot be laid side by side; the policy's "
	     "timezone names another.",
      .remedy = "Link /etc/localtime to /usr/share/zoneinfo/Etc/UTC, or remove it.")
{
	static const char *const names[] = {"UTC",	 "Etc/UTC",	  "UCT",  "Etc/UCT",
					    "Universal", "Etc/Universal", "Zulu", "Etc/Zulu"};
	const char *target = file_link(t, "/etc/localtime"),
		   *wanted = plan_text(t, "timezone", NULL);
	const char *zone = target ? strstr(target, "zoneinfo/") : NULL;

	if (!file_exists(t, "/etc/localtime") && !target) {
		check_passed(t); /* UTC is what is meant without it */
		return;
	}
	if (zone) {
		zone += strlen("zoneinfo/");
		for (size_t i = 0; i < ARRAY_LEN(names) && !wanted; i++)
			if (strcmp(zone, names[i]) == 0) {
				check_passed(t);
				return;
			}
		CHECK_EQ(t, zone, wanted ? wanted : "UTC");
		return;
	}
	/* A copy: its last line is the rule for the future. */
	char bytes[4096];
	ssize_t length = tree_pread(case_tree(t), "/etc/localtime", 0, bytes, sizeof bytes);
	REQUIRE(t, length > 4 && memcmp(bytes, "TZif", 4) == 0);
	if (memmem(bytes, (size_t)length, "\nUTC0\n", 6))
		check_passed(t);
	else
		FAIL(t, "/etc/localtime is a copy of another zone's file");
}

SABOTAGE(time, timezone_is_utc, "the time zone is New York's")
{
	struct tree_stat stat;

	if (file_lstat(t, "/etc/localtime", &stat))
		sabotage_remove(t, "/etc/localtime");
	sabotage_link(t, "/etc/localtime", "/usr/share/zoneinfo/America/New_York");
}
