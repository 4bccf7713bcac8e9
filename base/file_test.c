/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/test.h"

static unsigned entries(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

TEST(file, without_a_name_is_opened_by_its_path)
{
	unsigned before = entries(test_folder());
	char path[FILE_PATH_SIZE], read_back[4] = "";
	struct err e = {0};
	CLEAN_FD int fd = file_unnamed(test_folder(), &e);

	EXPECT(fd >= 0);
	EXPECT_NUMBER(entries(test_folder()), before);
	EXPECT(pwrite(fd, "abc", 3, 0) == 3);
	CLEAN_FD int again = open(file_path(fd, path), O_RDONLY | O_CLOEXEC);
	EXPECT(read(again, read_back, 3) == 3);
	EXPECT(strcmp(read_back, "abc") == 0);
}

TEST(file, in_no_folder_is_the_hosts_fault)
{
	struct err e = {0};

	EXPECT_NUMBER(file_unnamed("/nowhere", &e), -ENOENT);
	EXPECT(e.blame == BLAME_HOST);
	EXPECT(strstr(e.text, "/nowhere"));
}
