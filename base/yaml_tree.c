/* SPDX-License-Identifier: Apache-2.0 */
/* YAML files as trees: parsing by libfyaml, merging, problems with their places. */
#include "base/yaml_tree.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

/* More than any file that is read has bytes: never the limit that is met. */
#define PAIRS_MAX (64U << 20)
/* Keys are looked for one after another. */
#define KEYS_MAX 4096

/* ---- problems ---- */

void yaml_problemv(struct text *problems, const char *path, struct yaml_place place,
		   const char *format, va_list args)
{
	(void)text_adds(problems, place.path ? place.path : path);
	if (place.line > 0)
		(void)text_addf(problems, ":%u:%u", place.line, place.column);
	(void)text_adds(problems, ": ");
	(void)text_addv(problems, format, args);
	(void)text_adds(problems, "\n");
}

void yaml_problem(struct text *problems, const char *path, struct yaml_place place,
		  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(problems, path, place, format, args);
	va_end(args);
}

/* ---- nodes ---- */

void yaml_node_free(struct yaml_node *node)
{
	if (!node)
		return;
	vec_each (&node->pairs, pair) {
		yaml_node_free(pair->key);
		yaml_node_free(pair->value);
	}
	vec_done(&node->pairs);
	free(node->text);
	free(node);
}

static struct yaml_pair *find_pair(const struct yaml_node *map, const char *key)
{
	vec_each (&map->pairs, pair)
		if (pair->key && pair->key->kind == YAML_SCALAR &&
		    strcmp(pair->key->text, key) == 0)
			return pair;
	return NULL;
}

struct yaml_node *yaml_lookup_key(const struct yaml_node *map, const char *key)
{
	struct yaml_pair *pair = find_pair(map, key);

	return pair ? pair->key : NULL;
}

struct yaml_node *yaml_lookup(const struct yaml_node *map, const char *key)
{
	struct yaml_pair *pair = find_pair(map, key);

	return pair ? pair->value : NULL;
}

struct yaml_node *yaml_take(struct yaml_node *map, const char *key)
{
	struct yaml_pair *pair = find_pair(map, key);

	if (!pair)
		return NULL;
	struct yaml_node *value = pair->value;
	yaml_node_free(pair->key);
	size_t at = (size_t)(pair - map->pairs.items);
	memmove(pair, pair + 1, (map->pairs.count - at - 1) * sizeof *pair);
	map->pairs.count--;
	return value;
}

void yaml_merge(struct yaml_node *top, struct yaml_node *low)
{
	vec_each (&low->pairs, pair) {
		bool is_word = pair->key && pair->key->kind == YAML_SCALAR;
		struct yaml_pair *over = is_word ? find_pair(top, pair->key->text) : NULL;
		if (!over) {
			if (vec_add(&top->pairs, *pair))
				*pair = (struct yaml_pair){NULL, NULL};
		} else if (over->value && over->value->kind == YAML_MAPPING && pair->value &&
			   pair->value->kind == YAML_MAPPING) {
			yaml_merge(over->value, STEAL_PTR(pair->value));
		}
	}
	yaml_node_free(low);
}

/* ---- from libfyaml ---- */

struct parser {
	const char *path;
	bool keeps_path;
	struct text *problems;
	unsigned count; /* of problems */
};

static void complain(struct parser *parser, struct yaml_place place, const char *format, ...)
	PRINTF(3, 4);
static void complain(struct parser *parser, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(parser->problems, parser->path, place, format, args);
	va_end(args);
	parser->count++;
}

static struct yaml_place place_of_scalar(const struct parser *parser, struct fy_node *node)
{
	struct fy_token *token = fy_node_get_scalar_token(node);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	struct yaml_place place = {.path = parser->keeps_path ? parser->path : NULL};

	if (mark) {
		place.line = (unsigned)mark->line + 1;
		place.column = (unsigned)mark->column + 1;
	}
	return place;
}

static void take_scalar(struct parser *parser, struct fy_node *from, struct yaml_node *into)
{
	size_t length = 0;
	const char *text = fy_node_get_scalar(from, &length);

	into->kind = fy_node_is_alias(from) ? YAML_ALIAS : YAML_SCALAR;
	into->place = place_of_scalar(parser, from);
	if (text && memchr(text, '\0', length)) {
		complain(parser, into->place, "a NUL byte has no place here");
		length = 0;
	}
	into->text = xasprintf("%.*s", (int)length, text ? text : "");
	into->is_plain = fy_node_get_style(from) == FYNS_PLAIN && !strchr(into->text, '\n');
}

static struct yaml_node *take_node(struct parser *parser, struct fy_node *from, int depth);

static void add_pair(struct yaml_node *into, struct yaml_pair pair)
{
	const struct yaml_node *first = pair.key ? pair.key : pair.value;

	if (into->pairs.count == 0 && first)
		into->place = first->place;
	(void)vec_add(&into->pairs, pair);
}

static void take_below(struct parser *parser, struct fy_node *from, struct yaml_node *into,
		       int depth)
{
	struct fy_node *item;
	struct fy_node_pair *pair;
	void *at = NULL;

	into->kind = fy_node_is_sequence(from) ? YAML_SEQUENCE : YAML_MAPPING;
	while (into->kind == YAML_SEQUENCE && (item = fy_node_sequence_iterate(from, &at)))
		add_pair(into, (struct yaml_pair){.value = take_node(parser, item, depth + 1)});
	while (into->kind == YAML_MAPPING && (pair = fy_node_mapping_iterate(from, &at)))
		add_pair(into,
			 (struct yaml_pair){
				 .key = take_node(parser, fy_node_pair_key(pair), depth + 1),
				 .value = take_node(parser, fy_node_pair_value(pair), depth + 1)});
	if (into->kind == YAML_MAPPING && into->pairs.count > KEYS_MAX)
		complain(parser, into->place, "a mapping has more than %d keys", KEYS_MAX);
}

static struct yaml_node *take_node(struct parser *parser, struct fy_node *from, int depth)
{
	if (!from)
		return NULL;
	struct yaml_node *into = xnew(sizeof *into);
	into->pairs.maximum = PAIRS_MAX;
	if (fy_node_is_scalar(from))
		take_scalar(parser, from, into);
	else if (depth < YAML_DEPTH_MAX)
		take_below(parser, from, into, depth);
	else
		complain(parser, (struct yaml_place){0}, "there are more than %d levels in it",
			 YAML_DEPTH_MAX);
	return into;
}

/* ---- what is text at all ---- */

/* The length of the UTF-8 character there, by RFC 3629; 0 when it is none. */
static size_t character_length(const unsigned char *at, size_t left)
{
	size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	unsigned least = length == 2 ? 0x80 : length == 3 ? 0x800 : length == 4 ? 0x10000 : 0;
	unsigned value = length == 1 ? at[0] : at[0] & (0x7fU >> length);

	if (length > left || (at[0] >= 0x80 && at[0] < 0xc2) || at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3fU);
	}
	return value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0
											: length;
}

static bool is_control(unsigned char byte)
{
	return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

/* Looked at first: libfyaml 0.7 never comes back from some bytes in a directive, and nobody needs those here. */
static bool check_text_of_file(struct parser *parser, const char *bytes, size_t length)
{
	struct yaml_place place = {.line = 1, .column = 1};

	for (size_t at = 0, step; at < length; at += step) {
		const unsigned char *byte = (const unsigned char *)bytes + at;
		step = character_length(byte, length - at);
		const char *what = step == 0 || is_control(*byte) ? "a byte that is no text (UTF-8)"
				   : place.column == 1 && *byte == '%' ? "a directive of YAML"
								       : NULL;
		if (what) {
			complain(parser, place, "%s has no place here", what);
			return false;
		}
		place.column = *byte == '\n' ? 1 : place.column + 1;
		place.line += *byte == '\n';
	}
	return true;
}

/* ---- the file ---- */

static void print_nothing(struct fy_diag *diag UNUSED, void *user UNUSED, const char *bytes UNUSED,
			  size_t length UNUSED)
{
}

/* Collects what libfyaml would print. */
static struct fy_diag *make_diag(void)
{
	struct fy_diag_cfg config;

	fy_diag_cfg_default(&config);
	config.fp = NULL;
	config.output_fn = print_nothing;
	struct fy_diag *diag = fy_diag_create(&config);
	if (!diag)
		abort(); /* out of memory */
	fy_diag_set_collect_errors(diag, true);
	return diag;
}

static void tell_syntax(struct parser *parser, struct fy_diag *diag)
{
	const struct fy_diag_error *error;
	void *at = NULL;
	unsigned before = parser->count;

	while ((error = fy_diag_errors_iterate(diag, &at)))
		complain(parser,
			 (struct yaml_place){.line = error->line > 0 ? (unsigned)error->line : 1,
					     .column = error->column > 0 ? (unsigned)error->column
									 : 1},
			 "this is not valid YAML: %.200s", error->msg);
	if (parser->count == before)
		complain(parser, (struct yaml_place){0}, "it is not valid YAML");
}

struct yaml_node *yaml_parse(const char *path, const char *bytes, size_t length, size_t maximum,
			     bool keeps_path, struct text *problems)
{
	struct parser parser = {.path = path, .keeps_path = keeps_path, .problems = problems};
	CLEANUP(yaml_node) struct yaml_node *root = NULL;

	if (length == 0 || length > maximum) {
		complain(&parser, (struct yaml_place){0}, "it is empty or has more than %zu bytes",
			 maximum);
		return NULL;
	}
	if (!check_text_of_file(&parser, bytes, length))
		return NULL;
	struct fy_diag *diag = make_diag();
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
	struct fy_document *document = fy_document_build_from_string(&config, bytes, length);
	if (!document)
		tell_syntax(&parser, diag);
	else if (fy_document_root(document))
		root = take_node(&parser, fy_document_root(document), 0);
	else
		complain(&parser, (struct yaml_place){0}, "there is nothing in it");
	fy_document_destroy(document);
	fy_diag_destroy(diag);
	return parser.count > 0 ? NULL : STEAL_PTR(root);
}
