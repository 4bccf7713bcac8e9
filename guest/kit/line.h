/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines, words and colon-separated fields of a text, without allocation: for parsers of foreign files.
 *
 *	struct fields user;
 *	for (const char *at = passwd; fields_next(&at, &user);)
 *		if (user.count == 7 && fields_number(&user, 2) == 0) ...
 */
#ifndef ASSAY_KIT_LINE_H
#define ASSAY_KIT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

#define LINE_SIZE  8192
#define FIELDS_MAX 12
#define WORDS_MAX  64

/* Copies the next line without its end (nor a carriage return) and steps over it; false at the end of the text. A line
 * that does not fit is cut, and the rest of it skipped; `ret_cut` (may be NULL) says so. */
bool line_next(const char **at, char *buf, size_t size, bool *ret_cut) NONNULL(1, 2);

/* Takes white space off both ends, in place; returns the new beginning. */
char *line_trim(char *line) __attribute__((returns_nonnull)) NONNULL(1);

/* One line "a:b:c" of passwd, shadow, group and the like. */
struct fields {
	char line[LINE_SIZE]; /* the fields point into it */
	const char *at[FIELDS_MAX];
	unsigned count; /* of all fields; only the first FIELDS_MAX are in `at` */
	bool is_cut;	/* the line was longer than LINE_SIZE */
};

/* The next line that is neither empty nor a comment; false at the end. */
bool fields_next(const char **at, struct fields *ret) NONNULL(1, 2);
/* Field `index` as an unsigned 32-bit number; -1 when it is not there or is none. */
long long fields_number(const struct fields *fields, unsigned index) NONNULL(1);

/* One line split at white space; quotes '…' and "…" keep it together and are taken off, a backslash keeps the next
 * character as it is. */
struct words {
	char line[LINE_SIZE]; /* the words point into it */
	const char *at[WORDS_MAX];
	unsigned count; /* at most WORDS_MAX: the rest is dropped */
};
void words_split(const char *line, struct words *ret) NONNULL(1, 2);

/* True when `word` stands in `list` between separators (comma, colon, space or tab, as given). */
bool list_has(const char *list, const char *word, const char *separators) NONNULL(1, 2, 3);

#endif
