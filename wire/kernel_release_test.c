/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/kernel_release.h"

#include "base/test.h"

static void expect_release(const char *release, const char *version, const char *series,
			   const char *flavour)
{
	char buf[KERNEL_VERSION_SIZE];

	kernel_release_version(release, buf);
	EXPECT_TEXT(buf, version);
	kernel_release_series(release, buf);
	EXPECT_TEXT(buf, series);
	EXPECT_TEXT(kernel_release_flavour(release), flavour);
}

TEST(kernel_release, is_taken_apart)
{
	expect_release("6.1.0-49-amd64", "6.1.0", "6.1", "amd64");
	expect_release("6.1.0-49-rt-amd64", "6.1.0", "6.1", "rt-amd64");
	expect_release("6.12.57+deb13-cloud-amd64", "6.12.57", "6.12", "cloud-amd64");
	expect_release("6.8.0-45-generic", "6.8.0", "6.8", "generic");
	expect_release("6.9.0-rc3", "6.9.0", "6.9", "");
	expect_release("6.9.0-rc3-00012-gdeadbeef", "6.9.0", "6.9", "gdeadbeef");
	expect_release("5.14.0-427.13.1.el9_4.x86_64", "5.14.0", "5.14", "");
	expect_release("6.6", "6.6", "6.6", "");
	expect_release("6.6.", "6.6", "6.6", "");
}

TEST(kernel_release, of_what_is_none_is_empty)
{
	expect_release("", "", "", "");
	expect_release("custom", "", "", "");
	expect_release("-", "", "", "");
	expect_release("1.22222222222222222222222222222222222", "", "", "");
}
