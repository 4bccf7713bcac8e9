/* SPDX-License-Identifier: Apache-2.0 */
/* Opening images: chains, refusals, and the proof that nothing changed. */
#include "host/image/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/file.h"
#include "base/test.h"
#include "base/text.h"

void test_program_init(int argc, char **argv)
{
	image_audit_init(argc, argv);
}

static struct patience minute(void)
{
	return patience_for(-1, 60 * NS_PER_S);
}

/* Runs qemu-img in the test's folder's terms: every argument is used as it is. */
static void qemu_img(const char *const *argv)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	const struct child_spec spec = {.argv = argv};
	const struct patience p = minute();
	struct err e = {0};

	EXPECT_NUMBER(child_run_ok(&spec, &p, &out, &e), 0);
}

static char *in_folder(const char *name)
{
	return xasprintf("%s/%s", test_folder(), name);
}

/* A raw disk with nothing but a boot signature. */
static char *make_raw(const char *name)
{
	char *path = in_folder(name);
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(ftruncate(fd, 1 << 20) == 0 && pwrite(fd, "\x55\xaa", 2, 510) == 2);
	return path;
}

static char *make_qcow2(const char *name, const char *backing, const char *backing_format)
{
	char *path = in_folder(name);
	const char *argv[] = {"qemu-img", "create", "-q", "-u", "-f", "qcow2", path,
			      "1M",	  NULL,	    NULL, NULL, NULL, NULL};

	if (backing)
		memcpy(&argv[8], (const char *[]){"-b", backing, "-F", backing_format},
		       4 * sizeof argv[0]);
	qemu_img(argv);
	return path;
}

static int open_it(const char *path, bool outside, struct image **ret, struct err *e)
{
	const struct image_options options = {.allow_outside_backing = outside};
	const struct patience p = minute();

	return image_open(path, &options, &p, ret, e);
}

static void expect_refusal(const char *path, const char *sentence)
{
	CLEANUP(image) struct image *image = NULL;
	struct err e = {0};

	EXPECT(open_it(path, false, &image, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(strstr(e.text, sentence));
	if (!strstr(e.text, sentence))
		(void)fprintf(stderr, "# %s\n", e.text);
}

TEST(image, opens_raw_and_qcow2)
{
	CLEAN_FREE char *raw = make_raw("disk.qcow2"), *qcow2 = make_qcow2("disk.raw", NULL, NULL);
	CLEANUP(image) struct image *first = NULL, *second = NULL;
	struct err e = {0};

	EXPECT_NUMBER(open_it(raw, false, &first, &e), 0);
	EXPECT_TEXT(first->format, "raw"); /* by content, not by name */
	EXPECT_TEXT(first->name, "disk.qcow2");
	EXPECT_NUMBER((long long)first->virtual_size, 1 << 20);
	EXPECT_NUMBER(open_it(qcow2, false, &second, &e), 0);
	EXPECT_TEXT(second->format, "qcow2");
	EXPECT_NUMBER((long long)second->virtual_size, 1 << 20);
	EXPECT(strlen(second->digest) == 64 && strcmp(first->digest, second->digest) != 0);
}

TEST(image, follows_a_chain_inside_the_folder)
{
	CLEAN_FREE char *base = make_raw("base"), *top = make_qcow2("top", "base", "raw");
	CLEANUP(image) struct image *image = NULL, *alone = NULL;
	struct err e = {0};

	EXPECT_NUMBER(open_it(top, false, &image, &e), 0);
	EXPECT_NUMBER(image->chain_count, 2);
	EXPECT_TEXT(image->chain[1].path, base);
	EXPECT_TEXT(image->chain[1].format, "raw");
	EXPECT_NUMBER(open_it(base, false, &alone, &e), 0);
	EXPECT_TEXT(alone->digest, image->chain[1].digest);
	EXPECT(strcmp(image->digest, image->chain[0].digest) != 0);
}

TEST(image, refuses_chains_that_lead_elsewhere)
{
	CLEAN_FREE char *base = make_raw("base"), *sub = in_folder("sub");
	CLEAN_FREE char *loop = make_qcow2("loop", "loop", "qcow2");
	CLEAN_FREE char *missing = make_qcow2("missing", "nothing", "raw");
	CLEAN_FREE char *lying = make_qcow2("lying", "base", "qcow2");
	CLEAN_FREE char *remote = make_qcow2("remote", "nbd://host/x", "raw");
	CLEAN_FREE char *absolute = make_qcow2("absolute", base, "raw");
	EXPECT(mkdir(sub, 0700) == 0);
	CLEAN_FREE char *outside = make_qcow2("sub/outside", "../base", "raw");
	CLEANUP(image) struct image *image = NULL;
	struct err e = {0};

	expect_refusal(missing, "does not exist");
	expect_refusal(loop, "its own backing file");
	CLEAN_FREE char *remedy = xasprintf("qemu-img rebase -u -b base -F raw %s", lying);
	expect_refusal(lying, remedy);
	expect_refusal(remote, "not a plain file");
	expect_refusal(absolute, "absolute path");
	expect_refusal(outside, "outside of its folder");
	EXPECT_NUMBER(open_it(outside, true, &image, &e), 0);
}

TEST(image, refuses_with_a_remedy)
{
	CLEAN_FREE char *gz = in_folder("disk.img.gz"), *empty = in_folder("empty");
	CLEAN_FD int fd = open(gz, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CLEAN_FD int fd2 = open(empty, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(write(fd, "\x1f\x8b\x08\0", 4) == 4 && fd2 >= 0);
	expect_refusal(gz, "gunzip --keep '");
	expect_refusal(empty, "is empty");
	expect_refusal(test_folder(), "is a directory");
	expect_refusal("/nowhere/at-all", "does not exist");
	expect_refusal("/dev/null", "not a regular file");
}

TEST(image, refuses_a_truncated_qcow2)
{
	CLEAN_FREE char *path = make_qcow2("disk", NULL, NULL);
	struct stat st;

	/* Header and tables stay, data are written and then cut off. */
	const char *argv[] = {"qemu-io", "-f", "qcow2", "-c", "write -q -P 1 0 1M", path, NULL};
	qemu_img(argv);
	EXPECT(stat(path, &st) == 0 && truncate(path, st.st_size - (512 << 10)) == 0);
	expect_refusal(path, "truncated");
}

TEST(image, proves_that_nothing_changed)
{
	CLEAN_FREE char *path = make_raw("disk");
	const struct patience p = minute();
	CLEANUP(image) struct image *image = NULL;
	struct err e = {0};

	EXPECT_NUMBER(open_it(path, false, &image, &e), 0);
	EXPECT_NUMBER(image_prove_unchanged(image, &p, &e), 0);
	EXPECT(chmod(path, 0640) == 0); /* only the ctime changes: the digest decides */
	EXPECT_NUMBER(image_prove_unchanged(image, &p, &e), 0);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	EXPECT(pwrite(fd, "x", 1, 4096) == 1);
	EXPECT_NUMBER(image_prove_unchanged(image, &p, &e), -ESTALE);
	EXPECT(unlink(path) == 0);
	EXPECT_NUMBER(image_prove_unchanged(image, &p, &e), -ESTALE);
}

TEST(image, overlay_leaves_the_image_alone)
{
	CLEAN_FREE char *path = make_raw("disk"), *overlay = in_folder("overlay");
	CLEAN_FD int fd = -1;
	char unnamed[FILE_PATH_SIZE];
	struct stat st;
	const struct patience p = minute();
	CLEANUP(image) struct image *image = NULL, *opened = NULL;
	struct err e = {0};

	EXPECT_NUMBER(open_it(path, false, &image, &e), 0);
	EXPECT_NUMBER(image_overlay(image, test_folder(), 2 << 20, &p, &fd, &e), 0);
	EXPECT_NUMBER(image_prove_unchanged(image, &p, &e), 0);
	EXPECT(fstat(fd, &st) == 0 &&
	       st.st_nlink == 0); /* whenever this program ends, nothing is left */
	EXPECT(linkat(AT_FDCWD, file_path(fd, unnamed), AT_FDCWD, overlay, AT_SYMLINK_FOLLOW) == 0);
	EXPECT_NUMBER(open_it(overlay, true, &opened, &e), 0);
	EXPECT_NUMBER((long long)opened->virtual_size, 2 << 20);
	EXPECT_NUMBER(opened->chain_count, 2);
}
