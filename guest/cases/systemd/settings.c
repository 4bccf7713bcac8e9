// SPDX-License-Identifier: Apache-2.0
// Settings of systemd's services.
#include "guest/kit/unit.h"

#define MIB (1LL << 20)

/* "50G", "64M" as bytes; -1 when it is no size. */
static long long size_of(const char *text)
{
	static const char units[] = "BKMGTPE";
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : units;

	if (end == text || !unit ||
	    (*end && end[1] && strcmp(end + 1, "iB") != 0 && strcmp(end + 1, "B") != 0))
		return -1;
	unsigned shift = (unsigned)(unit - units) * 10;
	return number >> (62 - shift) ? -1 : (long long)(number << shift);
}

AUDIT(systemd, journal_size_is_capped,
      .title = "The journal's size limit is set and reasonable for the disk", .priority = P2,
      .needs = "systemd",
      .why = "A journal that may take the whole root filesystem takes the machine with it.",
      .remedy = "Set SystemMaxUse in journald.conf; the policy's journal_max_mib is the limit.")
{
	if (!systemd_is_installed(t))
		case_skip(t, "systemd", "systemd is not installed");
	const char *storage = systemd_setting(t, "journald.conf", "Journal", "Storage");
	const char *maximum = systemd_setting(t, "journald.conf", "Journal", "SystemMaxUse");

	if (storage && (strcmp(storage, "volatile") == 0 || strcmp(storage, "none") == 0)) {
		check_passed(t);
		return;
	}
	if (!maximum) {
		note(t,
		     "SystemMaxUse is not set: the built-in limit is a tenth of the filesystem, at most 4 GiB");
		check_passed(t);
		return;
	}
	long long bytes = size_of(maximum);
	REQUIRE(t, bytes >= 0);
	CHECK_LE(t, bytes / MIB, plan_number(t, "journal_max_mib", 4096));
}

SABOTAGE(systemd, journal_size_is_capped, "the journal may take 50 GiB")
{
	sabotage_file(t, "/etc/systemd/journald.conf.d/zz-planted.conf",
		      "[Journal]\nSystemMaxUse=50G\n");
}
