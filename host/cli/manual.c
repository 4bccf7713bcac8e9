/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs and their options as mdoc(7) source: the middle of assay(1). */
#include "host/cli/verb.h"

#include <ctype.h>
#include <string.h>

/* What the white space at *at stands for in mdoc, stepped over up to its last character; false: nothing but itself. */
static bool add_break(struct text *out, const char *text, const char **at)
{
	if (strncmp(*at, "\n\n", 2) == 0) {
		text_adds(out, "\n.Pp\n");
	} else if (strncmp(*at, "\n ", 2) == 0) { /* a line of a list */
		text_adds(out, "\n.br\n");
	} else if (**at == ' ' && *at > text && (*at)[-1] == '.' &&
		   isupper((unsigned char)(*at)[1])) {
		text_adds(out, "\n"); /* a sentence begins a line */
	} else {
		return false;
	}
	*at += strspn(*at, "\n ") - 1;
	return true;
}

/* Lines that begin with a dot or a quote would be macros. */
static void add_plain(struct text *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		bool first = at == text || at[-1] == '\n';
		if (first && (*at == '.' || *at == '\''))
			text_adds(out, "\\&");
		if (*at == '\\')
			text_adds(out, "\\e");
		else if (!add_break(out, text, &at))
			text_add(out, at, 1);
	}
	text_adds(out, "\n");
}

static void add_verb(struct text *out, const struct verb *verb)
{
	text_addf(out, ".Ss assay %s%s%s\n", verb->name, verb->operands[0] ? " " : "",
		  verb->operands);
	add_plain(out, verb->title);
	if (verb->details) {
		text_adds(out, ".Pp\n");
		add_plain(out, verb->details);
	}
	if (verb->option_count)
		options_mdoc(verb->options, verb->option_count, out);
}

void manual_verbs(struct text *out)
{
	for (const struct verb *const *verb = verbs_all(); *verb; verb++)
		add_verb(out, *verb);
}
