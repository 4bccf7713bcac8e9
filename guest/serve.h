/* SPDX-License-Identifier: Apache-2.0 */
/* The resident loop: takes frames from the host and answers them. */
#ifndef ASSAY_GUEST_SERVE_H
#define ASSAY_GUEST_SERVE_H

#include "guest/port.h"

/* Serves until the channel ends or the host says BYE: 0; or until the port is unplugged: -ENODEV. */
int serve(struct port *port) NONNULL(1);

#endif
