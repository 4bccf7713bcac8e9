/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JUnit XML as test programs write it, read strictly into the same tree as TAP: a suite is a level, a case a point. A failure is
 * failed, an error undecided. Faults are XML that is not whole, counts that are not what came, a case without a name or with two
 * results. No I/O here.
 *
 *	CLEANUP(tap_tree) struct tap_tree *tree = junit_read(bytes, length);
 */
#ifndef ASSAY_WIRE_JUNIT_H
#define ASSAY_WIRE_JUNIT_H

#include "wire/tap.h"

/* Never NULL. */
struct tap_tree *junit_read(const char *bytes, size_t length) NONNULL(1);

#endif
