/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and time of the covering-array planner, beside the figures that pairwise.org publishes for other tools. Usage:
 * bench-cover [SEED]
 *
 * First the models of that page, then a cloud of made-up images, sizes, extensions and kernels over their traits, with
 * constraints, and the increment that one changed image makes necessary. Times are of the process, so that they say something on a
 * busy machine. Exits with 1 when a plan has more rows, or takes longer, than what it is held against.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "host/plan/traits.h"

/* What is held against: rows of PICT, of the best general tool, and how long the first answer and all may take. */
static const struct known {
	const char *name;
	unsigned ways;
	uint16_t values[3], columns[3];
	size_t pict, best;
	const char *pict_time;
	double first_s, all_s;
} known[] = {
	{"3^13", 2, {3}, {13}, 18, 15, "", 0.1, 1.5},
	{"4^15 3^17 2^29", 2, {4, 3, 2}, {15, 17, 29}, 37, 29, "", 0.1, 1.5},
	{"4^1 3^39 2^35", 2, {4, 3, 2}, {1, 39, 35}, 27, 21, "", 0.1, 1.5},
	{"2^100", 2, {2}, {100}, 15, 10, "", 0.1, 1.5},
	{"10^20", 2, {10}, {20}, 210, 180, "", 0.1, 1.5},
	{"4^15 3^17 2^29", 3, {4, 3, 2}, {15, 17, 29}, 217, 0, "2.6 s", 0.26, 1.5},
	{"10^20", 3, {10}, {20}, 3429, 0, "30 s", 3, 3},
};

static double cpu_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int find(const struct known *it, uint64_t seed, uint64_t effort, size_t *ret_rows,
		uint64_t *ret_bound, double *ret_s)
{
	struct cover_column columns[100] = {0};
	struct cover_model model = {.ways = it->ways, .columns = columns};
	struct cover_options options = {.seed = seed, .effort = effort};
	CLEANUP(cover) struct cover *cover = NULL;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(it->values); i++)
		for (size_t n = 0; n < it->columns[i]; n++)
			columns[model.column_count++].values = it->values[i];
	double begin = cpu_s();
	int r = cover_find(&model, &options, &cover, &e);
	*ret_s = cpu_s() - begin;
	if (r < 0) {
		(void)fprintf(stderr, "%s: %s\n", it->name, e.text);
		return r;
	}
	*ret_rows = cover->row_count;
	*ret_bound = cover->lower_bound;
	return 0;
}

static bool measure_known(const struct known *it, uint64_t seed)
{
	size_t first, rows;
	uint64_t bound;
	double first_s, all_s;
	char best[16] = "-";

	if (find(it, seed, 0, &first, &bound, &first_s) < 0 ||
	    find(it, seed, COVER_EFFORT, &rows, &bound, &all_s) < 0)
		return false;
	if (it->best > 0)
		(void)snprintf(best, sizeof best, "%zu", it->best);
	printf("%u  %-15s %5zu %7.3f s %5zu %7.3f s %5" PRIu64 "   %5zu %6s %5s\n", it->ways,
	       it->name, first, first_s, rows, all_s, bound, it->pict, it->pict_time, best);
	(void)fflush(stdout);
	return first <= it->pict && first_s <= it->first_s && all_s <= it->all_s &&
	       rows <= (it->best > 0 ? it->best : it->pict);
}

/* ---- the cloud ---- */

static const char *const constraint_texts[] = {
	"size.arch == image.arch",
	"kernel.arch == image.arch",
	"extension.arch == any or extension.arch == image.arch",
	"not (size.generation == 2 and image.boot == bios)",
	"if size.tpm == yes then image.boot in (uefi, secure)",
	"if extension.family == rpm then image.family == rpm",
	"if extension.family == deb then image.family == deb",
	"size.memory != tiny or image.desktop == no",
};

struct cloud {
	struct axes axes;
	struct constraint *constraints[ARRAY_LEN(constraint_texts)];
	struct random random;
};

/* A trait "k<number>". */
static void set_number(struct axis *axis, struct axis_item *item, const char *trait, size_t number)
{
	CLEAN_FREE char *text = xasprintf("k%zu", number);

	(void)axis_set(axis, item, trait, text);
}

static void set_one(struct cloud *cloud, struct axis *axis, struct axis_item *item,
		    const char *trait, const char *const *words, size_t count)
{
	(void)axis_set(axis, item, trait, words[random_below(&cloud->random, count)]);
}
#define SET_ONE(cloud, axis, item, trait, ...)                                                     \
	set_one(cloud, axis, item, trait, (const char *const[]){__VA_ARGS__},                      \
		ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

static struct axis_item *add_item(struct axis *axis, size_t number)
{
	CLEAN_FREE char *name = xasprintf("%s-%zu", axis->name, number);

	return axis_add(axis, name);
}

/* Releases belong to a distribution, kernels and init to a release, as they do in life. */
static void add_images(struct cloud *cloud, size_t count)
{
	struct axis *axis = axes_add(&cloud->axes, "image");

	for (size_t i = 0; i < count; i++) {
		struct axis_item *item = add_item(axis, i);
		size_t distribution = random_below(&cloud->random, 14);
		size_t release = distribution * 4 + random_below(&cloud->random, 4);
		set_number(axis, item, "distribution", distribution);
		set_number(axis, item, "release", release);
		set_number(axis, item, "kernel", release / 5 + random_below(&cloud->random, 2));
		(void)axis_set(axis, item, "family", distribution % 2 ? "rpm" : "deb");
		(void)axis_set(axis, item, "init", distribution == 13 ? "openrc" : "systemd");
		SET_ONE(cloud, axis, item, "arch", "x86_64", "x86_64", "aarch64");
		SET_ONE(cloud, axis, item, "boot", "bios", "uefi", "secure");
		SET_ONE(cloud, axis, item, "root", "ext4", "xfs", "btrfs");
		SET_ONE(cloud, axis, item, "desktop", "no", "no", "no", "yes");
	}
}

static void add_sizes(struct cloud *cloud, size_t count)
{
	struct axis *axis = axes_add(&cloud->axes, "size");

	for (size_t i = 0; i < count; i++) {
		struct axis_item *item = add_item(axis, i);
		size_t cpus = random_below(&cloud->random, 6);
		set_number(axis, item, "cpus", cpus);
		if (cpus < 2)
			SET_ONE(cloud, axis, item, "memory", "tiny", "small");
		else
			SET_ONE(cloud, axis, item, "memory", "small", "medium", "large", "huge");
		SET_ONE(cloud, axis, item, "controller", "scsi", "nvme", "virtio");
		SET_ONE(cloud, axis, item, "nic", "virtio", "mlx5", "netvsc", "ena");
		SET_ONE(cloud, axis, item, "generation", "1", "2");
		SET_ONE(cloud, axis, item, "arch", "x86_64", "x86_64", "aarch64");
		SET_ONE(cloud, axis, item, "tpm", "no", "no", "yes");
	}
}

static void add_extensions(struct cloud *cloud, size_t count)
{
	struct axis *axis = axes_add(&cloud->axes, "extension");

	for (size_t i = 0; i < count; i++) {
		struct axis_item *item = add_item(axis, i);
		set_number(axis, item, "publisher", random_below(&cloud->random, 12));
		SET_ONE(cloud, axis, item, "kind", "agent", "driver", "backup", "monitor",
			"script");
		SET_ONE(cloud, axis, item, "arch", "any", "x86_64", "aarch64");
		SET_ONE(cloud, axis, item, "family", "any", "deb", "rpm");
	}
}

static void add_kernels(struct cloud *cloud, size_t count)
{
	struct axis *axis = axes_add(&cloud->axes, "kernel");

	for (size_t i = 0; i < count; i++) {
		struct axis_item *item = add_item(axis, i);
		set_number(axis, item, "series", i / 3);
		SET_ONE(cloud, axis, item, "flavour", "generic", "cloud", "realtime");
		(void)axis_set(axis, item, "arch", i % 3 ? "x86_64" : "aarch64");
	}
}

static void print_problem(void *arg, unsigned column, bool is_remark, const char *what)
{
	(void)is_remark;
	(void)fprintf(stderr, "%s: column %u: %s\n", (const char *)arg, column, what);
}

static int make_cloud(struct cloud *cloud, uint64_t seed, struct err *e)
{
	*cloud = (struct cloud){.axes = AXES_INIT, .random = {seed}};
	add_images(cloud, 3000);
	add_sizes(cloud, 1000);
	add_extensions(cloud, 75);
	add_kernels(cloud, 20);
	for (size_t i = 0; i < ARRAY_LEN(constraint_texts); i++) {
		unsigned column;
		int r = constraint_parse(constraint_texts[i], &cloud->constraints[i], &column, e);
		if (r < 0)
			return r;
		if (constraint_bind(cloud->constraints[i], &cloud->axes, print_problem,
				    (void *)(uintptr_t)constraint_texts[i]) > 0)
			return err_set(e, BLAME_BUG, EINVAL, "constraint '%s'",
				       constraint_texts[i]);
	}
	return 0;
}

static void free_cloud(struct cloud *cloud)
{
	for (size_t i = 0; i < ARRAY_LEN(cloud->constraints); i++)
		constraint_free(cloud->constraints[i]);
	axes_done(&cloud->axes);
}

static int plan(const char *what, const struct traits_model *model, uint64_t seed,
		struct traits **ret, struct err *e)
{
	struct cover_options options = {.seed = seed, .effort = COVER_EFFORT};
	double begin = cpu_s();
	int r = traits_plan(model, &options, ret, e);

	if (r < 0)
		return r;
	printf("%-24s %5zu cells, %4" PRIu64 " at least, %7.3f s; tuples: %" PRIu64
	       " wanted, %" PRIu64 " impossible\n",
	       what, (*ret)->cell_count, (*ret)->lower_bound, cpu_s() - begin, (*ret)->wanted,
	       (*ret)->impossible);
	(void)fflush(stdout);
	return 0;
}

static int measure_cloud(struct cloud *cloud, uint64_t seed, struct err *e)
{
	struct traits_model model = {.axes = &cloud->axes,
				     .constraints =
					     (const struct constraint *const *)cloud->constraints,
				     .constraint_count = ARRAY_LEN(cloud->constraints),
				     .ways = 2};
	CLEANUP(traits) struct traits *traits = NULL, *more = NULL;
	struct traits_item changed = {0};
	int r = plan("the whole cloud", &model, seed, &traits, e);

	if (r < 0)
		return r;
	changed.item = traits_cell(traits, 0)[0];
	struct axis *images = cloud->axes.list.items[0];
	(void)axis_set(images, images->items.items[changed.item], "root", "bcachefs");
	model.former = traits->cells;
	model.former_count = traits->cell_count;
	model.changed = &changed;
	model.changed_count = 1;
	return plan("an image gets a new root", &model, seed, &more, e);
}

int main(int argc, char **argv)
{
	long long seed = 1;
	struct cloud cloud;
	struct err e = {0};
	bool holds = true;

	if (argc > 1 && number_parse(argv[1], 0, INT64_MAX, &seed) < 0) {
		(void)fprintf(stderr, "usage: bench-cover [SEED]\n");
		return 64;
	}
	printf("                   first answer     improved        at     published figures\n");
	printf("ways model          rows    time   rows    time    least    PICT        best\n");
	for (const struct known *it = known; it < known + ARRAY_LEN(known); it++)
		holds &= measure_known(it, (uint64_t)seed);
	printf("\n3,000 images, 1,000 sizes, 75 extensions, 20 kernels, pairs of traits:\n");
	int r = make_cloud(&cloud, (uint64_t)seed, &e);
	if (r == 0)
		r = measure_cloud(&cloud, (uint64_t)seed, &e);
	free_cloud(&cloud);
	if (r < 0)
		(void)fprintf(stderr, "%s\n", e.text);
	return r < 0 || !holds;
}
