/* SPDX-License-Identifier: Apache-2.0 */
/* What of fstab and boot entry makes the root filesystem writable. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/test.h"
#include "guest/kit/trial.h"

static const struct configuration {
	const char *name, *fstab, *arguments; /* NULL: there is no such file */
	enum outcome wanted;
} configurations[] = {
	{"line of the usual kind", "UUID=1 / ext4 errors=remount-ro 0 1\n", "ro quiet",
	 OUTCOME_PASS},
	{"read-only line", "UUID=1 / ext4 ro 0 1\n", "ro", OUTCOME_FAIL},
	{"read-only line, writable entry", "UUID=1 / ext4 noatime,ro 0 1\n", "rw", OUTCOME_FAIL},
	{"the last option counts", "UUID=1 / ext4 ro,noatime,rw 0 1\n", "ro", OUTCOME_PASS},
	{"/var elsewhere", "UUID=1 / btrfs ro 0 0\nUUID=1 /var btrfs subvol=@/var 0 0\n", "ro",
	 OUTCOME_SKIP},
	{"/var elsewhere but read-only", "UUID=1 / btrfs ro 0 0\nUUID=1 /var btrfs ro 0 0\n", "ro",
	 OUTCOME_FAIL},
	{"immutable by its boot entry", "UUID=1 / ext4 ro 0 1\n", "ro ostree=/ostree/boot.1/x",
	 OUTCOME_SKIP},
	{"no line, read-only entry", "UUID=2 /boot ext4 defaults 0 2\n", "rw ro", OUTCOME_FAIL},
	{"no line, writable entry", "", "ro rw", OUTCOME_PASS},
	{"no fstab", NULL, "ro", OUTCOME_FAIL},
	{"nothing that tells", NULL, "quiet", OUTCOME_SKIP},
	{"nothing at all", NULL, NULL, OUTCOME_SKIP},
	{"commented line", "#UUID=1 / ext4 defaults 0 1\n", "ro", OUTCOME_FAIL},
};

static void put(const char *root, const char *path, const char *content)
{
	CLEAN_FREE char *full = xasprintf("%s%s", root, path);
	CLEAN_FD int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	size_t length = strlen(content);

	EXPECT_NUMBER(write(fd, content, length), (long long)length);
}

/* A tree with no more than these two files. */
static char *make_root(const struct configuration *c, size_t number)
{
	static const char *const folders[] = {"", "/etc", "/boot", "/boot/grub"};
	char *root = xasprintf("%s/%zu", test_folder(), number);

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEAN_FREE char *path = xasprintf("%s%s", root, folders[i]);
		EXPECT_NUMBER(mkdir(path, 0755), 0);
	}
	if (c->fstab)
		put(root, "/etc/fstab", c->fstab);
	CLEAN_FREE char *entry =
		xasprintf("menuentry 'Linux' {\n\tlinux /boot/vmlinuz root=/dev/vda1 %s\n}\n",
			  c->arguments ? c->arguments : "");
	if (c->arguments)
		put(root, "/boot/grub/grub.cfg", entry);
	return root;
}

TEST(root, is_writable_where_it_must_be)
{
	const struct case_def *def = cases_find("filesystem.root_is_writable");

	EXPECT(def != NULL);
	for (size_t i = 0; def && i < ARRAY_LEN(configurations); i++) {
		const struct configuration *c = &configurations[i];
		CLEAN_FREE char *root = make_root(c, i);
		struct tree *tree = tree_of_folder(root);
		const struct trial_setup setup = {.def = def, .tree = tree, .parameters = ""};
		CLEAN_DONE(result) struct result result;
		result_init(&result, "filesystem.root_is_writable");
		trial_execute(&setup, &result);
		CLEAN_FREE char *got = xasprintf("%s: %s", c->name, outcome_name(result.outcome));
		CLEAN_FREE char *want = xasprintf("%s: %s", c->name, outcome_name(c->wanted));
		EXPECT_TEXT(got, want);
		tree_free(tree);
	}
}
