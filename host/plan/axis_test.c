/* SPDX-License-Identifier: Apache-2.0 */
/* Axes, and how values compare. */
#include "host/plan/axis.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

static const struct compared {
	const char *a, *b;
	int order; /* 2: none */
	bool is_equal;
} compared[] = {
	{"12", "12.0", 0, true},
	{"12", "9", 1, false},
	{"22.04", "22.10", -1, false},
	{"6.1", "6.12", -1, false},
	{"6.1.90", "6.12", -1, false},
	{"007", "7", 0, true},
	{"0", "0.0.0", 0, true},
	{"99999999999999999999999", "100000000000000000000000", -1, false},
	{"1GiB", "1024MiB", 0, true},
	{"1GiB", "1024", 0, true},
	{"1.5GiB", "1536", 0, true},
	{"2GB", "2GiB", -1, false},
	{"2m", "120", 0, true},
	{"90s", "2m", -1, false},
	{"2m", "2MiB", 2, false},
	{"1.2.3", "1GiB", 2, false},
	{"debian", "debian", 2, true},
	{"debian", "Debian", 2, false},
	{"yes", "true", 2, true},
	{"no", "yes", 2, false},
	{"12", "twelve", 2, false},
	{"1.", "1.", 2, true},
	{"", "", 2, true},
	{"1..2", "1.2", 2, false},
};

TEST(axis, values_compare_both_ways)
{
	for (const struct compared *row = compared; row < compared + ARRAY_LEN(compared); row++) {
		struct value a, b;
		int order = 7;
		value_init(&a, row->a);
		value_init(&b, row->b);
		EXPECT(value_compare(&a, &b, &order) == (row->order != 2));
		EXPECT(row->order == 2 || (order > 0) - (order < 0) == row->order);
		EXPECT(value_compare(&b, &a, &order) == (row->order != 2));
		EXPECT(row->order == 2 || (order > 0) - (order < 0) == -row->order);
		EXPECT(value_is_equal(&a, &b) == row->is_equal);
		EXPECT(value_is_equal(&b, &a) == row->is_equal);
		value_done(&a);
		value_done(&b);
	}
}

TEST(axis, traits_are_found_by_name)
{
	CLEAN_DONE(axes) struct axes axes = AXES_INIT;
	struct axis *image = axes_add(&axes, "image");
	struct axis_item *old = axis_add(image, "debian-11"), *new = axis_add(image, "debian-12");

	EXPECT(axis_set(image, old, "release", "10") == 0);
	EXPECT(axis_set(image, old, "release", "11") == 0);
	EXPECT(axis_set(image, new, "boot", "uefi") == 0);
	EXPECT_NUMBER(axes_find(&axes, "image"), 0);
	EXPECT_NUMBER(axes_find(&axes, "size"), -1);
	EXPECT_NUMBER(axis_find(image, "debian-12"), 1);
	EXPECT_NUMBER(axis_find_trait(image, "boot"), 1);
	EXPECT_NUMBER(axis_find_trait(image, "arch"), -1);
	EXPECT_TEXT(axis_value(old, 0)->text, "11");
	EXPECT_TEXT(axis_value(new, -1)->text, "debian-12");
	EXPECT_TEXT(axis_value(new, 1)->text, "uefi");
	EXPECT(axis_value(new, 0) == NULL);
	EXPECT(axis_value(old, 1) == NULL);
	EXPECT_TEXT(axes_nearest(&axes, "iamge"), "image");
	EXPECT_TEXT(axis_nearest(image, "debain-12"), "debian-12");
	EXPECT_TEXT(axis_nearest_trait(image, "realease"), "release");
	EXPECT(axis_nearest_trait(image, "firmware") == NULL);
}

TEST(axis, keeps_its_maxima)
{
	CLEAN_DONE(axes) struct axes axes = AXES_INIT;
	char name[32];

	for (unsigned i = 0; i < AXES_MAX; i++)
		EXPECT(axes_add(&axes, "axis") != NULL);
	EXPECT(axes_add(&axes, "axis") == NULL);
	struct axis *axis = axes.list.items[0];
	struct axis_item *item = axis_add(axis, "0");
	for (unsigned i = 0; i < AXIS_TRAITS_MAX; i++) {
		(void)snprintf(name, sizeof name, "trait-%u", i);
		EXPECT(axis_set(axis, item, name, "1") == 0);
	}
	EXPECT_NUMBER(axis_set(axis, item, "one-more", "1"), -E2BIG);
	EXPECT_NUMBER(axis_set(axis, item, "trait-0", "2"), 0);
	for (unsigned i = 1; i < AXIS_ITEMS_MAX; i++)
		(void)axis_add(axis, "i");
	EXPECT_NUMBER((long long)axis->items.count, AXIS_ITEMS_MAX);
	EXPECT(axis_add(axis, "one-more") == NULL);
}
