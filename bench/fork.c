/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes from nothing to the first result on a pristine machine: a fork of a frozen one, against a cold boot
 * of the same image. Usage: bench-fork IMAGE ASSAY-GUEST [FORKS] [kvm]
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"
#include "host/machine/machine.h"
#include "host/machine/template.h"

#define COLD_LIMIT_NS (15 * 60 * NS_PER_S)
#define FORK_LIMIT_NS (60 * NS_PER_S)

static const struct case_info probe_case = {
	.area = "cpu",
	.name = "count_matches_size",
	.title = "Online CPUs equal the count the VM size promises",
	.kind = CASE_KIND_GUEST,
};

struct bench {
	struct image_options options;
	struct size size;
	struct machine_spec spec;
	char folder[64], template[96], machine[96];
	struct text parameters;
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Runs the case and holds it against what it must say: a bench of failures would measure nothing. */
static int first_result(struct bench *bench, struct machine *machine, struct err *e)
{
	struct patience p = patience_for(-1, FORK_LIMIT_NS);
	CLEAN_DONE(result) struct result result;

	result_init(&result, "cpu.count_matches_size");
	int r = machine_run_case(machine, &probe_case, 0, bench->parameters.buf, &p, &result, e);
	if (r < 0)
		return r;
	if (result.outcome != OUTCOME_PASS)
		return err_set(e, BLAME_GUEST, EIO, "%s: %s: %s", result.id,
			       outcome_name(result.outcome), result.message);
	return 0;
}

/* Boots, measures until the first result, and leaves the template. */
static int cold(struct bench *bench, uint64_t *ret_ns, struct err *e)
{
	CLEANUP(machine) struct machine *machine = NULL;
	CLEAN_TEXT struct text pending = TEXT_INIT(8192);
	struct patience p = patience_for(-1, COLD_LIMIT_NS);
	struct boot_report report = {0};
	uint64_t start = clock_now_ns();

	bench->spec.folder = bench->machine;
	int r = machine_boot(&bench->spec, &p, &machine, &report, e);
	boot_report_done(&report);
	if (r >= 0)
		r = machine_settle(machine, &p, &pending, e);
	if (r >= 0)
		r = first_result(bench, machine, e);
	*ret_ns = clock_now_ns() - start;
	if (r >= 0)
		r = machine_freeze(machine, bench->template, &p, e);
	return r;
}

/* A span of each kind for one fork. */
struct spans {
	uint64_t awake_ns, result_ns;
};

/* Loaded ahead, as the engine does it while the case before runs, or from nothing. */
static int warm(struct bench *bench, bool ahead, struct spans *ret, struct err *e)
{
	CLEANUP(machine) struct machine *machine = NULL;
	struct patience p = patience_for(-1, FORK_LIMIT_NS);
	uint64_t start = clock_now_ns();

	int r = template_load(bench->template, &bench->spec, &p, &machine, e);
	if (ahead)
		start = clock_now_ns();
	if (r >= 0)
		r = template_wake(machine, &p, e);
	if (r < 0)
		return r;
	ret->awake_ns = clock_now_ns() - start;
	r = first_result(bench, machine, e);
	ret->result_ns = clock_now_ns() - start;
	return r;
}

static void print_spans(const char *what, const uint64_t *sorted, size_t count)
{
	printf("%-42s %8.3f s  (median of %zu; %.3f to %.3f)\n", what, clock_s(sorted[count / 2]),
	       count, clock_s(sorted[0]), clock_s(sorted[count - 1]));
}

static int measure_forks(struct bench *bench, size_t forks, bool ahead, uint64_t cold_ns,
			 struct err *e)
{
	CLEAN_FREE uint64_t *results = xnew(forks * sizeof *results);
	CLEAN_FREE uint64_t *awake = xnew(forks * sizeof *awake);

	for (size_t i = 0; i < forks; i++) {
		struct spans spans = {0, 0};
		int r = warm(bench, ahead, &spans, e);
		if (r < 0)
			return err_wrap(e, "fork %zu", i);
		awake[i] = spans.awake_ns;
		results[i] = spans.result_ns;
	}
	qsort(results, forks, sizeof *results, by_value);
	qsort(awake, forks, sizeof *awake, by_value);
	print_spans(ahead ? "made ahead: wake to agent's answer" : "fork to agent's answer", awake,
		    forks);
	print_spans(ahead ? "made ahead: wake to first result" : "fork to first result", results,
		    forks);
	printf("%-42s %8.0f x\n", "quicker than the cold boot",
	       (double)cold_ns / (double)results[forks / 2]);
	return 0;
}

static int measure(struct bench *bench, size_t forks, struct err *e)
{
	uint64_t cold_ns = 0;
	int r = cold(bench, &cold_ns, e);

	if (r < 0)
		return r;
	printf("%-42s %8.2f s\n", "cold boot to first result", clock_s(cold_ns));
	r = measure_forks(bench, forks, false, cold_ns, e);
	return r < 0 ? r : measure_forks(bench, forks, true, cold_ns, e);
}

static int bench_run(const char *path, const char *agent, size_t forks, enum accel accel,
		     struct err *e)
{
	CLEANUP(image) struct image *image = NULL;
	struct patience p = patience_for(-1, COLD_LIMIT_NS);
	struct bench bench = {.folder = "/tmp/assay-bench-XXXXXX", .parameters = TEXT_INIT(4096)};

	if (!mkdtemp(bench.folder))
		return err_set(e, BLAME_HOST, errno, "make a folder in /tmp: %m");
	(void)snprintf(bench.template, sizeof bench.template, "%s/template", bench.folder);
	(void)snprintf(bench.machine, sizeof bench.machine, "%s/machine", bench.folder);
	(void)mkdir(bench.machine, 0700);
	bench.options = (struct image_options){.agent_path = agent, .cache_folder = bench.folder};
	int r = image_open(path, &bench.options, &p, &image, e);
	if (r >= 0)
		r = size_parse("cpus=2,mem=1024", &bench.size, e);
	if (r >= 0) {
		size_parameters(&bench.size, &bench.parameters);
		bench.spec = (struct machine_spec){
			.image = image,
			.image_options = &bench.options,
			.size = &bench.size,
			.firmware = image_firmware(image),
			.accel = accel,
			.entry = image_entry(image),
			.agent_path = agent,
			.run_name = "bench",
		};
		r = measure(&bench, forks, e);
	}
	template_remove(bench.template);
	template_remove(bench.machine);
	template_remove(bench.folder);
	text_done(&bench.parameters);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	long long forks = 50;

	child_init(argc, argv);
	image_audit_init(argc, argv);
	if (argc < 3 || (argc > 3 && number_parse(argv[3], 1, 10000, &forks) < 0)) {
		fprintf(stderr, "usage: bench-fork IMAGE ASSAY-GUEST [FORKS] [kvm]\n");
		return 64;
	}
	if (bench_run(argv[1], argv[2], (size_t)forks, argc > 4 ? ACCEL_KVM : ACCEL_TCG, &e) < 0) {
		fprintf(stderr, "bench-fork: %s\n", e.text);
		return 1;
	}
	return 0;
}
