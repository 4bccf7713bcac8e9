/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a content. */
#include "host/image/memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/test.h"

#define DIGEST "00112233"

TEST(memory, keeps_what_was_found)
{
	CLEAN_TEXT struct text text = TEXT_INIT(100);

	EXPECT(!memory_recall(test_folder(), DIGEST, "size-1", &text));
	memory_keep(test_folder(), DIGEST, "size-1", "17\nlines");
	EXPECT(memory_recall(test_folder(), DIGEST, "size-1", &text));
	EXPECT_TEXT(text.buf, "17\nlines");
	EXPECT(!memory_recall(test_folder(), DIGEST, "size-2", &text));
	EXPECT_TEXT(text.buf, "");
	memory_keep(test_folder(), DIGEST, "size-1", "");
	EXPECT(memory_recall(test_folder(), DIGEST, "size-1", &text));
	EXPECT_TEXT(text.buf, "");
}

TEST(memory, is_not_needed)
{
	CLEAN_TEXT struct text text = TEXT_INIT(100);

	memory_keep(NULL, DIGEST, "size-1", "17");
	EXPECT(!memory_recall(NULL, DIGEST, "size-1", &text));
}

TEST(memory, leaves_out_what_is_cut_or_too_long)
{
	CLEAN_FREE char *path =
		xasprintf("%s/looks/" DIGEST "-" ASSAY_VERSION "-size-1", test_folder());
	CLEAN_TEXT struct text text = TEXT_INIT(100), small = TEXT_INIT(8);
	struct stat st;

	memory_keep(test_folder(), DIGEST, "size-1", "1234567890");
	EXPECT(!memory_recall(test_folder(), DIGEST, "size-1", &small));
	EXPECT(stat(path, &st) == 0 && truncate(path, st.st_size - 1) == 0);
	EXPECT(!memory_recall(test_folder(), DIGEST, "size-1", &text));
	EXPECT_TEXT(text.buf, "");
}

/* Made so long ago, and not asked for since. */
static void make_old(const char *digest, time_t seconds_ago)
{
	CLEAN_FREE char *path =
		xasprintf("%s/looks/%s-" ASSAY_VERSION "-size-1", test_folder(), digest);
	struct timespec times[2] = {{.tv_sec = time(NULL) - seconds_ago},
				    {.tv_sec = time(NULL) - seconds_ago}};

	memory_keep(test_folder(), digest, "size-1", "4096");
	EXPECT(utimensat(AT_FDCWD, path, times, 0) == 0);
}

TEST(memory, forgets_what_is_unused)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct memory_size before = {0}, gone = {0}, after = {0};
	struct err e = {0};

	EXPECT_NUMBER(memory_measure(test_folder(), &before, &e), 0); /* no folder yet */
	EXPECT_NUMBER(memory_forget(test_folder(), UINT64_MAX, &gone, &e), 0);
	EXPECT_NUMBER(before.files + gone.files, 0);
	make_old("aa", 1000);
	make_old("bb", 1000);
	make_old("cc", 10);
	EXPECT(memory_recall(test_folder(), "bb", "size-1", &text)); /* it is in use */
	EXPECT_NUMBER(memory_measure(test_folder(), &before, &e), 0);
	EXPECT(before.files == 3 && before.bytes > 0);
	EXPECT_NUMBER(memory_forget(test_folder(), clock_wall_ns() - 100 * NS_PER_S, &gone, &e), 0);
	EXPECT_NUMBER(gone.files, 1);
	EXPECT_NUMBER(memory_measure(test_folder(), &after, &e), 0);
	EXPECT_NUMBER(after.files, 2);
	EXPECT(!memory_recall(test_folder(), "aa", "size-1", &text));
	EXPECT(memory_recall(test_folder(), "cc", "size-1", &text));
	EXPECT_TEXT(e.text, "");
}
