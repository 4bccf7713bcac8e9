/* SPDX-License-Identifier: Apache-2.0 */
/* Reading YAML by a table, on libfyaml. */
#include "base/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"

#define FIELDS_MAX 128

struct reader {
	const char *path;
	void *into;
	struct text *problems;
	unsigned count;
};

static void *at_offset(const struct reader *reader, size_t offset)
{
	return (char *)reader->into + offset;
}

/* ---- problems ---- */

static void PRINTF(4, 0) add_problem(struct text *problems, const char *path,
				     struct yaml_place place, const char *format, va_list args)
{
	(void)text_adds(problems, path);
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
	add_problem(problems, path, place, format, args);
	va_end(args);
}

static void complain(struct reader *reader, struct yaml_place place, const char *format, ...)
	PRINTF(3, 4);
static void complain(struct reader *reader, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_problem(reader->problems, reader->path, place, format, args);
	va_end(args);
	reader->count++;
}

/* ---- nodes ---- */

/* A list or map begins where its first scalar does. */
static struct fy_token *first_token(struct fy_node *node)
{
	void *at = NULL;

	for (int depth = 0; node && depth < FIELDS_MAX; depth++, at = NULL) {
		if (fy_node_is_scalar(node))
			return fy_node_get_scalar_token(node);
		if (fy_node_is_sequence(node)) {
			node = fy_node_sequence_iterate(node, &at);
		} else {
			struct fy_node_pair *pair = fy_node_mapping_iterate(node, &at);
			node = pair ? fy_node_pair_key(pair) : NULL;
		}
	}
	return NULL;
}

static struct yaml_place place_of(struct fy_node *node)
{
	struct fy_token *token = node ? first_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	return mark ? (struct yaml_place){(unsigned)mark->line + 1, (unsigned)mark->column + 1}
		    : (struct yaml_place){0};
}

/* A copy as one line; NULL and a problem when it is none. */
static char *take_text(struct reader *reader, struct fy_node *node, const char *key)
{
	struct yaml_place place = place_of(node);
	size_t length = 0;
	const char *text = fy_node_is_scalar(node) && !fy_node_is_alias(node)
				   ? fy_node_get_scalar(node, &length)
				   : NULL;

	if (!text) {
		complain(reader, place, "`%s` is a text, not a list, a mapping or an alias", key);
		return NULL;
	}
	while (length > 0 && strchr(" \t\n", text[length - 1]))
		length--;
	if (length > YAML_TEXT_MAX) {
		complain(reader, place, "`%s` has more than %d bytes", key, YAML_TEXT_MAX);
		return NULL;
	}
	CLEAN_FREE char *copy = xnew(length + 1);
	for (size_t i = 0; i < length; i++) {
		copy[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f) {
			complain(reader, place, "`%s` has a control character in it", key);
			return NULL;
		}
	}
	return STEAL_PTR(copy);
}

/* ---- values ---- */

static void check_text(struct reader *reader, const struct yaml_field *field, const char *text,
		       struct yaml_place place)
{
	CLEAN_TEXT struct text why = TEXT_INIT(1024);

	if (text[0] == '\0')
		complain(reader, place, "`%s` is empty", field->key);
	else if (field->check)
		field->check(text, &why);
	if (why.length > 0)
		complain(reader, place, "`%s`: %s", field->key, why.buf);
}

static void read_text(struct reader *reader, const struct yaml_field *field, struct fy_node *node,
		      struct yaml_text *into)
{
	into->place = place_of(node);
	into->text = take_text(reader, node, field->key);
	if (into->text)
		check_text(reader, field, into->text, into->place);
}

static void read_number(struct reader *reader, const struct yaml_field *field, struct fy_node *node)
{
	struct yaml_number *into = at_offset(reader, field->offset);
	CLEAN_FREE char *text = take_text(reader, node, field->key);

	into->place = place_of(node);
	if (text && number_parse(text, field->min, field->max, &into->number) < 0)
		complain(reader, into->place, "`%s` is a number from %lld to %lld, not '%.60s'",
			 field->key, field->min, field->max, text);
}

/* "a, b or c" */
static void list_words(const char *const *words, const char *last, struct text *out)
{
	for (size_t i = 0; words[i]; i++)
		(void)text_addf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : last, words[i]);
}

static void read_word(struct reader *reader, const struct yaml_field *field, struct fy_node *node)
{
	struct yaml_number *into = at_offset(reader, field->offset);
	CLEAN_FREE char *text = take_text(reader, node, field->key);
	CLEAN_TEXT struct text words = TEXT_INIT(1024);

	into->place = place_of(node);
	if (!text)
		return;
	for (size_t i = 0; field->words[i]; i++) {
		if (strcmp(field->words[i], text) == 0) {
			into->number = (long long)i;
			return;
		}
	}
	list_words(field->words, " or ", &words);
	const char *near = nearest_word(text, field->words);
	if (near)
		complain(reader, into->place, "`%s` is %s, not '%.60s'; did you mean '%s'?",
			 field->key, words.buf, text, near);
	else
		complain(reader, into->place, "`%s` is %s, not '%.60s'", field->key, words.buf,
			 text);
}

static void read_list(struct reader *reader, const struct yaml_field *field, struct fy_node *node)
{
	struct yaml_list *into = at_offset(reader, field->offset);
	struct fy_node *item;
	void *at = NULL;

	if (!fy_node_is_sequence(node)) {
		complain(reader, place_of(node), "`%s` is a list: [one, two]", field->key);
		return;
	}
	into->is_there = true;
	while ((item = fy_node_sequence_iterate(node, &at))) {
		if (into->count == YAML_LIST_MAX) {
			complain(reader, place_of(item), "`%s` has more than %d entries",
				 field->key, YAML_LIST_MAX);
			return;
		}
		read_text(reader, field, item, &into->items[into->count]);
		if (into->items[into->count].text)
			into->count++;
	}
}

/* ---- mappings ---- */

static const struct yaml_field *find_field(struct reader *reader, const struct yaml_field *fields,
					   const char *key, struct yaml_place place)
{
	const char *keys[FIELDS_MAX] = {NULL};
	CLEAN_TEXT struct text all = TEXT_INIT(4096);

	for (size_t i = 0; fields[i].key && i + 1 < FIELDS_MAX; i++) {
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
		keys[i] = fields[i].key;
	}
	list_words(keys, " and ", &all);
	const char *near = nearest_word(key, keys);
	if (near)
		complain(reader, place, "there is no key `%.60s`; did you mean `%s`?", key, near);
	else
		complain(reader, place, "there is no key `%.60s`, only %s", key, all.buf);
	return NULL;
}

static void read_map(struct reader *reader, const struct yaml_field *fields, struct fy_node *map,
		     const char *name);

static void read_field(struct reader *reader, const struct yaml_field *field, struct fy_node *node)
{
	switch (field->type) {
	case YAML_TEXT:
		read_text(reader, field, node, at_offset(reader, field->offset));
		break;
	case YAML_NUMBER:
		read_number(reader, field, node);
		break;
	case YAML_WORD:
		read_word(reader, field, node);
		break;
	case YAML_LIST:
		read_list(reader, field, node);
		break;
	case YAML_MAP:
		((struct yaml_map *)at_offset(reader, field->offset))->place = place_of(node);
		read_map(reader, field->fields, node, field->key);
		break;
	}
}

static void read_map(struct reader *reader, const struct yaml_field *fields, struct fy_node *map,
		     const char *name)
{
	bool is_there[FIELDS_MAX] = {false};
	struct fy_node_pair *pair;
	void *at = NULL;

	if (!map || !fy_node_is_mapping(map)) {
		complain(reader, place_of(map), "%s is a mapping, lines \"key: value\"", name);
		return;
	}
	while ((pair = fy_node_mapping_iterate(map, &at))) {
		struct fy_node *key_node = fy_node_pair_key(pair), *node = fy_node_pair_value(pair);
		CLEAN_FREE char *key = key_node ? take_text(reader, key_node, "key") : NULL;
		const struct yaml_field *field =
			key ? find_field(reader, fields, key, place_of(key_node)) : NULL;
		if (!field)
			continue;
		is_there[field - fields] = true;
		if (node)
			read_field(reader, field, node);
		else
			complain(reader, place_of(key_node), "`%s` has no value", key);
	}
	for (size_t i = 0; fields[i].key; i++)
		if (fields[i].is_required && !is_there[i])
			complain(reader, place_of(map), "%s lacks the key `%s`", name,
				 fields[i].key);
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
static bool check_text_of_file(struct reader *reader, const char *bytes, size_t length)
{
	struct yaml_place place = {1, 1};

	for (size_t at = 0, step; at < length; at += step) {
		const unsigned char *byte = (const unsigned char *)bytes + at;
		step = character_length(byte, length - at);
		const char *what = step == 0 || is_control(*byte) ? "a byte that is no text (UTF-8)"
				   : place.column == 1 && *byte == '%' ? "a directive of YAML"
								       : NULL;
		if (what) {
			complain(reader, place, "%s has no place here", what);
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

static void tell_syntax(struct reader *reader, struct fy_diag *diag)
{
	const struct fy_diag_error *error;
	void *at = NULL;
	unsigned before = reader->count;

	while ((error = fy_diag_errors_iterate(diag, &at)))
		complain(reader,
			 (struct yaml_place){error->line > 0 ? (unsigned)error->line : 1,
					     error->column > 0 ? (unsigned)error->column : 1},
			 "this is not valid YAML: %.200s", error->msg);
	if (reader->count == before)
		complain(reader, (struct yaml_place){0}, "it is not valid YAML");
}

unsigned yaml_read(const char *path, const char *bytes, size_t length,
		   const struct yaml_field *fields, void *into, struct text *problems)
{
	struct reader reader = {.path = path, .into = into, .problems = problems};

	if (length == 0 || length > YAML_FILE_MAX) {
		complain(&reader, (struct yaml_place){0}, "it is empty or has more than %u bytes",
			 YAML_FILE_MAX);
		return reader.count;
	}
	if (!check_text_of_file(&reader, bytes, length))
		return reader.count;
	struct fy_diag *diag = make_diag();
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
	struct fy_document *document = fy_document_build_from_string(&config, bytes, length);
	if (document)
		read_map(&reader, fields, fy_document_root(document), "the file");
	else
		tell_syntax(&reader, diag);
	fy_document_destroy(document);
	fy_diag_destroy(diag);
	return reader.count;
}

void yaml_free(const struct yaml_field *fields, void *into)
{
	struct reader reader = {.into = into};

	for (; fields->key; fields++) {
		void *value = at_offset(&reader, fields->offset);
		struct yaml_list *list = value;
		if (fields->type == YAML_TEXT)
			free(STEAL_PTR(((struct yaml_text *)value)->text));
		for (size_t i = 0; fields->type == YAML_LIST && i < list->count; i++)
			free(STEAL_PTR(list->items[i].text));
		if (fields->type == YAML_MAP)
			yaml_free(fields->fields, into);
	}
}
