/* SPDX-License-Identifier: Apache-2.0 */
/* What the TPM is told of a boot that nothing was changed for. */
#include <string.h>

#include "host/cases/host_case.h"

#define REBOOT_S  600
#define VARIABLES "/sys/firmware/efi/efivars"

static const char *read_registers(struct host_trial *t)
{
	const char *registers = host_ask(t, "probe", "pcrs", NULL);

	HOST_REQUIRE(t, registers != NULL);
	return registers;
}

/* Line by line: "7 b5710bf5…". */
static void check_same(struct host_trial *t, const char *before, const char *after)
{
	while (*before && *after) {
		size_t length = strcspn(before, "\n"), other = strcspn(after, "\n");
		HOST_CHECK_TEXT(t, host_format(t, "%.*s", (int)other, after),
				host_format(t, "%.*s", (int)length, before));
		before += length + (before[length] == '\n');
		after += other + (after[other] == '\n');
	}
}

HOST_CASE(
	security, pcrs_are_stable_over_reboots,
	.title = "Firmware and loader PCRs are the same on two unchanged boots", .priority = P1,
	.isolation = ISOLATION_REBOOT, .needs = "tpm,uefi", .timeout_s = 800,
	.why = "A disk that is unlocked by measurements stays locked when they change by themselves.",
	.remedy = "Let no service rewrite boot entries, loader or its settings at each start.",
	.sources = "own")
{
	const char *before = read_registers(t);

	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	check_same(t, before, read_registers(t));
}

HOST_SABOTAGE(security, pcrs_are_stable_over_reboots, "a boot entry is added between the boots")
{
	/* Not every init mounts it. */
	(void)host_call(t, "mount", "efivarfs", VARIABLES, "efivarfs", "rw", NULL);
	if (host_call(t, "probe", "add_boot_entry", NULL) != 0)
		host_broken(t, "the firmware takes no boot entry");
}
