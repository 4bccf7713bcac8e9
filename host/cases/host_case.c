/* SPDX-License-Identifier: Apache-2.0 */
/* Running host cases: registration, checks, and the decision. */
#include "host/cases/host_case.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "host/cases/host_meeting.h"
#include "host/cases/host_program.h"
#include "host/cases/host_second.h"
#include "host/cases/host_trial.h"
#include "wire/frame.h"

/* Weak: a program without host cases has no such sections. */
extern const struct host_case_def *const __start_assay_host_cases[] __attribute__((weak));
extern const struct host_case_def *const __stop_assay_host_cases[] __attribute__((weak));
extern const struct host_sabotage_def *const __start_assay_host_sabotages[] __attribute__((weak));
extern const struct host_sabotage_def *const __stop_assay_host_sabotages[] __attribute__((weak));

#define TRIAL_MEMORY_MAX (64U << 20)

/* ---- registration ---- */

static struct registry {
	pthread_once_t once;
	struct host_case_def *defs; /* copies, with the sabotage of HOST_SABOTAGE filled in */
	const struct host_case_def **sorted;
	size_t count;
} registry = {.once = PTHREAD_ONCE_INIT};

static const struct host_sabotage_def *find_sabotage(const struct case_info *info)
{
	for (const struct host_sabotage_def *const *def = __start_assay_host_sabotages;
	     def < __stop_assay_host_sabotages; def++)
		if (strcmp((*def)->area, info->area) == 0 && strcmp((*def)->name, info->name) == 0)
			return *def;
	return NULL;
}

static int compare_defs(const void *a, const void *b)
{
	const struct host_case_def *const *x = a, *const *y = b;
	int order = strcmp((*x)->info.area, (*y)->info.area);

	return order ? order : strcmp((*x)->info.name, (*y)->info.name);
}

static void registry_fill(void)
{
	size_t count = (size_t)(__stop_assay_host_cases - __start_assay_host_cases);

	registry.defs = xnew((count + 1) * sizeof *registry.defs);
	registry.sorted = xnew((count + 1) * sizeof *registry.sorted);
	registry.count = count;
	for (size_t i = 0; i < count; i++) {
		struct host_case_def *def = &registry.defs[i];
		*def = *__start_assay_host_cases[i];
		const struct host_sabotage_def *sabotage = find_sabotage(&def->info);
		if (sabotage)
			def->info.sabotage = (struct case_sabotage){.kind = SABOTAGE_CODE,
								    .text = sabotage->text};
		registry.sorted[i] = def;
	}
	if (count > 0)
		qsort(registry.sorted, count, sizeof *registry.sorted, compare_defs);
}

const struct host_case_def *const *host_cases_all(size_t *ret_count)
{
	pthread_once(&registry.once, registry_fill);
	*ret_count = registry.count;
	return registry.sorted;
}

const struct host_case_def *host_cases_find(const char *id)
{
	size_t count;
	const struct host_case_def *const *all = host_cases_all(&count);

	for (size_t i = 0; i < count; i++) {
		char own[CASE_ID_SIZE];
		if (strcmp(case_id(&all[i]->info, own), id) == 0)
			return all[i];
	}
	return NULL;
}

/* ---- the trial's memory ---- */

void *host_alloc(struct host_trial *t, size_t size)
{
	if (size > TRIAL_MEMORY_MAX - t->memory_used)
		host_broken(t, "the case asks for more than %u MiB of memory",
			    TRIAL_MEMORY_MAX >> 20);
	struct host_block *block = xnew(sizeof *block + size);
	block->next = t->memory;
	t->memory = block;
	t->memory_used += size;
	return block->bytes;
}

const char *host_keep(struct host_trial *t, const char *bytes, size_t length)
{
	char *copy = host_alloc(t, length + 1);

	memcpy(copy, bytes, length);
	return copy;
}

const char *host_format(struct host_trial *t, const char *format, ...)
{
	va_list args;
	struct text *text = &t->scratch;

	text_clear(text);
	va_start(args, format);
	(void)text_addv(text, format, args);
	va_end(args);
	return host_keep(t, text->buf, text->length);
}

static void release(struct host_trial *t)
{
	host_pair_release(t);
	host_instance_release(t);
	host_side_done(t);
	host_second_done(t);
	machine_free(t->own); /* they know their folders by the trial's memory */
	if (t->disk_fd > 0)
		close(t->disk_fd);
	if (t->channel_fd > 0)
		close(t->channel_fd);
	while (t->file_count > 0)
		(void)remove(t->files[--t->file_count]);
	while (t->memory) {
		struct host_block *next = t->memory->next;
		free(t->memory);
		t->memory = next;
	}
	text_done(&t->scratch);
	boot_report_done(&t->boot);
}

/* ---- ends ---- */

enum { LEFT_BY_REQUIRE = 1, LEFT_DECIDED, LEFT_BY_ERROR };

void host_skip(struct host_trial *t, const char *need, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(t->result->message, sizeof t->result->message, format, args);
	va_end(args);
	(void)snprintf(t->result->need, sizeof t->result->need, "%s", need);
	t->result->outcome = OUTCOME_SKIP;
	longjmp(t->out, LEFT_DECIDED);
}

void host_broken(struct host_trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(t->result->message, sizeof t->result->message, format, args);
	va_end(args);
	t->result->outcome = OUTCOME_BROKEN;
	longjmp(t->out, LEFT_DECIDED);
}

void host_leave_decided(struct host_trial *t)
{
	longjmp(t->out, LEFT_DECIDED);
}

void host_leave_by_error(struct host_trial *t)
{
	longjmp(t->out, LEFT_BY_ERROR);
}

void host_leave_with(struct host_trial *t, const struct err *e)
{
	t->error = *e;
	host_leave_by_error(t);
}

void host_note(struct host_trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)text_addv(&t->result->evidence, format, args);
	va_end(args);
	(void)text_adds(&t->result->evidence, "\n");
}

void host_measure(struct host_trial *t, const char *name, const char *unit,
		  enum measure_better better, double sample)
{
	if (t->in_sabotage || t->result->sabotaged)
		return;
	int r = measures_add(&t->result->measures, name, unit, better, sample);
	if (r < 0)
		host_broken(t, "it measures %s %g %s: %s", name, sample, unit,
			    r == -E2BIG ? "too many values, or too many samples"
					: "no such name, unit or number can be");
}

/* ---- checks ---- */

void host_check_passed(struct host_trial *t)
{
	if (!t->in_sabotage)
		t->result->checks_passed++;
}

static void record_failure(struct host_trial *t, const struct host_site *site, const char *got,
			   const char *want)
{
	struct check_record *check = &t->result->check;

	if (t->in_sabotage)
		host_broken(t, "the sabotage's own check does not hold: %s (%s:%u)",
			    site->expression, site->file, site->line);
	if (t->result->checks_failed++ == 0) {
		(void)snprintf(check->expression, sizeof check->expression, "%s", site->expression);
		(void)snprintf(check->got, sizeof check->got, "%s", got);
		(void)snprintf(check->want, sizeof check->want, "%s", want);
		(void)snprintf(check->file, sizeof check->file, "%s", site->file);
		check->line = site->line;
	} else {
		host_note(t, "also: %s: got %s, want %s (%s:%u)", site->expression, got, want,
			  site->file, site->line);
	}
	if (site->required)
		longjmp(t->out, LEFT_BY_REQUIRE);
}

static bool decide(struct host_trial *t, const struct host_site *site, bool ok, const char *got,
		   const char *want)
{
	if (ok)
		host_check_passed(t);
	else
		record_failure(t, site, got, want);
	return ok;
}

bool host_check_true(struct host_trial *t, const struct host_site *site, bool ok)
{
	return decide(t, site, ok, "false", "true");
}

static bool order_holds(int order, enum host_comparison how)
{
	switch (how) {
	case HOST_EQ:
		return order == 0;
	case HOST_NE:
		return order != 0;
	case HOST_LT:
		return order < 0;
	case HOST_LE:
		return order <= 0;
	case HOST_GT:
		return order > 0;
	case HOST_GE:
		return order >= 0;
	}
	return false;
}

static const char *const comparison_words[] = {
	[HOST_EQ] = "",		[HOST_NE] = "not ",	  [HOST_LT] = "less than ",
	[HOST_LE] = "at most ", [HOST_GT] = "more than ", [HOST_GE] = "at least ",
};

bool host_check_number(struct host_trial *t, const struct host_site *site, long long got,
		       enum host_comparison how, long long want)
{
	char got_text[32], want_text[64];

	(void)snprintf(got_text, sizeof got_text, "%lld", got);
	(void)snprintf(want_text, sizeof want_text, "%s%lld", comparison_words[how], want);
	return decide(t, site, order_holds((got > want) - (got < want), how), got_text, want_text);
}

bool host_check_text(struct host_trial *t, const struct host_site *site, const char *got,
		     enum host_comparison how, const char *want)
{
	bool ok = got && want ? order_holds(strcmp(got, want), how) : how == HOST_NE && got != want;
	CLEAN_FREE char *wanted =
		xasprintf("%s%.200s", comparison_words[how], want ? want : "nothing");
	char want_text[sizeof t->result->check.want];

	/* The failing check may leave by longjmp: nothing of the heap may be held there. */
	(void)snprintf(want_text, sizeof want_text, "%s", wanted);
	free(STEAL_PTR(wanted));
	return decide(t, site, ok, got ? got : "nothing", want_text);
}

bool host_check_contains(struct host_trial *t, const struct host_site *site, const char *text,
			 const char *needle, bool wanted)
{
	bool found = text && strstr(text, needle);
	char want_text[sizeof t->result->check.want];

	(void)snprintf(want_text, sizeof want_text, "something %s \"%.200s\"",
		       wanted ? "with" : "without", needle);
	return decide(t, site, text && found == wanted, text ? text : "nothing", want_text);
}

void host_check_failed(struct host_trial *t, const struct host_site *site, const char *format, ...)
{
	char got[sizeof t->result->check.got];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(got, sizeof got, format, args);
	va_end(args);
	record_failure(t, site, got, "");
}

/* ---- parameters ---- */

const char *host_plan_text(struct host_trial *t, const char *key, const char *fallback)
{
	size_t length = strlen(key);

	for (const char *at = t->parameters; at && *at; at += strspn(at, "\n")) {
		size_t line = strcspn(at, "\n");
		if (line > length && memcmp(at, key, length) == 0 && at[length] == '=')
			return host_keep(t, at + length + 1, line - length - 1);
		at += line;
	}
	return fallback;
}

long long host_plan_number(struct host_trial *t, const char *key, long long fallback)
{
	const char *text = host_plan_text(t, key, NULL);
	long long number = fallback;

	if (text)
		(void)number_parse(text, INT64_MIN, INT64_MAX, &number);
	return number;
}

/* ---- running ---- */

/* What the console says outweighs checks that held, and a need that the guest may have lacked only after that. */
static void judge_console(struct host_trial *t)
{
	struct result *result = t->result;

	host_look_for_faults(t);
	if (!t->fault[0] || (result->outcome != OUTCOME_PASS && result->outcome != OUTCOME_SKIP))
		return;
	result_set(result, OUTCOME_FAIL, "during the case, %.400s", t->fault);
	result->need[0] = '\0';
	result->is_fault = true;
}

static void run_sabotage(struct host_trial *t, const struct host_case_def *def)
{
	bool is_program = def->info.program && def->info.sabotage.kind == SABOTAGE_CODE;
	const struct host_sabotage_def *sabotage = is_program ? NULL : find_sabotage(&def->info);

	if (is_program)
		host_program_plant(t);
	else if (!sabotage && def->info.sabotage.kind == SABOTAGE_NONE)
		host_broken(t, "the case has no sabotage");
	if (!sabotage)
		return; /* it is built into the machine */
	t->in_sabotage = true;
	sabotage->body(t);
	t->in_sabotage = false;
}

static void decide_outcome(struct host_trial *t, unsigned limit_s)
{
	struct result *result = t->result;

	if (result->checks_failed > 0) {
		const struct check_record *check = &result->check;
		result_set(result, OUTCOME_FAIL, "%s: got %s%s%s", check->expression, check->got,
			   check->want[0] ? ", want " : "", check->want);
	} else if (patience_left_ns(&t->patience) == 0) {
		result_set(result, OUTCOME_BROKEN, "it did not end within %u s", limit_s);
	} else if (result->checks_passed == 0) {
		result_set(result, OUTCOME_BROKEN, "it checked nothing");
	} else {
		result_set(result, OUTCOME_PASS, "%s", "");
	}
}

/* The needs that only the guest can judge: the agent is asked, as for its own cases. */
static void judge_needs(struct host_trial *t, const struct case_info *info)
{
	struct need need;

	for (const char *at = info->needs; need_next(&at, &need);) {
		if (need_is_of_plan(&need))
			continue;
		int code = host_call(t, "need", need.text, NULL);
		if (code == ENOENT)
			host_skip(t, need.text, "%s", t->scratch.buf);
		if (code != 0)
			host_broken(
				t,
				"the guest cannot tell whether it has what the case needs (%s): error %d %s",
				need.text, code, t->scratch.buf);
	}
}

static void run_parts(struct host_trial *t, const struct host_case_def *def, unsigned flags)
{
	if (!(flags & RUN_NEEDS_KNOWN))
		judge_needs(t, &def->info);
	if (flags & RUN_SABOTAGE)
		run_sabotage(t, def);
	host_forget_events(t);
	host_console_forget(t);
	host_watch_console(t);
	def->body(t);
}

/* Everything between setjmp and longjmp lives in *t, so that nothing is clobbered. */
static int execute(struct host_trial *t, const struct host_case_def *def, unsigned flags)
{
	int left = setjmp(t->out);

	if (left == 0)
		run_parts(t, def, flags);
	return left;
}

/* Limits are written for hardware virtualisation. */
static unsigned slowness(const struct machine *machine)
{
	return machine_spec(machine)->accel == ACCEL_KVM ? 1 : 5;
}

/* `company` may be NULL. */
static int run(const struct host_case_def *def, struct machine *machine,
	       struct host_attendee *company, unsigned flags, const char *parameters,
	       const struct patience *p, struct result *result, struct err *e)
{
	unsigned limit_s = case_timeout_s(&def->info) * slowness(machine);
	uint64_t start_ns = clock_now_ns();
	struct host_trial *t = xnew(sizeof *t);

	/* While it stands still its time goes as well. */
	if (company)
		limit_s *= host_meeting_size(company);
	t->info = &def->info;
	t->machine = machine;
	t->attendee = company;
	t->parameters = parameters;
	t->left = (struct child)CHILD_INIT;
	t->patience = patience_within(p, limit_s * NS_PER_S);
	t->result = result;
	t->watch_mark = UINT64_MAX; /* nothing is the case's before it has begun */
	text_init(&t->scratch, HOST_REPLY_MAX);
	text_init(&t->boot.console_tail, 0);
	result->sabotaged = flags & RUN_SABOTAGE;
	int left = execute(t, def, flags);
	if ((left == 0 || left == LEFT_BY_REQUIRE) && !host_pair_is_whole(t))
		left = LEFT_BY_ERROR;
	if (left == 0 || left == LEFT_BY_REQUIRE)
		decide_outcome(t, limit_s);
	if (left != LEFT_BY_ERROR)
		judge_console(t);
	result->duration_ns = clock_now_ns() - start_ns;
	result->wall_ns = clock_wall_ns();
	if (left == LEFT_BY_ERROR)
		*e = t->error;
	release(t);
	free(t);
	return left == LEFT_BY_ERROR ? err_wrap(e, "%s.%s", def->info.area, def->info.name) : 0;
}

int host_case_run(const struct host_case_def *def, struct machine *machine, unsigned flags,
		  const char *parameters, const struct patience *p, struct result *result,
		  struct err *e)
{
	return run(def, machine, NULL, flags, parameters, p, result, e);
}

int host_case_attend(const struct host_case_def *def, struct machine *machine,
		     struct host_attendee *attendee, const char *parameters,
		     const struct patience *p, struct result *result, struct err *e)
{
	return run(def, machine, attendee, 0, parameters, p, result, e);
}

int host_program_run(const struct case_info *info, struct machine *machine, unsigned flags,
		     const char *parameters, const struct patience *p, struct result *result,
		     struct err *e)
{
	const struct host_case_def def = {
		.info = *info,
		.body = host_program_body,
		.file = info->program->folder,
	};

	return host_case_run(&def, machine, flags, parameters, p, result, e);
}
