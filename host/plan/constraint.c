/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints, parsed: nodes and their places. */
#include "host/plan/constraint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/option.h"
#include "base/text.h"
#include "host/plan/constraint_node.h"

/* ---- tokens ---- */

enum token_type { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_SIGN };

struct token {
	enum token_type type;
	const char *text; /* within the constraint, without quotes */
	size_t length;
	unsigned column;
};

struct parser {
	const char *begin, *at;
	struct token token; /* the next one */
	unsigned depth;
	struct err *e;
	unsigned column; /* of the error */
};

/* Longest first where one begins like another. */
static const char *const signs[] = {"->", "==", "!=", "<=", ">=", "<", ">", "(", ")", ","};

/* What people write who come from other languages. */
static const struct foreign_sign {
	const char *sign, *ours;
} foreign_signs[] = {{"&&", "and"}, {"||", "or"}, {"=>", "->"}, {"<>", "!="},
		     {"&", "and"},  {"|", "or"},  {"!", "not"}, {"=", "=="}};

static const char *const keywords[] = {"and", "if", "implies", "in", "known",
				       "not", "or", "then",    NULL};

bool constraint_reserves(const char *word)
{
	for (const char *const *keyword = keywords; *keyword; keyword++)
		if (strcmp(*keyword, word) == 0)
			return true;
	return false;
}

/* Columns count characters: bytes that continue one do not. */
static unsigned column_of(const struct parser *parser, const char *at)
{
	unsigned column = 1;

	for (const char *c = parser->begin; c < at; c++)
		column += ((unsigned char)*c & 0xc0) != 0x80;
	return column;
}

static int PRINTF(3, 4) refuse(struct parser *parser, unsigned column, const char *format, ...)
{
	CLEAN_TEXT struct text sentence = TEXT_INIT(400);
	va_list args;

	va_start(args, format);
	(void)text_addv(&sentence, format, args);
	va_end(args);
	parser->column = column;
	return err_set(parser->e, BLAME_USER, EINVAL, "%s", sentence.buf);
}

static bool is_word_at(const char *at)
{
	return isalnum((unsigned char)*at) || *at == '_' || *at == '.' ||
	       (*at == '-' && at[1] != '>');
}

static int refuse_sign(struct parser *parser)
{
	const char *at = parser->at;
	unsigned column = column_of(parser, at);

	for (size_t i = 0; i < ARRAY_LEN(foreign_signs); i++)
		if (has_prefix(at, foreign_signs[i].sign))
			return refuse(parser, column, "'%s' is no operator: write '%s'",
				      foreign_signs[i].sign, foreign_signs[i].ours);
	if (isprint((unsigned char)*at))
		return refuse(parser, column,
			      "'%c' has no meaning here: put values with other characters than "
			      "letters, digits, '-', '_' and '.' into quotes",
			      *at);
	return refuse(parser, column,
		      "a character that has no meaning here: put values with other characters than "
		      "letters, digits, '-', '_' and '.' into quotes");
}

static int take_quoted(struct parser *parser)
{
	const char *end = strchr(parser->at + 1, *parser->at);

	if (!end)
		return refuse(parser, parser->token.column,
			      "the quotation that begins here does not end");
	parser->token.type = TOKEN_QUOTED;
	parser->token.text = parser->at + 1;
	parser->token.length = (size_t)(end - parser->at - 1);
	parser->at = end + 1;
	return 0;
}

/* Moves to the next token. */
static int advance(struct parser *parser)
{
	struct token *token = &parser->token;

	parser->at += strspn(parser->at, " \t\n");
	*token = (struct token){.text = parser->at, .column = column_of(parser, parser->at)};
	if (*parser->at == '\0')
		return 0;
	if (*parser->at == '\'' || *parser->at == '"')
		return take_quoted(parser);
	if (is_word_at(parser->at)) {
		token->type = TOKEN_WORD;
		while (is_word_at(parser->at))
			parser->at++;
		token->length = (size_t)(parser->at - token->text);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(signs) && !has_prefix(parser->at, "<>"); i++) {
		if (!has_prefix(parser->at, signs[i]))
			continue;
		token->type = TOKEN_SIGN;
		token->length = strlen(signs[i]);
		parser->at += token->length;
		return 0;
	}
	return refuse_sign(parser);
}

static bool is_token(const struct parser *parser, enum token_type type, const char *text)
{
	const struct token *token = &parser->token;

	return token->type == type && strlen(text) == token->length &&
	       memcmp(token->text, text, token->length) == 0;
}

static bool is_keyword(const struct parser *parser, const char *word)
{
	return is_token(parser, TOKEN_WORD, word);
}

static bool is_sign(const struct parser *parser, const char *sign)
{
	return is_token(parser, TOKEN_SIGN, sign);
}

static bool is_reserved(const struct parser *parser)
{
	for (const char *const *keyword = keywords; *keyword; keyword++)
		if (is_keyword(parser, *keyword))
			return true;
	return false;
}

/* A keyword that was meant: in capitals, or misspelt. */
static const char *meant_keyword(const struct parser *parser)
{
	CLEAN_FREE char *word = xasprintf("%.*s", (int)parser->token.length, parser->token.text);

	for (const char *const *keyword = keywords; *keyword; keyword++)
		if (strcasecmp(*keyword, word) == 0)
			return *keyword;
	return nearest_word(word, keywords);
}

/* "'x' stands where WANTED is expected", or that the text ends there. */
static int refuse_token(struct parser *parser, const char *wanted)
{
	const struct token *token = &parser->token;

	if (token->type == TOKEN_END)
		return refuse(parser, token->column, "it ends where %s is expected", wanted);
	const char *near =
		token->type == TOKEN_WORD && !is_reserved(parser) ? meant_keyword(parser) : NULL;
	int shown = (int)(token->length < 64 ? token->length : 64);
	if (near)
		return refuse(parser, token->column,
			      "'%.*s' stands where %s is expected; did you mean '%s'?", shown,
			      token->text, wanted, near);
	return refuse(parser, token->column, "'%.*s' stands where %s is expected", shown,
		      token->text, wanted);
}

/* ---- the grammar ---- */

static struct node *node_new(enum node_type type, unsigned column)
{
	struct node *node = xnew(sizeof *node);

	node->type = type;
	node->column = column;
	return node;
}

/* Without recursion along the siblings: a list may be long. */
void node_free(struct node *node)
{
	while (node) {
		struct node *next = node->next;
		node_free(node->first);
		value_done(&node->value);
		free(node);
		node = next;
	}
}

static int parse_formula(struct parser *parser, struct node **ret);

/* A name or a value: which of them is known when the axes are. */
static int parse_operand(struct parser *parser, struct node **ret)
{
	const struct token *token = &parser->token;

	if ((token->type != TOKEN_WORD && token->type != TOKEN_QUOTED) || is_reserved(parser))
		return refuse_token(parser, "a name or a value");
	CLEANUP(node) struct node *node = node_new(NODE_OPERAND, token->column);
	CLEAN_FREE char *text = xasprintf("%.*s", (int)token->length, token->text);
	node->is_quoted = token->type == TOKEN_QUOTED;
	value_init(&node->value, text);
	int r = advance(parser);
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

static int parse_list(struct parser *parser, struct node **tail)
{
	if (!is_sign(parser, "("))
		return refuse_token(parser, "a list like (a, b)");
	unsigned opened = parser->token.column;
	do {
		int r = advance(parser);
		if (r == 0)
			r = parse_operand(parser, tail);
		if (r < 0)
			return r;
		tail = &(*tail)->next;
	} while (is_sign(parser, ","));
	if (!is_sign(parser, ")"))
		return refuse(parser, parser->token.column,
			      "',' or the ')' for the '(' at column %u is missing", opened);
	return advance(parser);
}

static int negate(struct node **node)
{
	struct node *negation = node_new(NODE_NOT, (*node)->column);

	negation->first = *node;
	*node = negation;
	return 0;
}

/* `in (a, b)` and `not in (a, b)`, behind their operand. */
static int parse_in(struct parser *parser, struct node *operand, struct node **ret)
{
	CLEANUP(node) struct node *node = node_new(NODE_IN, parser->token.column);
	bool is_negated = is_keyword(parser, "not");
	int r = 0;

	node->first = operand;
	if (is_negated) {
		r = advance(parser);
		if (r == 0 && !is_keyword(parser, "in"))
			r = refuse_token(parser, "'in'");
	}
	if (r == 0)
		r = advance(parser);
	if (r == 0)
		r = parse_list(parser, &operand->next);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(node);
	return is_negated ? negate(ret) : 0;
}

static const struct comparison_sign {
	const char *sign;
	enum node_type type;
} comparison_signs[] = {
	{"!=", NODE_DIFFERS}, {"<", NODE_BELOW}, {"<=", NODE_AT_MOST},
	{"==", NODE_EQUAL},   {">", NODE_ABOVE}, {">=", NODE_AT_LEAST},
};

static const struct comparison_sign *find_comparison(const struct parser *parser)
{
	for (size_t i = 0; i < ARRAY_LEN(comparison_signs); i++)
		if (is_sign(parser, comparison_signs[i].sign))
			return &comparison_signs[i];
	return NULL;
}

/* Takes the operand, whatever happens. */
static int parse_behind(struct parser *parser, struct node *operand, struct node **ret)
{
	const struct comparison_sign *sign = find_comparison(parser);

	if (is_keyword(parser, "in") || is_keyword(parser, "not"))
		return parse_in(parser, operand, ret);
	CLEANUP(node)
	struct node *node = node_new(sign ? sign->type : NODE_EQUAL, parser->token.column);
	node->first = operand;
	if (!sign)
		return refuse_token(parser, "a comparison (==, !=, <, <=, >, >= or in)");
	int r = advance(parser);
	if (r == 0)
		r = parse_operand(parser, &operand->next);
	if (r == 0 && find_comparison(parser))
		r = refuse(parser, parser->token.column,
			   "a comparison has two sides: join two comparisons by 'and'");
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

static int parse_comparison(struct parser *parser, struct node **ret)
{
	struct node *operand = NULL;
	int r = parse_operand(parser, &operand);

	return r == 0 ? parse_behind(parser, operand, ret) : r;
}

static int close_bracket(struct parser *parser, unsigned opened)
{
	if (!is_sign(parser, ")"))
		return refuse(parser, parser->token.column,
			      "the ')' for the '(' at column %u is missing", opened);
	return advance(parser);
}

/* known(image.release) */
static int parse_known(struct parser *parser, struct node **ret)
{
	CLEANUP(node) struct node *node = node_new(NODE_KNOWN, parser->token.column);
	int r = advance(parser);

	if (r == 0 && !is_sign(parser, "("))
		return refuse_token(parser, "'(' and a trait, as in known(image.release),");
	unsigned opened = parser->token.column;
	if (r == 0)
		r = advance(parser);
	if (r == 0)
		r = parse_operand(parser, &node->first);
	if (r == 0)
		r = close_bracket(parser, opened);
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

static int parse_bracket(struct parser *parser, struct node **ret)
{
	CLEANUP(node) struct node *node = NULL;
	unsigned opened = parser->token.column;
	int r = advance(parser);

	if (r == 0)
		r = parse_formula(parser, &node);
	if (r == 0)
		r = close_bracket(parser, opened);
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

static int parse_not(struct parser *parser, struct node **ret);

static int parse_negated(struct parser *parser, struct node **ret)
{
	int r = advance(parser);

	if (r == 0)
		r = parse_not(parser, ret);
	return r == 0 ? negate(ret) : r;
}

/* What stands within something else: no deeper than a stack is sure to be. */
static int descend(struct parser *parser, int (*parse)(struct parser *, struct node **),
		   struct node **ret)
{
	if (parser->depth == CONSTRAINT_DEPTH_MAX)
		return refuse(parser, parser->token.column, "it is nested more than %d deep",
			      CONSTRAINT_DEPTH_MAX);
	parser->depth++;
	int r = parse(parser, ret);
	parser->depth--;
	return r;
}

static int parse_not(struct parser *parser, struct node **ret)
{
	if (is_keyword(parser, "not"))
		return descend(parser, parse_negated, ret);
	if (is_sign(parser, "("))
		return descend(parser, parse_bracket, ret);
	return is_keyword(parser, "known") ? parse_known(parser, ret)
					   : parse_comparison(parser, ret);
}

/* Parts with one word between them, as the children of one node. */
static int parse_joined(struct parser *parser, const char *word, enum node_type type,
			int (*parse)(struct parser *, struct node **), struct node **ret)
{
	CLEANUP(node) struct node *first = NULL;
	struct node **tail = &first;
	int r = parse(parser, tail);

	while (r == 0 && is_keyword(parser, word)) {
		tail = &(*tail)->next;
		r = advance(parser);
		if (r == 0)
			r = parse(parser, tail);
	}
	if (r < 0)
		return r;
	if (first->next) {
		struct node *joined = node_new(type, first->column);
		joined->first = STEAL_PTR(first);
		first = joined;
	}
	*ret = STEAL_PTR(first);
	return 0;
}

static int parse_and(struct parser *parser, struct node **ret)
{
	return parse_joined(parser, "and", NODE_AND, parse_not, ret);
}

static int parse_or(struct parser *parser, struct node **ret)
{
	return parse_joined(parser, "or", NODE_OR, parse_and, ret);
}

/* What follows from `condition`, which is taken whatever happens. */
static int parse_consequence(struct parser *parser, struct node *condition, struct node **ret)
{
	CLEANUP(node) struct node *node = node_new(NODE_IMPLIES, condition->column);

	node->first = condition;
	int r = advance(parser);
	if (r == 0)
		r = descend(parser, parse_formula, &condition->next);
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

static int parse_if(struct parser *parser, struct node **ret)
{
	CLEANUP(node) struct node *condition = NULL;
	unsigned begun = parser->token.column;
	int r = advance(parser);

	if (r == 0)
		r = parse_or(parser, &condition);
	if (r == 0 && !is_keyword(parser, "then"))
		r = refuse(parser, parser->token.column,
			   "the 'then' for the 'if' at column %u is missing", begun);
	return r == 0 ? parse_consequence(parser, STEAL_PTR(condition), ret) : r;
}

static int parse_formula(struct parser *parser, struct node **ret)
{
	CLEANUP(node) struct node *node = NULL;

	if (is_keyword(parser, "if"))
		return parse_if(parser, ret);
	int r = parse_or(parser, &node);
	if (r == 0 && (is_sign(parser, "->") || is_keyword(parser, "implies")))
		return parse_consequence(parser, STEAL_PTR(node), ret);
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

static int parse_whole(struct parser *parser, struct node **ret)
{
	CLEANUP(node) struct node *node = NULL;
	int r = advance(parser);

	if (r == 0 && parser->token.type == TOKEN_END)
		return refuse(parser, 1, "it is empty");
	if (r == 0)
		r = parse_formula(parser, &node);
	if (r == 0 && is_sign(parser, ")"))
		return refuse(parser, parser->token.column, "this ')' closes nothing");
	if (r == 0 && parser->token.type != TOKEN_END)
		return refuse_token(parser, "'and', 'or', '->' or the end");
	if (r == 0)
		*ret = STEAL_PTR(node);
	return r;
}

/* ---- life ---- */

int constraint_parse(const char *text, struct constraint **ret, unsigned *ret_column, struct err *e)
{
	struct parser parser = {.begin = text, .at = text, .e = e};
	struct node *root = NULL;
	int r;

	if (strlen(text) > CONSTRAINT_TEXT_MAX)
		r = refuse(&parser, 1, "it is longer than %d bytes", CONSTRAINT_TEXT_MAX);
	else
		r = parse_whole(&parser, &root);
	if (r < 0) {
		*ret_column = parser.column;
		return r;
	}
	*ret = xnew(sizeof **ret);
	**ret = (struct constraint){
		.text = xstrdup(text), .root = root, .names = VEC_INIT(CONSTRAINT_TEXT_MAX)};
	return 0;
}

void constraint_free(struct constraint *constraint)
{
	if (!constraint)
		return;
	node_free(constraint->root);
	vec_done(&constraint->names);
	free(constraint->text);
	free(constraint);
}

const char *constraint_text(const struct constraint *constraint)
{
	return constraint->text;
}
