/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the agent came in, for cases that its channel would not survive.
 *
 *	host_entry_needs_port(t);
 */
#ifndef ASSAY_HOST_CASES_HOST_ENTRY_H
#define ASSAY_HOST_CASES_HOST_ENTRY_H

#include "host/cases/host_case.h"

/* Skips the case where the agent speaks through SSH: it would be lost with the network, or with a connection of which the
 * guest goes back to an earlier state. */
void host_entry_needs_port(struct host_trial *t) NONNULL(1);

#endif
