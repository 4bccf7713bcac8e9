/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's small control files. */
#include "guest/kit/knob.h"

int knob_write(const char *path, const char *value)
{
	CLEAN_FD
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -errno;
	return 0;
}

struct knob {
	const char *path, *before;
};

static void put_back(void *arg)
{
	const struct knob *knob = arg;

	(void)knob_write(knob->path, knob->before);
}

void knob_set(struct trial *t, const char *path, const char *value)
{
	struct knob *knob = case_alloc(t, sizeof *knob);

	*knob = (struct knob){.path = path, .before = file_line(t, path)};
	int r = knob_write(path, value);
	errno = -r;
	if (r < 0)
		case_broken(t, "write %s into %s: %m", value, path);
	if (knob->before)
		case_defer(t, put_back, knob);
}
