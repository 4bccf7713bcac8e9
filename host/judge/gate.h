/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates: what a run has to show before its image ships, as a YAML file says it (assay-gate(5)). Reading one looks at no run.
 *
 *	CLEANUP(gate) struct gate *gate = NULL;
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (gate_read("gate.yaml", &gate, &problems) > 0)
 *		fputs(problems.buf, stderr);
 *	else
 *		judge_by(run, &(struct judge_inputs){.gate = gate, .now_ns = clock_wall_ns()}, &judgement);
 *
 * Texts and numbers keep their place; one whose place has line 0 is not in the file, and the comments say what that means.
 */
#ifndef ASSAY_HOST_JUDGE_GATE_H
#define ASSAY_HOST_JUDGE_GATE_H

#include "base/sha256.h"
#include "base/yaml.h"
#include "host/plan/constraint.h"
#include "host/store/run.h"

#define GATE_RULES_MAX	  1000
#define GATE_PATTERNS_MAX 1000
#define GATE_FILE_MAX	  (1U << 20)

/* What a reason does to the verdict. */
enum effect {
	EFFECT_BLOCK,
	EFFECT_UNDECIDED,
	EFFECT_TELL,
	EFFECT_NONE, /* it is no reason */
};
const char *effect_name(enum effect effect); /* "block", "undecided", "tell", "none" */

/* What a rule is about: gate_when_name() has the words. */
enum gate_when {
	WHEN_FAIL,
	WHEN_NEW_FAIL, /* and not in the baseline */
	WHEN_BROKEN,
	WHEN_INFRA,
	WHEN_HOLE,
	WHEN_SKIP,
	WHEN_NEW_SKIP,	    /* it was tried in the baseline */
	WHEN_VANISHED,	    /* it was selected in the baseline */
	WHEN_LEFT_OUT,	    /* a cell that the runbook asks for */
	WHEN_CARRIED,	    /* of a retest: it was run on an earlier image, and not on this one */
	WHEN_UNPROVEN,	    /* a case without a planted defect did not pass */
	WHEN_UNPROVEN_PASS, /* it passed: that says little */
	WHEN_VALUE,	    /* a measured value is worse than in the baseline */
	WHEN_COUNT,
};
const char *gate_when_name(enum gate_when when); /* "fail", "new-fail", … */

/* The first of the gate's rules that fits a finding says what it does; behind them come those that are built in. */
struct gate_rule {
	struct yaml_map map;
	struct yaml_number when; /* enum gate_when */
	struct yaml_texts cases; /* ids, areas, globs; with '!' in front: not these; none: all */
	struct yaml_number priority; /* enum case_priority: those as important; not there: all */
	struct yaml_text where;	     /* a constraint over the cell; not there: all */
	struct yaml_text need;	     /* a glob over the need that a skip names; not there: any */
	struct yaml_number
		above; /* fits when more than so many percent of the results are so; not there: always */
	struct yaml_number outcome;	     /* enum effect */
	struct constraint *where_constraint; /* bound; NULL: none */
};
DEFINE_YAML_ITEMS(gate_rules, struct gate_rule);

/* What has to be covered: for each image, firmware and size that it names. */
struct gate_cover {
	struct yaml_map map;
	struct yaml_texts cases; /* terms as in a runbook; none: whatever was selected */
	struct yaml_texts
		images; /* globs over name, system or SHA-256, each has to fit an image; none: every image of the run */
	struct yaml_texts
		kernels; /* globs over name, release or SHA-256, or "installed"; none: any will do. With them what has no image is one, "none". */
	struct yaml_texts firmwares; /* none: any will do */
	struct yaml_texts sizes;     /* globs over names, or constraints; none: any will do */
	struct yaml_text where;	     /* only cells of which this is true */
	struct yaml_number cells;    /* at least so many; not there: 1 */
	struct yaml_number
		passes; /* at least so many of the cases' results are passes; not there: 0 */
	struct yaml_number each;    /* every case passed in at least so many cells; not there: 0 */
	struct yaml_number proven;  /* 1: only what cases with a planted defect say counts */
	struct yaml_number outcome; /* enum effect; not there: undecided */
	struct constraint *where_constraint;
	struct constraint **size_constraints; /* by size; NULL: it is a glob */
};
DEFINE_YAML_ITEMS(gate_covers, struct gate_cover);

/* A hallmark that has to be there before it ships, of the same run by the same gate. */
struct gate_sign_off {
	struct yaml_text name;
	struct yaml_text key;	      /* the file of a public key */
	struct yaml_number within_ns; /* it is at most so old; not there: until it expires */
};
DEFINE_YAML_ITEMS(gate_sign_offs, struct gate_sign_off);

struct gate {
	char *path;
	char sha256[SHA256_SIZE]; /* of the file; host/hallmark/signer.h has it cover keys too */
	struct yaml_text title;
	struct gate_covers covers;
	struct gate_rules rules;
	struct yaml_map age_map;
	struct yaml_number age_ns;	/* a run is at most so old; not there: any age */
	struct yaml_number age_outcome; /* enum effect; not there: undecided */
	struct yaml_number
		baseline; /* 1: it may be missing, then everything is new; not there: 0 */
	struct yaml_texts
		waivers; /* files, beside the gate's; `waivers.place`: the file says which */
	struct yaml_texts
		signers; /* "sha256:…" or the file of a public key; none: anybody may sign */
	struct gate_sign_offs sign_offs;
	struct axes axes; /* what constraints are over */
};

/* Returns the number of problems, each a line in `problems`; *ret is set when there is none. */
unsigned gate_read(const char *path, struct gate **ret, struct text *problems) NONNULL(1, 2, 3);
/* The same from memory. */
unsigned gate_parse(const char *path, const char *bytes, size_t length, struct gate **ret,
		    struct text *problems) NONNULL(1, 4, 5);
void gate_free(struct gate *gate);
DEFINE_CLEANUP(gate);

/* Adds the JSON Schema of its file. */
void gate_schema(struct text *out) NONNULL(1);

/* True when a rule of it needs a baseline; one that needs measured values compared. */
bool gate_needs_baseline(const struct gate *gate) NONNULL(1);
bool gate_needs_values(const struct gate *gate) NONNULL(1);
/* True when it names cases that only a catalogue knows. */
bool gate_needs_catalog(const struct gate *gate) NONNULL(1);

/* The path of a file that the gate names, from where Assay was started. The caller frees it. */
char *gate_file(const struct gate *gate, const char *name) NONNULL(1, 2);

/* Adds a problem for each case that it names and the catalogue does not have; returns how many. */
struct catalog;
unsigned gate_check_cases(const struct gate *gate, const struct catalog *catalog,
			  struct text *problems) NONNULL(1, 2, 3);
/* The terms of the cases of an entry, as suite_pick() takes them. */
void gate_terms(const struct gate_cover *cover, struct text *out) NONNULL(1, 2);

/* What a cell says to constraints, read once. */
#define GATE_VALUES_MAX 32
struct gate_cell {
	struct value values[GATE_VALUES_MAX];
};
void gate_cell_init(struct gate_cell *values, const struct run_cell *cell) NONNULL(1, 2);
void gate_cell_done(struct gate_cell *values) NONNULL(1);
DEFINE_CLEAN_DONE(gate_cell);
/* True when the cell holds it (what is not known of a cell does not); NULL: true. */
bool gate_holds(const struct constraint *constraint, const struct gate_cell *values) NONNULL(2);

/* True when the patterns of a rule fit a case. */
bool gate_rule_names(const struct gate_rule *rule, const char *case_id) NONNULL(1, 2);

#endif
