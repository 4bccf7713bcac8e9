/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets of a watcher: what is read comes back when it is written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/watch/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text text = TEXT_INIT(TICKET_MAX);
	struct ticket ticket, again;
	struct err e = {0};

	if (size > TICKET_MAX || ticket_decode((const char *)data, size, &ticket, &e) < 0)
		return 0;
	ticket_encode(&ticket, &text);
	if (ticket_decode(text.buf, text.length, &again, &e) < 0 ||
	    strcmp(ticket.as, again.as) != 0 || strchr(again.as, '/'))
		abort();
	return 0;
}
