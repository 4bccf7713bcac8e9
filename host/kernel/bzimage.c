/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a bzImage. */
#include "host/kernel/bzimage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECTOR		    512U
#define PARAGRAPH	    16U
#define SETUP_SECTS_DEFAULT 4U
#define PROTOCOL_PAYLOAD    0x208 /* since then the header tells where the payload lies */
#define PROTOCOL_64	    0x20c /* since then it tells whether the kernel is one of 64 bits */

enum {
	AT_SETUP_SECTS = 0x1f1,
	AT_SYSSIZE = 0x1f4,
	AT_BOOT_FLAG = 0x1fe,
	AT_HEADER = 0x202,
	AT_PROTOCOL = 0x206,
	AT_KERNEL_VERSION = 0x20e,
	AT_LOADFLAGS = 0x211,
	AT_XLOADFLAGS = 0x236,
	AT_PAYLOAD = 0x248,
	AT_PAYLOAD_LENGTH = 0x24c,
};

static unsigned byte_at(const void *bytes, size_t at)
{
	return ((const unsigned char *)bytes)[at];
}

static unsigned number16(const void *bytes, size_t at)
{
	return byte_at(bytes, at) | byte_at(bytes, at + 1) << 8;
}

static uint32_t number32(const void *bytes, size_t at)
{
	return number16(bytes, at) | (uint32_t)number16(bytes, at + 2) << 16;
}

/* ---- what else it may be ---- */

static const struct kind {
	size_t at;
	const char *magic;
	size_t length;
	const char *words;
} kinds[] = {
	{0x38, "ARM\x64", 4, "is a kernel for arm64, and machines here are x86_64"},
	{0x30, "RISCV", 5, "is a kernel for RISC-V, and machines here are x86_64"},
	{4, "zimg", 4,
	 "is a packed kernel in an EFI program, as arm64 and others have them, and machines here are x86_64"},
	{0, "\177ELF", 4,
	 "is an ELF file, as vmlinux is: the bzImage of the same build lies in arch/x86/boot"},
	{0, "QFI\xfb", 4, "is a disk image: `assay run` validates those"},
	{0, "\x1f\x8b", 2, "is packed by gzip: unpack it first"},
	{0,
	 "\xfd"
	 "7zXZ",
	 5, "is packed by xz: unpack it first"},
	{0, "\x28\xb5\x2f\xfd", 4, "is packed by zstd: unpack it first"},
};

static const char *other_kind(const void *bytes, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (length >= kinds[i].at + kinds[i].length &&
		    memcmp((const char *)bytes + kinds[i].at, kinds[i].magic, kinds[i].length) == 0)
			return kinds[i].words;
	return NULL;
}

static bool has_header(const void *bytes, size_t length)
{
	return length >= BZIMAGE_HEADER_SIZE && number16(bytes, AT_BOOT_FLAG) == 0xaa55 &&
	       memcmp((const char *)bytes + AT_HEADER, "HdrS", 4) == 0;
}

static int check_kind(const void *bytes, size_t length, const char *name, struct err *e)
{
	const char *other = other_kind(bytes, length);

	if (has_header(bytes, length))
		return 0;
	if (length == 0)
		return err_set(e, BLAME_USER, ENOEXEC, "%s is empty", name);
	return err_set(
		e, BLAME_USER, ENOEXEC, "%s %s", name,
		other ? other
		      : "is no kernel for x86_64: a bzImage (vmlinuz) is wanted, or a .deb or "
			".rpm package with one");
}

/* ---- what the header says ---- */

static size_t setup_size(const void *bytes)
{
	unsigned sectors = byte_at(bytes, AT_SETUP_SECTS);

	return (size_t)((sectors ? sectors : SETUP_SECTS_DEFAULT) + 1) * SECTOR;
}

static int check_length(const void *bytes, size_t length, const char *name, struct err *e)
{
	uint64_t told = setup_size(bytes) + (uint64_t)number32(bytes, AT_SYSSIZE) * PARAGRAPH;

	/* A build pads the last paragraph, and whoever signs it adds to it. */
	if (length + PARAGRAPH > told)
		return 0;
	return err_set(e, BLAME_USER, ENODATA,
		       "%s is cut short: it has %zu bytes, and its header tells of %llu", name,
		       length, (unsigned long long)told);
}

static int check_processor(const void *bytes, const char *name, struct err *e)
{
	unsigned protocol = number16(bytes, AT_PROTOCOL);

	if (!(byte_at(bytes, AT_LOADFLAGS) & 1))
		return err_set(e, BLAME_USER, ENOEXEC,
			       "%s is a zImage, as no kernel has been built for long: a bzImage is "
			       "wanted",
			       name);
	if (protocol >= PROTOCOL_64 && !(byte_at(bytes, AT_XLOADFLAGS) & 1))
		return err_set(e, BLAME_USER, ENOEXEC,
			       "%s is a kernel for x86 of 32 bits, and machines here are x86_64",
			       name);
	return 0;
}

/* The header has its place less 0x200; within the setup code. */
static int read_version(const void *bytes, size_t length, const char *name, struct bzimage *ret,
			struct err *e)
{
	size_t at = number16(bytes, AT_KERNEL_VERSION), most = setup_size(bytes);

	if (most > length)
		most = length;
	at += at ? SECTOR : most;
	if (at < most)
		(void)snprintf(ret->version, sizeof ret->version, "%.*s",
			       (int)strnlen((const char *)bytes + at, most - at),
			       (const char *)bytes + at);
	for (char *c = ret->version; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			ret->version[0] = '\0'; /* no text: the pointer leads to something else */
	size_t word = strcspn(ret->version, " ");
	/* It becomes a path. */
	if (word == 0 || word >= sizeof ret->release || ret->version[0] == '.' ||
	    memchr(ret->version, '/', word))
		return err_set(e, BLAME_USER, EBADMSG,
			       "%s has a kernel's header, but it does not tell a version", name);
	(void)snprintf(ret->release, sizeof ret->release, "%.*s", (int)word, ret->version);
	return 0;
}

static void read_payload(const void *bytes, size_t length, struct bzimage *ret)
{
	if (number16(bytes, AT_PROTOCOL) < PROTOCOL_PAYLOAD)
		return;
	uint64_t from = setup_size(bytes) + (uint64_t)number32(bytes, AT_PAYLOAD);
	uint64_t size = number32(bytes, AT_PAYLOAD_LENGTH);
	if (from >= length || size > length - from)
		return;
	ret->payload = (size_t)from;
	ret->payload_length = (size_t)size;
}

int bzimage_parse(const void *bytes, size_t length, const char *name, struct bzimage *ret,
		  struct err *e)
{
	struct bzimage read = {0};
	int r = check_kind(bytes, length, name, e);

	if (r == 0)
		r = check_length(bytes, length, name, e);
	if (r == 0)
		r = check_processor(bytes, name, e);
	if (r == 0)
		r = read_version(bytes, length, name, &read, e);
	if (r < 0)
		return r;
	read_payload(bytes, length, &read);
	*ret = read;
	return 0;
}
