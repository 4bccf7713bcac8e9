/* SPDX-License-Identifier: Apache-2.0 */
/* LVM2's text format, as libdevmapper's libdm-config.c reads it and format_text/export.c writes it. */
#include "host/image/lvm_text.h"

#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 16	 /* LVM itself needs 5 */
#define NODES_MAX 200000 /* a thousand volumes have 40,000 */

struct lvm_text {
	char *memory; /* a copy, with its names and texts terminated */
	struct lvm_node *nodes;
	size_t count, room;
};

struct parser {
	struct lvm_text *text;
	char *at, *end;
	unsigned depth;
	/* What stood behind a word and was overwritten when the word was terminated; '\0': nothing was. */
	char kept;
};

/* ---- tokens ---- */

static char peek(const struct parser *parser)
{
	if (parser->kept)
		return parser->kept;
	return parser->at < parser->end ? *parser->at : '\0';
}

static void step(struct parser *parser)
{
	parser->kept = '\0';
	if (parser->at < parser->end)
		parser->at++;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Gives the next character that is neither white space nor in a comment; '\0' at the end. */
static char look(struct parser *parser)
{
	for (;;) {
		char c = peek(parser);
		if (c == '#')
			while (peek(parser) && peek(parser) != '\n')
				step(parser);
		else if (is_space(c))
			step(parser);
		else
			return c;
	}
}

static bool take(struct parser *parser, char c)
{
	if (look(parser) != c || c == '\0')
		return false;
	step(parser);
	return true;
}

/* A word ends where a mark or white space stands. It is terminated there, and what stood there is kept aside. */
static char *take_word(struct parser *parser)
{
	if (look(parser) == '\0' || strchr("#={}[],\"", look(parser)))
		return NULL;
	char *word = parser->at, *end = word;
	while (end < parser->end && *end && !is_space(*end) && !strchr("#={}[],\"", *end))
		end++;
	parser->at = end;
	parser->kept = end < parser->end ? *end : '\0';
	*end = '\0'; /* the memory is one byte longer than the text */
	return word;
}

/* "…" with \" and \\ in it; in place. */
static char *take_quoted(struct parser *parser)
{
	if (!take(parser, '"'))
		return NULL;
	char *quoted = parser->at, *out = quoted;
	for (; parser->at < parser->end && *parser->at && *parser->at != '"'; parser->at++) {
		if (*parser->at == '\\' && parser->end - parser->at > 1)
			parser->at++;
		*out++ = *parser->at;
	}
	if (parser->at >= parser->end || *parser->at != '"')
		return NULL;
	parser->at++;
	*out = '\0'; /* at the quote at the latest */
	return quoted;
}

/* ---- nodes ---- */

static struct lvm_node *add_node(struct parser *parser, const char *name)
{
	struct lvm_text *text = parser->text;

	if (text->count == text->room)
		return NULL;
	struct lvm_node *node = &text->nodes[text->count++];
	*node = (struct lvm_node){.kind = LVM_SECTION, .name = name};
	return node;
}

static bool parse_plain(struct parser *parser, struct lvm_node *node)
{
	long long number;

	if (look(parser) == '"') {
		node->kind = LVM_TEXT;
		node->text = take_quoted(parser);
		return node->text != NULL;
	}
	const char *word = take_word(parser);
	if (!word)
		return false;
	if (number_parse(word, 0, INT64_MAX, &number) == 0) {
		node->kind = LVM_NUMBER;
		node->number = (uint64_t)number;
	} else {
		node->kind = LVM_TEXT;
		node->text = word;
	}
	return true;
}

static bool parse_list(struct parser *parser, struct lvm_node *list)
{
	struct lvm_node **last = &list->child;

	list->kind = LVM_LIST;
	while (!take(parser, ']')) {
		if (list->child && !take(parser, ','))
			return false;
		if (take(parser, ']')) /* after a comma at the end */
			return true;
		struct lvm_node *item = add_node(parser, "");
		if (!item || !parse_plain(parser, item))
			return false;
		*last = item;
		last = &item->next;
	}
	return true;
}

static bool parse_section(struct parser *parser, struct lvm_node *section);

/* NAME = value, or NAME { … } */
static struct lvm_node *parse_entry(struct parser *parser)
{
	const char *name = take_word(parser);
	struct lvm_node *node = name ? add_node(parser, name) : NULL;
	bool ok = false;

	if (!node)
		return NULL;
	if (take(parser, '{')) {
		ok = ++parser->depth <= DEPTH_MAX && parse_section(parser, node) &&
		     take(parser, '}');
		parser->depth--;
	} else if (take(parser, '=')) {
		ok = take(parser, '[') ? parse_list(parser, node) : parse_plain(parser, node);
	}
	return ok ? node : NULL;
}

/* Up to the brace that closes it, or the end. */
static bool parse_section(struct parser *parser, struct lvm_node *section)
{
	struct lvm_node **last = &section->child;

	while (look(parser) && look(parser) != '}') {
		struct lvm_node *node = parse_entry(parser);
		if (!node)
			return false;
		*last = node;
		last = &node->next;
	}
	return true;
}

struct lvm_text *lvm_text_parse(const char *bytes, size_t length)
{
	CLEANUP(lvm_text) struct lvm_text *text = xnew(sizeof *text);

	/* Each node but the outermost takes two characters at least. */
	text->room = length / 2 + 1 < NODES_MAX ? length / 2 + 1 : NODES_MAX;
	text->nodes = calloc(text->room, sizeof text->nodes[0]);
	text->memory = malloc(length + 1);
	if (!text->nodes || !text->memory)
		return NULL;
	memcpy(text->memory, bytes, length);
	text->memory[length] = '\0';
	struct parser parser = {.text = text, .at = text->memory, .end = text->memory + length};
	struct lvm_node *root = add_node(&parser, "");
	if (!root || !parse_section(&parser, root) || look(&parser))
		return NULL;
	return STEAL_PTR(text);
}

void lvm_text_free(struct lvm_text *text)
{
	if (!text)
		return;
	free(text->nodes);
	free(text->memory);
	free(text);
}

/* ---- looking ---- */

const struct lvm_node *lvm_text_root(const struct lvm_text *text)
{
	return &text->nodes[0];
}

const struct lvm_node *lvm_find(const struct lvm_node *node, enum lvm_kind kind, const char *name)
{
	for (node = node ? node->child : NULL; node; node = node->next)
		if (node->kind == kind && strcmp(node->name, name) == 0)
			return node;
	return NULL;
}

const char *lvm_find_text(const struct lvm_node *node, const char *name)
{
	const struct lvm_node *found = lvm_find(node, LVM_TEXT, name);

	return found ? found->text : "";
}

bool lvm_find_number(const struct lvm_node *node, const char *name, uint64_t least, uint64_t most,
		     uint64_t *ret)
{
	const struct lvm_node *found = lvm_find(node, LVM_NUMBER, name);

	if (!found || found->number < least || found->number > most)
		return false;
	*ret = found->number;
	return true;
}

bool lvm_list_has(const struct lvm_node *node, const char *name, const char *text)
{
	const struct lvm_node *list = lvm_find(node, LVM_LIST, name);

	for (const struct lvm_node *item = list ? list->child : NULL; item; item = item->next)
		if (item->kind == LVM_TEXT && strcmp(item->text, text) == 0)
			return true;
	return false;
}
