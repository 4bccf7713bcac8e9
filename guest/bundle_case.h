/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a test of a community's suite as the body of a case, in the process of that case. */
#ifndef ASSAY_GUEST_BUNDLE_CASE_H
#define ASSAY_GUEST_BUNDLE_CASE_H

#include "guest/runner.h"
#include "wire/bundle.h"
#include "wire/program.h"

/* True when the order is for such a test (wire/bundle.h has the parameters). */
bool is_bundle_order(const struct run_order *order) NONNULL(1);

/* Runs it as its suite does, within the suite's own limit, and judges its end; a canary is judged by whether that was told
 * right. What it prints goes to our stdout too. */
void bundle_case_execute(const struct run_order *order, program_check_fn *on_check, void *arg,
			 struct result *result) NONNULL(1, 4);

#endif
