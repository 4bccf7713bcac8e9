/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that are whole, damaged, or none. */
#include "host/image/container.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/text.h"
#include "host/image/disk_for_test.h"

/* An image with a boot signature, so that it is taken for a disk, in that format. */
static struct image *open_disk(const char *format)
{
	CLEAN_FREE char *raw = in_test_folder("disk.raw"), *path = in_test_folder("disk");
	const char *convert[] = {"qemu-img", "convert", "-f", "raw", "-O", format, raw, path, NULL};
	const struct image_options options = {.cache_folder = test_folder()};
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct image *image = NULL;
	struct err e = {0};
	CLEAN_FD int fd = open(raw, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(ftruncate(fd, 4 << 20) == 0 && pwrite(fd, "\x55\xaa", 2, 510) == 2);
	run_tool(convert);
	EXPECT_NUMBER(image_open(path, &options, &p, &image, &e), 0);
	EXPECT_TEXT(e.text, "");
	return image;
}

static struct container_state check(const struct image *image)
{
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct container_state state;
	struct err e = {0};

	EXPECT_NUMBER(container_check(image, &p, &state, &e), 0);
	EXPECT_TEXT(e.text, "");
	return state;
}

static void overwrite(const struct image *image, off_t at, const void *bytes, size_t size)
{
	CLEAN_FD int fd = open(image->path, O_RDWR | O_CLOEXEC);

	EXPECT_NUMBER(pwrite(fd, bytes, size, at), (long long)size);
}

TEST(container, whole_one_is_intact)
{
	CLEANUP(image) struct image *image = open_disk("qcow2");
	struct container_state state = check(image);

	EXPECT_NUMBER(state.corruptions, 0);
	EXPECT_NUMBER(state.leaks, 0);
	EXPECT_TEXT(state.words, "");
}

TEST(container, raw_disk_has_none)
{
	CLEANUP(image) struct image *image = open_disk("raw");

	EXPECT_NUMBER(check(image).corruptions, 0);
}

TEST(container, entry_that_points_nowhere_is_corrupt)
{
	CLEANUP(image) struct image *image = open_disk("qcow2");
	/* The L1 table stands in the fourth cluster of what qemu-img makes. */
	overwrite(image, 3 * 65536, "\x80\x00\x00\x00\x7f\xff\x00\x00", 8);
	struct container_state state = check(image);

	EXPECT(state.corruptions > 0);
	EXPECT(state.words[0] != '\0');
}

TEST(container, cluster_that_nobody_uses_is_a_leak)
{
	CLEANUP(image) struct image *image = open_disk("qcow2");
	static const char unused[8];

	overwrite(image, 3 * 65536, unused, sizeof unused);
	struct container_state state = check(image);
	EXPECT(state.leaks > 0);
}

TEST(container, spoilt_copy_is_corrupt_and_the_image_is_not)
{
	CLEANUP(image) struct image *image = open_disk("qcow2");
	CLEAN_FREE char *copy = in_test_folder("spoilt.qcow2");
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct container_state state;
	struct err e = {0};

	EXPECT_NUMBER(container_check_spoilt(image, test_folder(), &p, &state, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(state.corruptions > 0);
	EXPECT(access(copy, F_OK) < 0);
	EXPECT_NUMBER(check(image).corruptions, 0);
	EXPECT_NUMBER(image_prove_unchanged(image, &p, &e), 0);
}

/* Named relative to the image, it is not beside the copy. */
TEST(container, spoilt_copy_needs_no_backing_file)
{
	CLEANUP(image) struct image *base UNUSED = open_disk("qcow2");
	CLEAN_FREE char *folder = in_test_folder("run"), *over = in_test_folder("over");
	const char *create[] = {"qemu-img", "create", "-q",    "-f", "qcow2", "-b",
				"disk",	    "-F",     "qcow2", over, NULL};
	const struct image_options options = {.cache_folder = test_folder()};
	CLEANUP(image) struct image *overlay = NULL;
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct container_state state;
	struct err e = {0};

	run_tool(create);
	EXPECT_NUMBER(mkdir(folder, 0700), 0);
	EXPECT_NUMBER(image_open(over, &options, &p, &overlay, &e), 0);
	EXPECT_NUMBER(container_check_spoilt(overlay, folder, &p, &state, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(state.corruptions > 0);
}
