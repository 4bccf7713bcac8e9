/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of TPM 2.0. */
#include "guest/kit/tpm.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEVICE "/dev/tpmrm0"

int tpm_open(void)
{
	return open(DEVICE, O_RDWR | O_CLOEXEC);
}

size_t tpm_ask(int fd, const unsigned char *command, size_t length,
	       unsigned char answer[TPM_ANSWER_MAX])
{
	if (write(fd, command, length) != (ssize_t)length)
		return 0;
	ssize_t got = read(fd, answer, TPM_ANSWER_MAX);
	bool is_good = got >= 10 && memcmp(answer + 6, "\0\0\0\0", 4) == 0;
	return is_good ? (size_t)got : 0;
}

/* TPM2_PCR_Read. The registers are selected by a bit each, in three bytes. */
bool tpm_read_pcr(int fd, unsigned number, unsigned algorithm, unsigned char *ret, size_t size)
{
	unsigned char answer[TPM_ANSWER_MAX],
		id = (unsigned char)algorithm,
		command[] = {0x80, 0x01, 0, 0, 0, 20, 0, 0, 0x01, 0x7e,
			     0,	   0,	 0, 1, 0, id, 3, 0, 0,	  0};
	size_t length;

	command[17 + number / 8] = (unsigned char)(1U << number % 8);
	length = tpm_ask(fd, command, sizeof command, answer);
	/* Header, counter, the selection as it was given, number of digests, size. Without such a bank there are no digests. */
	size_t at = 10 + 4 + 10 + 4;
	if (length < at + 2 + size || answer[at + 1] != size)
		return false;
	memcpy(ret, answer + at + 2, size);
	return true;
}
