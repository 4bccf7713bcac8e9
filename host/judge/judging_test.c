/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and waivers over runs: what each rule does, and what holds for all of them. */
#include "host/judge/judge.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/test.h"
#include "host/catalog/catalog.h"

#define DAY_NS	 (86400 * NS_PER_S)
#define BEGUN_NS (20000 * DAY_NS) /* 2024-10-04 */
#define NOW_NS	 (20010 * DAY_NS) /* 2024-10-14 */
#define CASES	 8

/* ---- runs from words ---- */

/* A cell; a letter for each case: p(ass) f(ail) s(kip) b(roken) i(nfra) -(hole) .(not selected); capitals are unproven. */
struct cell {
	const char *outcomes, *image, *size, *firmware;
	unsigned cpus;
};

/* "a.c0" is P0, "b.c1" P1, "a.c2" P2 … */
static const char *id_of(size_t at, char buf[16])
{
	(void)snprintf(buf, 16, "%c.c%zu", at % 2 ? 'b' : 'a', at);
	return buf;
}

static void shuffle(struct random *random, size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; random->state && i > 1; i--) {
		size_t other = random_below(random, i), kept = order[i - 1];
		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static void add_case(const struct cell *cell, size_t at, struct text *plan)
{
	char letter = cell->outcomes[at], id[16];
	bool is_unproven = letter >= 'A' && letter <= 'Z';

	if (letter != '.')
		text_addf(plan,
			  "%s{\"id\":\"%s\",\"kind\":\"guest\",\"priority\":\"P%zu\","
			  "\"sabotage_kind\":\"%s\"}",
			  plan->buf[plan->length - 1] == '[' ? "" : ",", id_of(at, id),
			  at < 4 ? at : 4, is_unproven ? "none" : "code");
}

static void add_result(const struct cell *cell, size_t index, size_t at, struct text *journal)
{
	static const char letters[] = "pfsbi";
	char id[16];
	const char *found = strchr(letters, cell->outcomes[at] | 0x20);

	if (found && cell->outcomes[at] != '-' && cell->outcomes[at] != '.')
		text_addf(journal,
			  "{\"type\":\"result\",\"cell\":%zu,\"id\":\"%s\",\"outcome\":\"%s\","
			  "\"message\":\"%s says so\",\"need\":\"%s\"}\n",
			  index, id_of(at, id), outcome_name((enum outcome)(found - letters)), id,
			  *found == 's' ? "disk:data" : "");
}

static void add_cell(const struct cell *cell, struct random *random, struct text *plan)
{
	size_t order[CASES];

	text_addf(plan,
		  "%s{\"image\":{\"name\":\"%s\",\"sha256\":\"digest-of-%s\",\"os\":\"OS\"},"
		  "\"size\":{\"name\":\"%s\",\"cpus\":%u},\"firmware\":\"%s\",\"cases\":[",
		  plan->buf[plan->length - 1] == '[' ? "" : ",", cell->image, cell->image,
		  cell->size, cell->cpus, cell->firmware);
	shuffle(random, order, strlen(cell->outcomes));
	for (size_t i = 0; i < strlen(cell->outcomes); i++)
		add_case(cell, order[i], plan);
	text_adds(plan, "]}");
}

/* With a seed the same comes in another order. */
static struct run *make_run(const struct cell *cells, size_t count, uint64_t seed)
{
	CLEAN_TEXT struct text plan = TEXT_INIT(1 << 20), journal = TEXT_INIT(1 << 20);
	struct random random = {seed};
	struct run *run = NULL;
	struct err e = {0};
	size_t order[16 * CASES];

	text_adds(&plan, "{\"schema\":1,\"run\":\"now\",\"cells\":[");
	for (size_t i = 0; i < count; i++)
		add_cell(&cells[i], &random, &plan);
	text_adds(&plan, "]}");
	text_addf(&journal, "{\"schema\":1,\"type\":\"begin\",\"wall_ns\":%llu,\"name\":\"now\"}\n",
		  (unsigned long long)BEGUN_NS);
	shuffle(&random, order, count * CASES);
	for (size_t i = 0; i < count * CASES; i++) {
		const struct cell *cell = &cells[order[i] / CASES];
		if (order[i] % CASES < strlen(cell->outcomes))
			add_result(cell, order[i] / CASES, order[i] % CASES, &journal);
	}
	EXPECT(run_parse(plan.buf, plan.length, journal.buf, journal.length, &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

static struct run *simple_run(const char *outcomes)
{
	const struct cell cell = {outcomes, "debian", "small", "uefi", 2};

	return make_run(&cell, 1, 0);
}

/* ---- what it is judged by ---- */

struct held {
	struct gate *gate;
	struct waivers waivers;
	struct run *baseline;
	struct catalog *catalog;
	struct judge_inputs inputs;
};

static void held_done(struct held *held)
{
	gate_free(held->gate);
	waivers_done(&held->waivers);
	run_free(held->baseline);
	catalog_free(held->catalog);
}
DEFINE_CLEAN_DONE(held);

/* "a: b" becomes a file; NULL: none. */
static void hold(struct held *held, const char *gate, const char *waivers, const char *baseline)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	*held = (struct held){.waivers = WAIVERS_INIT};
	if (gate)
		EXPECT_NUMBER(gate_parse("g", gate, strlen(gate), &held->gate, &problems), 0);
	if (waivers)
		EXPECT_NUMBER(
			waivers_parse(&held->waivers, "w", waivers, strlen(waivers), &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	if (baseline)
		held->baseline = simple_run(baseline);
	held->inputs = (struct judge_inputs){.gate = held->gate,
					     .waivers = waivers ? &held->waivers : NULL,
					     .baseline = held->baseline,
					     .now_ns = NOW_NS};
}

/* "block\nfail block a.c0\n…": all that a judgement says. */
static void describe(const struct judgement *judgement, bool in_full, struct text *out)
{
	text_addf(out, "%s", verdict_name(judgement->verdict));
	vec_each (&judgement->reasons, reason) {
		text_addf(out, "%s%s %s", out->length > 0 ? "; " : "", reason_name(reason->kind),
			  effect_name(reason->effect));
		if (reason->it)
			text_addf(out, " %s", reason->it->id);
		if (reason->rule.line > 0)
			text_addf(out, " :%u", reason->rule.line);
		if (reason->waiver)
			text_addf(out, " by %s", reason->waiver->id);
		if (in_full && reason->it)
			text_addf(out, " in %u", reason->it->cell);
		if (in_full)
			text_addf(out, " (%s)", reason->text ? reason->text : "");
	}
}

static void judge_text(const struct run *run, const struct held *held, bool in_full,
		       struct text *out)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};

	judge_by(run, &held->inputs, &judgement);
	describe(&judgement, in_full, out);
}

/* ---- one rule after the other ---- */

#define RULES(text)   "rules:\n" text
#define WAIVER(text)  "waivers:\n  - {id: w, reason: r, owner: o, expires: 2024-12-31, " text "}\n"
#define EXPIRED(text) "waivers:\n  - {id: w, reason: r, owner: o, expires: 2024-10-13, " text "}\n"

static const struct judged {
	const char *outcomes, *gate, *waivers, *baseline, *told;
} judged[] = {
	/* A gate that says nothing is what is built in. */
	{"ppf", "title: x\n", NULL, NULL, "block; fail block a.c2"},
	{"pbi-", "title: x\n", NULL, NULL,
	 "undecided; hole undecided b.c3; infra undecided a.c2; broken undecided b.c1"},
	{"pF", "title: x\n", NULL, NULL, "ship; unproven tell b.c1"},
	{"sss", "title: x\n", NULL, NULL, "undecided; nothing passed undecided"},
	/* The first rule that fits decides. */
	{"pff",
	 RULES("  - {when: fail, priority: P1, outcome: block}\n"
	       "  - {when: fail, outcome: tell}\n"),
	 NULL, NULL, "block; fail block b.c1 :2; fail tell a.c2 :3"},
	{"ppf",
	 RULES("  - {when: fail, cases: [b], outcome: block}\n"
	       "  - {when: fail, outcome: undecided}\n"),
	 NULL, NULL, "undecided; fail undecided a.c2 :3"},
	{"ff", RULES("  - {when: fail, where: firmware == bios, outcome: tell}\n"), NULL, NULL,
	 "block; fail block a.c0; fail block b.c1"},
	{"pf", RULES("  - {when: fail, where: size.cpus >= 2, outcome: tell}\n"), NULL, NULL,
	 "ship; fail tell b.c1 :2"},
	/* What nothing can change. */
	{"ff", RULES("  - {when: fail, outcome: tell}\n"), NULL, NULL,
	 "undecided; nothing passed undecided; fail tell a.c0 :2; fail tell b.c1 :2"},
	/* Skips and passes are only asked for. */
	{"ps", RULES("  - {when: skip, need: 'disk:*', outcome: block}\n"), NULL, NULL,
	 "block; skip block b.c1 :2"},
	{"ps", RULES("  - {when: skip, need: 'cpus*', outcome: block}\n"), NULL, NULL, "ship"},
	{"pP", RULES("  - {when: unproven-pass, outcome: undecided}\n"), NULL, NULL,
	 "undecided; unproven pass undecided b.c1 :2"},
	{"pF", RULES("  - {when: unproven, outcome: block}\n"), NULL, NULL,
	 "block; unproven block b.c1 :2"},
	/* Shares. */
	{"pppppppi",
	 RULES("  - {when: infra, above: 12, outcome: block}\n"
	       "  - {when: infra, outcome: tell}\n"),
	 NULL, NULL, "block; infra block b.c7 :2; share block :2"},
	{"pppppppi",
	 RULES("  - {when: infra, above: 13, outcome: block}\n"
	       "  - {when: infra, outcome: tell}\n"),
	 NULL, NULL, "ship; infra tell b.c7 :3"},
	{"ppppppp-", RULES("  - {when: hole, above: 0, outcome: block}\n"), NULL, NULL,
	 "block; hole block b.c7 :2; share block :2"},
	{"pppppppp", RULES("  - {when: hole, above: 0, outcome: block}\n"), NULL, NULL, "ship"},
	/* A baseline. */
	{"pff", RULES("  - {when: new-fail, outcome: block}\n  - {when: fail, outcome: tell}\n"),
	 NULL, "pfp", "block; new fail block a.c2 :2; fail tell b.c1 :3"},
	{"pff", RULES("  - {when: new-fail, outcome: block}\n  - {when: fail, outcome: tell}\n"),
	 NULL, "pff", "ship; fail tell a.c2 :3; fail tell b.c1 :3"},
	{"ppf", RULES("  - {when: new-fail, outcome: block}\n  - {when: fail, outcome: tell}\n"),
	 NULL, "pp.", "block; new fail block a.c2 :2"},
	{"ppf", RULES("  - {when: new-fail, outcome: block}\n  - {when: fail, outcome: tell}\n"),
	 NULL, "pp-", "block; new fail block a.c2 :2"},
	{"ppf", RULES("  - {when: new-fail, outcome: block}\n"), NULL, NULL,
	 "block; new fail block a.c2 :2; no baseline undecided"},
	{"ppp", RULES("  - {when: new-fail, outcome: block}\n"), NULL, NULL,
	 "undecided; no baseline undecided"},
	{"ppp", "baseline: optional\n" RULES("  - {when: new-fail, outcome: block}\n"), NULL, NULL,
	 "ship"},
	{"pss", RULES("  - {when: new-skip, outcome: block}\n"), NULL, "psp",
	 "block; new skip block a.c2 :2"},
	{"pp.", RULES("  - {when: vanished, outcome: block}\n"), NULL, "ppp",
	 "block; vanished block :2"},
	{"pp.", RULES("  - {when: vanished, cases: [b], outcome: block}\n"), NULL, "ppp", "ship"},
	{"ppp", RULES("  - {when: value, outcome: block}\n"), NULL, "ppp",
	 "undecided; no values undecided"},
	/* Age: the run is ten days old. */
	{"ppp", "age: 10d\n", NULL, NULL, "ship"},
	{"ppp", "age: 9d\n", NULL, NULL, "undecided; too old undecided :1"},
	{"ppp", "age: {at_most: 1h, outcome: block}\n", NULL, NULL, "block; too old block :1"},
	/* Sign-offs. */
	{"ppp", "sign_off: [{name: qa, key: k}]\n", NULL, NULL,
	 "undecided; no sign-off undecided :1"},
	/* Waivers. */
	{"pf", NULL, WAIVER("case: b.c1"), NULL, "ship; waived tell b.c1 by w"},
	{"pf", NULL, WAIVER("case: b.*, subject: debian, size: small, message: says so"), NULL,
	 "ship; waived tell b.c1 by w"},
	{"pf", NULL, WAIVER("case: b.c1, size: large"), NULL,
	 "block; fail block b.c1; waiver unused tell by w"},
	{"pf", NULL, WAIVER("case: b.c1, message: something else"), NULL,
	 "block; fail block b.c1; waiver unused tell by w"},
	{"pf", NULL, EXPIRED("case: b.c1"), NULL,
	 "block; fail block b.c1 by w; waiver expired tell by w"},
	{"pp", NULL, WAIVER("case: b.c1"), NULL, "ship; waiver unused tell by w"},
	{"pp", NULL, WAIVER("case: b.c1, propose_removal_after: 1"), NULL,
	 "ship; remove waiver tell by w"},
	{"pf", RULES("  - {when: fail, outcome: block}\n"), WAIVER("case: b.c1"), NULL,
	 "ship; waived tell b.c1 :2 by w"},
	{"f", NULL, WAIVER("case: a.c0"), NULL,
	 "undecided; nothing passed undecided; waived tell a.c0 by w"},
	/* Only what it says. */
	{"p-", NULL, WAIVER("case: '*'"), NULL,
	 "undecided; hole undecided b.c1; waiver unused tell by w"},
	{"pi", NULL, WAIVER("case: '*'"), NULL,
	 "undecided; infra undecided b.c1; waiver unused tell by w"},
	{"pb", NULL, WAIVER("case: '*'"), NULL,
	 "undecided; broken undecided b.c1; waiver unused tell by w"},
	{"p-ib", NULL, WAIVER("case: '*', waives: [hole, infra, broken]"), NULL,
	 "ship; waived tell a.c2 by w; waived tell b.c1 by w; waived tell b.c3 by w"},
	{"pf", NULL, WAIVER("case: '*', waives: [hole]"), NULL,
	 "block; fail block b.c1; waiver unused tell by w"},
	{"pp.", RULES("  - {when: vanished, outcome: block}\n"), WAIVER("case: '*'"), "ppp",
	 "block; vanished block :2; waiver unused tell by w"},
	/* What is let through still counts where shares are counted. */
	{"pppppppi", RULES("  - {when: infra, above: 12, outcome: block}\n"),
	 WAIVER("case: b.c7, waives: [infra]"), NULL,
	 "block; share block :2; waived tell b.c7 :2 by w"},
};

TEST(judging, rules_and_waivers)
{
	for (const struct judged *row = judged; row < judged + ARRAY_LEN(judged); row++) {
		CLEANUP(run) struct run *run = simple_run(row->outcomes);
		CLEAN_TEXT struct text told = TEXT_INIT(1 << 16);
		CLEAN_DONE(held) struct held held;
		hold(&held, row->gate, row->waivers, row->baseline);
		judge_text(run, &held, false, &told);
		EXPECT_TEXT(told.buf, row->told);
	}
}

/* ---- waivers and time ---- */

TEST(judging, a_waiver_holds_to_the_end_of_its_day)
{
	CLEANUP(run) struct run *run = simple_run("pf");
	CLEAN_TEXT struct text before = TEXT_INIT(4096), after = TEXT_INIT(4096);
	CLEAN_DONE(held) struct held held;

	hold(&held, NULL, WAIVER("case: b.c1"), NULL);
	uint64_t end_ns = held.waivers.list.items[0].expires_ns;
	held.inputs.now_ns = end_ns - 1;
	judge_text(run, &held, false, &before);
	held.inputs.now_ns = end_ns;
	judge_text(run, &held, false, &after);
	EXPECT_TEXT(before.buf, "ship; waived tell b.c1 by w");
	EXPECT_TEXT(after.buf, "block; fail block b.c1 by w; waiver expired tell by w");
}

static void add_past(struct past_results *history, const char *outcomes, uint64_t first_ns)
{
	for (size_t i = 0; outcomes[i]; i++) {
		struct past_result past = {.id = "b.c1",
					   .image = "debian",
					   .os = "OS",
					   .size = "small",
					   .ended_ns = first_ns + i,
					   .outcome = outcomes[i] == 'p'   ? OUTCOME_PASS
						      : outcomes[i] == 'f' ? OUTCOME_FAIL
									   : OUTCOME_INFRA};
		(void)snprintf(past.run, sizeof past.run, "r%zu", i);
		(void)vec_add(history, past);
	}
}

static const struct past_row {
	const char *history, *outcomes, *told;
	uint64_t first_ns;
} past_rows[] = {
	{"pp", "pp", "ship; remove waiver tell by w", 1},
	{"p", "pp", "ship; waiver unused tell by w", 1},
	{"pppfp", "pp", "ship; waiver unused tell by w", 1},
	{"fpp", "pp", "ship; remove waiver tell by w", 1},
	{"pip", "pp", "ship; remove waiver tell by w",
	 1}, /* the host's trouble is not the case's */
	{"pppp", "pf", "ship; waived tell b.c1 by w", 1},
	{"pppp", "p-", "undecided; hole undecided b.c1; remove waiver tell by w", 1},
	{"pppp", "pp", "ship; waiver unused tell by w", NOW_NS}, /* after this run */
};

TEST(judging, a_waiver_that_is_not_needed_is_to_go)
{
	for (const struct past_row *row = past_rows; row < past_rows + ARRAY_LEN(past_rows);
	     row++) {
		CLEANUP(run) struct run *run = simple_run(row->outcomes);
		CLEAN_TEXT struct text told = TEXT_INIT(4096);
		struct past_results history = VEC_INIT(100);
		CLEAN_DONE(held) struct held held;
		hold(&held, NULL, WAIVER("case: b.c1, propose_removal_after: 3"), NULL);
		add_past(&history, row->history, row->first_ns);
		held.inputs.history = &history;
		judge_text(run, &held, false, &told);
		EXPECT_TEXT(told.buf, row->told);
		vec_done(&history);
	}
}

TEST(judging, the_waiver_that_holds_longest_is_used)
{
	CLEANUP(run) struct run *run = simple_run("pf");
	CLEAN_TEXT struct text told = TEXT_INIT(4096);
	CLEAN_DONE(held) struct held held;

	hold(&held, NULL,
	     "waivers:\n"
	     "  - {id: old, case: b.c1, reason: r, owner: o, expires: 2024-10-01}\n"
	     "  - {id: new, case: 'b.*', reason: r, owner: o, expires: 2024-12-01}\n",
	     NULL);
	judge_text(run, &held, false, &told);
	EXPECT_TEXT(told.buf, "ship; waived tell b.c1 by new; waiver unused tell by old");
}

/* What a run knows of its cell and of the tests of a case's own reaches the waiver. */
static const struct condition {
	const char *waiver;
	bool waives;
} conditions[] = {
	{"case: a.c", true},
	{"case: a.c, arch: x86_64, filesystem: ext4, kernel: '>= 6.1, < 6.2', subs: [two]", true},
	{"case: a.c, arch: aarch64", false},
	{"case: a.c, filesystem: xfs", false},
	{"case: a.c, kernel: '>= 6.2'", false},
	{"case: a.c, subs: [one]", false},
	{"case: a.c, subs: ['*'], waives: [broken]", false},
};

TEST(judging, a_waiver_asks_about_cell_and_tests)
{
	static const char plan[] =
		"{\"schema\":1,\"run\":\"now\",\"cells\":[{\"image\":{\"name\":\"debian\","
		"\"sha256\":\"d\",\"os\":\"OS\",\"arch\":\"x86_64\",\"filesystem\":\"ext4\"},"
		"\"kernel\":{\"sha256\":\"k\",\"release\":\"6.1.0-25-amd64\"},"
		"\"size\":{\"name\":\"small\"},\"cases\":[{\"id\":\"a.c\",\"kind\":\"guest\","
		"\"priority\":\"P0\",\"sabotage_kind\":\"code\"},{\"id\":\"a.d\",\"kind\":\"guest\","
		"\"priority\":\"P0\",\"sabotage_kind\":\"code\"}]}]}";
	static const char journal[] =
		"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":5,\"text\":\"0.1\"}\n"
		"{\"type\":\"result\",\"cell\":0,\"id\":\"a.d\",\"outcome\":\"pass\"}\n"
		"{\"type\":\"result\",\"cell\":0,\"id\":\"a.c\",\"outcome\":\"fail\",\"subs\":["
		"{\"name\":\"one\",\"outcome\":\"pass\"},{\"name\":\"two\",\"outcome\":\"fail\"}]}\n";

	for (const struct condition *row = conditions; row < conditions + ARRAY_LEN(conditions);
	     row++) {
		CLEANUP(run) struct run *run = NULL;
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		CLEAN_DONE(held) struct held held;
		CLEAN_FREE char *yaml = xasprintf(
			"waivers: [{%s, reason: r, owner: o, expires: 2024-12-31}]\n", row->waiver);
		struct err e = {0};
		EXPECT_NUMBER(run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e), 0);
		EXPECT_TEXT(e.text, "");
		hold(&held, NULL, yaml, NULL);
		judge_by(run, &held.inputs, &judgement);
		if ((judgement.verdict == VERDICT_SHIP) != row->waives)
			EXPECT_TEXT(row->waiver, verdict_name(judgement.verdict));
	}
}

/* ---- values ---- */

TEST(judging, a_worse_value_is_a_finding)
{
	CLEANUP(run) struct run *run = simple_run("pp");
	CLEAN_TEXT struct text told = TEXT_INIT(4096), waived = TEXT_INIT(4096);
	struct worse_values values = VEC_INIT(10);
	char text[] = "boot took 9 s, was 3 s";
	CLEAN_DONE(held) struct held held, other;

	(void)vec_add(&values, ((struct worse_value){&run->cases.items[1], false, text}));
	hold(&held, RULES("  - {when: value, outcome: block}\n"), NULL, "pp");
	held.inputs.values = &values;
	judge_text(run, &held, true, &told);
	EXPECT_TEXT(told.buf, "block; value block b.c1 :2 in 0 (boot took 9 s, was 3 s)");
	hold(&other, RULES("  - {when: value, outcome: block}\n"),
	     WAIVER("case: b.c1, waives: [value], message: boot took"), "pp");
	other.inputs.values = &values;
	judge_text(run, &other, false, &waived);
	EXPECT_TEXT(waived.buf, "ship; waived tell b.c1 :2 by w");
	vec_done(&values);
}

/* ---- sign-offs ---- */

TEST(judging, a_sign_off_has_to_hold)
{
	CLEANUP(run) struct run *run = simple_run("pp");
	CLEAN_TEXT struct text lacking = TEXT_INIT(4096), there = TEXT_INIT(4096);
	struct sign_offs sign_offs = VEC_INIT(10);
	char lack[] = "it has expired";
	CLEAN_DONE(held) struct held held;

	hold(&held, "sign_off: [{name: qa, key: k}]\n", NULL, NULL);
	held.inputs.sign_offs = &sign_offs;
	(void)vec_add(&sign_offs, ((struct sign_off){"qa", lack}));
	judge_text(run, &held, true, &lacking);
	EXPECT_TEXT(
		lacking.buf,
		"undecided; no sign-off undecided :1 (qa has not signed it off: it has expired)");
	sign_offs.items[0].lack = NULL;
	judge_text(run, &held, false, &there);
	EXPECT_TEXT(there.buf, "ship");
	vec_done(&sign_offs);
}

/* ---- what has to be covered ---- */

static const struct cell cells[] = {
	{"pppp", "debian", "small", "bios", 2},
	{"ppps", "debian", "small", "uefi", 2},
	{"pp.f", "debian", "large", "uefi", 64},
	{"pPp-", "fedora", "small", "uefi", 2},
};

#define CASE_JSON(area, name)                                                                        \
	"{\"area\":\"" area "\",\"name\":\"" name                                                    \
	"\",\"title\":\"It holds\",\"kind\":\"guest\",\"priority\":\"P1\",\"isolation\":\"shared\"," \
	"\"timeout_s\":5,\"sabotage\":{\"kind\":\"code\",\"text\":\"x\"}}"

static struct catalog *make_catalog(void)
{
	static const char json[] = "{\"cases\":[" CASE_JSON("a", "c0") "," CASE_JSON(
		"b", "c1") "," CASE_JSON("a", "c2") "," CASE_JSON("b", "c3") "]}";
	struct catalog *catalog = NULL;
	struct err e = {0};

	EXPECT(catalog_parse(json, strlen(json), NULL, 0, &catalog, &e) == 0);
	return catalog;
}

static const struct covered {
	const char *cover, *told; /* told: the texts of what is not covered, NULL: nothing */
} covered[] = {
	{"{firmwares: [uefi]}", NULL},
	{"{firmwares: [bios, uefi], images: ['deb*']}", NULL},
	{"{firmwares: [bios, uefi]}", "image fedora, firmware bios: 0 cells, and the gate wants 1"},
	{"{images: [debian], cells: 3}", NULL},
	{"{images: [debian], cells: 4}", "image debian: 3 cells, and the gate wants 4"},
	{"{images: [arch]}", "no image of the run is 'arch'"},
	{"{images: ['sha256:digest-of-f*'], sizes: [small]}", NULL},
	{"{images: [OS]}", NULL},
	{"{images: [debian], sizes: [large, 'size.cpus >= 64']}", NULL},
	{"{images: [debian], sizes: ['size.cpus >= 65']}",
	 "image debian, size size.cpus >= 65: 0 cells, and the gate wants 1"},
	{"{images: [debian], where: size.cpus >= 64, firmwares: [bios]}",
	 "image debian, firmware bios: 0 cells, and the gate wants 1 where size.cpus >= 64"},
	{"{images: [debian], cases: [a, b]}", NULL},
	{"{images: [debian], cases: [a], sizes: [large]}",
	 "image debian, size large: 1 of 2 cases have no result that says anything: a.c2"},
	{"{images: [fedora], cases: [a, b]}",
	 "image fedora: 1 of 4 cases have no result that says anything: b.c3"},
	{"{images: [debian], cases: [id=b.*], each: 2}",
	 "image debian: 1 of 2 cases have not passed in 2 cells: b.c3"},
	{"{images: [debian], cases: [a, b, -id=b.c3], each: 2}", NULL},
	{"{images: [fedora], cases: [b.c1], passes: 1}", NULL},
	{"{images: [fedora], cases: [b.c1], passes: 1, proven: true}",
	 "image fedora: 0 passes of proven cases, and the gate wants 1"},
	{"{images: [debian], passes: 9}", NULL},
	{"{images: [debian], passes: 10}", "image debian: 9 passes, and the gate wants 10"},
};

TEST(judging, what_has_to_be_covered)
{
	CLEANUP(run) struct run *run = make_run(cells, ARRAY_LEN(cells), 0);
	CLEANUP(catalog) struct catalog *catalog = make_catalog();

	for (const struct covered *row = covered; row < covered + ARRAY_LEN(covered); row++) {
		CLEAN_FREE char *gate = xasprintf("cover:\n  - %s\n", row->cover);
		CLEAN_TEXT struct text told = TEXT_INIT(1 << 16);
		CLEAN_DONE(held) struct held held;
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		hold(&held, gate, NULL, NULL);
		held.inputs.catalog = catalog;
		judge_by(run, &held.inputs, &judgement);
		vec_each (&judgement.reasons, reason)
			if (reason->kind == REASON_COVER)
				text_adds(&told, reason->text);
		EXPECT_TEXT(told.buf, row->told ? row->told : "");
	}
}

TEST(judging, cases_that_nobody_knows_are_not_covered)
{
	CLEANUP(run) struct run *run = simple_run("pp");
	CLEAN_TEXT struct text told = TEXT_INIT(4096);
	CLEAN_DONE(held) struct held held;

	hold(&held, "cover:\n  - cases: [a]\n", NULL, NULL);
	judge_text(run, &held, false, &told);
	EXPECT_TEXT(told.buf, "undecided; no catalogue undecided :2");
}

/* ---- what holds for all ---- */

#define ROUNDS 300

static const char *const some_gates[] = {
	NULL,
	"title: x\n",
	"rules:\n  - {when: fail, priority: P1, outcome: block}\n  - {when: fail, outcome: tell}\n",
	"rules:\n  - {when: new-fail, outcome: block}\n  - {when: fail, outcome: undecided}\n"
	"  - {when: infra, above: 20, outcome: tell}\n  - {when: infra, outcome: block}\n"
	"  - {when: vanished, outcome: undecided}\n",
	"cover:\n  - {firmwares: [bios, uefi], cases: [a], each: 1, outcome: block}\n"
	"rules:\n  - {when: skip, where: size.cpus >= 4, outcome: undecided}\n",
};

/* What a random waiver is for, and until when. */
static void add_waiver(struct random *random, size_t number, const char *expires, struct text *out)
{
	static const char *const patterns[] = {"a.*", "b.*", "*.c1", "a.c2", "*", "b.c7"};
	static const char *const more[] = {"", ", size: small", ", subject: debian",
					   ", waives: [fail, infra, hole]", ", message: c1"};

	text_addf(out, "  - {id: w%zu, case: '%s', reason: r, owner: o, expires: %s%s}\n", number,
		  patterns[random_below(random, ARRAY_LEN(patterns))], expires,
		  more[random_below(random, ARRAY_LEN(more))]);
}

static void make_cells(struct random *random, struct cell *ret, char outcomes[][CASES + 1],
		       size_t count)
{
	static const char letters[] = "ppppppffsbi-.PF";

	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < CASES; at++)
			outcomes[i][at] = letters[random_below(random, strlen(letters))];
		outcomes[i][CASES] = '\0';
		ret[i] = (struct cell){outcomes[i], random_below(random, 2) ? "debian" : "fedora",
				       random_below(random, 2) ? "small" : "large",
				       random_below(random, 2) ? "bios" : "uefi",
				       1 + (unsigned)random_below(random, 8)};
	}
}

/* Badness: a block is worse than undecided, which is worse than ship. */
static int badness(enum verdict verdict)
{
	return verdict == VERDICT_BLOCK ? 2 : verdict == VERDICT_UNDECIDED ? 1 : 0;
}

/* The same in another order is the same judgement. */
TEST(judging, order_says_nothing)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	struct random random = {7};

	for (int round = 0; round < ROUNDS; round++) {
		CLEAN_TEXT struct text yaml = TEXT_INIT(1 << 16), turned = TEXT_INIT(1 << 16);
		CLEAN_TEXT struct text one = TEXT_INIT(1 << 20), other = TEXT_INIT(1 << 20);
		char outcomes[3][CASES + 1];
		struct cell some[3];
		make_cells(&random, some, outcomes, ARRAY_LEN(some));
		CLEANUP(run) struct run *run = make_run(some, ARRAY_LEN(some), 0);
		CLEANUP(run)
		struct run *shuffled = make_run(some, ARRAY_LEN(some), random_next(&random) | 1);
		struct random first = {random_next(&random)}, second = {random_next(&random)};
		struct random again[2] = {second, first};
		text_adds(&yaml, "waivers:\n");
		add_waiver(&first, 1, "2024-12-31", &yaml);
		add_waiver(&second, 2, "2024-11-30", &yaml);
		text_adds(&turned, "waivers:\n");
		add_waiver(&again[0], 2, "2024-11-30", &turned);
		add_waiver(&again[1], 1, "2024-12-31", &turned);
		const char *gate = some_gates[random_below(&random, ARRAY_LEN(some_gates))];
		CLEAN_DONE(held) struct held held, held_other;
		hold(&held, gate, yaml.buf, "pfspb-PF");
		hold(&held_other, gate, turned.buf, "pfspb-PF");
		held.inputs.catalog = held_other.inputs.catalog = catalog;
		judge_text(run, &held, true, &one);
		judge_text(shuffled, &held_other, true, &other);
		EXPECT_TEXT(other.buf, one.buf);
	}
}

/* A waiver can only take away from what speaks against an image; what it is not for stays as it was; one that has expired
 * changes nothing but what is told of it. */
static void expect_only_less(const struct run *run, const struct judgement *without,
			     const struct judgement *with, const struct waiver *waiver)
{
	EXPECT(badness(with->verdict) <= badness(without->verdict));
	vec_each (&without->reasons, reason) {
		unsigned same = 0;
		vec_each (&with->reasons, other)
			same += other->it == reason->it && other->was == reason->was &&
				other->rule.line == reason->rule.line &&
				(other->effect == reason->effect || other->waiver == waiver) &&
				(other->kind == reason->kind || other->kind == REASON_WAIVED);
		if (reason->kind != REASON_NOTHING_PASSED)
			EXPECT(same > 0);
	}
	vec_each (&with->reasons, reason)
		if (reason->kind == REASON_WAIVED)
			EXPECT(waiver_is_for(waiver, &run->cells.items[reason->it->cell],
					     reason->it->id) &&
			       reason->effect == EFFECT_TELL);
}

static void expect_as_if_absent(const struct judgement *without, const struct judgement *with)
{
	size_t more = 0;

	EXPECT_NUMBER(with->verdict, without->verdict);
	vec_each (&with->reasons, reason) {
		EXPECT(reason->kind != REASON_WAIVED);
		more += reason->kind == REASON_WAIVER_EXPIRED ||
			reason->kind == REASON_WAIVER_UNUSED ||
			reason->kind == REASON_WAIVER_REMOVE;
	}
	EXPECT_NUMBER(more, 1);
	EXPECT_NUMBER(with->reasons.count, without->reasons.count + 1);
}

TEST(judging, waivers_only_take_away)
{
	CLEANUP(catalog) struct catalog *catalog = make_catalog();
	struct random random = {11};
	unsigned used = 0, expired = 0;

	for (int round = 0; round < ROUNDS; round++) {
		CLEAN_TEXT struct text yaml = TEXT_INIT(1 << 16);
		char outcomes[2][CASES + 1];
		struct cell some[2];
		make_cells(&random, some, outcomes, ARRAY_LEN(some));
		CLEANUP(run) struct run *run = make_run(some, ARRAY_LEN(some), 0);
		CLEAN_DONE(held) struct held held;
		CLEAN_DONE(judgement) struct judgement without = {0}, with = {0}, after = {0};
		text_adds(&yaml, "waivers:\n");
		add_waiver(&random, 1, "2024-12-31", &yaml);
		hold(&held, some_gates[random_below(&random, ARRAY_LEN(some_gates))], yaml.buf,
		     "pfspb-PF");
		held.inputs.catalog = catalog;
		held.inputs.waivers = NULL;
		judge_by(run, &held.inputs, &without);
		held.inputs.waivers = &held.waivers;
		judge_by(run, &held.inputs, &with);
		used += with.uses.items[0].used > 0;
		expect_only_less(run, &without, &with, held.waivers.list.items);
		held.waivers.list.items[0].expires_ns =
			NOW_NS; /* only the day: the run is as old */
		judge_by(run, &held.inputs, &after);
		expired += after.uses.items[0].missed > 0;
		expect_as_if_absent(&without, &after);
	}
	/* Else nothing was shown. */
	EXPECT(used > ROUNDS / 4 && expired == used);
}
