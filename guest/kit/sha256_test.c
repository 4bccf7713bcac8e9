/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by the examples of its specification, and lengths around the end of a block. */
#include "base/test.h"
#include "base/text.h"
#include "guest/kit/sha256.h"

static const char *digest_of(const char *bytes, size_t length)
{
	static char text[2 * SHA256_BYTES + 1];
	unsigned char digest[SHA256_BYTES];

	sha256(bytes, length, digest);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

TEST(sha256, gives_what_the_specification_says)
{
	EXPECT_TEXT(digest_of("", 0),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	EXPECT_TEXT(digest_of("abc", 3),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	EXPECT_TEXT(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha256, ends_blocks_where_they_end)
{
	char bytes[64];

	memset(bytes, 'a', sizeof bytes);
	EXPECT_TEXT(digest_of(bytes, 55),
		    "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	EXPECT_TEXT(digest_of(bytes, 64),
		    "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}
