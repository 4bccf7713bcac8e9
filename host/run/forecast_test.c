/* SPDX-License-Identifier: Apache-2.0 */
/* How long plans are said to take: what is shared, what goes on at once, and what has to wait. */
#include "host/run/forecast.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/run/jobs.h"

static struct case_info infos[] = {
	{.area = "a",
	 .name = "alone",
	 .title = "It holds",
	 .kind = CASE_KIND_GUEST,
	 .isolation = ISOLATION_FORK},
};

static struct catalog *make_catalog(void)
{
	const struct case_info *pointers[8] = {&infos[0]};
	const struct case_info *const *own = plan_own_cases(&(size_t){0});
	struct catalog *catalog = NULL;
	struct err e = {0};
	size_t count = 1;

	for (size_t i = 0; own[i]; i++)
		pointers[count++] = own[i];
	EXPECT(catalog_parse("{\"cases\":[]}", 12, pointers, count, &catalog, &e) == 0);
	return catalog;
}

/* Cells of one letter are of one make, and each has a boot of 20 s (30 with what follows) and a case of 10 s. */
static struct plan *make_plan(const struct catalog *catalog, const char *makes)
{
	struct plan *plan = plan_new("r", catalog);

	for (size_t i = 0; makes[i]; i++) {
		struct plan_cell_spec spec = {.image_name = "null",
					      .firmware = "bios",
					      .accel = "tcg",
					      .entry = "cloud-init",
					      .size = sizes_known()[0]};
		spec.size.cpus = 2;
		spec.size.mem_mib = 1024 * (unsigned)(makes[i] - 'a' + 1);
		struct plan_cell *cell = plan_add_cell(plan, &spec);
		plan_add_case(plan, cell, catalog_find(catalog, "a.alone"), false, 10 * NS_PER_S);
		plan_add_case(plan, cell, catalog_find(catalog, CASE_REACHES_READY), false,
			      20 * NS_PER_S);
	}
	plan_freeze(plan);
	return plan;
}

/* In whole seconds: copies of templates take a tenth each. */
static long long forecast_s(const char *makes, unsigned jobs, bool has_templates, unsigned mem_mib)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = make_plan(catalog, makes);
	struct engine_setup setup = {.plan = plan,
				     .jobs = jobs,
				     .templates = has_templates ? "" : NULL,
				     .templates_max = 8ULL << 30,
				     .room = {.mem_mib = mem_mib}};

	return (long long)(forecast_run(&setup) / NS_PER_S);
}

TEST(forecast, a_boot_is_counted_once_for_all_that_share_it)
{
	EXPECT_NUMBER(forecast_s("a", 1, true, 0), 40);
	EXPECT_NUMBER(forecast_s("aaa", 1, true, 0), 60);
	EXPECT_NUMBER(forecast_s("aab", 1, true, 0), 90);
	EXPECT_NUMBER(forecast_s("abab", 1, true, 0), 100);
	/* Each case has a boot of its own where nothing can be frozen. */
	EXPECT(forecast_s("aaa", 1, false, 0) >= 120);
}

TEST(forecast, what_fits_goes_on_at_once)
{
	EXPECT_NUMBER(forecast_s("ab", 2, true, 0), 40);
	EXPECT_NUMBER(forecast_s("aaa", 4, true, 0), 40);
	EXPECT_NUMBER(forecast_s("aaab", 2, true, 0), 50);
	/* There is memory for one of the boots at a time, and for both copies, which take half. */
	EXPECT_NUMBER(forecast_s("dc", 2, true, 4600), 70);
	EXPECT_NUMBER(forecast_s("", 1, true, 0), 0);
}

TEST(forecast, the_first_of_a_make_has_its_boot)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	CLEANUP(plan) struct plan *plan = make_plan(catalog, "abbacb");
	unsigned leaders[6];
	static const unsigned want[] = {0, 1, 1, 0, 4, 1};

	forecast_leaders(plan, leaders);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		EXPECT_NUMBER(leaders[i], want[i]);
	EXPECT_NUMBER((long long)forecast_boot_ns(plan->cells.items[0]), 30 * (long long)NS_PER_S);
	EXPECT_NUMBER((long long)forecast_cases_ns(plan->cells.items[0]), 10 * (long long)NS_PER_S);
}

/* So many that going through them would take longer than anybody waits. */
TEST(forecast, large_plans_are_reckoned_with)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	char makes[3001];
	uint64_t start_ns = clock_now_ns();

	memset(makes, 'a', sizeof makes - 1);
	makes[sizeof makes - 1] = '\0';
	CLEANUP(plan) struct plan *plan = make_plan(catalog, makes);
	struct engine_setup setup = {.plan = plan, .jobs = 2, .templates = "", .templates_max = 1};
	long long whole_s = (long long)(forecast_run(&setup) / NS_PER_S);
	EXPECT(whole_s >= 15000 && whole_s < 15300);
	EXPECT(clock_now_ns() - start_ns < 30 * NS_PER_S);
}
