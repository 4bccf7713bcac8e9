/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a judgement share while it is made. */
#ifndef ASSAY_HOST_JUDGE_JUDGING_H
#define ASSAY_HOST_JUDGE_JUDGING_H

#include "host/judge/compare.h"
#include "host/judge/judge.h"

struct judging {
	const struct run *run;
	const struct judge_inputs *inputs;
	struct judgement *ret;
	struct gate_cell *cells; /* by cell; NULL: no constraint asks */
	bool *share_fits;	 /* by rule of the gate: more are so than it allows */
	bool is_compared;	 /* with the baseline */
	struct comparison comparison;
	const struct change **changes; /* by case of the run; NULL: nothing has changed */
	bool never_ships;	       /* whatever the reasons say */
};

/* Something that is not as it should be, before rules and waivers. */
struct finding {
	enum reason_kind kind;
	const struct run_case *it, *before;
	const struct run_left_out *left_out;
	enum effect built_in; /* what it does where no rule of a gate fits */
	const char *text;     /* NULL: none */
};

/* Sets up `judging`, whose run, inputs and judgement are there, and empties the judgement. */
void judging_init(struct judging *judging) NONNULL(1);
void judging_done(struct judging *judging) NONNULL(1);

/* Asks the rules, then the waivers, and adds the reason that it is, if any. */
void judging_find(struct judging *judging, const struct finding *finding) NONNULL(1, 2);
/* Adds a reason that no rule and no waiver changes; its text is taken. */
void judging_tell(struct judging *judging, struct reason reason) NONNULL(1);

/* What a finding does to the verdict by the rules, waivers aside; *ret_rule is the gate's that fits, NULL: it is built in. */
enum effect judging_effect(const struct judging *judging, const struct finding *finding,
			   const struct gate_rule **ret_rule) NONNULL(1, 2, 3);
/* Where something stands in the gate, with its path. */
struct yaml_place judging_place(const struct judging *judging, const struct yaml_map *map)
	NONNULL(1, 2);

/* Adds what was carried over from other images, a reason for each cell and rule: there are hundreds of cases. */
void judging_carried(struct judging *judging) NONNULL(1);
/* True when a result of the run may be counted for its image. */
bool judging_counts(const struct judging *judging, const struct run_case *it) NONNULL(1, 2);

/* Adds what the gate wants covered and is not. */
void judging_cover(struct judging *judging) NONNULL(1);

/* The waiver that takes a finding out of the verdict; NULL: none. One that would, had it not expired, is *ret_expired. */
const struct waiver *judging_waive(struct judging *judging, const struct finding *finding,
				   const struct waiver **ret_expired) NONNULL(1, 2, 3);
/* Adds what is to be said of the waivers themselves, when all else has been found. */
void judging_tell_waivers(struct judging *judging) NONNULL(1);

#endif
