/* SPDX-License-Identifier: Apache-2.0 */
/* Filesystems by their first bytes. */
#include "guest/init_kernel.h"

#include <string.h>

#include "base/test.h"

static unsigned char bytes[INIT_LOOK_SIZE];

static void put_uuid(size_t at)
{
	for (unsigned i = 0; i < 16; i++)
		bytes[at + i] = (unsigned char)(0xa0 + i);
}
#define UUID "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf"

TEST(init_kernel, knows_filesystems_by_their_id)
{
	memset(bytes, 0, sizeof bytes);
	bytes[0x438] = 0x53;
	bytes[0x439] = 0xef;
	put_uuid(0x468);
	EXPECT(init_is_filesystem(bytes, "ext4", UUID));
	EXPECT(init_is_filesystem(bytes, "ext4", "A0A1A2A3-A4A5-A6A7-A8A9-AAABACADAEAF"));
	EXPECT(!init_is_filesystem(bytes, "xfs", UUID));
	EXPECT(!init_is_filesystem(bytes, "ext4", "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae00"));

	memset(bytes, 0, sizeof bytes);
	memcpy(bytes, "XFSB", 4);
	put_uuid(32);
	EXPECT(init_is_filesystem(bytes, "xfs", UUID));
	EXPECT(!init_is_filesystem(bytes, "btrfs", UUID));

	memset(bytes, 0, sizeof bytes);
	memcpy(bytes + 0x8001, "CD001", 5);
	memcpy(bytes + 0x8028, "ASSAYKERNEL   ", 14);
	EXPECT(init_is_filesystem(bytes, "iso9660", "ASSAYKERNEL"));
	EXPECT(!init_is_filesystem(bytes, "iso9660", "cidata"));
}
