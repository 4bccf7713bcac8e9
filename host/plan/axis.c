/* SPDX-License-Identifier: Apache-2.0 */
/* Axes, their items and their values. */
#include "host/plan/axis.h"

#include <ctype.h>
#include <string.h>

#include "base/option.h"
#include "base/quantity.h"
#include "base/text.h"

/* ---- values ---- */

static bool is_version(const char *text)
{
	while (isdigit((unsigned char)*text)) {
		while (isdigit((unsigned char)*text))
			text++;
		if (*text == '\0')
			return true;
		if (*text++ != '.')
			return false;
	}
	return false;
}

/* What the number is with that unit behind it. */
static bool read_with(const char *text, const char *unit, uint64_t *ret)
{
	CLEAN_FREE char *spelt = xasprintf("%s%s", text, unit);
	struct quantity quantity;

	if (quantity_parse(spelt, &quantity) < 0)
		return false;
	*ret = quantity.amount;
	return true;
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
	return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

void value_init(struct value *value, const char *text)
{
	struct quantity quantity;

	*value = (struct value){.text = xstrdup(text)};
	if (is_one_of(text, "yes", "true") || is_one_of(text, "no", "false")) {
		value->kind = VALUE_TRUTH;
		value->amount = is_one_of(text, "yes", "true");
	} else if (is_version(text)) {
		value->kind = VALUE_VERSION;
		value->is_bytes = read_with(text, "MiB", &value->bytes);
		value->is_ns = read_with(text, "s", &value->ns);
	} else if (quantity_parse(text, &quantity) == 0) {
		value->kind = quantity.kind == QUANTITY_TIME ? VALUE_TIME : VALUE_BYTES;
		value->amount = quantity.amount;
	}
}

void value_done(struct value *value)
{
	free(value->text);
	*value = (struct value){0};
}

/* The next number of a version, without leading zeros; none left: an empty one, as 0 is. */
static const char *next_number(const char **at, size_t *ret_length)
{
	*at += strspn(*at, ".");
	const char *begin = *at + strspn(*at, "0");
	const char *end = *at + strspn(*at, "0123456789");

	*ret_length = (size_t)(end - begin);
	*at = end;
	return begin;
}

static int compare_versions(const char *a, const char *b)
{
	while (*a || *b) {
		size_t a_length, b_length;
		const char *x = next_number(&a, &a_length), *y = next_number(&b, &b_length);
		if (a_length != b_length)
			return a_length < b_length ? -1 : 1;
		int order = memcmp(x, y, a_length);
		if (order)
			return order;
	}
	return 0;
}

/* What a value amounts to beside one of that kind. */
static bool amount_as(const struct value *value, enum value_kind kind, uint64_t *ret)
{
	if (value->kind == kind) {
		*ret = value->amount;
		return true;
	}
	if (value->kind != VALUE_VERSION)
		return false;
	*ret = kind == VALUE_TIME ? value->ns : value->bytes;
	return kind == VALUE_TIME ? value->is_ns : value->is_bytes;
}

static bool has_unit(const struct value *value)
{
	return value->kind == VALUE_BYTES || value->kind == VALUE_TIME;
}

bool value_compare(const struct value *a, const struct value *b, int *ret)
{
	uint64_t x, y;

	if (a->kind == VALUE_VERSION && b->kind == VALUE_VERSION) {
		*ret = compare_versions(a->text, b->text);
		return true;
	}
	if (!has_unit(a) && !has_unit(b))
		return false;
	enum value_kind kind = has_unit(a) ? a->kind : b->kind;
	if (!amount_as(a, kind, &x) || !amount_as(b, kind, &y))
		return false;
	*ret = x < y ? -1 : x > y;
	return true;
}

bool value_is_equal(const struct value *a, const struct value *b)
{
	int order;

	if (value_compare(a, b, &order))
		return order == 0;
	if (a->kind == VALUE_TRUTH && b->kind == VALUE_TRUTH)
		return a->amount == b->amount;
	return strcmp(a->text, b->text) == 0;
}

/* ---- life ---- */

static void item_free(struct axis_item *item)
{
	for (size_t i = 0; i < item->count; i++)
		value_done(&item->traits[i]);
	free(item->traits);
	value_done(&item->name);
	free(item);
}

static void axis_free(struct axis *axis)
{
	vec_each (&axis->items, item)
		item_free(*item);
	vec_each (&axis->traits, name)
		free(*name);
	vec_done(&axis->items);
	vec_done(&axis->traits);
	free(axis->name);
	free(axis);
}

void axes_done(struct axes *axes)
{
	vec_each (&axes->list, axis)
		axis_free(*axis);
	vec_done(&axes->list);
}

struct axis *axes_add(struct axes *axes, const char *name)
{
	if (axes->list.count == AXES_MAX)
		return NULL;
	struct axis *axis = xnew(sizeof *axis);
	*axis = (struct axis){.name = xstrdup(name),
			      .items = VEC_INIT(AXIS_ITEMS_MAX),
			      .traits = VEC_INIT(AXIS_TRAITS_MAX)};
	(void)vec_add(&axes->list, axis);
	return axis;
}

struct axis_item *axis_add(struct axis *axis, const char *name)
{
	if (axis->items.count == AXIS_ITEMS_MAX)
		return NULL;
	struct axis_item *item = xnew(sizeof *item);
	value_init(&item->name, name);
	item->weight = 1;
	(void)vec_add(&axis->items, item);
	return item;
}

static void make_room(struct axis_item *item, size_t count)
{
	if (item->count >= count)
		return;
	struct value *traits = xnew(count * sizeof *traits);
	if (item->count > 0)
		memcpy(traits, item->traits, item->count * sizeof *traits);
	free(item->traits);
	item->traits = traits;
	item->count = count;
}

int axis_know(struct axis *axis, const char *trait)
{
	if (axis_find_trait(axis, trait) >= 0)
		return 0;
	if (axis->traits.count == AXIS_TRAITS_MAX)
		return -E2BIG;
	(void)vec_add(&axis->traits, xstrdup(trait));
	return 0;
}

int axis_set(struct axis *axis, struct axis_item *item, const char *trait, const char *text)
{
	int r = axis_know(axis, trait), index = axis_find_trait(axis, trait);

	if (r < 0)
		return r;
	make_room(item, (size_t)index + 1);
	value_done(&item->traits[index]);
	value_init(&item->traits[index], text);
	return 0;
}

/* ---- questions ---- */

int axes_find(const struct axes *axes, const char *name)
{
	for (size_t i = 0; i < axes->list.count; i++)
		if (strcmp(axes->list.items[i]->name, name) == 0)
			return (int)i;
	return -1;
}

int axis_find(const struct axis *axis, const char *item)
{
	for (size_t i = 0; i < axis->items.count; i++)
		if (strcmp(axis->items.items[i]->name.text, item) == 0)
			return (int)i;
	return -1;
}

int axis_find_trait(const struct axis *axis, const char *trait)
{
	for (size_t i = 0; i < axis->traits.count; i++)
		if (strcmp(axis->traits.items[i], trait) == 0)
			return (int)i;
	return -1;
}

const struct value *axis_value(const struct axis_item *item, int trait)
{
	if (trait < 0)
		return &item->name;
	if ((size_t)trait >= item->count || !item->traits[trait].text)
		return NULL;
	return &item->traits[trait];
}

const char *axes_nearest(const struct axes *axes, const char *word)
{
	const char *names[AXES_MAX + 1] = {NULL};

	for (size_t i = 0; i < axes->list.count; i++)
		names[i] = axes->list.items[i]->name;
	return nearest_word(word, names);
}

const char *axis_nearest(const struct axis *axis, const char *word)
{
	CLEAN_FREE const char **names = xnew((axis->items.count + 1) * sizeof *names);

	for (size_t i = 0; i < axis->items.count; i++)
		names[i] = axis->items.items[i]->name.text;
	return nearest_word(word, names);
}

const char *axis_nearest_trait(const struct axis *axis, const char *word)
{
	const char *names[AXIS_TRAITS_MAX + 1] = {NULL};

	for (size_t i = 0; i < axis->traits.count; i++)
		names[i] = axis->traits.items[i];
	return nearest_word(word, names);
}
