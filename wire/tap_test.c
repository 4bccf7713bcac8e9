/* SPDX-License-Identifier: Apache-2.0 */
/* What TAP and KTAP say, and that what does not add up is an error. */
#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "wire/tap.h"

/* "passed first|failed second: reason|", for all that are no sums. */
static void note_points(const struct tap_tree *tree, struct text *told)
{
	vec_each (&tree->points, point)
		if (!point->is_sum)
			(void)text_addf(told, "%s %s%s%s|", tap_state_name(point->state),
					point->name, point->reason[0] ? ": " : "", point->reason);
}

static void expect_read(const char *stream, size_t length, unsigned flags, const char *points,
			const char *fault)
{
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, length, flags);
	CLEAN_TEXT struct text told = TEXT_INIT(65536);
	const struct tap_oddity *first = tap_first_fault(tree);
	CLEAN_FREE char *said =
		first ? xasprintf("line %u: %s", first->line, first->text) : xstrdup("");

	EXPECT_TEXT(said, fault);
	EXPECT((tree->faults > 0) == (first != NULL));
	note_points(tree, &told);
	if (points)
		EXPECT_TEXT(told.buf, points);
}

static void expect_points(const char *stream, const char *points)
{
	expect_read(stream, strlen(stream), 0, points, "");
}

static void expect_bad(const char *stream, const char *why)
{
	expect_read(stream, strlen(stream), 0, NULL, why);
}

static void expect_kernel(const char *stream, const char *points, const char *fault)
{
	expect_read(stream, strlen(stream), TAP_KERNEL, points, fault);
}

/* The n-th note, without those that are faults. */
static const char *note_of(const struct tap_tree *tree, size_t at)
{
	vec_each (&tree->oddities, oddity)
		if (!oddity->is_fault && at-- == 0)
			return oddity->text;
	return "";
}

TEST(tap, points_have_names_and_states)
{
	expect_points("TAP version 13\n1..6\nok 1 - first\nnot ok 2 second\nok 3\n"
		      "ok 4 - fourth # SKIP no disk\nnot ok 5 - fifth # todo later\n"
		      "ok 6 - a \\# sign # and another\n",
		      "passed first|failed second|passed test 3|skipped fourth: no disk|"
		      "expected fifth: later|passed a # sign # and another|");
}

TEST(tap, the_plan_may_be_last_and_the_order_any)
{
	expect_points("TAP version 14\nok 2 - b\nok 1 - a\n1..2\n", "passed b|passed a|");
	expect_points("TAP version 14\nok - a\nnot ok - b\n1..2\n", "passed a|failed b|");
}

TEST(tap, other_lines_are_passed_over)
{
	expect_points(
		"starting\r\nTAP version 14\r\npragma +strict\n1..1\nokay, then\n# ok 7\n\nok 1 a\r\n",
		"passed a|");
}

TEST(tap, blocks_tell_what_was_got_and_wanted)
{
	static const char stream[] =
		"TAP version 14\n1..2\nnot ok 1 - cpus\n  ---\n  message: too few\n"
		"  got: 1\n  expected: '2'\n  duration_ms: 12.5\n  at:\n    got: 7\n  ok 9\n  ...\n"
		"ok 2 # time=1.5s\n";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, strlen(stream), 0);
	CLEAN_TEXT struct text told = TEXT_INIT(4096);

	note_points(tree, &told);
	EXPECT_TEXT(told.buf, "failed cpus: too few|passed test 2|");
	EXPECT_NUMBER(tree->counts[TAP_FAILED], 1);
	EXPECT_NUMBER(tree->counts[TAP_PASSED], 1);
	EXPECT_NUMBER(tree->points.items[0].duration_ns, 12500000);
	EXPECT_NUMBER(tree->points.items[1].duration_ns, 1500000000);
}

TEST(tap, values_are_kept)
{
	static const char stream[] = "TAP version 13\n1..1\nnot ok 1\n  ---\n  found: \"a b\"\n"
				     "  wanted:   c\n  ...\n";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, strlen(stream), 0);
	const struct tap_point *point = tree->points.items;

	EXPECT_NUMBER(tree->points.count, 1);
	EXPECT_TEXT(point->got, "a b");
	EXPECT_TEXT(point->want, "c");
	EXPECT_NUMBER(point->line, 3);
}

TEST(tap, sub_tests_are_points_of_their_own)
{
	expect_points("TAP version 14\n1..2\n# Subtest: disk\n    1..2\n    ok 1 - reads\n"
		      "    not ok 2 - writes\nnot ok 1 - disk\nok 2 - net\n",
		      "passed disk > reads|failed disk > writes|passed net|");
	/* What the sub-tests do not know is a point too. */
	expect_points("TAP version 14\n1..1\n    ok 1 - reads\n    1..1\nnot ok 1 - disk\n",
		      "passed reads|failed disk|");
}

TEST(tap, kernel_tests_are_read)
{
	expect_points(
		"[    1.0] noise\nKTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: suite\n  1..3\n"
		"  ok 1 case_1\n  ok 2 case_2 # SKIP no device\n"
		"    KTAP version 1\n    # Subtest: deep\n    1..1\n    not ok 1 row # XFAIL known\n"
		"  ok 3 deep\n# suite: pass:2\nok 1 suite\n",
		"passed suite > case_1|skipped suite > case_2: no device|"
		"expected suite > deep > row: known|");
}

TEST(tap, all_may_be_skipped)
{
	static const char stream[] = "TAP version 13\n1..0 # SKIP no such hardware\n";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, strlen(stream), 0);

	EXPECT_NUMBER(tree->faults, 0);
	EXPECT_NUMBER(tree->points.count, 0);
	EXPECT_TEXT(tree->reason, "no such hardware");
}

TEST(tap, numbers_must_add_up)
{
	expect_bad("TAP version 13\n1..2\nok 1\nok 1\n", "line 4: test 1 comes twice");
	expect_bad("TAP version 13\n1..2\nok 1\n",
		   "line 3: 2 tests were planned and 1 came: the stream is cut");
	expect_bad("TAP version 13\n1..1\nok 1\nok 2\n", "line 4: test 2 is not in the plan 1..1");
	expect_bad("TAP version 13\nok 3\n1..1\n", "line 3: test 3 is not in the plan 1..1");
	expect_bad("TAP version 13\nok 1\nok 2\n1..1\n", "line 4: the plan comes after 2 tests");
	expect_bad("TAP version 13\nok 1\n1..1\nok 2\n", "line 4: test 2 is not in the plan 1..1");
	expect_bad("TAP version 13\nok 1\n1..2\nok 2\n",
		   "line 4: test 2 comes after the plan at the end");
	expect_bad("TAP version 13\nok 1\n", "line 2: what began in line 1 has no plan (1..N)");
	expect_bad("TAP version 13\n1..1\n1..1\nok 1\n", "line 3: a second plan");
	expect_bad("TAP version 13\n1..999999\n", "line 2: the plan is no number up to 100000");
	expect_bad("TAP version 13\n1..1 and more\n", "line 2: this is no plan: 1..1 and more");
	expect_bad("TAP version 13\n1..1\nok 0\n",
		   "line 3: a test's number is within 1 and 100000");
	expect_bad("TAP version 13\n1..1\nok 1x\n",
		   "line 3: after a test's number there is a blank");
	expect_bad("KTAP version 1\n1..2\nok 2 b\nok 1 a\n", "line 3: test 2 follows test 0");
	expect_bad("KTAP version 1\n1..1\nok a\n", "line 3: in KTAP each test has a number");
	expect_bad("KTAP version 1\nok 1 a\n1..1\n", "line 3: the plan comes after 1 tests");
}

TEST(tap, a_cut_stream_decides_nothing)
{
	expect_bad("TAP version 13\n1..1\nok 1", "line 3: the stream ends in the middle of a line");
	expect_bad("TAP version 13\n1..1\nnot ok 1\n  ---\n  got: 1\n",
		   "line 5: the stream ends inside of a block of YAML");
	expect_bad("TAP version 13\n1..2\nok 1\nBail out! no memory\n",
		   "line 4: the program gave up: no memory");
	expect_bad("TAP version 14\n1..1\n    1..1\n    ok 1\n",
		   "line 4: the sub-tests that began in line 3 have no result of their own");
	expect_bad("TAP version 14\n1..1\n    1..2\n    ok 1\nok 1\n",
		   "line 5: 2 tests were planned and 1 came: the stream is cut");
	expect_bad(
		"",
		"line 0: there is no \"TAP version 13\", \"TAP version 14\" or \"KTAP version 1\"");
}

TEST(tap, contradictions_decide_nothing)
{
	expect_bad("TAP version 13\n1..1\nnot ok 1 - a # SKIP no disk\n",
		   "line 3: a is both skipped and not ok");
	expect_bad("TAP version 14\n1..1\n    1..1\n    not ok 1\nok 1 - a\n",
		   "line 5: a hides that 1 of its sub-tests failed");
	expect_bad("KTAP version 1\n1..1\nok 1 a # TIMEOUT 45 seconds\n",
		   "line 3: a is ok and did not come to its end");
	expect_points("KTAP version 1\n1..2\nnot ok 1 a # TIMEOUT 45 seconds\nnot ok 2 b # ERROR\n",
		      "undecided a: 45 seconds|undecided b|");
}

TEST(tap, versions_and_levels_are_checked)
{
	expect_bad("1..1\nok 1\n",
		   "line 1: before the tests there is \"TAP version 13\", \"TAP version 14\" or "
		   "\"KTAP version 1\"");
	expect_bad("TAP version 12\n",
		   "line 1: only TAP version 13 and 14 and KTAP version 1 are understood");
	expect_bad("TAP version 13\n1..1\nTAP version 13\nok 1\n",
		   "line 3: a version line in the middle of the tests");
	expect_bad("TAP version 14\n1..1\n    1..1\n  ok 1\n",
		   "line 4: 1 tests were planned and 0 came: the stream is cut");
	expect_bad("TAP version 14\n1..1\n    1..1\n    ok 1\n  ok 1\n",
		   "line 5: no level has an indentation of 2 blanks");
	CLEAN_TEXT struct text deep = TEXT_INIT(4096);
	(void)text_adds(&deep, "TAP version 14\n");
	for (int indent = 0; indent <= TAP_DEPTH_MAX; indent++)
		(void)text_addf(&deep, "%*s1..1\n", indent, "");
	expect_bad(deep.buf, "line 18: sub-tests are nested more than 16 deep");
}

TEST(tap, whole_documents_may_follow_one_another)
{
	expect_points("TAP version 13\n1..1\nok 1 a\nTAP version 13\n1..1\nnot ok 1 b\n",
		      "passed a|failed b|");
	expect_bad("TAP version 13\n1..2\nok 1 a\nTAP version 13\n1..1\nok 1 b\n",
		   "line 4: a version line in the middle of the tests");
}

TEST(tap, the_tree_has_sub_tests_below_their_sum)
{
	static const char stream[] = "TAP version 14\n1..2\nok 1 - net\n# Subtest: disk\n    1..2\n"
				     "    ok 1 - reads\n    not ok 2 - writes\nnot ok 2 - disk\n";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, strlen(stream), 0);
	const struct tap_level *root = &tree->levels.items[0];

	EXPECT_NUMBER(tree->faults, 0);
	EXPECT_NUMBER(tree->levels.count, 2);
	EXPECT_NUMBER(root->plan, 2);
	const struct tap_point *net = &tree->points.items[root->first],
			       *disk = &tree->points.items[net->next];
	EXPECT_TEXT(net->name, "net");
	EXPECT(disk->is_sum && disk->next == TAP_NONE && net->sub_levels == TAP_NONE);
	const struct tap_level *below = &tree->levels.items[disk->sub_levels];
	EXPECT_NUMBER(below->parent, root->last);
	EXPECT_TEXT(tree->points.items[below->last].name, "disk > writes");
	EXPECT_TEXT(tree->points.items[below->last].name + tree->points.items[below->last].own_name,
		    "writes");
}

TEST(tap, all_faults_are_told_and_the_reading_goes_on)
{
	static const char stream[] = "1..3\nok 1 a\nok 1 b\nok 7 c\nok 2 d\n";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, strlen(stream), 0);

	EXPECT_NUMBER(tree->points.count, 4);
	EXPECT_NUMBER(tree->faults, 3);
	EXPECT_TEXT(tree->oddities.items[1].text, "test 1 comes twice");
	EXPECT_NUMBER(tree->oddities.items[2].line, 4);
}

TEST(tap, odd_bytes_are_noted_and_take_nothing_away)
{
	static const char stream[] = "TAP version 13\r\n1..2\r\nok 1 a\0b\r\nnoise\0\nok 2\tc\n";
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream, sizeof stream - 1, 0);

	EXPECT_NUMBER(tree->faults, 0);
	EXPECT_TEXT(tree->points.items[0].name, "a?b");
	EXPECT_TEXT(tree->points.items[1].name, "c");
	EXPECT_TEXT(note_of(tree, 0), "this line and 2 later ones: each ends with CR and LF");
	EXPECT_TEXT(note_of(tree, 1), "this line and 1 later ones: each holds NUL bytes");
}

TEST(tap, lines_of_a_megabyte_are_read)
{
	CLEAN_TEXT struct text stream = TEXT_INIT(3U << 20);
	CLEAN_FREE char *filler = xnew((1U << 20) + 1);

	memset(filler, 'x', 1U << 20);
	(void)text_addf(&stream, "TAP version 13\n%s\n1..1\nok 1 %s\n", filler, filler);
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(stream.buf, stream.length, 0);
	EXPECT_NUMBER(tree->faults, 0);
	EXPECT_NUMBER(tree->notes, 1);
	EXPECT_NUMBER(tree->points.count, 1);
	EXPECT_NUMBER(strlen(tree->points.items[0].name), 199);
}

TEST(tap, the_kernels_log_is_told_apart)
{
	/* On the console with the kernel's lines in between … */
	expect_kernel("booting\nTAP version 13\n1..2\nok 1 a\n[   12.345678] usb 1-1: ok 2 b\n"
		      "<6>[   12.4][ T1] x\nok 2 b\n",
		      "passed a|passed b|", "");
	/* … as KUnit writes it, into the kernel's log … */
	expect_kernel("[    1.000000] KTAP version 1\n[    1.000001] 1..1\nlogin: ok 1 x\n"
		      "[    1.000002][    T1]   KTAP version 1\n[    1.000003]   1..1\n"
		      "[    1.000004]   ok 1 case\n[    1.000005] ok 1 suite\n",
		      "passed case|", "");
	/* … in the middle of a line, where something may be lost … */
	expect_kernel("TAP version 13\n1..1\nok 1 a[   12.345678] usb 1-1\n", NULL,
		      "line 3: a line of the kernel's log begins inside of this one");
	/* … and both at once, of which one would be lost. */
	expect_kernel("TAP version 13\n[    1.000000] KTAP version 1\n1..0\n", "",
		      "line 2: another stream of tests begins in the kernel's log: it is not read");
}

TEST(tap, what_kselftests_print_are_sub_tests)
{
	static const char good[] =
		"TAP version 13\n1..2\n# selftests: timers: nanosleep\n"
		"# TAP version 13\n# 1..2\n# # Starting\n# ok 1 CLOCK_A   \n"
		"# ok 2 # SKIP CLOCK_B\n# # Totals: pass:1 fail:0 xfail:0 xpass:0 "
		"skip:1 error:0\nok 1 selftests: timers: nanosleep\n"
		"# selftests: timers: raw\n# noise\nnot ok 2 selftests: timers: raw # "
		"exit=1\nTAP version 13\n1..1\n# selftests: a: b\nnot ok 1 selftests: "
		"a: b # TIMEOUT 45 seconds\n";

	expect_kernel(good,
		      "passed timers: nanosleep > CLOCK_A|skipped timers: nanosleep > test 2: "
		      "CLOCK_B|failed selftests: timers: raw: exit=1|"
		      "undecided selftests: a: b: 45 seconds|",
		      "");
	expect_kernel("TAP version 13\n1..1\n# TAP version 13\n# 1..2\n# ok 1 a\nok 1 b\n", NULL,
		      "line 6: 2 tests were planned and 1 came: the stream is cut");
	expect_kernel("TAP version 13\n1..1\n# 1..1\n# not ok 1 a\nok 1 b\n", NULL,
		      "line 5: b hides that 1 of its sub-tests failed");
	expect_kernel(
		"TAP version 13\n1..1\n# 1..1\n# ok 1 a\n# # Totals: pass:2 fail:0 xfail:0 "
		"xpass:0 skip:0 error:0\nok 1 b\n",
		NULL,
		"line 5: the totals here are 2 passed, 0 failed, 0 skipped, 0 expected to fail; "
		"1, 0, 0 and 0 came");
	expect_kernel("TAP version 13\n1..2\n# RIP=40#ok 1 selftests: a: b\nok 2 selftests: a: c\n",
		      NULL,
		      "line 3: a result seems to stand behind a comment in this line: it is not "
		      "counted");
	expect_kernel("TAP version 13\n1..2\n# 1..3\n# ok 1\n# Bail out! no memory\nnot ok 1 a\n"
		      "ok 2 b\n",
		      "passed test 1|failed a|passed b|", "line 5: the program gave up: no memory");
}

TEST(tap, harness_names_what_it_skips)
{
	expect_kernel(
		"TAP version 13\n1..3\n#  RUN           global.one ...\n#      SKIP      no root\n"
		"ok 1 # SKIP no root\n#  RUN           f.two ...\n#            OK  f.two\nok 2 f.two\n"
		"ok 3 # SKIP no clock\n",
		"skipped global.one: no root|passed f.two|skipped test 3: no clock|", "");
}
