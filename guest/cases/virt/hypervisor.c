/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the guest knows that it is one, and whose. */
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "guest/kit/case.h"
#include "guest/kit/line.h"
#include "guest/kit/systemd.h"

#define CPUINFO	       "/proc/cpuinfo"
#define SIGNATURE_LEAF 0x40000000

/* The twelve characters by which the hypervisor names itself; "" when it does not. */
static const char *signature(struct trial *t)
{
	char *name = case_alloc(t, 13);

#ifdef __x86_64__
	unsigned words[4];
	__cpuid(SIGNATURE_LEAF, words[0], words[1], words[2], words[3]);
	memcpy(name, words + 1, 12);
#endif
	return name;
}

static const char *wanted_signature(struct trial *t)
{
	const char *accel = plan_text(t, "accel", "");

	return strcmp(accel, "kvm") == 0   ? "KVMKVMKVM"
	       : strcmp(accel, "tcg") == 0 ? "TCGTCGTCGTCG"
					   : NULL;
}

CASE(virt, hypervisor_is_detected, .title = "The guest knows which hypervisor it runs on",
     .priority = P1, .needs = "arch:x86_64",
     .why = "Clocks, spin locks and agents are chosen by it: a guest that believes to be bare metal is slow.",
     .remedy = "Show the hypervisor bit to the guest, and build the kernel as a guest of it.",
     .sources = "own")
{
	const char *info = file_text(t, CPUINFO), *flags = info ? strstr(info, "\nflags") : NULL;
	const char *wanted = wanted_signature(t);

	REQUIRE(t, flags != NULL);
	const char *end = strchr(flags + 1, '\n');
	CHECK(t, list_has(case_format(t, "%.*s", (int)(end - flags), flags), "hypervisor", " \t"));
	if (wanted)
		CHECK_EQ(t, signature(t), wanted);
	else
		CHECK_NE(t, signature(t), "");
	if (file_exists(t, "/run/systemd/system"))
		CHECK_NE(t, systemd_manager_property(t, "Virtualization"), "");
}

SABOTAGE(virt, hypervisor_is_detected, "the kernel takes the machine for a real one")
{
	sabotage_replace(t, CPUINFO, " hypervisor", "");
}
