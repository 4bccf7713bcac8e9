/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing string with a maximum. `buf` is never NULL and always terminated; `length` does not count the terminator
 * (the content may hold NUL bytes).
 *
 *	CLEAN_TEXT struct text line = TEXT_INIT(4096);
 *	text_addf(&line, "%s: %d", name, value);
 *	puts(line.buf);
 *
 * When the maximum is hit the surplus is dropped and `overflowed` stays set: whoever reads foreign bytes must look.
 */
#ifndef ASSAY_BASE_TEXT_H
#define ASSAY_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

struct text {
	char *buf;
	size_t length, room, maximum;
	bool overflowed;
};

extern char text_empty[]; /* what buf points to before the first byte */

#define TEXT_INIT(max)                                                                             \
	{                                                                                          \
		.buf = text_empty, .maximum = (max)                                                \
	}
#define CLEAN_TEXT __attribute__((cleanup(text_done)))

void text_init(struct text *text, size_t maximum) NONNULL(1);
void text_done(struct text *text) NONNULL(1);  /* releases; the text is empty and usable again */
void text_clear(struct text *text) NONNULL(1); /* empties, keeps the memory */

/* Each adds at the end. Returns 0, or -EMSGSIZE when something had to be dropped. */
int text_add(struct text *text, const char *bytes, size_t length) NONNULL(1);
int text_adds(struct text *text, const char *string) NONNULL(1, 2);
int text_addf(struct text *text, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);
int text_addv(struct text *text, const char *format, va_list args) PRINTF(2, 0) NONNULL(1, 2);

/* Shortens to `length` bytes (no-op if it is shorter). */
void text_cut(struct text *text, size_t length) NONNULL(1);

/* Gives the content as a malloc()ed string; the text is empty afterwards. */
char *text_steal(struct text *text) NONNULL(1);

/* Reads a whole file of at most the text's maximum. Returns 0 or -errno (-EMSGSIZE: larger). */
int text_read_fd(struct text *text, int fd) NONNULL(1);
int text_read_file(struct text *text, const char *path) NONNULL(1, 2);

/* Never return NULL: abort when memory is out. For small sizes that are our own, never for sizes from outside. */
void *xnew(size_t size) __attribute__((malloc, returns_nonnull)); /* zeroed */
char *xstrdup(const char *string) __attribute__((malloc, returns_nonnull)) NONNULL(1);
char *xasprintf(const char *format, ...) PRINTF(1, 2) __attribute__((returns_nonnull));

/* True when `string` starts / ends with the other. */
bool has_prefix(const char *string, const char *prefix) NONNULL(1, 2);
bool has_suffix(const char *string, const char *suffix) NONNULL(1, 2);

/*
 * Parses a whole decimal (or 0x) number within [min, max]. Returns 0, -EINVAL (not a number) or -ERANGE; writes
 * *ret only on success.
 */
int number_parse(const char *string, long long min, long long max, long long *ret) NONNULL(1, 4);

#endif
