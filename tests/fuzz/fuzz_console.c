/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a guest may write to its serial console, in whatever pieces. The first byte is the size of the pieces. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/link/console.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/assay-fuzz-console.XXXXXX";
	CLEAN_FD int fd = mkstemp(path);
	CLEAN_TEXT struct text said = TEXT_INIT(65536), tail = TEXT_INIT(CONSOLE_TAIL_MAX);
	struct console *console = NULL;
	struct err e = {0};

	if (fd < 0 || size < 2 || console_new(path, patterns_shipped(&e), &console, &e) < 0) {
		(void)unlink(path);
		return 0;
	}
	(void)unlink(path);
	size_t piece = (size_t)data[0] + 1;
	for (size_t at = 1; at < size; at += piece) {
		uint64_t mark = console_mark(console);
		console_feed(console, (const char *)data + at,
			     size - at < piece ? size - at : piece);
		console_scan_prompt(console);
		(void)console_fault_since(console, mark);
		(void)console_has_since(console, mark, "login: ");
	}
	if (console_since(console, 0, &said, &e) == 0 && memchr(said.buf, 0x1b, said.length))
		abort(); /* no control sequence may get through */
	console_tail(console, &tail);
	console_free(console);
	return 0;
}
