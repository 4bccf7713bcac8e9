// SPDX-License-Identifier: Apache-2.0
// os-release: it says what this is, and that somebody still repairs it.
#include "guest/kit/policy.h"
#include "guest/kit/release.h"

AUDIT(image, os_release_is_complete,
      .title = "os-release has name, version, id and an unexpired support end date", .priority = P1,
      .sources = "LISA:verify_fedora_edition_identification,LISA:os_info,AZCERT:ms-faq/os-label",
      .why = "Agents, package managers and inventories decide by these fields what to do "
	     "with the machine.",
      .remedy = "Install the distribution's release package again.")
{
	static const char *const keys[] = {"ID", "NAME", "PRETTY_NAME"};
	const char *text = release_text(t), *support_end;

	REQUIRE(t, text != NULL);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *value = text_value(t, text, keys[i]);
		if (value && value[0])
			check_passed(t);
		else
			FAIL(t, "os-release has no %s", keys[i]);
	}
	/* Rolling distributions have no version, but a build. */
	CHECK(t, text_value(t, text, "VERSION_ID") || text_value(t, text, "BUILD_ID") ||
			 text_value(t, text, "VERSION_CODENAME"));
	support_end = text_value(t, text, "SUPPORT_END");
	if (support_end) {
		REQUIRE(t, date_number(support_end) > 0);
		CHECK_GE(t, date_number(support_end), date_today(t));
	}
}

SABOTAGE(image, os_release_is_complete, "the support has ended")
{
	sabotage_file(t, "/etc/os-release",
		      "ID=planted\nNAME=Planted\nPRETTY_NAME=Planted\nVERSION_ID=1\n"
		      "SUPPORT_END=2001-01-01\n");
}

/* The last day of free (or, where there is such, long-term) security support, by ID and a beginning of VERSION_ID. */
static const struct release_end {
	const char *id, *version, *end;
} release_ends[] = {
	{"almalinux", "8", "2029-03-01"},
	{"almalinux", "9", "2032-05-31"},
	{"almalinux", "10", "2035-05-31"},
	{"alpine", "3.18.", "2025-05-09"},
	{"alpine", "3.19.", "2025-11-01"},
	{"alpine", "3.20.", "2026-04-01"},
	{"alpine", "3.21.", "2026-11-01"},
	{"alpine", "3.22.", "2027-05-01"},
	{"amzn", "2", "2026-06-30"},
	{"amzn", "2023", "2029-06-30"},
	{"centos", "7", "2024-06-30"},
	{"centos", "8", "2024-05-31"},
	{"centos", "9", "2027-05-31"},
	{"debian", "9", "2022-06-30"},
	{"debian", "10", "2024-06-30"},
	{"debian", "11", "2026-08-31"},
	{"debian", "12", "2028-06-30"},
	{"debian", "13", "2030-06-30"},
	{"fedora", "39", "2024-11-26"},
	{"fedora", "40", "2025-05-13"},
	{"fedora", "41", "2025-12-15"},
	{"fedora", "42", "2026-05-13"},
	{"ol", "7", "2024-12-31"},
	{"ol", "8", "2029-07-31"},
	{"ol", "9", "2032-06-30"},
	{"opensuse-leap", "15.5", "2024-12-31"},
	{"opensuse-leap", "15.6", "2026-04-30"},
	{"rhel", "7", "2024-06-30"},
	{"rhel", "8", "2029-05-31"},
	{"rhel", "9", "2032-05-31"},
	{"rhel", "10", "2035-05-31"},
	{"rocky", "8", "2029-05-31"},
	{"rocky", "9", "2032-05-31"},
	{"rocky", "10", "2035-05-31"},
	{"ubuntu", "18.04", "2023-05-31"},
	{"ubuntu", "20.04", "2025-05-31"},
	{"ubuntu", "22.04", "2027-06-01"},
	{"ubuntu", "24.04", "2029-05-31"},
	{"ubuntu", "24.10", "2025-07-10"},
	{"ubuntu", "25.04", "2026-01-15"},
};

/* "8" fits 8 and 8.10, not 80. */
static bool is_version(const char *version, const char *beginning)
{
	size_t length = strlen(beginning);

	return has_prefix(version, beginning) &&
	       (version[length] == '\0' || version[length] == '.' || beginning[length - 1] == '.');
}

static const char *end_of(const char *id, const char *version)
{
	for (size_t i = 0; i < ARRAY_LEN(release_ends); i++)
		if (strcmp(release_ends[i].id, id) == 0 &&
		    is_version(version, release_ends[i].version))
			return release_ends[i].end;
	return NULL;
}

/* Whether the policy's table of ends names this distribution. */
static bool eol_has(struct trial *t, const char *id)
{
	const char *table = plan_text(t, "eol", "");
	const char *row = strstr(table, case_format(t, "%s-", id));

	return row && (row == table || row[-1] == '\t');
}

AUDIT(image, release_is_supported,
      .title = "The release is not past the end-of-life date in the policy table", .priority = P1,
      .sources = "AZCERT:ms-policy/200.4c-endorsed-distribution,AZCERT:hygiene/eol-distribution,"
		 "AZCERT:aws-mp/security-supported-os",
      .why = "Nobody repairs the holes of a release whose support has ended.",
      .remedy = "Build the image from a supported release; the policy's support_end names the day "
		"of a support that was bought.")
{
	const char *text = release_text(t);
	const char *id = text ? text_value(t, text, "ID") : NULL;
	const char *version = text ? text_value(t, text, "VERSION_ID") : NULL;

	if (!id || !version)
		case_skip(t, "distro", "os-release names no release with a version");
	const char *end = plan_text(t, "support_end", NULL);
	if (!end && eol_has(t, id))
		end = policy_end_of_life(t, id, version);
	if (!end)
		end = text_value(t, text, "SUPPORT_END");
	if (!end)
		end = end_of(id, version);
	if (!end)
		case_skip(t, "distro", "it is not known until when %s %s is supported", id,
			  version);
	REQUIRE(t, date_number(end) > 0);
	if (date_number(end) >= date_today(t))
		check_passed(t);
	else
		FAIL(t, "the support of %s %s ended on %s", id, version, end);
}

SABOTAGE(image, release_is_supported, "the release is Debian 9")
{
	sabotage_file(t, "/etc/os-release", "ID=debian\nNAME=Debian\nVERSION_ID=\"9\"\n");
}
