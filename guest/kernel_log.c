/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's messages of a span of time, from /dev/kmsg. */
#include "guest/kernel_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX	  8192
#define FACILITY_OF(prio) ((prio) >> 3)

int kernel_log_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_END);
	return fd;
}

void kernel_log_add(const char *record, struct text *out)
{
	const char *text = strchr(record, ';');
	unsigned long long priority, usec;

	if (!text || sscanf(record, "%llu,%*u,%llu", &priority, &usec) != 2 ||
	    FACILITY_OF(priority) != 0)
		return;
	text++;
	(void)text_addf(out, "[%5llu.%06llu] %.*s\n", usec / 1000000, usec % 1000000,
			(int)strcspn(text, "\n"), text);
}

void kernel_log_since(int fd, struct text *out)
{
	char record[RECORD_MAX];

	if (fd < 0)
		return;
	for (;;) {
		ssize_t got = read(fd, record, sizeof record - 1);
		if (got < 0 &&
		    (errno == EPIPE ||
		     errno == EINTR)) /* EPIPE: records were lost; the next ones are there */
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		kernel_log_add(record, out);
	}
	close(fd);
}
