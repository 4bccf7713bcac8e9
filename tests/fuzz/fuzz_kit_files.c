// SPDX-License-Identifier: Apache-2.0
// Configuration files of a foreign system: the same bytes as each of them, read by everything that reads such.
#include "guest/kit/boot.h"
#include "guest/kit/disk.h"
#include "guest/kit/dpkg.h"
#include "guest/kit/fstab.h"
#include "guest/kit/kernels.h"
#include "guest/kit/sshd_config.h"
#include "guest/kit/sudoers.h"
#include "guest/kit/trial.h"
#include "guest/kit/unit.h"

#define UNIT_FOLDER "/usr/lib/systemd/system/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static int no_stat(void *impl, const char *path, struct tree_stat *ret)
{
	(void)impl;
	*ret = (struct tree_stat){.mode = S_IFDIR | 0755};
	return strcmp(path, "/") == 0 ? 0 : -ENOENT;
}

static ssize_t no_read(void *impl, const char *path, uint64_t offset, void *buf, size_t size)
{
	(void)impl, (void)path, (void)offset, (void)buf, (void)size;
	return -ENOENT;
}

static ssize_t no_readlink(void *impl, const char *path, char *buf, size_t size)
{
	(void)impl, (void)path, (void)buf, (void)size;
	return -ENOENT;
}

static int no_list(void *impl, const char *path, tree_entry_fn *entry, void *arg)
{
	(void)impl, (void)entry, (void)arg;
	return strcmp(path, "/") == 0 ? 0 : -ENOENT;
}

/* The input is the disk, filled up with zeroes. */
static ssize_t input_disk_read(void *impl, uint64_t offset, void *buf, size_t size)
{
	const struct input *input = impl;

	memset(buf, 0, size);
	if (offset < input->size) {
		size_t left = input->size - (size_t)offset;
		memcpy(buf, input->data + offset, size < left ? size : left);
	}
	return (ssize_t)size;
}

static uint64_t input_disk_size(void *impl)
{
	(void)impl;
	return 1U << 20;
}

static const struct tree_ops empty_ops = {
	.stat = no_stat,
	.read = no_read,
	.readlink = no_readlink,
	.list = no_list,
	.disk_read = input_disk_read,
	.disk_size = input_disk_size,
};

static void on_setting(struct trial *t, void *arg, const char *section, const char *key,
		       const char *value)
{
	(void)t, (void)section, (void)key, (void)value;
	(*(unsigned *)arg)++;
}

static void on_match(struct trial *t, void *arg, const char *criteria, const char *value)
{
	(void)t, (void)criteria, (void)value;
	(*(unsigned *)arg)++;
}

static void on_rule(struct trial *t, void *arg, const char *path, const char *line)
{
	(void)t, (void)path;
	(*(unsigned *)arg) += sudoers_line_problem(line) != NULL;
}

static void read_texts(struct trial *t, const char *text)
{
	static struct fstab_line line;
	struct dpkg_package package;
	struct dpkg_relation relation;
	const char *value;
	size_t length;

	for (const char *at = text; fstab_next(&at, &line);)
		(void)fstab_has_option(&line, "nofail");
	for (const char *at = text; dpkg_next(&at, &package);) {
		(void)dpkg_version_compare(package.version, package.name);
		if (dpkg_field(&package, "Depends", &value, &length))
			for (const char *here = value;
			     dpkg_relation_next(&here, value + length, &relation);)
				(void)dpkg_version_fits(relation.version, relation.how,
							package.version);
	}
	(void)module_is_in(text, "virtio_blk");
	for (const char *at = text; boot_argument_next(t, &at);)
		;
}

static void read_all(struct trial *t, const void *row)
{
	struct disk_table *table = case_alloc(t, sizeof *table);
	const char *text = file_text(t, "/boot/grub/grub.cfg");
	struct kernel *kernels;
	unsigned seen = 0;

	(void)row;
	struct boot_menu *menu = boot_menu_read(t);
	for (unsigned i = 0; i < menu->count; i++)
		if (menu->entries[i].kernel)
			(void)boot_path(t, menu->entries[i].kernel);
	read_texts(t, text ? text : "");
	(void)disk_table_read(case_tree(t), table);
	(void)kernels_find(t, &kernels);
	unit_each_setting(t, "a.service", on_setting, &seen);
	(void)unit_is_masked(t, "a.service");
	(void)sshd_setting(t, "PermitRootLogin", "");
	sshd_each_match(t, "PermitRootLogin", on_match, &seen);
	sudoers_each_line(t, on_rule, &seen);
	check_passed(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"/boot/grub/grub.cfg",
					    "/boot/grub/grubenv",
					    "/boot/loader/entries/a.conf",
					    "/boot/vmlinuz-1",
					    "/boot/extlinux/extlinux.conf",
					    UNIT_FOLDER "a.service",
					    "/etc/ssh/sshd_config",
					    "/usr/sbin/sshd",
					    "/etc/sudoers",
					    "/usr/bin/sudo"};
	static const struct case_def def = {.info = {.area = "fuzz", .name = "files"},
					    .body = read_all};
	struct input input = {data, size};
	struct tree *tree = tree_new(&empty_ops, &input, true);
	struct trial_setup setup = {.def = &def, .tree = tree, .parameters = ""};
	CLEAN_DONE(result) struct result result;

	if (size <= 32768) {
		result_init(&result, "fuzz.files");
		for (size_t i = 0; i < ARRAY_LEN(paths); i++)
			tree_plant_file(tree, paths[i], data, size, 0644, 0);
		trial_execute(&setup, &result);
	} else {
		result_init(&result, "fuzz.files");
	}
	tree_free(tree);
	return 0;
}
