/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM 2.0, asked in its own words (TPM 2.0 Library, part 3), for no tool need be there.
 *
 *	int fd = tpm_open();
 *	unsigned char pcr[SHA256_BYTES];
 *	if (fd >= 0 && tpm_read_pcr(fd, 7, pcr)) …
 */
#ifndef ASSAY_KIT_TPM_H
#define ASSAY_KIT_TPM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"
#include "guest/kit/sha256.h"

#define TPM_ANSWER_MAX 256

/* Through the kernel's resource manager; -1 with errno. */
int tpm_open(void);

/* One command and its answer; the length of that, 0 when the TPM says no. */
size_t tpm_ask(int fd, const unsigned char *command, size_t length,
	       unsigned char answer[TPM_ANSWER_MAX]) NONNULL(2, 4);

/* The register of that number in the bank of SHA-256. */
bool tpm_read_pcr(int fd, unsigned number, unsigned char ret[SHA256_BYTES]) NONNULL(3);

#endif
