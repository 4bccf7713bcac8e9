/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells of itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guest/kit/probe.h"

/* The table has some megabytes: it is read where it is, not sent. */
PROBE(kernel_symbol, "NAME", "the address of a symbol of the kernel's, by /proc/kallsyms")
{
	const char *wanted = probe_argument(p, 0);
	char address[32], name[256], line[512];
	FILE *file = fopen("/proc/kallsyms", "re");

	if (!file)
		return errno;
	bool is_found = false;
	while (!is_found && fgets(line, sizeof line, file))
		is_found = sscanf(line, "%31s %*c %255s", address, name) == 2 &&
			   strcmp(name, wanted) == 0;
	(void)fclose(file);
	if (is_found)
		(void)text_addf(p->reply, "%s\n", address);
	return is_found ? 0 : ENOENT;
}
