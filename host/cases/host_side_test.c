/* SPDX-License-Identifier: Apache-2.0 */
/* Cases that look at this host: whatever it has or lacks, with their defect planted they fail. */
#include "host/cases/host_side.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/driver/driver.h"
#include "wire/frame.h"

static const struct size size = {.name = "s", .cpus = 1, .mem_mib = 64};

static struct machine *boot(void)
{
	static struct machine_spec spec = {
		.driver = &driver_null, .size = &size, .accel = ACCEL_KVM, .entry = ENTRY_INIT};
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct machine *machine = NULL;
	struct boot_report report;
	struct err e = {0};

	spec.folder = test_folder();
	EXPECT_NUMBER(machine_boot(&spec, &p, &machine, &report, &e), 0);
	boot_report_done(&report);
	if (!machine)
		test_skip("no machine");
	return machine;
}

static enum outcome run(struct machine *machine, const struct host_case_def *def, unsigned flags)
{
	CLEAN_DONE(result) struct result result;
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	char id[CASE_ID_SIZE];
	struct err e = {0};

	result_init(&result, case_id(&def->info, id));
	EXPECT_NUMBER(host_case_run(def, machine, flags, "machines=1\n", &p, &result, &e), 0);
	EXPECT_TEXT(e.text, "");
	return result.outcome;
}

static bool looks_only(const struct host_case_def *def)
{
	return strcmp(def->info.area, "host") == 0 && def->info.isolation == ISOLATION_SHARED &&
	       def->info.sabotage.kind == SABOTAGE_CODE;
}

static void expect_failure(struct machine *machine, const struct host_case_def *def)
{
	CLEAN_FREE char *side = xasprintf("%s/side", test_folder());
	CLEAN_FREE char *want = xasprintf("%s fails", def->info.name);
	struct stat stat_;

	EXPECT(run(machine, def, 0) != OUTCOME_BROKEN);
	enum outcome outcome = run(machine, def, RUN_SABOTAGE);
	EXPECT_TEXT(outcome == OUTCOME_FAIL ? want : def->info.name, want);
	EXPECT(stat(side, &stat_) < 0); /* nothing of it stays */
}

TEST(host_side, each_case_fails_with_its_defect)
{
	CLEANUP(machine) struct machine *machine = boot();
	unsigned count = 0;
	size_t all;
	const struct host_case_def *const *defs = host_cases_all(&all);

	for (size_t i = 0; i < all; i++) {
		if (!looks_only(defs[i]))
			continue;
		count++;
		expect_failure(machine, defs[i]);
	}
	EXPECT(count >= 12);
}
