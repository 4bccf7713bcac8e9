/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction set that the distribution's programs are compiled for (the levels of the x86-64
 * psABI). */
#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"

#define CPUINFO "/proc/cpuinfo"

static const char *const level_flags[] = {
	/* v1 */ "fpu tsc msr pae cx8 pge cmov mmx fxsr sse sse2 syscall lm",
	/* v2 */ "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3",
	/* v3 */ "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave",
};

/* Distributions that ask for more than the first level, from which major version on. */
static const struct baseline {
	const char *id;
	long long since;
	unsigned level;
} baselines[] = {
	{"almalinux", 9, 2}, /* 10 is built for v3 and, beside it, for v2 */
	{"centos", 9, 2},    {"centos", 10, 3}, {"opensuse-leap", 16, 2}, {"oracle", 9, 2},
	{"ol", 9, 2},	     {"ol", 10, 3},	{"rhel", 9, 2},		  {"rhel", 10, 3},
	{"rocky", 9, 2},     {"rocky", 10, 3},	{"sles", 16, 2},
};

static unsigned level_wanted(struct trial *t)
{
	const char *release = file_text(t, "/etc/os-release");
	const char *id = release ? text_value(t, release, "ID") : NULL;
	const char *version = release ? text_value(t, release, "VERSION_ID") : NULL;
	int major = 0;
	unsigned level = 1;

	if (!id || !version || sscanf(version, "%d", &major) != 1)
		return level;
	for (const struct baseline *b = baselines; b < baselines + ARRAY_LEN(baselines); b++) {
		if (strcmp(b->id, id) == 0 && major >= b->since && b->level > level)
			level = b->level;
	}
	return level;
}

/* Checks one CPU's line of flags against one level's. */
static void check_flags(struct trial *t, const char *line, unsigned level)
{
	const char *padded = case_format(t, "%s ", line);
	char names[256];

	(void)snprintf(names, sizeof names, "%s", level_flags[level - 1]);
	for (char *rest = names, *name; (name = strsep(&rest, " "));) {
		if (strstr(padded, case_format(t, " %s ", name)))
			check_passed(t);
		else
			FAIL(t, "a CPU lacks %s, which x86-64-v%u asks for", name, level);
	}
}

CASE(cpu, instruction_baseline_is_met,
     .title = "The CPU offers the instruction level the distribution is built for", .priority = P0,
     .needs = "arch:x86_64",
     .why = "Programs built for more than the CPU has die of illegal instructions, some of them only later.",
     .remedy =
	     "Give the machine a CPU model with the missing features, or use a build for a lower level.",
     .sources = "CIV:test_cpu_flags_are_correct")
{
	const char *cpuinfo = file_text(t, CPUINFO);
	unsigned wanted = level_wanted(t), told = 0;

	REQUIRE(t, cpuinfo != NULL);
	for (const char *at = cpuinfo, *line; (line = text_line(t, &at));) {
		if (!has_prefix(line, "flags"))
			continue;
		told++;
		for (unsigned level = 1; level <= wanted; level++)
			check_flags(t, line, level);
	}
	CHECK_EQ(t, told, cpulist_count(cpus_online(t)));
}

SABOTAGE(cpu, instruction_baseline_is_met, "the CPUs have no SSE2")
{
	sabotage_replace(t, CPUINFO, " sse2 ", " ");
}
