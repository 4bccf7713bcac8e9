// SPDX-License-Identifier: Apache-2.0
// cloud-init: it is there, it will run, and nothing in the image takes its decisions away.
#include "guest/kit/boot.h"
#include "guest/kit/unit.h"

#define CONFIG_FOLDER "/etc/cloud/cloud.cfg.d"

static const char *const services[] = {"cloud-init-local.service",   "cloud-init.service",
				       "cloud-init-network.service", "cloud-init-main.service",
				       "cloud-config.service",	     "cloud-final.service"};

static void require_cloud_init(struct trial *t)
{
	if (!file_exists(t, "/usr/bin/cloud-init") && !file_exists(t, "/etc/cloud/cloud.cfg"))
		case_skip(t, "cloud-init", "cloud-init is not installed");
}

static void check_units(struct trial *t)
{
	unsigned known = 0, enabled = 0;

	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		if (!unit_path(t, services[i]))
			continue;
		known++;
		if (unit_is_masked(t, services[i]))
			FAIL(t, "%s is masked", services[i]);
		else
			enabled += unit_is_enabled(t, services[i]);
	}
	/* Where no unit is enabled by a link, the generator pulls cloud-init.target in. */
	if (known == 0)
		FAIL(t, "cloud-init has no units");
	else if (enabled == 0)
		FAIL(t, "none of cloud-init's %u units is enabled", known);
	else
		check_passed(t);
}

AUDIT(provisioning, cloud_init_is_enabled,
      .title = "cloud-init is installed, enabled and not switched off anywhere", .priority = P0,
      .needs = "cloud-init",
      .sources = "CIV:test_cloud_init_is_installed,AZCERT:hygiene/cloud-init-not-disabled",
      .why = "Without it a new machine gets no users, keys, name or network configuration.",
      .remedy = "Remove /etc/cloud/cloud-init.disabled and the kernel argument, and enable "
		"cloud-init's units.")
{
	require_cloud_init(t);
	if (file_exists(t, "/usr/bin/cloud-init"))
		check_passed(t);
	else
		FAIL(t, "cloud-init is configured, but its program is not there");
	if (file_exists(t, "/etc/cloud/cloud-init.disabled"))
		FAIL(t, "/etc/cloud/cloud-init.disabled switches it off");
	const struct boot_menu *menu = boot_menu_read(t);
	const char *argument = menu->chosen ? boot_argument(t, menu->chosen, "cloud-init") : NULL;
	if (argument && strcmp(argument, "disabled") == 0)
		FAIL(t, "the default boot entry has the argument cloud-init=disabled");
	if (systemd_is_installed(t))
		check_units(t);
}

SABOTAGE(provisioning, cloud_init_is_enabled, "a file switches cloud-init off")
{
	require_cloud_init(t);
	sabotage_file(t, "/etc/cloud/cloud-init.disabled", "planted\n");
}

/* ---- configuration files ---- */

typedef void config_fn(struct trial *t, const char *path, const char *text);

static void each_config(struct trial *t, config_fn *fn)
{
	const char *text = file_text(t, "/etc/cloud/cloud.cfg");

	if (text)
		fn(t, "/etc/cloud/cloud.cfg", text);
	for (const char *const *name = file_names(t, CONFIG_FOLDER); *name; name++) {
		const char *path = case_format(t, CONFIG_FOLDER "/%s", *name);
		text = has_suffix(*name, ".cfg") ? file_text(t, path) : NULL;
		if (text)
			fn(t, path, text);
	}
}

/* Lines with blanks and the comment taken off, so that "{config: disabled}" is found however it is written. */
static const char *squeeze(struct trial *t, const char *text)
{
	char *out = case_alloc(t, strlen(text) + 1), *at = out;
	bool in_comment = false;

	for (char before = '\n'; *text; before = *text++) {
		if (*text == '#' && strchr("\n \t", before))
			in_comment = true;
		if (*text == '\n')
			in_comment = false;
		if (!in_comment && *text != ' ' && *text != '\t')
			*at++ = *text;
	}
	return out;
}

static void check_overrides(struct trial *t, const char *path, const char *text)
{
	static const struct override {
		const char *text, *what;
	} overrides[] = {
		{"network:{config:disabled}", "switches the network configuration off"},
		{"network:\nconfig:disabled", "switches the network configuration off"},
		{"datasource_list:[None]", "looks nowhere for provisioning data"},
		{"datasource_list:\n-None\n", "looks nowhere for provisioning data"},
		{"ssh_deletekeys:false", "keeps the SSH host keys of the image"},
	};
	const char *plain = squeeze(t, text), *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < ARRAY_LEN(overrides); i++)
		if (strstr(plain, overrides[i].text))
			FAIL(t, "%s %s", path, overrides[i].what);
	if (strstr(name, "installer") || has_prefix(name, "curtin-") ||
	    has_prefix(name, "subiquity-"))
		FAIL(t, "%s was left by an installer", path);
	check_passed(t);
}

AUDIT(provisioning, no_installer_overrides,
      .title = "No installer or foreign-cloud configuration overrides the platform's settings",
      .priority = P1, .needs = "cloud-init", .sources = "AZCERT:hygiene/cloud-init-leftovers",
      .why = "What an installer decided for one machine is forced on every machine of the "
	     "image.",
      .remedy = "Remove the file from /etc/cloud/cloud.cfg.d.")
{
	require_cloud_init(t);
	check_passed(t); /* without a configuration of its own it goes by its defaults */
	each_config(t, check_overrides);
}

SABOTAGE(provisioning, no_installer_overrides,
	 "an installer's file disables the network configuration")
{
	require_cloud_init(t);
	sabotage_file(t, CONFIG_FOLDER "/99-installer.cfg", "network: {config: disabled}\n");
}

static void check_growing(struct trial *t, const char *path, const char *text)
{
	static const char *const off[] = {"growpart:\nmode:off", "growpart:{mode:off",
					  "growpart:\nmode:false", "growpart:{mode:false"};
	const char *plain = squeeze(t, text);

	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		if (strstr(plain, off[i]))
			FAIL(t, "%s switches growing off", path);
	check_passed(t);
}

AUDIT(provisioning, grow_tools_are_configured,
      .title = "The partition growing module is listed and its tools are installed", .priority = P1,
      .needs = "cloud-init",
      .sources = "CIV:test_growpart_is_present_in_config,AZCERT:ms-prep/growpart",
      .why = "The root filesystem stays as small as the image, whatever disk the customer "
	     "pays for.",
      .remedy = "List growpart and resizefs in cloud_init_modules and install cloud-guest-utils "
		"(cloud-utils-growpart).")
{
	require_cloud_init(t);
	if (strcmp(plan_text(t, "grow", "yes"), "no") == 0)
		case_skip(t, "cloud-init", "the policy says that the root does not grow");
	const char *config = file_text(t, "/etc/cloud/cloud.cfg");
	const char *plain = config ? squeeze(t, config) : "";
	CHECK(t, strstr(plain, "\n-growpart\n") != NULL);
	CHECK(t, file_exists(t, "/usr/bin/growpart") || file_exists(t, "/usr/sbin/growpart"));
	each_config(t, check_growing);
}

SABOTAGE(provisioning, grow_tools_are_configured, "growpart is not listed")
{
	require_cloud_init(t);
	sabotage_replace(t, "/etc/cloud/cloud.cfg", "growpart", "grownot");
}
