/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree whose every node knows its place, for what is done to files before they are read by a table
 * (base/yaml.h): one laid over another, words in them replaced.
 *
 *	struct yaml_node *low = yaml_parse("common.yaml", bytes, length, YAML_FILE_MAX, &problems);
 *	yaml_merge(top, low);           (what top lacks comes from low; low is used up)
 *	yaml_read_tree("top.yaml", top, fields, &recipe, &problems);
 *	yaml_node_free(top);
 */
#ifndef ASSAY_BASE_YAML_TREE_H
#define ASSAY_BASE_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/vec.h"

#define YAML_DEPTH_MAX 64

/* Where something stands in its file, from 1; line 0: nowhere. */
struct yaml_place {
	unsigned line, column;
	const char
		*path; /* borrowed from who had it parsed; NULL: the file that is read is known */
};

enum yaml_kind {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING,
	YAML_ALIAS, /* *word: refused by all who read a value */
};

struct yaml_node;

struct yaml_pair {
	struct yaml_node *key;	 /* NULL in a sequence */
	struct yaml_node *value; /* NULL: "key:" alone */
};
DEFINE_VEC(yaml_pairs, struct yaml_pair);

struct yaml_node {
	enum yaml_kind kind;
	bool is_broken; /* a problem has been told of it: no reader tells another, or keeps its value */
	bool is_plain; /* a scalar on one line without quotes: its characters are those of the file */
	struct yaml_place place; /* a list or mapping begins where its first scalar does */
	char *text;		 /* of a scalar, without a NUL byte; ends of lines may be in it */
	struct yaml_pairs pairs; /* of a sequence or mapping */
};

/* Parses a file of at most `maximum` bytes. NULL when something is wrong: a line for each problem has been added, with
 * `path`, which the nodes' places borrow when `keeps_path`. */
struct yaml_node *yaml_parse(const char *path, const char *bytes, size_t length, size_t maximum,
			     bool keeps_path, struct text *problems) NONNULL(1, 6);
void yaml_node_free(struct yaml_node *node);
DEFINE_CLEANUP(yaml_node);

/* The key's own node in a mapping, and its value; NULL: it has none. */
struct yaml_node *yaml_lookup_key(const struct yaml_node *map, const char *key) NONNULL(1, 2);
struct yaml_node *yaml_lookup(const struct yaml_node *map, const char *key) NONNULL(1, 2);
/* The same, taken out of the mapping: the caller frees it. */
struct yaml_node *yaml_take(struct yaml_node *map, const char *key) NONNULL(1, 2);

/* Lays the mapping `top` over the mapping `low`, into `top`: mappings are joined key by key, of all else top's stays. What
 * top lacks follows behind. Takes `low` and frees what is left of it. */
void yaml_merge(struct yaml_node *top, struct yaml_node *low) NONNULL(1, 2);

/* Adds "path:line:column: what is wrong\n". The place's own path goes before `path`. */
void yaml_problem(struct text *problems, const char *path, struct yaml_place place,
		  const char *format, ...) PRINTF(4, 5) NONNULL(1, 2, 4);
void yaml_problemv(struct text *problems, const char *path, struct yaml_place place,
		   const char *format, va_list args) PRINTF(4, 0) NONNULL(1, 2, 4);

#endif
