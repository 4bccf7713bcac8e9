/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon that makes the links below /dev and passes events on.
 *
 *	udev_required(t);
 */
#ifndef ASSAY_KIT_UDEV_H
#define ASSAY_KIT_UDEV_H

#include "guest/kit/case.h"

/* Skips the case where nobody promised udev: its socket is not there, and the init is not systemd, of which it is a part. */
void udev_required(struct trial *t) NONNULL(1);

#endif
