/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constraints: which combinations of items may be a cell. One is an expression over axes and the traits of their items:
 *
 *	size.arch == image.arch
 *	not (firmware == uefi and image.boot == bios)
 *	size.memory >= 1024 or image.release in (11, 12)
 *	if image.distribution == debian then image.release >= 11
 *
 * Words, loosest first: `if A then B` and `A -> B` (the same), `or`, `and`, `not`; then == != < <= > >=, `in (a, b)`, `not in`,
 * and `known(image.release)`. `image` is an item's name and `image.arch` a trait of it; everything else is a value: a bare word, a
 * number with or without unit, or a text in quotes ('...' or "...").
 *
 * A trait that an item does not have makes its comparison neither true nor false (Kleene's logic), and `known` tells that. A
 * constraint excludes only what it surely forbids: TRUTH_UNKNOWN is let through.
 *
 *	CLEANUP(constraint) struct constraint *constraint = NULL;
 *	r = constraint_parse("size.arch == image.arch", &constraint, &column, e);
 *	problems = constraint_bind(constraint, &axes, on_problem, arg);
 *	if (constraint_judge(constraint, items) == TRUTH_FALSE)
 *		...exclude...
 */
#ifndef ASSAY_HOST_PLAN_CONSTRAINT_H
#define ASSAY_HOST_PLAN_CONSTRAINT_H

#include "base/err.h"
#include "host/plan/axis.h"

#define CONSTRAINT_TEXT_MAX  4096 /* bytes */
#define CONSTRAINT_DEPTH_MAX 64	  /* of what stands within what */

enum truth { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE };

struct constraint;

/* Reads it. On failure -EINVAL (blame user), and *ret_column is where in the text, in characters from 1. Written on success or
 * failure only. */
int constraint_parse(const char *text, struct constraint **ret, unsigned *ret_column, struct err *e)
	NONNULL(1, 2, 3, 4);
void constraint_free(struct constraint *constraint);
DEFINE_CLEANUP(constraint);

const char *constraint_text(const struct constraint *constraint) NONNULL(1);

/* True for the words of the language: no axis can be called so. */
bool constraint_reserves(const char *word) NONNULL(1);

/* Told of each thing that is wrong, by its column. A remark is no error: the constraint can be judged, but hardly says what was
 * meant, for no item has the value that it asks for. */
typedef void constraint_problem_fn(void *arg, unsigned column, bool is_remark, const char *what);

/* Finds the axes and traits that it names; they have to outlive it and to stay as they are. Returns how many of its names are wrong, all of them
 * told; then it cannot be judged. */
unsigned constraint_bind(struct constraint *constraint, const struct axes *axes,
			 constraint_problem_fn *on_problem, void *arg) NONNULL(1, 2, 3);

/* What it looks at, each once, sorted: an axis' items by name (trait -1), or by a trait. */
struct constraint_name {
	unsigned axis;
	int trait;
};
const struct constraint_name *constraint_names(const struct constraint *constraint,
					       size_t *ret_count) NONNULL(1, 2);

/* Judges a combination: an item for each axis that is looked at, NULL where none is chosen yet (what it has is unknown). */
enum truth constraint_judge(const struct constraint *constraint,
			    const struct axis_item *const *items) NONNULL(1, 2);

/* Judges any values: a lookup gives that of a name, NULL where there is none. */
typedef const struct value *constraint_lookup_fn(const void *arg, struct constraint_name name);
enum truth constraint_judge_values(const struct constraint *constraint,
				   constraint_lookup_fn *lookup, const void *arg) NONNULL(1, 2);

#endif
