/* SPDX-License-Identifier: Apache-2.0 */
/* What the TPM was told of the boot, and a boot entry more for it to be told of. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest/kit/probe.h"
#include "guest/kit/tpm.h"

#define PCRS	     8 /* of firmware and loader */
#define VARIABLES    "/sys/firmware/efi/efivars"
#define GLOBAL	     "-8be4df61-93ca-11d2-aa0d-00e098032b8c" /* UEFI, "Globally Defined Variables" */
#define ORDER	     VARIABLES "/BootOrder" GLOBAL
#define ATTRIBUTES   4 /* bytes before the content */
#define VARIABLE_MAX 4096
#define SPARE_ENTRY  0x0777 /* and the next ones */

/* The banks that a TPM may have, the usual one first. */
static const struct bank {
	unsigned algorithm, size;
} banks[] = {
	{TPM_SHA256, 32},
	{TPM_SHA384, 48},
	{TPM_SHA1, 20},
};

static bool add_register(int fd, unsigned number, struct text *out)
{
	unsigned char pcr[TPM_DIGEST_MAX];

	for (size_t i = 0; i < ARRAY_LEN(banks); i++) {
		if (!tpm_read_pcr(fd, number, banks[i].algorithm, pcr, banks[i].size))
			continue;
		(void)text_addf(out, "%u ", number);
		for (size_t k = 0; k < banks[i].size; k++)
			(void)text_addf(out, "%02x", pcr[k]);
		(void)text_adds(out, "\n");
		return true;
	}
	return false;
}

PROBE(pcrs, "", "the registers of firmware and loader, a line for each, of the first bank there is")
{
	CLEAN_FD int fd = tpm_open();

	if (fd < 0)
		return errno;
	for (unsigned i = 0; i < PCRS; i++)
		if (!add_register(fd, i, p->reply))
			return EIO;
	return 0;
}

static ssize_t read_variable(const char *path, unsigned char bytes[VARIABLE_MAX])
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : read(fd, bytes, VARIABLE_MAX);
}

/* As a whole: so efivarfs wants it. */
static bool write_variable(const char *path, const unsigned char *bytes, size_t length)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd >= 0 && write(fd, bytes, length) == (ssize_t)length;
}

static const char *entry_path(char path[128], unsigned number)
{
	(void)snprintf(path, 128, VARIABLES "/Boot%04X" GLOBAL, number);
	return path;
}

static unsigned spare_number(void)
{
	char path[128];
	unsigned number = SPARE_ENTRY;

	while (access(entry_path(path, number), F_OK) == 0)
		number++;
	return number;
}

PROBE(add_boot_entry, "", "adds a copy of the firmware's first boot entry to the end of its order")
{
	unsigned char order[VARIABLE_MAX], entry[VARIABLE_MAX];
	ssize_t length = read_variable(ORDER, order), entry_length;
	unsigned spare = spare_number();
	char path[128];

	if (length < ATTRIBUTES + 2 || length > VARIABLE_MAX - 2)
		return ENOENT;
	entry_length = read_variable(
		entry_path(path, order[ATTRIBUTES] | order[ATTRIBUTES + 1] << 8), entry);
	order[length++] = spare & 0xff;
	order[length++] = (unsigned char)(spare >> 8);
	if (entry_length <= ATTRIBUTES ||
	    !write_variable(entry_path(path, spare), entry, (size_t)entry_length) ||
	    !write_variable(ORDER, order, (size_t)length))
		return errno ? errno : ENOENT;
	return text_addf(p->reply, "Boot%04X", spare) ? EMSGSIZE : 0;
}
