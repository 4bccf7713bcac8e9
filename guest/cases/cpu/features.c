/* SPDX-License-Identifier: Apache-2.0 */
/* The features of the processor, and whether the kernel lets programs use them. */
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "guest/kit/case.h"
#include "guest/kit/line.h"

#define CPUINFO "/proc/cpuinfo"

/* The kernel's flags of the first CPU. */
static const char *kernel_flags(struct trial *t)
{
	const char *text = file_text(t, CPUINFO);

	REQUIRE(t, text != NULL);
	for (const char *line; (line = text_line(t, &text));) {
		if (has_prefix(line, "flags"))
			return line;
	}
	return "";
}

/* Where a feature stands: the registers that CPUID fills, in order. */
enum { EBX = 1, ECX, EDX };

/* What programs look for. Features that a kernel may well hide (TSX, SGX, protection keys) are none of these. */
static const struct feature {
	const char *name;
	unsigned leaf, in, bit;
} features[] = {
	{"cx8", 1, EDX, 8},	    {"cmov", 1, EDX, 15},     {"fxsr", 1, EDX, 24},
	{"sse2", 1, EDX, 26},	    {"pclmulqdq", 1, ECX, 1}, {"ssse3", 1, ECX, 9},
	{"cx16", 1, ECX, 13},	    {"sse4_1", 1, ECX, 19},   {"sse4_2", 1, ECX, 20},
	{"movbe", 1, ECX, 22},	    {"popcnt", 1, ECX, 23},   {"aes", 1, ECX, 25},
	{"rdrand", 1, ECX, 30},	    {"bmi1", 7, EBX, 3},      {"avx2", 7, EBX, 5},
	{"bmi2", 7, EBX, 8},	    {"rdseed", 7, EBX, 18},   {"adx", 7, EBX, 19},
	{"clflushopt", 7, EBX, 23}, {"sha_ni", 7, EBX, 29},
};

static bool processor_has(const struct feature *feature)
{
	unsigned registers[4] = {0};

#ifdef __x86_64__
	(void)__get_cpuid_count(feature->leaf, 0, &registers[0], &registers[EBX], &registers[ECX],
				&registers[EDX]);
#endif
	return registers[feature->in] >> feature->bit & 1;
}

CASE(cpu, kernel_uses_offered_features,
     .title = "No CPU feature offered by CPUID is missing from the kernel's flags", .priority = P2,
     .needs = "arch:x86_64",
     .why = "Cryptography and databases fall back to slow code when the kernel hides what the CPU can do.",
     .remedy =
	     "Take clearcpuid= and noxsave off the command line; search the kernel log for the feature.",
     .sources = "own")
{
	const char *flags = kernel_flags(t);

	for (const struct feature *feature = features; feature < features + ARRAY_LEN(features);
	     feature++) {
		if (!processor_has(feature))
			continue;
		if (list_has(flags, feature->name, ": \t"))
			check_passed(t);
		else
			FAIL(t, "the processor has %s, the kernel does not show it", feature->name);
	}
}

SABOTAGE(cpu, kernel_uses_offered_features, "the kernel hides an instruction set")
{
	sabotage_replace(t, CPUINFO, " sse4_1 ", " ");
}
