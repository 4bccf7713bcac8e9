/* SPDX-License-Identifier: Apache-2.0 */
/* Machines of the null driver: every way in which a case can end. */
#include "host/machine/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/driver/driver.h"
#include "host/machine/internal.h"
#include "host/machine/template.h"

static const struct size size = {.name = "s", .cpus = 1, .mem_mib = 64};
static const struct case_info info = {.area = "a", .name = "b", .timeout_s = 1};

static struct machine_spec spec_of(const char *options)
{
	return (struct machine_spec){
		.driver = &driver_null,
		.driver_options = options,
		.size = &size,
		.accel = ACCEL_KVM,
		.entry = ENTRY_INIT,
		.folder = test_folder(),
	};
}

static struct machine *boot(const struct machine_spec *spec)
{
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct machine *machine = NULL;
	struct boot_report report;
	struct err e = {0};

	EXPECT_NUMBER(machine_boot(spec, &p, &machine, &report, &e), 0);
	EXPECT_NUMBER(report.state, BOOT_READY);
	EXPECT_TEXT(e.text, "");
	boot_report_done(&report);
	if (!machine)
		test_skip("no machine");
	return machine;
}

static void run(struct machine *machine, unsigned flags, struct result *result)
{
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	struct err e = {0};

	result_init(result, "a.b");
	EXPECT_NUMBER(machine_run_case(machine, &info, flags, "cpus=1\n", &p, result, &e), 0);
	EXPECT_TEXT(e.text, "");
}

static const struct {
	const char *options;
	enum outcome outcome;
	bool alive;
} ends[] = {
	{"", OUTCOME_PASS, true},	   {"fail=a.b", OUTCOME_FAIL, true},
	{"skip=a.b", OUTCOME_SKIP, true},  {"broken=a.b", OUTCOME_BROKEN, true},
	{"die=a.b", OUTCOME_INFRA, false}, {"fail=a.bc", OUTCOME_PASS, true},
};

TEST(machine, case_ends_as_it_ends)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct machine_spec spec = spec_of(ends[i].options);
		CLEANUP(machine) struct machine *machine = boot(&spec);
		CLEAN_DONE(result) struct result result;
		run(machine, 0, &result);
		EXPECT_NUMBER(result.outcome, ends[i].outcome);
		EXPECT_NUMBER(machine_is_alive(machine), ends[i].alive);
		EXPECT(result.wall_ns > 0);
	}
}

static const struct {
	const char *options;
	enum accel accel;
	enum outcome outcome;
	const char *message;
} faults[] = {
	{"bug=a.b", ACCEL_KVM, OUTCOME_FAIL, "the kernel hit a bug"},
	{"bug=a.b", ACCEL_TCG, OUTCOME_FAIL, "the kernel hit a bug"},
	{"stall=a.b", ACCEL_KVM, OUTCOME_FAIL, "a CPU was stuck in the kernel"},
	{"stall=a.b", ACCEL_TCG, OUTCOME_INFRA, "also comes from a host that is too busy"},
};

TEST(machine, fault_of_the_kernel_outweighs_the_case)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct machine_spec spec = spec_of(faults[i].options);
		spec.accel = faults[i].accel;
		CLEANUP(machine) struct machine *machine = boot(&spec);
		CLEAN_DONE(result) struct result result;
		run(machine, 0, &result);
		EXPECT_NUMBER(result.outcome, faults[i].outcome);
		if (!strstr(result.message, faults[i].message))
			EXPECT_TEXT(result.message, faults[i].message);
	}
}

TEST(machine, expected_fault_is_not_held_against_the_case)
{
	static const struct {
		const char *expects;
		enum outcome outcome;
	} cases[] = {
		{"kernel-bug", OUTCOME_PASS},
		{"oops,kernel-bug", OUTCOME_PASS},
		{"oops", OUTCOME_FAIL},
		{"kernel", OUTCOME_BROKEN},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct machine_spec spec = spec_of("bug=a.b");
		CLEANUP(machine) struct machine *machine = boot(&spec);
		CLEAN_DONE(result) struct result result;
		struct case_info expecting = info;
		struct patience p = patience_for(-1, 30 * NS_PER_S);
		struct err e = {0};
		expecting.expects = cases[i].expects;
		result_init(&result, "a.b");
		EXPECT_NUMBER(machine_run_case(machine, &expecting, 0, NULL, &p, &result, &e), 0);
		EXPECT_NUMBER(result.outcome, cases[i].outcome);
	}
}

TEST(machine, sabotage_is_told_to_the_agent)
{
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_DONE(result) struct result result;

	run(machine, RUN_SABOTAGE, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT(result.sabotaged);
}

TEST(machine, silent_agent_is_broken_after_limit_and_grace)
{
	struct machine_spec spec = spec_of("hang=a.b");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_DONE(result) struct result result;
	uint64_t start_ns = clock_now_ns();

	run(machine, 0, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_BROKEN);
	EXPECT_TEXT(result.message, "the agent did not answer within 1 s and 10 s of grace");
	EXPECT(clock_now_ns() - start_ns >= 11 * NS_PER_S);
	EXPECT(!machine_is_alive(machine));
}

TEST(machine, cancelled_run_has_no_outcome)
{
	struct machine_spec spec = spec_of("hang=a.b");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_DONE(result) struct result result;
	struct err e = {0};
	int ends_of_pipe[2];

	EXPECT_NUMBER(pipe(ends_of_pipe), 0);
	EXPECT_NUMBER(write(ends_of_pipe[1], "", 1), 1);
	struct patience p = patience_for(ends_of_pipe[0], 30 * NS_PER_S);
	result_init(&result, "a.b");
	EXPECT_NUMBER(machine_run_case(machine, &info, 0, NULL, &p, &result, &e), -ECANCELED);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(!machine_is_alive(machine));
}

TEST(machine, flooded_console_holds_no_deadline_up)
{
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_FD int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct patience p = patience_for(-1, 200 * NS_PER_MS);
	struct err e = {0};

	machine->vm->console_fd = zero; /* there is always more to read */
	EXPECT_NUMBER(machine_console_wait(machine, 0, "login:", &p, &e), -ETIMEDOUT);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
}

/* It may have ended long before anybody looks: then that it is silent is no fault of the guest. */
TEST(machine, dead_machine_is_not_taken_for_a_silent_one)
{
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_FD int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct patience p = patience_for(-1, 0);
	struct boot_report report;
	struct err e = {0};

	int kept = machine->vm->ended_fd;
	machine->agent_greeted = false;
	machine->vm->ended_fd = zero;
	EXPECT_NUMBER(machine_wait_agent(machine, &p, &report, &e), -EHOSTDOWN);
	EXPECT_NUMBER(e.blame, BLAME_HOST);
	EXPECT_NUMBER(report.state, BOOT_MACHINE_ENDED);
	boot_report_done(&report);
	machine->vm->ended_fd = kept;
}

TEST(machine, dead_machine_runs_nothing)
{
	struct machine_spec spec = spec_of("die=a.b");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_DONE(result) struct result first, second;
	struct patience p = patience_for(-1, NS_PER_S);
	struct err e = {0};

	run(machine, 0, &first);
	EXPECT_TEXT(first.message,
		    "the machine ended by itself: the null driver was told to end the machine");
	result_init(&second, "a.b");
	EXPECT_NUMBER(machine_run_case(machine, &info, 0, NULL, &p, &second, &e), -ENOTCONN);
	EXPECT_NUMBER(e.blame, BLAME_BUG);
}

TEST(machine, boot_that_does_not_come_up_is_told)
{
	struct machine_spec spec = spec_of("boot_ms=60000");
	struct patience p = patience_for(-1, 300 * NS_PER_MS);
	struct machine *machine = NULL;
	struct boot_report report;
	struct err e = {0};

	EXPECT_NUMBER(machine_boot(&spec, &p, &machine, &report, &e), -ETIMEDOUT);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	EXPECT_NUMBER(report.state, BOOT_STUCK_IN_FIRMWARE);
	EXPECT(machine == NULL);
	boot_report_done(&report);
}

TEST(machine, template_is_forked_many_times)
{
	struct machine_spec spec = spec_of("");
	CLEAN_FREE char *folder = xasprintf("%s/template", test_folder());
	CLEAN_TEXT struct text why = TEXT_INIT(1024);
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct machine *machine = boot(&spec);
	struct err e = {0};

	EXPECT(!template_is_usable(folder, &spec, &why));
	EXPECT(why.length > 0);
	EXPECT_NUMBER(machine_freeze(machine, folder, &p, &e), 0);
	EXPECT(!machine_is_alive(machine));
	machine_free(machine);
	text_clear(&why);
	EXPECT(template_is_usable(folder, &spec, &why));
	EXPECT_TEXT(why.buf, "");
	for (int i = 0; i < 3; i++) {
		CLEANUP(machine) struct machine *fork = NULL;
		CLEAN_DONE(result) struct result result = {.evidence = TEXT_INIT(0)};
		EXPECT_NUMBER(template_fork(folder, &spec, &p, &fork, &e), 0);
		EXPECT_TEXT(e.text, "");
		if (!fork)
			return;
		run(fork, 0, &result);
		EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
	}
}

/* Two runs may freeze the same machine at once: the second finds the folder there. */
TEST(machine, second_freeze_into_the_same_folder)
{
	struct machine_spec spec = spec_of("");
	CLEAN_FREE char *folder = xasprintf("%s/template", test_folder());
	CLEANUP(machine) struct machine *first = boot(&spec);
	CLEANUP(machine) struct machine *second = boot(&spec);
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(first, folder, &p, &e), 0);
	EXPECT_NUMBER(machine_freeze(second, folder, &p, &e), 0);
}

TEST(machine, driver_that_cannot_freeze_says_so)
{
	struct machine_spec spec = spec_of("no_fork=1");
	CLEAN_FREE char *folder = xasprintf("%s/template", test_folder());
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_DONE(result) struct result result;
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(machine, folder, &p, &e), -ENOTSUP);
	EXPECT(machine_is_alive(machine));
	EXPECT(access(folder, F_OK) < 0);
	run(machine, 0, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
}

TEST(machine, power_cut_and_on)
{
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_DONE(result) struct result result;
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct boot_report report;
	struct err e = {0};

	EXPECT_NUMBER(machine_power_cut(machine, &e), 0);
	EXPECT(!machine_is_alive(machine));
	EXPECT_NUMBER(machine_power_on(machine, &p, &report, &e), 0);
	EXPECT_NUMBER(report.state, BOOT_READY);
	boot_report_done(&report);
	run(machine, 0, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
}

TEST(machine, size_is_its_own_after_a_resize)
{
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	struct err e = {0};

	EXPECT_NUMBER(machine_power_cut(machine, &e), 0);
	{
		struct size larger = size;
		larger.cpus++;
		EXPECT_NUMBER(machine_resize(machine, &larger, &e), 0);
		larger.cpus = 0;
	}
	EXPECT_NUMBER(machine_spec(machine)->size->cpus, size.cpus + 1);
	EXPECT_NUMBER(machine_copy_root(machine, -1, &(struct patience){0}, &e), -ENOTSUP);
}

TEST(machine, call_and_settle)
{
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_TEXT struct text pending = TEXT_INIT(1024);
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct err e = {0};
	int code = -1;

	EXPECT_NUMBER(machine_call(machine, &p, "facts", NULL, &pending, &code, &e), 0);
	EXPECT_NUMBER(code, 0);
	EXPECT_NUMBER(machine_settle(machine, &p, &pending, &e), 0);
	EXPECT_TEXT(pending.buf, "");
}

/* ---- two machines ---- */

static struct machine *twin_of(const struct machine *machine, const char *folder)
{
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct machine *twin = NULL;
	struct boot_report report;
	struct err e = {0};

	(void)mkdir(folder, 0755);
	EXPECT_NUMBER(machine_twin(machine, folder, &p, &twin, &report, &e), 0);
	EXPECT_TEXT(e.text, "");
	boot_report_done(&report);
	return twin;
}

TEST(machine, twin_is_booted_where_there_is_no_template)
{
	CLEAN_FREE char *folder = xasprintf("%s/second", test_folder());
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEANUP(machine) struct machine *twin = twin_of(machine, folder);

	EXPECT(machine_template(machine) == NULL);
	EXPECT(machine_is_alive(twin));
	EXPECT_TEXT(machine_spec(twin)->folder, folder);
	EXPECT(machine_spec(twin)->driver == machine_spec(machine)->driver);
}

TEST(machine, twin_is_another_copy_of_the_same_template)
{
	CLEAN_FREE char *template = xasprintf("%s/template", test_folder()),
			*folder = xasprintf("%s/second", test_folder());
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *frozen = boot(&spec);
	CLEANUP(machine) struct machine *fork = NULL;
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(frozen, template, &p, &e), 0);
	EXPECT_NUMBER(template_fork(template, &spec, &p, &fork, &e), 0);
	EXPECT_TEXT(machine_template(fork), template);
	CLEANUP(machine) struct machine *twin = twin_of(fork, folder);
	EXPECT_TEXT(machine_template(twin), template);
	machine_join(fork, twin);
	machine_free(STEAL_PTR(twin)); /* the other forgets it */
	EXPECT(machine_is_alive(fork));
}

TEST(machine, two_calls_are_under_way_at_once)
{
	CLEAN_FREE char *folder = xasprintf("%s/second", test_folder());
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct machine_spec spec = spec_of("");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEANUP(machine) struct machine *twin = twin_of(machine, folder);
	CLEAN_TEXT struct text reply = TEXT_INIT(1024);
	const char *const arguments[] = {"x", NULL};
	struct err e = {0};
	int code = -1;

	machine_join(machine, twin);
	EXPECT_NUMBER(machine_call_begin(twin, &p, "read", arguments, &e), 0);
	EXPECT_NUMBER(machine_call(machine, &p, "read", arguments, &reply, &code, &e), 0);
	EXPECT_NUMBER(code, 0);
	code = -1;
	EXPECT_NUMBER(machine_call_end(twin, &p, "read", &reply, &code, &e), 0);
	EXPECT_NUMBER(code, 0);
}

TEST(template, tells_of_what_it_is)
{
	static const char text[] =
		"{\"created\":\"2026-01-31T12:00:00Z\",\"description\":\"template 1\\nimage file "
		"/a/b.qcow2\\nfirmware /f.fd\\nsecure boot\\nroot disk of 8 bytes\\nuser-data 0\\n"
		"argument -smp\\nargument 3,maxcpus=4\\nargument -m\\nargument 512\\n\"}";
	CLEAN_FREE char *path = xasprintf("%s/template.json", test_folder());
	struct template_about about;

	FILE *file = fopen(path, "w");
	EXPECT(file && fputs(text, file) >= 0 && fclose(file) == 0);
	template_about(test_folder(), &about);
	EXPECT_TEXT(about.image, "b.qcow2");
	EXPECT_TEXT(about.firmware, "uefi");
	EXPECT_TEXT(about.make, "Secure Boot, a disk of another size, a seed of its own");
	EXPECT_NUMBER(about.cpus, 3);
	EXPECT_NUMBER(about.mem_mib, 512);
	template_about("/nowhere", &about);
	EXPECT_TEXT(about.image, "");
}
