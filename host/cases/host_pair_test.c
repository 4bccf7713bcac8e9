/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of machines of the null driver, whose agents say yes to everything: what is made, and what is left. */
#include "host/cases/host_pair.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/test.h"
#include "wire/frame.h"
#include "wire/outcome.h"

static const struct size size = {.name = "s", .cpus = 1, .mem_mib = 64};
/* of host/driver, which cases do not know */
extern const struct driver driver_null;

struct seen {
	enum outcome outcome;
	char message[512];
	bool has_second, has_capture; /* afterwards, in the machine's folder */
};

static bool is_there(const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	return access(path, F_OK) == 0;
}

static void run(void (*body)(struct host_trial *t), const char *needs, unsigned flags,
		struct seen *ret)
{
	const struct host_case_def def = {.info = {.area = "a",
						   .name = "pair",
						   .kind = CASE_KIND_HOST,
						   .needs = needs,
						   .timeout_s = 20},
					  .body = body,
					  .file = __FILE__};
	struct machine_spec spec = {.driver = &driver_null,
				    .size = &size,
				    .accel = ACCEL_KVM,
				    .entry = ENTRY_INIT,
				    .folder = test_folder()};
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	CLEAN_DONE(result) struct result result;
	struct machine *machine = NULL;
	struct boot_report report;
	struct err e = {0};

	EXPECT_NUMBER(machine_boot(&spec, &p, &machine, &report, &e), 0);
	boot_report_done(&report);
	result_init(&result, "a.pair");
	int r = host_case_run(&def, machine, flags, "", &p, &result, &e);
	if (r == -ENOENT)
		test_skip("assay-netpeer is not built");
	EXPECT_NUMBER(r, 0);
	EXPECT_TEXT(e.text, "");
	*ret = (struct seen){.outcome = result.outcome,
			     .has_second = is_there("second"),
			     .has_capture = is_there("cables.pcap")};
	(void)snprintf(ret->message, sizeof ret->message, "%s", result.message);
	machine_free(machine);
}

static void passes(struct host_trial *t)
{
	pair_start(t, 2);
	pair_set(t, 1, "loss", 5);
	pair_set(t, -1, "hub", 1);
	pair_begin(t, PAIR_B, "tcp_receive", "7", "1", NULL);
	HOST_CHECK(t, pair_call(t, PAIR_A, "probe", "x", NULL) == 0);
	HOST_CHECK(t, pair_end(t, PAIR_B) != NULL);
	HOST_CHECK(t, pair_end(t, PAIR_B) == NULL); /* it was only one */
	HOST_CHECK_EQ(t, pair_lost(t, 1), 0);
	HOST_CHECK_TEXT(t, pair_address(t, PAIR_B, 1), "10.77.1.2");
	HOST_CHECK_TEXT(t, pair_address6(t, PAIR_A, 0), "fd00:a55a:77:0::1");
	HOST_CHECK_TEXT(t, pair_mac(t, PAIR_B, 1), "52:54:00:ca:01:02");
	pair_start(t, 1); /* what is there serves */
	HOST_CHECK_EQ(t, pair_lost(t, 1), 0);
}

TEST(pair, two_machines_and_cables_leave_no_record_when_all_is_well)
{
	struct seen seen;

	run(passes, "vms>=2", RUN_NEEDS_KNOWN, &seen);
	EXPECT_TEXT(seen.message, "");
	EXPECT_NUMBER(seen.outcome, OUTCOME_PASS);
	EXPECT(seen.has_second);
	EXPECT(!seen.has_capture);
}

static void fails(struct host_trial *t)
{
	pair_start(t, 1);
	HOST_CHECK(t, false);
}

TEST(pair, record_of_the_frames_stays_with_a_failure)
{
	struct seen seen;

	run(fails, "vms>=2", RUN_NEEDS_KNOWN, &seen);
	EXPECT_NUMBER(seen.outcome, OUTCOME_FAIL);
	EXPECT(seen.has_capture);
}

TEST(pair, second_machine_must_be_declared)
{
	struct seen seen;

	run(passes, "nics>=1", RUN_NEEDS_KNOWN, &seen);
	EXPECT_NUMBER(seen.outcome, OUTCOME_BROKEN);
	EXPECT(strstr(seen.message, "vms>=2") != NULL);
	EXPECT(!seen.has_second);
}

static void asks_too_early(struct host_trial *t)
{
	(void)pair_call(t, PAIR_B, "read", "x", NULL);
}

static void sets_nonsense(struct host_trial *t)
{
	pair_start(t, 1);
	pair_set(t, 0, "nonsense", 1);
}

static void wants_too_many(struct host_trial *t)
{
	pair_start(t, 1);
	pair_start(t, 2);
}

TEST(pair, mistakes_of_a_case_are_broken)
{
	void (*const bodies[])(struct host_trial * t) = {asks_too_early, sets_nonsense,
							 wants_too_many};
	struct seen seen;

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		run(bodies[i], "vms>=2", RUN_NEEDS_KNOWN, &seen);
		EXPECT_NUMBER(seen.outcome, OUTCOME_BROKEN);
	}
}

TEST(pair, numbers_are_found_by_their_whole_key)
{
	EXPECT_NUMBER(pair_number("bytes=12 wrong=0 path_mtu=1500", "wrong"), 0);
	EXPECT_NUMBER(pair_number("bytes=12 wrong=0 path_mtu=1500\n", "path_mtu"), 1500);
	EXPECT_NUMBER(pair_number("bytes=12", "ytes"), -1);
	EXPECT_NUMBER(pair_number("bytes=", "bytes"), -1);
	EXPECT_NUMBER(pair_number(NULL, "bytes"), -1);
}
