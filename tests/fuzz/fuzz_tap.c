/* SPDX-License-Identifier: Apache-2.0 */
/* TAP and KTAP from a program that may print anything, and from a console. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/program.h"
#include "wire/tap.h"

/* Every point is told once: the tree below the levels without a parent has them all. */
static size_t count_level(const struct tap_tree *tree, size_t at, unsigned depth)
{
	const struct tap_level *level = &tree->levels.items[at];
	size_t count = 0;

	if (level->depth != depth || depth > TAP_DEPTH_MAX)
		abort();
	for (size_t i = level->first; i != TAP_NONE; i = tree->points.items[i].next) {
		const struct tap_point *point = &tree->points.items[i];
		if (point->level != at || point->line == 0 || !point->name[point->own_name])
			abort();
		count++;
		for (size_t sub = point->sub_levels; sub != TAP_NONE;
		     sub = tree->levels.items[sub].next) {
			if (tree->levels.items[sub].parent != i)
				abort();
			count += count_level(tree, sub, depth + 1);
		}
	}
	return count;
}

static void check_tree(const struct tap_tree *tree)
{
	unsigned counts[TAP_STATE_COUNT] = {0};
	size_t count = 0;

	vec_each (&tree->points, point)
		if (!point->is_sum)
			counts[point->state]++;
	if (memcmp(counts, tree->counts, sizeof counts) != 0)
		abort();
	for (size_t i = 0; i < tree->levels.count; i++)
		if (tree->levels.items[i].parent == TAP_NONE)
			count += count_level(tree, i, tree->levels.items[i].depth);
	if (count != tree->points.count)
		abort();
	if ((tree->faults > 0) != (tap_first_fault(tree) != NULL))
		abort();
	/* What nobody sums up is a fault. */
	vec_each (&tree->levels, level)
		if (level->parent == TAP_NONE && level->depth > 0 && tree->faults == 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DONE(result) struct result result;
	const char *bytes = size > 0 ? (const char *)data : "";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(bytes, size, 0);
	CLEANUP(tap_tree) struct tap_tree *kernel = tap_read(bytes, size, TAP_KERNEL);
	const struct program_end end = {
		.program = "fuzz", .output = bytes, .length = size, .speaks_tap = true};

	check_tree(tree);
	check_tree(kernel);
	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	/* What does not add up never becomes a pass, a failure or a skip. */
	if ((tree->faults > 0 || tree->counts[TAP_UNDECIDED] > 0) &&
	    result.outcome != OUTCOME_BROKEN)
		abort();
	if (tree->faults == 0 && tree->counts[TAP_UNDECIDED] == 0 && tree->counts[TAP_FAILED] > 0 &&
	    result.outcome != OUTCOME_FAIL)
		abort();
	if (result.outcome == OUTCOME_PASS && result.subs.count + result.subs_cut == 0)
		abort();
	return 0;
}
