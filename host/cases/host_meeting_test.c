/* SPDX-License-Identifier: Apache-2.0 */
/* Cases that share a reboot, on a machine of the null driver. */
#include "host/cases/host_meeting.h"

#include "base/test.h"

extern const struct driver driver_null; /* the drivers are below what cases may know */

static const struct size size = {.name = "s", .cpus = 1, .mem_mib = 64};

/* What happened, in its order. */
static char story[64];

static void tell(char what)
{
	size_t length = strlen(story);

	if (length + 1 < sizeof story)
		story[length] = what;
}

static void before_and_after(struct host_trial *t, char before, char after)
{
	tell(before);
	HOST_REQUIRE(t, host_reboot(t, 5));
	tell(after);
	host_check_passed(t);
}

static void first(struct host_trial *t)
{
	before_and_after(t, 'a', 'A');
}

static void second(struct host_trial *t)
{
	before_and_after(t, 'b', 'B');
}

static void reboots_twice(struct host_trial *t)
{
	before_and_after(t, 'c', 'C');
	before_and_after(t, 'd', 'D');
}

static void fails_before(struct host_trial *t)
{
	tell('e');
	HOST_REQUIRE(t, false);
	tell('E');
}

static void fails_after(struct host_trial *t)
{
	before_and_after(t, 'f', 'F');
	HOST_CHECK(t, false);
}

static void is_skipped(struct host_trial *t)
{
	host_skip(t, "nothing", "it does not apply");
}

static void loses_the_machine(struct host_trial *t)
{
	tell('g');
	HOST_REQUIRE(t, host_reboot(t, 5));
	host_broken(t, "it says so");
}

#define CASES_MAX 4
struct company {
	struct host_case_def defs[CASES_MAX];
	struct result results[CASES_MAX];
	struct host_meeting_case cases[CASES_MAX];
	size_t count;
};

static void invite(struct company *company, void (*body)(struct host_trial *t))
{
	size_t at = company->count++;

	company->defs[at] = (struct host_case_def){
		.info = {.area = "a",
			 .name = "b",
			 .kind = CASE_KIND_HOST,
			 .timeout_s = 20,
			 .boots_again = true},
		.body = body,
	};
	result_init(&company->results[at], "a.b");
	company->cases[at] = (struct host_meeting_case){.def = &company->defs[at],
							.result = &company->results[at]};
}

static void meet(struct company *company, const char *options)
{
	struct machine_spec spec = {.driver = &driver_null,
				    .driver_options = options,
				    .size = &size,
				    .accel = ACCEL_KVM,
				    .entry = ENTRY_INIT,
				    .folder = test_folder()};
	CLEANUP(machine) struct machine *machine = NULL;
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct boot_report report;
	struct err e = {0};

	memset(story, 0, sizeof story);
	EXPECT_NUMBER(machine_boot(&spec, &p, &machine, &report, &e), 0);
	boot_report_done(&report);
	EXPECT_NUMBER(host_cases_run_together(company->cases, company->count, machine, "", &p, &e),
		      0);
}

static void company_end(struct company *company)
{
	for (size_t i = 0; i < company->count; i++)
		result_done(&company->results[i]);
}

TEST(meeting, all_come_to_one_reboot)
{
	struct company company = {0};

	invite(&company, first);
	invite(&company, second);
	meet(&company, "");
	EXPECT_TEXT(story, "abAB");
	for (size_t i = 0; i < company.count; i++) {
		EXPECT(company.cases[i].is_decided);
		EXPECT_NUMBER(company.results[i].outcome, OUTCOME_PASS);
	}
	company_end(&company);
}

TEST(meeting, a_second_round_is_for_those_who_want_it)
{
	struct company company = {0};

	invite(&company, reboots_twice);
	invite(&company, first);
	meet(&company, "");
	EXPECT_TEXT(story, "caCdAD");
	EXPECT(company.cases[0].is_decided && company.cases[1].is_decided);
	company_end(&company);
}

TEST(meeting, who_does_not_pass_is_not_decided)
{
	struct company company = {0};

	invite(&company, fails_before);
	invite(&company, fails_after);
	invite(&company, first);
	invite(&company, is_skipped);
	meet(&company, "");
	EXPECT_TEXT(story, "efaFA");
	EXPECT(!company.cases[0].is_decided);
	EXPECT(!company.cases[1].is_decided);
	EXPECT(company.cases[2].is_decided);
	EXPECT(company.cases[3].is_decided);
	EXPECT_NUMBER(company.results[3].outcome, OUTCOME_SKIP);
	company_end(&company);
}

/* It comes back far too late: nobody is decided, nobody hangs. */
TEST(meeting, a_machine_that_does_not_come_back)
{
	struct company company = {0};

	invite(&company, loses_the_machine);
	invite(&company, first);
	company.defs[0].info.timeout_s = company.defs[1].info.timeout_s = 1;
	meet(&company, "reboot_ms=60000");
	EXPECT(story[0] == 'g' && story[1] == 'a');
	EXPECT(!company.cases[0].is_decided && !company.cases[1].is_decided);
	company_end(&company);
}

TEST(meeting, too_many_are_refused)
{
	struct host_meeting_case cases[HOST_MEETING_MAX + 1] = {0};
	struct patience p = patience_for(-1, NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(host_cases_run_together(cases, ARRAY_LEN(cases), (struct machine *)cases, "",
					      &p, &e),
		      -EINVAL);
}
