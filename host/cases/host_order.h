/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machines of another make than the case's own, booted from the same image.
 *
 *	const struct host_order order = {.make = {.controller = "nvme"}};
 *	HOST_REQUIRE(t, host_boot_ordered(t, &order, 500));
 *
 * A sabotage runs before there is such a machine. It says what is built into it, or what is done to it once it is there:
 *
 *	static const struct case_sabotage no_driver = CMDLINE("…", "initcall_blacklist=nvme_init");
 *	host_plant(t, &no_driver);
 */
#ifndef ASSAY_HOST_CASES_HOST_ORDER_H
#define ASSAY_HOST_CASES_HOST_ORDER_H

#include "host/cases/host_case.h"

/* What is zero stays as it is; what it points to must live as long as the trial. */
struct host_order {
	struct machine_make make;
	enum firmware firmware;
	enum entry entry;
	const struct size *size;
	bool keeps_random; /* as of struct machine_spec */
};

/* Ends the machine, and boots one as ordered: true when its agent is there within `seconds`. From then on all that
 * host_case.h says of the machine holds for that one. */
bool host_boot_ordered(struct host_trial *t, const struct host_order *order, unsigned seconds)
	NONNULL(1, 2);
/* The same with a fork of a machine that was booted once for all who order it, and is settled. */
bool host_fork_ordered(struct host_trial *t, const struct host_order *order, unsigned seconds)
	NONNULL(1, 2);

/* For sabotages: what is built into every machine that is ordered, or what is done to it then. */
void host_plant(struct host_trial *t, const struct case_sabotage *sabotage) NONNULL(1, 2);
void host_plant_later(struct host_trial *t, void (*plant)(struct host_trial *t)) NONNULL(1, 2);
/* And what is done to the case's own machine after each host_reboot. */
void host_plant_at_reboot(struct host_trial *t, void (*plant)(struct host_trial *t)) NONNULL(1, 2);

/* After host_power_cut: the machine has another provisioning medium at its next boot. */
void host_reseed(struct host_trial *t, const struct image_seed *seed) NONNULL(1, 2);

#endif
