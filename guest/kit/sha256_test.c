/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by the examples of its specification, and lengths around the end of a block. */
#include "base/test.h"
#include "base/text.h"
#include "guest/kit/sha256.h"

static const char *name_of(struct sha256 *sum)
{
	static char text[2 * SHA256_BYTES + 1];
	unsigned char digest[SHA256_BYTES];

	sha256_end(sum, digest);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

/* As this processor does it, and as one without the instructions does. */
static void expect_digest(const char *bytes, size_t length, const char *want)
{
	struct sha256 sum;

	sha256_begin(&sum);
	sha256_add(&sum, bytes, length);
	EXPECT_TEXT(name_of(&sum), want);
	sha256_begin(&sum);
	sum.by_instructions = false;
	sha256_add(&sum, bytes, length);
	EXPECT_TEXT(name_of(&sum), want);
}

TEST(sha256, gives_what_the_specification_says)
{
	expect_digest("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect_digest("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha256, ends_blocks_where_they_end)
{
	char bytes[1000];

	memset(bytes, 'a', sizeof bytes);
	expect_digest(bytes, 55,
		      "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	expect_digest(bytes, 64,
		      "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
	expect_digest(bytes, 1000,
		      "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

TEST(sha256, is_the_same_in_pieces_of_any_length)
{
	unsigned char bytes[500], whole[SHA256_BYTES], pieces[SHA256_BYTES];
	struct sha256 sum;

	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7);
	sha256(bytes, sizeof bytes, whole);
	for (size_t piece = 1; piece < 200; piece++) {
		sha256_begin(&sum);
		sum.by_instructions = sum.by_instructions && piece % 2;
		for (size_t at = 0; at < sizeof bytes; at += piece)
			sha256_add(&sum, bytes + at,
				   piece < sizeof bytes - at ? piece : sizeof bytes - at);
		sha256_end(&sum, pieces);
		EXPECT(memcmp(pieces, whole, sizeof whole) == 0);
	}
}
