/* SPDX-License-Identifier: Apache-2.0 */
/* Branches of software that somebody still repairs, by the policy's table. */
#include "guest/kit/kernels.h"
#include "guest/kit/packages.h"
#include "guest/kit/policy.h"
#include "guest/kit/release.h"

/* Without the epoch: "1:3.0.1-2" is 3.0.1-2. */
static const char *upstream(const char *version)
{
	const char *colon = strchr(version, ':');

	return colon ? colon + 1 : version;
}

/* The first of these packages that is installed. */
static const struct package *first_of(struct trial *t, const char *const *names)
{
	const struct packages *packages = packages_read(t);

	for (; *names; names++) {
		const struct package *found = packages_find(packages, *names);
		if (found)
			return found;
	}
	return NULL;
}

static const char *const openssl_names[] = {"libssl3t64",  "libssl3", "libssl1.1",
					    "libssl1.0.2", "openssl", NULL};
static const char *const python_names[] = {"python3-minimal", "python3", "python", NULL};

AUDIT(packages, openssl_branch_is_supported,
      .title = "The installed OpenSSL belongs to a supported branch", .priority = P1,
      .needs = "policy:eol",
      .sources = "LISA:verify_openssl_version,AZCERT:ms-selftest/44-openssl-version,"
		 "AZCERT:lisa-std/p1-openssl",
      .why = "Nobody repairs the holes of a branch whose support has ended, and every network "
	     "service uses it.",
      .remedy = "Build the image with a supported branch, or correct eol in the policy.")
{
	const struct package *found = first_of(t, openssl_names);

	if (!found)
		case_skip(t, "cmd:openssl", "OpenSSL is not installed");
	policy_check_end_of_life(t, "openssl", upstream(found->version));
}

SABOTAGE(packages, openssl_branch_is_supported, "OpenSSL is of the branch 0.9.8")
{
	for (const char *const *name = openssl_names; *name; name++)
		sabotage_no_package(t, *name);
	sabotage_package(t, "openssl", "0.9.8o-4");
}

AUDIT(packages, python_is_supported, .title = "The installed Python is still supported",
      .priority = P2, .needs = "policy:eol",
      .sources = "LISA:verify_python_version,AZCERT:ms-selftest/45-python-version,"
		 "AZCERT:lisa-std/p5-python",
      .why = "Agents are written in it, and nobody repairs the holes of a branch whose support has "
	     "ended.",
      .remedy = "Build the image with a supported branch, or correct eol in the policy.")
{
	const struct package *found = first_of(t, python_names);

	if (!found)
		case_skip(t, "cmd:python3", "Python is not installed");
	policy_check_end_of_life(t, "python", upstream(found->version));
}

SABOTAGE(packages, python_is_supported, "Python is of the branch 2.5")
{
	for (const char *const *name = python_names; *name; name++)
		sabotage_no_package(t, *name);
	sabotage_package(t, "python", "2.5.2-3");
}

AUDIT(kernel, series_is_maintained, .title = "The kernel series is still maintained by its vendor",
      .priority = P2, .needs = "policy:eol", .sources = "AZCERT:hygiene/eol-kernel",
      .why = "Nobody repairs the holes of a series whose maintenance has ended.",
      .remedy = "Build the image with a maintained kernel, or correct eol in the policy.")
{
	policy_check_end_of_life(t, "linux", kernels_newest(t)->release);
}

SABOTAGE(kernel, series_is_maintained, "the only kernel is of the series 2.6")
{
	sabotage_remove(t, "/boot");
	sabotage_remove(t, "/usr/lib/modules");
	sabotage_file(t, "/boot/vmlinuz-2.6.18-6-amd64", "planted\n");
}
