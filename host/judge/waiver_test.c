/* SPDX-License-Identifier: Apache-2.0 */
/* Waivers: what a file may say, what one fits, and how one is added to a file. */
#include "host/judge/waiver.h"

#include <string.h>

#include "base/clock.h"
#include "base/test.h"

#define NEEDED "reason: r, owner: o, expires: 2030-12-31"

static unsigned parse(struct waivers *waivers, const char *yaml, struct text *problems)
{
	return waivers_parse(waivers, "w", yaml, strlen(yaml), problems);
}

TEST(waiver, is_read)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;

	EXPECT_NUMBER(parse(&waivers,
			    "waivers:\n"
			    "  - case: time.*\n"
			    "    subject: debian-*\n"
			    "    size: small\n"
			    "    message: tsc\n"
			    "    reason: The clock of that host\n"
			    "      is known.\n"
			    "    owner: kim\n"
			    "    tracker: https://example.org/1\n"
			    "    expires: 2030-12-31\n"
			    "    waives: [fail, hole]\n"
			    "    propose_removal_after: 3\n"
			    "    id: clock\n"
			    "  - {case: a.b, " NEEDED "}\n",
			    &problems),
		      0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(waivers.list.count, 2);
	const struct waiver *first = &waivers.list.items[0], *second = &waivers.list.items[1];
	EXPECT_TEXT(first->id, "clock");
	EXPECT_TEXT(first->reason, "The clock of that host is known.");
	EXPECT(first->waives[WAIVES_FAIL] && first->waives[WAIVES_HOLE] &&
	       !first->waives[WAIVES_INFRA]);
	EXPECT_NUMBER(first->removal_after, 3);
	EXPECT_NUMBER(first->place.line, 2);
	EXPECT_NUMBER(second->removal_after, WAIVER_REMOVAL_AFTER);
	EXPECT(has_prefix(second->id, "w-") && strlen(second->id) == 12);
	EXPECT(second->waives[WAIVES_FAIL] && !second->waives[WAIVES_HOLE] &&
	       !second->waives[WAIVES_MISSED]);
	EXPECT_NUMBER(waivers.files.count, 1);
	EXPECT(is_sha256(waivers.files.items[0].sha256));
}

/* What it is called follows from what it is for, not from where it stands or why. */
TEST(waiver, id_follows_from_what_it_is_for)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers one = WAIVERS_INIT, other = WAIVERS_INIT;

	EXPECT_NUMBER(parse(&one, "waivers: [{case: a.b, size: x, " NEEDED "}]", &problems), 0);
	EXPECT_NUMBER(parse(&other,
			    "waivers: [{case: c, " NEEDED "},\n"
			    " {case: a.b, size: x, reason: s, owner: p, expires: 2031-01-01}]",
			    &problems),
		      0);
	EXPECT_TEXT(one.list.items[0].id, other.list.items[1].id);
	EXPECT(strcmp(other.list.items[0].id, other.list.items[1].id) != 0);
}

static const struct slip {
	const char *yaml, *told;
} slips[] = {
	{"", "w: it is empty"},
	{"{}\n", "lacks the key `waivers`"},
	{"waiver: []\n", "w:1:1: there is no key `waiver`; did you mean `waivers`?\n"},
	{"waivers: [{case: a.b}]\n", "w:1:12: waivers lacks the key `reason`\n"},
	{"waivers: [{case: a.b}]\n", "w:1:12: waivers lacks the key `owner`\n"},
	{"waivers: [{case: a.b}]\n", "w:1:12: waivers lacks the key `expires`\n"},
	{"waivers: [{" NEEDED "}]\n", "w:1:12: waivers lacks the key `case`\n"},
	{"waivers:\n  - case: a.b\n    reason: r\n    owner: o\n    expires: 31.12.2030\n",
	 "w:5:14: `expires`: '31.12.2030' is no day such as 2026-12-31\n"},
	{"waivers: [{case: a, reason: r, owner: o, expires: 2030-02-30}]\n",
	 "w:1:51: `expires`: '2030-02-30' is no day"},
	{"waivers: [{case: a, reason: r, owner: o, expires: 2030-2-3}]\n", "is no day"},
	{"waivers: [{case: a b, " NEEDED "}]\n", "w:1:18: `case`: 'a b' is neither"},
	{"waivers: [{case: '', " NEEDED "}]\n", "w:1:19: `case`"},
	{"waivers: [{case: '!a', " NEEDED "}]\n", "w:1:19: `case`"},
	{"waivers: [{case: a, waives: [all], " NEEDED "}]\n",
	 "w:1:30: `waives`: 'all' cannot be waived"},
	{"waivers: [{case: a, waives: [], " NEEDED "}]\n", "`waives`"},
	{"waivers: [{case: a, propose_removal_after: 0, " NEEDED "}]\n",
	 "w:1:44: `propose_removal_after`"},
	{"waivers: [{case: a, kernel: new, " NEEDED "}]\n",
	 "w:1:29: `kernel`: 'new' is no range of kernels such as '>= 6.1, < 6.12'\n"},
	{"waivers: [{case: a, subs: [], " NEEDED "}]\n", "`subs`"},
	{"waivers: [{case: a, subs: [''], " NEEDED "}]\n", "`subs` is empty"},
	{"waivers: [{case: a, id: 'x y', " NEEDED "}]\n", "w:1:26: `id`: 'x y' is not a name"},
	{"waivers: [{case: a, owners: o, " NEEDED "}]\n",
	 "w:1:21: there is no key `owners`; did you mean `owner`?\n"},
	{"waivers:\n- {case: a, " NEEDED "}\n- {case: a, " NEEDED "}\n",
	 "w:3:4: the waiver at w:2 is for the same: case, subject, size, message and all else\n"},
	{"waivers:\n- {case: a, id: x, " NEEDED "}\n- {case: b, id: x, " NEEDED "}\n",
	 "w:3:17: the waiver at w:2 is called `x` too\n"},
};

TEST(waiver, slips_are_told_with_their_place)
{
	for (const struct slip *row = slips; row < slips + ARRAY_LEN(slips); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
		EXPECT(parse(&waivers, row->yaml, &problems) > 0);
		EXPECT_NUMBER(waivers.list.count + waivers.files.count, 0);
		if (!strstr(problems.buf, row->told))
			EXPECT_TEXT(problems.buf, row->told);
	}
}

/* Files that say the same of the same case hide each other. */
TEST(waiver, files_are_held_against_each_other)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
	static const char yaml[] = "waivers: [{case: a, " NEEDED "}]\n";

	EXPECT_NUMBER(waivers_parse(&waivers, "one", yaml, strlen(yaml), &problems), 0);
	EXPECT_NUMBER(waivers_parse(&waivers, "two", yaml, strlen(yaml), &problems), 1);
	EXPECT(strstr(problems.buf, "two:1:12: the waiver at one:1 is for the same"));
	EXPECT_NUMBER(waivers.list.count, 1);
	EXPECT_NUMBER(waivers.files.count, 1);
}

TEST(waiver, a_day_ends_with_it)
{
	uint64_t end_ns = 0;

	EXPECT(waiver_parse_date("1970-01-01", &end_ns));
	EXPECT(end_ns == 86400 * NS_PER_S);
	EXPECT(waiver_parse_date("2024-02-29", &end_ns));
	EXPECT(!waiver_parse_date("2023-02-29", &end_ns));
	EXPECT(!waiver_parse_date("1969-12-31", &end_ns));
	EXPECT(!waiver_parse_date("2024-02-29 ", &end_ns));
	EXPECT(!waiver_parse_date("+024-02-29", &end_ns));
	EXPECT(!waiver_parse_date("", &end_ns));
}

static const struct fitted {
	const char *waiver, *id, *image, *os, *sha256, *size, *message;
	bool fits;
} fitted[] = {
	{"case: a.b", "a.b", "i", "o", "d", "s", "m", true},
	{"case: a.b", "a.bc", "i", "o", "d", "s", "m", false},
	{"case: a.*", "a.bc", "i", "o", "d", "s", "m", true},
	{"case: a.b, subject: 'deb*'", "a.b", "debian", "o", "d", "s", "m", true},
	{"case: a.b, subject: 'Deb*'", "a.b", "i", "Debian 12", "d", "s", "m", true},
	{"case: a.b, subject: 'sha256:d1*'", "a.b", "i", "o", "d123", "s", "m", true},
	{"case: a.b, subject: d123", "a.b", "i", "o", "d123", "s", "m", true},
	{"case: a.b, subject: x", "a.b", "i", "o", "d", "s", "m", false},
	{"case: a.b, size: s", "a.b", "i", "o", "d", "s", "m", true},
	{"case: a.b, size: t", "a.b", "i", "o", "d", "s", "m", false},
	{"case: a.b, message: tsc", "a.b", "i", "o", "d", "s", "the tsc drifts", true},
	{"case: a.b, message: 'tsc*'", "a.b", "i", "o", "d", "s", "the tsc drifts", false},
	{"case: a.b, message: '*tsc*'", "a.b", "i", "o", "d", "s", "the tsc drifts", true},
	{"case: a.b, message: x", "a.b", "i", "o", "d", "s", "", false},
};

TEST(waiver, fits)
{
	for (const struct fitted *row = fitted; row < fitted + ARRAY_LEN(fitted); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
		CLEAN_FREE char *yaml = xasprintf("waivers: [{%s, " NEEDED "}]\n", row->waiver);
		EXPECT_NUMBER(parse(&waivers, yaml, &problems), 0);
		const struct waiver *it = waivers.list.items;
		const struct waiver_target target = {.id = row->id,
						     .image = row->image,
						     .os = row->os,
						     .sha256 = row->sha256,
						     .size = row->size,
						     .arch = "",
						     .filesystem = "",
						     .kernel = ""};
		bool fits = waiver_fits(it, &target) && waiver_fits_message(it, row->message);
		if (fits != row->fits)
			EXPECT_TEXT(row->waiver, row->fits ? "fits" : "does not");
	}
}

static const struct narrowed {
	const char *waiver, *arch, *filesystem, *kernel;
	bool fits;
} narrowed[] = {
	{"arch: x86_64", "x86_64", "", "", true},
	{"arch: x86_64", "aarch64", "", "", false},
	{"arch: x86_64", "", "", "", false},
	{"filesystem: ext*", "", "ext4", "", true},
	{"filesystem: ext*", "", "xfs", "", false},
	{"kernel: '>= 6.1, < 6.12'", "", "", "6.1.0-25-amd64", true},
	{"kernel: '>= 6.1, < 6.12'", "", "", "6.12.1", false},
	{"kernel: '>= 6.1, < 6.12'", "", "", "", false},
	{"arch: x86_64, filesystem: '*', kernel: '6.12'", "x86_64", "", "6.12.1", true},
	{"arch: x86_64, filesystem: '*', kernel: '6.12'", "x86_64", "", "6.13.1", false},
};

TEST(waiver, fits_where_its_conditions_hold)
{
	for (const struct narrowed *row = narrowed; row < narrowed + ARRAY_LEN(narrowed); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
		CLEAN_FREE char *yaml =
			xasprintf("waivers: [{case: a, %s, " NEEDED "}]\n", row->waiver);
		const struct waiver_target target = {.id = "a",
						     .image = "i",
						     .os = "o",
						     .sha256 = "d",
						     .size = "s",
						     .arch = row->arch,
						     .filesystem = row->filesystem,
						     .kernel = row->kernel};
		EXPECT_NUMBER(parse(&waivers, yaml, &problems), 0);
		EXPECT_TEXT(problems.buf, "");
		if (waiver_fits(waivers.list.items, &target) != row->fits)
			EXPECT_TEXT(row->waiver, row->fits ? "fits" : "does not");
	}
}

/* A result with tests of its own: p(ass) f(ail) s(kip) b(roken), x: failed as expected. */
static void add_subs(struct result *result, const char *const *names, const char *outcomes)
{
	for (size_t i = 0; outcomes[i]; i++) {
		struct sub_result sub = {.name = xstrdup(names[i]), .message = xstrdup("")};
		sub.outcome = outcomes[i] == 'f'   ? OUTCOME_FAIL
			      : outcomes[i] == 's' ? OUTCOME_SKIP
			      : outcomes[i] == 'b' ? OUTCOME_BROKEN
						   : OUTCOME_PASS;
		sub.expected = outcomes[i] == 'x';
		result_add_sub(result, &sub);
		free(sub.name);
		free(sub.message);
	}
}

static const struct known_subs {
	const char *subs, *outcomes; /* of "disk > reads", "disk > writes", "net" */
	enum outcome outcome;
	bool fits;
} known_subs[] = {
	{"['disk > writes']", "pfp", OUTCOME_FAIL, true},
	{"['disk > writes']", "pfs", OUTCOME_FAIL, true},
	{"['disk > writes']", "pfx", OUTCOME_FAIL, true},
	{"['disk > writes']", "ffp", OUTCOME_FAIL, false},
	{"['disk > writes']", "pfb", OUTCOME_FAIL, false},
	{"['disk > *']", "ffp", OUTCOME_FAIL, true},
	{"['disk > reads', net]", "fpb", OUTCOME_FAIL, true},
	{"['disk > reads', net]", "ppf", OUTCOME_FAIL, true},
	{"['disk > writes']", "ppp", OUTCOME_FAIL, false},
	{"['disk > writes']", "", OUTCOME_FAIL, false},
	{"['disk > writes']", "pfp", OUTCOME_BROKEN, false},
	{"['disk > writes']", "pfp", OUTCOME_PASS, false},
};

TEST(waiver, fits_when_no_other_test_of_a_program_failed)
{
	static const char *const names[] = {"disk > reads", "disk > writes", "net"};

	for (const struct known_subs *row = known_subs; row < known_subs + ARRAY_LEN(known_subs);
	     row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
		CLEAN_DONE(result) struct result result;
		CLEAN_FREE char *yaml =
			xasprintf("waivers: [{case: a, subs: %s, " NEEDED "}]\n", row->subs);
		result_init(&result, "a");
		result.outcome = row->outcome;
		add_subs(&result, names, row->outcomes);
		EXPECT_NUMBER(parse(&waivers, yaml, &problems), 0);
		if (waiver_fits_subs(waivers.list.items, &result) != row->fits)
			EXPECT_TEXT(row->subs, row->outcomes);
		if (!row->fits)
			continue;
		result.subs_cut = 1;
		EXPECT(!waiver_fits_subs(waivers.list.items, &result));
		result.subs_cut = 0;
		result.is_fault = true;
		EXPECT(!waiver_fits_subs(waivers.list.items, &result));
	}
}

/* What hallmarks call it stays, where it has none of the conditions that came later. */
TEST(waiver, conditions_make_another_waiver)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;

	EXPECT_NUMBER(parse(&waivers,
			    "waivers:\n- {case: a, " NEEDED "}\n- {case: a, arch: x, " NEEDED "}\n"
			    "- {case: a, filesystem: x, " NEEDED
			    "}\n- {case: a, kernel: '6', " NEEDED
			    "}\n- {case: a, subs: [x], " NEEDED
			    "}\n- {case: a, subs: [x, y], " NEEDED "}\n",
			    &problems),
		      0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_TEXT(waivers.list.items[0].id, "w-ca8b171a24");
}

/* ---- adding one ---- */

static const struct waiver_words words = {.cases = "a.b",
					  .message = "\"tsc\" is slow",
					  .reason = "known: see the tracker",
					  .owner = "kim",
					  .expires = "2030-12-31"};

#define ADDED(indent)                                                                              \
	indent "- case: \"a.b\"\n" indent "  message: \"\\\"tsc\\\" is slow\"\n" indent            \
	       "  reason: \"known: see the tracker\"\n" indent "  owner: \"kim\"\n" indent         \
	       "  expires: 2030-12-31\n"

static const struct grown {
	const char *before, *after;
} grown[] = {
	{"", "# Failures that are let through for a time, see assay-waivers(5).\nwaivers:\n" ADDED(
		     "  ")},
	{"# ours",
	 "# ours\n# Failures that are let through for a time, see assay-waivers(5).\nwaivers:\n" ADDED(
		 "  ")},
	{"waivers: [] # none yet\n", "waivers: # none yet\n" ADDED("  ")},
	{"waivers:\n- {case: x, " NEEDED "} # why\n# end\n",
	 "waivers:\n- {case: x, " NEEDED "} # why\n# end\n" ADDED("")},
	{"# head\nwaivers:\n    - case: x\n      reason: r\n\n      owner: o\n      expires: 2030-12-31",
	 "# head\nwaivers:\n    - case: x\n      reason: r\n\n      owner: o\n      expires: "
	 "2030-12-31\n" ADDED("    ")},
};

TEST(waiver, is_added_and_all_else_stays)
{
	for (const struct grown *row = grown; row < grown + ARRAY_LEN(grown); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX),
				       out = TEXT_INIT(WAIVERS_FILE_MAX),
				       added = TEXT_INIT(WAIVERS_FILE_MAX);
		EXPECT_NUMBER(waivers_append("w", row->before, strlen(row->before), &words, &out,
					     &added, &problems),
			      0);
		EXPECT_TEXT(problems.buf, "");
		EXPECT_TEXT(out.buf, row->after);
		EXPECT(has_suffix(out.buf, added.buf));
		CLEAN_DONE(waivers) struct waivers again = WAIVERS_INIT;
		EXPECT_NUMBER(parse(&again, out.buf, &problems), 0);
		EXPECT_TEXT(again.list.items[again.list.count - 1].message, "\"tsc\" is slow");
	}
}

static const struct slip refused[] = {
	{"waivers: [{case: a.b, message: \"\\\"tsc\\\" is slow\", " NEEDED "}]\n",
	 "w:1:1: `waivers` is not written with a dash before each entry"},
	{"waivers:\n- case: a.b\n  message: \"\\\"tsc\\\" is slow\"\n  reason: r\n  owner: o\n"
	 "  expires: 2030-12-31\n",
	 "w:7:3: the waiver at w:2 is for the same: case, subject, size, message and all else\n"},
	{"waivers: [\n  ]\n", "w:1:1: `waivers` is an empty list that is not written as []"},
	{"waivers:\n- case: x\n", "lacks the key"},
	{"title: x\n", "there is no key `title`"},
	{"waivers:\n- {case: x, " NEEDED "}\n...\n", "w:"},
};

TEST(waiver, is_not_added_where_it_would_break_something)
{
	for (const struct slip *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX),
				       out = TEXT_INIT(WAIVERS_FILE_MAX),
				       added = TEXT_INIT(WAIVERS_FILE_MAX);
		EXPECT(waivers_append("w", row->yaml, strlen(row->yaml), &words, &out, &added,
				      &problems) > 0);
		EXPECT_NUMBER(added.length, 0);
		if (!strstr(problems.buf, row->told))
			EXPECT_TEXT(problems.buf, row->told);
	}
}
