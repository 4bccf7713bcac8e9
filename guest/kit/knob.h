/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's small control files below /proc/sys and /sys.
 *
 *	CHECK_OK(t, knob_write("/sys/devices/system/cpu/cpu1/online", "0"));
 *	knob_set(t, "/proc/sys/kernel/modprobe", "/nonexistent");	(goes back when the trial
 *ends)
 */
#ifndef ASSAY_KIT_KNOB_H
#define ASSAY_KIT_KNOB_H

#include "guest/kit/case.h"

/* Writes into a file that is there: 0 or -errno. Usable in a child. */
int knob_write(const char *path, const char *value) NONNULL(1, 2);

/* The same for a sabotage: broken when it fails, and the old first line is written back at the end
 * of the trial. */
void knob_set(struct trial *t, const char *path, const char *value) NONNULL(1, 2, 3);

#endif
