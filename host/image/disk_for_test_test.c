/* SPDX-License-Identifier: Apache-2.0 */
/* Disks for this folder's tests. */
#include "host/image/disk_for_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/test.h"
#include "base/text.h"

char *in_test_folder(const char *name)
{
	return xasprintf("%s/%s", test_folder(), name);
}

void run_tool(const char *const *argv)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					  "MTOOLS_SKIP_CHECK=1", NULL};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(1 << 20);
	const struct child_spec spec = {.argv = argv, .env = env};
	const struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct err e = {0};
	int r = child_run_ok(&spec, &p, &out, &e);

	if (r == -ENOENT)
		test_skip(e.text);
	EXPECT_TEXT(e.text, "");
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
}

void make_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = in_test_folder(name);

	make_folders(path);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

static void make_esp(const char *path, const char *target)
{
	CLEAN_FREE char *program = in_test_folder("program.efi");

	make_file("program.efi", "MZ");
	run_tool((const char *[]){"mkfs.vfat", "-C", path, "32768", NULL});
	run_tool((const char *[]){"mmd", "-i", path, "::/EFI", "::/EFI/BOOT", NULL});
	run_tool((const char *[]){"mcopy", "-i", path, program, target, NULL});
}

/* Copies a file into the disk. */
static void put_at(const char *disk, const char *path, unsigned long long offset)
{
	CLEAN_FREE char *from = xasprintf("if=%s", path), *to = xasprintf("of=%s", disk);
	CLEAN_FREE char *seek = xasprintf("seek=%llu", offset >> 20);

	run_tool((const char *[]){"dd", from, to, seek, "bs=1M", "conv=notrunc,sparse", NULL});
}

void make_disk(const char *path)
{
	CLEAN_FREE char *root = in_test_folder("root"), *ext4 = in_test_folder("ext4"),
			*esp = in_test_folder("esp");
	CLEAN_FREE char *script = in_test_folder("sfdisk");
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(ftruncate(fd, 64 << 20) == 0);
	make_file("sfdisk",
		  "label: gpt\nstart=2048, size=65536, type=U\nstart=67584, size=61440, type=L\n");
	CLEAN_FREE char *command = xasprintf("sfdisk -q '%s' < '%s'", path, script);
	run_tool((const char *[]){"sh", "-c", command, NULL});
	make_esp(esp, "::/EFI/BOOT/BOOTX64.EFI");
	put_at(path, esp, 1 << 20);
	run_tool((const char *[]){"mke2fs", "-q", "-t", "ext4", "-d", root, "-L", "root", "-U",
				  "00000000-1111-2222-3333-444444444444", ext4, "30M", NULL});
	put_at(path, ext4, TEST_ROOT_OFFSET);
}
