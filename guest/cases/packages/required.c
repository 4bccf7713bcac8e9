/* SPDX-License-Identifier: Apache-2.0 */
/* The packages and tools that the product's policy promises. */
#include "guest/kit/dpkg.h"
#include "guest/kit/packages.h"
#include "guest/kit/policy.h"

static bool has_package(struct trial *t UNUSED, void *packages, const char *name)
{
	return packages_find(packages, name) != NULL;
}

/* One whose absence makes a difference: the first that is there and has no alternative. */
static const char *pick_present(struct trial *t, const char *key, policy_has_fn *has, void *arg)
{
	for (const char *const *word = policy_words(t, key); *word; word++)
		if (!strchr(*word, '|') && has(t, arg, *word))
			return *word;
	case_broken(t, "nothing of %s is there without an alternative", key);
}

/* What the kit's functions may not change, these do not either: the callback's argument is for all kinds. */
static void *as_argument(const struct packages *packages)
{
	return (void *)(uintptr_t)packages;
}

AUDIT(packages, required_are_installed,
      .title = "Every package on the product's required list is installed", .priority = P1,
      .needs = "policy:required_packages",
      .sources =
	      "CIV:test_required_packages_are_installed,"
	      "CIV:test_sap_required_packages_are_installed,CIT:packagevalidation.TestGuestPackages,"
	      "kola:rpm-ostree/container-deps,CIV:test_bootc_installed,AZCERT:gcp/guest-environment",
      .why = "What the product was promised to bring is not there when it is needed.",
      .remedy = "Install the package, or correct required_packages in the policy.")
{
	const struct packages *packages = packages_read(t);

	for (const char *const *wanted = policy_words(t, "required_packages"); *wanted; wanted++)
		if (policy_has_alternative(t, *wanted, has_package, as_argument(packages)))
			check_passed(t);
		else
			FAIL(t, "%s is not installed", *wanted);
}

SABOTAGE(packages, required_are_installed, "a required package is not in the database")
{
	const struct packages *packages = packages_read(t);

	sabotage_no_package(
		t, pick_present(t, "required_packages", has_package, as_argument(packages)));
}

AUDIT(packages, denied_are_absent, .title = "No package on the product's denied list is installed",
      .priority = P1, .needs = "policy:denied_packages",
      .sources = "CIV:test_firewalld_is_not_installed,CIV:test_unwanted_packages_are_not_present,"
		 "CIT:packagevalidation.TestGuestPackages,AZCERT:lynis/hrdn-7222,"
		 "AZCERT:ms-policy/200.4k-no-foreign-agents,AZCERT:gcp/no-hypervisor-tools,"
		 "AZCERT:hygiene/guest-tools-of-others",
      .why = "What the product must not bring opens it, or ties it to another platform.",
      .remedy = "Remove the package, or take it out of denied_packages in the policy.")
{
	const struct packages *packages = packages_read(t);
	const char *const *denied = policy_words(t, "denied_packages");

	for (size_t i = 0; i < packages->count; i++)
		if (policy_list_has(denied, packages->items[i].name))
			FAIL(t, "%s %s is installed", packages->items[i].name,
			     packages->items[i].version);
		else
			check_passed(t);
}

SABOTAGE(packages, denied_are_absent, "a package of the denied list is installed")
{
	const char *denied = policy_words(t, "denied_packages")[0];

	sabotage_package(t, case_format(t, "%.*s", (int)strcspn(denied, "*?["), denied), "1.0");
}

/* ---- tools ---- */

static const char *find_tool(struct trial *t, const char *name)
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin",	    "/bin",
					      "/sbin",	  "/usr/local/bin", "/usr/local/sbin"};
	struct tree_stat stat;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const char *path = case_format(t, "%s/%s", folders[i], name);
		if (file_stat(t, path, &stat) && S_ISREG(stat.mode) && stat.mode & 0111)
			return path;
	}
	return NULL;
}

static bool has_tool(struct trial *t, void *arg UNUSED, const char *name)
{
	return find_tool(t, name) != NULL;
}

AUDIT(packages, required_tools_are_present,
      .title = "Tools that agents and provisioning call are installed", .priority = P1,
      .needs = "policy:required_tools",
      .sources = "AZCERT:ms-prep/openssl-in-base,AZCERT:ms-prep/eject-present,"
		 "AZCERT:ms-prep/iptables-nft-present,"
		 "AZCERT:ms-prep/parted-sfdisk-for-resource-disk,AZCERT:ms-prep/growpart",
      .why = "An agent that does not find its tool leaves the machine half set up.",
      .remedy = "Install the package of the tool, or correct required_tools in the policy.")
{
	for (const char *const *wanted = policy_words(t, "required_tools"); *wanted; wanted++)
		if (policy_has_alternative(t, *wanted, has_tool, NULL))
			check_passed(t);
		else
			FAIL(t, "there is no program %s that can be executed", *wanted);
}

SABOTAGE(packages, required_tools_are_present, "a required tool was removed")
{
	const char *name = pick_present(t, "required_tools", has_tool, NULL);

	/* In merged and split trees alike, until no copy is left. */
	for (const char *path; (path = find_tool(t, name));)
		sabotage_remove(t, path);
}

/* ---- advisories ---- */

/* "PACKAGE FIXED-VERSION [ID]"; the package may be the source that it is built from. */
struct advisory {
	const char *package, *fixed, *id;
};

static struct advisory read_advisory(struct trial *t, const char *line)
{
	struct policy_pair name = policy_pair(t, line, ' ');
	const char *blank = strchr(name.value, ' ');

	return (struct advisory){
		.package = name.name,
		.fixed = case_format(t, "%.*s", (int)strcspn(name.value, " "), name.value),
		.id = blank ? blank + strspn(blank, " ") : "a security update",
	};
}

static void check_advisory(struct trial *t, const struct packages *packages,
			   const struct advisory *advisory)
{
	for (size_t i = 0; i < packages->count; i++) {
		const struct package *package = &packages->items[i];
		bool is_named = strcmp(package->name, advisory->package) == 0;
		if (!is_named && strcmp(package->source, advisory->package) != 0)
			continue;
		const char *version = is_named ? package->version : package->source_version;
		if (dpkg_version_compare(version, advisory->fixed) < 0)
			FAIL(t, "%s %s is older than %s, which has %s", package->name, version,
			     advisory->fixed, advisory->id);
		else
			check_passed(t);
	}
}

AUDIT(packages, no_pending_security_updates,
      .title = "No security update is waiting in the reference advisory snapshot", .priority = P1,
      .needs = "policy:advisories",
      .sources = "AZCERT:ms-policy/200.4f-patched,AZCERT:lynis/pkgs-7392,"
		 "AZCERT:aws-mp/security-vulnerabilities",
      .why = "The hole is public, and every machine from this image has it.",
      .remedy = "Update the package in the image's build.")
{
	const struct packages *packages = packages_read(t);

	for (const char *const *line = policy_lines(t, "advisories"); *line; line++) {
		struct advisory advisory = read_advisory(t, *line);
		check_advisory(t, packages, &advisory);
	}
	/* A snapshot may name nothing that is installed. */
	check_passed(t);
}

SABOTAGE(packages, no_pending_security_updates, "a package of an advisory is older than its repair")
{
	struct advisory advisory = read_advisory(t, policy_lines(t, "advisories")[0]);

	sabotage_package(t, advisory.package, "0");
}
