/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a guest may say in the place of its QEMU guest agent. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/cases/host_qga_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = size > 0 ? (const char *)data : "";
	struct qga_reply reply;
	struct err e = {0};

	int r = qga_reply_read(line, size, &reply, &e);
	if ((r < 0) != (e.text[0] != '\0') || (r < 0 && e.blame != BLAME_GUEST))
		abort();
	if (r == 0 && !memchr(reply.words, '\0', sizeof reply.words))
		abort();
	/* Without its delimiter nothing is one, and with it nothing is an answer. */
	bool is_delimited = memchr(line, 0xff, size) != NULL;
	if ((qga_reply_is_sync(line, size, 42) && !is_delimited) || (r == 0 && is_delimited))
		abort();
	char words[16];
	if (qga_reply_member(line, size, "version", words, sizeof words) &&
	    (r < 0 || reply.kind != QGA_OTHER || !memchr(words, '\0', sizeof words)))
		abort();
	return 0;
}
