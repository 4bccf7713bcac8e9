/* SPDX-License-Identifier: Apache-2.0 */
/* Increments: what of a plan made before still stands, and which of its items have changed since. */
#include <stdio.h>
#include <string.h>

#include "host/cli/execute_book.h"

static int read_former(const char *path, struct execution_book *book, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(FORMER_FILE_MAX);
	int r = text_read_file(&bytes, path);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read the plan %s: %m", path);
	return former_read(path, bytes.buf, bytes.length, &book->demand.axes, &book->former, e);
}

static void add_changed(struct execution_book *book, size_t axis, size_t item)
{
	const struct traits_item changed = {(uint32_t)axis, (uint32_t)item};

	vec_each (&book->changed, it)
		if (it->axis == changed.axis && it->item == changed.item)
			return;
	(void)vec_add(&book->changed, changed);
}

/* An image of the same name in another file is another image. One that is new has no former cells, and needs no word. */
static void find_changed_images(struct execution_book *book)
{
	const struct axis *axis = book->demand.axes.list.items[DEMAND_IMAGE];

	for (size_t i = 0; i < axis->items.count; i++) {
		const char *was = former_digest(&book->former, axis->items.items[i]->name.text);
		if (was && book->images[i] && strcmp(was, book->images[i]->digest) != 0)
			add_changed(book, DEMAND_IMAGE, i);
	}
}

static void find_changed_kernels(struct execution_book *book)
{
	const struct runbook_kernels *kernels = &book->runbook->kernels;

	for (size_t i = 0; i < kernels->count; i++) {
		const char *was = former_kernel_key(&book->former, kernels->items[i].name.text);
		if (was && book->kernels[i] && strcmp(was, book->kernels[i]->key) != 0)
			add_changed(book, (size_t)demand_kernel_axis(&book->demand), i);
	}
}

/* AXIS=NAME: what cannot be seen, such as a size whose host is another. */
static int take_changed(struct execution_book *book, const char *setting, struct err *e)
{
	const struct axes *axes = &book->demand.axes;
	const char *equals = strchr(setting, '=');
	CLEAN_FREE char *name = strndup(setting, equals ? (size_t)(equals - setting) : 0);
	int axis = equals && name ? axes_find(axes, name) : -1;

	if (axis < 0)
		return err_set(
			e, BLAME_USER, EINVAL,
			"--changed takes AXIS=NAME, such as size=small; '%.80s' names no axis "
			"of the runbook",
			setting);
	const struct axis *of = axes->list.items[axis];
	int item = axis_find(of, equals + 1);
	if (item < 0) {
		const char *nearest = axis_nearest(of, equals + 1);
		return err_set(e, BLAME_USER, EINVAL, "--changed: there is no %s '%.80s'%s%s%s",
			       of->name, equals + 1, nearest ? "; did you mean '" : "",
			       nearest ? nearest : "", nearest ? "'?" : "");
	}
	add_changed(book, (size_t)axis, (size_t)item);
	return 0;
}

int book_take_former(struct execution *x, struct err *e)
{
	const struct book_arguments *arguments = &x->arguments->book;
	struct execution_book *book = x->book;
	struct combine_request *request = &book->demand.request;
	int r = 0;

	if (!arguments->since && arguments->changed.count > 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "--changed says what is other than in a plan made before: name that "
			       "by --since");
	if (!arguments->since)
		return 0;
	r = read_former(arguments->since, book, e);
	for (size_t i = 0; r == 0 && i < arguments->changed.count; i++)
		r = take_changed(book, arguments->changed.items[i], e);
	if (r < 0)
		return r;
	find_changed_images(book);
	find_changed_kernels(book);
	request->is_increment = true;
	request->former = book->former.rows;
	request->changed = book->changed.items;
	request->changed_count = book->changed.count;
	return 0;
}

void book_describe_changed(const struct execution_book *book, const uint32_t *items,
			   struct text *out)
{
	const char *comma = "";

	vec_each (&book->changed, it) {
		const struct axis *axis = book->demand.axes.list.items[it->axis];
		if (items && items[it->axis] != it->item)
			continue;
		(void)text_addf(out, "%s%s=%s", comma, axis->name,
				axis->items.items[it->item]->name.text);
		comma = ", ";
	}
}
