/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a bisection comes back. */
#include "host/bisect/state.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

static void fill(struct bisect *bisect)
{
	const struct bisect_try good = {.id = "aa",
					.name = "first",
					.verdict = SEARCH_GOOD,
					.kernel = "k1",
					.run = "try-1",
					.passed = 31,
					.total = 31,
					.try_ns = 5};
	const struct bisect_try bad = {.id = "bb",
				       .name = "last",
				       .verdict = SEARCH_BAD,
				       .why = "it \"fails\"\n",
				       .kernel = "k2",
				       .run = "try-2",
				       .total = 2,
				       .build_ns = 1ULL << 40};
	const struct bisect_try same = {
		.id = "cc", .name = "m", .verdict = SEARCH_GOOD, .kernel = "k1", .same_as = "aa"};
	const struct bisect_try skipped = {
		.id = "dd", .name = "n", .verdict = SEARCH_SKIPPED, .why = "no", .kernel = "k3"};

	*bisect = (struct bisect)BISECT_INIT;
	bisect->kind = BISECT_COMMITS;
	(void)snprintf(bisect->id, sizeof bisect->id, "20260101-000000-x");
	(void)snprintf(bisect->case_id, sizeof bisect->case_id, "kernel.no_taint");
	bisect->tree = xstrdup("/src/linux");
	bisect->config = xstrdup("defconfig");
	bisect->build_jobs = 3;
	bisect->spent_ns = 77;
	bisect->first_parent = true;
	EXPECT(bisect_add_subject(bisect, "", "v1", "aa") &&
	       bisect_add_subject(bisect, "", "v2", "bb"));
	EXPECT(bisect_add_word(&bisect->words, "--size=small") &&
	       bisect_add_word(&bisect->make, "LLVM=1"));
	EXPECT(vec_add(&bisect->tries, good) && vec_add(&bisect->tries, bad) &&
	       vec_add(&bisect->tries, same) && vec_add(&bisect->tries, skipped));
}

TEST(bisect, what_is_kept_comes_back)
{
	CLEAN_DONE(bisect)
	struct bisect bisect = BISECT_INIT, again = BISECT_INIT, wrong = BISECT_INIT;
	CLEAN_TEXT struct text one = TEXT_INIT(65536), other = TEXT_INIT(65536);
	struct err e = {0};

	fill(&bisect);
	EXPECT_NUMBER(bisect_save(&bisect, test_folder(), &e), 0);
	EXPECT_NUMBER(bisect_load(test_folder(), &again, &e), 0);
	bisect_encode(&bisect, &one);
	bisect_encode(&again, &other);
	EXPECT_TEXT(other.buf, one.buf);
	EXPECT(again.tries.items[1].total == 2 && again.tries.items[1].build_ns == 1ULL << 40);
	EXPECT_NUMBER(bisect_load("/nowhere", &wrong, &e), -ENOENT);
	EXPECT(e.blame == BLAME_USER && strstr(e.text, "holds no bisection"));
}

TEST(bisect, a_kernel_that_was_tried)
{
	CLEAN_DONE(bisect) struct bisect bisect = BISECT_INIT;

	fill(&bisect);
	EXPECT_TEXT(bisect_find_kernel(&bisect, "k1")->id, "aa");
	EXPECT(!bisect_find_kernel(&bisect, "k3"));
	EXPECT(!bisect_find_kernel(&bisect, ""));
	EXPECT_TEXT(bisect_find(&bisect, "cc")->same_as, "aa");
	EXPECT(!bisect_find(&bisect, "zz"));
}

static const char *const replacements[][2] = {
	{"\"schema\":1", "\"schema\":9"},
	{"\"kind\":\"commits\"", "\"kind\":\"cats\""},
	{"\"verdict\":\"good\"", "\"verdict\":\"untried\""},
	{"\"run\":\"try-1\"", "\"run\":\"../x\""},
	{"\"run\":\"try-1\"", "\"run\":\"..\""},
	{"\"passed\":31", "\"passed\":32"},
	{"\"total\":31", "\"total\":-1"},
	{"\"tree\":\"/src/linux\"", "\"tree\":null"},
	{"\"words\":[", "\"words\":[7,"},
};

TEST(bisect, what_is_wrong_is_refused)
{
	CLEAN_DONE(bisect) struct bisect bisect = BISECT_INIT;
	CLEAN_TEXT struct text good = TEXT_INIT(65536);

	fill(&bisect);
	bisect_encode(&bisect, &good);
	for (size_t i = 0; i < ARRAY_LEN(replacements); i++) {
		CLEAN_DONE(bisect) struct bisect read = BISECT_INIT;
		CLEAN_TEXT struct text bad = TEXT_INIT(65536);
		struct err e = {0};
		const char *at = strstr(good.buf, replacements[i][0]);
		EXPECT(at != NULL);
		(void)text_add(&bad, good.buf, (size_t)(at - good.buf));
		(void)text_adds(&bad, replacements[i][1]);
		(void)text_adds(&bad, at + strlen(replacements[i][0]));
		EXPECT(bisect_decode(bad.buf, bad.length, &read, &e) < 0);
		EXPECT(e.text[0] != '\0');
	}
}
