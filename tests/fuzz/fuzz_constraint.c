/* SPDX-License-Identifier: Apache-2.0 */
/* A constraint, bound to some axes and judged. */
#include <stdint.h>

#include "base/text.h"
#include "host/plan/constraint.h"

static void on_problem(void *arg, unsigned column, bool is_remark, const char *what)
{
	unsigned *errors = arg;

	if (column == 0 || what[0] == '\0')
		abort();
	*errors += !is_remark;
}

static void fill(struct axes *axes)
{
	struct axis *image = axes_add(axes, "image"), *size = axes_add(axes, "size");
	struct axis_item *item = axis_add(image, "debian-12");

	(void)axis_add(image, "noble");
	(void)axis_set(image, item, "arch", "x86_64");
	(void)axis_set(image, item, "release", "12");
	item = axis_add(size, "small");
	(void)axis_set(size, item, "memory", "1GiB");
	(void)axis_set(size, item, "arch", "x86_64");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text text = TEXT_INIT(2 * CONSTRAINT_TEXT_MAX);
	CLEANUP(constraint) struct constraint *constraint = NULL;
	CLEAN_DONE(axes) struct axes axes = AXES_INIT;
	unsigned column = 0, errors = 0;
	struct err e = {0};

	(void)text_add(&text, (const char *)data, size);
	if (constraint_parse(text.buf, &constraint, &column, &e) < 0) {
		if (e.text[0] == '\0' || e.blame != BLAME_USER || column == 0 ||
		    column > text.length + 1)
			abort();
		return 0;
	}
	fill(&axes);
	if (constraint_bind(constraint, &axes, on_problem, &errors) != errors)
		abort();
	if (errors > 0)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		const struct axis_item *items[2] = {
			i < 2 ? axes.list.items[0]->items.items[i] : NULL,
			i == 3 ? NULL : axes.list.items[1]->items.items[0]};
		if (constraint_judge(constraint, items) > TRUTH_TRUE)
			abort();
	}
	return 0;
}
