/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine itself costs: many machines of the null driver at once, each running case after case that takes a
 * second, with a journal that is flushed for real. Usage: bench-engine [MACHINES] [CASES-PER-MACHINE] [CASE-MS] [CELLS]
 *
 * The run lies below $TMPDIR (/tmp): there the file system's own work for the folders of machines that come and go is counted as
 * well, on tmpfs hardly any. With more than one cell each is a machine of another make, which is booted, frozen and forked, with so many cases of its own.
 *
 * Prints the peak of resident memory, the CPU time over the wall time, and results a second. Exits with 1 when 200
 * machines of a cell cost more than 50 MiB, many cells more than 64 MiB, or either 5 % of a core.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/child.h"
#include "base/clock.h"
#include "host/driver/driver.h"
#include "host/run/engine.h"
#include "host/store/folder.h"

#define MEMORY_LIMIT_KIB       (50L << 10)
#define CELLS_MEMORY_LIMIT_KIB (64L << 10)
#define CPU_LIMIT	       0.05

struct bench {
	long long machines, each, case_ms, cells;
	struct case_info *infos;
	const struct case_info **pointers;
	struct catalog *catalog;
	struct plan *plan;
	struct engine_cell *with;
	char *folder;
	uint64_t wall_ns, cpu_ns;
};

static uint64_t cpu_ns(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

/* The most that this process ever had, in KiB. (ru_maxrss would count that of the shell before exec.) */
static long peak_kib(void)
{
	CLEAN_TEXT struct text status = TEXT_INIT(16384);
	long long kib = 0;

	if (text_read_file(&status, "/proc/self/status") < 0)
		return 0;
	const char *line = strstr(status.buf, "VmHWM:");
	if (line) {
		line += strlen("VmHWM:");
		line += strspn(line, " \t");
		CLEAN_FREE char *number = strndup(line, strcspn(line, " "));
		(void)number_parse(number, 0, 1LL << 40, &kib);
	}
	return (long)kib;
}

static int make_catalog(struct bench *bench, struct err *e)
{
	size_t count = (size_t)(bench->cells > 1 ? bench->each : bench->machines * bench->each);

	bench->infos = xnew(count * sizeof *bench->infos);
	bench->pointers = xnew(count * sizeof *bench->pointers);
	for (size_t i = 0; i < count; i++) {
		bench->infos[i] = (struct case_info){.area = "bench",
						     .name = xasprintf("c%06zu", i),
						     .title = "It holds",
						     .kind = CASE_KIND_GUEST};
		bench->pointers[i] = &bench->infos[i];
	}
	int r = catalog_parse("{\"cases\":[]}", 12, bench->pointers, count, &bench->catalog, e);
	/* These are the guest's, wherever they were told. */
	for (size_t i = 0; r == 0 && i < bench->catalog->count; i++)
		bench->catalog->cases[i].of_host = false;
	return r;
}

static void add_cell(struct bench *bench, unsigned index)
{
	struct plan_cell_spec spec = {
		.image_name = "null", .firmware = "bios", .accel = "tcg", .size = sizes_known()[0]};

	spec.size.mem_mib += index; /* no two are the same machine */
	struct plan_cell *cell = plan_add_cell(bench->plan, &spec);
	for (size_t i = 0; i < bench->catalog->count; i++)
		plan_add_case(bench->plan, cell, &bench->catalog->cases[i], false,
			      (uint64_t)bench->case_ms * NS_PER_MS);
	bench->with[index] = (struct engine_cell){
		.firmware = FIRMWARE_BIOS, .accel = ACCEL_TCG, .entry = ENTRY_CLOUD_INIT};
}

static int make_plan(struct bench *bench, struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(256U << 20);
	CLEAN_FREE char *path = xasprintf("%s/plan.json", bench->folder);

	bench->plan = plan_new("bench", bench->catalog);
	bench->with = xnew((size_t)bench->cells * sizeof *bench->with);
	for (unsigned i = 0; i < bench->cells; i++)
		add_cell(bench, i);
	plan_freeze(bench->plan);
	plan_json(bench->plan, &text);
	return file_write(path, text.buf, text.length, e);
}

static int measure(struct bench *bench, struct err *e)
{
	CLEAN_FREE char *options = xasprintf("case_ms=%lld", bench->case_ms);
	CLEAN_FREE char *templates = xasprintf("%s/templates", bench->folder);
	struct engine_setup setup = {
		.plan = bench->plan,
		.cells = bench->with,
		.folder = bench->folder,
		.driver = driver_find("null"),
		.driver_options = options,
		.jobs = (unsigned)bench->machines,
		.templates = templates,
		.templates_max = 1ULL << 40,
	};
	struct engine_end end;
	uint64_t wall_ns = clock_now_ns(), used_ns = cpu_ns();
	int r = engine_run(&setup, &end, e);

	bench->wall_ns = clock_now_ns() - wall_ns;
	bench->cpu_ns = cpu_ns() - used_ns;
	return r;
}

/* A bench of results that are not there would measure nothing. */
static int check_results(struct bench *bench, struct err *e)
{
	CLEANUP(run) struct run *run = NULL;
	struct run_tally tally;
	int r = run_load(bench->folder, &run, e);

	if (r < 0)
		return r;
	run_tally(run, &tally);
	if (tally.outcomes[OUTCOME_PASS] != plan_item_count(bench->plan))
		return err_set(e, BLAME_BUG, EIO, "%u of %zu cases passed",
			       tally.outcomes[OUTCOME_PASS], plan_item_count(bench->plan));
	return 0;
}

static int run_bench(struct bench *bench, struct err *e)
{
	int r = make_catalog(bench, e);

	if (r == 0)
		r = make_plan(bench, e);
	if (r == 0)
		r = measure(bench, e);
	if (r < 0)
		return r;
	long memory_kib = peak_kib(); /* before the results are read back */
	r = check_results(bench, e);
	if (r < 0)
		return r;
	double wall_s = clock_s(bench->wall_ns), share = clock_s(bench->cpu_ns) / wall_s;
	size_t count = plan_item_count(bench->plan);
	long limit_kib = bench->cells > 1 ? CELLS_MEMORY_LIMIT_KIB : MEMORY_LIMIT_KIB;
	(void)printf(
		"%lld cells, %lld machines, %zu cases of %lld ms: %.1f s, %.0f results/s, %.1f MiB at most, "
		"%.1f %% of a core\n",
		bench->cells, bench->machines, count, bench->case_ms, wall_s,
		(double)count / wall_s, (double)memory_kib / 1024, share * 100);
	return memory_kib > limit_kib || share > CPU_LIMIT;
}

int main(int argc, char **argv)
{
	struct bench bench = {.machines = 200, .each = 20, .case_ms = 1000, .cells = 1};
	const char *tmp = getenv("TMPDIR");
	struct err e = {0}, ignored;

	child_init(argc, argv);
	if ((argc > 1 && number_parse(argv[1], 1, 1000, &bench.machines) < 0) ||
	    (argc > 2 && number_parse(argv[2], 1, 100, &bench.each) < 0) ||
	    (argc > 3 && number_parse(argv[3], 0, 60000, &bench.case_ms) < 0) ||
	    (argc > 4 && number_parse(argv[4], 1, 1000, &bench.cells) < 0) || argc > 5) {
		(void)fprintf(
			stderr,
			"usage: bench-engine [MACHINES] [CASES-PER-MACHINE] [CASE-MS] [CELLS]\n");
		return 64;
	}
	bench.folder = xasprintf("%s/assay-bench-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	if (!mkdtemp(bench.folder)) {
		perror("bench-engine");
		return 70;
	}
	int r = run_bench(&bench, &e);
	if (r < 0)
		(void)fprintf(stderr, "bench-engine: %s\n", e.text);
	(void)folder_remove(bench.folder, &ignored);
	plan_free(bench.plan);
	free(bench.with);
	free(bench.folder);
	catalog_free(bench.catalog);
	return r < 0 ? 70 : r;
}
