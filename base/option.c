/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines from a table. */
#include "base/option.h"

#include <stdint.h>
#include <string.h>

#define HELP_COLUMNS 80
#define HELP_INDENT  28
#define WORD_MAX     64 /* longer words are never near to anything */

struct parse {
	const struct option_line *lines;
	size_t count;
	char **argv;
	int argc, at;
	void *into;
};

/* ---- the nearest word ---- */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Damerau-Levenshtein distance (optimal string alignment) of words of at most WORD_MAX letters. */
static size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		before[j] = above[j] = j;
	for (size_t i = 1; i <= la; i++) {
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[lb];
}

static size_t common_beginning(const char *a, const char *b)
{
	size_t length = 0;

	while (a[length] && a[length] == b[length])
		length++;
	return length;
}

const char *nearest_word(const char *word, const char *const *words)
{
	size_t length = strlen(word), best = length / 3 > 1 ? length / 3 : 1;
	const char *found = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (; *words; words++) {
		size_t distance =
			strlen(*words) > WORD_MAX ? SIZE_MAX : word_distance(word, *words);
		/* Of two as near, the one that begins alike: people rarely mistake the first letters. */
		if (distance < best ||
		    (distance == best &&
		     (!found || common_beginning(word, *words) > common_beginning(word, found)))) {
			best = distance;
			found = *words;
		}
	}
	return found;
}

/* ---- parsing ---- */

static void *field_of(const struct parse *parse, const struct option_line *line)
{
	return (char *)parse->into + line->offset;
}

static int store_choice(const struct option_line *line, const char *value, int *field,
			struct err *e)
{
	CLEAN_TEXT struct text names = TEXT_INIT(1024);

	for (int i = 0; line->choices[i]; i++) {
		if (strcmp(line->choices[i], value) == 0) {
			*field = i;
			return 0;
		}
		text_addf(&names, "%s%s", i ? ", " : "", line->choices[i]);
	}
	const char *near = nearest_word(value, line->choices);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "--%s: no '%s'; did you mean '%s'?",
			       line->name, value, near);
	return err_set(e, BLAME_USER, EINVAL, "--%s: no '%s'; choose one of: %s", line->name, value,
		       names.buf);
}

static int store_number(const struct option_line *line, const char *value, long long *field,
			struct err *e)
{
	int r = number_parse(value, line->min, line->max, field);

	if (r == -ERANGE)
		return err_set(e, BLAME_USER, EINVAL, "--%s: %s is not between %lld and %lld",
			       line->name, value, line->min, line->max);
	if (r < 0)
		return err_set(e, BLAME_USER, EINVAL, "--%s: '%s' is not a number", line->name,
			       value);
	return 0;
}

static int store_listed(const struct option_line *line, const char *value, struct text_list *list,
			struct err *e)
{
	if (list->maximum == 0)
		list->maximum = 10000; /* callers rarely care: a command line is short */
	if (!vec_add(list, value))
		return err_set(e, BLAME_USER, EINVAL, "--%s is given more than %zu times",
			       line->name, list->maximum);
	return 0;
}

static int store(const struct parse *parse, const struct option_line *line, const char *value,
		 struct err *e)
{
	void *field = field_of(parse, line);

	switch (line->type) {
	case OPTION_TYPE_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_TYPE_NUMBER:
		return store_number(line, value, field, e);
	case OPTION_TYPE_TEXT:
		*(const char **)field = value;
		return 0;
	case OPTION_TYPE_MAYBE:
		*(const char **)field = value ? value : "";
		return 0;
	case OPTION_TYPE_LIST:
		return store_listed(line, value, field, e);
	case OPTION_TYPE_CHOICE:
		return store_choice(line, value, field, e);
	}
	return err_set(e, BLAME_BUG, EINVAL, "--%s has no type", line->name);
}

/* The value after the option: what follows '=' or the letter, else the next argument. */
static int store_with_value(struct parse *parse, const struct option_line *line,
			    const char *attached, struct err *e)
{
	if (line->type == OPTION_TYPE_FLAG) {
		if (attached)
			return err_set(e, BLAME_USER, EINVAL, "--%s takes no value", line->name);
		return store(parse, line, NULL, e);
	}
	if (!attached && line->type != OPTION_TYPE_MAYBE) {
		if (parse->at + 1 >= parse->argc)
			return err_set(e, BLAME_USER, EINVAL, "--%s needs a value: %s", line->name,
				       line->value ? line->value : "VALUE");
		attached = parse->argv[++parse->at];
	}
	return store(parse, line, attached, e);
}

static int unknown_option(const struct parse *parse, const char *word, struct err *e)
{
	CLEAN_FREE const char **names = xnew((parse->count + 1) * sizeof *names);

	for (size_t i = 0; i < parse->count; i++)
		names[i] = parse->lines[i].name;
	const char *near = nearest_word(word, names);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no option --%s; did you mean --%s?", word,
			       near);
	return err_set(e, BLAME_USER, EINVAL, "no option --%s; see --help", word);
}

static const struct option_line *find_long(const struct parse *parse, const char *name)
{
	for (size_t i = 0; i < parse->count; i++)
		if (strcmp(parse->lines[i].name, name) == 0)
			return &parse->lines[i];
	return NULL;
}

static int parse_long(struct parse *parse, const char *word, struct err *e)
{
	CLEAN_FREE char *name = xstrdup(word);
	char *equals = strchr(name, '=');
	const char *attached = NULL;

	if (equals) {
		*equals = '\0';
		attached = word + (equals - name) + 1;
	}
	const struct option_line *line = find_long(parse, name);
	if (line)
		return store_with_value(parse, line, attached, e);
	line = has_prefix(name, "no-") ? find_long(parse, name + 3) : NULL;
	if (!line || line->type != OPTION_TYPE_FLAG)
		return unknown_option(parse, name, e);
	if (attached)
		return err_set(e, BLAME_USER, EINVAL, "--%s takes no value", name);
	*(bool *)field_of(parse, line) = false;
	return 0;
}

static const struct option_line *find_letter(const struct parse *parse, char letter)
{
	for (size_t i = 0; i < parse->count; i++)
		if (parse->lines[i].letter == letter)
			return &parse->lines[i];
	return NULL;
}

/* "-j4", "-j 4", and flags together: "-qv". */
static int parse_letters(struct parse *parse, const char *letters, struct err *e)
{
	for (; *letters; letters++) {
		const struct option_line *line = find_letter(parse, *letters);
		if (!line)
			return err_set(e, BLAME_USER, EINVAL, "no option -%c; see --help",
				       *letters);
		if (line->type != OPTION_TYPE_FLAG)
			return store_with_value(parse, line, letters[1] ? letters + 1 : NULL, e);
		int r = store(parse, line, NULL, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct option_line *lines, size_t count, int *argc, char **argv, void *into,
		  struct err *e)
{
	struct parse parse = {lines, count, argv, *argc, 1, into};
	int kept = 1;

	for (; parse.at < parse.argc; parse.at++) {
		char *word = argv[parse.at];
		int r = 0;
		if (strcmp(word, "--") == 0) {
			while (++parse.at < parse.argc)
				argv[kept++] = argv[parse.at];
			break;
		}
		if (has_prefix(word, "--"))
			r = parse_long(&parse, word + 2, e);
		else if (word[0] == '-' && word[1]) /* "-" alone is an operand: standard input */
			r = parse_letters(&parse, word + 1, e);
		else
			argv[kept++] = word;
		if (r < 0)
			return r;
	}
	if (*argc > 0)
		*argc = kept;
	return 0;
}

/* ---- help ---- */

/* Adds words broken at HELP_COLUMNS; the cursor stands at HELP_INDENT. */
static void add_wrapped(struct text *out, const char *words)
{
	size_t column = HELP_INDENT;

	while (*words) {
		size_t length = strcspn(words, " ");
		if (column > HELP_INDENT && column + 1 + length > HELP_COLUMNS) {
			text_addf(out, "\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else if (column > HELP_INDENT) {
			text_adds(out, " ");
			column++;
		}
		text_add(out, words, length);
		column += length;
		words += length;
		words += strspn(words, " ");
	}
	text_adds(out, "\n");
}

void options_help(const struct option_line *lines, size_t count, struct text *out)
{
	for (const struct option_line *line = lines; line < lines + count; line++) {
		CLEAN_TEXT struct text left = TEXT_INIT(256);
		if (line->letter)
			text_addf(&left, "  -%c, --%s", line->letter, line->name);
		else
			text_addf(&left, "      --%s", line->name);
		if (line->value)
			text_addf(&left, line->type == OPTION_TYPE_MAYBE ? "[=%s]" : " %s",
				  line->value);
		if (left.length + 2 > HELP_INDENT)
			text_addf(out, "%s\n%*s", left.buf, HELP_INDENT, "");
		else
			text_addf(out, "%-*s", HELP_INDENT, left.buf);
		add_wrapped(out, line->help);
	}
}

void options_mdoc(const struct option_line *lines, size_t count, struct text *out)
{
	text_adds(out, ".Bl -tag -width Ds\n");
	for (const struct option_line *line = lines; line < lines + count; line++) {
		text_adds(out, ".It ");
		if (line->letter)
			text_addf(out, "Fl %c , ", line->letter);
		text_addf(out, "Fl \\-%s", line->name);
		if (line->value && line->type == OPTION_TYPE_MAYBE)
			text_addf(out, " Ns Op Ns = Ns Ar %s", line->value);
		else if (line->value)
			text_addf(out, " Ar %s", line->value);
		/* A line that begins with a stop or a quote would be a request. */
		text_addf(out, "\n%s%s.\n", strchr(".'", line->help[0]) ? "\\&" : "", line->help);
	}
	text_adds(out, ".El\n");
}
