/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small YAML files that people write, read by a table. All that is wrong is told at once, each with its place and, for a
 * misspelt word, the nearest known one:
 *
 *	struct recipe { struct yaml_text title; struct yaml_number serves; struct yaml_list steps; };
 *	static const struct yaml_field fields[] = {
 *		{.key = "title", .type = YAML_TEXT, .offset = offsetof(struct recipe, title), .is_required = true},
 *		{.key = "serves", .type = YAML_NUMBER, .offset = offsetof(struct recipe, serves), .min = 1, .max = 100},
 *		{.key = "steps", .type = YAML_LIST, .offset = offsetof(struct recipe, steps)},
 *		{NULL},
 *	};
 *	struct recipe recipe = {0};
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	yaml_read("soup.yaml", bytes, length, fields, &recipe, &problems);      (problems.buf: "soup.yaml:3:1: …\n")
 *	yaml_free(fields, &recipe);
 */
#ifndef ASSAY_BASE_YAML_H
#define ASSAY_BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define YAML_FILE_MAX	  (64U << 10)
#define YAML_TEXT_MAX	  4096
#define YAML_LIST_MAX	  256
#define YAML_PROBLEMS_MAX (64U << 10)

/* Where something stands in its file, from 1; line 0: nowhere. */
struct yaml_place {
	unsigned line, column;
};

/* What fields become. Those that the file does not have stay as they were. */
struct yaml_text {
	char *text; /* owned; one line: ends of lines are blanks, and none is at the end */
	struct yaml_place place;
};
struct yaml_number {
	long long number; /* of a YAML_WORD: the index in its words */
	struct yaml_place place;
};
struct yaml_list {
	struct yaml_text items[YAML_LIST_MAX];
	size_t count;
	bool is_there; /* the file has it, if only as [] */
};
struct yaml_map {
	struct yaml_place place;
};

enum yaml_type {
	YAML_TEXT,   /* struct yaml_text */
	YAML_NUMBER, /* struct yaml_number */
	YAML_WORD,   /* struct yaml_number */
	YAML_LIST,   /* struct yaml_list, of texts */
	YAML_MAP,    /* struct yaml_map; the fields below it are in the same struct */
};

struct yaml_field {
	const char *key; /* NULL ends a table */
	enum yaml_type type;
	size_t offset;
	bool is_required;
	const char *const *words;	 /* YAML_WORD: NULL-terminated */
	long long min, max;		 /* YAML_NUMBER */
	const struct yaml_field *fields; /* YAML_MAP */
	/* YAML_TEXT, and each of a YAML_LIST: adds what is wrong, as a clause; nothing when it is well */
	void (*check)(const char *text, struct text *why);
};

/* Fills `into`, and adds a line "path:line:column: what is wrong" for each problem. Returns how many there were. */
unsigned yaml_read(const char *path, const char *bytes, size_t length,
		   const struct yaml_field *fields, void *into, struct text *problems)
	NONNULL(1, 4, 5, 6);

/* Adds such a line, for what only its reader can know. */
void yaml_problem(struct text *problems, const char *path, struct yaml_place place,
		  const char *format, ...) PRINTF(4, 5) NONNULL(1, 2, 4);

/* Frees the texts. */
void yaml_free(const struct yaml_field *fields, void *into) NONNULL(1, 2);

#endif
