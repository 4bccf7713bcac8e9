/* SPDX-License-Identifier: Apache-2.0 */
/* assay plan --traits: what constraints can ask of each item. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/cli/plan_show.h"
#include "host/report/escape.h"

/* The traits of an axis by their names. */
struct trait {
	const char *name;
	int index;
};

static int compare_traits(const void *a, const void *b)
{
	return strcmp(((const struct trait *)a)->name, ((const struct trait *)b)->name);
}

static struct trait *sort_traits(const struct axis *axis)
{
	struct trait *traits = xnew((axis->traits.count + 1) * sizeof *traits);

	for (size_t i = 0; i < axis->traits.count; i++)
		traits[i] = (struct trait){axis->traits.items[i], (int)i};
	if (axis->traits.count > 0)
		qsort(traits, axis->traits.count, sizeof *traits, compare_traits);
	return traits;
}

static void add_item(const struct demand *demand, size_t index, size_t item,
		     const struct trait *traits, struct text *out)
{
	const struct axis *axis = demand->axes.list.items[index];
	size_t told = 0;

	text_addf(out, "\n  %s ", axis->name);
	escape_terminal(out, axis->items.items[item]->name.text, false);
	for (size_t i = 0; i < axis->traits.count; i++) {
		const struct value *value = axis_value(axis->items.items[item], traits[i].index);
		if (!value)
			continue;
		text_addf(out, "\n    %-20s ", traits[i].name);
		size_t before = out->length;
		escape_terminal(out, value->text, false);
		for (size_t width = out->length - before; width < 20; width++)
			text_adds(out, " ");
		text_addf(out, " %s", demand_origin(demand, index, item, traits[i].name));
		told++;
	}
	text_adds(out, told > 0 ? "\n" : ": nothing but its name\n");
}

void plan_show_traits(const struct execution *x, struct text *out)
{
	const struct demand *demand = &x->book->demand;

	text_adds(out, "  What is known of each item, and who says it:\n");
	for (size_t i = 0; i < demand->axes.list.count; i++) {
		const struct axis *axis = demand->axes.list.items[i];
		CLEAN_FREE struct trait *traits = sort_traits(axis);
		for (size_t item = 0; item < axis->items.count; item++)
			add_item(demand, i, item, traits, out);
	}
	text_adds(out, "\n");
}

static void add_item_json(const struct demand *demand, size_t index, size_t item,
			  const struct trait *traits, struct text *out)
{
	const struct axis *axis = demand->axes.list.items[index];

	json_open(out, '{');
	json_member(out, "axis", axis->name);
	json_member(out, "name", axis->items.items[item]->name.text);
	json_key(out, "traits");
	json_open(out, '{');
	for (size_t i = 0; i < axis->traits.count; i++) {
		const struct value *value = axis_value(axis->items.items[item], traits[i].index);
		if (!value)
			continue;
		json_key(out, traits[i].name);
		json_open(out, '{');
		json_member(out, "value", value->text);
		json_member(out, "from", demand_origin(demand, index, item, traits[i].name));
		json_close(out, '}');
	}
	json_close(out, '}');
	json_close(out, '}');
}

void plan_show_traits_json(const struct execution *x, struct text *out)
{
	const struct demand *demand = &x->book->demand;

	json_key(out, "items");
	json_open(out, '[');
	for (size_t i = 0; i < demand->axes.list.count; i++) {
		const struct axis *axis = demand->axes.list.items[i];
		CLEAN_FREE struct trait *traits = sort_traits(axis);
		for (size_t item = 0; item < axis->items.count; item++)
			add_item_json(demand, i, item, traits, out);
	}
	json_close(out, ']');
}
