/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a community's suite, on its way to the guest that runs its tests. */
#ifndef ASSAY_HOST_MACHINE_BUNDLE_H
#define ASSAY_HOST_MACHINE_BUNDLE_H

#include "host/machine/machine.h"
#include "wire/bundle.h"

/* Sees to it that the machine has the suite's disks, and adds what its agent has to know of the test to `parameters`. Returns
 * 0; 1 when the guest does not take them, and `result` is broken and says why; or a negative errno. */
int bundle_bring(struct machine *machine, const struct bundle_test *test, const struct patience *p,
		 struct text *parameters, struct result *result, struct err *e)
	NONNULL(1, 2, 3, 4, 5, 6);

#endif
