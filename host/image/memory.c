/* SPDX-License-Identifier: Apache-2.0 */
/* What was found out about a content, remembered by its digest. */
#include "host/image/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "looks"
#define END    "\nend\n" /* a file that a crash has cut does not end so */

static char *memory_path(const char *cache_folder, const char *digest, const char *what)
{
	return xasprintf("%s/" FOLDER "/%s-" ASSAY_VERSION "-%s", cache_folder, digest, what);
}

bool memory_recall(const char *cache_folder, const char *digest, const char *what, struct text *ret)
{
	text_clear(ret);
	if (!cache_folder)
		return false;
	CLEAN_FREE char *path = memory_path(cache_folder, digest, what);
	bool is_whole = text_read_file(ret, path) == 0 && has_suffix(ret->buf, END);
	text_cut(ret, is_whole ? ret->length - strlen(END) : 0);
	return is_whole;
}

void memory_keep(const char *cache_folder, const char *digest, const char *what,
		 const char *content)
{
	if (!cache_folder)
		return;
	CLEAN_FREE char *path = memory_path(cache_folder, digest, what),
			*temporary = xasprintf("%s.XXXXXX", path);
	CLEAN_FREE char *folder = xasprintf("%s/" FOLDER, cache_folder);
	CLEAN_FREE char *whole = xasprintf("%s" END, content);
	(void)mkdir(cache_folder, 0777);
	(void)mkdir(folder, 0777);
	CLEAN_FD int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, whole, strlen(whole)) != (ssize_t)strlen(whole) ||
	    rename(temporary, path) < 0)
		(void)unlink(temporary);
}
