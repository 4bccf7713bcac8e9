/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel that was started by Secure Boot keeps its administrator from. */
#include <errno.h>
#include <stdio.h>

#include "host/cases/boot/secure.h"

#define SECURITYFS "/sys/kernel/security"
#define LOCKDOWN   SECURITYFS "/lockdown"
#define DISABLED   "/proc/sys/kernel/modules_disabled"

/* "none [integrity] confidentiality": what is in brackets; NULL when the kernel does not say. */
static const char *lockdown_level(struct host_trial *t)
{
	const char *levels = host_guest_read(t, LOCKDOWN), *at;
	char level[32];

	if (!levels) {
		/* Not every init mounts it. */
		(void)host_call(t, "mount", "securityfs", SECURITYFS, "securityfs", NULL);
		levels = host_guest_read(t, LOCKDOWN);
	}
	at = levels ? strchr(levels, '[') : NULL;
	return at && sscanf(at, "[%31[a-z]]", level) == 1 ? host_format(t, "%s", level) : NULL;
}

HOST_CASE(
	security, lockdown_follows_secure_boot,
	.title = "With Secure Boot on, the kernel is in lockdown as policy says", .priority = P1,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "arch:x86_64,root",
	.timeout_s = 900,
	.why = "Without it root rewrites the kernel while it runs: then it matters little who signed it.",
	.remedy =
		"Boot the distribution's signed kernel, with lockdown among lsm=; if it is not meant, say so by "
		"`lockdown` in the policy.",
	.sources = "own")
{
	const char *wanted = host_plan_text(t, "lockdown", NULL);

	secure_machine(t);
	const char *level = lockdown_level(t);
	/* A kernel that does not know the word is in none. */
	if (!level && !wanted && host_call(t, "need", "kconfig:SECURITY_LOCKDOWN_LSM", NULL) != 0)
		host_skip(t, "kconfig:SECURITY_LOCKDOWN_LSM", "the kernel has no lockdown");
	if (wanted)
		HOST_CHECK_TEXT(t, level ? level : "none", wanted);
	else
		HOST_CHECK(t, level && strcmp(level, "none") != 0);
	host_note(t, "lockdown: %s", level ? level : "the kernel does not say");
}

HOST_SABOTAGE(security, lockdown_follows_secure_boot, "the firmware has no keys")
{
	host_plant(t, &secure_not);
}

/* A kernel that wants a signature looks for it before it looks at anything else in the file. */
static bool is_for_its_signature(int code)
{
	return code == EKEYREJECTED || code == EPERM || code == EACCES;
}

HOST_CASE(
	security, unsigned_module_is_refused,
	.title = "With Secure Boot on, the kernel refuses a module without signature",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true,
	.needs = "arch:x86_64,root,kconfig:MODULES", .timeout_s = 900,
	.why = "A module can do what the kernel can: who loads any has switched Secure Boot off.",
	.remedy =
		"Boot the distribution's signed kernel, or put module.sig_enforce=1 on its command line.",
	.sources = "own")
{
	secure_machine(t);
	const char *disabled = host_guest_read(t, DISABLED);
	if (disabled && disabled[0] == '1')
		host_skip(t, "kmod:loadable", "the system lets no module be loaded any more");
	if (strcmp(host_plan_text(t, "lockdown", ""), "none") == 0)
		host_skip(t, "policy:lockdown", "the policy wants no lockdown");
	int code = host_call(t, "probe", "load_unsigned", NULL);
	errno = code;
	if (is_for_its_signature(code))
		host_check_passed(t);
	else
		HOST_FAIL(t, "the kernel looked into a module that has no signature: %m");
}

HOST_SABOTAGE(security, unsigned_module_is_refused, "the firmware has no keys")
{
	host_plant(t, &secure_not);
}
