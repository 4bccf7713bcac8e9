/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of folders. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"
#include "guest/bundle_copy.h"

static char *in_folder(const char *name)
{
	return xasprintf("%s/%s", test_folder(), name);
}

static void put(const char *name, const char *content, size_t length, mode_t mode)
{
	CLEAN_FREE char *path = in_folder(name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(fd >= 0 && write(fd, content, length) == (ssize_t)length && fchmod(fd, mode) == 0);
}

TEST(bundle_copy, keeps_modes_links_and_holes)
{
	CLEAN_FREE char *from = in_folder("from"), *below = in_folder("from/below"),
			*link = in_folder("from/below/link"), *to = in_folder("to"),
			*copied = in_folder("to/below/program"),
			*copied_link = in_folder("to/below/link");
	static char large[200000];
	CLEAN_TEXT struct text text = TEXT_INIT(sizeof large + 10);
	char target[16] = "";
	struct stat st;

	EXPECT(mkdir(from, 0755) == 0 && mkdir(below, 0711) == 0);
	memcpy(large + 150000, "end", 3);
	put("from/below/program", large, sizeof large, 04751);
	put("from/empty", "", 0, 0444);
	EXPECT(symlink("../empty", link) == 0);
	EXPECT_NUMBER(bundle_copy_folder(from, to), 0);
	EXPECT(stat(copied, &st) == 0);
	EXPECT_NUMBER(st.st_mode & 07777, 04751);
	EXPECT_NUMBER(st.st_size, sizeof large);
	EXPECT_NUMBER(text_read_file(&text, copied), 0);
	EXPECT(text.length == sizeof large && memcmp(text.buf, large, sizeof large) == 0);
	EXPECT_NUMBER(readlink(copied_link, target, sizeof target - 1), 8);
	EXPECT_TEXT(target, "../empty");
	/* what is there stays */
	EXPECT(unlink(copied) == 0);
	EXPECT_NUMBER(bundle_copy_folder(from, to), 0);
	EXPECT(access(copied, F_OK) < 0);
}

TEST(bundle_copy, says_what_is_not_there)
{
	CLEAN_FREE char *from = in_folder("none"), *to = in_folder("to");

	EXPECT_NUMBER(bundle_copy_folder(from, to), -ENOENT);
	EXPECT(access(to, F_OK) < 0);
	EXPECT_NUMBER(bundle_link_entries(from, to), -ENOENT);
}

TEST(bundle_copy, links_what_is_not_copied)
{
	CLEAN_FREE char *from = in_folder("from"), *to = in_folder("to"), *own = in_folder("to/a"),
			*other = in_folder("to/b");
	struct stat st;

	EXPECT(mkdir(from, 0755) == 0 && mkdir(to, 0755) == 0);
	put("from/a", "theirs", 6, 0644);
	put("from/b", "theirs", 6, 0644);
	put("to/a", "own", 3, 0644);
	EXPECT_NUMBER(bundle_link_entries(from, to), 0);
	EXPECT(lstat(own, &st) == 0 && S_ISREG(st.st_mode));
	EXPECT(lstat(other, &st) == 0 && S_ISLNK(st.st_mode));
	EXPECT(stat(other, &st) == 0 && st.st_size == 6);
}
