/* SPDX-License-Identifier: Apache-2.0 */
/* Planting a defect into a machine's disk before it boots. */
#include "host/machine/internal.h"

/* The micro-VM takes a kernel argument directly; the other kinds are in the machine's make. */
int sabotage_plant(const struct machine_spec *spec, const struct patience *p UNUSED, struct err *e)
{
	const struct case_sabotage *sabotage = spec->sabotage;

	if (!sabotage || !spec->image)
		return 0;
	if (sabotage->kind != SABOTAGE_CMDLINE && sabotage->kind != SABOTAGE_DISK_FILE)
		return 0;
	return err_set(e, BLAME_HOST, ENOTSUP, "no sabotage can be planted into a disk yet");
}
