/* SPDX-License-Identifier: Apache-2.0 */
/* What the first boot has set up is there at the second. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define REBOOT_S 450
#define LATE_S	 60 /* sockets and routes come after the agent */

#define EPHEMERAL 32768 /* as the kernel has it when nobody says otherwise */

/* A list of words, "|one|two|", that has room for no more than the table from which they are taken. */
struct words {
	char *list;
	size_t length, size;
};

static struct words words_begin(struct host_trial *t, size_t size)
{
	struct words words = {.list = host_alloc(t, size + 2), .length = 1, .size = size + 2};

	words.list[0] = '|';
	words.list[1] = '\0';
	return words;
}

static void words_add(struct words *words, const char *word)
{
	int n = snprintf(words->list + words->length, words->size - words->length, "%s|", word);

	if (n > 0 && (size_t)n < words->size - words->length)
		words->length += (size_t)n;
	words->list[words->length] = '\0';
}

/* What is mounted at one boot and not at another without a meaning: of sessions, of the agent, on demand, and what runs in
 * containers, whose names are of one boot. */
static bool is_passing(struct host_trial *t, const char *table, const char *target,
		       const char *type)
{
	static const char *const targets[] = {
		"/run/user/",		"/run/credentials/",	    "/run/assay",
		"/run/containerd/",	"/proc/sys/fs/binfmt_misc", "/sys/kernel/",
		"/var/lib/containerd/", "/var/lib/containers/",	    "/var/lib/docker/",
		"/var/lib/kubelet/"};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (has_prefix(target, targets[i]))
			return true;
	if (strcmp(type, "nsfs") == 0) /* a namespace that is kept by its name */
		return true;
	return strstr(table, host_format(t, " %s autofs ", target)) != NULL;
}

/* The mounts as "|TARGET TYPE|", each once. */
static const char *mounts(struct host_trial *t)
{
	const char *table = host_guest_read(t, "/proc/mounts");
	char target[256], type[64], word[sizeof target + sizeof type];

	HOST_REQUIRE(t, table != NULL);
	struct words words = words_begin(t, strlen(table));
	for (const char *at = table; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (sscanf(at, "%*s %255s %63s", target, type) != 2 ||
		    is_passing(t, table, target, type))
			continue;
		(void)snprintf(word, sizeof word, "%s %s", target, type);
		words_add(&words, word);
	}
	return words.list;
}

/* From here on the kernel gives ports to those who name none: they differ from boot to boot. */
static unsigned ephemeral_ports(struct host_trial *t)
{
	const char *range = host_guest_read(t, "/proc/sys/net/ipv4/ip_local_port_range");
	unsigned first = 0;

	return range && sscanf(range, "%u", &first) == 1 && first > 0 ? first : EPHEMERAL;
}

/* The TCP ports on which somebody listens, "|22|": state 0A in the kernel's tables. */
static const char *ports(struct host_trial *t)
{
	const char *const tables[] = {host_guest_read(t, "/proc/net/tcp"),
				      host_guest_read(t, "/proc/net/tcp6")};
	unsigned limit = ephemeral_ports(t), port, state;
	struct words words = words_begin(t, (tables[0] ? strlen(tables[0]) : 0) +
						    (tables[1] ? strlen(tables[1]) : 0));
	char seen[65536] = {0}, word[16];

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const char *at = tables[i]; at && *at;
		     at += strcspn(at, "\n"), at += *at == '\n') {
			if (sscanf(at, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &port, &state) !=
				    2 ||
			    state != 0x0a || port >= limit || port >= sizeof seen || seen[port])
				continue;
			seen[port] = 1;
			(void)snprintf(word, sizeof word, "%u", port);
			words_add(&words, word);
		}
	return words.list;
}

/* The networks to which routes lead. */
static const char *routes(struct host_trial *t)
{
	const char *table = host_guest_read(t, "/proc/net/route");
	char nic[32], network[16], word[sizeof nic + sizeof network];
	struct words words = words_begin(t, table ? strlen(table) : 0);

	for (const char *at = table; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (sscanf(at, "%31s %8[0-9A-F]", nic, network) == 2) {
			(void)snprintf(word, sizeof word, "%s %s", nic, network);
			words_add(&words, word);
		}
	return words.list;
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
