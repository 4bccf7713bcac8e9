/* SPDX-License-Identifier: Apache-2.0 */
/* Errors by value. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int(err_set)(struct err *e, enum blame blame, int code, const char *format, ...)
{
	va_list args;

	e->code = code > 0 ? code : EIO;
	e->blame = blame;
	errno = e->code; /* for %m */
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return -e->code;
}

int(err_wrap)(struct err *e, const char *format, ...)
{
	char old[sizeof e->text];
	va_list args;

	memcpy(old, e->text, sizeof old);
	va_start(args, format);
	int length = vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof e->text - 3) {
		memcpy(e->text, old, sizeof old); /* the cause matters more than the context */
	} else {
		size_t room = sizeof e->text - (size_t)length;
		(void)snprintf(e->text + length, room, ": %.*s", (int)(room - 3), old);
	}
	return e->code > 0 ? -e->code : -EIO;
}

void err_clear(struct err *e)
{
	e->code = 0;
	e->blame = BLAME_NONE;
	e->text[0] = '\0';
}

const char *blame_name(enum blame blame)
{
	static const char *const names[] = {
		[BLAME_NONE] = "none",	 [BLAME_USER] = "user", [BLAME_HOST] = "host",
		[BLAME_GUEST] = "guest", [BLAME_BUG] = "bug",
	};
	return names[blame];
}
