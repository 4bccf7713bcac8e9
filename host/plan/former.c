/* SPDX-License-Identifier: Apache-2.0 */
#include "host/plan/former.h"

#include <jansson.h>
#include <string.h>

#define FORMER_SCHEMA	  1
#define FORMER_CELLS_MAX  COMBINE_COUNT_MAX
#define FORMER_IMAGES_MAX COMBINE_COUNT_MAX

static int refuse(const char *path, struct err *e, const char *what)
{
	return err_set(e, BLAME_USER, EINVAL,
		       "%s is no plan as `assay plan --json` prints it: %.200s", path, what);
}

/* The items of a cell; false when one is no more on its axis. */
static bool take_items(const json_t *values, const struct axes *axes, uint32_t *items)
{
	for (size_t a = 0; a < axes->list.count; a++) {
		const struct axis *axis = axes->list.items[a];
		const char *name = json_string_value(json_object_get(values, axis->name));
		int item = name ? axis_find(axis, name) : -1;
		if (item < 0)
			return false;
		items[a] = (uint32_t)item;
	}
	return true;
}

static const char *find_digest(const struct former_images *images, const char *name)
{
	vec_each (images, image)
		if (strcmp(image->name, name) == 0)
			return image->sha256;
	return NULL;
}

static void add_digest(struct former_images *images, const char *name, const char *sha256)
{
	if (!name || !sha256 || find_digest(images, name))
		return;
	struct former_image image = {xstrdup(name), xstrdup(sha256)};
	if (vec_add(images, image))
		return;
	free(image.name);
	free(image.sha256);
}

static int take_cell(const char *path, const json_t *cell, const struct axes *axes,
		     struct former *former, struct err *e)
{
	const json_t *values = json_object_get(cell, "values"),
		     *kernel = json_object_get(cell, "kernel");
	size_t count = axes->list.count;

	if (!json_is_object(values))
		return refuse(path, e, "a cell has no values");
	if (json_object_size(values) != count)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s is a plan with %zu axes, and the runbook has %zu: it says "
			       "nothing of what is to be run now",
			       path, json_object_size(values), count);
	if (take_items(values, axes, former->items + former->rows.count * count))
		former->rows.count++;
	add_digest(&former->images, json_string_value(json_object_get(values, "image")),
		   json_string_value(json_object_get(cell, "sha256")));
	add_digest(&former->kernels, json_string_value(json_object_get(values, "kernel")),
		   json_string_value(json_object_get(kernel, "key")));
	return 0;
}

static int take_cells(const char *path, const json_t *whole, const struct axes *axes,
		      struct former *former, struct err *e)
{
	const json_t *cells = json_object_get(whole, "cells");
	int r = 0;

	if (json_integer_value(json_object_get(whole, "schema")) != FORMER_SCHEMA)
		return refuse(path, e, "it is of no schema that this version knows");
	former->cells = json_array_size(cells);
	if (!json_is_array(cells) || former->cells > FORMER_CELLS_MAX)
		return refuse(path, e, "it has no cells, or too many");
	former->items = xnew((former->cells * axes->list.count + 1) * sizeof *former->items);
	for (size_t i = 0; r == 0 && i < former->cells; i++)
		r = take_cell(path, json_array_get(cells, i), axes, former, e);
	former->rows.items = former->items;
	return r;
}

int former_read(const char *path, const char *bytes, size_t length, const struct axes *axes,
		struct former *ret, struct err *e)
{
	json_error_t where;
	json_t *whole = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &where);

	*ret = (struct former){.images = VEC_INIT(FORMER_IMAGES_MAX),
			       .kernels = VEC_INIT(FORMER_IMAGES_MAX)};
	int r = whole ? take_cells(path, whole, axes, ret, e) : refuse(path, e, where.text);
	json_decref(whole);
	return r;
}

static void images_done(struct former_images *images)
{
	vec_each (images, image) {
		free(image->name);
		free(image->sha256);
	}
	vec_done(images);
}

void former_done(struct former *former)
{
	images_done(&former->images);
	images_done(&former->kernels);
	free(former->items);
	former->items = NULL;
}

const char *former_digest(const struct former *former, const char *name)
{
	return find_digest(&former->images, name);
}

const char *former_kernel_key(const struct former *former, const char *name)
{
	return find_digest(&former->kernels, name);
}
