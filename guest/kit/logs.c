/* SPDX-License-Identifier: Apache-2.0 */
/* Searching the logs. */
#include "guest/kit/logs.h"

/* Looks for the token in all files below a folder of logs; they are read from their ends. */
static bool folder_holds(struct trial *t, const char *folder, const char *token)
{
	const size_t tail = 4U << 20;
	static char *buf;

	if (!buf && !(buf = malloc(tail + 1)))
		case_broken(t, "memory is out");
	for (const char *const *name = file_names(t, folder); *name; name++) {
		struct stat st;
		const char *path = case_format(t, "%s/%s", folder, *name);
		int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		bool is_found = false;
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
			/* A journal file grows by eight MiB at once: what is new may stand anywhere in it. */
			for (off_t at = 0; at < st.st_size && !is_found;
			     at += (off_t)(tail - 256)) {
				ssize_t length = pread(fd, buf, tail, at);
				is_found = length > 0 &&
					   memmem(buf, (size_t)length, token, strlen(token));
			}
		}
		if (fd >= 0)
			close(fd);
		if (is_found)
			return true;
	}
	return false;
}

bool logs_hold(struct trial *t, const char *token)
{
	static const char *const journals[] = {"/run/log/journal", "/var/log/journal"};

	for (size_t i = 0; i < ARRAY_LEN(journals); i++) {
		for (const char *const *machine = file_names(t, journals[i]); *machine; machine++) {
			if (folder_holds(t, case_format(t, "%s/%s", journals[i], *machine), token))
				return true;
		}
	}
	return folder_holds(t, "/var/log", token);
}
