/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What machines a QEMU offers: its machine types and CPU models, as it tells them itself.
 *
 *	CLEAN_DONE(qemu_choices) struct qemu_choices choices = QEMU_CHOICES_INIT;
 *	r = qemu_choices_ask("/opt/qemu/bin/qemu-system-x86_64", &patience, &choices, e);
 *	type = qemu_choices_find(&choices, "q35");      ("pc-q35-7.2")
 */
#ifndef ASSAY_HOST_DRIVER_QEMU_CHOICES_H
#define ASSAY_HOST_DRIVER_QEMU_CHOICES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/vec.h"
#include "base/wait.h"

#define QEMU_CHOICES_MAX     2000
#define QEMU_CHOICE_SIZE     64
#define QEMU_CHOICE_TEXT_MAX (256U << 10) /* of what it says */

/* A machine type. */
struct qemu_machine {
	char name[QEMU_CHOICE_SIZE];
	char stands_for
		[QEMU_CHOICE_SIZE]; /* an alias: the type that it is of this version; else "" */
	bool is_pc;		    /* of the i440FX or the Q35 family: what this driver makes */
};
DEFINE_VEC(qemu_machines, struct qemu_machine);
DEFINE_VEC(qemu_cpus, char *);

struct qemu_choices {
	struct qemu_machines machines;
	struct qemu_cpus cpus;
};
#define QEMU_CHOICES_INIT                                                                          \
	{                                                                                          \
		.machines = VEC_INIT(QEMU_CHOICES_MAX), .cpus = VEC_INIT(QEMU_CHOICES_MAX)         \
	}
void qemu_choices_done(struct qemu_choices *choices) NONNULL(1);
DEFINE_CLEAN_DONE(qemu_choices);

/* Asks the program (NULL: the usual QEMU). Blame host where it cannot be run, or says nothing of the kind. */
int qemu_choices_ask(const char *program, const struct patience *p, struct qemu_choices *choices,
		     struct err *e) NONNULL(2, 3, 4);

/* What `-machine help` and `-cpu help` say; lines that are no choices are passed over. */
void qemu_choices_read_machines(struct qemu_choices *choices, const char *said) NONNULL(1, 2);
void qemu_choices_read_cpus(struct qemu_choices *choices, const char *said) NONNULL(1, 2);

/* NULL: there is none of that name. */
const struct qemu_machine *qemu_choices_machine(const struct qemu_choices *choices,
						const char *name) NONNULL(1, 2);
bool qemu_choices_has_cpu(const struct qemu_choices *choices, const char *model) NONNULL(1, 2);

/* The nearest one that can be used; NULL: none is near. */
const char *qemu_choices_nearest_machine(const struct qemu_choices *choices, const char *name)
	NONNULL(1, 2);
const char *qemu_choices_nearest_cpu(const struct qemu_choices *choices, const char *model)
	NONNULL(1, 2);

#endif
