/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts of a runbook: whether their QEMUs are here, and have the machines that they name. */
#include <stdio.h>
#include <string.h>

#include "host/cli/execute_book.h"
#include "host/driver/qemu/choices.h"
#include "host/driver/qemu/version.h"
#include "host/runbook/include.h"

#define HOST_SPAN_NS (60 * NS_PER_S)

/* All about one QEMU program, asked once. */
struct asked_qemu {
	const char *program; /* NULL: the usual one */
	char version[64];
	struct qemu_choices choices;
	struct err refused; /* code 0: it answers */
};
DEFINE_VEC(asked_qemus, struct asked_qemu *);

struct finding_hosts {
	const struct runbook *runbook;
	struct asked_qemus asked;
	struct text *problems;
	unsigned count;
};

static void PRINTF(3, 4)
	complain(struct finding_hosts *finding, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(finding->problems, finding->runbook->path, place, format, args);
	va_end(args);
	finding->count++;
}

static struct asked_qemu *ask_qemu(struct finding_hosts *finding, const char *program)
{
	struct patience p = patience_for(-1, HOST_SPAN_NS);

	vec_each (&finding->asked, it)
		if (strcmp((*it)->program ? (*it)->program : "", program ? program : "") == 0)
			return *it;
	struct asked_qemu *asked = xnew(sizeof *asked);
	*asked = (struct asked_qemu){.program = program, .choices = QEMU_CHOICES_INIT};
	if (qemu_version(program, &p, asked->version, &asked->refused) == 0)
		(void)qemu_choices_ask(program, &p, &asked->choices, &asked->refused);
	if (!vec_add(&finding->asked, asked))
		abort(); /* there are no more than hosts */
	return asked;
}

static void find_machine(struct finding_hosts *finding, const struct asked_qemu *asked,
			 const struct yaml_text *wanted, struct book_host *ret)
{
	const struct qemu_machine *machine = qemu_choices_machine(&asked->choices, wanted->text);
	const char *near = qemu_choices_nearest_machine(&asked->choices, wanted->text);

	if (machine && machine->is_pc)
		(void)snprintf(ret->machine, sizeof ret->machine, "%s",
			       machine->stands_for[0] ? machine->stands_for : machine->name);
	else if (machine)
		complain(
			finding, wanted->place,
			"`machine`: '%s' is neither of the q35 nor of the pc family, the only ones "
			"of which machines are made",
			wanted->text);
	else
		complain(finding, wanted->place,
			 "`machine`: QEMU %s has no machine type '%s'%s%s%s", asked->version,
			 wanted->text, near ? "; did you mean '" : "; `-machine help` tells all",
			 near ? near : "", near ? "'?" : "");
}

static void check_cpu(struct finding_hosts *finding, const struct asked_qemu *asked,
		      const struct yaml_text *wanted)
{
	const char *near = qemu_choices_nearest_cpu(&asked->choices, wanted->text);

	if (!qemu_choices_has_cpu(&asked->choices, wanted->text))
		complain(finding, wanted->place, "`cpu`: QEMU %s has no CPU model '%s'%s%s%s",
			 asked->version, wanted->text,
			 near ? "; did you mean '" : "; `-cpu help` tells all", near ? near : "",
			 near ? "'?" : "");
}

/* As paths of images: beside the file in which it stands. A name alone is looked for in PATH. */
static char *program_of(const struct runbook *runbook, const struct yaml_text *qemu)
{
	if (!qemu->text || strcmp(qemu->text, QEMU_PROGRAM) == 0)
		return NULL;
	if (!strchr(qemu->text, '/'))
		return xstrdup(qemu->text);
	CLEAN_FREE char *beside =
		include_beside(qemu->place.path ? qemu->place.path : runbook->path, qemu->text);
	/* Absolute: the run may be gone on with from another folder. */
	char *real = realpath(beside, NULL);
	return real ? real : STEAL_PTR(beside);
}

static void find_host(struct finding_hosts *finding, const struct runbook_host *host,
		      struct book_host *ret)
{
	/* Of a program that is not known, nothing; of all else what is well. */
	if (host->qemu.is_wrong)
		return;
	ret->qemu = program_of(finding->runbook, &host->qemu);
	if (!ret->qemu && !host->machine.text && !host->cpu.text)
		return;
	const struct asked_qemu *asked = ask_qemu(finding, ret->qemu);
	if (asked->refused.code != 0) {
		/* That the usual one is not there is told where it is wanted, with what to install. */
		if (ret->qemu)
			complain(finding, host->qemu.place, "`qemu`: %s", asked->refused.text);
		return;
	}
	(void)snprintf(ret->version, sizeof ret->version, "%s", asked->version);
	if (yaml_text_is_well(&host->machine))
		find_machine(finding, asked, &host->machine, ret);
	if (yaml_text_is_well(&host->cpu))
		check_cpu(finding, asked, &host->cpu);
}

unsigned book_find_hosts(struct execution_book *book, struct text *problems)
{
	const struct runbook_hosts *hosts = &book->runbook->hosts;
	struct finding_hosts finding = {.runbook = book->runbook,
					.asked = VEC_INIT(RUNBOOK_ITEMS_MAX),
					.problems = problems};

	book->hosts = xnew((hosts->count + 1) * sizeof *book->hosts);
	for (size_t i = 0; i < hosts->count; i++)
		find_host(&finding, &hosts->items[i], &book->hosts[i]);
	vec_each (&finding.asked, asked) {
		qemu_choices_done(&(*asked)->choices);
		free(*asked);
	}
	vec_done(&finding.asked);
	return finding.count;
}

void book_hosts_free(struct execution_book *book)
{
	for (size_t i = 0; book->hosts && i < book->runbook->hosts.count; i++)
		free(book->hosts[i].qemu);
	free(book->hosts);
}
