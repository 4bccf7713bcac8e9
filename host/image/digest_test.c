/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of a file and the memory of it. */
#include "host/image/digest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct digest_progress silent;

static int make_file(const char *path, const char *content)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	return fd;
}

static void identity_of(int fd, struct file_identity *ret)
{
	struct stat st;

	EXPECT(fstat(fd, &st) == 0);
	file_identity(&st, ret);
}

TEST(digest, is_sha256_of_the_content)
{
	CLEAN_FREE char *path = xasprintf("%s/abc", test_folder());
	CLEAN_FD int fd = make_file(path, "abc");
	const struct patience p = patience_for(-1, NS_PER_S);
	struct file_identity identity;
	char digest[DIGEST_SIZE];
	struct err e = {0};

	identity_of(fd, &identity);
	EXPECT_NUMBER(digest_compute(fd, path, &identity, &p, &silent, digest, &e), 0);
	EXPECT_TEXT(digest, ABC);
}

TEST(digest, of_a_fresh_file_is_not_remembered)
{
	const char *folder = test_folder();
	CLEAN_FREE char *path = xasprintf("%s/abc", folder);
	CLEAN_FD int fd = make_file(path, "abc");
	const struct patience p = patience_for(-1, NS_PER_S);
	struct file_identity identity;
	char digest[DIGEST_SIZE];
	struct err e = {0};

	identity_of(fd, &identity);
	EXPECT_NUMBER(digest_of_file(fd, path, &identity, folder, &p, &silent, digest, &e), 0);
	EXPECT(!digest_recall(folder, &identity, digest));
}

TEST(digest, memory_goes_by_the_whole_identity)
{
	const char *folder = test_folder();
	struct file_identity identity = {1, 2, 3, 4, 5}, other = identity;
	char digest[DIGEST_SIZE];

	EXPECT(!digest_recall(folder, &identity, digest));
	digest_remember(folder, &identity, ABC);
	EXPECT(digest_recall(folder, &identity, digest));
	EXPECT_TEXT(digest, ABC);
	other.ctime_ns++;
	EXPECT(!digest_recall(folder, &other, digest));
	EXPECT_TEXT(digest, "");
}

TEST(digest, memory_survives_garbage)
{
	const char *folder = test_folder();
	CLEAN_FREE char *path = xasprintf("%s/digests", folder);
	struct file_identity identity = {1, 2, 3, 4, 5}, second = {1, 9, 3, 4, 5};
	UNUSED CLEAN_FD int fd = make_file(path, "\n\xff\xfe rubbish\n1 1 2 3 4 5 abcd\n1 1 2 3\n"
						 "1 1 2 3 4 5 " ABC "trailing\n");
	CLEAN_TEXT struct text content = TEXT_INIT(4096);
	char digest[DIGEST_SIZE];

	EXPECT(!digest_recall(folder, &identity, digest));
	digest_remember(folder, &identity, ABC);
	digest_remember(folder, &second, ABC);
	EXPECT(digest_recall(folder, &identity, digest));
	EXPECT(digest_recall(folder, &second, digest));
	EXPECT_NUMBER(text_read_file(&content, path), 0);
	EXPECT_TEXT(content.buf, "1 1 9 3 4 5 " ABC "\n1 1 2 3 4 5 " ABC "\n");
}

TEST(digest, stops_when_cancelled)
{
	CLEAN_FREE char *path = xasprintf("%s/abc", test_folder());
	CLEAN_FD int fd = make_file(path, "abc");
	int ends[2];
	struct file_identity identity;
	char digest[DIGEST_SIZE];
	struct err e = {0};

	EXPECT(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], "x", 1) == 1);
	const struct patience p = patience_for(ends[0], NS_PER_S);
	identity_of(fd, &identity);
	EXPECT_NUMBER(digest_compute(fd, path, &identity, &p, &silent, digest, &e), -ECANCELED);
	EXPECT(e.blame == BLAME_USER);
}

TEST(digest, sees_a_change_under_its_eyes)
{
	CLEAN_FREE char *path = xasprintf("%s/abc", test_folder());
	CLEAN_FD int fd = make_file(path, "abc");
	const struct patience p = patience_for(-1, NS_PER_S);
	struct file_identity identity;
	char digest[DIGEST_SIZE];
	struct err e = {0};

	identity_of(fd, &identity);
	EXPECT(ftruncate(fd, 1) == 0);
	EXPECT_NUMBER(digest_compute(fd, path, &identity, &p, &silent, digest, &e), -ESTALE);
}
