/* SPDX-License-Identifier: Apache-2.0 */
/* What the product's policy wants of the boot loader: kernel arguments and its own defaults. */
#include <fnmatch.h>

#include "guest/kit/boot.h"
#include "guest/kit/policy.h"

/* The argument of the default entry that fits the glob; NULL when none does. */
static const char *find_argument(struct trial *t, const char *glob)
{
	const char *at = boot_default(t)->arguments;

	for (const char *argument; (argument = boot_argument_next(t, &at));)
		if (fnmatch(glob, argument, 0) == 0)
			return argument;
	return NULL;
}

static bool has_argument(struct trial *t, void *arg UNUSED, const char *glob)
{
	return find_argument(t, glob) != NULL;
}

AUDIT(boot, required_arguments_are_present,
      .title = "Every kernel argument the platform table demands is in the boot entry",
      .priority = P2, .needs = "policy:required_arguments",
      .sources = "CIV:test_cmdline_console_and_params,CIV:test_iommu_strict_mode,"
		 "CIV:test_max_cstate_is_configured_in_cmdline,CIV:test_net_ifnames_usage,"
		 "CIV:test_cmdline_nvme_io_timeout,imgproof:test_sles_multipath_off,"
		 "imgproof:test_sles_azure_kernel_cmdline,AZCERT:ms-selftest/40b-earlyprintk-ttys0,"
		 "AZCERT:ms-selftest/40c-rootdelay-300,AZCERT:ms-prep/net.ifnames-0",
      .why = "The platform counts on it: for its console, its slow disks or its devices' names.",
      .remedy = "Add the argument to the boot loader's defaults and regenerate its configuration.")
{
	for (const char *const *wanted = policy_words(t, "required_arguments"); *wanted; wanted++)
		if (policy_has_alternative(t, *wanted, has_argument, NULL))
			check_passed(t);
		else
			FAIL(t, "the default boot entry has no argument %s", *wanted);
}

SABOTAGE(boot, required_arguments_are_present, "the boot entry lacks the first argument")
{
	const char *glob = policy_words(t, "required_arguments")[0];
	const char *argument = find_argument(t, glob);

	if (!argument)
		case_broken(t, "the boot entry has no %s", glob);
	sabotage_replace(t, boot_default(t)->source, case_format(t, " %s", argument), " planted");
}

AUDIT(boot, quiet_and_splash_are_absent,
      .title = "The boot entry has no quiet, rhgb or splash argument", .priority = P3,
      .needs = "policy:forbidden_arguments",
      .sources = "CIV:test_rhgb_quiet_not_present_in_cmdline,AZCERT:ms-prep/no-quiet-splash",
      .why = "When a machine does not come up, its console is all that there is to read.",
      .remedy = "Take the argument out of the boot loader's defaults and regenerate its "
		"configuration; the policy's forbidden_arguments lists them.")
{
	for (const char *const *glob = policy_words(t, "forbidden_arguments"); *glob; glob++) {
		const char *argument = find_argument(t, *glob);
		if (argument)
			FAIL(t, "the default boot entry has the argument %s", argument);
		else
			check_passed(t);
	}
}

SABOTAGE(boot, quiet_and_splash_are_absent, "the boot entry has a forbidden argument")
{
	const char *glob = policy_words(t, "forbidden_arguments")[0];

	boot_sabotage_argument(t, case_format(t, "%.*s", (int)strcspn(glob, "*?["), glob));
}

/* ---- the loader's defaults ---- */

#define DEFAULTS	"/etc/default/grub"
#define DEFAULTS_FOLDER "/etc/default/grub.d"

/* The file, then those that are read after it, as grub-mkconfig does. */
static const char *default_of(struct trial *t, const char *key)
{
	const char *text = file_text(t, DEFAULTS);
	const char *found = text ? text_value(t, text, key) : NULL;

	for (const char *const *name = file_names(t, DEFAULTS_FOLDER); *name; name++) {
		if (!has_suffix(*name, ".cfg"))
			continue;
		text = file_text(t, case_format(t, DEFAULTS_FOLDER "/%s", *name));
		const char *later = text ? text_value(t, text, key) : NULL;
		found = later ? later : found;
	}
	return found;
}

AUDIT(boot, loader_defaults_match_policy,
      .title = "The boot loader defaults file has the values the platform specifies",
      .priority = P2, .needs = "policy:grub_defaults",
      .sources = "LISA:verify_grub,CIV:test_grub_config,CIV:test_grub_params,"
		 "AZCERT:ms-prep/numa-off-old-rhel,AZCERT:lisa-std/p1-grub",
      .why = "The next update of the kernel writes the boot menu from these values.",
      .remedy = "Set the value in /etc/default/grub, or correct grub_defaults in the policy.")
{
	const char *const *entries = policy_lines(t, "grub_defaults");

	if (!file_exists(t, DEFAULTS))
		case_skip(t, "cmd:grub", "there is no " DEFAULTS);
	for (; *entries; entries++) {
		struct policy_pair wanted = policy_pair(t, *entries, '=');
		policy_check_setting(t, DEFAULTS, &wanted, default_of(t, wanted.name));
	}
}

SABOTAGE(boot, loader_defaults_match_policy, "the first of the defaults has another value")
{
	struct policy_pair wanted = policy_pair(t, policy_lines(t, "grub_defaults")[0], '=');

	sabotage_file(t, DEFAULTS_FOLDER "/zz-planted.cfg",
		      case_format(t, "%s=planted\n", wanted.name));
}
