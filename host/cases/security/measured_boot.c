/* SPDX-License-Identifier: Apache-2.0 */
/* What the TPM is told of a boot that nothing was changed for. */
#include <string.h>

#include "host/cases/host_order.h"

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

/* Not every guest has a driver for the TPM, and not every TPM's SHA-256 bank is in use. */
static void require_registers(struct host_trial *t)
{
	int code = host_call(t, "probe", "pcrs", NULL);

	if (code > 0)
		host_skip(t, "dev:tpmrm0",
			  "the guest cannot read the TPM's SHA-256 registers: error %d", code);
}

static const char *read_after_reboot(struct host_trial *t)
{
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	return read_registers(t);
}

HOST_CASE(
	security, pcrs_are_stable_over_reboots,
	.title = "Firmware and loader PCRs are the same on two unchanged boots", .priority = P1,
	.isolation = ISOLATION_REBOOT, .needs = "tpm,uefi", .timeout_s = 1300,
	.why = "A disk that is unlocked by measurements stays locked when they change by themselves.",
	.remedy = "Let no service rewrite boot entries, loader or its settings at each start.",
	.sources = "own")
{
	require_registers(t);
	const char *before = read_registers(t), *after = read_after_reboot(t);

	/* The first boot may have changed what is measured: the partition table has grown, the loader was set up. */
	if (strcmp(before, after) != 0) {
		host_note(t,
			  "after the first boot other values were measured; now they are to stay");
		before = after;
		after = read_after_reboot(t);
	}
	check_same(t, before, after);
}

static void add_entry(struct host_trial *t)
{
	/* Not every init mounts it. */
	(void)host_call(t, "mount", "efivarfs", VARIABLES, "efivarfs", "rw", NULL);
	if (host_call(t, "probe", "add_boot_entry", NULL) != 0)
		host_broken(t, "the firmware takes no boot entry");
}

HOST_SABOTAGE(security, pcrs_are_stable_over_reboots, "each start adds a boot entry")
{
	add_entry(t);
	host_plant_at_reboot(t, add_entry);
}
