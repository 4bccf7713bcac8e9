/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of FIPS 180-2, appendix B. */
#include "base/sha256.h"

#include "base/test.h"

TEST(sha256, known_digests)
{
	char digest[SHA256_SIZE];

	EXPECT_TEXT(sha256_text("abc", 3, digest),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	EXPECT_TEXT(sha256_text(NULL, 0, digest),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	EXPECT_TEXT(
		sha256_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha256, only_its_own_spelling_is_one)
{
	char digest[SHA256_SIZE];

	(void)sha256_text("abc", 3, digest);
	EXPECT(is_sha256(digest));
	digest[0] = 'B';
	EXPECT(!is_sha256(digest));
	digest[63] = '\0';
	EXPECT(!is_sha256(digest));
	EXPECT(!is_sha256(""));
}
