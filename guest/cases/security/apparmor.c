/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor's profiles, as the kernel has them. */
#include "guest/kit/case.h"

#define PROFILES "/sys/kernel/security/apparmor/profiles"
#define SOURCES	 "/etc/apparmor.d"

/* In its file a profile within another ("outer//inner") goes by its own name. */
static const char *own_name(const char *profile)
{
	for (const char *at; (at = strstr(profile, "//"));)
		profile = at + 2;
	return profile;
}

/* Does one of the files say that its profile only complains? Then that is meant. */
static bool may_complain(struct trial *t, const char *profile)
{
	const char *force = case_format(t, SOURCES "/force-complain"), *own = own_name(profile);

	if (*file_names(t, force))
		return true;
	for (const char *const *name = file_names(t, SOURCES); *name; name++) {
		const char *text = file_text(t, case_format(t, SOURCES "/%s", *name));
		if (text && strstr(text, own) && strstr(text, "complain"))
			return true;
	}
	return false;
}

CASE(security, apparmor_profiles_are_enforced,
     .title = "Shipped AppArmor profiles are loaded and in enforce mode", .priority = P2,
     .needs = "apparmor", .why = "A profile that only complains confines nothing.",
     .remedy = "Check apparmor.service, and take the profile out of complain mode (aa-enforce).",
     .sources = "own")
{
	const char *text = file_text(t, PROFILES);
	unsigned enforced = 0;

	if (!*file_names(t, SOURCES))
		case_skip(t, "apparmor", "the image ships no profiles");
	REQUIRE(t, text != NULL);
	for (const char *line; (line = text_line(t, &text));) {
		const char *mode = strrchr(line, '(');
		if (!mode || mode == line)
			continue;
		const char *name = case_format(t, "%.*s", (int)(mode - 1 - line), line);
		enforced += strcmp(mode, "(enforce)") == 0;
		if (strcmp(mode, "(complain)") != 0 || may_complain(t, name))
			check_passed(t);
		else
			FAIL(t, "the profile %s only complains", name);
	}
	CHECK_GE(t, enforced, 1);
}

SABOTAGE(security, apparmor_profiles_are_enforced, "no profile is loaded")
{
	sabotage_file(t, PROFILES, "");
}
