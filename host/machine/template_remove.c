/* SPDX-License-Identifier: Apache-2.0 */
/* Removing templates. */
#include "host/machine/template.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

void template_remove(const char *folder)
{
	CLEAN_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int listed = fd >= 0 ? dup(fd) : -1;
	DIR *dir = listed >= 0 ? fdopendir(listed) : NULL;

	if (!dir) {
		scope_close(&listed);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		(void)unlinkat(fd, entry->d_name, 0); /* "." and ".." refuse */
	(void)closedir(dir);
	(void)rmdir(folder);
}
