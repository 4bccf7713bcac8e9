/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that firmware and boot loaders start: are they signed, and what becomes of one that was changed? */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/kit/probe.h"

/* Documentation/arch/x86/boot.rst: where the setup header says where the version's text is, less a sector. */
#define VERSION_POINTER 0x20e
#define SECTOR		512

/* PE/COFF: where the PE header is, and in it the size of the certificate table of a 64-bit program. */
#define PE_POINTER	 0x3c
#define CERTIFICATE_SIZE (24 + 112 + 4 * 8 + 4)

static bool read_number(int fd, off_t at, size_t size, uint32_t *ret)
{
	unsigned char bytes[4] = {0};

	if (pread(fd, bytes, size, at) != (ssize_t)size)
		return false;
	*ret = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
	return true;
}

PROBE(tamper_kernel, "FILE",
      "changes a byte of an x86 kernel's version text: it is signed, and of no use to the boot")
{
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDWR | O_CLOEXEC);
	uint32_t version;
	char byte;

	if (fd < 0)
		return errno;
	if (!read_number(fd, VERSION_POINTER, 2, &version) || version == 0)
		return EINVAL;
	if (pread(fd, &byte, 1, (off_t)version + SECTOR) != 1)
		return EINVAL;
	byte ^= 1;
	return pwrite(fd, &byte, 1, (off_t)version + SECTOR) != 1 || fsync(fd) < 0 ? errno : 0;
}

PROBE(is_signed, "FILE", "0 when the program for UEFI there has a certificate table")
{
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDONLY | O_CLOEXEC);
	uint32_t header, size;

	if (fd < 0)
		return errno;
	if (!read_number(fd, PE_POINTER, 4, &header) ||
	    !read_number(fd, (off_t)header + CERTIFICATE_SIZE, 4, &size))
		return EINVAL;
	return size > 0 ? 0 : ENODATA;
}

/* An ELF header and nothing that it is of: there is no harm in it where it is not refused. */
PROBE(load_unsigned, "",
      "hands the kernel a module without signature; its errno, 0 when it was loaded")
{
	static const unsigned char module[4096] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	long r = syscall(SYS_init_module, module, sizeof module, "");

	(void)p;
	return r == 0 ? 0 : errno;
}
