/* SPDX-License-Identifier: Apache-2.0 */
/* Source trees and what is built from them, by a Makefile of a few lines that hands out a kernel made by hand. */
#include "host/kernel/build.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/test.h"
#include "host/kernel/kept_build.h"
#include "host/kernel/kernel_for_test.h"

static const char makefile[] =
	"defconfig:\n\techo CONFIG_HZ=250 >$(O)/.config\n"
	"olddefconfig:\n\tgrep -v NOT_THERE $(O)/.config >$(O)/.c; mv $(O)/.c $(O)/.config\n"
	"bzImage:\n\t@cat words >&2\n\t@test ! -e broken\n\tmkdir -p $(O)/arch/x86/boot\n"
	"\tcp image $(O)/arch/x86/boot/bzImage\n\techo x >>$(O)/built\n";

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", test_folder(), name);
}

static void put(const char *name, const void *bytes, size_t length)
{
	CLEAN_FREE char *path = path_of(name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	EXPECT_NUMBER(write(fd, bytes, length), (long long)length);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void make_tree(void)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0-x (a@b) #1");
	CLEAN_FREE char *tree = path_of("tree"), *cache = path_of("cache");

	(void)mkdir(tree, 0755);
	(void)mkdir(cache, 0755);
	put_text("tree/Makefile", makefile);
	put_text("tree/Kbuild", "");
	put_text("tree/Kconfig", "");
	put_text("tree/words", "");
	put("tree/image", kernel.bytes, sizeof kernel.bytes);
}

struct told {
	struct source source;
	struct build build;
	struct err e;
};

static int build_it(const char *revision, const struct build_order *like, struct told *ret)
{
	CLEAN_FREE char *tree = path_of("tree"), *cache = path_of("cache");
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	const struct source_order order = {.tree = tree, .revision = revision, .cache = cache};
	struct build_order how = like ? *like : (struct build_order){.jobs = 1};

	*ret = (struct told){.source.lock_fd = -1, .build.lock_fd = -1};
	how.cache = cache;
	int r = source_open(&order, &p, &ret->source, &ret->e);
	return r == 0 ? build_kernel(&how, &ret->source, &p, &ret->build, &ret->e) : r;
}

static void told_done(struct told *told)
{
	build_done(&told->build);
	source_done(&told->source);
}
DEFINE_CLEAN_DONE(told);

static void git(const char *words)
{
	CLEAN_FREE char *line = xasprintf(
		"cd %s/tree && git -c user.name=k -c user.email=k@example.org -c init.defaultBranch=m %s",
		test_folder(), words);
	const char *argv[] = {"sh", "-c", line, NULL};
	const struct child_spec spec = {.argv = argv};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(1 << 20);
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct err e = {0};

	if (child_run_ok(&spec, &p, &out, &e) < 0)
		test_skip("git is not installed");
}

TEST(build, a_folder_is_built_once)
{
	CLEAN_DONE(told) struct told first, again, other;
	CLEAN_FREE char *in_tree = path_of("tree/arch");

	make_tree();
	EXPECT_NUMBER(build_it(NULL, NULL, &first), 0);
	EXPECT(!first.build.failed && !first.build.was_kept && first.build.lock_fd >= 0);
	EXPECT(strstr(first.build.kernel, "/linux-6.1.0-x-") && !first.build.modules);
	EXPECT_TEXT(first.source.name, "tree");
	EXPECT_NUMBER(access(first.build.kernel, R_OK), 0);
	EXPECT(access(in_tree, F_OK) < 0);
	EXPECT_NUMBER(build_it(NULL, NULL, &again), 0);
	EXPECT(again.build.was_kept);
	EXPECT_TEXT(again.build.kernel, first.build.kernel);
	put_text("tree/new", "another tree");
	source_done(&first.source);
	EXPECT_NUMBER(build_it(NULL, NULL, &other), 0);
	EXPECT(!other.build.was_kept && strcmp(other.build.key, first.build.key) != 0);
}

TEST(build, what_the_compiler_says_is_kept)
{
	CLEAN_DONE(told) struct told first, again, failed;
	char why[320];

	make_tree();
	put_text("tree/words",
		 "a.c:1:2: warning: odd\nb.c:3: warning: odd\na.c:1:2: warning: odd\n");
	EXPECT_NUMBER(build_it(NULL, NULL, &first), 0);
	EXPECT_NUMBER(first.build.warnings, 2);
	EXPECT_NUMBER(build_it(NULL, NULL, &again), 0);
	EXPECT(again.build.was_kept && again.build.warnings == 2 && again.build.found.count == 2);
	EXPECT_TEXT(again.build.found.items[1].file, "b.c");

	source_done(&first.source);
	put_text("tree/words", "a.c:1:2: warning: odd\nb.c:3:4: error: wrong\n");
	put_text("tree/broken", "");
	EXPECT_NUMBER(build_it(NULL, NULL, &failed), 0);
	EXPECT(failed.build.failed && !failed.build.kernel);
	EXPECT_NUMBER(failed.build.errors, 1);
	EXPECT_TEXT(build_why(&failed.build, why, sizeof why), "b.c:3:4: error: wrong");
	EXPECT_NUMBER(access(failed.build.log, R_OK), 0);
}

TEST(build, make_that_says_nothing_is_told)
{
	CLEAN_DONE(told) struct told failed;
	CLEAN_TEXT struct text text = TEXT_INIT(4096);

	make_tree();
	put_text("tree/broken", "");
	EXPECT_NUMBER(build_it(NULL, NULL, &failed), 0);
	EXPECT(failed.build.failed && failed.build.errors == 0);
	build_tell(&failed.build, 5, &text);
	EXPECT(strstr(text.buf, "make: ") && strstr(text.buf, "Error 1"));
}

TEST(build, an_image_that_is_none_is_the_trees_fault)
{
	CLEAN_DONE(told) struct told failed;
	char why[320];

	make_tree();
	put_text("tree/image", "no kernel");
	EXPECT_NUMBER(build_it(NULL, NULL, &failed), 0);
	EXPECT(failed.build.failed);
	EXPECT(strstr(build_why(&failed.build, why, sizeof why), "is no kernel"));
}

TEST(build, what_this_host_lacks)
{
	CLEAN_DONE(told) struct told lacking;

	make_tree();
	put_text("tree/words", "/bin/sh: 1: bison: not found\n");
	put_text("tree/broken", "");
	EXPECT_NUMBER(build_it(NULL, NULL, &lacking), -ENOENT);
	EXPECT(lacking.e.blame == BLAME_HOST && strstr(lacking.e.text, "bison (package bison)"));
}

TEST(build, fragments)
{
	CLEAN_FREE char *path = path_of("fragment"), *config = NULL;
	const char *const fragments[] = {path};
	const struct build_order order = {.fragments = fragments, .fragment_count = 1, .jobs = 1};
	CLEAN_TEXT struct text text = TEXT_INIT(65536);
	CLEAN_DONE(told) struct told built;

	make_tree();
	put_text("fragment",
		 "# a comment\nCONFIG_HZ=100\nCONFIG_NOT_THERE=y\n# CONFIG_OFF is not set\n");
	EXPECT_NUMBER(build_it(NULL, &order, &built), 0);
	CLEAN_FREE char *remark = xasprintf("%s:3: CONFIG_NOT_THERE does not hold", path);
	EXPECT(strstr(built.build.remarks.buf, remark) != NULL);
	config = xasprintf("%s/config-6.1.0-x", built.build.folder);
	EXPECT_NUMBER(text_read_file(&text, config), 0);
	EXPECT(strstr(text.buf, "CONFIG_HZ=100\n") && strstr(text.buf, "CONFIG_VIRTIO_PCI=y\n"));
}

TEST(build, configurations_that_are_none)
{
	CLEAN_FREE char *path = path_of("none");
	const struct {
		const char *config, *says;
	} wrong[] = {{"oldconfig", "would ask questions"},
		     {"/nowhere/config", "read /nowhere/config"},
		     {path, "is no kernel configuration"}};

	make_tree();
	put_text("none", "hello\n");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		const struct build_order order = {.config = wrong[i].config, .jobs = 1};
		CLEAN_DONE(told) struct told told;
		EXPECT(build_it(NULL, &order, &told) < 0);
		EXPECT(told.e.blame == BLAME_USER && strstr(told.e.text, wrong[i].says));
	}
}

TEST(build, a_revision_and_a_work_tree)
{
	CLEAN_DONE(told) struct told first, dirty, staged, unknown;
	CLEAN_FREE char *extra = NULL;

	make_tree();
	git("init -q && git add -A && git -c user.name=k -c user.email=k@example.org commit -qm one");
	put_text("tree/words", "a.c:1: warning: not committed\n");
	put_text("tree/extra", "untracked");
	EXPECT_NUMBER(build_it("HEAD", NULL, &first), 0);
	EXPECT(first.build.warnings == 0 && first.source.changed.count == 0);
	EXPECT(strstr(first.source.name, "tree at HEAD ("));
	source_done(&first.source);
	EXPECT_NUMBER(build_it(NULL, NULL, &dirty), 0);
	EXPECT(dirty.build.warnings == 1 && dirty.source.changed.count == 2);
	EXPECT(strcmp(dirty.build.key, first.build.key) != 0);
	extra = xasprintf("%s/extra", dirty.source.files);
	EXPECT_NUMBER(access(extra, F_OK), 0);
	source_done(&dirty.source);
	git("rm -q --cached image");
	EXPECT_NUMBER(build_it("HEAD", NULL, &staged), 0);
	EXPECT(staged.build.was_kept);
	EXPECT_NUMBER(build_it("nowhere", NULL, &unknown), -ENOENT);
	EXPECT(unknown.e.blame == BLAME_USER && strstr(unknown.e.text, "'nowhere' is no revision"));
}

/* What an earlier build has left may not decide. */
TEST(build, a_failure_is_tried_from_nothing)
{
	CLEAN_DONE(told) struct told first, again;

	make_tree();
	EXPECT_NUMBER(build_it(NULL, NULL, &first), 0);
	source_done(&first.source);
	put_text("tree/Makefile", makefile);
	CLEAN_FREE char *more = xasprintf("%s\t@test `wc -l <$(O)/built` = 1\n", makefile);
	put_text("tree/Makefile", more);
	EXPECT_NUMBER(build_it(NULL, NULL, &again), 0);
	EXPECT(!again.build.failed);
}

TEST(build, no_tree)
{
	CLEAN_FREE char *empty = path_of("empty"), *cache = path_of("cache");
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	const struct source_order orders[] = {{.tree = "/nowhere/at/all", .cache = cache},
					      {.tree = empty, .cache = cache},
					      {.tree = empty, .revision = "v1", .cache = cache}};

	(void)mkdir(empty, 0755);
	(void)mkdir(cache, 0755);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		CLEAN_DONE(source) struct source source = {.lock_fd = -1};
		struct err e = {0};
		EXPECT(source_open(&orders[i], &p, &source, &e) < 0);
		EXPECT(e.blame == BLAME_USER && e.text[0] != '\0');
	}
}
