/* SPDX-License-Identifier: Apache-2.0 */
/* MD5: the examples of RFC 1321, and lengths around a block. */
#include "guest/kit/md5.h"

#include <string.h>

#include "base/test.h"

static void expect_digest(const char *text, const char *want)
{
	size_t length = strlen(text);

	/* In two pieces, cut anywhere. */
	for (size_t cut = 0; cut <= length; cut++) {
		struct md5 md5;
		char hex[MD5_HEX_SIZE];
		md5_begin(&md5);
		md5_add(&md5, text, cut);
		md5_add(&md5, text + cut, length - cut);
		md5_end(&md5, hex);
		EXPECT_TEXT(hex, want);
	}
}

TEST(md5, has_the_digests_of_its_rfc)
{
	expect_digest("", "d41d8cd98f00b204e9800998ecf8427e");
	expect_digest("a", "0cc175b9c0f1b6a831c399e269772661");
	expect_digest("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	expect_digest(
		"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		"57edf4a22be3c955ac49da2e2107b67a");
}

TEST(md5, pads_around_a_block)
{
	static const char *const wanted[] = {
		"ef1772b6dff9a122358552954ad0df65", /* 55 times a */
		"3b0c8ac703f828b04c6c197006d17218", /* 56 */
		"014842d480b571495a4a0363793f7367", /* 64 */
	};
	static const size_t lengths[] = {55, 56, 64};
	char text[80];

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		memset(text, 'a', lengths[i]);
		text[lengths[i]] = '\0';
		expect_digest(text, wanted[i]);
	}
}
