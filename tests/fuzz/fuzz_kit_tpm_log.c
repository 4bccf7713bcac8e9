// SPDX-License-Identifier: Apache-2.0
// The log of what firmware measured, as a guest's firmware may write it.
#include <stdint.h>

#include "guest/kit/tpm_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tpm_log log;

	if (!tpm_log_replay(data, size, &log))
		return 0;
	if (log.events == 0)
		__builtin_trap(); /* an empty log is none */
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++)
		if (log.banks[i].size > TPM_DIGEST_MAX)
			__builtin_trap();
	return 0;
}
