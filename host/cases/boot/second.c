/* SPDX-License-Identifier: Apache-2.0 */
/* What the first boot has set up is there at the second. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define REBOOT_S 450
#define LATE_S	 60 /* sockets and routes come after the agent */

/* The kernel gives ports from here on to those who name none: they differ from boot to boot. */
#define EPHEMERAL 32768

/* What is mounted where at one boot and not at another without a meaning: of sessions, of the agent, on demand. */
static bool is_passing(struct host_trial *t, const char *table, const char *target)
{
	static const char *const targets[] = {"/run/user/", "/run/credentials/", "/run/assay",
					      "/proc/sys/fs/binfmt_misc", "/sys/kernel/"};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (has_prefix(target, targets[i]))
			return true;
	return strstr(table, host_format(t, " %s autofs ", target)) != NULL;
}

/* The mounts as "|TARGET TYPE|", each once. */
static const char *mounts(struct host_trial *t)
{
	const char *table = host_guest_read(t, "/proc/mounts"), *list = "|";
	char target[256], type[64];

	HOST_REQUIRE(t, table != NULL);
	for (const char *at = table; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (sscanf(at, "%*s %255s %63s", target, type) == 2 &&
		    !is_passing(t, table, target))
			list = host_format(t, "%s%s %s|", list, target, type);
	return list;
}

/* The TCP ports on which somebody listens, "|22|": state 0A in the kernel's tables. */
static const char *ports(struct host_trial *t)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	const char *list = "|";
	unsigned port, state;

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const char *at = host_guest_read(t, tables[i]); at && *at;
		     at += strcspn(at, "\n"), at += *at == '\n')
			if (sscanf(at, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &port, &state) ==
				    2 &&
			    state == 0x0a && port < EPHEMERAL &&
			    !strstr(list, host_format(t, "|%u|", port)))
				list = host_format(t, "%s%u|", list, port);
	return list;
}

/* The networks to which routes lead. */
static const char *routes(struct host_trial *t)
{
	const char *table = host_guest_read(t, "/proc/net/route"), *list = "|";
	char nic[32], network[16];

	for (const char *at = table; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (sscanf(at, "%31s %8[0-9A-F]", nic, network) == 2)
			list = host_format(t, "%s%s %s|", list, nic, network);
	return list;
}

/* The first word of the list that is not in the other one; NULL when all are. */
static const char *missing_word(struct host_trial *t, const char *list, const char *other)
{
	for (const char *at = list + 1; *at; at += strcspn(at, "|") + 1) {
		const char *word = host_format(t, "|%.*s|", (int)strcspn(at, "|"), at);
		if (!strstr(other, word))
			return word;
	}
	return NULL;
}

static void check_same(struct host_trial *t, const char *what, const char *before,
		       const char *(*look)(struct host_trial *t))
{
	const char *missing = NULL;

	for (unsigned i = 0; i < LATE_S; i++) {
		missing = missing_word(t, before, look(t));
		if (!missing)
			break;
		host_sleep(t, 1000);
	}
	if (missing)
		HOST_FAIL(t, "%s %.*s at the first boot, and none at the second", what,
			  (int)strlen(missing) - 2, missing + 1);
	else
		host_check_passed(t);
}

HOST_CASE(
	boot, default_config_holds_on_second_boot,
	.title = "Mounts, listening ports and routes of the first boot are there at the second",
	.priority = P1, .isolation = ISOLATION_REBOOT, .timeout_s = 700,
	.why = "What the first boot sets up by hand is gone when nobody looks any more.",
	.remedy = "Enable units and write configuration, instead of starting and setting it once.",
	.sources = "kola:reboot")
{
	const char *mounted = mounts(t), *open = ports(t), *routed = routes(t);

	host_note(t, "ports %s, routes %s", open, routed);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	check_same(t, "the mount", mounted, mounts);
	check_same(t, "the listening port", open, ports);
	check_same(t, "the route", routed, routes);
}

HOST_SABOTAGE(boot, default_config_holds_on_second_boot,
	      "the SSH server runs, but is masked from the next boot on")
{
	static const char *const units[] = {"ssh.service", "sshd.service", "ssh.socket",
					    "sshd.socket"};

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		host_guest_link(t, host_format(t, "/etc/systemd/system/%s", units[i]), "/dev/null");
}
