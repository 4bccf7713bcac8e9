/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `assay parse` tells of a stream of TAP or KTAP: pure functions over its tree.
 *
 *	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(bytes, length, TAP_KERNEL);
 *	parsed_text("console.log", tree, false, &out);
 */
#ifndef ASSAY_HOST_REPORT_PARSED_H
#define ASSAY_HOST_REPORT_PARSED_H

#include "base/text.h"
#include "wire/outcome.h"
#include "wire/tap.h"

/* pass: it adds up and nothing failed; fail: it adds up; skip: it adds up and nothing ran; broken: it decides nothing. */
enum outcome parsed_outcome(const struct tap_tree *tree) NONNULL(1);

/* The sum, what did not pass, and what is odd, each with its line. */
void parsed_text(const char *name, const struct tap_tree *tree, bool colour, struct text *out)
	NONNULL(1, 2, 4);

/* One JSON object with the whole tree (assay-formats(5)). */
void parsed_json(const char *name, const struct tap_tree *tree, struct text *out) NONNULL(1, 2, 3);

#endif
