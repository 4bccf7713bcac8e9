/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a content. */
#include "host/image/memory.h"

#include <fcntl.h>
#include <sys/stat.h>

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
