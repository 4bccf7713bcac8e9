/* SPDX-License-Identifier: Apache-2.0 */
/* The host's CPUs: what a guest sees must not depend on where it runs. */
#include "host/cases/host_side.h"

#define CPUINFO	      "/proc/cpuinfo"
#define VULNERABLE_IN "/sys/devices/system/cpu/vulnerabilities"

/* The lines of one CPU, as /proc/cpuinfo has them. */
struct block {
	const char *text;
	size_t length;
};

static bool next_block(const char **at, struct block *ret)
{
	*at += strspn(*at, "\n");
	const char *end = strstr(*at, "\n\n");

	ret->text = *at;
	ret->length = end ? (size_t)(end - *at) : strlen(*at);
	*at += ret->length;
	return ret->length > 0;
}

/* What stands behind the colon of that key, "" when the block has no such line. */
static const char *value_of(struct host_trial *t, const struct block *block, const char *key)
{
	size_t size = strlen(key);

	for (const char *line = block->text; line < block->text + block->length;
	     line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");
		const char *colon = memchr(line, ':', length);
		if (!colon || strncmp(line, key, size) != 0 ||
		    line + size + strspn(line + size, " \t") != colon)
			continue; /* "model" is no "model name" */
		return host_format(t, "%.*s", (int)(length - (size_t)(colon - line)), colon);
	}
	return "";
}

static const char *const keys[] = {"vendor_id", "cpu family", "model", "model name",
				   "stepping",	"microcode",  "flags"};

static void compare(struct host_trial *t, const struct block *first, const struct block *block)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const char *want = value_of(t, first, keys[i]), *got = value_of(t, block, keys[i]);
		if (strcmp(got, want) != 0)
			HOST_FAIL(t, "processor %s: %s %.100s, the first has %.100s",
				  value_of(t, block, "processor"), keys[i], got, want);
	}
	host_check_passed(t);
}

HOST_CASE(host, cpus_are_uniform,
	  .title = "All host CPUs have the same model, features and microcode", .priority = P2,
	  .isolation = ISOLATION_SHARED, .timeout_s = 20,
	  .why = "A guest that moves between unlike CPUs loses features under its feet.",
	  .remedy = "Load the same microcode on all CPUs, early, by the initramfs.",
	  .sources = "own")
{
	const char *at = host_side_read(t, CPUINFO);
	struct block first, block;

	if (!at)
		host_skip(t, "cpuinfo", CPUINFO ": %m");
	HOST_REQUIRE(t, next_block(&at, &first));
	if (value_of(t, &first, "flags")[0] == '\0')
		host_skip(t, "arch:x86_64", CPUINFO " is not that of an x86 CPU");
	host_check_passed(t);
	for (unsigned i = 0; i < 256 && next_block(&at, &block); i++)
		compare(t, &first, &block);
}

/* The line in front is the one that is found. */
HOST_SABOTAGE(host, cpus_are_uniform, "one CPU has another microcode")
{
	const char *real = host_side_read(t, CPUINFO), *at = real;
	struct block first;

	if (!real || !next_block(&at, &first))
		host_broken(t, "read " CPUINFO);
	host_side_plant(t, CPUINFO,
			host_format(t, "%.*s\n\nmicrocode\t: 0x0bad\n%.*s\n", (int)first.length,
				    first.text, (int)first.length, first.text));
}

/* ---- one guest and the next ---- */

/* Those by which a guest reads what is another's, Documentation/admin-guide/hw-vuln of Linux. */
static const char *const between_guests[] = {"gather_data_sampling",
					     "indirect_target_selection",
					     "itlb_multihit",
					     "l1tf",
					     "mds",
					     "mmio_stale_data",
					     "reg_file_data_sampling",
					     "retbleed",
					     "spec_rstack_overflow",
					     "spectre_v2",
					     "srbds",
					     "tsa",
					     "tsx_async_abort",
					     "vmscape"};

static bool is_open(const char *state)
{
	return has_prefix(state, "Vulnerable") || strstr(state, "KVM: Vulnerable") ||
	       strstr(state, "VMX: vulnerable");
}

/* Under TCG no guest's code runs on a CPU as it is. */
HOST_CASE(
	host, mitigations_match_policy,
	.title = "Host mitigations that protect guests from each other are on", .priority = P1,
	.isolation = ISOLATION_SHARED, .needs = "kvm", .timeout_s = 10,
	.why = "One image under test could read what another one holds.",
	.remedy = "Take mitigations=off off the host's command line, and load the CPUs' microcode.",
	.sources = "own")
{
	unsigned known = 0;

	for (size_t i = 0; i < sizeof between_guests / sizeof between_guests[0]; i++) {
		const char *name = between_guests[i];
		const char *state = host_side_read(t, host_format(t, VULNERABLE_IN "/%s", name));
		known += state != NULL; /* what the kernel does not know it does not tell of */
		if (state && is_open(state))
			HOST_FAIL(t, "%s: %.*s", name, (int)strcspn(state, "\n"), state);
		else if (state)
			host_check_passed(t);
	}
	if (known == 0)
		host_skip(t, "vulnerabilities", "the kernel tells nothing in " VULNERABLE_IN);
}

HOST_SABOTAGE(host, mitigations_match_policy, "a CPU bug is not mitigated")
{
	host_side_plant(t, VULNERABLE_IN "/mds",
			"Vulnerable: Clear CPU buffers attempted, no microcode\n");
}
