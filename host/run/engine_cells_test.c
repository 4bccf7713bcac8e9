/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of several cells on machines of the null driver: what they share, what they may take, and what is tried again. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "host/driver/driver.h"
#include "host/run/engine.h"
#include "host/run/memory_watch.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"

#define CELLS_MAX 8
#define OWN_MAX	  8

static struct case_info infos[] = {
	{.area = "a", .name = "first", .title = "It holds", .kind = CASE_KIND_GUEST},
	{.area = "a", .name = "second", .title = "It holds", .kind = CASE_KIND_GUEST},
	{.area = "a",
	 .name = "third",
	 .title = "It holds",
	 .kind = CASE_KIND_GUEST,
	 .isolation = ISOLATION_FORK},
};
#define CASES (ARRAY_LEN(infos) + 2) /* with that of the boot and that of the image's file */

/* A run over some cells. */
struct tour {
	struct catalog *catalog;
	struct plan *plan;
	struct run *run;
	struct engine_cell with[CELLS_MAX];
	struct engine_setup setup;
	struct engine_end end;
	char *folder, *templates;
	struct err e;
};

static struct catalog *make_catalog(void)
{
	const struct case_info *pointers[ARRAY_LEN(infos) + OWN_MAX];
	const struct case_info *const *own = plan_own_cases(&(size_t){0});
	struct catalog *catalog = NULL;
	struct err e = {0};
	size_t count = 0;

	for (; count < ARRAY_LEN(infos); count++)
		pointers[count] = &infos[count];
	for (size_t i = 0; own[i]; i++)
		pointers[count++] = own[i];
	EXPECT(catalog_parse("{\"cases\":[]}", 12, pointers, count, &catalog, &e) == 0);
	for (size_t i = 0; i < catalog->count; i++)
		catalog->cases[i].of_host = catalog->cases[i].info.kind == CASE_KIND_HOST;
	return catalog;
}

/* Cells of one letter are of one make; 'a' has 1 GiB, 'b' 2, …. */
static void tour_prepare(struct tour *tour, const char *makes, const char *options)
{
	tour->catalog = make_catalog();
	tour->plan = plan_new("r", tour->catalog);
	for (size_t i = 0; makes[i]; i++) {
		struct plan_cell_spec spec = {.image_name = "null",
					      .firmware = "bios",
					      .accel = "tcg",
					      .entry = "cloud-init",
					      .size = sizes_known()[0]};
		spec.size.mem_mib = 1024 * (unsigned)(makes[i] - 'a' + 1);
		struct plan_cell *cell = plan_add_cell(tour->plan, &spec);
		for (size_t at = 0; at < ARRAY_LEN(infos); at++) {
			char id[CASE_ID_SIZE];
			plan_add_case(tour->plan, cell,
				      catalog_find(tour->catalog, case_id(&infos[at], id)), false,
				      0);
		}
		plan_add_case(tour->plan, cell, catalog_find(tour->catalog, CASE_REACHES_READY),
			      false, 0);
		plan_add_case(tour->plan, cell, catalog_find(tour->catalog, CASE_IMAGE_UNCHANGED),
			      false, 0);
		tour->with[i] = (struct engine_cell){
			.firmware = FIRMWARE_BIOS, .accel = ACCEL_TCG, .entry = ENTRY_CLOUD_INIT};
	}
	tour->folder = xasprintf("%s/run", test_folder());
	tour->templates = xasprintf("%s/templates", test_folder());
	tour->setup = (struct engine_setup){
		.plan = tour->plan,
		.cells = tour->with,
		.folder = tour->folder,
		.driver = driver_find("null"),
		.driver_options = options,
		.jobs = 2,
		.templates = tour->templates,
		.templates_max = 1ULL << 40,
	};
}

static void try_otherwise(struct tour *tour, unsigned cell, const char *id,
			  const struct plan_trial *trial)
{
	EXPECT_NUMBER(plan_set_trial(tour->plan, tour->plan->cells.items[cell],
				     catalog_find(tour->catalog, id), false, trial),
		      0);
}

static void tour_go(struct tour *tour)
{
	CLEAN_FREE char *path = xasprintf("%s/plan.json", tour->folder);
	CLEAN_TEXT struct text text = TEXT_INIT(1U << 20);

	plan_freeze(tour->plan);
	plan_json(tour->plan, &text);
	EXPECT(folder_make(tour->folder, &tour->e) == 0);
	EXPECT(file_write(path, text.buf, text.length, &tour->e) == 0);
	EXPECT_NUMBER(engine_run(&tour->setup, &tour->end, &tour->e), 0);
	EXPECT(run_load(tour->folder, &tour->run, &tour->e) == 0);
	EXPECT_TEXT(tour->e.text, "");
}

static void tour_end(struct tour *tour)
{
	run_free(tour->run);
	plan_free(tour->plan);
	catalog_free(tour->catalog);
	free(tour->folder);
	free(tour->templates);
}

static const struct run_case *found(const struct tour *tour, unsigned cell, const char *id)
{
	const struct run_case *it = run_find(tour->run, cell, id, false);

	EXPECT(it != NULL);
	return it;
}

static const char *outcome_of(const struct tour *tour, unsigned cell, const char *id)
{
	const struct run_case *it = found(tour, cell, id);

	return it->result ? outcome_name(it->result->outcome) : "hole";
}

static const char *message_of(const struct tour *tour, unsigned cell, const char *id)
{
	const struct run_case *it = found(tour, cell, id);

	return it->result ? it->result->message : "";
}

/* What was found where it ran until it was sure. */
static const char *words_of(const struct run_case *it)
{
	return it && it->record ? it->record->sure : "";
}

static unsigned count_phases(const struct tour *tour, const char *name)
{
	unsigned count = 0;

	vec_each (&tour->run->phases, phase)
		count += strcmp(phase->name, name) == 0 ? phase->count : 0;
	return count;
}

/* ---- what cells share ---- */

static void count_cell(void *arg, unsigned cell UNUSED)
{
	atomic_int *begun = arg;

	atomic_fetch_add(begun, 1);
}

TEST(engine_cells, of_one_make_boot_once)
{
	struct tour tour = {0};
	atomic_int begun = 0;
	struct run_tally tally;

	tour_prepare(&tour, "abaa", "");
	tour.setup.watch.on_cell = count_cell;
	tour.setup.watch.arg = &begun;
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT_NUMBER(tally.total, 4 * CASES);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], 4 * (CASES - 1));
	EXPECT_NUMBER(count_phases(&tour, "boot"), 2);
	EXPECT_NUMBER(count_phases(&tour, "template reused"), 2);
	EXPECT_NUMBER(begun, 4);
	EXPECT_NUMBER(count_phases(&tour, "wait"), 0); /* none stood in another's way */
	tour_end(&tour);
}

/* Another QEMU, or another machine type, is another machine. */
TEST(engine_cells, of_other_hosts_share_nothing)
{
	static const struct {
		const char *host, *qemu, *machine;
		bool shares;
	} others[] = {
		{"usual", NULL, NULL, true}, /* a name is no machine */
		{"usual", NULL, "pc-i440fx-7.2", false},
		{"usual", "/opt/qemu/bin/qemu-system-x86_64", NULL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		CLEANUP(catalog) struct catalog *catalog = make_catalog();
		CLEANUP(plan) struct plan *plan = plan_new("r", catalog);
		struct plan_cell_spec spec = {.image_name = "null",
					      .firmware = "bios",
					      .accel = "tcg",
					      .entry = "cloud-init",
					      .size = sizes_known()[0]};
		const struct plan_cell *plain = plan_add_cell(plan, &spec);
		spec.host = others[i].host;
		spec.qemu = others[i].qemu;
		spec.machine = others[i].machine;
		const struct plan_cell *other = plan_add_cell(plan, &spec);
		EXPECT(cells_share_template(plain, other) == others[i].shares);
	}
}

TEST(engine_cells, a_machine_that_does_not_come_up_is_tried_for_one_of_them)
{
	struct tour tour = {0};
	struct run_tally tally;

	tour_prepare(&tour, "aaa", "no_boot=1");
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT_NUMBER(count_phases(&tour, "boot"), 1);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_FAIL], 3);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_SKIP], 3 * (CASES - 1));
	EXPECT(strstr(message_of(&tour, 2, CASE_REACHES_READY), "seen in cell 0") != NULL);
	tour_end(&tour);
}

/* What nobody uses any more makes room, while the run still goes on. */
TEST(engine_cells, templates_keep_to_their_limit)
{
	struct template_entries entries = VEC_INIT(10);
	struct tour tour = {0};
	uint64_t freed = 0;

	tour_prepare(&tour, "abcd", "");
	tour.setup.templates_max = 1;
	tour_go(&tour);
	EXPECT_NUMBER(count_phases(&tour, "boot"), 4);
	EXPECT_NUMBER(count_phases(&tour, "fork failed"), 0);
	EXPECT(template_cache_list(tour.templates, &entries, &tour.e) == 0);
	EXPECT_NUMBER(entries.count, 0);
	EXPECT(template_cache_prune(tour.templates, 0, &freed, &tour.e) == 0);
	EXPECT_NUMBER((long long)freed, 0);
	vec_done(&entries);
	tour_end(&tour);
}

/* ---- room ---- */

TEST(engine_cells, a_cell_too_large_for_the_host_is_infra)
{
	struct tour tour = {0};
	struct run_tally tally;

	tour_prepare(&tour, "ah", "");
	tour.setup.jobs = 0;
	tour.setup.room = (struct engine_room){.mem_mib = 4096, .cpus = 4};
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT_NUMBER(tally.holes, 0);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.first"), "pass");
	EXPECT_TEXT(outcome_of(&tour, 1, "a.first"), "infra");
	EXPECT_TEXT(outcome_of(&tour, 1, CASE_REACHES_READY), "infra");
	EXPECT(strstr(message_of(&tour, 1, "a.third"), "8448 MiB") != NULL);
	tour_end(&tour);
}

static void put(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name), *folder = xstrdup(path);
	struct err e = {0};

	*strrchr(folder, '/') = '\0';
	EXPECT(folder_make(folder, &e) == 0 && file_write(path, content, strlen(content), &e) == 0);
}

TEST(memory_watch, reads_a_host)
{
	struct memory_reading reading;
	bool has_psi;

	put("proc/meminfo", "MemAvailable: 4194304 kB\n");
	memory_watch_read(test_folder(), &reading, &has_psi);
	EXPECT(!has_psi && !reading.is_pressed);
	EXPECT_NUMBER((long long)reading.available_mib, 4096);
	put("proc/pressure/memory",
	    "some avg10=19.99 avg60=0.00 avg300=0.00 total=9\nfull avg10=9.99 avg60=0.00 avg300=0.00 total=9\n");
	memory_watch_read(test_folder(), &reading, &has_psi);
	EXPECT(has_psi && !reading.is_pressed);
	put("proc/pressure/memory",
	    "some avg10=20.00 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n");
	memory_watch_read(test_folder(), &reading, &has_psi);
	EXPECT(has_psi && reading.is_pressed);
	put("proc/pressure/memory",
	    "some avg10=11.00 avg60=0.00 avg300=0.00 total=9\nfull avg10=10.00 avg60=0.00 avg300=0.00 total=9\n");
	memory_watch_read(test_folder(), &reading, &has_psi);
	EXPECT(reading.is_pressed);
}

/* Memory comes back when the run tells that it waits for it. */
static void free_memory(void *arg, const char *step)
{
	atomic_int *waits = arg;

	if (!strstr(step, "new machines wait"))
		return;
	atomic_fetch_add(waits, 1);
	put("proc/meminfo", "MemAvailable: 8388608 kB\n");
}

TEST(engine_cells, new_machines_wait_for_memory)
{
	struct tour tour = {0};
	struct run_tally tally;
	atomic_int waits = 0;

	put("proc/meminfo", "MemAvailable: 1048576 kB\n");
	tour_prepare(&tour, "a", "");
	tour.setup.resources_root = test_folder();
	tour.setup.watch.on_step = free_memory;
	tour.setup.watch.arg = &waits;
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], CASES - 1);
	EXPECT_NUMBER(waits, 1);
	EXPECT_NUMBER(count_phases(&tour, "memory wait"), 1);
	tour_end(&tour);
}

/* ---- whose fault a failed boot is ---- */

static const struct engine_cell control = {.firmware = FIRMWARE_BIOS, .entry = ENTRY_INIT};

TEST(engine_cells, a_boot_that_fails_twice_on_a_proved_host_fails_the_image)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "no_boot_in=m0001-boot,no_boot_in=m0003-boot");
	tour.setup.control = &control;
	tour_go(&tour);
	EXPECT_NUMBER(count_phases(&tour, "boot"), 2);
	EXPECT_NUMBER(count_phases(&tour, "control boot"), 1);
	EXPECT_TEXT(outcome_of(&tour, 0, CASE_REACHES_READY), "fail");
	EXPECT(strstr(message_of(&tour, 0, CASE_REACHES_READY), "a control machine came up") !=
	       NULL);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.first"), "skip");
	const struct run_case *it = found(&tour, 0, CASE_REACHES_READY);
	EXPECT_NUMBER(it->attempts, 2);
	EXPECT_NUMBER(it->tries.count, 1);
	EXPECT_NUMBER(it->result->attempt, 2);
	tour_end(&tour);
}

TEST(engine_cells, a_boot_that_passes_at_its_second_try_says_so)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "no_boot_in=m0001-boot");
	tour.setup.control = &control;
	tour_go(&tour);
	EXPECT_TEXT(outcome_of(&tour, 0, CASE_REACHES_READY), "pass");
	EXPECT_TEXT(outcome_of(&tour, 0, "a.first"), "pass");
	EXPECT(strstr(message_of(&tour, 0, CASE_REACHES_READY), "it was try 2") != NULL);
	const struct run_case *it = found(&tour, 0, CASE_REACHES_READY);
	EXPECT_NUMBER(it->tries.count, 1);
	EXPECT(it->tries.count > 0 && it->tries.items[0].outcome == OUTCOME_FAIL);
	EXPECT(it->tries.count > 0 && strcmp(it->tries.items[0].machine, "m0001-boot") == 0);
	tour_end(&tour);
}

TEST(engine_cells, where_the_control_fails_too_the_host_is_at_fault)
{
	struct tour tour = {0};
	struct run_tally tally;

	tour_prepare(&tour, "a", "no_boot_in=m0001-boot,no_boot_in=m0002-control");
	tour.setup.control = &control;
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT_NUMBER(count_phases(&tour, "boot"), 1);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_INFRA], CASES - 1);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_FAIL], 0);
	EXPECT(strstr(message_of(&tour, 0, CASE_REACHES_READY),
		      "control machine did not come up") != NULL);
	tour_end(&tour);
}

TEST(engine_cells, a_control_that_the_limit_cuts_off_says_nothing_of_the_host)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "no_boot_in=m0001-boot,boot_ms=5000");
	tour.setup.control = &control;
	tour.plan->limits.cell_ns = 300 * NS_PER_MS;
	tour_go(&tour);
	EXPECT_NUMBER(count_phases(&tour, "control boot"), 1);
	EXPECT_TEXT(outcome_of(&tour, 0, CASE_REACHES_READY), "infra");
	EXPECT(strstr(message_of(&tour, 0, CASE_REACHES_READY),
		      "cut off by the cell's limit of 0.30 s; before that: ") != NULL);
	tour_end(&tour);
}

/* ---- tries and repetitions ---- */

TEST(engine_cells, a_case_is_tried_again_where_the_plan_says_so)
{
	struct tour tour = {0};

	tour_prepare(&tour, "aa", "fail=a.second,fail_in=m0002-fork");
	tour.setup.jobs = 1;
	try_otherwise(&tour, 0, "a.first", &(struct plan_trial){.retries = 2});
	try_otherwise(&tour, 0, "a.second", &(struct plan_trial){.retries = 2});
	tour_go(&tour);
	/* Somewhere the machine m0002 came first; who was on it and may be tried again is, and passes elsewhere. */
	const struct run_case *first = found(&tour, 0, "a.first"),
			      *second = found(&tour, 0, "a.second");
	EXPECT_NUMBER(second->attempts, 3);
	EXPECT_NUMBER(second->tries.count, 2);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.second"), "fail");
	EXPECT_NUMBER(found(&tour, 1, "a.second")->attempts, 1);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.first"), "pass");
	EXPECT_NUMBER(first->attempts, first->tries.count + 1);
	if (first->tries.count > 0)
		EXPECT(strstr(first->result->message,
			      "it passed at try 2; before that: fail: so the null") != NULL);
	EXPECT_NUMBER(second->retries, 2);
	tour_end(&tour);
}

TEST(engine_cells, a_case_that_passes_at_its_second_try_says_so)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "fail_in=m0002-fork");
	tour.setup.jobs = 1;
	for (size_t i = 0; i < ARRAY_LEN(infos); i++) {
		char id[CASE_ID_SIZE];
		try_otherwise(&tour, 0, case_id(&infos[i], id), &(struct plan_trial){.retries = 1});
	}
	tour_go(&tour);
	unsigned flakes = 0;
	vec_each (&tour.run->cases, it) {
		EXPECT(it->result && it->result->outcome != OUTCOME_FAIL);
		if (it->tries.count == 0)
			continue;
		flakes++;
		EXPECT_NUMBER(it->attempts, 2);
		EXPECT(it->tries.items[0].outcome == OUTCOME_FAIL);
		EXPECT(strstr(it->result->message,
			      "it passed at try 2; before that: fail: so the null") != NULL);
	}
	EXPECT_NUMBER(flakes, 1);
	tour_end(&tour);
}

/* What a try after it says nothing of has failed all the same. */
static void expect_a_fail_that_stays(const char *later, enum outcome outcome)
{
	CLEAN_FREE char *options = xasprintf("fail_in=m0002-fork,%s=a.first,%s=a.second,%s=a.third",
					     later, later, later);
	struct tour tour = {0};
	unsigned tried = 0;

	tour_prepare(&tour, "a", options);
	tour.setup.jobs = 1;
	for (size_t i = 0; i < ARRAY_LEN(infos); i++) {
		char id[CASE_ID_SIZE];
		try_otherwise(&tour, 0, case_id(&infos[i], id), &(struct plan_trial){.retries = 1});
	}
	tour_go(&tour);
	vec_each (&tour.run->cases, it) {
		if (!it->result || it->result->outcome != OUTCOME_FAIL)
			continue;
		tried++;
		EXPECT_NUMBER(it->result->attempt, 1);
		EXPECT(it->tries.count > 0);
		vec_each (&it->tries, try)
			EXPECT_TEXT(outcome_name(try->outcome), outcome_name(outcome));
	}
	EXPECT_NUMBER(tried, 1);
	tour_end(&tour);
}

TEST(engine_cells, a_fail_before_a_skip_stays_a_fail)
{
	expect_a_fail_that_stays("skip", OUTCOME_SKIP);
}

TEST(engine_cells, a_fail_before_a_fault_of_the_host_stays_a_fail)
{
	expect_a_fail_that_stays("infra", OUTCOME_INFRA);
}

TEST(engine_cells, all_repetitions_must_pass)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "fail_in=m0003-fork,skip=a.first");
	tour.setup.jobs = 1;
	tour.setup.templates_max = 1U << 30;
	try_otherwise(&tour, 0, "a.first", &(struct plan_trial){.repeat = 4});
	try_otherwise(&tour, 0, "a.third", &(struct plan_trial){.repeat = 4});
	tour_go(&tour);
	EXPECT_NUMBER(found(&tour, 0, "a.first")->attempts, 1); /* it would be skipped each time */
	const struct run_case *it = found(&tour, 0, "a.third");
	EXPECT_NUMBER(it->attempts, 4);
	EXPECT_NUMBER(it->tries.count, 3);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.third"), "fail");
	EXPECT(strstr(it->result->message, "4 repetitions, not all") != NULL);
	EXPECT_NUMBER(found(&tour, 0, "a.second")->attempts, 1);
	tour_end(&tour);
}

/* ---- until it is sure ---- */

/* The null driver's machines fail each case that comes onto those that are named, and no other. */
static void go_until_sure(struct tour *tour, const char *options, const struct plan_limits *limits,
			  bool is_doubted)
{
	tour_prepare(tour, "a", options);
	tour->setup.jobs = 1;
	for (size_t i = 0; i < ARRAY_LEN(infos); i++) {
		char id[CASE_ID_SIZE];
		try_otherwise(tour, 0, case_id(&infos[i], id),
			      &(struct plan_trial){.until_sure = 0.99,
						   .is_doubted = is_doubted && i == 2});
	}
	if (limits)
		tour->plan->limits = *limits;
	tour_go(tour);
}

/* The one case that was in doubt, NULL where there is none or several. */
static const struct run_case *one_in_doubt(const struct tour *tour)
{
	const struct run_case *found = NULL;

	vec_each (&tour->run->cases, it) {
		if (it->tries.count == 0)
			continue;
		EXPECT(found == NULL);
		found = it;
	}
	EXPECT(found != NULL && found->result != NULL);
	return found;
}

TEST(until_sure, one_failure_among_many_passes_is_a_pass)
{
	struct tour tour = {0};

	go_until_sure(&tour, "fail_in=m0002-fork", NULL, false);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(words_of(it), "passes");
	EXPECT_TEXT(outcome_name(it->result->outcome), "pass");
	EXPECT_NUMBER(it->attempts, 32); /* the failure, and 31 that passed in a row */
	EXPECT(strstr(it->result->message, "it passed 31 of 32 times (83.8-99.9 %)") != NULL);
	EXPECT(strstr(it->result->message, "otherwise: fail: so the null") != NULL);
	EXPECT(it->until_sure == 0.99 && !it->is_doubted);
	tour_end(&tour);
}

TEST(until_sure, what_always_fails_is_told_soon)
{
	struct tour tour = {0};

	go_until_sure(&tour, "fail=a.third", NULL, false);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(it->id, "a.third");
	EXPECT_TEXT(words_of(it), "fails");
	EXPECT_TEXT(outcome_name(it->result->outcome), "fail");
	EXPECT_NUMBER(it->attempts, 3);
	EXPECT(strstr(it->result->message, "; it passed 0 of 3 times (0-70.8 %)") != NULL);
	tour_end(&tour);
}

TEST(until_sure, what_breaks_each_time_stays_broken)
{
	struct tour tour = {0};

	go_until_sure(&tour, "broken=a.third", NULL, false);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(words_of(it), "fails");
	EXPECT_TEXT(outcome_name(it->result->outcome), "broken");
	tour_end(&tour);
}

TEST(until_sure, what_fails_sometimes_is_flaky_and_fails)
{
	struct tour tour = {0};

	go_until_sure(&tour, "fail_in=m0002-fork,fail_in=m0004-fork,fail_in=m0007-fork", NULL,
		      false);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(words_of(it), "flaky");
	EXPECT_TEXT(outcome_name(it->result->outcome), "fail");
	EXPECT_NUMBER(it->attempts, 6);
	EXPECT(strstr(it->result->message, "; flaky: it passed 3 of 6 times (11.8-88.2 %)") !=
	       NULL);
	EXPECT_NUMBER(it->tries.count, 5);
	tour_end(&tour);
}

TEST(until_sure, the_budget_leaves_it_undecided)
{
	struct tour tour = {0};

	go_until_sure(&tour, "fail_in=m0002-fork", &(struct plan_limits){.sure_count = 10}, false);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(words_of(it), "undecided");
	EXPECT_TEXT(outcome_name(it->result->outcome), "fail");
	EXPECT_NUMBER(it->attempts, 11);
	EXPECT(strstr(it->result->message, "; undecided: it passed 10 of 11 times") != NULL);
	EXPECT(strstr(it->result->message, "budget for being sure was used up") != NULL);
	EXPECT_NUMBER(tour.run->sure_limit, 10);
	tour_end(&tour);
}

TEST(until_sure, the_budget_is_machine_time_too)
{
	struct tour tour = {0};

	go_until_sure(&tour, "fail=a.third,case_ms=20", &(struct plan_limits){.sure_ns = NS_PER_MS},
		      false);
	EXPECT_NUMBER(one_in_doubt(&tour)->attempts, 2); /* that used it up */
	tour_end(&tour);
}

TEST(until_sure, who_has_not_always_passed_has_to_prove_it)
{
	struct tour tour = {0};

	go_until_sure(&tour, "", NULL, true);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(it->id, "a.third");
	EXPECT(it->is_doubted);
	EXPECT_TEXT(words_of(it), "passes");
	EXPECT_TEXT(outcome_name(it->result->outcome), "pass");
	EXPECT_NUMBER(it->attempts, 32);
	tour_end(&tour);
}

TEST(until_sure, who_cannot_prove_it_does_not_pass)
{
	struct tour tour = {0};

	go_until_sure(&tour, "", &(struct plan_limits){.sure_count = 5}, true);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(words_of(it), "undecided");
	EXPECT_TEXT(outcome_name(it->result->outcome), "broken"); /* no pass by luck */
	EXPECT(strstr(it->result->message, "undecided: it has not always passed before") != NULL);
	tour_end(&tour);
}

TEST(until_sure, what_passes_at_a_later_try_is_in_doubt)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "fail_in=m0002-fork");
	tour.setup.jobs = 1;
	for (size_t i = 0; i < ARRAY_LEN(infos); i++) {
		char id[CASE_ID_SIZE];
		try_otherwise(&tour, 0, case_id(&infos[i], id),
			      &(struct plan_trial){.until_sure = 0.99, .retries = 1});
	}
	tour_go(&tour);
	const struct run_case *it = one_in_doubt(&tour);
	EXPECT_TEXT(words_of(it), "passes");
	EXPECT_NUMBER(it->attempts, 33);
	tour_end(&tour);
}

TEST(until_sure, the_host_at_fault_says_nothing)
{
	struct tour tour = {0};

	go_until_sure(&tour, "fail_in=m0002-fork,infra=a.first,infra=a.second,infra=a.third", NULL,
		      false);
	unsigned undecided = 0;
	vec_each (&tour.run->cases, it) {
		if (strcmp(words_of(it), "undecided") != 0)
			continue;
		undecided++;
		EXPECT_TEXT(outcome_name(it->result->outcome), "fail");
		EXPECT(strstr(it->result->message, "then the host was at fault") != NULL);
		EXPECT_NUMBER(it->attempts, 4);
	}
	EXPECT_NUMBER(undecided, 1);
	tour_end(&tour);
}

TEST(engine_cells, what_is_measured_is_kept_of_each_machine)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "measure=a.first");
	tour.setup.jobs = 1;
	try_otherwise(&tour, 0, "a.first", &(struct plan_trial){.repeat = 3});
	tour_go(&tour);
	const struct run_case *it = found(&tour, 0, "a.first");
	EXPECT_NUMBER(it->tries.count, 2);
	EXPECT_NUMBER(it->result->measures.count, 1); /* what cannot be is passed over */
	const struct measure *rate = measures_find(&it->result->measures, "rate");
	EXPECT(rate && rate->count == 1 && rate->samples[0] == 12.5 &&
	       rate->better == MEASURE_HIGHER);
	vec_each (&it->tries, try_) {
		EXPECT_NUMBER(try_->measures.count, 1);
		EXPECT(strcmp(try_->machine, it->record->name) != 0);
	}
	EXPECT_NUMBER(found(&tour, 0, "a.second")->result->measures.count, 0);
	tour_end(&tour);
}

TEST(engine_cells, the_tests_of_a_programs_own_are_kept)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "subs=a.first");
	tour_go(&tour);
	const struct result *result = found(&tour, 0, "a.first")->result;
	EXPECT_NUMBER(result->subs.count, 2);
	EXPECT_NUMBER(result->subs_cut, 7);
	if (result->subs.count == 2) {
		const struct sub_result *writes = &result->subs.items[1];
		EXPECT_TEXT(writes->name, "disk > writes");
		EXPECT_TEXT(writes->message, "known");
		EXPECT_NUMBER(writes->outcome, OUTCOME_PASS);
		EXPECT(writes->expected && writes->line == 4 && writes->duration_ns == NS_PER_MS);
	}
	EXPECT_NUMBER(found(&tour, 0, "a.second")->result->subs.count, 0);
	tour_end(&tour);
}

/* ---- limits ---- */

TEST(engine_cells, what_a_cells_limit_cuts_off_is_infra)
{
	struct tour tour = {0};
	struct run_tally tally;

	tour_prepare(&tour, "ab", "hang=a.first");
	tour.plan->limits.cell_ns = 300 * NS_PER_MS;
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT_NUMBER(tally.holes, 0);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_FAIL] + tally.outcomes[OUTCOME_BROKEN], 0);
	for (unsigned cell = 0; cell < 2; cell++) {
		EXPECT_TEXT(outcome_of(&tour, cell, "a.first"), "infra");
		EXPECT_TEXT(message_of(&tour, cell, "a.first"),
			    "cut off by the cell's limit of 0.30 s");
		EXPECT_TEXT(outcome_of(&tour, cell, CASE_IMAGE_UNCHANGED), "skip"); /* no file */
	}
	EXPECT_TEXT(tour.run->ending, "done");
	tour_end(&tour);
}

/* All of them together take longer than one may. */
TEST(engine_cells, a_cells_limit_does_not_count_the_others)
{
	struct tour tour = {0};
	struct run_tally tally;

	tour_prepare(&tour, "abc", "case_ms=400");
	tour.setup.jobs = 1;
	tour.plan->limits.cell_ns = 2800 * NS_PER_MS;
	tour_go(&tour);
	run_tally(tour.run, &tally);
	EXPECT(clock_s(tour.run->worked_ns) > 2.8);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_INFRA], 0);
	EXPECT_NUMBER(tally.holes, 0);
	tour_end(&tour);
}

TEST(engine_cells, a_slow_boot_that_the_limit_cuts_off_fails_no_image)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "boot_ms=60000");
	tour.plan->limits.cell_ns = 200 * NS_PER_MS;
	tour_go(&tour);
	EXPECT_TEXT(outcome_of(&tour, 0, CASE_REACHES_READY), "infra");
	EXPECT_TEXT(outcome_of(&tour, 0, "a.third"), "infra");
	EXPECT_NUMBER(count_phases(&tour, "boot"), 1);
	tour_end(&tour);
}

TEST(engine_cells, a_cases_limit_breaks_it)
{
	struct tour tour = {0};

	tour_prepare(&tour, "a", "hang=a.first");
	tour.with[0].accel = ACCEL_KVM; /* whose time is not stretched */
	tour.plan->limits.case_ns = 1;
	tour_go(&tour);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.first"), "broken");
	EXPECT_TEXT(outcome_of(&tour, 0, "a.second"), "pass");
	EXPECT_NUMBER((long long)tour.run->case_limit_ns, 1);
	tour_end(&tour);
}

TEST(engine_cells, what_the_runs_limit_cuts_off_is_a_hole_and_resumed)
{
	struct tour tour = {0}, again;
	struct run_tally tally;

	tour_prepare(&tour, "ab", "hang=a.first");
	tour.plan->limits.run_ns = 300 * NS_PER_MS;
	tour_go(&tour);
	EXPECT(tour.end.limited && !tour.end.cancelled);
	EXPECT_TEXT(tour.run->ending, "the run's limit of 0.30 s was reached");
	run_tally(tour.run, &tally);
	EXPECT(tally.holes > 0);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_FAIL] + tally.outcomes[OUTCOME_BROKEN], 0);
	EXPECT_TEXT(outcome_of(&tour, 0, "a.first"), "hole");
	again = tour;
	again.run = NULL;
	again.setup.earlier = tour.run;
	again.plan->limits.run_ns = 0;
	again.setup.driver_options = "";
	EXPECT_NUMBER(engine_run(&again.setup, &again.end, &again.e), 0);
	EXPECT(run_load(again.folder, &again.run, &again.e) == 0);
	run_tally(again.run, &tally);
	EXPECT_NUMBER(tally.holes, 0);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], 2 * (CASES - 1));
	EXPECT_TEXT(again.run->ending, "done");
	run_free(tour.run);
	tour_end(&again);
}

/* ---- interrupted ---- */

static atomic_int passes;

static void interrupt_after_some(void *arg UNUSED, const struct record *record)
{
	if (record->type == RECORD_RESULT && record->result.outcome == OUTCOME_PASS &&
	    atomic_fetch_add(&passes, 1) == 6)
		(void)kill(getpid(), SIGINT);
}

TEST(engine_cells, many_are_interrupted_and_resumed)
{
	struct tour tour = {0}, again;
	struct run_tally before, after;

	tour_prepare(&tour, "abacabad", "case_ms=20");
	try_otherwise(&tour, 7, "a.first", &(struct plan_trial){.repeat = 3});
	tour.setup.watch.on_record = interrupt_after_some;
	tour_go(&tour);
	EXPECT(tour.end.cancelled);
	run_tally(tour.run, &before);
	EXPECT(before.holes > 0 && before.outcomes[OUTCOME_PASS] > 6);
	again = tour;
	again.run = NULL;
	again.setup.earlier = tour.run;
	again.setup.watch.on_record = NULL;
	EXPECT_NUMBER(engine_run(&again.setup, &again.end, &again.e), 0);
	EXPECT(run_load(again.folder, &again.run, &again.e) == 0);
	run_tally(again.run, &after);
	EXPECT_NUMBER(after.holes, 0);
	EXPECT_NUMBER(after.outcomes[OUTCOME_PASS], 8 * (CASES - 1));
	/* Nothing that had passed ran again; what the plan repeats was repeated, as a whole. */
	vec_each (&again.run->cases, it)
		if (it->repeat == 0)
			EXPECT_NUMBER(it->attempts, 1);
	EXPECT(found(&again, 7, "a.first")->attempts >= 3);
	run_free(tour.run);
	tour_end(&again);
}
