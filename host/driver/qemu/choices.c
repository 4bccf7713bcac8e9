/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a QEMU what it offers. */
#include "host/driver/qemu/choices.h"

#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/option.h"
#include "host/driver/qemu/version.h"

#define ASK_SPAN_NS (20 * NS_PER_S)

void qemu_choices_done(struct qemu_choices *choices)
{
	vec_each (&choices->cpus, cpu)
		free(*cpu);
	vec_done(&choices->cpus);
	vec_done(&choices->machines);
}

/* ---- reading ---- */

/* The length of a name that stands there, 0: none does that could be one. */
static size_t name_length(const char *at)
{
	size_t length = strcspn(at, " \t\r\n");

	return length < QEMU_CHOICE_SIZE ? length : 0;
}

/* "(alias of pc-q35-7.2)" */
static void read_alias(const char *line, size_t length, struct qemu_machine *machine)
{
	static const char words[] = "(alias of ";
	const char *at = memmem(line, length, words, strlen(words));

	if (!at)
		return;
	at += strlen(words);
	size_t name = strcspn(at, ")\n");
	if (name < sizeof machine->stands_for)
		(void)snprintf(machine->stands_for, sizeof machine->stands_for, "%.*s", (int)name,
			       at);
}

/* "q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)" */
static void read_machine(struct qemu_choices *choices, const char *line, size_t length)
{
	struct qemu_machine machine = {0};
	size_t name = name_length(line);

	if (name == 0 || name >= length || line[name] != ' ')
		return;
	(void)snprintf(machine.name, sizeof machine.name, "%.*s", (int)name, line);
	read_alias(line, length, &machine);
	const char *type = machine.stands_for[0] ? machine.stands_for : machine.name;
	machine.is_pc = has_prefix(type, "pc-q35") || has_prefix(type, "pc-i440fx");
	(void)vec_add(&choices->machines, machine);
}

void qemu_choices_read_machines(struct qemu_choices *choices, const char *said)
{
	for (size_t length; *said; said += length + (said[length] == '\n')) {
		length = strcspn(said, "\n");
		if (!has_prefix(said, "Supported machines"))
			read_machine(choices, said, length);
	}
}

/* "x86 Broadwell             (alias configured by machine type)"; newer ones leave out what they are all for. */
void qemu_choices_read_cpus(struct qemu_choices *choices, const char *said)
{
	const char *end = strstr(said, "\n\n"); /* what follows are flags */

	for (size_t length; *said && (!end || said < end);
	     said += length + (said[length] == '\n')) {
		length = strcspn(said, "\n");
		if (has_prefix(said, "Available CPUs"))
			continue;
		const char *at = said + strspn(said, " ");
		if (has_prefix(at, "x86 "))
			at += 4 + strspn(at + 4, " ");
		size_t name = name_length(at);
		char *copy = name > 0 ? xasprintf("%.*s", (int)name, at) : NULL;
		if (copy && !vec_add(&choices->cpus, copy))
			free(copy);
	}
}

/* ---- asking ---- */

static int ask(const char *program, const char *of, const struct patience *p, struct text *said,
	       struct err *e)
{
	CLEAN_DONE(child_output)
	struct child_output out = CHILD_OUTPUT_INIT(QEMU_CHOICE_TEXT_MAX);
	const char *argv[] = {program ? program : QEMU_PROGRAM, of, "help", NULL};
	struct child_spec spec = {.argv = argv, .no_network = true, .limit_cpu_s = 30};
	struct patience span = patience_within(p, ASK_SPAN_NS);
	int r = child_run_ok(&spec, &span, &out, e);

	if (r == 0)
		(void)text_adds(said, out.stdout_text.buf);
	return r;
}

int qemu_choices_ask(const char *program, const struct patience *p, struct qemu_choices *choices,
		     struct err *e)
{
	CLEAN_TEXT struct text machines = TEXT_INIT(QEMU_CHOICE_TEXT_MAX);
	CLEAN_TEXT struct text cpus = TEXT_INIT(QEMU_CHOICE_TEXT_MAX);
	int r = ask(program, "-machine", p, &machines, e);

	if (r == 0)
		r = ask(program, "-cpu", p, &cpus, e);
	if (r < 0)
		return r;
	qemu_choices_read_machines(choices, machines.buf);
	qemu_choices_read_cpus(choices, cpus.buf);
	if (choices->machines.count > 0 && choices->cpus.count > 0)
		return 0;
	return err_set(e, BLAME_HOST, EINVAL, "%s does not tell which machines it has",
		       program ? program : QEMU_PROGRAM);
}

/* ---- finding ---- */

const struct qemu_machine *qemu_choices_machine(const struct qemu_choices *choices,
						const char *name)
{
	vec_each (&choices->machines, machine)
		if (strcmp(machine->name, name) == 0)
			return machine;
	return NULL;
}

bool qemu_choices_has_cpu(const struct qemu_choices *choices, const char *model)
{
	vec_each (&choices->cpus, cpu)
		if (strcmp(*cpu, model) == 0)
			return true;
	return false;
}

const char *qemu_choices_nearest_machine(const struct qemu_choices *choices, const char *name)
{
	CLEAN_FREE const char **words = xnew((choices->machines.count + 1) * sizeof *words);
	size_t count = 0;

	vec_each (&choices->machines, machine)
		if (machine->is_pc)
			words[count++] = machine->name;
	return nearest_word(name, words);
}

const char *qemu_choices_nearest_cpu(const struct qemu_choices *choices, const char *model)
{
	CLEAN_FREE const char **words = xnew((choices->cpus.count + 1) * sizeof *words);
	size_t count = 0;

	vec_each (&choices->cpus, cpu)
		words[count++] = *cpu;
	return nearest_word(model, words);
}
