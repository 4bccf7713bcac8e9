/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/kernel_release.h"

#include <ctype.h>
#include <string.h>

/* So many numbers with points between them; behind the last one stands none. */
static size_t numbers_length(const char *release, unsigned most)
{
	size_t length = 0;

	for (unsigned count = 0; count < most; count++) {
		size_t at = length + (count > 0 && release[length] == '.');
		size_t digits = strspn(release + at, "0123456789");
		if (digits == 0)
			break;
		length = at + digits;
		if (release[length] != '.')
			break;
	}
	return length;
}

static void take(const char *release, size_t length, char ret[KERNEL_VERSION_SIZE])
{
	if (length >= KERNEL_VERSION_SIZE)
		length = 0;
	memcpy(ret, release, length);
	ret[length] = '\0';
}

void kernel_release_version(const char *release, char ret[KERNEL_VERSION_SIZE])
{
	take(release, numbers_length(release, KERNEL_VERSION_SIZE), ret);
}

void kernel_release_series(const char *release, char ret[KERNEL_VERSION_SIZE])
{
	take(release, numbers_length(release, 2), ret);
}

/* "rc3", "rc" */
static int is_candidate(const char *part)
{
	return strncmp(part, "rc", 2) == 0 &&
	       strchr("-", part[2 + strspn(part + 2, "0123456789")]) != NULL;
}

const char *kernel_release_flavour(const char *release)
{
	const char *part = strchr(release, '-');

	while (part && (!isalpha((unsigned char)part[1]) || is_candidate(part + 1)))
		part = strchr(part + 1, '-');
	return part ? part + 1 : release + strlen(release);
}
