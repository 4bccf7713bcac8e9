/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the author of a host case uses: a case that drives the machine from outside. It has a machine of its own, fresh
 * from the template (or freshly booted for ISOLATION_COLD), and the same CHECK macros' look as guest cases.
 *
 *	HOST_CASE(power, poweroff_ends_the_vm,
 *		  .title = "A power-off asked inside the guest ends the virtual machine", .priority = P0,
 *		  .isolation = ISOLATION_FORK)
 *	{
 *		host_call(t, "poweroff", NULL);
 *		HOST_CHECK(t, host_wait_event(t, "SHUTDOWN", 60));
 *	}
 *	HOST_SABOTAGE(power, poweroff_ends_the_vm, "the power-off unit is masked")
 *	{
 *		host_guest_link(t, "/run/systemd/system/systemd-poweroff.service", "/dev/null");
 *	}
 *
 * HOST_CHECK* records and goes on, HOST_REQUIRE* ends the case as a failure, host_broken ends it as broken, host_skip
 * names the need. A case that checks nothing is broken. Values are evaluated once. What helpers give belongs to `t`.
 * Ending is by longjmp: no cleanup attributes in bodies.
 */
#ifndef ASSAY_HOST_CASES_HOST_CASE_H
#define ASSAY_HOST_CASES_HOST_CASE_H

#include <stdbool.h>
#include <string.h>

#include "host/machine/machine.h"

/* One execution of a host case. */
struct host_trial;

struct host_case_def {
	struct case_info info;
	void (*body)(struct host_trial *t);
	const char *file;
};

struct host_sabotage_def {
	const char *area, *name, *text;
	void (*body)(struct host_trial *t);
};

#define HOST_CASE(a, n, ...)                                                                       \
	static void host_body_##a##_##n(struct host_trial *t);                                     \
	static const struct host_case_def host_def_##a##_##n = {                                   \
		.info = {.area = #a, .name = #n, .kind = CASE_KIND_HOST, __VA_ARGS__},             \
		.body = host_body_##a##_##n,                                                       \
		.file = __FILE__,                                                                  \
	};                                                                                         \
	static const struct host_case_def *const host_pointer_##a##_##n                            \
		__attribute__((used, retain, section("assay_host_cases"))) = &host_def_##a##_##n;  \
	static void host_body_##a##_##n(struct host_trial *t)

/* The planted defect of host case a.n; it runs right before the case, on the same machine. */
#define HOST_SABOTAGE(a, n, what)                                                                  \
	static void host_sabotage_##a##_##n(struct host_trial *t);                                 \
	static const struct host_sabotage_def host_sabotage_def_##a##_##n = {                      \
		#a, #n, what, host_sabotage_##a##_##n};                                            \
	static const struct host_sabotage_def *const host_sabotage_pointer_##a##_##n               \
		__attribute__((used, retain, section("assay_host_sabotages"))) =                   \
			&host_sabotage_def_##a##_##n;                                              \
	static void host_sabotage_##a##_##n(struct host_trial *t)

/* Sabotages that are built into the machine, as in guest/kit/case.h: `.sabotage = CMDLINE("…", "maxcpus=1")`. */
#define CMDLINE(what, arg)                                                                         \
	{                                                                                          \
		.kind = SABOTAGE_CMDLINE, .text = (what), .argument = (arg)                        \
	}
#define DROP_DEVICE(what, dev)                                                                     \
	{                                                                                          \
		.kind = SABOTAGE_DROP, .text = (what), .argument = (dev)                           \
	}
#define DISK_FILE(what, p, data)                                                                   \
	{                                                                                          \
		.kind = SABOTAGE_DISK_FILE, .text = (what), .path = (p), .argument = (data)        \
	}
#define MACHINE(what, setting)                                                                     \
	{                                                                                          \
		.kind = SABOTAGE_MACHINE, .text = (what), .argument = (setting)                    \
	}

/* ---- checks ---- */

struct host_site {
	const char *expression, *file;
	unsigned line;
	bool required;
};
#define HOST_SITE_(text, req) (&(const struct host_site){(text), __FILE__, __LINE__, (req)})

enum host_comparison { HOST_EQ, HOST_NE, HOST_LT, HOST_LE, HOST_GT, HOST_GE };

bool host_check_true(struct host_trial *t, const struct host_site *site, bool ok) NONNULL(1, 2);
bool host_check_number(struct host_trial *t, const struct host_site *site, long long got,
		       enum host_comparison how, long long want) NONNULL(1, 2);
/* NULL on either side never holds, but for HOST_NE. */
bool host_check_text(struct host_trial *t, const struct host_site *site, const char *got,
		     enum host_comparison how, const char *want) NONNULL(1, 2);
bool host_check_contains(struct host_trial *t, const struct host_site *site, const char *text,
			 const char *needle, bool wanted) NONNULL(1, 2, 4);

#define HOST_CHECK(t, e)   host_check_true((t), HOST_SITE_(#e, false), (e))
#define HOST_REQUIRE(t, e) host_check_true((t), HOST_SITE_(#e, true), (e))
#define HOST_CHECK_EQ(t, g, w)                                                                     \
	host_check_number((t), HOST_SITE_(#g " == " #w, false), (long long)(g), HOST_EQ,           \
			  (long long)(w))
#define HOST_CHECK_NE(t, g, w)                                                                     \
	host_check_number((t), HOST_SITE_(#g " != " #w, false), (long long)(g), HOST_NE,           \
			  (long long)(w))
#define HOST_CHECK_LT(t, g, w)                                                                     \
	host_check_number((t), HOST_SITE_(#g " < " #w, false), (long long)(g), HOST_LT,            \
			  (long long)(w))
#define HOST_CHECK_LE(t, g, w)                                                                     \
	host_check_number((t), HOST_SITE_(#g " <= " #w, false), (long long)(g), HOST_LE,           \
			  (long long)(w))
#define HOST_CHECK_GT(t, g, w)                                                                     \
	host_check_number((t), HOST_SITE_(#g " > " #w, false), (long long)(g), HOST_GT,            \
			  (long long)(w))
#define HOST_CHECK_GE(t, g, w)                                                                     \
	host_check_number((t), HOST_SITE_(#g " >= " #w, false), (long long)(g), HOST_GE,           \
			  (long long)(w))
#define HOST_CHECK_TEXT(t, g, w)                                                                   \
	host_check_text((t), HOST_SITE_(#g " == " #w, false), (g), HOST_EQ, (w))
#define HOST_CHECK_TEXT_NE(t, g, w)                                                                \
	host_check_text((t), HOST_SITE_(#g " != " #w, false), (g), HOST_NE, (w))
#define HOST_REQUIRE_TEXT(t, g, w)                                                                 \
	host_check_text((t), HOST_SITE_(#g " == " #w, true), (g), HOST_EQ, (w))
#define HOST_CHECK_CONTAINS(t, g, needle)                                                          \
	host_check_contains((t), HOST_SITE_(#g " contains " #needle, false), (g), (needle), true)
#define HOST_CHECK_LACKS(t, g, needle)                                                             \
	host_check_contains((t), HOST_SITE_(#g " lacks " #needle, false), (g), (needle), false)

/* A failed check made by hand, with a sentence; a check that held, for loops that only report offenders. */
void host_check_failed(struct host_trial *t, const struct host_site *site, const char *format, ...)
	PRINTF(3, 4);
#define HOST_FAIL(t, ...) host_check_failed((t), HOST_SITE_(__func__, false), __VA_ARGS__)
void host_check_passed(struct host_trial *t) NONNULL(1);

void host_skip(struct host_trial *t, const char *need, const char *format, ...) PRINTF(3, 4)
	__attribute__((noreturn));
void host_broken(struct host_trial *t, const char *format, ...) PRINTF(2, 3)
	__attribute__((noreturn));
void host_note(struct host_trial *t, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);

/* What the case has measured, as case_measure() in guest/kit/case.h. */
void host_measure(struct host_trial *t, const char *name, const char *unit,
		  enum measure_better better, double sample) NONNULL(1, 2, 3);

/* ---- what the plan promised ---- */

long long host_plan_number(struct host_trial *t, const char *key, long long fallback) NONNULL(1, 2);
const char *host_plan_text(struct host_trial *t, const char *key, const char *fallback)
	NONNULL(1, 2);

/* ---- the guest, through the agent ---- */

/* Calls the agent (guest/call.c has the verbs), arguments end with NULL. 0, the guest's positive errno, or -ECONNRESET
 * when the agent does not answer (noted in the evidence). */
int host_call(struct host_trial *t, const char *verb, ...) __attribute__((sentinel)) NONNULL(1, 2);
/* The same, for the answer's text; NULL when the call failed, with the reason in the evidence. */
const char *host_ask(struct host_trial *t, const char *verb, ...) __attribute__((sentinel))
NONNULL(1, 2);

const char *host_guest_read(struct host_trial *t, const char *path)
	NONNULL(1, 2); /* NULL: not there */
/* These are for set-up and sabotage: not being able to is broken. */
void host_guest_write(struct host_trial *t, const char *path, const char *content) NONNULL(1, 2, 3);
void host_guest_link(struct host_trial *t, const char *path, const char *target) NONNULL(1, 2, 3);
/* Runs a program in the guest, by PATH, arguments end with NULL: its exit status (128 + signal when it was killed), or
 * negative when it could not be started. Its output is added to *ret_output if that is not NULL. */
int host_guest_run(struct host_trial *t, const char **ret_output, const char *program, ...)
	__attribute__((sentinel)) NONNULL(1, 3);

/* ---- the machine, from outside ---- */

/* A QMP command with its arguments as JSON (NULL: none): the answer as JSON, NULL when it was refused. */
const char *host_qmp(struct host_trial *t, const char *command, const char *arguments)
	NONNULL(1, 2);
/* True when the QMP event came within `seconds`, counted from the start of the case on (or host_forget_events). */
bool host_wait_event(struct host_trial *t, const char *event, unsigned seconds) NONNULL(1, 2);
/* The same for one whose data has `part` in it. */
bool host_wait_event_of(struct host_trial *t, const char *event, const char *part, unsigned seconds)
	NONNULL(1, 2, 3);
const char *host_event_data(struct host_trial *t, const char *event, unsigned seconds)
	NONNULL(1, 2); /* JSON */
void host_forget_events(struct host_trial *t) NONNULL(1);

/* Asks the guest to reboot and waits for its agent: true when it is back within `seconds`. */
bool host_reboot(struct host_trial *t, unsigned seconds) NONNULL(1);
/* Waits for the agent of a machine that is rebooting by itself. */
bool host_wait_agent(struct host_trial *t, unsigned seconds) NONNULL(1);
/* Waits until the boot is over: true when nothing of it is pending any more within `seconds`; else what is, is noted. */
bool host_settle(struct host_trial *t, unsigned seconds) NONNULL(1);
/* The plug is pulled: what the guest has not flushed is lost. The case must say `.cuts_power = true`, for this has to be
 * prepared. Then the same disk is booted: true when it is back; how much was lost is noted. */
void host_power_cut(struct host_trial *t) NONNULL(1);
bool host_power_on(struct host_trial *t, unsigned seconds) NONNULL(1);
/* Between the two: the machine comes back with the CPUs and the memory of that size, which is otherwise its own. */
void host_resize(struct host_trial *t, const struct size *size) NONNULL(1, 2);
/* A new disk over the machine's image, for the next host_boot_anew of the trial. Gives its descriptor, which is the trial's:
 * what is written to that qcow2 the machine will find. */
int host_make_disk(struct host_trial *t) NONNULL(1);
bool host_has_disk(const struct host_trial *t) NONNULL(1); /* one was made */
/* Ends the machine and boots another of its make from the image, under that firmware. Its files lie in `folder`, which is made
 * if need be. True when its agent is there within `seconds`: then all that is
 * said here of the machine holds for that one. */
bool host_boot_anew(struct host_trial *t, enum firmware firmware, const char *folder,
		    unsigned seconds) NONNULL(1, 3);
/* What the last of these boots was like; zero before. The console tail is borrowed. */
const struct boot_report *host_boot_report(struct host_trial *t) NONNULL(1);

bool host_is_alive(struct host_trial *t) NONNULL(1);
void host_sleep(struct host_trial *t, unsigned milliseconds) NONNULL(1);

/* The serial console: everything since the case began (or host_console_forget), typing, waiting for words. */
const char *host_console(struct host_trial *t) NONNULL(1);
const char *host_console_whole(struct host_trial *t)
	NONNULL(1); /* since power-on, as far as it is kept */
void host_console_forget(struct host_trial *t) NONNULL(1);
void host_console_type(struct host_trial *t, const char *keys) NONNULL(1, 2);
bool host_console_wait(struct host_trial *t, const char *needle, unsigned seconds) NONNULL(1, 2);
/* The index of the first of several, NULL-terminated, that is said; -1: none of them. */
int host_console_wait_any(struct host_trial *t, const char *const *needles, unsigned seconds)
	NONNULL(1, 2);

/* A fault that the console shows while a case runs fails it. Those that it provokes it has to expect: of the whole case by
 * `.expects = "kernel-panic"`, of what follows by this. Names of runbooks/patterns.yaml, comma-separated; NULL: none any more. */
void host_expect(struct host_trial *t, const char *names) NONNULL(1);

/* For what has no helper: the machine itself and the patience of the case. */
struct machine *host_machine(struct host_trial *t) NONNULL(1);
const struct patience *host_patience(struct host_trial *t) NONNULL(1);

/* Memory of the trial, zeroed. */
void *host_alloc(struct host_trial *t, size_t size) __attribute__((returns_nonnull)) NONNULL(1);
const char *host_format(struct host_trial *t, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);

/* ---- for the engine and the catalogue ---- */

/* All registered host cases, sorted by id; info.sabotage tells of HOST_SABOTAGE too. */
const struct host_case_def *const *host_cases_all(size_t *ret_count) NONNULL(1);
const struct host_case_def *host_cases_find(const char *id) NONNULL(1);

/* Executes one on a machine (which it may end) and fills the result. Returns 0, or a negative errno (blame host, user or
 * bug) when no outcome could be had. */
int host_case_run(const struct host_case_def *def, struct machine *machine, unsigned flags,
		  const char *parameters, const struct patience *p, struct result *result,
		  struct err *e) NONNULL(1, 2, 5, 6, 7);

/* The same for a case that is a program (info->program). */
int host_program_run(const struct case_info *info, struct machine *machine, unsigned flags,
		     const char *parameters, const struct patience *p, struct result *result,
		     struct err *e) NONNULL(1, 2, 5, 6, 7);

#endif
