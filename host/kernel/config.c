/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's configuration. */
#include "host/kernel/config.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "guest/kit/gunzip.h"
#include "guest/kit/kernel_config.h"

#define UNPACKED_MAX  (512U << 20)
#define CONFIG_BEGINS "IKCFG_ST"
#define CONFIG_ENDS   "IKCFG_ED"

/* ---- inside ---- */

/* The packed kernel's length stands behind it, which readers of the packing take for rubbish: what came before that counts. */
static int unpack(const void *bytes, size_t length, struct text *out)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	char buf[65536];
	la_ssize_t got = -1;

	(void)archive_read_support_filter_all(archive);
	(void)archive_read_support_format_raw(archive);
	if (archive_read_open_memory(archive, bytes, length) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
	    archive_filter_count(archive) > 1) /* the last one is no packing */
		while ((got = archive_read_data(archive, buf, sizeof buf)) > 0)
			if (text_add(out, buf, (size_t)got) < 0)
				break;
	(void)archive_read_free(archive);
	return out->length > 0 && !out->overflowed ? 0 : -EBADMSG;
}

static int find_packed(const char *bytes, size_t length, struct text *out)
{
	const char *from = memmem(bytes, length, CONFIG_BEGINS, strlen(CONFIG_BEGINS));

	if (!from)
		return -ENOENT;
	from += strlen(CONFIG_BEGINS);
	const char *to =
		memmem(from, (size_t)(bytes + length - from), CONFIG_ENDS, strlen(CONFIG_ENDS));
	return to ? gunzip(from, (size_t)(to - from), out) : -ENOENT;
}

int kernel_config_inside(const void *bytes, size_t length, const struct bzimage *image,
			 struct text *out)
{
	CLEAN_TEXT struct text unpacked = TEXT_INIT(UNPACKED_MAX);

	if (image->payload_length == 0 || image->payload > length ||
	    image->payload_length > length - image->payload)
		return -EBADMSG;
	int r = unpack((const char *)bytes + image->payload, image->payload_length, &unpacked);
	if (r == 0)
		r = find_packed(unpacked.buf, unpacked.length, out);
	return r;
}

bool kernel_config_is_one(const char *text)
{
	return strstr(text, "\nCONFIG_") || has_prefix(text, "CONFIG_");
}

/* What could be set and is not stands there in a comment. */
static bool is_named(const char *config, const char *option)
{
	CLEAN_FREE char *unset = xasprintf("# %s is not set", option);

	for (const char *at = config; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (has_prefix(at, unset))
			return true;
	}
	return false;
}

bool kernel_config_option(const char *config, const char *option, char ret[CONFIG_VALUE_SIZE])
{
	if (kernel_config_value(config, option, ret, CONFIG_VALUE_SIZE))
		return true;
	memcpy(ret, "n", sizeof "n");
	return is_named(config, option);
}

/* ---- is it enough ---- */

static const struct wanted {
	const char *option, *what_for;
	bool may_be_module, for_image;
} wanted[] = {
	{"64BIT", "machines here are x86_64", false, false},
	{"BLK_DEV_INITRD", "the agent is brought in by an initramfs", false, false},
	{"BINFMT_ELF", "the agent is an ELF program", false, false},
	{"PROC_FS", "the agent reads /proc", false, false},
	{"SYSFS", "the agent reads /sys", false, false},
	{"DEVTMPFS", "the agent finds its port in /dev", false, false},
	{"TMPFS", "the agent writes to /run and /tmp", false, false},
	{"PRINTK", "its log is what is looked at", false, false},
	{"TTY", "its console is a serial port", false, false},
	{"SERIAL_8250", "its console is a serial port", false, false},
	{"SERIAL_8250_CONSOLE", "its console is a serial port", false, false},
	{"PCI", "the machine's devices are on PCI", false, false},
	{"VIRTIO_PCI", "the machine's devices are virtio on PCI", true, false},
	{"VIRTIO_CONSOLE", "the agent talks over a virtio port", true, false},
	{"VIRTIO_BLK", "the image's disk is a virtio disk", true, true},
};

static int refuse(const struct wanted *option, const struct kernel_config_of *of, const char *how,
		  struct err *e)
{
	return err_set(e, BLAME_USER, ENOTSUP,
		       "%s cannot be tried: CONFIG_%s %s by %s, and %s: build it with that option",
		       of->kernel, option->option, how, of->source, option->what_for);
}

static int check_option(const char *config, const struct wanted *option,
			const struct kernel_config_of *of, struct err *e)
{
	char value[16];

	if (!kernel_config_value(config, option->option, value, sizeof value))
		return refuse(option, of, "is not set", e);
	if (strcmp(value, "y") == 0 || (option->may_be_module && of->has_modules))
		return 0;
	if (!option->may_be_module)
		return refuse(option, of, "is not built in", e);
	return err_set(e, BLAME_USER, ENOTSUP,
		       "%s cannot be tried alone: CONFIG_%s is a module by %s, and %s: give its "
		       "modules by --modules",
		       of->kernel, option->option, of->source, option->what_for);
}

int kernel_config_check(const char *config, const struct kernel_config_of *of, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		int r = wanted[i].for_image && !of->with_image
				? 0
				: check_option(config, &wanted[i], of, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What these depend on, where a tree's target sets next to nothing; and what the agent or a machine of several CPUs uses besides. */
static const char *const besides[] = {
	"ACPI",		"BLK_DEV",	   "BLOCK",	  "BUG",      "EPOLL",	   "EVENTFD",
	"FUTEX",	"HIGH_RES_TIMERS", "ISO9660_FS",  "KALLSYMS", "MULTIUSER", "NET",
	"POSIX_TIMERS", "RD_GZIP",	   "SHMEM",	  "SIGNALFD", "SMP",	   "TIMERFD",
	"UNIX",		"VIRTIO",	   "VIRTIO_MENU",
};

void kernel_config_needs(struct text *out)
{
	for (size_t i = 0; i < ARRAY_LEN(besides); i++)
		(void)text_addf(out, "CONFIG_%s=y\n", besides[i]);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		(void)text_addf(out, "CONFIG_%s=y\n", wanted[i].option);
}
