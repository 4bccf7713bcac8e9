/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's configuration: found inside it, and whether a machine here could talk to it. */
#include "host/kernel/config.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/test.h"
#include "host/kernel/kernel_for_test.h"

#define GOOD                                                                                        \
	"# Linux\nCONFIG_64BIT=y\nCONFIG_BLK_DEV_INITRD=y\nCONFIG_BINFMT_ELF=y\nCONFIG_PROC_FS=y\n" \
	"CONFIG_SYSFS=y\nCONFIG_DEVTMPFS=y\nCONFIG_TMPFS=y\nCONFIG_PRINTK=y\nCONFIG_TTY=y\n"        \
	"CONFIG_SERIAL_8250=y\nCONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_PCI=y\n"                        \
	"CONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_CONSOLE=m\n"

static size_t gzip(const void *bytes, size_t length, unsigned char *out, size_t room)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;

	(void)archive_write_add_filter_gzip(archive);
	(void)archive_write_set_format_raw(archive);
	(void)archive_write_set_bytes_in_last_block(archive, 1);
	EXPECT_NUMBER(archive_write_open_memory(archive, out, room, &used), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	EXPECT_NUMBER(archive_write_header(archive, entry), ARCHIVE_OK);
	EXPECT_NUMBER(archive_write_data(archive, bytes, length), (long long)length);
	EXPECT_NUMBER(archive_write_close(archive), ARCHIVE_OK);
	(void)archive_write_free(archive);
	archive_entry_free(entry);
	return used;
}

static int inside(const struct kernel_for_test *kernel, struct text *out)
{
	struct bzimage image;
	struct err e = {0};

	EXPECT_NUMBER(bzimage_parse(kernel->bytes, sizeof kernel->bytes, "k", &image, &e), 0);
	return kernel_config_inside(kernel->bytes, sizeof kernel->bytes, &image, out);
}

/* A kernel whose unpacked content is `words`, the packed configuration between its marks, and the rest. */
static struct kernel_for_test with_config(const char *begins, const char *config)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0 x");
	unsigned char vmlinux[2048] = "code ", packed[2048];
	size_t at = 5 + strlen(begins);

	memcpy(vmlinux + 5, begins, strlen(begins));
	at += gzip(config, strlen(config), vmlinux + at, sizeof vmlinux - at - 16);
	memcpy(vmlinux + at, "IKCFG_ED", 8);
	size_t length = gzip(vmlinux, sizeof vmlinux, packed, sizeof packed - 4);
	memcpy(packed + length, "\0\10\0\0", 4); /* the unpacked length, as builds append it */
	kernel_put_payload(&kernel, packed, (unsigned)length + 4);
	return kernel;
}

TEST(kernel_config, says_what_an_option_is)
{
	static const char config[] = "CONFIG_HZ=250\n# CONFIG_PREEMPT_RT is not set\n"
				     "CONFIG_KVM=m\nCONFIG_BPF=y\n# CONFIG_BPF_LSM is not set";
	char value[CONFIG_VALUE_SIZE];

	EXPECT(kernel_config_option(config, "CONFIG_HZ", value));
	EXPECT_TEXT(value, "250");
	EXPECT(kernel_config_option(config, "CONFIG_KVM", value));
	EXPECT_TEXT(value, "m");
	EXPECT(kernel_config_option(config, "CONFIG_PREEMPT_RT", value));
	EXPECT_TEXT(value, "n");
	EXPECT(kernel_config_option(config, "CONFIG_BPF_LSM", value));
	EXPECT_TEXT(value, "n");
	EXPECT(!kernel_config_option(config, "CONFIG_PREEMPT", value));
	EXPECT_TEXT(value, "n");
	EXPECT(!kernel_config_option("", "CONFIG_HZ", value));
}

TEST(config, is_found_inside)
{
	CLEAN_TEXT struct text config = TEXT_INIT(KERNEL_CONFIG_MAX);
	struct kernel_for_test kernel = with_config("IKCFG_ST", GOOD);

	EXPECT_NUMBER(inside(&kernel, &config), 0);
	EXPECT_TEXT(config.buf, GOOD);
	EXPECT(kernel_config_is_one(config.buf));
}

TEST(config, may_not_be_inside)
{
	CLEAN_TEXT struct text config = TEXT_INIT(KERNEL_CONFIG_MAX);
	struct kernel_for_test kernel = with_config("nothing!", GOOD);

	EXPECT_NUMBER(inside(&kernel, &config), -ENOENT);
	kernel_put_payload(&kernel, "no packing at all, just text", 28);
	EXPECT_NUMBER(inside(&kernel, &config), -EBADMSG);
	EXPECT(!kernel_config_is_one("#!/bin/sh\n"));
}

static void expect_refused(const char *config, bool has_modules, bool with_image, const char *words)
{
	const struct kernel_config_of of = {"k", "its own configuration", has_modules, with_image};
	struct err e = {0};

	EXPECT_NUMBER(kernel_config_check(config, &of, &e), -ENOTSUP);
	EXPECT(e.blame == BLAME_USER);
	EXPECT(strstr(e.text, words) != NULL);
}

TEST(config, names_the_option_that_is_missing)
{
	const struct kernel_config_of of = {"k", "its own configuration", true, false};
	struct err e = {0};

	EXPECT_NUMBER(kernel_config_check(GOOD, &of, &e), 0);
	expect_refused(GOOD, false, false, "CONFIG_VIRTIO_PCI is a module by its own");
	expect_refused(GOOD, false, false, "--modules");
	expect_refused(GOOD, true, true, "CONFIG_VIRTIO_BLK is not set");
	expect_refused("CONFIG_64BIT=y\n", true, false, "CONFIG_BLK_DEV_INITRD is not set");
	expect_refused("CONFIG_64BIT=m\n", true, false, "CONFIG_64BIT is not built in");
	expect_refused("# CONFIG_64BIT is not set\n", true, false, "CONFIG_64BIT is not set");
}
