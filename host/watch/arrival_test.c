/* SPDX-License-Identifier: Apache-2.0 */
/* When a file is whole, and which comes first. */
#include "host/watch/arrival.h"

#include "base/clock.h"
#include "base/test.h"

#define S	 NS_PER_S
#define LONG_AGO 1000 * S /* by the wall clock, at which the tests begin */

static void look(struct arrivals *arrivals, const char *name, uint64_t size, uint64_t ctime_ns,
		 uint64_t now_ns)
{
	struct arrival_file file = {
		.inode = 1, .size = size, .mtime_ns = ctime_ns, .ctime_ns = ctime_ns};

	arrivals_begin(arrivals);
	(void)arrivals_see(arrivals, name, &file, now_ns);
	arrivals_end(arrivals);
}

static const struct named {
	const char *name;
	bool is_image;
} names[] = {
	{"debian.qcow2", true},	  {"debian.img", true},		{"a", true},
	{".debian.qcow2", false}, {"debian.qcow2.part", false}, {"debian.QCOW2.PART", false},
	{"debian.qcow2~", false}, {"SHA256SUMS", false},	{"debian.qcow2.sha256", false},
	{"partial", true},	  {"x.crdownload", false},	{"report.json", false},
	{".part", false},
};

TEST(arrival, names)
{
	for (const struct named *row = names; row < names + ARRAY_LEN(names); row++)
		EXPECT((arrival_why_not(row->name) == NULL) == row->is_image);
}

TEST(arrival, is_whole_when_nobody_changes_it)
{
	CLEANUP(arrivals) struct arrivals *arrivals = arrivals_new(5 * S);

	look(arrivals, "a", 1, LONG_AGO, 10 * S);
	EXPECT(!arrivals_next(arrivals, 10 * S, LONG_AGO + S));
	look(arrivals, "a", 2, LONG_AGO + 4 * S, 14 * S); /* it grows */
	EXPECT(!arrivals_next(arrivals, 16 * S, LONG_AGO + 6 * S));
	EXPECT_NUMBER(arrivals_due_ns(arrivals, 16 * S, LONG_AGO + 6 * S), 19 * S);
	look(arrivals, "a", 2, LONG_AGO + 4 * S, 18 * S);
	EXPECT_TEXT(arrivals_next(arrivals, 19 * S, LONG_AGO + 6 * S), "a");
	arrivals_done(arrivals, "a");
	EXPECT(!arrivals_next(arrivals, 20 * S, LONG_AGO + 60 * S));
	look(arrivals, "a", 3, LONG_AGO + 61 * S, 30 * S); /* another one */
	EXPECT_TEXT(arrivals_next(arrivals, 35 * S, LONG_AGO + 62 * S), "a");
	arrivals_put_off(arrivals, "a", 50 * S);
	EXPECT(!arrivals_next(arrivals, 49 * S, LONG_AGO + 90 * S));
	EXPECT_TEXT(arrivals_next(arrivals, 50 * S, LONG_AGO + 90 * S), "a");
}

TEST(arrival, what_is_old_or_was_renamed_is_whole_at_once)
{
	CLEANUP(arrivals) struct arrivals *arrivals = arrivals_new(5 * S);

	look(arrivals, "old", 1, LONG_AGO - 6 * S, 10 * S);
	EXPECT_TEXT(arrivals_next(arrivals, 10 * S, LONG_AGO), "old");
	look(arrivals, "new", 1, LONG_AGO, 10 * S); /* and the other one is gone */
	EXPECT(!arrivals_next(arrivals, 10 * S, LONG_AGO) && !arrivals_file(arrivals, "old"));
	arrivals_renamed(arrivals, "new");
	EXPECT_TEXT(arrivals_next(arrivals, 10 * S, LONG_AGO), "new");
	look(arrivals, "new", 2, LONG_AGO + S, 11 * S); /* and is written to after all */
	EXPECT(!arrivals_next(arrivals, 11 * S, LONG_AGO + S));
	/* A clock that was set back says nothing. */
	look(arrivals, "future", 1, LONG_AGO + 500 * S, 20 * S);
	EXPECT(!arrivals_next(arrivals, 24 * S, LONG_AGO));
	EXPECT_TEXT(arrivals_next(arrivals, 25 * S, LONG_AGO), "future");
}

TEST(arrival, in_their_order)
{
	CLEANUP(arrivals) struct arrivals *arrivals = arrivals_new(S);
	static const char *const come[] = {"c", "a", "b", "d"};

	arrivals_begin(arrivals);
	for (size_t i = 0; i < ARRAY_LEN(come); i++) {
		struct arrival_file file = {.inode = i,
					    .ctime_ns = LONG_AGO - (100 - (i < 2 ? i : 2)) * S};
		EXPECT(arrivals_see(arrivals, come[i], &file, 10 * S));
	}
	arrivals_end(arrivals);
	for (size_t i = 0; i < ARRAY_LEN(come); i++) {
		EXPECT_TEXT(arrivals_next(arrivals, 10 * S, LONG_AGO), come[i]);
		arrivals_done(arrivals, come[i]);
	}
	EXPECT(!arrivals_next(arrivals, 10 * S, LONG_AGO));
	EXPECT(arrivals_due_ns(arrivals, 10 * S, LONG_AGO) == UINT64_MAX);
}
