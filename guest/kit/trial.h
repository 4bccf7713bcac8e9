/* SPDX-License-Identifier: Apache-2.0 */
/* Running a case body in this process: for the agent's runner and for the offline audit. Case authors use case.h. */
#ifndef ASSAY_KIT_TRIAL_H
#define ASSAY_KIT_TRIAL_H

#include "guest/kit/case.h"
#include "guest/kit/tree.h"
#include "wire/result.h"

struct sabotage_def;

/* All registered cases, sorted by id; `ret_count` of them. The pointers live as long as the program. */
const struct case_def *const *cases_all(size_t *ret_count) NONNULL(1);
const struct case_def *cases_find(const char *id) NONNULL(1);
/* The sabotage function of a case, NULL when it has none. */
const struct sabotage_def *case_sabotage_def(const struct case_def *def) NONNULL(1);

/* Adds a line for each slip in the registration: an id used twice, a sabotage without its case. Nothing: all is well. */
void cases_problems(struct text *out) NONNULL(1);

/* Adds the catalogue as JSON: {"cases":[{id,area,name,title,kind,priority,isolation,needs,timeout_s,why,remedy,fixes,sources,
 * sabotage:{kind,text,argument,path}}…]}. The docs and `assay list` come from this. */
void cases_json(struct text *out) NONNULL(1);

struct trial_setup {
	const struct case_def *def;
	struct tree *tree;
	const char *parameters; /* "key=value\n"…, what the plan promised */
	bool sabotage;	     /* run the sabotage function first; for a case without one: broken */
	bool private_mounts; /* the process is in a mount namespace of its own: sabotage may bind-mount */
	/* Each failed check and note as it happens (may be NULL). */
	void (*on_check)(void *arg, const struct check_record *check);
	void (*on_note)(void *arg, const char *text);
	void *arg;
};

/* Executes body (and sabotage) here and now; fills outcome, message, check, counts, duration; appends notes and further
 * failed checks to the evidence. A crash is not caught: whoever wants that forks. */
void trial_execute(const struct trial_setup *setup, struct result *result) NONNULL(1, 2);

#endif
