/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the data that ships with the product. */
#include "base/shipped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int shipped_find(const char *name, char ret[SHIPPED_PATH_MAX], struct err *e)
{
	/* Relative to the program's folder: of an installed one, of a build folder and of a test in it. */
	static const char *const places[] = {"../share/assay/runbooks", "../runbooks",
					     "../../runbooks", "../../../runbooks"};
	const char *told = getenv("ASSAY_DATA");
	char program[SHIPPED_PATH_MAX / 2];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	if (told && snprintf(ret, SHIPPED_PATH_MAX, "%s/%s", told, name) < SHIPPED_PATH_MAX &&
	    access(ret, R_OK) == 0)
		return 0;
	if (length <= 0)
		return err_set(e, BLAME_HOST, errno, "read the link /proc/self/exe: %m");
	program[length] = '\0';
	char *slash = strrchr(program, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (snprintf(ret, SHIPPED_PATH_MAX, "%s/%s/%s", program, places[i], name) <
			    SHIPPED_PATH_MAX &&
		    access(ret, R_OK) == 0)
			return 0;
	return err_set(
		e, BLAME_HOST, ENOENT,
		"runbooks/%s of Assay is not found: install Assay, or set ASSAY_DATA to the folder "
		"runbooks itself%s%s%s",
		name, told ? " (it is \"" : "", told ? told : "", told ? "\")" : "");
}
