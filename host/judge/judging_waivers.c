/* SPDX-License-Identifier: Apache-2.0 */
/* Which waiver takes which finding out of the verdict, and what is to be said of the waivers themselves. */
#include <string.h>

#include "base/text.h"
#include "host/judge/judging.h"

/* ---- which waiver ---- */

/* A cell that is not there, what is not covered and what passed are nobody's to waive: *ret is not written. */
static bool waives_of(const struct finding *finding, enum waives *ret)
{
	if (finding->kind == REASON_MISSED || finding->kind == REASON_VALUE) {
		*ret = finding->kind == REASON_VALUE ? WAIVES_VALUE : WAIVES_MISSED;
		return true;
	}
	if (!finding->it)
		return false;
	if (!finding->it->result) {
		*ret = WAIVES_HOLE;
		return true;
	}
	switch (finding->it->result->outcome) {
	case OUTCOME_FAIL:
		*ret = WAIVES_FAIL;
		return true;
	case OUTCOME_BROKEN:
		*ret = WAIVES_BROKEN;
		return true;
	case OUTCOME_INFRA:
		*ret = WAIVES_INFRA;
		return true;
	case OUTCOME_SKIP:
		*ret = WAIVES_SKIP;
		return true;
	case OUTCOME_PASS:
		break;
	}
	return false;
}

static const char *message_of(const struct finding *finding)
{
	if (finding->kind == REASON_VALUE)
		return finding->text ? finding->text : "";
	return finding->it->result ? finding->it->result->message : "";
}

/* Which tests of a program's own failed only a failure tells. */
static bool fits_subs(const struct waiver *waiver, const struct finding *finding, enum waives what)
{
	if (waiver->subs[0] == '\0')
		return true;
	return what == WAIVES_FAIL && waiver_fits_subs(waiver, finding->it->result);
}

static bool fits(const struct judging *judging, const struct waiver *waiver,
		 const struct finding *finding, enum waives what)
{
	return waiver->waives[what] &&
	       waiver_is_for(waiver, &judging->run->cells.items[finding->it->cell],
			     finding->it->id) &&
	       waiver_fits_message(waiver, message_of(finding)) && fits_subs(waiver, finding, what);
}

/* Of several the one that holds longest, so that their order in the files says nothing. */
static bool is_better(const struct waiver *waiver, const struct waiver *than)
{
	if (waiver->expires_ns != than->expires_ns)
		return waiver->expires_ns > than->expires_ns;
	return strcmp(waiver->id, than->id) < 0;
}

const struct waiver *judging_waive(struct judging *judging, const struct finding *finding,
				   const struct waiver **ret_expired)
{
	struct waiver_use *best = NULL;
	enum waives what;

	*ret_expired = NULL;
	if (!waives_of(finding, &what))
		return NULL;
	vec_each (&judging->ret->uses, use)
		if (fits(judging, use->waiver, finding, what) &&
		    (!best || is_better(use->waiver, best->waiver)))
			best = use;
	if (!best)
		return NULL;
	if (!waiver_has_expired(best->waiver, judging->inputs->now_ns)) {
		best->used++;
		return best->waiver;
	}
	best->missed++;
	*ret_expired = best->waiver;
	return NULL;
}

/* ---- what became of them ---- */

static bool is_earlier(const struct judging *judging, const struct past_result *past)
{
	return strcmp(past->run, judging->run->id) != 0 &&
	       (judging->run->begun_ns == 0 || past->ended_ns <= judging->run->begun_ns);
}

static bool fits_past(const struct waiver *waiver, const struct past_result *past)
{
	return waiver_fits(waiver, &(struct waiver_target){.id = past->id,
							   .image = past->image,
							   .os = past->os,
							   .sha256 = past->sha256,
							   .size = past->size,
							   .arch = past->arch,
							   .filesystem = past->filesystem,
							   .kernel = past->kernel});
}

/* When the waived last came out otherwise than passed, before this run. */
static uint64_t last_trouble_ns(const struct judging *judging, const struct waiver *waiver)
{
	uint64_t last_ns = 0;

	vec_each (judging->inputs->history, past)
		if (past->outcome != OUTCOME_PASS && past->outcome != OUTCOME_SKIP &&
		    past->outcome != OUTCOME_INFRA && past->ended_ns > last_ns &&
		    is_earlier(judging, past) && fits_past(waiver, past))
			last_ns = past->ended_ns;
	return last_ns;
}

static unsigned count_past_passes(const struct judging *judging, const struct waiver *waiver)
{
	unsigned count = 0;

	if (!judging->inputs->history)
		return 0;
	uint64_t since_ns = last_trouble_ns(judging, waiver);
	vec_each (judging->inputs->history, past)
		count += past->outcome == OUTCOME_PASS && past->ended_ns > since_ns &&
			 is_earlier(judging, past) && fits_past(waiver, past);
	return count;
}

/* A failure in this run, waived or not, ends the row of passes. */
static void count_passes(const struct judging *judging, struct waiver_use *use)
{
	bool is_in_trouble = false;

	vec_each (&judging->run->cases, it) {
		const struct run_cell *cell = &judging->run->cells.items[it->cell];
		if (it->sabotaged || !waiver_is_for(use->waiver, cell, it->id))
			continue;
		use->cases++;
		if (!it->result || it->carried || it->result->outcome == OUTCOME_SKIP ||
		    it->result->outcome == OUTCOME_INFRA)
			continue;
		if (it->result->outcome == OUTCOME_PASS)
			use->passes++;
		else
			is_in_trouble = true;
	}
	if (is_in_trouble || use->cases == 0)
		use->passes = 0;
	else
		use->passes += count_past_passes(judging, use->waiver);
}

static void say(struct judging *judging, const struct waiver_use *use, enum reason_kind kind,
		char *text)
{
	judging_tell(judging, (struct reason){.kind = kind,
					      .effect = EFFECT_TELL,
					      .waiver = use->waiver,
					      .text = text});
}

/* A case that was not run cannot have passed now: only what this run shows is proposed. */
static bool should_go(const struct waiver_use *use)
{
	return use->cases > 0 && use->used + use->missed == 0 &&
	       use->passes >= use->waiver->removal_after;
}

static void tell_use(struct judging *judging, const struct waiver_use *use)
{
	const struct waiver *waiver = use->waiver;
	bool has_expired = waiver_has_expired(waiver, judging->inputs->now_ns);

	if (has_expired && use->missed > 0)
		say(judging, use, REASON_WAIVER_EXPIRED,
		    xasprintf("the waiver %s for %s has expired: it was until %s; what it let "
			      "through counts again (%u)",
			      waiver->id, waiver->cases, waiver->expires, use->missed));
	else if (should_go(use))
		say(judging, use, REASON_WAIVER_REMOVE,
		    xasprintf("the waiver %s for %s can go: what it is for has passed at least %u "
			      "times in a row",
			      waiver->id, waiver->cases, use->passes));
	else if (use->used == 0)
		say(judging, use, REASON_WAIVER_UNUSED,
		    use->cases == 0
			    ? xasprintf("the waiver %s for %s fits nothing in this run%s",
					waiver->id, waiver->cases,
					has_expired ? ", and has expired" : "")
			    : xasprintf(
				      "the waiver %s for %s had nothing to let through: passed %u "
				      "times in a row, removal is proposed after %u%s",
				      waiver->id, waiver->cases, use->passes, waiver->removal_after,
				      has_expired ? "; it has expired" : ""));
}

void judging_tell_waivers(struct judging *judging)
{
	vec_each (&judging->ret->uses, use) {
		count_passes(judging, use);
		tell_use(judging, use);
	}
}
