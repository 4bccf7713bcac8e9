/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel settings that the product's policy prescribes. */
#include <ctype.h>

#include "guest/kit/knob.h"
#include "guest/kit/policy.h"

/* "net.ipv4.ip_forward" to its path: "net/ipv4/eth0.1/x" has its dots where it wants them. */
static const char *path_of(struct trial *t, const char *name)
{
	char *path = (char *)(uintptr_t)case_format(t, "/proc/sys/%s", name);

	for (char *at = path + strlen("/proc/sys/"); *at && !strchr(name, '/'); at++)
		if (*at == '.')
			*at = '/';
	return path;
}

/* One blank for any white space. */
static const char *value_of(struct trial *t, const char *path)
{
	const char *line = file_line(t, path);
	char *copy = line ? (char *)(uintptr_t)case_format(t, "%s", line) : NULL;

	for (char *at = copy; copy && *at; at++)
		if (isspace((unsigned char)*at))
			*at = ' ';
	return copy;
}

CASE(security, sysctl_hardening_matches_policy,
     .title = "Every hardening sysctl has exactly its policy value", .priority = P1,
     .needs = "policy:sysctl",
     .sources = "CIT:security.TestKernelSecuritySettings,AZCERT:lynis/krnl-6000",
     .why = "A setting that a later file or a service takes back protects nobody.",
     .remedy =
	     "Set the value in a file of /etc/sysctl.d that is read last, or correct sysctl in the "
	     "policy.")
{
	for (const char *const *entry = policy_lines(t, "sysctl"); *entry; entry++) {
		struct policy_pair wanted = policy_pair(t, *entry, '=');
		const char *path = path_of(t, wanted.name);
		policy_check_setting(t, path, &wanted, value_of(t, path));
	}
}

SABOTAGE(security, sysctl_hardening_matches_policy, "the first setting has another value")
{
	struct policy_pair wanted = policy_pair(t, policy_lines(t, "sysctl")[0], '=');
	const char *path = path_of(t, wanted.name), *value = value_of(t, path);

	if (!value)
		case_broken(t, "%s is not there", path);
	sabotage_file(t, path, strcmp(value, "0") == 0 ? "1\n" : "0\n");
}
