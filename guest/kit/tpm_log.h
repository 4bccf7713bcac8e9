/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's log of what it measured into the TPM (TCG PC Client Platform Firmware Profile), replayed: what each register
 * holds when nothing was measured beside it. Both formats are read, that of TPM 1.2 with SHA-1 alone and the one that names its
 * algorithms.
 *
 *	static struct tpm_log log;
 *	if (tpm_log_replay(bytes, length, &log) && log.banks[0].is_logged)
 *		... log.banks[0].pcrs[7] ...
 */
#ifndef ASSAY_KIT_TPM_LOG_H
#define ASSAY_KIT_TPM_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"
#include "guest/kit/tpm.h"

#define TPM_LOG_PCRS  8 /* those of firmware and loader; what comes after is logged elsewhere */
#define TPM_LOG_BANKS 3 /* SHA-1, SHA-256, SHA-384 */

struct tpm_log_bank {
	const char *name;
	unsigned algorithm, size; /* TPM_SHA1 …, bytes of a digest */
	bool is_logged;
	unsigned char pcrs[TPM_LOG_PCRS][TPM_DIGEST_MAX];
};

struct tpm_log {
	unsigned events;
	struct tpm_log_bank banks[TPM_LOG_BANKS];
};

/* False when it cannot be read to its end, or is empty. */
bool tpm_log_replay(const unsigned char *bytes, size_t length, struct tpm_log *ret) NONNULL(1, 3);

#endif
