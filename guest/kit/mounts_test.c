/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mounts. */
#include "guest/kit/mounts.h"

#include "base/test.h"
#include "guest/kit/trial.h"

#define MOUNTINFO                                                                                  \
	"21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"              \
	"not a line\n"                                                                             \
	"30 21 0:26 / /mnt/a\\040b ro,nosuid - tmpfs tmpfs rw,size=10k\n"                          \
	"31 21 254:2 /part /srv rw shared:2 master:1 - xfs /dev/vdb1 rw\n"                         \
	"32 21 0:27 / /srv ro - tmpfs over rw\n"

static void look(struct trial *t, const void *row UNUSED)
{
	struct mount_entry entry;

	CHECK(t, mounts_find(t, "/", &entry));
	CHECK_EQ(t, entry.what, "/dev/vda1");
	CHECK_EQ(t, entry.major, 254U);
	CHECK(t, mount_has_option(entry.super_options, "errors=remount-ro"));
	CHECK(t, !mount_has_option(entry.options, "ro"));
	CHECK(t, mounts_find(t, "/mnt/a b", &entry));
	CHECK(t, mount_has_option(entry.options, "ro"));
	CHECK(t, mounts_find(t, "/srv", &entry));
	CHECK_EQ(t, entry.what, "over"); /* the one on top */
	CHECK(t, !mounts_find(t, "/nowhere", &entry));
}

TEST(mounts, are_read_and_found)
{
	static const struct case_def def = {.info = {.area = "test", .name = "mounts"},
					    .body = look};
	CLEAN_FREE char *folder = xasprintf("%s/proc", test_folder());
	CLEAN_FREE char *self = xasprintf("%s/self", folder);
	CLEAN_FREE char *path = xasprintf("%s/mountinfo", self);
	struct result result;

	EXPECT(mkdir(folder, 0700) == 0 && mkdir(self, 0700) == 0);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(write(fd, MOUNTINFO, sizeof MOUNTINFO - 1) == (ssize_t)sizeof MOUNTINFO - 1);
	struct tree *tree = tree_of_folder(test_folder());
	const struct trial_setup setup = {.def = &def, .tree = tree, .parameters = ""};
	result_init(&result, "test.mounts");
	trial_execute(&setup, &result);
	EXPECT_TEXT(result.message, "");
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
	EXPECT_NUMBER(result.checks_passed, 10);
	result_done(&result);
	tree_free(tree);
}
