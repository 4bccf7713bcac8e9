/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A micro-VM as image.h's helper: its kernel mounts what is not read in process, on a throw-away overlay of the image.
 *
 *	const struct micro_setup setup = {.agent_path = agent, .kernel = kernel, .modules = modules, .accel = accel,
 *					  .scratch_folder = folder};
 *	const struct image_helper helper = micro_helper(&setup);
 *	const struct image_options options = {.helper = &helper, …};
 */
#ifndef ASSAY_HOST_MACHINE_MICRO_HELPER_H
#define ASSAY_HOST_MACHINE_MICRO_HELPER_H

#include "host/driver/spec.h"
#include "host/image/image.h"

/* All is borrowed, and must stay as long as the helper is used. */
struct micro_setup {
	const char *agent_path, *kernel, *modules;
	const char *scratch_folder; /* exists; the overlay lies below it while the micro-VM runs */
	const char *cache_folder;   /* where the accelerators' proofs are kept, see accel.h */
	enum accel accel;	    /* AUTO: the best that works */
};

struct image_helper micro_helper(const struct micro_setup *setup) NONNULL(1);

#endif
