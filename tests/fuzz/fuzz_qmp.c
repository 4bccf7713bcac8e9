/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever QEMU may say, in whatever pieces. The first byte is the size of the pieces. */
#include <stdint.h>
#include <sys/socket.h>

#include "host/driver/qemu/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vm_events events = {0};
	struct err e = {0};
	int ends[2];

	if (size < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return 0;
	struct qmp *qmp = qmp_new(ends[0], &events);
	size_t piece = (size_t)data[0] + 1;
	for (size_t at = 1; at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;
		if (qmp_feed(qmp, (const char *)data + at, length, &e) < 0)
			break;
	}
	qmp_free(qmp);
	close(ends[1]);
	vm_events_done(&events);
	return 0;
}
