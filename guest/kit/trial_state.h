/* SPDX-License-Identifier: Apache-2.0 */
/* What a trial is inside; for the kit's own files, never for cases. */
#ifndef ASSAY_KIT_TRIAL_STATE_H
#define ASSAY_KIT_TRIAL_STATE_H

#include <setjmp.h>

#include "guest/kit/trial.h"

#define TRIAL_MEMORY_MAX (64U << 20)

/* A piece of the trial's memory; small allocations share one. */
struct arena_piece {
	struct arena_piece *next;
	size_t used, room;
	_Alignas(max_align_t) char bytes[];
};

struct deferred {
	struct deferred *next; /* the one registered before */
	void (*fn)(void *arg);
	void *arg;
};

enum trial_phase { TRIAL_SABOTAGE, TRIAL_BODY, TRIAL_END };

struct trial {
	const struct trial_setup *setup;
	struct result *result;
	struct tree *tree;
	enum trial_phase phase;
	const char *row; /* the running table row's name, "" without a table */
	jmp_buf leave; /* where REQUIRE and its kin jump to: the end of the sabotage, row or body */
	struct arena_piece *arena;
	size_t arena_total;
	struct deferred *deferred;
	struct text scratch; /* what files are read into before they are copied to the arena */
	bool broken;	     /* message and check are those of what broke */
	bool skipped;
	unsigned rows_skipped;
	uint64_t mirrors
		[16]; /* devices of the folders that sabotage has mirrored (see sabotage.c) */
	unsigned mirror_count;
};

/* Leaves the running phase; never returns. */
_Noreturn void trial_leave(struct trial *t);

#endif
