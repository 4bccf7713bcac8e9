/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM 2.0, asked in its own words (TPM 2.0 Library, part 3), for no tool need be there.
 *
 *	int fd = tpm_open();
 *	unsigned char pcr[SHA256_BYTES];
 *	if (fd >= 0 && tpm_read_pcr(fd, 7, TPM_SHA256, pcr, sizeof pcr)) …
 */
#ifndef ASSAY_KIT_TPM_H
#define ASSAY_KIT_TPM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

#define TPM_ANSWER_MAX 256
#define TPM_DIGEST_MAX 48 /* of the algorithms below */

/* TPM_ALG_ID of the banks that are looked at. */
#define TPM_SHA1   0x0004
#define TPM_SHA256 0x000b
#define TPM_SHA384 0x000c

/* Through the kernel's resource manager; -1 with errno. */
int tpm_open(void);

/* One command and its answer; the length of that, 0 when the TPM says no. */
size_t tpm_ask(int fd, const unsigned char *command, size_t length,
	       unsigned char answer[TPM_ANSWER_MAX]) NONNULL(2, 4);

/* The register of that number in an algorithm's bank, whose digests have `size` bytes; false when the TPM has no such bank. */
bool tpm_read_pcr(int fd, unsigned number, unsigned algorithm, unsigned char *ret, size_t size)
	NONNULL(4);

#endif
