/* SPDX-License-Identifier: Apache-2.0 */
/* What a gate wants covered, held against the cells of a run. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/catalog/select.h"
#include "host/judge/gate_internal.h"
#include "host/judge/judging.h"

#define NAMED_MAX 5 /* cases that a reason names */

/* The cells of one image lie together: begin up to end. */
struct image_cells {
	const struct run_cell *const *begin, *const *end;
};
DEFINE_VEC(image_list, struct image_cells);

struct covering {
	struct judging *judging;
	const struct gate_cover *cover;
	struct case_list cases;	       /* of the catalogue, that the entry names */
	const struct run_cell **cells; /* of the run, by image */
	struct image_list images;
};

/* One firmware and one size of an entry; NULL: any. */
struct corner {
	const struct image_cells *image;
	const char *kernel, *firmware, *size;
	const struct constraint *size_constraint;
};

/* ---- images ---- */

/* A kernel is its own image where no other is asked about it. */
static bool is_kernel_alone(const struct run_cell *cell)
{
	return cell->kernel_digest[0] && !cell->image_format[0];
}

static int by_image(const void *left, const void *right)
{
	const struct run_cell *a = *(const struct run_cell *const *)left,
			      *b = *(const struct run_cell *const *)right;
	int order = (int)is_kernel_alone(a) - (int)is_kernel_alone(b);

	if (order == 0)
		order = strcmp(a->image_digest, b->image_digest);

	if (order == 0)
		order = strcmp(a->image_name, b->image_name);
	return order ? order : a->index < b->index ? -1 : 1;
}

static bool is_same_image(const struct covering *covering, const struct run_cell *a,
			  const struct run_cell *b)
{
	if (covering->cover->kernels.count > 0 && is_kernel_alone(a) && is_kernel_alone(b))
		return true;
	return strcmp(a->image_digest, b->image_digest) == 0 &&
	       strcmp(a->image_name, b->image_name) == 0;
}

static void find_images(struct covering *covering)
{
	const struct run_cells *all = &covering->judging->run->cells;

	covering->cells = xnew((all->count + 1) * sizeof *covering->cells);
	for (size_t i = 0; i < all->count; i++)
		covering->cells[i] = &all->items[i];
	if (all->count > 0)
		qsort(covering->cells, all->count, sizeof *covering->cells, by_image);
	covering->images = (struct image_list)VEC_INIT(all->count);
	for (size_t i = 0; i < all->count; i++) {
		if (i > 0 && is_same_image(covering, covering->cells[i - 1], covering->cells[i]))
			covering->images.items[covering->images.count - 1].end++;
		else
			(void)vec_add(&covering->images,
				      ((struct image_cells){covering->cells + i,
							    covering->cells + i + 1}));
	}
}

static bool fits_image(const char *pattern, const struct run_cell *cell)
{
	const char *digest = has_prefix(pattern, "sha256:") ? pattern + strlen("sha256:") : pattern;

	return fnmatch(pattern, cell->image_name, 0) == 0 ||
	       (cell->image_called[0] && fnmatch(pattern, cell->image_called, 0) == 0) ||
	       fnmatch(pattern, cell->os_name, 0) == 0 ||
	       fnmatch(digest, cell->image_digest, 0) == 0 ||
	       (is_kernel_alone(cell) && strcmp(pattern, GATE_NO_IMAGE) == 0);
}

static bool fits_kernel(const char *pattern, const struct run_cell *cell)
{
	const char *digest = has_prefix(pattern, "sha256:") ? pattern + strlen("sha256:") : pattern;

	if (!cell->kernel_digest[0] || strcmp(pattern, GATE_INSTALLED) == 0)
		return !cell->kernel_digest[0] && strcmp(pattern, GATE_INSTALLED) == 0;
	return fnmatch(pattern, gate_kernel(cell), 0) == 0 ||
	       fnmatch(pattern, cell->kernel_name, 0) == 0 ||
	       fnmatch(pattern, cell->kernel_release, 0) == 0 ||
	       fnmatch(digest, cell->kernel_digest, 0) == 0;
}

/* ---- one corner ---- */

static void PRINTF(3, 4) NONNULL(1, 2, 3)
	miss(struct covering *covering, const struct corner *corner, const char *format, ...)
{
	CLEAN_TEXT struct text text = TEXT_INIT(8192);
	va_list args;

	const struct run_cell *first = *corner->image->begin;
	(void)text_addf(&text, "image %.200s",
			corner->kernel && is_kernel_alone(first) ? GATE_NO_IMAGE
								 : first->image_name);
	if (corner->kernel)
		(void)text_addf(&text, ", kernel %.200s", corner->kernel);
	if (corner->firmware)
		(void)text_addf(&text, ", firmware %s", corner->firmware);
	if (corner->size)
		(void)text_addf(&text, ", size %.200s", corner->size);
	(void)text_adds(&text, ": ");
	va_start(args, format);
	(void)text_addv(&text, format, args);
	va_end(args);
	struct yaml_place place = covering->cover->map.place;
	place.path = covering->judging->inputs->gate->path;
	judging_tell(covering->judging,
		     (struct reason){.kind = REASON_COVER,
				     .effect = (enum effect)covering->cover->outcome.number,
				     .rule = place,
				     .text = text_steal(&text)});
}

static bool is_in_corner(const struct covering *covering, const struct corner *corner,
			 const struct run_cell *cell)
{
	const struct gate_cell *values = &covering->judging->cells[cell->index];

	if (corner->firmware && strcmp(corner->firmware, cell->firmware) != 0)
		return false;
	if (corner->kernel && !fits_kernel(corner->kernel, cell))
		return false;
	if (corner->size && !corner->size_constraint &&
	    fnmatch(corner->size, cell->size_name, 0) != 0)
		return false;
	return gate_holds(corner->size_constraint, values) &&
	       gate_holds(covering->cover->where_constraint, values);
}

static unsigned count_cells(const struct covering *covering, const struct corner *corner)
{
	unsigned count = 0;

	for (const struct run_cell *const *cell = corner->image->begin; cell < corner->image->end;
	     cell++)
		count += is_in_corner(covering, corner, *cell);
	return count;
}

static bool has_passed(const struct covering *covering, const struct run_case *it)
{
	return it->result && it->result->outcome == OUTCOME_PASS &&
	       judging_counts(covering->judging, it) &&
	       (covering->cover->proven.number == 0 || it->proven);
}

/* What is neither missing nor the host's nor the case's own trouble. */
static bool says_something(const struct covering *covering, const struct run_case *it)
{
	return it->result && it->result->outcome != OUTCOME_INFRA &&
	       it->result->outcome != OUTCOME_BROKEN && judging_counts(covering->judging, it);
}

struct tally {
	unsigned results, passes; /* of one case, in the cells of a corner */
};

static struct tally tally_case(const struct covering *covering, const struct corner *corner,
			       const char *id)
{
	struct tally tally = {0};

	for (const struct run_cell *const *cell = corner->image->begin; cell < corner->image->end;
	     cell++) {
		if (!is_in_corner(covering, corner, *cell))
			continue;
		const struct run_case *it =
			run_find(covering->judging->run, (*cell)->index, id, false);
		tally.results += it && says_something(covering, it);
		tally.passes += it && has_passed(covering, it);
	}
	return tally;
}

static unsigned count_cell_passes(const struct covering *covering, const struct run_cell *cell)
{
	size_t all;
	const struct run_case *cases = run_cases_of(covering->judging->run, cell->index, &all);
	unsigned count = 0;

	for (size_t i = 0; i < all; i++)
		count += !cases[i].sabotaged && has_passed(covering, &cases[i]);
	return count;
}

/* Where an entry names no cases, all that the corner has. */
static unsigned count_all_passes(const struct covering *covering, const struct corner *corner)
{
	unsigned count = 0;

	for (const struct run_cell *const *cell = corner->image->begin; cell < corner->image->end;
	     cell++)
		if (is_in_corner(covering, corner, *cell))
			count += count_cell_passes(covering, *cell);
	return count;
}

static void add_named(struct text *list, unsigned count, const char *id)
{
	if (count <= NAMED_MAX)
		(void)text_addf(list, "%s%s", count > 1 ? ", " : "", id);
}

static void add_rest(struct text *list, unsigned count)
{
	if (count > NAMED_MAX)
		(void)text_addf(list, " and %u more", count - NAMED_MAX);
}

/* Returns all their passes. */
static unsigned check_named(struct covering *covering, const struct corner *corner)
{
	CLEAN_TEXT struct text missing = TEXT_INIT(2048), seldom = TEXT_INIT(2048);
	unsigned missing_count = 0, seldom_count = 0, passes = 0;

	vec_each (&covering->cases, it) {
		struct tally tally = tally_case(covering, corner, (*it)->id);
		passes += tally.passes;
		if (tally.results == 0)
			add_named(&missing, ++missing_count, (*it)->id);
		else if (tally.passes < covering->cover->each.number)
			add_named(&seldom, ++seldom_count, (*it)->id);
	}
	add_rest(&missing, missing_count);
	add_rest(&seldom, seldom_count);
	if (missing_count > 0)
		miss(covering, corner, "%u of %zu cases have no result that says anything: %s",
		     missing_count, covering->cases.count, missing.buf);
	if (seldom_count > 0)
		miss(covering, corner, "%u of %zu cases have not passed in %lld cells: %s",
		     seldom_count, covering->cases.count, covering->cover->each.number, seldom.buf);
	return passes;
}

static void check_corner(struct covering *covering, const struct corner *corner)
{
	const struct gate_cover *cover = covering->cover;
	unsigned cells = count_cells(covering, corner);

	if (cells < cover->cells.number)
		miss(covering, corner, "%u cells, and the gate wants %lld%s%.200s", cells,
		     cover->cells.number, cover->where.text ? " where " : "",
		     cover->where.text ? cover->where.text : "");
	if (cells == 0)
		return;
	unsigned passes = cover->cases.count > 0     ? check_named(covering, corner)
			  : cover->passes.number > 0 ? count_all_passes(covering, corner)
						     : 0;
	if (passes < cover->passes.number)
		miss(covering, corner, "%u passes%s, and the gate wants %lld", passes,
		     cover->proven.number ? " of proven cases" : "", cover->passes.number);
}

/* ---- an entry ---- */

static void check_sizes(struct covering *covering, struct corner *corner)
{
	const struct gate_cover *cover = covering->cover;

	if (cover->sizes.count == 0)
		check_corner(covering, corner);
	for (size_t i = 0; i < cover->sizes.count; i++) {
		corner->size = cover->sizes.items[i].text;
		corner->size_constraint = cover->size_constraints[i];
		check_corner(covering, corner);
	}
}

static void check_firmwares(struct covering *covering, const struct image_cells *image,
			    const char *kernel)
{
	const struct gate_cover *cover = covering->cover;
	struct corner corner = {.image = image, .kernel = kernel};

	if (cover->firmwares.count == 0)
		check_sizes(covering, &corner);
	vec_each (&cover->firmwares, firmware) {
		corner = (struct corner){
			.image = image, .kernel = kernel, .firmware = firmware->text};
		check_sizes(covering, &corner);
	}
}

static void check_image(struct covering *covering, const struct image_cells *image)
{
	const struct gate_cover *cover = covering->cover;

	if (cover->kernels.count == 0)
		check_firmwares(covering, image, NULL);
	vec_each (&cover->kernels, kernel)
		check_firmwares(covering, image, kernel->text);
}

static void tell_no_image(struct covering *covering, struct yaml_place place, const char *text)
{
	place.path = covering->judging->inputs->gate->path;
	judging_tell(covering->judging,
		     (struct reason){.kind = REASON_COVER,
				     .effect = (enum effect)covering->cover->outcome.number,
				     .rule = place,
				     .text = xstrdup(text)});
}

static bool is_wanted(const struct gate_cover *cover, const struct image_cells *image)
{
	vec_each (&cover->images, pattern)
		if (fits_image(pattern->text, *image->begin))
			return true;
	return cover->images.count == 0;
}

static void check_images(struct covering *covering)
{
	vec_each (&covering->cover->images, pattern) {
		bool is_there = false;
		vec_each (&covering->images, image)
			is_there = is_there || fits_image(pattern->text, *image->begin);
		CLEAN_FREE char *text = xasprintf("no image of the run is '%.200s'", pattern->text);
		if (!is_there)
			tell_no_image(covering, pattern->place, text);
	}
	if (covering->images.count == 0 && covering->cover->images.count == 0)
		tell_no_image(covering, covering->cover->map.place, "the run has no image");
	vec_each (&covering->images, image)
		if (is_wanted(covering->cover, image))
			check_image(covering, image);
}

/* Which cases a suite has is only known to the catalogue. */
static bool find_cases(struct covering *covering)
{
	CLEAN_TEXT struct text terms = TEXT_INIT(16U << 20);
	const struct catalog *catalog = covering->judging->inputs->catalog;
	struct err e = {0};

	covering->cases = (struct case_list)VEC_INIT(CATALOG_CASES_MAX);
	if (covering->cover->cases.count == 0)
		return true;
	gate_terms(covering->cover, &terms);
	if (catalog && suite_pick(catalog, terms.buf, &covering->cases, &e) == 0)
		return true;
	struct yaml_place place = covering->cover->map.place;
	place.path = covering->judging->inputs->gate->path;
	judging_tell(
		covering->judging,
		(struct reason){.kind = REASON_NO_CATALOGUE,
				.effect = EFFECT_UNDECIDED,
				.rule = place,
				.text = catalog ? xasprintf("which cases have to be covered "
							    "cannot be told: %s",
							    e.text)
						: xstrdup("which cases have to be covered cannot "
							  "be told without a catalogue")});
	return false;
}

void judging_cover(struct judging *judging)
{
	struct covering covering = {.judging = judging};

	if (!judging->inputs->gate || judging->inputs->gate->covers.count == 0)
		return;
	vec_each (&judging->inputs->gate->covers, cover) {
		covering.cover = cover;
		find_images(&covering);
		if (find_cases(&covering))
			check_images(&covering);
		vec_done(&covering.cases);
		vec_done(&covering.images);
		free(STEAL_PTR(covering.cells));
	}
}
