/* SPDX-License-Identifier: Apache-2.0 */
/* Trees: links, the overlay, maxima, walks, the record of reads; over a folder that each test makes. */
#include "guest/kit/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"

static void make_folder(const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	EXPECT(mkdir(path, 0755) == 0);
}

static void make_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

static void make_link(const char *name, const char *target)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	EXPECT(symlink(target, path) == 0);
}

/* etc/hostname, etc/link -> ../usr/data, usr/data, usr/lib/, out -> /etc, loop -> loop, up -> ../../../../etc/hostname */
static struct tree *make_tree(void)
{
	make_folder("etc");
	make_folder("usr");
	make_folder("usr/lib");
	make_file("etc/hostname", "host\n");
	make_file("usr/data", "data");
	make_link("etc/link", "../usr/data");
	make_link("out", "/etc");
	make_link("loop", "loop");
	make_link("up", "../../../../../../../../etc/hostname");
	return tree_of_folder(test_folder());
}

static void expect_content(struct tree *tree, const char *path, const char *want)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);

	EXPECT_NUMBER(tree_read(tree, path, &text), 0);
	EXPECT_TEXT(text.buf, want);
}

TEST(tree, links_stay_inside)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	char real[TREE_PATH_MAX];

	expect_content(tree, "/etc/hostname", "host\n");
	expect_content(tree, "/etc/link", "data");
	expect_content(tree, "/out/hostname", "host\n"); /* the tree's /etc, not ours */
	expect_content(tree, "/up", "host\n");
	expect_content(tree, "/../../etc/./hostname", "host\n");
	EXPECT_NUMBER(tree_resolve(tree, "//out//link", real, sizeof real), 0);
	EXPECT_TEXT(real, "/usr/data");
	EXPECT_NUMBER(tree_resolve(tree, "/loop", real, sizeof real), -ELOOP);
	EXPECT_NUMBER(tree_resolve(tree, "/etc/hostname/x", real, sizeof real), -ENOTDIR);
	EXPECT_NUMBER(tree_resolve(tree, "relative", real, sizeof real), -EINVAL);
	EXPECT_NUMBER(tree_resolve(tree, "/none", real, sizeof real), -ENOENT);
}

TEST(tree, lstat_and_readlink_keep_the_last_link)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	struct tree_stat st;
	char target[64];

	EXPECT(tree_lstat(tree, "/out", &st) == 0 && S_ISLNK(st.mode));
	EXPECT(tree_stat(tree, "/out", &st) == 0 && S_ISDIR(st.mode));
	EXPECT(tree_readlink(tree, "/out/link", target, sizeof target) == 0);
	EXPECT_TEXT(target, "../usr/data");
	EXPECT_NUMBER(tree_readlink(tree, "/etc/hostname", target, sizeof target), -EINVAL);
}

TEST(tree, refuses_what_could_wait_for_ever)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	CLEAN_FREE char *path = xasprintf("%s/fifo", test_folder());
	CLEAN_TEXT struct text text = TEXT_INIT(64);

	EXPECT(mkfifo(path, 0600) == 0);
	EXPECT_NUMBER(tree_read(tree, "/fifo", &text), -EINVAL);
	EXPECT_NUMBER(tree_read(tree, "/etc", &text), -EISDIR);
}

TEST(tree, reading_keeps_to_the_maximum)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	CLEAN_TEXT struct text small = TEXT_INIT(3);
	char buf[3];

	EXPECT_NUMBER(tree_read(tree, "/usr/data", &small), -EMSGSIZE);
	EXPECT_TEXT(small.buf, "dat");
	EXPECT_NUMBER(tree_pread(tree, "/usr/data", 2, buf, sizeof buf), 2);
	EXPECT(memcmp(buf, "ta", 2) == 0);
	EXPECT_NUMBER(tree_pread(tree, "/usr/data", 9, buf, sizeof buf), 0);
}

/* ---- the overlay ---- */

TEST(tree, planted_file)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	struct tree_stat st;

	tree_plant_file(tree, "/etc/link", "other", 5, 0600, 7);
	expect_content(tree, "/usr/data", "other"); /* through the link */
	EXPECT(tree_stat(tree, "/usr/data", &st) == 0);
	EXPECT_NUMBER(st.mode, S_IFREG | 0600);
	EXPECT_NUMBER(st.uid, 7);
	EXPECT_NUMBER(st.size, 5);
	tree_plant_file(tree, "/new/deep/file", "x", 1, 0644, 0);
	expect_content(tree, "/new/deep/file", "x");
	EXPECT(tree_stat(tree, "/new/deep", &st) == 0 && S_ISDIR(st.mode));
	EXPECT_NUMBER(tree_plant_error(tree), 0);
	tree_unplant(tree);
	expect_content(tree, "/usr/data", "data");
	EXPECT_NUMBER(tree_stat(tree, "/new", &st), -ENOENT);
}

TEST(tree, planted_link_mode_and_absence)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	struct tree_stat st;

	tree_plant_link(tree, "/etc/hostname", "/usr/data");
	expect_content(tree, "/etc/hostname", "data");
	tree_plant_mode(tree, "/usr/data", 04755, 3);
	EXPECT(tree_stat(tree, "/usr/data", &st) == 0);
	EXPECT_NUMBER(st.mode, S_IFREG | 04755);
	EXPECT_NUMBER(st.uid, 3);
	tree_plant_absence(tree, "/usr");
	EXPECT_NUMBER(tree_stat(tree, "/usr/data", &st), -ENOENT);
	tree_plant_file(tree, "/usr/data", "again", 5, 0644, 0);
	expect_content(tree, "/usr/data", "again");
	EXPECT_NUMBER(tree_stat(tree, "/usr/lib", &st), -ENOENT);
	EXPECT_NUMBER(tree_plant_error(tree), 0);
	tree_plant_mode(tree, "/nowhere", 0600, 0);
	EXPECT_NUMBER(tree_plant_error(tree), -ENOENT);
}

/* ---- listing and walking ---- */

static int add_name(void *arg, const char *name, const struct tree_stat *stat)
{
	return text_addf(arg, "%s%s ", name,
			 S_ISDIR(stat->mode)   ? "/"
			 : S_ISLNK(stat->mode) ? "@"
					       : "");
}

static void expect_walk(struct tree *tree, const char *from, const char *want)
{
	CLEAN_TEXT struct text names = TEXT_INIT(4096);

	EXPECT_NUMBER(tree_walk(tree, from, add_name, &names), 0);
	EXPECT_TEXT(names.buf, want);
}

TEST(tree, walk_is_sorted_and_does_not_follow_links)
{
	CLEANUP(tree) struct tree *tree = make_tree();

	expect_walk(tree, "/",
		    "/etc/ /etc/hostname /etc/link@ /loop@ /out@ /up@ /usr/ /usr/data /usr/lib/ ");
	expect_walk(tree, "/out", "/etc/hostname /etc/link@ ");
}

TEST(tree, walk_sees_the_overlay)
{
	CLEANUP(tree) struct tree *tree = make_tree();

	tree_plant_absence(tree, "/etc/hostname");
	tree_plant_file(tree, "/usr/lib/a/b", "", 0, 0644, 0);
	tree_plant_file(tree, "/usr/lib/a/c", "", 0, 0644, 0);
	tree_plant_link(tree, "/usr/data", "lib");
	expect_walk(
		tree, "/",
		"/etc/ /etc/link@ /loop@ /out@ /up@ /usr/ /usr/data@ /usr/lib/ /usr/lib/a/ /usr/lib/a/b "
		"/usr/lib/a/c ");
}

TEST(tree, hidden_folder_shows_only_what_is_planted)
{
	CLEANUP(tree) struct tree *tree = make_tree();

	tree_plant_absence(tree, "/usr");
	tree_plant_file(tree, "/usr/x", "", 0, 0644, 0);
	expect_walk(tree, "/usr", "/usr/x ");
}

static int stop_at_first(void *arg, const char *name UNUSED, const struct tree_stat *stat UNUSED)
{
	++*(int *)arg;
	return 42;
}

TEST(tree, a_visitor_can_stop)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	int visits = 0;

	EXPECT_NUMBER(tree_walk(tree, "/", stop_at_first, &visits), 42);
	EXPECT_NUMBER(visits, 1);
	EXPECT_NUMBER(tree_list(tree, "/etc", stop_at_first, &visits), 42);
	EXPECT_NUMBER(tree_list(tree, "/etc/hostname", stop_at_first, &visits), -ENOTDIR);
}

TEST(tree, reads_are_recorded_once_in_order)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	struct tree_stat st;

	expect_content(tree, "/usr/data", "data");
	EXPECT_NUMBER(tree_stat(tree, "/none", &st), -ENOENT);
	expect_content(tree, "/usr/data", "data");
	const char *first = tree_read_path(tree, NULL), *second = tree_read_path(tree, first);
	EXPECT_TEXT(first, "/usr/data");
	EXPECT_TEXT(second, "/none");
	EXPECT(tree_read_path(tree, second) == NULL);
	EXPECT(tree_has_read_content(tree, "/usr/data"));
	EXPECT(!tree_has_read_content(tree, "/none"));
	EXPECT(!tree_has_read_content(tree, "/usr"));
	tree_forget_reads(tree);
	EXPECT(tree_read_path(tree, NULL) == NULL);
}

/* ---- disk and facts ---- */

static ssize_t disk_of_zeros(void *impl UNUSED, uint64_t offset UNUSED, void *buf, size_t size)
{
	memset(buf, 0, size);
	return (ssize_t)size;
}

static int one_filesystem(void *impl UNUSED, unsigned n, struct text *facts)
{
	return n > 0 ? -ENOENT : text_adds(facts, "type=ext4\nerrors=0\nclean=1\n");
}

TEST(tree, disk_and_facts_can_be_planted)
{
	static const struct tree_ops ops = {.disk_read = disk_of_zeros,
					    .filesystem = one_filesystem};
	CLEANUP(tree) struct tree *tree = tree_new(&ops, NULL, true);
	CLEAN_TEXT struct text facts = TEXT_INIT(4096);
	char sector[4];

	tree_plant_disk(tree, 510, "\x55\xaa\x01", 3);
	EXPECT_NUMBER(tree_disk_read(tree, 509, sector, sizeof sector), 4);
	EXPECT(memcmp(sector, "\0\x55\xaa\x01", 4) == 0);
	EXPECT_NUMBER(tree_disk_read(tree, 512, sector, 1), 1);
	EXPECT_NUMBER(sector[0], 1);
	EXPECT_NUMBER(tree_disk_read(tree, 513, sector, 1), 1);
	EXPECT_NUMBER(sector[0], 0);
	tree_plant_fact(tree, 0, "errors", "3");
	tree_plant_fact(tree, 0, "label", "root");
	EXPECT_NUMBER(tree_filesystem(tree, 0, &facts), 0);
	EXPECT_TEXT(facts.buf, "type=ext4\nclean=1\nerrors=3\nlabel=root\n");
	EXPECT_NUMBER(tree_filesystem(tree, 1, &facts), -ENOENT);
}

TEST(tree, the_running_system_is_not_walked_beyond_its_disks)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder("/");
	struct tree_stat st;
	CLEAN_TEXT struct text text = TEXT_INIT(65536);

	EXPECT(!tree_is_offline(tree));
	EXPECT(tree_stat(tree, "/", &st) == 0 && st.filesystem == 0);
	EXPECT(tree_stat(tree, "/proc/self/status", &st) == 0 && (st.filesystem & TREE_OUTSIDE));
	EXPECT_NUMBER(tree_read(tree, "/proc/self/status", &text),
		      0); /* its size is said to be 0 */
	EXPECT(strstr(text.buf, "Name:") != NULL);
}
