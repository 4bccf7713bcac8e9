/* SPDX-License-Identifier: Apache-2.0 */
/* What cases make of the names of logical volumes, in fstab and in the boot entry. */
#include <string.h>

#include "base/test.h"
#include "guest/kit/trial.h"

/* An image with the volumes my-vg/root and my-vg/swap, or with a group that is not read. */
struct image {
	const char *fstab, *crypttab, *grub;
	bool is_closed;
};

static const char *content_of(const struct image *image, const char *path)
{
	return strcmp(path, "/etc/fstab") == 0		  ? image->fstab
	       : strcmp(path, "/etc/crypttab") == 0	  ? image->crypttab
	       : strcmp(path, "/boot/grub/grub.cfg") == 0 ? image->grub
							  : NULL;
}

static bool is_folder(const char *path)
{
	static const char *const folders[] = {"/", "/etc", "/boot", "/boot/grub"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (strcmp(path, folders[i]) == 0)
			return true;
	return false;
}

static int image_stat(void *impl, const char *path, struct tree_stat *ret)
{
	const char *content = content_of(impl, path);

	*ret = (struct tree_stat){.mode = content ? 0100644 : 040755, .links = 1};
	ret->size = content ? strlen(content) : 0;
	return content || is_folder(path) ? 0 : -ENOENT;
}

static ssize_t image_read(void *impl, const char *path, uint64_t offset, void *buf, size_t size)
{
	const char *content = content_of(impl, path);
	size_t length = content ? strlen(content) : 0;

	if (!content)
		return -ENOENT;
	if (offset >= length)
		return 0;
	if (size > length - offset)
		size = length - (size_t)offset;
	memcpy(buf, content + offset, size);
	return (ssize_t)size;
}

static ssize_t image_readlink(void *impl UNUSED, const char *path UNUSED, char *buf UNUSED,
			      size_t size UNUSED)
{
	return -EINVAL;
}

static int image_list(void *impl UNUSED, const char *path UNUSED, tree_entry_fn *entry UNUSED,
		      void *arg UNUSED)
{
	return 0;
}

static int image_filesystem(void *impl, unsigned n, struct text *facts)
{
	const struct image *image = impl;
	static const char *const all[] = {
		"type=ext4\nuuid=11-22\nmount=/\nvolume=my--vg-root\n",
		"type=swap\nuuid=33-44\nvolume=my--vg-swap\n",
	};

	if (n == 0)
		return text_addf(facts, "type=LVM2_member\nuuid=x-y\nis_opened=%d\n",
				 !image->is_closed);
	return n <= ARRAY_LEN(all) ? text_adds(facts, all[n - 1]) : -ENOENT;
}

static const struct tree_ops ops = {
	.stat = image_stat,
	.read = image_read,
	.readlink = image_readlink,
	.list = image_list,
	.filesystem = image_filesystem,
};

static void expect(const struct image *image, const char *id, enum outcome wanted)
{
	struct image copy = *image;
	CLEANUP(tree) struct tree *tree = tree_new(&ops, &copy, true);
	const struct trial_setup setup = {.def = cases_find(id), .tree = tree, .parameters = ""};
	CLEAN_DONE(result) struct result result;

	result_init(&result, id);
	EXPECT(setup.def != NULL);
	trial_execute(&setup, &result);
	CLEAN_FREE char *got = xasprintf("%s: %s (%s)", image->fstab ? image->fstab : image->grub,
					 outcome_name(result.outcome), result.message),
			*want = xasprintf("%s: %s (%s)", image->fstab ? image->fstab : image->grub,
					  outcome_name(wanted), result.message);
	EXPECT_TEXT(got, want);
}

static void expect_fstab(const char *line, enum outcome resolves, enum outcome is_stable)
{
	const struct image image = {.fstab = line, .crypttab = "my-crypt /dev/sda3 none\n"};

	expect(&image, "image.fstab_entries_resolve", resolves);
	expect(&image, "image.fstab_uses_stable_names", is_stable);
}

TEST(volumes, fstab_names_them_in_several_ways)
{
	expect_fstab("/dev/mapper/my--vg-root / ext4 defaults 0 1\n", OUTCOME_PASS, OUTCOME_PASS);
	expect_fstab("/dev/my-vg/swap none swap sw 0 0\n", OUTCOME_PASS, OUTCOME_PASS);
	expect_fstab("UUID=33-44 none swap sw 0 0\n", OUTCOME_PASS, OUTCOME_PASS);
	expect_fstab("/dev/disk/by-id/dm-name-my--vg-root / ext4 defaults 0 1\n", OUTCOME_PASS,
		     OUTCOME_PASS);
	expect_fstab("/dev/mapper/my--vg-home /home ext4 defaults 0 1\n", OUTCOME_FAIL,
		     OUTCOME_PASS);
	expect_fstab("/dev/vdata/root / ext4 defaults 0 1\n", OUTCOME_FAIL, OUTCOME_PASS);
	expect_fstab("/dev/mapper/my-crypt /srv ext4 defaults 0 1\n", OUTCOME_SKIP, OUTCOME_PASS);
	expect_fstab("/dev/mapper/mpatha /srv ext4 defaults 0 1\n", OUTCOME_SKIP, OUTCOME_PASS);
	expect_fstab("/dev/md/root / ext4 defaults 0 1\n", OUTCOME_SKIP, OUTCOME_PASS);
	expect_fstab("/dev/vdb1 / ext4 defaults 0 1\n", OUTCOME_SKIP, OUTCOME_FAIL);
}

TEST(volumes, what_cannot_be_seen_is_not_judged)
{
	const struct image image = {
		.fstab = "/dev/mapper/my--vg-home /home ext4 defaults 0 1\n",
		.grub = "menuentry 'x' {\n\tlinux /vmlinuz root=UUID=55 rd.lvm.lv=my-vg/home\n}\n",
		.is_closed = true,
	};

	expect(&image, "image.fstab_entries_resolve", OUTCOME_SKIP);
	expect(&image, "boot.root_argument_resolves", OUTCOME_SKIP);
	expect(&image, "boot.volume_arguments_resolve", OUTCOME_SKIP);
}

static void expect_entry(const char *arguments, enum outcome root, enum outcome volumes)
{
	CLEAN_FREE char *grub =
		xasprintf("menuentry 'x' {\n\tlinux /boot/vmlinuz %s\n}\n", arguments);
	const struct image image = {.grub = grub};

	expect(&image, "boot.root_argument_resolves", root);
	expect(&image, "boot.volume_arguments_resolve", volumes);
}

TEST(volumes, boot_entries_name_them_in_several_ways)
{
	expect_entry("root=/dev/mapper/my--vg-root ro rd.lvm.lv=my-vg/root rd.lvm.lv=my-vg/swap",
		     OUTCOME_PASS, OUTCOME_PASS);
	expect_entry("root=/dev/my-vg/root ro", OUTCOME_PASS, OUTCOME_SKIP);
	expect_entry("root=UUID=11-22 rd.lvm.lv=my-vg/root", OUTCOME_PASS, OUTCOME_PASS);
	expect_entry("root=/dev/mapper/other-root ro", OUTCOME_FAIL, OUTCOME_SKIP);
	expect_entry("root=UUID=11-22 rd.lvm.lv=my-vg/root rd.lvm.lv=my-vg/gone", OUTCOME_PASS,
		     OUTCOME_FAIL);
	expect_entry("root=UUID=11-22 rd.lvm.lv=root", OUTCOME_PASS, OUTCOME_FAIL);
	expect_entry("root=/dev/vda1 ro", OUTCOME_SKIP, OUTCOME_SKIP);
}
