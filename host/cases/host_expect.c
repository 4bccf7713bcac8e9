/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on the console that a host case expects, and those that it does not. */
#include "host/cases/host_expect.h"

#include <stdio.h>

#include "host/cases/host_trial.h"

bool expectations_open(struct expectations *x, const char *names, uint64_t mark)
{
	expectations_close(x, mark);
	if (x->count == HOST_SPANS_MAX)
		return false;
	x->spans[x->count++] = (struct host_span){.names = names, .from = mark, .to = UINT64_MAX};
	return true;
}

void expectations_close(struct expectations *x, uint64_t mark)
{
	if (x->count > 0 && x->spans[x->count - 1].to == UINT64_MAX)
		x->spans[x->count - 1].to = mark;
}

bool expectations_cover(const struct expectations *x, const char *names, const char *pattern,
			uint64_t mark)
{
	if (case_expects(names, pattern))
		return true;
	for (size_t i = 0; i < x->count; i++) {
		const struct host_span *span = &x->spans[i];
		if (mark > span->from && mark <= span->to && case_expects(span->names, pattern))
			return true;
	}
	return false;
}

static void must_be_known(struct host_trial *t, const char *names)
{
	struct err e = {0};

	if (machine_check_expected(names, &e) < 0)
		host_broken(t, "%s", e.text);
}

void host_expect(struct host_trial *t, const char *names)
{
	uint64_t mark = machine_console_mark(t->machine);

	must_be_known(t, names);
	if (!names)
		expectations_close(&t->expected, mark);
	else if (!expectations_open(&t->expected, names, mark))
		host_broken(t, "the case has more than %d spans with expected lines",
			    HOST_SPANS_MAX);
}

void host_watch_console(struct host_trial *t)
{
	must_be_known(t, t->info->expects);
	t->expected = (struct expectations){.count = 0};
	t->watch_mark = machine_console_mark(t->machine);
	if (host_pair_second(t))
		t->second_mark = machine_console_mark(host_pair_second(t));
}

static void take_fault(struct host_trial *t, const char *where, const struct machine_fault *fault)
{
	host_note(t, "on the console, %s%s: %s", where, fault->meaning, fault->line);
	/* A host that is too busy makes such lines too, and reboots take long here: they decide nothing. */
	if (!fault->is_doubtful && !t->fault[0])
		(void)snprintf(t->fault, sizeof t->fault, "%s%s: %s", where, fault->meaning,
			       fault->line);
}

void host_look_for_faults(struct host_trial *t)
{
	struct machine *second = host_pair_second(t);
	struct machine_fault fault;

	for (; machine_fault_after(t->machine, t->watch_mark, &fault); t->watch_mark = fault.mark)
		if (!expectations_cover(&t->expected, t->info->expects, fault.pattern, fault.mark))
			take_fault(t, "", &fault);
	/* host_expect's spans are of the first one's console. */
	for (; second && machine_fault_after(second, t->second_mark, &fault);
	     t->second_mark = fault.mark)
		if (!case_expects(t->info->expects, fault.pattern))
			take_fault(t, "on the second machine, ", &fault);
}
