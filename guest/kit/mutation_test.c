/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not what they were: over a folder that each test makes. */
#include "guest/kit/mutation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"

#define CONTENT "one\ntwo\nthree\nfour\n"

static void make_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

/* list, its name by a link, an empty file and a folder. */
static struct tree *make_tree(void)
{
	CLEAN_FREE char *link = xasprintf("%s/link", test_folder());
	CLEAN_FREE char *folder = xasprintf("%s/folder", test_folder());

	make_file("list", CONTENT);
	make_file("empty", "");
	EXPECT(symlink("list", link) == 0);
	EXPECT(mkdir(folder, 0755) == 0);
	return tree_of_folder(test_folder());
}

static void read_mutated(struct tree *tree, enum mutation mutation, uint64_t seed, struct text *ret)
{
	EXPECT_NUMBER(mutation_plant(tree, "/list", mutation, seed), 0);
	text_clear(ret);
	EXPECT_NUMBER(tree_read(tree, "/list", ret), 0);
	tree_unplant(tree);
}

TEST(mutation, names_are_read_back)
{
	for (enum mutation m = MUTATION_NONE; m < MUTATION_COUNT; m++)
		EXPECT_NUMBER(mutation_of_name(mutation_name(m)), m);
	EXPECT_NUMBER(mutation_of_name("eaten"), MUTATION_COUNT);
}

TEST(mutation, content_is_spoilt)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	CLEAN_TEXT struct text text = TEXT_INIT(4096), again = TEXT_INIT(4096);
	size_t length = strlen(CONTENT);

	read_mutated(tree, MUTATION_EMPTIED, 1, &text);
	EXPECT_NUMBER(text.length, 0);
	read_mutated(tree, MUTATION_HALVED, 1, &text);
	EXPECT_NUMBER(text.length, length / 2);
	EXPECT(memcmp(text.buf, CONTENT, length / 2) == 0);
	read_mutated(tree, MUTATION_GARBLED, 1, &text);
	EXPECT_NUMBER(text.length, length);
	EXPECT(memcmp(text.buf, CONTENT, length) != 0);
	read_mutated(tree, MUTATION_GARBLED, 1, &again);
	EXPECT(memcmp(text.buf, again.buf, length) == 0);
	read_mutated(tree, MUTATION_GARBLED, 2, &again);
	EXPECT(memcmp(text.buf, again.buf, length) != 0);
}

TEST(mutation, one_byte_is_scratched)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	unsigned others = 0;

	read_mutated(tree, MUTATION_SCRATCHED, 1, &text);
	EXPECT_NUMBER(text.length, strlen(CONTENT));
	for (size_t i = 0; i < text.length; i++)
		others += text.buf[i] != CONTENT[i];
	EXPECT_NUMBER(others, 1);
}

TEST(mutation, owner_and_mode_stay)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	struct tree_stat before, after;

	EXPECT_NUMBER(tree_stat(tree, "/list", &before), 0);
	EXPECT_NUMBER(mutation_plant(tree, "/list", MUTATION_EMPTIED, 1), 0);
	EXPECT_NUMBER(tree_stat(tree, "/list", &after), 0);
	EXPECT_NUMBER(after.mode, before.mode);
	EXPECT_NUMBER(after.uid, before.uid);
	EXPECT_NUMBER(after.size, 0);
}

TEST(mutation, absent_is_not_there)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	struct tree_stat stat;

	EXPECT_NUMBER(mutation_plant(tree, "/list", MUTATION_ABSENT, 1), 0);
	EXPECT_NUMBER(tree_stat(tree, "/list", &stat), -ENOENT);
	EXPECT_NUMBER(mutation_plant(tree, "/none", MUTATION_EMPTIED, 1), -ENOENT);
}

static void add_file(void *arg, const char *path, bool has_content)
{
	text_addf(arg, "%c%s\n", has_content ? 'c' : '-', path);
}

TEST(mutation, files_are_told_once)
{
	CLEANUP(tree) struct tree *tree = make_tree();
	CLEAN_TEXT struct text text = TEXT_INIT(4096), told = TEXT_INIT(4096);
	struct tree_stat stat;

	EXPECT_NUMBER(tree_read(tree, "/link", &text), 0);
	EXPECT_NUMBER(tree_read(tree, "/list", &text), 0);
	EXPECT_NUMBER(tree_read(tree, "/empty", &text), 0);
	EXPECT_NUMBER(tree_read(tree, "/none", &text), -ENOENT);
	EXPECT_NUMBER(tree_stat(tree, "/folder", &stat), 0);
	mutation_files(tree, add_file, &told);
	EXPECT_TEXT(told.buf, "c/link\n-/empty\n");
}
