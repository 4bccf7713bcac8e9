/* SPDX-License-Identifier: Apache-2.0 */
/* What a platform looks at before it boots anything. */
#include "host/image/outside.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest/kit/policy.h"
#include "wire/program.h"

#define MIB (1ULL << 20)

static void refuse(struct outside_verdict *ret, const char *format, ...) PRINTF(2, 3);
static void refuse(struct outside_verdict *ret, const char *format, ...)
{
	va_list args;

	ret->ok = false;
	va_start(args, format);
	(void)vsnprintf(ret->words, sizeof ret->words, format, args);
	va_end(args);
}

static int promise(const char *parameters, const char *key, char *buf, size_t size, struct err *e)
{
	return program_parameter(parameters, key, buf, size)
		       ? 0
		       : err_set(e, BLAME_BUG, ENOENT, "nobody has promised %s", key);
}

static void judge_alignment(uint64_t size, const char *parameters, struct outside_verdict *ret)
{
	char text[32];
	long long unit = 1;

	if (program_parameter(parameters, "disk_size_unit_mib", text, sizeof text))
		(void)number_parse(text, 1, 1LL << 20, &unit);
	if (size % ((uint64_t)unit * MIB) != 0)
		refuse(ret, "the disk has %llu bytes, which is no multiple of %lld MiB",
		       (unsigned long long)size, unit);
}

static void judge_size(uint64_t size, const char *wanted, struct outside_verdict *ret)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)(size / MIB));
	if (size % MIB != 0 || !policy_value_fits(text, wanted))
		refuse(ret, "the disk has %llu bytes (%s MiB), not %.100s MiB",
		       (unsigned long long)size, text, wanted);
}

static void judge_name(const char *name, const char *wanted, struct outside_verdict *ret)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (name[strspn(name, allowed)] != '\0')
		refuse(ret, "the name \"%.100s\" has others than letters, digits and ._- in it",
		       name);
	else if (fnmatch(wanted, name, 0) != 0)
		refuse(ret, "the name \"%.100s\" is not of the form %.100s", name, wanted);
}

/* ---- VHD (Virtual Hard Disk Image Format Specification, 1.0) ---- */

static uint64_t big_endian(const unsigned char *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static uint32_t checksum_of(const unsigned char footer[VHD_FOOTER_SIZE])
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < VHD_FOOTER_SIZE; i++)
		sum += i >= 64 && i < 68 ? 0 : footer[i];
	return ~sum;
}

void vhd_footer_judge(const unsigned char footer[VHD_FOOTER_SIZE], uint64_t data_size,
		      struct outside_verdict *ret)
{
	enum { FIXED = 2 };

	ret->ok = true;
	if (memcmp(footer, "conectix", 8) != 0)
		refuse(ret, "the footer does not begin with its cookie");
	else if (big_endian(footer + 64, 4) != checksum_of(footer))
		refuse(ret, "the footer's checksum is %08llx, not %08x",
		       (unsigned long long)big_endian(footer + 64, 4), checksum_of(footer));
	else if (big_endian(footer + 60, 4) != FIXED)
		refuse(ret,
		       "the disk is of type %llu: only a fixed one (2) is taken; qemu-img convert "
		       "-O vpc -o subformat=fixed,force_size makes one",
		       (unsigned long long)big_endian(footer + 60, 4));
	else if (big_endian(footer + 48, 8) != data_size)
		refuse(ret,
		       "the footer says %llu bytes, and the file has %llu before it; qemu-img convert "
		       "-o force_size makes them equal",
		       (unsigned long long)big_endian(footer + 48, 8),
		       (unsigned long long)data_size);
}

static int judge_footer(const struct image *image, bool spoilt, struct outside_verdict *ret,
			struct err *e)
{
	unsigned char footer[VHD_FOOTER_SIZE];
	CLEAN_FD int fd = open(image->path, O_RDONLY | O_CLOEXEC);
	uint64_t data_size = image->file_size - VHD_FOOTER_SIZE;

	if (fd < 0 || pread(fd, footer, sizeof footer, (off_t)data_size) != sizeof footer)
		return err_set(e, BLAME_HOST, errno ? errno : EIO, "read the end of %.300s: %m",
			       image->path);
	if (spoilt)
		memset(footer, 0, 8);
	vhd_footer_judge(footer, data_size, ret);
	return 0;
}

int outside_judge(enum outside_fact fact, const struct image *image, const char *parameters,
		  bool spoilt, struct outside_verdict *ret, struct err *e)
{
	char wanted[512] = "";
	int r = 0;

	*ret = (struct outside_verdict){.ok = true};
	switch (fact) {
	case OUTSIDE_ALIGNMENT:
		judge_alignment(image->virtual_size + (spoilt ? 512 : 0), parameters, ret);
		break;
	case OUTSIDE_SIZE:
		r = promise(parameters, "disk_size_mib", wanted, sizeof wanted, e);
		if (r == 0)
			judge_size(image->virtual_size + (spoilt ? 512 : 0), wanted, ret);
		break;
	case OUTSIDE_NAME:
		r = promise(parameters, "file_name", wanted, sizeof wanted, e);
		if (r == 0)
			judge_name(spoilt ? "my image" : image->name, wanted, ret);
		break;
	case OUTSIDE_VHD_FOOTER:
		r = judge_footer(image, spoilt, ret, e);
		break;
	}
	return r;
}
