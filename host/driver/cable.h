/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NICs that a machine has before there are cables for them (machine_make.cables), as QMP and the command line take them. Each is
 * at a hub of its own: what it sends gets lost, until a cable is laid to that hub.
 *
 *	cable_backend(&json, 0);        (netdev_add, -netdev)
 *	cable_device(&json, 0);         (device_add, -device)
 */
#ifndef ASSAY_HOST_DRIVER_CABLE_H
#define ASSAY_HOST_DRIVER_CABLE_H

#include "base/text.h"

void cable_backend(struct text *json, unsigned cable) NONNULL(1);
void cable_device(struct text *json, unsigned cable) NONNULL(1);

/* The hub's other side: the backend "wireN" comes to it. */
void cable_plug(struct text *json, unsigned cable) NONNULL(1);

#endif
