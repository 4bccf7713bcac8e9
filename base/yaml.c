/* SPDX-License-Identifier: Apache-2.0 */
/* Reading YAML by a table. */
#include "base/yaml.h"

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

static void complain(struct reader *reader, struct yaml_place place, const char *format, ...)
	PRINTF(3, 4);
static void complain(struct reader *reader, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(reader->problems, reader->path, place, format, args);
	va_end(args);
	reader->count++;
}

/* An empty list or mapping has no place of its own: then it is where the one around it is, or its key. */
static struct yaml_place place_of(const struct yaml_node *node, struct yaml_place around)
{
	return node && node->place.line > 0 ? node->place : around;
}

/* A copy as one line; NULL and a problem when it is none. */
static char *take_text(struct reader *reader, const struct yaml_node *node, struct yaml_place place,
		       const char *key)
{
	if (!node || node->kind != YAML_SCALAR) {
		complain(reader, place, "`%s` is a text, not a list, a mapping or an alias", key);
		return NULL;
	}
	size_t length = strlen(node->text);
	while (length > 0 && strchr(" \t\n", node->text[length - 1]))
		length--;
	if (length > YAML_TEXT_MAX) {
		complain(reader, place, "`%s` has more than %d bytes", key, YAML_TEXT_MAX);
		return NULL;
	}
	CLEAN_FREE char *copy = xnew(length + 1);
	for (size_t i = 0; i < length; i++) {
		copy[i] = node->text[i] == '\n' || node->text[i] == '\t' ? ' ' : node->text[i];
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f) {
			complain(reader, place, "`%s` has a control character in it", key);
			return NULL;
		}
	}
	return STEAL_PTR(copy);
}

/* ---- values ---- */

/* False: it has told why. */
static bool check_text(struct reader *reader, const struct yaml_field *field, const char *text,
		       struct yaml_place place)
{
	unsigned before = reader->count;

	CLEAN_TEXT struct text why = TEXT_INIT(1024);

	if (text[0] == '\0')
		complain(reader, place, "`%s` is empty", field->key);
	else if (field->check)
		field->check(text, &why);
	if (why.length > 0)
		complain(reader, place, "`%s`: %s", field->key, why.buf);
	return reader->count == before;
}

static void read_text(struct reader *reader, const struct yaml_field *field,
		      const struct yaml_node *node, struct yaml_place place, struct yaml_text *into)
{
	into->place = place;
	into->text = take_text(reader, node, place, field->key);
	into->is_wrong = !into->text || !check_text(reader, field, into->text, place);
}

static void read_number(struct reader *reader, const struct yaml_field *field, const char *text,
			struct yaml_number *into)
{
	if (number_parse(text, field->min, field->max, &into->number) < 0)
		complain(reader, into->place, "`%s` is a number from %lld to %lld, not '%.60s'",
			 field->key, field->min, field->max, text);
}

/* A number alone counts MiB or seconds. */
static uint64_t take_amount(const struct quantity *quantity, enum quantity_kind kind)
{
	uint64_t unit = kind == QUANTITY_BYTES ? 1ULL << 20 : 1000000000ULL;

	if (quantity->kind == kind)
		return quantity->amount;
	return quantity->amount > INT64_MAX / unit ? INT64_MAX : quantity->amount * unit;
}

static void read_quantity(struct reader *reader, const struct yaml_field *field,
			  enum quantity_kind kind, const char *text, struct yaml_number *into)
{
	CLEAN_TEXT struct text range = TEXT_INIT(100);
	struct quantity quantity;

	if (quantity_parse(text, &quantity) < 0 ||
	    (quantity.kind != kind && quantity.kind != QUANTITY_PLAIN)) {
		complain(reader, into->place, "`%s` is %s, not '%.60s'", field->key,
			 kind == QUANTITY_TIME ? "a time such as 90s, 5m or 2h"
					       : "an amount of memory such as 512MiB or 8GiB",
			 text);
		return;
	}
	uint64_t amount = take_amount(&quantity, kind);
	if (amount >= (uint64_t)field->min && amount <= (uint64_t)field->max) {
		into->number = (long long)amount;
		return;
	}
	quantity_add(&range, kind, (uint64_t)field->min);
	(void)text_adds(&range, " to ");
	quantity_add(&range, kind, (uint64_t)field->max);
	complain(reader, into->place, "`%s` is from %s, not '%.60s'", field->key, range.buf, text);
}

/* "a, b or c" */
static void list_words(const char *const *words, const char *last, struct text *out)
{
	for (size_t i = 0; words[i]; i++)
		(void)text_addf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : last, words[i]);
}

static void read_word(struct reader *reader, const struct yaml_field *field,
		      const char *const *known, const char *text, struct yaml_number *into)
{
	CLEAN_TEXT struct text words = TEXT_INIT(1024);

	for (size_t i = 0; known[i]; i++) {
		if (strcmp(known[i], text) == 0) {
			into->number = (long long)i;
			return;
		}
	}
	list_words(known, " or ", &words);
	const char *near = nearest_word(text, known);
	if (near)
		complain(reader, into->place, "`%s` is %s, not '%.60s'; did you mean '%s'?",
			 field->key, words.buf, text, near);
	else
		complain(reader, into->place, "`%s` is %s, not '%.60s'", field->key, words.buf,
			 text);
}

/* All that becomes a number. */
static void read_scalar(struct reader *reader, const struct yaml_field *field,
			const struct yaml_node *node, struct yaml_place place)
{
	static const char *const truths[] = {"false", "true", NULL};
	struct yaml_number *into = at_offset(reader, field->offset);
	CLEAN_FREE char *text = take_text(reader, node, place, field->key);

	into->place = place;
	if (!text)
		return;
	if (field->type == YAML_WORD)
		read_word(reader, field, field->words, text, into);
	else if (field->type == YAML_BOOL)
		read_word(reader, field, truths, text, into);
	else if (field->type == YAML_TIME)
		read_quantity(reader, field, QUANTITY_TIME, text, into);
	else if (field->type == YAML_AMOUNT)
		read_quantity(reader, field, QUANTITY_BYTES, text, into);
	else
		read_number(reader, field, text, into);
}

static void read_list(struct reader *reader, const struct yaml_field *field,
		      const struct yaml_node *node, struct yaml_place place)
{
	struct yaml_list *into = at_offset(reader, field->offset);

	if (node->kind != YAML_SEQUENCE) {
		complain(reader, place, "`%s` is a list: [one, two]", field->key);
		return;
	}
	into->is_there = true;
	vec_each (&node->pairs, item) {
		struct yaml_place at = place_of(item->value, place);
		if (item->value && item->value->is_broken)
			continue;
		if (into->count == YAML_LIST_MAX) {
			complain(reader, at, "`%s` has more than %d entries", field->key,
				 YAML_LIST_MAX);
			return;
		}
		read_text(reader, field, item->value, at, &into->items[into->count]);
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

static void read_value(struct reader *reader, const struct yaml_field *field,
		       const struct yaml_node *node, struct yaml_place around);

static void read_map(struct reader *reader, const struct yaml_field *fields,
		     const struct yaml_node *map, struct yaml_place place, const char *name)
{
	bool is_there[FIELDS_MAX] = {false};

	if (!map || map->kind != YAML_MAPPING) {
		complain(reader, place, "%s is a mapping, lines \"key: value\"", name);
		return;
	}
	vec_each (&map->pairs, pair) {
		struct yaml_place at = place_of(pair->key, place);
		CLEAN_FREE char *key = take_text(reader, pair->key, at, "key");
		const struct yaml_field *field = key ? find_field(reader, fields, key, at) : NULL;
		if (!field)
			continue;
		is_there[field - fields] = true;
		if (pair->value)
			read_value(reader, field, pair->value, at);
		else
			complain(reader, at, "`%s` has no value", key);
	}
	for (size_t i = 0; fields[i].key; i++)
		if (fields[i].is_required && !is_there[i])
			complain(reader, place, "%s lacks the key `%s`", name, fields[i].key);
}

/* A text alone stands for a mapping with one key. */
static void read_shorthand(struct reader *reader, const struct yaml_field *field,
			   const struct yaml_node *node, struct yaml_place place)
{
	for (const struct yaml_field *below = field->fields; below->key; below++)
		if (strcmp(below->key, field->shorthand) == 0)
			read_value(reader, below, node, place);
}

static void read_mapping(struct reader *reader, const struct yaml_field *field,
			 const struct yaml_node *node, struct yaml_place place)
{
	if (field->offset != YAML_NO_PLACE)
		((struct yaml_map *)at_offset(reader, field->offset))->place = place;
	if (field->shorthand && node->kind == YAML_SCALAR)
		read_shorthand(reader, field, node, place);
	else
		read_map(reader, field->fields, node, place, field->key);
}

/* ---- many of one kind ---- */

/* The items' pointer has a type of its own, which is not `void *`. */
static void *items_of(const struct yaml_items *list)
{
	void *items;

	memcpy(&items, &list->items, sizeof items);
	return items;
}

static void *make_items(struct yaml_items *list, size_t count, size_t size)
{
	void *items = xnew(count > 0 ? count * size : 1);

	memcpy(&list->items, &items, sizeof items);
	return items;
}

static void read_items(struct reader *reader, const struct yaml_field *field,
		       const struct yaml_node *node, struct yaml_place place)
{
	struct yaml_items *into = at_offset(reader, field->offset);
	bool keyed = field->type == YAML_KEYED;
	size_t count = node->pairs.count;

	if (node->kind != (keyed ? YAML_MAPPING : YAML_SEQUENCE)) {
		complain(reader, place,
			 keyed ? "`%s` is a mapping, lines \"key: value\""
			       : "`%s` is a list: [one, two]",
			 field->key);
		return;
	}
	into->place = place;
	if ((long long)count < field->min || (long long)count > field->max) {
		complain(reader, place, "`%s` has %zu entries, but %lld to %lld are possible",
			 field->key, count, field->min, field->max);
		return;
	}
	char *items = make_items(into, count, field->item_size);
	vec_each (&node->pairs, pair) {
		struct yaml_place at = place_of(keyed ? pair->key : pair->value, place);
		struct reader one = *reader;
		one.into = items + into->count++ * field->item_size;
		if (keyed)
			read_text(&one, field, pair->key, at, one.into);
		if (pair->value)
			read_value(&one, field->fields, pair->value, at);
		else
			complain(&one, at, "`%s` has an entry without a value", field->key);
		reader->count = one.count;
	}
}

static void read_value(struct reader *reader, const struct yaml_field *field,
		       const struct yaml_node *node, struct yaml_place around)
{
	struct yaml_place place = place_of(node, around);

	if (node->is_broken)
		return;
	switch (field->type) {
	case YAML_TEXT:
		read_text(reader, field, node, place, at_offset(reader, field->offset));
		break;
	case YAML_NUMBER:
	case YAML_WORD:
	case YAML_BOOL:
	case YAML_TIME:
	case YAML_AMOUNT:
		read_scalar(reader, field, node, place);
		break;
	case YAML_LIST:
		read_list(reader, field, node, place);
		break;
	case YAML_MAP:
		read_mapping(reader, field, node, place);
		break;
	case YAML_EACH:
	case YAML_KEYED:
		read_items(reader, field, node, place);
		break;
	}
}

/* ---- the file ---- */

unsigned yaml_read_tree(const char *path, const struct yaml_node *root,
			const struct yaml_field *fields, void *into, struct text *problems)
{
	struct reader reader = {.path = path, .into = into, .problems = problems};

	read_map(&reader, fields, root, place_of(root, (struct yaml_place){0}), "the file");
	return reader.count;
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

unsigned yaml_read(const char *path, const char *bytes, size_t length,
		   const struct yaml_field *fields, void *into, struct text *problems)
{
	size_t before = problems->length;
	CLEANUP(yaml_node)
	struct yaml_node *root = yaml_parse(path, bytes, length, YAML_FILE_MAX, false, problems);

	if (!root) {
		unsigned count = count_lines(problems->buf + before);
		return count > 0 ? count : 1; /* there was no room to tell */
	}
	return yaml_read_tree(path, root, fields, into, problems);
}

static void free_items(const struct yaml_field *field, struct yaml_items *list);

static void free_value(const struct yaml_field *field, void *into)
{
	void *value = (char *)into + (field->type == YAML_MAP ? 0 : field->offset);
	struct yaml_list *list = value;

	switch (field->type) {
	case YAML_TEXT:
		free(STEAL_PTR(((struct yaml_text *)value)->text));
		break;
	case YAML_LIST:
		for (size_t i = 0; i < list->count; i++)
			free(STEAL_PTR(list->items[i].text));
		break;
	case YAML_MAP:
		yaml_free(field->fields, into);
		break;
	case YAML_EACH:
	case YAML_KEYED:
		free_items(field, value);
		break;
	case YAML_NUMBER:
	case YAML_WORD:
	case YAML_BOOL:
	case YAML_TIME:
	case YAML_AMOUNT:
		break;
	}
}

static void free_items(const struct yaml_field *field, struct yaml_items *list)
{
	CLEAN_FREE char *items = items_of(list);

	for (size_t i = 0; i < list->count; i++) {
		void *item = items + i * field->item_size;
		if (field->type == YAML_KEYED)
			free(((struct yaml_text *)item)->text);
		free_value(field->fields, item);
	}
	memset(list, 0, sizeof *list);
}

void yaml_free(const struct yaml_field *fields, void *into)
{
	for (; fields->key; fields++)
		free_value(fields, into);
}
