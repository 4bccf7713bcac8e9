/* SPDX-License-Identifier: Apache-2.0 */
/* assay flakes: which cases do not always come out the same. */
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/verb.h"
#include "host/report/flakes.h"
#include "host/report/report.h"
#include "host/store/folder.h"

#define DIGEST_LEAST 6 /* letters of a digest that are taken for its beginning */

struct arguments {
	struct text_list cases;
	const char *image;
	bool all, json;
};

static const struct option_line options[] = {
	OPTION_FLAG("all", 0, struct arguments, all,
		    "also the cases that have always come out the same"),
	OPTION_LIST("case", 'c', struct arguments, cases, "PATTERN",
		    "only cases that match: an id, an area, or a glob over ids (repeatable)"),
	OPTION_TEXT("image", 0, struct arguments, image, "IMAGE",
		    "only on that image: its name as runs have it, or the beginning of its digest"),
	OPTION_FLAG("json", 0, struct arguments, json, "print JSON"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_flakes = {
	.name = "flakes",
	.operands = "[RUN]",
	.title = "show the cases that do not always come out the same, over all runs that are kept",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"A case is counted for each image (its digest), machine and version of Assay apart, over all executions: tries\n"
		"and repetitions too. The interval of its pass rate is the exact one of Clopper and Pearson, 95 %. With RUN only\n"
		"the images of that run are looked at. What ran with its defect planted never counts.",
};

/* ---- which ---- */

struct search {
	const struct arguments *arguments;
	const struct run *run; /* NULL: of all */
	struct flakes flakes;
};

static bool matches(const char *pattern, const char *id)
{
	size_t length = strlen(pattern);

	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, id, 0) == 0;
	return strncmp(pattern, id, length) == 0 && (id[length] == '\0' || id[length] == '.');
}

static bool is_wanted_case(const struct text_list *patterns, const char *id)
{
	vec_each (patterns, pattern)
		if (matches(*pattern, id))
			return true;
	return patterns->count == 0;
}

static bool is_wanted_image(const char *wanted, const struct store_cell *cell)
{
	return !wanted || strcmp(wanted, cell->image) == 0 ||
	       (strlen(wanted) >= DIGEST_LEAST && has_prefix(cell->sha256, wanted));
}

static bool is_in_run(const struct run *run, const char *sha256)
{
	if (!run)
		return true;
	vec_each (&run->cells, cell)
		if (strcmp(cell->image_digest, sha256) == 0)
			return true;
	return false;
}

static int take(void *arg, const struct store_execution *execution)
{
	struct search *search = arg;
	const struct arguments *arguments = search->arguments;

	if (!is_wanted_case(&arguments->cases, execution->id) ||
	    !is_wanted_image(arguments->image, &execution->cell) ||
	    !is_in_run(search->run, execution->cell.sha256))
		return 0;
	return flakes_add(&search->flakes, execution) ? 0 : -E2BIG;
}

/* Those that have always come out the same are not asked for. */
static void drop_steady(struct flakes *flakes)
{
	struct flakes kept = VEC_INIT(flakes->maximum), dropped = VEC_INIT(flakes->maximum);

	vec_each (flakes, it) {
		const enum flake_state state = flake_state(it);
		const bool is_steady = state != FLAKE_DIFFERS && state != FLAKE_BREAKS;
		(void)vec_add(is_steady ? &dropped : &kept, *it);
	}
	vec_done(flakes);
	flakes_done(&dropped);
	*flakes = kept;
}

/* ---- all ---- */

static int open_store(struct store **ret, struct err *e)
{
	CLEAN_FREE char *path = NULL;
	struct stat stat_;
	int r = state_folder("assay.db", &path, e);

	if (r < 0)
		return r;
	if (stat(path, &stat_) < 0)
		return err_set(e, BLAME_USER, ENOENT,
			       "no run is in the store %s: `assay run IMAGE` makes one, "
			       "`assay runs --rebuild` reads kept ones in",
			       path);
	return store_open(path, ret, e);
}

static int count(struct search *search, struct err *e)
{
	CLEANUP(store) struct store *store = NULL;
	int r = open_store(&store, e);

	if (r == 0)
		r = store_executions(store, NULL, take, search, e);
	if (r == -E2BIG)
		return err_set(e, BLAME_USER, E2BIG,
			       "there are more than %u cases on different images: ask for some, "
			       "by --case, --image or RUN",
			       FLAKES_MAX);
	if (r == 0 && search->flakes.count == 0)
		return err_set(
			e, BLAME_USER, ENOENT,
			"no kept run has executed such a case on such an image; `assay runs` "
			"shows the runs, `assay runs --rebuild` reads them in anew");
	return r;
}

static int print(struct search *search, size_t considered, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	if (search->arguments->json)
		flakes_json(&search->flakes, &out);
	else if (search->flakes.count > 0)
		flakes_text(&search->flakes, &out);
	else
		text_addf(&out, "all %zu cases have always come out the same (--all shows them)\n",
			  considered);
	return print_out(&out, e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	struct search search = {.arguments = &arguments, .flakes = VEC_INIT(FLAKES_MAX)};
	CLEANUP(run) struct run *of = NULL;
	CLEAN_FREE char *folder = NULL;

	int r = verb_parse(&verb_flakes, &argc, argv, 0, 1, &arguments, e);
	if (r == 0 && argc > 1) {
		r = find_run(argv[1], &folder, e);
		if (r == 0)
			r = read_run(folder, &of, e);
		search.run = of;
	}
	if (r == 0)
		r = count(&search, e);
	if (r == 0) {
		size_t considered = search.flakes.count;
		if (!arguments.all)
			drop_steady(&search.flakes);
		flakes_sort(&search.flakes);
		r = print(&search, considered, e);
	}
	flakes_done(&search.flakes);
	vec_done(&arguments.cases);
	return r < 0 ? r : 0;
}
