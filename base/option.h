/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines from a table: parsing, --help and the man page's option list come from the same lines.
 *
 *	static const struct option_line options[] = {
 *		OPTION_FLAG("json", 0, struct arguments, json, "print machine-readable lines"),
 *		OPTION_NUMBER("jobs", 'j', struct arguments, jobs, "N", 1, 1024, "run N machines at once"),
 *		OPTION_TEXT("out", 'o', struct arguments, out, "DIR", "keep the run in DIR"),
 *		OPTION_LIST("case", 0, struct arguments, cases, "PATTERN", "only cases that match (repeatable)"),
 *		OPTION_CHOICE("accel", 0, struct arguments, accel, "ACCEL", accel_names, "auto, kvm or tcg"),
 *	};
 *	r = options_parse(options, ARRAY_LEN(options), &argc, argv, &arguments, e);
 *
 * Both --name VALUE and --name=VALUE are understood, `--` ends the options, and a misspelt option's error names the
 * nearest one. Flags also have a --no- form.
 */
#ifndef ASSAY_BASE_OPTION_H
#define ASSAY_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"

enum option_type {
	OPTION_TYPE_FLAG,   /* bool */
	OPTION_TYPE_NUMBER, /* long long */
	OPTION_TYPE_TEXT,   /* const char *, borrowed from argv */
	OPTION_TYPE_MAYBE,  /* the same, by --name=VALUE alone; "" when the name stands alone */
	OPTION_TYPE_LIST,   /* struct text_list */
	OPTION_TYPE_CHOICE, /* int: the index in `choices` */
};

DEFINE_VEC(text_list, const char *);

struct option_line {
	const char *name; /* long name, without dashes */
	char letter;	  /* short name, or 0 */
	enum option_type type;
	size_t offset;		    /* into the arguments struct */
	const char *value;	    /* what --help calls the value, NULL for flags */
	const char *const *choices; /* NULL-terminated names, for OPTION_TYPE_CHOICE */
	long long min, max;
	const char *help; /* one sentence fragment, lower case */
};

#define OPTION_FLAG(n, l, S, field, h)                                                             \
	{                                                                                          \
		.name = (n), .letter = (l), .type = OPTION_TYPE_FLAG,                              \
		.offset = offsetof(S, field), .help = (h)                                          \
	}
#define OPTION_NUMBER(n, l, S, field, v, lo, hi, h)                                                \
	{                                                                                          \
		.name = (n), .letter = (l), .type = OPTION_TYPE_NUMBER,                            \
		.offset = offsetof(S, field), .value = (v), .min = (lo), .max = (hi), .help = (h)  \
	}
#define OPTION_TEXT(n, l, S, field, v, h)                                                          \
	{                                                                                          \
		.name = (n), .letter = (l), .type = OPTION_TYPE_TEXT,                              \
		.offset = offsetof(S, field), .value = (v), .help = (h)                            \
	}
#define OPTION_MAYBE(n, l, S, field, v, h)                                                         \
	{                                                                                          \
		.name = (n), .letter = (l), .type = OPTION_TYPE_MAYBE,                             \
		.offset = offsetof(S, field), .value = (v), .help = (h)                            \
	}
#define OPTION_LIST(n, l, S, field, v, h)                                                          \
	{                                                                                          \
		.name = (n), .letter = (l), .type = OPTION_TYPE_LIST,                              \
		.offset = offsetof(S, field), .value = (v), .help = (h)                            \
	}
#define OPTION_CHOICE(n, l, S, field, v, names, h)                                                 \
	{                                                                                          \
		.name = (n), .letter = (l), .type = OPTION_TYPE_CHOICE,                            \
		.offset = offsetof(S, field), .value = (v), .choices = (names), .help = (h)        \
	}

/*
 * Parses argv[1..]; fills `into`; on return argv[0..*argc-1] holds the operands (argv[0] untouched). Errors are
 * -EINVAL with blame user and name the argument, what is wrong, and the nearest option where one is near.
 */
int options_parse(const struct option_line *lines, size_t count, int *argc, char **argv, void *into,
		  struct err *e) NONNULL(3, 4, 5, 6);

/* Adds the option list for --help: aligned, wrapped at 80 columns, sorted as the table is. */
void options_help(const struct option_line *lines, size_t count, struct text *out) NONNULL(3);

/* Adds the option list as mdoc(7) source, for the man page. */
void options_mdoc(const struct option_line *lines, size_t count, struct text *out) NONNULL(3);

/* The word among `words` (NULL-terminated) nearest to `word`, or NULL when none is near (Damerau-Levenshtein distance
 * at most a third of its length, at least 1). */
const char *nearest_word(const char *word, const char *const *words) NONNULL(1, 2);

#endif
