/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-384 by the examples of its specification, and lengths around the end of a block. */
#include "guest/kit/sha384.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"

static void expect_digest(const char *bytes, size_t length, const char *want)
{
	char text[2 * SHA384_BYTES + 1];
	unsigned char digest[SHA384_BYTES];

	sha384(bytes, length, digest);
	for (unsigned i = 0; i < SHA384_BYTES; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
	EXPECT_TEXT(text, want);
}

TEST(sha384, gives_what_the_specification_says)
{
	expect_digest(
		"", 0,
		"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
	expect_digest(
		"abc", 3,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
	expect_digest(
		"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		112,
		"09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039");
}

TEST(sha384, ends_blocks_where_they_end)
{
	static const struct {
		size_t length;
		const char *digest;
	} rows[] = {
		{111,
		 "3c37955051cb5c3026f94d551d5b5e2ac38d572ae4e07172085fed81f8466b8f90dc23a8ffcdea0b8d8e58e8fdacc80a"},
		{112,
		 "187d4e07cb306103c69967bf544d0dfbe9042577599c73c330abc0cb64c61236d5ed565ee19119d8c31779a38f791fcd"},
		{127,
		 "9bd06b1763c2cf7aef40e795dc65bc96d59c41b537f3ad72ebdefd485476b5717c1aeb37c327fe9c1831b12b9efd08ae"},
		{128,
		 "edb12730a366098b3b2beac75a3bef1b0969b15c48e2163c23d96994f8d1bef760c7e27f3c464d3829f56c0d53808b0b"},
		{240,
		 "4d86957beab348a29180f02d02564ac1d32f5b4c217ece2b038f7c184f0cafc8c8e438eb82aa03796170e0a7ce8c0675"},
	};
	char bytes[256];

	memset(bytes, 'a', sizeof bytes);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_digest(bytes, rows[i].length, rows[i].digest);
}
