/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What child_start and the shim say to each other; nobody else includes this.
 *
 *	assay-exec "PARENT REPORT_FD MEMORY FILE_SIZE CPU_S NO_NETWORK NO_EXEC" PROGRAM ARGUMENT...
 *
 * The shim writes one struct shim_report to REPORT_FD when a step fails; the descriptor closes by itself on success.
 */
#ifndef ASSAY_BASE_CHILD_SHIM_H
#define ASSAY_BASE_CHILD_SHIM_H

#include "base/child.h"

#define SHIM_NAME	 "assay-exec"
#define SHIM_ORDERS_SIZE 160

enum shim_step {
	SHIM_STEP_ORDERS,
	SHIM_STEP_PARENT,
	SHIM_STEP_SANDBOX,
	SHIM_STEP_LIMITS,
	SHIM_STEP_EXECUTE,
};

struct shim_report {
	enum shim_step step;
	int error; /* errno */
};

/* "sandbox", "limits"... for people. */
const char *shim_step_name(enum shim_step step);

/* Writes the orders for a child. */
void shim_orders(const struct child_spec *spec, int report_fd, char orders[SHIM_ORDERS_SIZE])
	NONNULL(1, 3);

#endif
