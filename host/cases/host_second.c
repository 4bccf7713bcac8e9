/* SPDX-License-Identifier: Apache-2.0 */
/* A second copy of the same template. */
#include "host/cases/host_second.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cases/host_trial.h"

#define FORK_SPAN_NS (120 * NS_PER_S)

struct machine *host_second(struct host_trial *t)
{
	const char *template = machine_template(t->machine);
	struct patience p = patience_within(&t->patience, FORK_SPAN_NS);
	struct machine_spec *spec;
	struct err e = {0};

	if (t->second)
		return t->second;
	if (!template)
		host_skip(t, "template", "the machine is no copy: it was booted");
	spec = host_alloc(t, sizeof *spec); /* the VM borrows it */
	*spec = *machine_spec(t->machine);
	spec->folder = host_format(t, "%s/second", spec->folder);
	if (mkdir(spec->folder, 0755) < 0)
		host_broken(t, "make the folder %s: %m", spec->folder);
	if (template_fork(template, spec, &p, &t->second, &e) < 0)
		host_leave_with(t, &e);
	return t->second;
}

const char *host_ask_of(struct host_trial *t, struct machine *machine, const char *verb,
			const char *argument)
{
	const char *arguments[] = {argument, NULL};
	struct err e = {0};
	int code = 0;

	text_clear(&t->scratch);
	if (machine_call(machine, &t->patience, verb, arguments, &t->scratch, &code, &e) < 0)
		host_leave_with(t, &e);
	if (code != 0)
		return host_format(t, "error %d", code);
	return host_keep(t, t->scratch.buf, t->scratch.length);
}

/* Without an outcome of this case's own, when there is none of that one. */
static enum outcome run_info(struct host_trial *t, struct machine *machine,
			     const struct case_info *info, const char *parameters,
			     const char **ret_message)
{
	struct result *result = host_alloc(t, sizeof *result);
	struct err e = {0};
	char id[CASE_ID_SIZE];

	result_init(result, case_id(info, id));
	int r = machine_run_case(machine, info, 0, parameters, &t->patience, result, &e);
	enum outcome outcome = result->outcome;
	*ret_message = result->message; /* the trial's */
	result_done(result);
	if (r < 0)
		host_leave_with(t, &e);
	if (result->message[0])
		host_note(t, "%s: %s: %s", id, outcome_name(outcome), result->message);
	return outcome;
}

enum outcome host_run_case(struct host_trial *t, struct machine *machine, const char *area,
			   const char *name)
{
	const struct case_info info = {.area = area, .name = name, .kind = CASE_KIND_GUEST};
	const char *message;

	return run_info(t, machine, &info, t->parameters, &message);
}

enum outcome host_run_info(struct host_trial *t, struct machine *machine,
			   const struct case_info *info, const char *parameters,
			   const char **ret_message)
{
	enum outcome outcome = run_info(t, machine, info, parameters, ret_message);
	struct err e = {0};

	if (outcome != OUTCOME_INFRA)
		return outcome;
	(void)err_set(&e, BLAME_HOST, EIO, "%s", *ret_message);
	host_leave_with(t, &e);
}

/* What the console of a copy that did well said is of no use to anybody. */
void host_second_done(struct host_trial *t)
{
	if (!t->second)
		return;
	const char *folder = machine_spec(t->second)->folder;
	CLEAN_FREE char *console = xstrdup(machine_console_path(t->second));
	machine_free(STEAL_PTR(t->second));
	if (t->result->outcome == OUTCOME_PASS)
		(void)unlink(console);
	(void)rmdir(folder);
}
