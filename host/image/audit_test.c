/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into a disk and running audits on it, through the shut-in child; and that it is shut in. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/child.h"
#include "base/test.h"
#include "guest/kit/case.h"
#include "host/image/disk_for_test.h"
#include "host/image/image.h"

/* ---- cases that only this program has ---- */

AUDIT(test, reads_a_file, .title = "A file is read")
{
	CHECK_EQ(t,
		 file_line(t, "/etc/hostname") ? strcmp(file_line(t, "/etc/hostname"), "tested")
					       : -1,
		 0);
	struct tree_stat stat;
	CHECK(t, file_stat(t, "/boot/efi/efi/boot/bootx64.efi",
			   &stat)); /* another filesystem, another case of letters */
	CHECK_EQ(t, stat.filesystem != 0, true);
	note(t, "a note");
}

SABOTAGE(test, reads_a_file, "the file says something else")
{
	sabotage_file(t, "/etc/hostname", "sabotaged\n");
}

AUDIT(test, crashes, .title = "It crashes")
{
	CHECK(t, true);
	raise(SIGKILL); /* not one that a sanitizer catches */
}

AUDIT(test, hangs, .title = "It hangs", .timeout_s = 1)
{
	CHECK(t, true);
	for (;;)
		pause();
}

AUDIT(test, is_shut_in, .title = "The process can do nothing but read and answer")
{
	CHECK_ERRNO(t, open("/etc/passwd", O_RDONLY | O_CLOEXEC), EPERM);
	CHECK_ERRNO(t, open("/tmp/x", O_RDWR | O_CREAT | O_CLOEXEC, 0600), EPERM);
	CHECK_ERRNO(t, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), EPERM);
	CHECK_ERRNO(t, execl("/bin/true", "true", NULL), EPERM);
	CHECK_ERRNO(t, kill(getppid(), 0), EPERM);
}

static int count_entry(void *arg, const char *path, const struct tree_stat *stat)
{
	(void)path;
	(void)stat;
	++*(int *)arg;
	return 0;
}

AUDIT(test, walks, .title = "Everything is walked, and facts are there")
{
	CLEAN_TEXT struct text facts = TEXT_INIT(4096);
	int count = 0;

	CHECK_EQ(t, tree_walk(case_tree(t), "/", count_entry, &count), 0);
	CHECK_GE(t, count, 8);
	CHECK_EQ(t, tree_filesystem(case_tree(t), 0, &facts), 0);
	CHECK_CONTAINS(t, facts.buf,
		       "type=ext4\nuuid=00000000-1111-2222-3333-444444444444\nlabel=root\n");
	CHECK_CONTAINS(t, facts.buf, "\nmount=/\nclean=1\nerrors=0\n");
	CHECK_EQ(t, tree_filesystem(case_tree(t), 7, &facts), -ENOENT);
}

/* ---- the disk ---- */

static void make_system(void)
{
	static const char *const files[][2] = {
		{"root/etc/os-release",
		 "NAME=x\nID=testos\nVERSION_ID=\"7\"\nPRETTY_NAME=\"Test OS 7\"\n"},
		{"root/etc/hostname", "tested\n"},
		{"root/etc/fstab",
		 "LABEL=root / ext4 defaults 0 1\n/dev/vda1 /boot/efi vfat umask=0077 0 1\n"},
		{"root/boot/efi/covered", "x"},
		{"root/usr/lib/systemd/libsystemd-shared-254.so", "x"},
		{"root/usr/sbin/sshd", "x"},
		{"root/usr/bin/cloud-init", "x"},
		{"root/usr/lib/systemd/system/cloud-init.service", "x"},
		{"root/bin/sh", "\177ELF\2\1\1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		make_file(files[i][0], files[i][1]);
	/* e_machine of aarch64 */
	CLEAN_FREE char *shell = in_test_folder("root/bin/sh");
	CLEAN_FD int fd = open(shell, O_WRONLY | O_CLOEXEC);
	EXPECT(pwrite(fd, "\xb7\0\0\0", 4, 18) == 4);
}

/* How the disk is kept: the last one is read through the daemon, the others in their files. */
enum kept { RAW, PLAIN_QCOW2, PACKED_QCOW2 };

static struct image *open_system(enum kept kept)
{
	static const struct image_options options;
	const struct patience p = patience_for(-1, 60 * NS_PER_S);
	CLEAN_FREE char *raw = in_test_folder("disk"), *converted = in_test_folder("disk.qcow2");
	struct image *image = NULL;
	struct err e = {0};

	make_system();
	make_disk(raw);
	if (kept != RAW)
		run_tool((const char *[]){"qemu-img", "convert", "-O", "qcow2", raw, converted,
					  kept == PACKED_QCOW2 ? "-c" : NULL, NULL});
	EXPECT_NUMBER(image_open(kept == RAW ? raw : converted, &options, &p, &image, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(!image->extents == (kept == PACKED_QCOW2));
	return image;
}

static void expect_identity(enum kept kept)
{
	CLEANUP(image) struct image *image = open_system(kept);

	EXPECT_TEXT(image->format, kept == RAW ? "raw" : "qcow2");
	EXPECT_TEXT(image->os_id, "testos");
	EXPECT_TEXT(image->os_version, "7");
	EXPECT_TEXT(image->os_name, "Test OS 7");
	EXPECT_TEXT(image->arch, "aarch64");
	EXPECT_TEXT(image->table, "gpt");
	EXPECT_TEXT(image->root_type, "ext4");
	EXPECT(image->boots_uefi && !image->boots_bios);
	EXPECT(image->has_cloud_init && image->has_sshd && !image->needs_micro_vm);
	EXPECT_NUMBER(image->systemd_version, 254);
	EXPECT_NUMBER(image->filesystem_count, 2);
	EXPECT_TEXT(image->filesystems[0].type, "ext4");
	EXPECT_TEXT(image->filesystems[1].type, "vfat");
	EXPECT_TEXT(image->filesystems[1].mount, "/boot/efi");
	EXPECT_NUMBER((long long)image->filesystems[0].offset, TEST_ROOT_OFFSET);
	EXPECT_NUMBER(image_entry(image), ENTRY_CLOUD_INIT);
	EXPECT_NUMBER(image_firmware(image), FIRMWARE_UEFI);
}

static const struct datasource_row {
	const char *config;
	bool has_cloud_init;
} datasource_rows[] = {
	{"datasource_list: [ NoCloud, None ]\n", true},
	{"datasource_list:\n  - Ec2\n  - NoCloud\n", true},
	{"datasource_list: [\n  Ec2,\n  NoCloud,\n]\n", true},
	{"datasource_list: [ Ec2 ]\n", false},
	{"datasource_list: [ Ec2 ] # was NoCloud\n", false},
	{"# NoCloud is for tests\ndatasource_list:\n- Ec2\ndatasource:\n  NoCloud: {}\n", false},
	{"users: [ x ] # NoCloud\n", true},
};

/* Only where NoCloud is looked for can the agent come in by it. */
TEST(audit, cloud_init_counts_where_it_looks_for_our_seed)
{
	static const struct image_options options;
	const struct patience p = patience_for(-1, 60 * NS_PER_S);
	CLEAN_FREE char *disk = in_test_folder("disk"), *esp = in_test_folder("esp");

	make_system();
	for (size_t i = 0; i < ARRAY_LEN(datasource_rows); i++) {
		CLEANUP(image) struct image *image = NULL;
		struct err e = {0};
		make_file("root/etc/cloud/cloud.cfg.d/90_here.cfg", datasource_rows[i].config);
		make_disk(disk);
		(void)unlink(esp); /* mkfs.vfat makes none where one is */
		EXPECT_NUMBER(image_open(disk, &options, &p, &image, &e), 0);
		EXPECT_TEXT(e.text, "");
		if (image && image->has_cloud_init != datasource_rows[i].has_cloud_init)
			EXPECT_TEXT(image->has_cloud_init ? "looks" : "does not look",
				    datasource_rows[i].config);
	}
}

TEST(audit, identifies_a_raw_disk)
{
	expect_identity(RAW);
}

TEST(audit, identifies_a_qcow2)
{
	expect_identity(PLAIN_QCOW2);
}

TEST(audit, identifies_a_compressed_qcow2)
{
	expect_identity(PACKED_QCOW2);
}

/* "outcome message|" of each result. */
static void add_result(void *arg, struct result *result)
{
	(void)text_addf(arg, "%s %s|", outcome_name(result->outcome), result->message);
}

static void run(const struct image *image, const char *const *ids, size_t count, bool sabotage,
		struct text *out)
{
	static const struct image_options options;
	const struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(
		image_audit(image, &options, ids, count, sabotage, "", &p, add_result, out, &e), 0);
	EXPECT_TEXT(e.text, "");
}

static void expect_cases_and_sabotage(enum kept kept)
{
	static const char *const ids[] = {"test.reads_a_file", "test.is_shut_in", "test.walks"};
	CLEAN_TEXT struct text results = TEXT_INIT(65536), sabotaged = TEXT_INIT(65536);
	CLEANUP(image) struct image *image = open_system(kept);

	run(image, ids, ARRAY_LEN(ids), false, &results);
	EXPECT_TEXT(results.buf, "pass |pass |pass |");
	run(image, ids, 1, true, &sabotaged);
	EXPECT(has_prefix(sabotaged.buf, "fail "));
}

TEST(audit, runs_cases_and_sabotage)
{
	expect_cases_and_sabotage(PLAIN_QCOW2);
}

TEST(audit, runs_cases_and_sabotage_through_the_daemon)
{
	expect_cases_and_sabotage(PACKED_QCOW2);
}

TEST(audit, survives_cases_that_do_not)
{
	static const char *const ids[] = {"test.crashes", "test.walks", "test.hangs",
					  "test.no_such_case", "test.walks"};
	CLEAN_TEXT struct text results = TEXT_INIT(65536);
	CLEANUP(image) struct image *image = open_system(RAW);

	run(image, ids, ARRAY_LEN(ids), false, &results);
	EXPECT_TEXT(results.buf,
		    "broken the process that ran the case was killed by signal 9 (KILL)|pass |"
		    "broken the case did not end within its time|"
		    "broken there is no audit case test.no_such_case|pass |");
}
