/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number with its unit, as people write it: 8GiB, 1.5 GiB, 500ms, 2h.
 *
 *	struct quantity limit;
 *	if (quantity_parse("8GiB", &limit) == 0 && limit.kind == QUANTITY_BYTES)
 *		use(limit.amount);
 */
#ifndef ASSAY_BASE_QUANTITY_H
#define ASSAY_BASE_QUANTITY_H

#include <stdint.h>

#include "base/text.h"

enum quantity_kind {
	QUANTITY_PLAIN, /* no unit: the amount is the number, which is whole */
	QUANTITY_BYTES, /* B KiB MiB GiB TiB, kB MB GB TB */
	QUANTITY_TIME,	/* ns us ms s m h d, in nanoseconds */
};

struct quantity {
	enum quantity_kind kind;
	uint64_t amount;
};

/* Parses the whole text. Parts of a byte or nanosecond are cut off. Returns 0, -EINVAL (no quantity) or -ERANGE (it does not
 * fit into 63 bits); writes *ret only on success. */
int quantity_parse(const char *text, struct quantity *ret) NONNULL(1, 2);

/* Adds it with the largest unit that keeps it whole: "90s", "3584MiB". */
void quantity_add(struct text *out, enum quantity_kind kind, uint64_t amount) NONNULL(1);

/* The units, for error messages: "B, KiB, …" or "ns, us, …". */
const char *quantity_units(enum quantity_kind kind);

#endif
