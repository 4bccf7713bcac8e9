/* SPDX-License-Identifier: Apache-2.0 */
/* From findings to reasons: the rules of a gate, and those that are built in. */
#include "host/judge/judging.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "base/text.h"

#define PERCENT 100

/* ---- the share of what is not the subject's fault ---- */

static bool is_what(const struct run_case *it, enum gate_when when)
{
	switch ((int)when) {
	case WHEN_HOLE:
		return !it->result;
	case WHEN_INFRA:
		return it->result && it->result->outcome == OUTCOME_INFRA;
	case WHEN_BROKEN:
		return it->result && it->result->outcome == OUTCOME_BROKEN;
	default:
		return false;
	}
}

/* What a rule says of which cases it is about, in a cell whose values are known. */
static bool rule_is_about(const struct gate_rule *rule, const struct run_case *it,
			  const struct gate_cell *values)
{
	if (rule->priority.place.line > 0 && (long long)it->priority > rule->priority.number)
		return false;
	return gate_rule_names(rule, it->id) && gate_holds(rule->where_constraint, values);
}

static const struct gate_cell *values_of(const struct judging *judging, const struct run_case *it)
{
	static const struct gate_cell nothing;

	return judging->cells ? &judging->cells[it->cell] : &nothing;
}

struct yaml_place judging_place(const struct judging *judging, const struct yaml_map *map)
{
	struct yaml_place place = map->place;

	place.path = judging->inputs->gate->path;
	return place;
}

static void tell_share(struct judging *judging, const struct gate_rule *rule, unsigned so,
		       unsigned all)
{
	enum gate_when when = (enum gate_when)rule->when.number;

	judging_tell(judging,
		     (struct reason){
			     .kind = REASON_SHARE,
			     .effect = (enum effect)rule->outcome.number,
			     .rule = judging_place(judging, &rule->map),
			     .text = xasprintf("%u of %u results (%u %%) are %s, and the gate "
					       "allows %lld %%",
					       so, all, so * PERCENT / all,
					       when == WHEN_HOLE ? "missing" : gate_when_name(when),
					       rule->above.number)});
}

/* Waivers do not change it: what one lets through must not decide over another. */
static bool exceeds_share(struct judging *judging, const struct gate_rule *rule)
{
	unsigned so = 0, all = 0;

	vec_each (&judging->run->cases, it) {
		if (it->sabotaged || !rule_is_about(rule, it, values_of(judging, it)))
			continue;
		all++;
		so += is_what(it, (enum gate_when)rule->when.number);
	}
	if ((unsigned long long)so * PERCENT <= (unsigned long long)rule->above.number * all)
		return false;
	tell_share(judging, rule, so, all);
	return true;
}

static void find_shares(struct judging *judging)
{
	const struct gate_rules *rules = &judging->inputs->gate->rules;

	judging->share_fits = xnew((rules->count + 1) * sizeof *judging->share_fits);
	for (size_t i = 0; i < rules->count; i++)
		judging->share_fits[i] = rules->items[i].above.place.line == 0 ||
					 exceeds_share(judging, &rules->items[i]);
}

/* ---- which rule ---- */

/* Without a baseline every failure is new, and nothing else is. */
static bool is_new(const struct judging *judging, const struct finding *finding,
		   enum change_kind other)
{
	const struct change *change = NULL;

	if (!judging->is_compared)
		return other == CHANGE_WORSE;
	if (finding->it)
		change = judging->changes[finding->it - judging->run->cases.items];
	return change && (change->kind == other ||
			  (other == CHANGE_WORSE && change->kind == CHANGE_APPEARED));
}

static bool is_when(const struct judging *judging, const struct finding *finding,
		    enum gate_when when)
{
	switch (when) {
	case WHEN_FAIL:
		return finding->kind == REASON_FAIL;
	case WHEN_NEW_FAIL:
		return finding->kind == REASON_FAIL && is_new(judging, finding, CHANGE_WORSE);
	case WHEN_BROKEN:
		return finding->kind == REASON_BROKEN;
	case WHEN_INFRA:
		return finding->kind == REASON_INFRA;
	case WHEN_HOLE:
		return finding->kind == REASON_HOLE;
	case WHEN_SKIP:
		return finding->kind == REASON_SKIP;
	case WHEN_NEW_SKIP:
		return finding->kind == REASON_SKIP && is_new(judging, finding, CHANGE_SKIPPED);
	case WHEN_VANISHED:
		return finding->kind == REASON_VANISHED;
	case WHEN_LEFT_OUT:
		return finding->kind == REASON_LEFT_OUT;
	case WHEN_CARRIED:
		return finding->kind == REASON_CARRIED;
	case WHEN_UNPROVEN:
		return finding->kind == REASON_UNPROVEN;
	case WHEN_UNPROVEN_PASS:
		return finding->kind == REASON_UNPROVEN_PASS;
	case WHEN_VALUE:
		return finding->kind == REASON_VALUE;
	case WHEN_COUNT:
		break;
	}
	return false;
}

/* A case of the baseline lies in a cell of the baseline. */
static bool is_about_before(const struct judging *judging, const struct gate_rule *rule,
			    const struct run_case *before)
{
	CLEAN_DONE(gate_cell) struct gate_cell values = {0};

	if (rule->where_constraint)
		gate_cell_init(&values, &judging->inputs->baseline->cells.items[before->cell]);
	return rule_is_about(rule, before, &values);
}

static bool needs_fit(const struct gate_rule *rule, const struct finding *finding)
{
	return !rule->need.text || (finding->it && finding->it->result &&
				    fnmatch(rule->need.text, finding->it->result->need, 0) == 0);
}

static bool rule_fits(const struct judging *judging, size_t index, const struct finding *finding)
{
	const struct gate_rule *rule = &judging->inputs->gate->rules.items[index];

	if (!judging->share_fits[index] ||
	    !is_when(judging, finding, (enum gate_when)rule->when.number) ||
	    !needs_fit(rule, finding))
		return false;
	if (finding->it)
		return rule_is_about(rule, finding->it, values_of(judging, finding->it));
	return !finding->before || is_about_before(judging, rule, finding->before);
}

static const struct gate_rule *find_rule(const struct judging *judging,
					 const struct finding *finding)
{
	const struct gate *gate = judging->inputs->gate;

	for (size_t i = 0; gate && i < gate->rules.count; i++)
		if (rule_fits(judging, i, finding))
			return &gate->rules.items[i];
	return NULL;
}

/* ---- reasons ---- */

void judging_tell(struct judging *judging, struct reason reason)
{
	if (reason.kind != REASON_WAIVED)
		reason.was = reason.kind;
	if (vec_add(&judging->ret->reasons, reason))
		return;
	/* What cannot be told must not ship. */
	free(reason.text);
	judging->never_ships = true;
}

enum effect judging_effect(const struct judging *judging, const struct finding *finding,
			   const struct gate_rule **ret_rule)
{
	*ret_rule = find_rule(judging, finding);
	return *ret_rule ? (enum effect)(*ret_rule)->outcome.number : finding->built_in;
}

static void apply_rule(const struct judging *judging, const struct finding *finding,
		       struct reason *reason)
{
	const struct gate_rule *rule;

	reason->effect = judging_effect(judging, finding, &rule);
	if (!rule)
		return;
	reason->rule = judging_place(judging, &rule->map);
	if (rule->when.number == WHEN_NEW_FAIL)
		reason->kind = REASON_NEW_FAIL;
	else if (rule->when.number == WHEN_NEW_SKIP)
		reason->kind = REASON_NEW_SKIP;
}

static char *waiver_text(const struct waiver *waiver)
{
	return xasprintf("waived by %s until %s: %s (%s%s%s)", waiver->id, waiver->expires,
			 waiver->reason, waiver->owner, waiver->tracker[0] ? ", " : "",
			 waiver->tracker);
}

static void apply_waivers(struct judging *judging, const struct finding *finding,
			  struct reason *reason)
{
	const struct waiver *expired = NULL;
	const struct waiver *waiver = judging_waive(judging, finding, &expired);

	reason->was = reason->kind;
	reason->waiver = waiver ? waiver : expired;
	if (waiver) {
		reason->kind = REASON_WAIVED;
		reason->effect = EFFECT_TELL;
		reason->text = waiver_text(waiver);
	} else if (expired)
		reason->text = xasprintf("the waiver %s has expired: it was until %s (%s)",
					 expired->id, expired->expires, expired->owner);
}

void judging_find(struct judging *judging, const struct finding *finding)
{
	struct reason reason = {.kind = finding->kind,
				.it = finding->it,
				.before = finding->before,
				.left_out = finding->left_out};

	apply_rule(judging, finding, &reason);
	if (reason.effect == EFFECT_NONE)
		return;
	apply_waivers(judging, finding, &reason);
	if (finding->text && !reason.text)
		reason.text = xstrdup(finding->text);
	judging_tell(judging, reason);
}

/* ---- what the gate asks of the run as a whole ---- */

static void lack(struct judging *judging, enum reason_kind kind, struct yaml_place place,
		 enum effect effect, char *text)
{
	place.path = judging->inputs->gate->path;
	judging_tell(judging,
		     (struct reason){.kind = kind, .effect = effect, .rule = place, .text = text});
}

static void check_inputs(struct judging *judging)
{
	const struct judge_inputs *inputs = judging->inputs;
	const struct yaml_place nowhere = {0};

	if (gate_needs_baseline(inputs->gate) && !inputs->baseline &&
	    inputs->gate->baseline.number == 0)
		lack(judging, REASON_NO_BASELINE, nowhere, EFFECT_UNDECIDED,
		     xstrdup("the gate compares with a baseline, and none was given"));
	if (gate_needs_values(inputs->gate) && inputs->baseline && !inputs->values)
		lack(judging, REASON_NO_VALUES, nowhere, EFFECT_UNDECIDED,
		     xstrdup("the gate asks about measured values, and none could be compared with "
			     "the baseline"));
}

/* Of a long time only the days, or the minutes. */
static void add_age(uint64_t ns, struct text *out)
{
	uint64_t unit_ns = ns >= 2 * 86400 * NS_PER_S ? 86400 * NS_PER_S
			   : ns >= 120 * NS_PER_S     ? 60 * NS_PER_S
						      : NS_PER_S;

	quantity_add(out, QUANTITY_TIME, ns / unit_ns * unit_ns);
}

static void check_age(struct judging *judging)
{
	const struct gate *gate = judging->inputs->gate;
	uint64_t now_ns = judging->inputs->now_ns, begun_ns = judging->run->begun_ns;
	CLEAN_TEXT struct text age = TEXT_INIT(64), limit = TEXT_INIT(64);

	if (gate->age_ns.place.line == 0 || now_ns <= begun_ns ||
	    now_ns - begun_ns <= (uint64_t)gate->age_ns.number)
		return;
	add_age(now_ns - begun_ns, &age);
	quantity_add(&limit, QUANTITY_TIME, (uint64_t)gate->age_ns.number);
	lack(judging, REASON_AGE, gate->age_ns.place, (enum effect)gate->age_outcome.number,
	     begun_ns == 0 ? xstrdup("nothing says when the run began")
			   : xasprintf("the run began %s ago, and the gate allows %s", age.buf,
				       limit.buf));
}

static const struct sign_off *find_sign_off(const struct judge_inputs *inputs, const char *name)
{
	if (inputs->sign_offs)
		vec_each (inputs->sign_offs, sign_off)
			if (strcmp(sign_off->name, name) == 0)
				return sign_off;
	return NULL;
}

static void check_sign_offs(struct judging *judging)
{
	const struct judge_inputs *inputs = judging->inputs;

	vec_each (&inputs->gate->sign_offs, wanted) {
		const struct sign_off *found = find_sign_off(inputs, wanted->name.text);
		if (found && !found->lack)
			continue;
		lack(judging, REASON_SIGN_OFF, wanted->name.place, EFFECT_UNDECIDED,
		     xasprintf("%s has not signed it off%s%s", wanted->name.text, found ? ": " : "",
			       found ? found->lack : ""));
	}
}

/* ---- life ---- */

static bool has_constraints(const struct gate *gate)
{
	vec_each (&gate->rules, rule)
		if (rule->where_constraint)
			return true;
	return gate->covers.count > 0;
}

static void read_cells(struct judging *judging)
{
	const struct run_cells *cells = &judging->run->cells;

	judging->cells = xnew((cells->count + 1) * sizeof *judging->cells);
	for (size_t i = 0; i < cells->count; i++)
		gate_cell_init(&judging->cells[i], &cells->items[i]);
}

static void compare(struct judging *judging)
{
	const struct run *run = judging->run;

	compare_runs(judging->inputs->baseline, run, &judging->comparison);
	judging->is_compared = true;
	judging->changes = xnew((run->cases.count + 1) * sizeof *judging->changes);
	vec_each (&judging->comparison.changes, change)
		if (change->now)
			judging->changes[change->now - run->cases.items] = change;
}

static size_t count_reasons(const struct judging *judging)
{
	const struct judge_inputs *inputs = judging->inputs;
	size_t count = 2 * judging->run->cases.count + judging->run->left_out.count + 10;

	if (inputs->baseline)
		count += inputs->baseline->cases.count;
	if (inputs->waivers)
		count += 2 * inputs->waivers->list.count;
	if (inputs->values)
		count += inputs->values->count;
	count += judging->run->cells.count;
	if (inputs->gate)
		count += inputs->gate->rules.count * (judging->run->cells.count + 1) +
			 inputs->gate->sign_offs.count + 1000000;
	return count;
}

void judging_init(struct judging *judging)
{
	const struct waivers *waivers = judging->inputs->waivers;

	*judging->ret = (struct judgement){
		.reasons = VEC_INIT(count_reasons(judging)),
		.uses = VEC_INIT(waivers ? waivers->list.count : 0),
		.now_ns = judging->inputs->now_ns,
	};
	if (waivers)
		vec_each (&waivers->list, waiver)
			(void)vec_add(&judging->ret->uses, ((struct waiver_use){.waiver = waiver}));
	if (judging->inputs->baseline)
		compare(judging);
	if (!judging->inputs->gate)
		return;
	if (has_constraints(judging->inputs->gate))
		read_cells(judging);
	find_shares(judging);
	check_inputs(judging);
	check_age(judging);
	check_sign_offs(judging);
}

void judging_done(struct judging *judging)
{
	for (size_t i = 0; judging->cells && i < judging->run->cells.count; i++)
		gate_cell_done(&judging->cells[i]);
	free(judging->cells);
	free(judging->share_fits);
	free(judging->changes);
	if (judging->is_compared)
		comparison_done(&judging->comparison);
}
