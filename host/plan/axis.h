/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Axes: what is combined into cells. An axis has items, and items have traits; every value is a text that may also be read
 * as a number.
 *
 *	CLEAN_DONE(axes) struct axes axes = AXES_INIT;
 *	struct axis *image = axes_add(&axes, "image");
 *	struct axis_item *item = axis_add(image, "debian-12");
 *	axis_set(image, item, "arch", "x86_64");
 *
 * Maxima are the caller's to keep (AXES_MAX, AXIS_ITEMS_MAX, AXIS_TRAITS_MAX): it knows the place of what is too much.
 */
#ifndef ASSAY_HOST_PLAN_AXIS_H
#define ASSAY_HOST_PLAN_AXIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

#define AXES_MAX	32
#define AXIS_ITEMS_MAX	10000
#define AXIS_TRAITS_MAX 64

/* ---- values ---- */

enum value_kind {
	VALUE_WORD,    /* any text: equal or not */
	VALUE_TRUTH,   /* yes, true, no, false */
	VALUE_VERSION, /* 12, 22.04, 6.1.90: numbers between points, compared one after another */
	VALUE_BYTES,   /* 8GiB */
	VALUE_TIME,    /* 2h */
};

/* A text, read once. Beside a size a plain number counts MiB, beside a time seconds, as everywhere in Assay. */
struct value {
	char *text; /* owned; NULL: there is no value */
	enum value_kind kind;
	uint64_t amount;      /* VALUE_TRUTH: 0 or 1; bytes; nanoseconds */
	uint64_t bytes, ns;   /* VALUE_VERSION: what it is beside a size, a time */
	bool is_bytes, is_ns; /* it is something there */
};

void value_init(struct value *value, const char *text) NONNULL(1, 2);
void value_done(struct value *value) NONNULL(1);

/* 12 and 12.0 are equal, and so are 1024MiB and 1GiB; words as they are spelt. */
bool value_is_equal(const struct value *a, const struct value *b) NONNULL(1, 2);
/* False when one has no order beside the other: words, a size beside a time. Else *ret is below, at or above 0. */
bool value_compare(const struct value *a, const struct value *b, int *ret) NONNULL(1, 2, 3);

/* ---- axes ---- */

struct axis_item {
	struct value name;
	struct value *traits; /* by the axis' trait; those at and after `count` are not there */
	size_t count;
	unsigned weight; /* 1 unless somebody prefers it */
};
DEFINE_VEC(axis_items, struct axis_item *);
DEFINE_VEC(axis_names, char *);

struct axis {
	char *name;
	struct axis_items items;
	struct axis_names traits; /* of all its items */
};
DEFINE_VEC(axis_list, struct axis *);

struct axes {
	struct axis_list list;
};
#define AXES_INIT                                                                                  \
	{                                                                                          \
		.list = VEC_INIT(AXES_MAX)                                                         \
	}

void axes_done(struct axes *axes) NONNULL(1);
DEFINE_CLEAN_DONE(axes);

/* NULL: there are AXES_MAX. */
struct axis *axes_add(struct axes *axes, const char *name) NONNULL(1, 2);
/* NULL: there are AXIS_ITEMS_MAX. */
struct axis_item *axis_add(struct axis *axis, const char *name) NONNULL(1, 2);
/* Says a trait of an item, the last time counts. -E2BIG: there are AXIS_TRAITS_MAX. */
int axis_set(struct axis *axis, struct axis_item *item, const char *trait, const char *text)
	NONNULL(1, 2, 3, 4);

/* Makes a trait known of which no item has a value yet. -E2BIG: as above. */
int axis_know(struct axis *axis, const char *trait) NONNULL(1, 2);

/* The index of what is called so, -1: nothing is. */
int axes_find(const struct axes *axes, const char *name) NONNULL(1, 2);
int axis_find(const struct axis *axis, const char *item) NONNULL(1, 2);
int axis_find_trait(const struct axis *axis, const char *trait) NONNULL(1, 2);

/* An item's value: its name for trait -1. NULL: it has none. */
const struct value *axis_value(const struct axis_item *item, int trait) NONNULL(1);

/* The nearest of the names of axes, of an axis' items, of its traits; NULL: none is near. */
const char *axes_nearest(const struct axes *axes, const char *word) NONNULL(1, 2);
const char *axis_nearest(const struct axis *axis, const char *word) NONNULL(1, 2);
const char *axis_nearest_trait(const struct axis *axis, const char *word) NONNULL(1, 2);

#endif
