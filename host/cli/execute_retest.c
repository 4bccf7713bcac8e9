/* SPDX-License-Identifier: Apache-2.0 */
/* A retest: which cases of an earlier run are run again, on which images, and what is carried over of the others. */
#include <stdio.h>
#include <string.h>

#include "host/cli/execute.h"

#define DIGITS_MIN 6 /* of a digest that names an image */

/* ---- the run ---- */

/* What is carried over is told of by the image's digest. */
static int check_of_images(const struct run *run, struct err *e)
{
	vec_each (&run->cells, cell)
		if (cell->kernel_digest[0])
			return err_set(
				e, BLAME_USER, ENOTSUP,
				"run %s tried the kernel %s, and a retest is of images: try the "
				"next kernel by `assay kernel`, and compare both",
				run->id, cell->kernel_name);
	return 0;
}

static int check_retested(const struct run *run, struct err *e)
{
	if (run->is_going)
		return err_set(e, BLAME_USER, EBUSY,
			       "run %s is still going on: retest it when it has ended", run->id);
	if (run->proves)
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s is a proof, which tells of the cases and not of the image: "
			       "there is nothing to retest",
			       run->id);
	if (run->cells.count == 0)
		return err_set(e, BLAME_USER, EINVAL, "run %s has no cells", run->id);
	return 0;
}

/* ---- what is run again ---- */

static bool is_red(const struct run_case *it)
{
	return !it->result ||
	       (it->result->outcome != OUTCOME_PASS && it->result->outcome != OUTCOME_SKIP);
}

/* What needs no machine: it is read from the file. */
static bool is_of_disk(const struct run_case *it)
{
	return it->kind == CASE_KIND_AUDIT || case_is_of_file(it->id);
}

static bool has_red(const struct run *run)
{
	vec_each (&run->cases, it)
		if (is_red(it))
			return true;
	return false;
}

/* What stands in the way of this case's cell: on another image what did not pass; on the same one, and where nothing else is left,
 * also what nobody has run on it. */
static bool stands_in_the_way(const struct run *run, const struct run_case *it, bool is_same_image,
			      bool any_red)
{
	return is_red(it) || ((is_same_image || !any_red) && run_case_is_of_other_image(run, it));
}

/* By the cases of the run: which are run again. Returns how many. */
static size_t choose_again(const struct run *run, const bool *is_same_image, bool all, bool *again)
{
	bool any_red = has_red(run);
	size_t count = 0;

	for (size_t i = 0; i < run->cases.count; i++) {
		const struct run_case *it = &run->cases.items[i];
		again[i] = all || stands_in_the_way(run, it, is_same_image[it->cell], any_red);
		count += again[i];
	}
	return count;
}

/* A verdict stands on these two in every cell, as in every run: that the image stays as it is; and, where machines are made, that
 * they come up. */
static void add_always(const struct run *run, bool *again)
{
	CLEAN_FREE bool *boots = xnew((run->cells.count + 1) * sizeof *boots);

	for (size_t i = 0; i < run->cases.count; i++)
		if (again[i] && !is_of_disk(&run->cases.items[i]))
			boots[run->cases.items[i].cell] = true;
	for (size_t i = 0; i < run->cases.count; i++) {
		const struct run_case *it = &run->cases.items[i];
		if (strcmp(it->id, CASE_IMAGE_UNCHANGED) == 0 ||
		    (boots[it->cell] && strcmp(it->id, CASE_REACHES_READY) == 0))
			again[i] = true;
	}
}

/* A result that was carried over before keeps where it is from. */
static void carry(const struct run *run, struct run_case *it)
{
	if (it->carried)
		return;
	it->carried = xnew(sizeof *it->carried);
	(void)snprintf(it->carried->run, sizeof it->carried->run, "%s", run->id);
	(void)snprintf(it->carried->sha256, sizeof it->carried->sha256, "%.64s",
		       run->cells.items[it->cell].image_digest);
}

static int choose_cases_again(struct run *run, const bool *is_same_image, bool all, struct err *e)
{
	CLEAN_FREE bool *again = xnew((run->cases.count + 1) * sizeof *again);

	if (choose_again(run, is_same_image, all, again) == 0)
		return err_set(e, BLAME_USER, EALREADY,
			       "nothing of run %s is to be retested: all its cases passed or were "
			       "skipped%s; --all runs them again, `assay run` validates another "
			       "image",
			       run->retests,
			       run->left_out.count > 0
				       ? ", and what was left out is not in its plan"
				       : "");
	add_always(run, again);
	for (size_t i = 0; i < run->cases.count; i++) {
		if (again[i])
			run_case_forget(&run->cases.items[i]);
		else
			carry(run, &run->cases.items[i]);
	}
	return 0;
}

/* ---- the images ---- */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_image(const struct run_cell *cell, const char *name, size_t length)
{
	const char *const names[] = {cell->image_path, cell->image_name,
				     file_name(cell->image_path)};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return true;
	return length >= DIGITS_MIN && strncmp(cell->image_digest, name, length) == 0;
}

static void set_path(struct run_cell *cell, const char *path)
{
	free(cell->image_path);
	cell->image_path = xstrdup(path);
}

/* Which images the run has, for an error. */
static void add_images(const struct run *run, struct text *out)
{
	const char *before = "";

	vec_each (&run->cells, cell) {
		bool is_told = false;
		for (const struct run_cell *other = run->cells.items; other < cell; other++)
			is_told = is_told || strcmp(other->image_path, cell->image_path) == 0;
		if (is_told)
			continue;
		(void)text_addf(out, "%s%s", before, file_name(cell->image_path));
		before = ", ";
	}
}

static int no_such_image(const struct run *run, const char *what, struct err *e)
{
	CLEAN_TEXT struct text images = TEXT_INIT(300);

	add_images(run, &images);
	return err_set(e, BLAME_USER, EINVAL, "%s; run %s has %s%s", what, run->id, images.buf,
		       images.overflowed ? "..." : "");
}

/* A cell whose image has its new version: later words are not about that one. */
struct swap {
	struct run *run;
	bool *is_swapped; /* by cell */
};

static size_t swap_where(const struct swap *swap, const char *name, size_t length, const char *path)
{
	size_t count = 0;

	vec_each (&swap->run->cells, cell) {
		if (swap->is_swapped[cell->index] || (name && !is_image(cell, name, length)))
			continue;
		set_path(cell, path);
		swap->is_swapped[cell->index] = true;
		count++;
	}
	return count;
}

/* OLD=NEW */
static int swap_named(const struct swap *swap, const char *setting, struct err *e)
{
	const char *equals = strchr(setting, '=');

	if (!equals || equals == setting || equals[1] == '\0')
		return err_set(e, BLAME_USER, EINVAL,
			       "--image takes OLD=NEW, an image of the run and the file in its "
			       "place, not '%.200s'",
			       setting);
	if (swap_where(swap, setting, (size_t)(equals - setting), equals + 1) > 0)
		return 0;
	CLEAN_FREE char *what =
		xasprintf("--image: there is no image '%.*s'",
			  equals - setting > 150 ? 150 : (int)(equals - setting), setting);
	return no_such_image(swap->run, what, e);
}

static bool has_one_image(const struct run *run)
{
	vec_each (&run->cells, cell)
		if (strcmp(cell->image_path, run->cells.items->image_path) != 0)
			return false;
	return true;
}

static int swap_file(const struct swap *swap, const char *path, bool is_only, struct err *e)
{
	const char *name = file_name(path);

	if (swap_where(swap, is_only ? NULL : name, strlen(name), path) > 0)
		return 0;
	CLEAN_FREE char *what =
		xasprintf("it cannot be told which image '%.150s' is the next version of: say "
			  "--image OLD=NEW",
			  path);
	return no_such_image(swap->run, what, e);
}

static int choose_images(struct run *run, const struct retest_arguments *arguments, struct err *e)
{
	CLEAN_FREE bool *is_swapped = xnew((run->cells.count + 1) * sizeof *is_swapped);
	const struct swap swap = {run, is_swapped};
	bool is_only = has_one_image(run) && arguments->files.count == 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < arguments->images.count; i++)
		r = swap_named(&swap, arguments->images.items[i], e);
	for (size_t i = 0; r == 0 && i < arguments->files.count; i++)
		r = swap_file(&swap, arguments->files.items[i], is_only, e);
	return r;
}

/* ---- all of it ---- */

/* What has been done of the retest itself: nothing. */
static void begin_anew(struct execution *x)
{
	struct run *run = x->earlier;

	x->retests = xstrdup(run->id);
	(void)snprintf(run->retests, sizeof run->retests, "%.127s", x->retests);
	run->begun_ns = run->ended_ns = run->worked_ns = 0;
	run->resumed = 0;
	run->ending[0] = '\0';
	run->phases.count = 0;
}

int take_retested(struct execution *x, struct err *e)
{
	const struct retest_arguments *arguments = &x->arguments->retest;
	CLEAN_FREE char *folder = NULL;
	int r = find_run(arguments->run, &folder, e);

	if (r == 0)
		r = read_run(folder, &x->earlier, e);
	if (r == 0)
		r = check_retested(x->earlier, e);
	if (r == 0)
		r = check_of_images(x->earlier, e);
	if (r == 0)
		r = choose_images(x->earlier, arguments, e);
	if (r == 0)
		r = check_masks(x, e);
	if (r == 0)
		begin_anew(x);
	return r;
}

int choose_retested(struct execution *x, struct err *e)
{
	struct run *run = x->earlier;
	CLEAN_FREE bool *is_same_image = xnew((run->cells.count + 1) * sizeof *is_same_image);

	vec_each (&run->cells, cell) {
		const struct image *image;
		int r = open_image(x, cell->image_path, &image, e);
		if (r < 0)
			return err_wrap(e, "the next version of %s", cell->image_name);
		is_same_image[cell->index] = strcmp(cell->image_digest, image->digest) == 0;
	}
	return choose_cases_again(run, is_same_image, x->arguments->retest.all, e);
}
