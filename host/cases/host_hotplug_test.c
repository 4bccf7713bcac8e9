/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a guest over which a device that was plugged in has come: only what it lacks is a reason to skip. */
#include "host/cases/host_hotplug.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/cases/host_nic.h"
#include "host/cases/host_trial.h"
#include "host/driver/driver.h"

static const struct size size = {.name = "s", .cpus = 1, .mem_mib = 64};

static void expect_outcome(const char *options, void (*body)(struct host_trial *t),
			   enum outcome wanted, const char *need)
{
	const struct host_case_def def = {
		.info = {.area = "a", .name = "b", .title = "It holds", .kind = CASE_KIND_HOST},
		.body = body,
		.file = __FILE__,
	};
	struct machine_spec spec = {.driver = &driver_null,
				    .driver_options = options,
				    .size = &size,
				    .accel = ACCEL_KVM,
				    .entry = ENTRY_INIT,
				    .folder = test_folder()};
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	CLEAN_DONE(result) struct result result;
	CLEANUP(machine) struct machine *machine = NULL;
	struct boot_report report;
	struct err e = {0};

	EXPECT_NUMBER(machine_boot(&spec, &p, &machine, &report, &e), 0);
	boot_report_done(&report);
	result_init(&result, "a.b");
	if (machine)
		EXPECT_NUMBER(host_case_run(&def, machine, 0, "nics=1\n", &p, &result, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(wanted));
	EXPECT_TEXT(result.need, need);
}

static void plug_without_driver(struct host_trial *t)
{
	device_needs_udev(t);
	HOST_FAIL(t, "what was plugged in has got no driver");
}

TEST(host_hotplug, only_a_guest_without_udev_is_excused)
{
	expect_outcome("refuse=stat", plug_without_driver, OUTCOME_SKIP, "udev");
	expect_outcome("", plug_without_driver, OUTCOME_FAIL, "");
}

TEST(host_hotplug, a_guest_that_does_not_answer_is_not_excused)
{
	expect_outcome("garble=stat", plug_without_driver, OUTCOME_FAIL, "");
}

static void plug_nic(struct host_trial *t)
{
	nic_plug_served(t, nic_added(t, 0), 0);
	HOST_CHECK(t, true);
}

TEST(host_hotplug, a_nic_that_does_not_come_is_no_lack_of_a_dhcp_client)
{
	expect_outcome("refuse=await_nic", plug_nic, OUTCOME_FAIL, "");
	expect_outcome("garble=await_nic", plug_nic, OUTCOME_FAIL, "");
}

static void skip_over_an_oops(struct host_trial *t)
{
	(void)snprintf(t->fault, sizeof t->fault, "the kernel has oopsed");
	host_skip(t, "udev", "nobody in the guest loads a driver");
}

TEST(host_hotplug, a_fault_on_the_console_outweighs_a_skip)
{
	expect_outcome("", skip_over_an_oops, OUTCOME_FAIL, "");
}
