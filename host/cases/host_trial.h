/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct host_trial, for the framework's own files; cases do not include it. */
#ifndef ASSAY_HOST_CASES_HOST_TRIAL_H
#define ASSAY_HOST_CASES_HOST_TRIAL_H

#include <setjmp.h>

#include "host/cases/host_case.h"
#include "host/cases/host_expect.h"
#include "host/cases/host_root.h"
#include "host/cases/host_side.h"
#include "wire/need.h"

#define HOST_FILES_MAX 16
#define HOST_REPLY_MAX (4U << 20) /* the most that one answer of the guest may take */

struct host_block {
	struct host_block *next;
	_Alignas(16) char bytes[];
};

struct host_trial {
	const struct case_info *info;
	struct machine *machine;	/* borrowed, but for `own` */
	struct machine *own;		/* from host_boot_anew, NULL: none */
	struct pair *pair;		/* from host_pair.h, NULL: none */
	const char *instance_facts;	/* from host_instance.h, NULL: not asked for yet */
	int instance_lock;		/* while another instance is asked; <= 0: none */
	struct host_attendee *attendee; /* NULL: it runs alone */
	const char *parameters;
	struct patience patience;
	struct result *result;
	bool in_sabotage;
	const struct case_sabotage *planted; /* for machines that are ordered, NULL: nothing */
	void (*plant_later)(struct host_trial *t);
	void (*plant_at_reboot)(struct host_trial *t);
	unsigned orders;
	uint64_t console_mark;
	uint64_t watch_mark;  /* what the console said before it was looked at for faults */
	uint64_t second_mark; /* the same of host_pair.h's second machine */
	struct expectations expected;
	char fault[512];	 /* the first that the case did not expect, "" none */
	struct boot_report boot; /* of the last reboot or power-on */
	const char *side; /* the folder of what is planted on the host's side, NULL: nothing is */
	host_adjtimex_fn *adjtimex; /* NULL: the C library's */
	struct child left;	    /* what a sabotage leaves running; ends with the trial */
	struct machine *second;	    /* from host_second, NULL: none */
	struct host_root root;
	struct host_block *memory;
	size_t memory_used;
	const char *
		files[HOST_FILES_MAX]; /* of devices that were plugged in: they go with the trial */
	unsigned file_count;
	int disk_fd;	     /* from host_make_disk; 0: none */
	int channel_fd;	     /* from channel_open; 0: none */
	struct text scratch; /* for one answer at a time; here, so that longjmp leaks nothing */
	struct err error;    /* why no outcome could be had */
	jmp_buf out;
};

/* Gives a terminated copy that belongs to the trial. */
const char *host_keep(struct host_trial *t, const char *bytes, size_t length) NONNULL(1, 2);

/* As host_case_run, in company. */
int host_case_attend(const struct host_case_def *def, struct machine *machine,
		     struct host_attendee *attendee, const char *parameters,
		     const struct patience *p, struct result *result, struct err *e)
	NONNULL(1, 2, 3, 5, 6, 7);

/* What became of a step of a machine: true when it was done. The host's faults and a cancel end the case without an outcome;
 * what the guest does not do is for the case to judge, and noted. */
bool host_step_done(struct host_trial *t, int r, const struct err *e) NONNULL(1, 3);
/* Ends the case as broken when it does not say .boots_again: suites tell by it which cases take long. */
void host_require_word_of_boot(struct host_trial *t) NONNULL(1);

/* Another copy of the template takes the machine's place, one that has NICs for cables (host/machine/cables.h). False: there is
 * none, and the machine is what it was. */
bool host_fork_cabled(struct host_trial *t, unsigned cables, unsigned seconds) NONNULL(1);

/* Notes how much the power cut has lost, if that is known by now. */
void host_note_loss(struct host_trial *t) NONNULL(1);

/* host_pair.c: the second machine goes, with the cables; their evidence stays when the result has to be explained. */
void host_pair_release(struct host_trial *t) NONNULL(1);
/* NULL: there is none. */
struct machine *host_pair_second(struct host_trial *t) NONNULL(1);
/* False when what lies between the two machines has ended: then t->error tells. */
bool host_pair_is_whole(struct host_trial *t) NONNULL(1);

/* host_instance.c: lets go of what only one trial at a time may do. */
void host_instance_release(struct host_trial *t) NONNULL(1);

/* Ends the case with what t->result says. */
void host_leave_decided(struct host_trial *t) __attribute__((noreturn)) NONNULL(1);

/* Ends the case without an outcome, because of t->error. */
void host_leave_by_error(struct host_trial *t) __attribute__((noreturn)) NONNULL(1);
/* The same, because of that one. */
void host_leave_with(struct host_trial *t, const struct err *e) __attribute__((noreturn))
NONNULL(1, 2);

/* From here on the console's faults are the case's. */
void host_watch_console(struct host_trial *t) NONNULL(1);
/* Looks for faults on the console of the machine at hand since it was looked at last. */
void host_look_for_faults(struct host_trial *t) NONNULL(1);

#endif
