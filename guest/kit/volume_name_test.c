/* SPDX-License-Identifier: Apache-2.0 */
/* The names of logical volumes. */
#include "guest/kit/volume_name.h"

#include <string.h>

#include "base/test.h"

static const char *of_device(const char *device)
{
	static char name[VOLUME_NAME_SIZE];

	return volume_name_of_device(device, name) ? name : "";
}

TEST(volume_name, all_spellings_are_one_name)
{
	char name[VOLUME_NAME_SIZE];

	EXPECT_TEXT(of_device("/dev/rhel/root"), "rhel-root");
	EXPECT_TEXT(of_device("/dev/mapper/rhel-root"), "rhel-root");
	EXPECT_TEXT(of_device("/dev/disk/by-id/dm-name-rhel-root"), "rhel-root");
	EXPECT_TEXT(of_device("/dev/my-vg/a-b"), "my--vg-a--b");
	EXPECT_TEXT(of_device("/dev/mapper/my--vg-a--b"), "my--vg-a--b");
	EXPECT_TEXT(of_device("/dev/vg-1-/x"), "vg--1---x");
	EXPECT_TEXT(of_device("/dev/mapper/vg--1---x"), "vg--1---x");
	EXPECT(volume_name_of_pair("fedora_a-b/root", name));
	EXPECT_TEXT(name, "fedora_a--b-root");
	EXPECT(!volume_name_of_pair("root", name) && !volume_name_of_pair("/root", name) &&
	       !volume_name_of_pair("a/", name) && !volume_name_of_pair("a/b/c", name));
}

TEST(volume_name, others_are_none)
{
	static const char *const others[] = {
		"/dev/sda1",   "/dev/mapper/mpatha", "/dev/mapper/a--b",  "/dev/md/root",
		"/dev/mapper", "/dev/mapper/",	     "/dev/mapper/-a",	  "/dev/mapper/a-",
		"UUID=a/b",    "server:/a/b",	     "/dev/disk/by-id/x", "/dev/mapper/a-b-c",
		"/a/b",	       "/dev/a/b/c",	     "/dev/cciss/c0d0p1",
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		EXPECT_TEXT(of_device(others[i]), "");
}

TEST(volume_name, long_names_do_not_fit)
{
	char name[VOLUME_NAME_SIZE], dashes[300] = {0};

	memset(dashes, '-', sizeof dashes - 1);
	EXPECT(!volume_name_join(dashes, "b", name));
	dashes[127] = '\0';
	EXPECT(volume_name_join(dashes, dashes, name));
	EXPECT_NUMBER((long long)strlen(name), 2 * 2 * 127 + 1);
	EXPECT(volume_name_join(dashes, "12345678901234567", name));
	EXPECT(!volume_name_of_pair(dashes, name));
}
