/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on machines of the null driver: every way that a run can take, without a VM. */
#include "host/run/engine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "host/driver/driver.h"
#include "host/run/jobs.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"

#define GUEST_CASES 12

#define OTHER_CASES 2 /* b.boots and h.outside */
#define OWN_MAX	    8

static struct case_info infos[GUEST_CASES + OTHER_CASES];
static char names[GUEST_CASES][16];

/* The host's case, and how it ends. */
static const char *host_area = "h";
static enum outcome host_outcome = OUTCOME_PASS;

/* The user has had enough while a host case runs: what that case sees then is what ends. */
static bool interrupts;

static int run_host_case(const struct case_info *info, struct machine *machine,
			 unsigned flags UNUSED, const char *parameters, const struct patience *p,
			 struct result *result, struct err *e UNUSED)
{
	EXPECT(machine != NULL && strstr(parameters, "cpus=2\n") != NULL);
	if (interrupts)
		EXPECT(kill(getpid(), SIGINT) == 0);
	while (interrupts && !patience_cancelled(p))
		(void)usleep(1000);
	result_set(result, interrupts ? OUTCOME_FAIL : host_outcome, "%s.%s ran", info->area,
		   info->name);
	return 0;
}

/* Cases a.c00 … of the guest (every third wants a fork of its own), one that boots anew, one of the host; all with a
 * sabotage; c01 and c02 have the same one built in. */
static struct catalog *make_catalog(void)
{
	const struct case_info *pointers[ARRAY_LEN(infos) + OWN_MAX];
	size_t count = 0, own_count;
	const struct case_info *const *own = plan_own_cases(&own_count);
	struct catalog *catalog = NULL;
	struct err e = {0};

	for (size_t i = 0; i < GUEST_CASES; i++) {
		(void)snprintf(names[i], sizeof names[i], "c%02zu", i);
		infos[i] = (struct case_info){
			.area = "a",
			.name = names[i],
			.title = "It holds",
			.kind = CASE_KIND_GUEST,
			.isolation = i % 3 == 0 ? ISOLATION_FORK : ISOLATION_SHARED,
			.sabotage = {.kind = SABOTAGE_CODE, .text = "it is broken"},
		};
	}
	infos[1].sabotage = infos[2].sabotage = (struct case_sabotage){
		.kind = SABOTAGE_CMDLINE, .text = "one CPU", .argument = "maxcpus=1"};
	infos[GUEST_CASES] =
		(struct case_info){.area = "b",
				   .name = "boots",
				   .title = "It boots",
				   .kind = CASE_KIND_GUEST,
				   .isolation = ISOLATION_COLD,
				   .sabotage = {.kind = SABOTAGE_CODE, .text = "it is broken"}};
	infos[GUEST_CASES + 1] = (struct case_info){.area = host_area,
						    .name = "outside",
						    .title = "It is driven",
						    .kind = CASE_KIND_HOST,
						    .isolation = ISOLATION_FORK};
	EXPECT(own_count <= OWN_MAX);
	for (; count < ARRAY_LEN(infos); count++)
		pointers[count] = &infos[count];
	for (size_t i = 0; i < own_count; i++)
		pointers[count++] = own[i];
	EXPECT(catalog_parse("{\"cases\":[]}", 12, pointers, count, &catalog, &e) == 0);
	for (size_t i = 0; i < catalog->count; i++)
		catalog->cases[i].of_host = catalog->cases[i].info.kind == CASE_KIND_HOST;
	return catalog;
}

/* One run of the engine, and what it left. */
/* Cases that one test adds to the plan. */
static struct catalog_case meeting_cases[2];
static size_t meeting_count;

struct trip {
	struct catalog *catalog;
	struct plan *plan;
	struct run *run;
	struct engine_cell with;
	struct engine_setup setup;
	struct engine_end end;
	char *folder, *templates;
	int returned;
	struct err e;
};

/* How b.boots is tried. */
static struct plan_trial trial_of_boots;

static void trip_prepare(struct trip *trip, const char *options, bool proves)
{
	struct plan_cell_spec spec = {.image_name = "null",
				      .firmware = "bios",
				      .accel = "tcg",
				      .entry = "cloud-init",
				      .size = sizes_known()[0]};
	CLEAN_TEXT struct text text = TEXT_INIT(1U << 20);

	trip->catalog = make_catalog();
	trip->plan = plan_new("r", trip->catalog);
	struct plan_cell *cell = plan_add_cell(trip->plan, &spec);
	for (size_t i = 0; i < trip->catalog->count; i++) {
		const struct catalog_case *it = &trip->catalog->cases[i];
		plan_add_case(trip->plan, cell, it, false, 0);
		if (proves && it->info.sabotage.kind != SABOTAGE_NONE && !it->of_host)
			plan_add_case(trip->plan, cell, it, true, 0);
	}
	for (size_t i = 0; i < meeting_count; i++)
		plan_add_case(trip->plan, cell, &meeting_cases[i], false, 0);
	EXPECT_NUMBER(plan_set_trial(trip->plan, cell, catalog_find(trip->catalog, "b.boots"),
				     false, &trial_of_boots),
		      0);
	plan_freeze(trip->plan);
	trip->folder = xasprintf("%s/run", test_folder());
	EXPECT(folder_make(trip->folder, &trip->e) == 0);
	CLEAN_FREE char *path = xasprintf("%s/plan.json", trip->folder);
	plan_json(trip->plan, &text);
	EXPECT(file_write(path, text.buf, text.length, &trip->e) == 0);
	trip->templates = xasprintf("%s/templates", test_folder());
	trip->with = (struct engine_cell){
		.firmware = FIRMWARE_BIOS, .accel = ACCEL_TCG, .entry = ENTRY_CLOUD_INIT};
	trip->setup = (struct engine_setup){
		.plan = trip->plan,
		.cells = &trip->with,
		.folder = trip->folder,
		.driver = driver_find("null"),
		.driver_options = options,
		.jobs = 3,
		.templates = trip->templates,
		.templates_max = 1U << 30,
		.run_host_case = run_host_case,
	};
}

/* Decides the first of them only. */
static int run_host_group(struct engine_host_group_case *cases, size_t count,
			  struct machine *machine, const char *parameters UNUSED,
			  const struct patience *p UNUSED, struct err *e UNUSED)
{
	EXPECT(machine != NULL);
	EXPECT_NUMBER(count, meeting_count);
	for (size_t i = 0; i < count; i++) {
		result_set(cases[i].result, i ? OUTCOME_FAIL : OUTCOME_PASS, "in company");
		cases[i].is_decided = i == 0;
	}
	return 0;
}

static void trip_go(struct trip *trip)
{
	trip->returned = engine_run(&trip->setup, &trip->end, &trip->e);
	EXPECT(run_load(trip->folder, &trip->run, &trip->e) == 0);
	EXPECT_TEXT(trip->e.text, "");
}

static void trip_end(struct trip *trip)
{
	run_free(trip->run);
	plan_free(trip->plan);
	catalog_free(trip->catalog);
	free(trip->folder);
	free(trip->templates);
}

static const char *outcome_of(const struct trip *trip, const char *id, bool sabotaged)
{
	const struct run_case *it = run_find(trip->run, 0, id, sabotaged);

	return !it ? "unplanned" : it->result ? outcome_name(it->result->outcome) : "hole";
}

static const char *message_of(const struct trip *trip, const char *id)
{
	const struct run_case *it = run_find(trip->run, 0, id, false);

	return it && it->result ? it->result->message : "";
}

static unsigned count_phases(const struct trip *trip, const char *name)
{
	unsigned count = 0;

	vec_each (&trip->run->phases, phase)
		if (strcmp(phase->name, name) == 0)
			count += phase->count;
	return count;
}

TEST(engine, all_pass_on_forks)
{
	struct trip trip = {0};
	struct run_tally tally;

	trip_prepare(&trip, "", false);
	trip_go(&trip);
	EXPECT_NUMBER(trip.returned, 0);
	run_tally(trip.run, &tally);
	EXPECT_NUMBER(tally.total, trip.catalog->count);
	EXPECT_NUMBER(tally.holes, 0);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], GUEST_CASES + 3);
	EXPECT_TEXT(outcome_of(&trip, CASE_IMAGE_UNCHANGED, false),
		    "skip"); /* there is no image file */
	EXPECT_TEXT(outcome_of(&trip, "h.outside", false), "pass");
	EXPECT_NUMBER(count_phases(&trip, "boot"),
		      1); /* the template's: the case that judges a boot judges that one */
	EXPECT(count_phases(&trip, "fork") >= GUEST_CASES / 3 + 2);
	EXPECT_TEXT(trip.run->ending, "done");
	trip_end(&trip);
}

TEST(engine, a_failure_costs_only_its_machine)
{
	struct trip trip = {0};

	trip_prepare(&trip, "fail=a.c01,broken=a.c02,skip=a.c04,die=a.c05", false);
	trip_go(&trip);
	EXPECT_TEXT(outcome_of(&trip, "a.c01", false), "fail");
	EXPECT_TEXT(outcome_of(&trip, "a.c02", false), "broken");
	EXPECT_TEXT(outcome_of(&trip, "a.c04", false), "skip");
	/* That its machine ended by itself is the host's fault: worth a second one. */
	EXPECT_TEXT(outcome_of(&trip, "a.c05", false), "infra");
	EXPECT_NUMBER(run_find(trip.run, 0, "a.c05", false)->result->attempt, 2);
	EXPECT_NUMBER(count_phases(&trip, "retry"), 1);
	EXPECT_NUMBER(run_find(trip.run, 0, "a.c01", false)->result->attempt, 1);
	EXPECT_TEXT(outcome_of(&trip, "a.c07", false), "pass");
	EXPECT_TEXT(outcome_of(&trip, "a.c11", false), "pass");
	trip_end(&trip);
}

TEST(engine, a_host_case_that_fails_fails_the_image)
{
	struct trip trip = {0};

	host_outcome = OUTCOME_FAIL;
	trip_prepare(&trip, "", false);
	trip_go(&trip);
	EXPECT_TEXT(outcome_of(&trip, "h.outside", false), "fail");
	trip_end(&trip);
}

TEST(engine, a_case_that_judges_the_host_fails_no_image)
{
	struct trip trip = {0};

	host_outcome = OUTCOME_FAIL;
	host_area = "host";
	trip_prepare(&trip, "", false);
	trip_go(&trip);
	EXPECT_TEXT(outcome_of(&trip, "host.outside", false), "infra");
	EXPECT_TEXT(message_of(&trip, "host.outside"), "host.outside ran");
	EXPECT_NUMBER(run_find(trip.run, 0, "host.outside", false)->result->attempt, 2);
	trip_end(&trip);
}

TEST(engine, boots_where_nothing_can_be_frozen)
{
	struct trip trip = {0};
	struct run_tally tally;

	trip_prepare(&trip, "no_fork=1", false);
	trip_go(&trip);
	run_tally(trip.run, &tally);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], GUEST_CASES + 3);
	EXPECT_NUMBER(count_phases(&trip, "fork"), 0);
	EXPECT_NUMBER(count_phases(&trip, "no template"), 1);
	trip_end(&trip);
}

TEST(engine, without_templates_shared_cases_share_the_boot)
{
	struct trip trip = {0};
	struct run_tally tally;

	trip_prepare(&trip, "", false);
	trip.setup.templates = NULL;
	trip_go(&trip);
	run_tally(trip.run, &tally);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], GUEST_CASES + 3);
	/* One that the shared ones sit on, one for each fork case, the host's, the one that boots anew. */
	EXPECT_NUMBER(count_phases(&trip, "boot"), 1 + GUEST_CASES / 3 + 2);
	trip_end(&trip);
}

/* What judges a boot sees another one each time. */
TEST(engine, each_repetition_of_a_boot_is_a_boot)
{
	struct trip trip = {0};

	trial_of_boots = (struct plan_trial){.repeat = 3};
	trip_prepare(&trip, "", false);
	trip_go(&trip);
	EXPECT_NUMBER(count_phases(&trip, "boot"), 1 + 3);
	EXPECT_TEXT(outcome_of(&trip, "b.boots", false), "pass");
	EXPECT(strstr(message_of(&trip, "b.boots"), "3 repetitions, all with") != NULL);
	trip_end(&trip);
}

TEST(engine, without_templates_each_repetition_of_a_boot_is_one_as_well)
{
	struct trip trip = {0};

	trial_of_boots = (struct plan_trial){.repeat = 3};
	trip_prepare(&trip, "", false);
	trip.setup.templates = NULL;
	trip_go(&trip);
	EXPECT_NUMBER(count_phases(&trip, "boot"), 1 + GUEST_CASES / 3 + 1 + 3);
	trip_end(&trip);
}

/* What is remembered of the frozen boot is of one boot only. */
TEST(engine, repetitions_of_a_boot_are_not_remembered)
{
	struct trip first = {0}, second = {0};

	trip_prepare(&first, "", false);
	trip_go(&first);
	EXPECT(folder_remove(first.folder, &first.e) == 0);
	trial_of_boots = (struct plan_trial){.repeat = 2};
	trip_prepare(&second, "", false);
	trip_go(&second);
	EXPECT_NUMBER(count_phases(&second, "template reused"), 1);
	EXPECT_NUMBER(count_phases(&second, "boot"), 2);
	EXPECT(strstr(message_of(&second, "b.boots"), "which was frozen") == NULL);
	trip_end(&first);
	trip_end(&second);
}

TEST(engine, a_boot_that_is_judged_bad_is_tried_again_on_another)
{
	struct trip trip = {0};

	trial_of_boots = (struct plan_trial){.retries = 2};
	trip_prepare(&trip, "fail=b.boots", false);
	trip_go(&trip);
	EXPECT_NUMBER(count_phases(&trip, "boot"), 1 + 3);
	EXPECT_TEXT(outcome_of(&trip, "b.boots", false), "fail");
	trip_end(&trip);
}

TEST(engine, reuses_a_template)
{
	struct trip first = {0}, second = {0};

	trip_prepare(&first, "", false);
	trip_go(&first);
	EXPECT_NUMBER(count_phases(&first, "template reused"), 0);
	struct err e = {0};
	EXPECT(folder_remove(first.folder, &e) == 0);
	trip_prepare(&second, "", false);
	trip_go(&second);
	EXPECT_NUMBER(count_phases(&second, "template reused"), 1);
	/* What judged the boot stays with the machine that was frozen after it. */
	EXPECT_NUMBER(count_phases(&second, "boot"), 0);
	EXPECT_TEXT(outcome_of(&second, "b.boots", false), "pass");
	EXPECT(strstr(message_of(&second, "b.boots"), "as of the boot of") != NULL);
	EXPECT_TEXT(outcome_of(&second, CASE_REACHES_READY, false), "pass");
	EXPECT(strstr(message_of(&second, CASE_REACHES_READY), "at the boot of") != NULL);
	trip_end(&first);
	trip_end(&second);
}

/* Another run has the template, until this one tells that it waits for it. */
static void let_go(void *arg, const char *step)
{
	int *lock = arg;

	if (strstr(step, "waiting for another run's template") && *lock >= 0)
		close(STEAL_FD(*lock));
}

TEST(engine, waiting_for_a_template_is_told)
{
	struct trip first = {0}, second = {0};
	struct template_entries entries = VEC_INIT(10);
	struct patience p = patience_for(-1, NS_PER_S);
	int lock = -1;
	struct err e = {0};

	trip_prepare(&first, "", false);
	trip_go(&first);
	EXPECT_NUMBER(count_phases(&first, "wait"), 0);
	EXPECT(folder_remove(first.folder, &e) == 0);
	EXPECT(template_cache_list(first.templates, &entries, &e) == 0 && entries.count == 1);
	EXPECT(entries.count > 0 &&
	       template_cache_open(first.templates, entries.items[0].key, &lock, &e) == 0 &&
	       template_cache_own(lock, &p, &e) == 0);
	trip_prepare(&second, "", false);
	second.setup.watch.on_step = let_go;
	second.setup.watch.arg = &lock;
	trip_go(&second);
	EXPECT_NUMBER(lock, -1);
	EXPECT_NUMBER(count_phases(&second, "wait"), 1);
	EXPECT_NUMBER(count_phases(&second, "template reused"), 1);
	if (lock >= 0)
		close(lock);
	vec_done(&entries);
	trip_end(&first);
	trip_end(&second);
}

/* Another plan may promise otherwise: what was found under the one says nothing under the other. */
TEST(engine, judges_a_boot_anew_for_other_promises)
{
	CLEAN_FREE char *path = NULL;
	struct trip first = {0}, second = {0};
	struct err e = {0};

	trip_prepare(&first, "", false);
	trip_go(&first);
	EXPECT(folder_remove(first.folder, &e) == 0);
	trip_prepare(&second, "", false);
	path = xasprintf("%s/agent", test_folder());
	EXPECT(file_write(path, "x", 1, &e) == 0);
	second.setup.agent_path = path;
	trip_go(&second);
	EXPECT_NUMBER(count_phases(&second, "template reused"), 1);
	EXPECT_NUMBER(count_phases(&second, "boot"), 1);
	trip_end(&first);
	trip_end(&second);
}

TEST(engine, proves_cases)
{
	struct trip trip = {0};
	unsigned caught = 0, holes = 0;

	trip_prepare(&trip, "", true);
	trip_go(&trip);
	vec_each (&trip.run->cases, it) {
		caught += it->sabotaged && it->result && it->result->outcome == OUTCOME_FAIL;
		holes += it->result == NULL;
	}
	/* The null driver knows nothing of built-in defects: those two cases miss theirs. */
	EXPECT_NUMBER(caught, GUEST_CASES - 2 + 1);
	EXPECT_NUMBER(holes, 0);
	EXPECT_TEXT(outcome_of(&trip, "a.c00", true), "fail");
	EXPECT_TEXT(outcome_of(&trip, "a.c01", true), "pass");
	/* The template's, b.boots with its sabotage, and one that c01 and c02 share. */
	EXPECT_NUMBER(count_phases(&trip, "boot"), 3);
	trip_end(&trip);
}

/* ---- cancelling and resuming ---- */

static atomic_int records;

static void raise_after_some(void *arg UNUSED, const struct record *record)
{
	if (record->type == RECORD_RESULT && record->result.outcome == OUTCOME_PASS &&
	    atomic_fetch_add(&records, 1) == 3)
		(void)kill(getpid(), SIGINT);
}

TEST(engine, is_cancelled_and_resumed)
{
	struct trip first = {0}, second = {0};
	struct run_tally before, after;

	trip_prepare(&first, "case_ms=40", false);
	first.setup.watch.on_record = raise_after_some;
	first.setup.jobs = 1;
	trip_go(&first);
	EXPECT(first.end.cancelled && first.end.signal == SIGINT);
	EXPECT_TEXT(first.run->ending, "cancelled");
	run_tally(first.run, &before);
	EXPECT(before.holes > 0 && before.outcomes[OUTCOME_PASS] >= 3);
	EXPECT_NUMBER(before.outcomes[OUTCOME_INFRA] + before.outcomes[OUTCOME_BROKEN], 0);
	second = first;
	second.run = NULL;
	second.setup.watch.on_record = NULL;
	second.setup.earlier = first.run;
	trip_go(&second);
	run_tally(second.run, &after);
	EXPECT_NUMBER(after.holes, 0);
	EXPECT_NUMBER(after.outcomes[OUTCOME_PASS], GUEST_CASES + 3);
	EXPECT_NUMBER(second.run->resumed, 1);
	/* Nothing ran twice but what was not finished. */
	vec_each (&second.run->cases, it)
		EXPECT_NUMBER(it->attempts, 1);
	run_free(first.run);
	trip_end(&second);
}

TEST(engine, image_that_does_not_come_up)
{
	struct trip trip = {0};
	struct run_tally tally;

	trip_prepare(&trip, "no_boot=1", false);
	trip_go(&trip);
	run_tally(trip.run, &tally);
	EXPECT_TEXT(outcome_of(&trip, CASE_REACHES_READY, false), "fail");
	EXPECT_TEXT(outcome_of(&trip, "a.c01", false), "skip");
	EXPECT_NUMBER(tally.outcomes[OUTCOME_FAIL], 1);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_SKIP], trip.catalog->count - 1);
	EXPECT_NUMBER(tally.holes, 0);
	trip_end(&trip);
}

/* It came up before the run was stopped: what is skipped now must not be let through by that. */
TEST(engine, image_that_does_not_come_up_again)
{
	struct trip first = {0}, second = {0};
	struct err e = {0};

	trip_prepare(&first, "case_ms=40", false);
	first.setup.watch.on_record = raise_after_some;
	first.setup.jobs = 1;
	trip_go(&first);
	EXPECT_TEXT(outcome_of(&first, CASE_REACHES_READY, false), "pass");
	second = first;
	second.run = NULL;
	second.setup.driver_options = "no_boot=1";
	second.setup.earlier = first.run;
	EXPECT(folder_remove(first.templates, &e) == 0);
	trip_go(&second);
	EXPECT_TEXT(outcome_of(&second, CASE_REACHES_READY, false), "fail");
	run_free(first.run);
	trip_end(&second);
}

/* ---- the journal cannot be written ---- */

TEST(engine, an_existing_journal_is_not_overwritten)
{
	struct trip trip = {0};

	trip_prepare(&trip, "", false);
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", trip.folder);
	EXPECT(file_write(path, "", 0, &trip.e) == 0);
	EXPECT_NUMBER(engine_run(&trip.setup, &trip.end, &trip.e), -EEXIST);
	EXPECT(strstr(trip.e.text, "journal") != NULL);
	trip_end(&trip);
}

TEST(engine, what_a_host_case_saw_at_the_interruption_is_not_told)
{
	struct trip trip = {0};

	interrupts = true;
	trip_prepare(&trip, "", false);
	trip_go(&trip);
	EXPECT(trip.end.cancelled);
	vec_each (&trip.run->cases, it)
		EXPECT(!it->result || it->result->outcome != OUTCOME_FAIL);
	trip_end(&trip);
}

TEST(engine, who_did_not_pass_in_company_runs_alone)
{
	struct trip trip = {0};

	for (meeting_count = 0; meeting_count < ARRAY_LEN(meeting_cases); meeting_count++) {
		struct catalog_case *it = &meeting_cases[meeting_count];
		*it = (struct catalog_case){.info = {.area = "r",
						     .name = meeting_count ? "b" : "a",
						     .title = "It holds",
						     .kind = CASE_KIND_HOST,
						     .isolation = ISOLATION_REBOOT},
					    .of_host = true};
		(void)case_id(&it->info, it->id);
	}
	trip_prepare(&trip, "", false);
	trip.setup.run_host_group = run_host_group;
	trip_go(&trip);
	EXPECT_TEXT(outcome_of(&trip, "r.a", false), "pass");
	EXPECT_TEXT(message_of(&trip, "r.a"), "in company");
	EXPECT_TEXT(outcome_of(&trip, "r.b", false), "pass");
	EXPECT_TEXT(message_of(&trip, "r.b"), "r.b ran");
	trip_end(&trip);
}

/* ---- pieces ---- */

TEST(jobs, those_that_share_a_reboot_go_together)
{
	static const struct case_info meeting[] = {
		{.area = "r",
		 .name = "a",
		 .title = "t",
		 .kind = CASE_KIND_HOST,
		 .isolation = ISOLATION_REBOOT},
		{.area = "r",
		 .name = "b",
		 .title = "t",
		 .kind = CASE_KIND_HOST,
		 .isolation = ISOLATION_REBOOT},
		{.area = "r",
		 .name = "c",
		 .title = "t",
		 .kind = CASE_KIND_HOST,
		 .isolation = ISOLATION_REBOOT,
		 .cuts_power = true},
		{.area = "r",
		 .name = "d",
		 .title = "t",
		 .kind = CASE_KIND_HOST,
		 .isolation = ISOLATION_FORK},
	};
	struct catalog_case cases[ARRAY_LEN(meeting)] = {0};
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = plan_new("r", catalog);
	struct plan_cell *cell =
		plan_add_cell(plan, &(struct plan_cell_spec){.size = sizes_known()[0]});
	struct jobs jobs = VEC_INIT(JOBS_MAX);
	struct jobs_layout layout = {.workers = 2, .has_templates = true, .groups_max = GROUPS_MAX};
	size_t largest = 0, forks = 0, waiting = 0;

	for (size_t i = 0; i < ARRAY_LEN(meeting); i++) {
		cases[i].info = meeting[i];
		cases[i].info.sabotage = (struct case_sabotage){.kind = SABOTAGE_CODE, .text = "x"};
		cases[i].of_host = true;
		(void)case_id(&meeting[i], cases[i].id);
		plan_add_case(plan, cell, &cases[i], false, 5 * NS_PER_S);
		plan_add_case(plan, cell, &cases[i], true, 5 * NS_PER_S);
	}
	plan_freeze(plan);
	jobs_make(cell, &layout, &jobs);
	vec_each (&jobs, job) {
		if ((*job)->kind != JOB_FORK)
			continue;
		forks++;
		waiting += (*job)->waits;
		EXPECT(!(*job)->waits || (*job)->items.items[0]->sabotaged);
		largest = (*job)->items.count > largest ? (*job)->items.count : largest;
		if ((*job)->items.count > 1)
			EXPECT_NUMBER((*job)->expected_ns, 5 * NS_PER_S);
	}
	EXPECT_NUMBER(largest, 2);
	EXPECT_NUMBER(forks, 2 * ARRAY_LEN(meeting) - 1);
	EXPECT_NUMBER(waiting, 1); /* d, which does not boot again, under its defect */
	jobs_done(&jobs);
}

TEST(jobs, are_dealt_out_evenly)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = plan_new("r", catalog);
	struct plan_cell *cell =
		plan_add_cell(plan, &(struct plan_cell_spec){.size = sizes_known()[0]});
	struct jobs jobs = VEC_INIT(JOBS_MAX);
	struct jobs_layout layout = {.workers = 2, .has_templates = true};
	unsigned counts[8] = {0};

	for (size_t i = 0; i < catalog->count; i++)
		plan_add_case(plan, cell, &catalog->cases[i], false, 5 * NS_PER_S);
	plan_freeze(plan);
	jobs_make(cell, &layout, &jobs);
	vec_each (&jobs, job) {
		counts[(*job)->kind]++;
		if ((*job)->kind == JOB_SHARED)
			EXPECT_NUMBER((*job)->items.count, GUEST_CASES * 2 / 3 / 2);
	}
	EXPECT_NUMBER(counts[JOB_SHARED], 2);
	EXPECT_NUMBER(counts[JOB_FORK], GUEST_CASES / 3 + 1);
	EXPECT_NUMBER(counts[JOB_TEMPLATE], 1);
	EXPECT_NUMBER(counts[JOB_COLD], 0); /* it is among the template's own items */
	EXPECT_NUMBER(counts[JOB_VERIFY], 1);
	jobs_done(&jobs);
}

static void make_entry(const char *folder, const char *key, int used_s)
{
	CLEAN_FREE char *content = xasprintf("%s/%s", folder, key),
			*file = xasprintf("%s/ram", content);
	CLEAN_FREE char *lock = xasprintf("%s/%s.lock", folder, key), *megabyte = xnew(1 << 20);
	struct timespec times[2] = {{.tv_sec = used_s}, {.tv_sec = used_s}};
	struct err e = {0};

	memset(megabyte, 'x', 1 << 20);
	EXPECT(folder_make(content, &e) == 0 && file_write(file, megabyte, 1 << 20, &e) == 0);
	EXPECT(file_write(lock, "", 0, &e) == 0 && utimensat(AT_FDCWD, lock, times, 0) == 0);
}

TEST(template_cache, prunes_the_longest_unused)
{
	const char *old = "00000000000000000000000000000000000000aa",
		   *held = "00000000000000000000000000000000000000bb";
	const char *fresh = "00000000000000000000000000000000000000cc";
	struct patience p = patience_for(-1, NS_PER_S);
	struct template_entries entries = VEC_INIT(10);
	const char *folder = test_folder();
	struct err e = {0};
	uint64_t freed = 0;
	int lock = -1;

	make_entry(folder, old, 1000);
	make_entry(folder, held, 2000);
	make_entry(folder, fresh, 3000);
	EXPECT(template_cache_open(folder, held, &lock, &e) == 0 &&
	       template_cache_share(lock, &p, &e) == 0);
	EXPECT(template_cache_list(folder, &entries, &e) == 0);
	EXPECT_NUMBER(entries.count, 3);
	EXPECT_TEXT(entries.items[0].key, held); /* its use is of now */
	EXPECT_TEXT(entries.items[1].key, fresh);
	EXPECT(entries.items[0].in_use && !entries.items[1].in_use);
	vec_done(&entries);
	EXPECT(template_cache_prune(folder, (2 << 20) + 65536, &freed, &e) == 0);
	EXPECT(freed >= 1 << 20);
	EXPECT(template_cache_list(folder, &entries, &e) == 0);
	EXPECT_NUMBER(entries.count, 2);
	EXPECT(template_cache_prune(folder, 0, &freed, &e) == 0);
	vec_done(&entries);
	EXPECT(template_cache_list(folder, &entries, &e) == 0);
	EXPECT_NUMBER(entries.count, 1); /* the one in use */
	EXPECT_TEXT(entries.items[0].key, held);
	vec_done(&entries);
	/* Another run may use it meanwhile, but not make it anew. */
	struct patience short_p = patience_for(-1, 300 * NS_PER_MS);
	int second = -1;
	EXPECT(template_cache_open(folder, held, &second, &e) == 0);
	EXPECT(template_cache_share(second, &short_p, &e) == 0);
	EXPECT_NUMBER(template_cache_own(second, &short_p, &e), -ETIMEDOUT);
	(void)close(lock);
	struct patience third_p = patience_for(-1, NS_PER_S);
	EXPECT(template_cache_own(second, &third_p, &e) == 0);
	(void)close(second);
}

static bool is_there(const char *folder, const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);

	return access(path, F_OK) == 0;
}

/* The key's lock, held by nobody else. */
static int own(const char *folder, const char *key)
{
	struct patience p = patience_for(-1, NS_PER_S);
	struct err e = {0};
	int lock = -1;

	EXPECT(template_cache_open(folder, key, &lock, &e) == 0);
	EXPECT_NUMBER(template_cache_own(lock, &p, &e), 0);
	return lock;
}

TEST(template_cache, removes_the_locks_of_templates_that_are_gone)
{
	const char *lone = "00000000000000000000000000000000000000aa",
		   *held = "00000000000000000000000000000000000000bb",
		   *kept = "00000000000000000000000000000000000000cc";
	const char *const keys[] = {lone, held, kept};
	struct patience p = patience_for(-1, NS_PER_S);
	const char *folder = test_folder();
	struct err e = {0};
	uint64_t freed = 0;
	int early = -1, late = -1;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		make_entry(folder, keys[i], 1000);
	EXPECT_NUMBER(template_cache_clear(folder, lone, &e), 0);
	EXPECT_NUMBER(template_cache_clear(folder, held, &e), 0);
	EXPECT(template_cache_open(folder, lone, &early, &e) == 0);
	int lock = own(folder, held);
	EXPECT_NUMBER(template_cache_prune(folder, 1ULL << 30, &freed, &e), 0);
	EXPECT(!is_there(folder, "00000000000000000000000000000000000000aa.lock"));
	EXPECT(is_there(folder, "00000000000000000000000000000000000000bb.lock"));
	EXPECT(is_there(folder, "00000000000000000000000000000000000000cc.lock"));
	/* Who had opened it before must not believe to be alone beside who opens it now. */
	EXPECT(template_cache_open(folder, lone, &late, &e) == 0);
	EXPECT_NUMBER(template_cache_own(late, &p, &e), 0);
	EXPECT_NUMBER(template_cache_own(early, &p, &e), -ESTALE);
	(void)close(lock);
	(void)close(early);
	(void)close(late);
}

/* A run that is killed while it freezes leaves gigabytes under a name that nobody else looks at. */
TEST(template_cache, removes_what_killed_runs_have_left)
{
	const char *key = "00000000000000000000000000000000000000aa",
		   *left = "00000000000000000000000000000000000000aa.Xy01zZ",
		   *foreign = "00000000000000000000000000000000000000aa.txt";
	struct patience p = patience_for(-1, NS_PER_S);
	const char *folder = test_folder();
	struct err e = {0};
	uint64_t freed = 0;
	int lock = -1;

	make_entry(folder, key, 1000);
	make_entry(folder, left, 1000);
	make_entry(folder, foreign, 1000);
	EXPECT(template_cache_open(folder, key, &lock, &e) == 0 &&
	       template_cache_own(lock, &p, &e) == 0);
	EXPECT(template_cache_prune(folder, 1ULL << 30, &freed, &e) == 0);
	EXPECT(is_there(folder, left)); /* it is being made */
	(void)close(lock);
	EXPECT(template_cache_prune(folder, 1ULL << 30, &freed, &e) == 0);
	EXPECT(!is_there(folder, left) && is_there(folder, key) && is_there(folder, foreign));
	EXPECT(freed >= 1 << 20);
	make_entry(folder, left, 1000);
	EXPECT(template_cache_clear(folder, key, &e) == 0);
	EXPECT(!is_there(folder, left) && !is_there(folder, key) && is_there(folder, foreign));
	EXPECT_TEXT(e.text, "");
}
