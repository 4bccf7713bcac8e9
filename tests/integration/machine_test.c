/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real machine's life with the micro-VM: boot, settle, freeze, fork, run, reboot, power cut, end. It needs QEMU, the agent
 * (ASSAY_GUEST) and a kernel (tests/images/kernel); without them it is skipped.
 */
#include "host/machine/machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/machine/accel.h"
#include "host/machine/template.h"

#define FORKS	      10
#define WHOLE_SPAN_NS (280 * NS_PER_S)
/* What a fork may take on a machine that does other things as well; on an idle one it is a tenth of this. */
#define FORK_MAX_NS (3 * NS_PER_S)

static const struct size size = {
	.name = "test", .cpus = 1, .mem_mib = 256, .data_disks = 1, .data_disk_mib = 16};
static char kernel[4096], modules[4096];

static struct patience whole_span(void)
{
	return patience_for(-1, WHOLE_SPAN_NS);
}

/* A spec whose files lie in a folder of their own below the test's. */
static struct machine_spec make_spec(const char *name)
{
	const char *agent = getenv("ASSAY_GUEST"), *home = getenv("HOME"),
		   *cache = getenv("XDG_CACHE_HOME");
	struct patience p = whole_span();
	struct machine_spec spec = {.size = &size, .firmware = FIRMWARE_BIOS, .entry = ENTRY_INIT};
	struct err e = {0};

	CLEAN_FREE char *folder = cache ? xasprintf("%s/assay/kernel", cache)
					: xasprintf("%s/.cache/assay/kernel", home ? home : "");
	(void)snprintf(kernel, sizeof kernel, "%s/vmlinuz", folder);
	(void)snprintf(modules, sizeof modules, "%s/modules", folder);
	if (!agent || access(agent, X_OK) < 0)
		test_skip("ASSAY_GUEST names no agent");
	if (access(kernel, R_OK) < 0)
		test_skip("there is no kernel for the micro-VM: run tests/images/kernel");
	if (accel_choose(ACCEL_AUTO, NULL, NULL, &p, &spec.accel, &e) < 0)
		test_skip(e.text);
	spec.agent_path = agent;
	spec.kernel = kernel;
	spec.modules = modules;
	spec.folder = xasprintf("%s/%s", test_folder(), name);
	EXPECT_NUMBER(mkdir(spec.folder, 0755), 0);
	return spec;
}

static struct machine *boot(const struct machine_spec *spec)
{
	struct patience p = whole_span();
	struct machine *machine = NULL;
	struct boot_report report;
	struct err e = {0};

	EXPECT_NUMBER(machine_boot(spec, &p, &machine, &report, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(report.state, BOOT_READY);
	boot_report_done(&report);
	if (!machine)
		test_skip("the machine did not boot");
	return machine;
}

static void expect_call(struct machine *machine, const char *verb, const char *const *arguments,
			struct text *reply)
{
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct err e = {0};
	int code = -1;

	EXPECT_NUMBER(machine_call(machine, &p, verb, arguments, reply, &code, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(code, 0);
}

/* The value of a fact of the guest. */
static char *fact(struct machine *machine, const char *key)
{
	CLEAN_TEXT struct text facts = TEXT_INIT(16384);
	CLEAN_FREE char *wanted = xasprintf("%s=", key);

	expect_call(machine, "facts", NULL, &facts);
	const char *found = strstr(facts.buf, wanted);
	EXPECT(found != NULL);
	return found ? xasprintf("%.*s", (int)strcspn(found, "\n") - (int)strlen(wanted),
				 found + strlen(wanted))
		     : xstrdup("");
}

static void expect_pass(struct machine *machine)
{
	static const struct case_info info = {.area = "kernel", .name = "log_has_no_memory_errors"};
	struct patience p = patience_for(-1, 120 * NS_PER_S);
	CLEAN_DONE(result) struct result result;
	struct err e = {0};
	char id[CASE_ID_SIZE];

	result_init(&result, case_id(&info, id));
	EXPECT_NUMBER(machine_run_case(machine, &info, 0, "", &p, &result, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(outcome_name(result.outcome), "pass");
	EXPECT_TEXT(result.message, "");
	EXPECT(result.checks_passed > 0);
	EXPECT(machine_is_alive(machine));
}

static unsigned files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

static void fork_once(const char *template, const struct machine_spec *spec, const char *boot_id)
{
	CLEANUP(machine) struct machine *fork = NULL;
	CLEAN_TEXT struct text before = TEXT_INIT(64), reply = TEXT_INIT(64);
	struct patience p = whole_span();
	struct err e = {0};
	uint64_t start_ns = clock_now_ns();

	EXPECT_NUMBER(template_fork(template, spec, &p, &fork, &e), 0);
	EXPECT_TEXT(e.text, "");
	if (!fork)
		return;
	EXPECT(clock_now_ns() - start_ns < FORK_MAX_NS);
	CLEAN_FREE char *its_boot_id = fact(fork, "boot_id");
	EXPECT_TEXT(its_boot_id, boot_id); /* it is the same boot */
	/* What a sibling wrote is not there. */
	const char *path[] = {"/tmp/mine", NULL}, *content[] = {"/tmp/mine", "x", NULL};
	int code = 0;
	EXPECT_NUMBER(machine_call(fork, &p, "stat", path, &before, &code, &e), 0);
	EXPECT_NUMBER(code, ENOENT);
	expect_call(fork, "write", content, &reply);
	expect_pass(fork);
}

TEST(machine, boots_freezes_and_forks)
{
	struct machine_spec spec = make_spec("m");
	CLEAN_FREE char *template = xasprintf("%s/template", test_folder());
	CLEAN_TEXT struct text pending = TEXT_INIT(4096), why = TEXT_INIT(4096);
	struct machine *machine = boot(&spec);
	struct patience p = whole_span();
	struct err e = {0};

	EXPECT_NUMBER(machine_settle(machine, &p, &pending, &e), 0);
	CLEAN_FREE char *boot_id = fact(machine, "boot_id");
	EXPECT_NUMBER(machine_freeze(machine, template, &p, &e), 0);
	EXPECT_TEXT(e.text, "");
	machine_free(machine);
	EXPECT(template_is_usable(template, &spec, &why));
	EXPECT_TEXT(why.buf, "");
	for (int i = 0; i < FORKS; i++)
		fork_once(template, &spec, boot_id);
	EXPECT_NUMBER(files_in(spec.folder), 1); /* only console.log stays behind */
}

/* Freezes a copy that has memory of its own, after it has written a file; the first template goes. */
static void freeze_copy(char *first, const char *second, const struct machine_spec *spec)
{
	const char *content[] = {"/tmp/of-the-copy", "x", NULL};
	CLEAN_TEXT struct text reply = TEXT_INIT(64);
	struct machine_spec owner = *spec;
	struct patience p = whole_span();
	struct machine *copy = NULL;
	struct err e = {0};

	owner.owns_ram = true;
	EXPECT_NUMBER(template_fork(first, &owner, &p, &copy, &e), 0);
	expect_call(copy, "write", content, &reply);
	EXPECT_NUMBER(machine_freeze(copy, second, &p, &e), 0);
	EXPECT_TEXT(e.text, "");
	machine_free(copy);
	template_remove(first);
}

TEST(machine, copy_with_memory_of_its_own_is_frozen_again)
{
	struct machine_spec spec = make_spec("m");
	CLEAN_FREE char *first = xasprintf("%s/first", test_folder());
	CLEAN_FREE char *second = xasprintf("%s/second", test_folder());
	CLEAN_TEXT struct text reply = TEXT_INIT(64);
	const char *path[] = {"/tmp/of-the-copy", NULL};
	struct machine *machine = boot(&spec), *fork = NULL;
	struct patience p = whole_span();
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(machine, first, &p, &e), 0);
	machine_free(machine);
	freeze_copy(first, second, &spec);
	EXPECT_NUMBER(template_fork(second, &spec, &p, &fork, &e), 0);
	EXPECT_TEXT(e.text, "");
	expect_call(fork, "read", path, &reply);
	EXPECT_TEXT(reply.buf, "x");
	expect_pass(fork);
	machine_free(fork);
}

TEST(machine, view_of_a_templates_memory_cannot_be_frozen)
{
	struct machine_spec spec = make_spec("m");
	CLEAN_FREE char *first = xasprintf("%s/first", test_folder());
	CLEAN_FREE char *second = xasprintf("%s/second", test_folder());
	struct machine *machine = boot(&spec), *fork = NULL;
	struct patience p = whole_span();
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(machine, first, &p, &e), 0);
	machine_free(machine);
	EXPECT_NUMBER(template_fork(first, &spec, &p, &fork, &e), 0);
	EXPECT_NUMBER(machine_freeze(fork, second, &p, &e), -ENOTSUP);
	EXPECT(files_in(second) == 0);
	machine_free(fork);
}

/* Whatever ends us, nothing but evidence must stay behind: what a machine has lies there without a name. */
TEST(machine, running_one_has_no_file_but_its_console)
{
	struct machine_spec spec = make_spec("m");
	CLEAN_FREE char *template = xasprintf("%s/template", test_folder());
	CLEANUP(machine) struct machine *fork = NULL;
	struct size with_tpm = size;
	struct patience p = whole_span();
	struct err e = {0};

	with_tpm.tpm = true;
	spec.size = &with_tpm;
	struct machine *machine = boot(&spec);
	EXPECT_NUMBER(files_in(spec.folder), 1);
	EXPECT_NUMBER(machine_freeze(machine, template, &p, &e), 0);
	EXPECT_TEXT(e.text, "");
	machine_free(machine);
	EXPECT_NUMBER(template_fork(template, &spec, &p, &fork, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(files_in(spec.folder), 1);
	if (fork)
		expect_pass(fork);
}

/* An agent that differs from the template's by a byte behind its end: the same program, another digest. */
static char *other_agent(const char *agent)
{
	CLEAN_TEXT struct text content = TEXT_INIT(16U << 20);
	char *path = xasprintf("%s/other-agent", test_folder());
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	EXPECT_NUMBER(text_read_file(&content, agent), 0);
	text_adds(&content, "x");
	EXPECT_NUMBER(write(fd, content.buf, content.length), (long long)content.length);
	return path;
}

TEST(machine, template_takes_the_current_agent)
{
	struct machine_spec spec = make_spec("m");
	CLEAN_FREE char *template = xasprintf("%s/template", test_folder());
	CLEAN_FREE char *agent = other_agent(spec.agent_path);
	CLEANUP(machine) struct machine *fork = NULL;
	struct machine *machine = boot(&spec);
	struct patience p = whole_span();
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(machine, template, &p, &e), 0);
	machine_free(machine);
	spec.agent_path = agent;
	EXPECT_NUMBER(template_fork(template, &spec, &p, &fork, &e), 0);
	EXPECT_TEXT(e.text, "");
	if (!fork)
		return;
	/* It executes itself from memory, which the first one, being /init, did not. */
	const char *arguments[] = {"/proc/1/maps", NULL};
	CLEAN_TEXT struct text maps = TEXT_INIT(65536);
	expect_call(fork, "read", arguments, &maps);
	EXPECT(strstr(maps.buf, "/memfd:assay-guest") != NULL && strstr(maps.buf, "/init") == NULL);
	expect_pass(fork);
}

TEST(machine, template_of_another_size_is_not_usable)
{
	struct machine_spec spec = make_spec("m");
	struct size larger = size;
	CLEAN_FREE char *template = xasprintf("%s/template", test_folder());
	CLEAN_TEXT struct text why = TEXT_INIT(4096);
	struct machine *machine = boot(&spec);
	struct patience p = whole_span();
	struct err e = {0};

	EXPECT_NUMBER(machine_freeze(machine, template, &p, &e), 0);
	machine_free(machine);
	larger.mem_mib *= 2;
	spec.size = &larger;
	EXPECT(!template_is_usable(template, &spec, &why));
	EXPECT_TEXT(why.buf, "it was frozen with \"argument 256\", now it is \"argument 512\"");
}

TEST(machine, reboots_and_survives_a_power_cut)
{
	struct machine_spec spec = make_spec("m");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_TEXT struct text reply = TEXT_INIT(4096), data = TEXT_INIT(4096);
	struct patience p = whole_span();
	struct boot_report report;
	struct err e = {0};

	CLEAN_FREE char *first = fact(machine, "boot_id");
	machine_mark_events(machine);
	expect_call(machine, "reboot", NULL, &reply);
	EXPECT_NUMBER(machine_wait_event(machine, &p, "RESET", &data, &e), 0);
	EXPECT_NUMBER(machine_wait_agent(machine, &p, &report, &e), 0);
	EXPECT_TEXT(e.text, "");
	boot_report_done(&report);
	CLEAN_FREE char *second = fact(machine, "boot_id");
	EXPECT(strcmp(first, second) != 0);
	EXPECT_NUMBER(machine_power_cut(machine, &e), 0);
	EXPECT_NUMBER(machine_power_on(machine, &p, &report, &e), 0);
	EXPECT_TEXT(e.text, "");
	boot_report_done(&report);
	CLEAN_FREE char *third = fact(machine, "boot_id");
	EXPECT(strcmp(second, third) != 0);
}

/* Its disk can be read as a whole. */
static const struct size size_of_cut = {
	.name = "cut", .cpus = 1, .mem_mib = 256, .data_disks = 1, .data_disk_mib = 1};

static char *first_bytes(struct machine *machine, const char *path, size_t count)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(2U << 20);
	const char *arguments[] = {path, NULL};

	expect_call(machine, "read", arguments, &reply);
	text_cut(&reply, count);
	return text_steal(&reply);
}

/* The first write is flushed. The others are as well, as far as the guest knows, but the kernel believes that the disk has no
 * cache. */
static void write_and_cut(struct machine *machine)
{
	const char *flushed[] = {"/dev/vda", "flushed", "sync", NULL};
	const char *cache[] = {"/sys/block/vda/queue/write_cache", "write through", NULL};
	const char *lost[] = {"/dev/vda", "lost...", "sync", NULL};
	CLEAN_TEXT struct text reply = TEXT_INIT(4096);
	struct err e = {0};

	expect_call(machine, "write", flushed, &reply);
	expect_call(machine, "write", cache, &reply);
	expect_call(machine, "write", lost, &reply);
	EXPECT_NUMBER(machine_power_cut(machine, &e), 0);
	EXPECT_TEXT(e.text, "");
}

static void expect_after_cut(struct machine *machine, const char *want)
{
	struct patience p = whole_span();
	struct boot_report report;
	struct err e = {0};

	write_and_cut(machine);
	EXPECT_NUMBER(machine_power_on(machine, &p, &report, &e), 0);
	EXPECT_TEXT(e.text, "");
	boot_report_done(&report);
	CLEAN_FREE char *found = first_bytes(machine, "/dev/vda", strlen(want));
	EXPECT_TEXT(found, want);
}

TEST(machine, power_cut_loses_what_was_never_flushed)
{
	struct machine_spec spec = make_spec("m");

	spec.size = &size_of_cut;
	spec.cuts_power = true;
	CLEANUP(machine) struct machine *machine = boot(&spec);
	expect_after_cut(machine, "flushed");
	expect_after_cut(machine, "flushed"); /* a second one as well */
}

TEST(machine, power_cut_of_a_fork_loses_what_was_never_flushed)
{
	struct machine_spec spec = make_spec("m");
	CLEAN_FREE char *template = xasprintf("%s/template", test_folder());
	CLEANUP(machine) struct machine *fork = NULL;
	struct patience p = whole_span();
	struct err e = {0};

	spec.size = &size_of_cut;
	struct machine *machine = boot(&spec);
	EXPECT_NUMBER(machine_freeze(machine, template, &p, &e), 0);
	machine_free(machine);
	spec.cuts_power = true;
	EXPECT_NUMBER(template_fork(template, &spec, &p, &fork, &e), 0);
	EXPECT_TEXT(e.text, "");
	if (fork)
		expect_after_cut(fork, "flushed");
}

TEST(machine, panic_in_a_case_is_the_guests_failure)
{
	struct machine_spec spec = make_spec("m");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_TEXT struct text reply = TEXT_INIT(4096);
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	const char *arguments[] = {"/proc/sysrq-trigger", "c", NULL};
	struct err e = {0};
	int code = 0;

	uint64_t mark = machine_console_mark(machine);
	EXPECT(machine_call(machine, &p, "write", arguments, &reply, &code, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	err_clear(&e);
	EXPECT_NUMBER(machine_console_wait(machine, mark, "Kernel panic - not syncing", &p, &e), 0);
	EXPECT_TEXT(e.text, "");
}

TEST(machine, control_channel_answers)
{
	struct machine_spec spec = make_spec("m");
	CLEANUP(machine) struct machine *machine = boot(&spec);
	CLEAN_TEXT struct text reply = TEXT_INIT(65536);
	struct patience p = patience_for(-1, 30 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(machine_qmp(machine, &p, "query-status", NULL, &reply, &e), 0);
	EXPECT(strstr(reply.buf, "\"running\":true") != NULL);
	EXPECT_NUMBER(machine_qmp(machine, &p, "no-such-command", "{}", &reply, &e), -EREMOTEIO);
	EXPECT_NUMBER(e.blame, BLAME_HOST);
}
