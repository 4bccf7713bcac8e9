/* SPDX-License-Identifier: Apache-2.0 */
/* Where a disk's bytes lie in the image's files. */
#include "host/image/extents.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/test.h"
#include "base/text.h"
#include "host/image/disk_for_test.h"

#define DISK_SIZE (4U << 20)
#define FIRST_FD  200

#define DATA(start, length, rest)                                                                  \
	"{\"start\":" start ",\"length\":" length ",\"data\":true,\"zero\":false," rest "}"
#define ZERO(start, length)                                                                        \
	"{\"start\":" start ",\"length\":" length ",\"data\":false,\"zero\":true,\"present\":false}"

/* A disk of 3000 bytes in files of 5000 and 100; a third one is none of the chain. */
static struct extents *parse(const char *json)
{
	const struct image image = {.virtual_size = 3000,
				    .chain_count = 2,
				    .chain = {{.size = 5000}, {.size = 100}, {.size = 5000}}};

	return extents_parse(&image, json);
}

static bool is_list(const char *json)
{
	CLEANUP(extents) struct extents *extents = parse(json);

	return extents != NULL;
}

TEST(extents, takes_whole_lists_only)
{
	EXPECT(is_list("[" DATA("0", "1000", "\"depth\":0,\"offset\":4000") "," ZERO(
		"1000", "1900") "," DATA("2900", "100", "\"depth\":1,\"offset\":0") "]"));
	EXPECT(is_list("[" ZERO("0", "3000") "]"));
	EXPECT(!is_list("[" ZERO("0", "2999") "]"));
	EXPECT(!is_list("[" ZERO("0", "3001") "]"));
	EXPECT(!is_list("[" ZERO("0", "1000") "," ZERO("1001", "2000") "]"));
	EXPECT(!is_list("[" ZERO("0", "3000") "," ZERO("3000", "0") "]"));
	EXPECT(!is_list("[]"));
	EXPECT(!is_list("{}"));
	EXPECT(!is_list("no json"));
}

TEST(extents, takes_nothing_that_does_not_lie_in_the_files)
{
	EXPECT(is_list("[" DATA("0", "3000", "\"depth\":0,\"offset\":2000") "]"));
	EXPECT(!is_list("[" DATA("0", "3000", "\"depth\":0,\"offset\":2001") "]"));
	EXPECT(!is_list("[" DATA("0", "3000", "\"depth\":0,\"offset\":-1") "]"));
	EXPECT(!is_list("[" DATA("0", "3000", "\"depth\":1,\"offset\":0") "]"));
	EXPECT(!is_list("[" DATA("0", "3000", "\"depth\":2,\"offset\":0") "]"));
	EXPECT(!is_list("[" DATA("0", "3000", "\"depth\":0") "]")); /* compressed, says QEMU 7 */
	EXPECT(!is_list("[" DATA("0", "3000", "\"depth\":0,\"offset\":0,\"compressed\":true") "]"));
}

static void expect_bytes(const struct extents *extents, uint64_t offset, const char *wanted)
{
	char got[16] = "xxxxxxxxxxxxxxx";

	EXPECT_NUMBER(extents_read(extents, FIRST_FD, offset, got, strlen(wanted)), 0);
	got[strlen(wanted)] = '\0';
	for (char *at = got; at < got + strlen(wanted); at++)
		if (*at == '\0')
			*at = '.';
	EXPECT_TEXT(got, wanted);
}

TEST(extents, reads_over_borders)
{
	CLEANUP(extents)
	struct extents *extents = parse(
		"[" DATA("0", "4", "\"depth\":0,\"offset\":6") "," DATA("4", "3", "\"depth\":1,\"offset\":0") "," ZERO(
			"7", "3") "," DATA("10", "5",
					   "\"depth\":0,\"offset\":0") "," ZERO("15", "2985") "]");
	CLEAN_FD int first = memfd_create("first", 0), second = memfd_create("second", 0);
	char byte;

	EXPECT(pwrite(first, "abcdefghij", 10, 0) == 10 && pwrite(second, "01", 2, 0) == 2);
	EXPECT(dup2(first, FIRST_FD) >= 0 && dup2(second, FIRST_FD + 1) >= 0);
	expect_bytes(extents, 0, "ghij01");
	expect_bytes(extents, 7, "...abcde.");
	expect_bytes(extents, 13, "de..");
	expect_bytes(extents, 2990, "....");
	/* A file that became shorter since is no reason to make bytes up. */
	EXPECT_NUMBER(extents_read(extents, FIRST_FD, 6, &byte, 1), -EIO);
}

TEST(extents, are_handed_over)
{
	CLEANUP(extents)
	struct extents *extents = parse(
		"[" ZERO("0", "2000") "," DATA("2000", "1000", "\"depth\":0,\"offset\":0") "]");
	struct err e = {0};
	CLEAN_FD int fd = extents_hand_over(extents, &e);
	CLEANUP(extents) struct extents *taken = extents_take_over(fd);

	EXPECT(taken && extents_disk_size(taken) == 3000);
	EXPECT(ftruncate(fd, 47) == 0);
	EXPECT(!extents_take_over(fd));
	EXPECT(ftruncate(fd, 3) == 0);
	EXPECT(!extents_take_over(fd));
	EXPECT(!extents_take_over(-1));
}

/* ---- with real images ---- */

static void make_base(const char *path)
{
	CLEAN_FREE unsigned char *bytes = xnew(DISK_SIZE);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	for (size_t i = 0; i < DISK_SIZE; i++)
		bytes[i] = i < 1 << 20 || i > 3 << 20 ? (unsigned char)(i >> 9 ^ i) : 0;
	bytes[510] = 0x55; /* a boot signature */
	bytes[511] = 0xaa;
	EXPECT(write(fd, bytes, DISK_SIZE) == DISK_SIZE);
}

static struct image *open_it(const char *path)
{
	const struct image_options options = {.cache_folder = test_folder()};
	const struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct image *image = NULL;
	struct err e = {0};

	EXPECT_NUMBER(image_open(path, &options, &p, &image, &e), 0);
	EXPECT_TEXT(e.text, "");
	return image;
}

/* The disk read by its extents is the one that qemu-img reads. */
static void expect_same_disk(const char *path)
{
	CLEANUP(image) struct image *image = open_it(path);
	CLEAN_FREE char *raw = in_test_folder("raw"), *got = xnew(DISK_SIZE),
			*wanted = xnew(DISK_SIZE);

	run_tool((const char *[]){"qemu-img", "convert", "-O", "raw", path, raw, NULL});
	CLEAN_FD int fd = open(raw, O_RDONLY | O_CLOEXEC);
	EXPECT(read(fd, wanted, DISK_SIZE) == DISK_SIZE);
	EXPECT(image->extents && extents_disk_size(image->extents) == DISK_SIZE);
	for (unsigned i = 0; i < image->chain_count; i++) {
		CLEAN_FD int file = open(image->chain[i].path, O_RDONLY | O_CLOEXEC);
		EXPECT(dup2(file, FIRST_FD + (int)i) >= 0);
	}
	EXPECT_NUMBER(extents_read(image->extents, FIRST_FD, 0, got, DISK_SIZE), 0);
	EXPECT(memcmp(got, wanted, DISK_SIZE) == 0);
}

TEST(extents, of_images_are_right)
{
	CLEAN_FREE char *base = in_test_folder("base"), *plain = in_test_folder("plain"),
			*top = in_test_folder("top");

	make_base(base);
	run_tool((const char *[]){"qemu-img", "convert", "-O", "qcow2", base, plain, NULL});
	run_tool((const char *[]){"qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b",
				  "plain", top, NULL});
	run_tool((const char *[]){"qemu-io", "-f", "qcow2", "-c", "write -q -P 7 512k 1M", "-c",
				  "write -q -z 3200k 64k", top, NULL});
	expect_same_disk(base);
	expect_same_disk(plain);
	expect_same_disk(top);
	expect_same_disk(top); /* as it is remembered */
}

TEST(extents, of_compressed_images_are_none)
{
	CLEAN_FREE char *base = in_test_folder("base"), *packed = in_test_folder("packed");

	make_base(base);
	run_tool((const char *[]){"qemu-img", "convert", "-c", "-O", "qcow2", base, packed, NULL});
	for (int i = 0; i < 2; i++) { /* the second time it is remembered */
		CLEANUP(image) struct image *image = open_it(packed);
		EXPECT(!image->extents);
	}
}
