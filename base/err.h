/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error: a sentence, an errno, and who is to blame. It lives on the caller's stack, owns nothing and is never
 * freed; only the top of the program prints it.
 *
 *	struct err e = {0};
 *	if (open_it(path, &e) < 0)
 *		return err_wrap(&e, "image %s", name);
 *	...
 *	return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
 *
 * A fact about the system under test is a result, not an error.
 */
#ifndef ASSAY_BASE_ERR_H
#define ASSAY_BASE_ERR_H

#include "base/scope.h"

/* Whose fault it is; it decides which outcome or exit code an error becomes. */
enum blame {
	BLAME_NONE,
	BLAME_USER,  /* what was asked for or handed over is wrong: exit 64 */
	BLAME_HOST,  /* this machine lacks or refuses something: exit 70, outcome infra */
	BLAME_GUEST, /* the subject misbehaves: outcome fail or broken, never exit 64 or 70 */
	BLAME_BUG,   /* Assay itself is wrong: outcome infra */
};

struct err {
	int code; /* a positive errno; 0 while nothing went wrong */
	enum blame blame;
	char text[496]; /* a whole sentence without the final stop */
};

/*
 * Fills *e and returns -code, so that `return err_set(...)` is the whole error path. A code of 0 becomes EIO. %m in
 * the format prints the text of `code`. Overwrites what *e held.
 */
int err_set(struct err *e, enum blame blame, int code, const char *format, ...) PRINTF(4, 5)
	NONNULL(1, 4);

/* Puts "<formatted>: " in front of the sentence in *e and returns -e->code. Keeps the blame. */
int err_wrap(struct err *e, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);

/* Both return a negative number, always. Told to compilers and analyzers, it spares their "may be uninitialised" after
 * `if (r < 0) return r`. */
static inline int err_negative(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}
#define err_set(...)  err_negative((err_set)(__VA_ARGS__))
#define err_wrap(...) err_negative((err_wrap)(__VA_ARGS__))

/* Makes *e empty again, for a caller that has dealt with it. */
void err_clear(struct err *e) NONNULL(1);

/* "user", "host", "guest", "bug", or "none". */
const char *blame_name(enum blame blame);

#endif
