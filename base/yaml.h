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
 *
 * A list of mappings, which may be long, becomes an array of structs; each is read by one field more, whose offset is into
 * such a struct. YAML_KEYED does the same for a mapping whose keys are free: each key is the struct's first member.
 *
 *	struct guest { struct yaml_text name; struct yaml_number age; };
 *	DEFINE_YAML_ITEMS(guests, struct guest);
 *	static const struct yaml_field guest = {.key = "a guest", .type = YAML_MAP, .offset = YAML_NO_PLACE,
 *						.fields = guest_fields, .shorthand = "name"};
 *	…	{.key = "guests", .type = YAML_EACH, .offset = offsetof(struct party, guests), .fields = &guest,
 *		 .item_size = sizeof(struct guest), .max = 1000},
 *
 * The same table becomes JSON Schema (base/yaml_schema.h).
 */
#ifndef ASSAY_BASE_YAML_H
#define ASSAY_BASE_YAML_H

#include <stdint.h>

#include "base/quantity.h"
#include "base/yaml_tree.h"

#define YAML_FILE_MAX	  (64U << 10)
#define YAML_TEXT_MAX	  4096
#define YAML_LIST_MAX	  256
#define YAML_PROBLEMS_MAX (64U << 10)

/* What fields become. Those that the file does not have stay as they were. */
struct yaml_text {
	char *text; /* owned; one line: ends of lines are blanks, and none is at the end */
	struct yaml_place place;
	bool is_wrong; /* a problem has been told of it; there may be a text all the same */
};
struct yaml_number {
	long long
		number; /* of a YAML_WORD: the index in its words; in nanoseconds or bytes; 1: yes */
	struct yaml_place place; /* line 0: the file does not have it */
};
struct yaml_list {
	struct yaml_text items[YAML_LIST_MAX];
	size_t count;
	bool is_there; /* the file has it, if only as [] */
};
struct yaml_map {
	struct yaml_place place;
};
#define DEFINE_YAML_ITEMS(name, T)                                                                 \
	struct name {                                                                              \
		T *items; /* owned */                                                              \
		size_t count;                                                                      \
		struct yaml_place place; /* line 0: the file does not have it */                   \
	}
DEFINE_YAML_ITEMS(yaml_items, void);
DEFINE_YAML_ITEMS(yaml_texts, struct yaml_text);

enum yaml_type {
	YAML_TEXT,   /* struct yaml_text */
	YAML_NUMBER, /* struct yaml_number */
	YAML_WORD,   /* struct yaml_number */
	YAML_BOOL,   /* struct yaml_number: true or false */
	YAML_TIME, /* struct yaml_number: nanoseconds, as 90s (quantity.h); a number alone counts seconds */
	YAML_AMOUNT, /* struct yaml_number: bytes, as 8GiB; a number alone counts MiB */
	YAML_LIST,   /* struct yaml_list, of texts */
	YAML_MAP,    /* struct yaml_map; the fields below it are in the same struct */
	YAML_EACH,   /* DEFINE_YAML_ITEMS: of a list */
	YAML_KEYED, /* DEFINE_YAML_ITEMS: of a mapping with free keys; the first member is a struct yaml_text, the key */
};

/* The offset of a YAML_MAP whose place nobody keeps. */
#define YAML_NO_PLACE SIZE_MAX

struct yaml_field {
	const char *key; /* NULL ends a table */
	enum yaml_type type;
	size_t offset;
	bool is_required;
	const char *const *words; /* YAML_WORD: NULL-terminated */
	/* YAML_NUMBER, YAML_TIME and YAML_AMOUNT: of the value; YAML_EACH and YAML_KEYED: of how many there are, max at least 1 */
	long long min, max;
	const struct yaml_field
		*fields;  /* YAML_MAP; YAML_EACH and YAML_KEYED: the one that each is read by */
	size_t item_size; /* YAML_EACH, YAML_KEYED */
	const char *
		shorthand; /* YAML_MAP: a text alone stands for a mapping with this key; NULL: for none */
	/* YAML_TEXT, each of a YAML_LIST, each key of YAML_KEYED: adds what is wrong, as a clause; nothing when it is well */
	void (*check)(const char *text, struct text *why);
	const char *
		pattern; /* a regular expression (ECMA 262) that texts which pass the check match; NULL: any */
	const char *help; /* one sentence fragment for editors; NULL: none */
};

/* Fills `into`, and adds a line "path:line:column: what is wrong" for each problem. Returns how many there were. */
unsigned yaml_read(const char *path, const char *bytes, size_t length,
		   const struct yaml_field *fields, void *into, struct text *problems)
	NONNULL(1, 4, 5, 6);

/* The same from a tree; NULL is a file with nothing in it. */
unsigned yaml_read_tree(const char *path, const struct yaml_node *root,
			const struct yaml_field *fields, void *into, struct text *problems)
	NONNULL(1, 3, 4, 5);

/* True for a text that is there and of which nothing has been told. */
static inline bool yaml_text_is_well(const struct yaml_text *text)
{
	return text->text && !text->is_wrong;
}

/* Frees the texts and items. */
void yaml_free(const struct yaml_field *fields, void *into) NONNULL(1, 2);

#endif
