/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs and their options as mdoc(7) source: the middle of assay(1). */
#include "host/cli/verb.h"

/* Lines that begin with a dot or a quote would be macros. */
static void add_plain(struct text *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		bool first = at == text || at[-1] == '\n';
		if (first && (*at == '.' || *at == '\''))
			text_adds(out, "\\&");
		if (*at == '\\')
			text_adds(out, "\\e");
		else if (*at == '\n' && at[1] == '\n')
			text_adds(out, "\n.Pp");
		else
			text_add(out, at, 1);
	}
	text_adds(out, "\n");
}

static void add_verb(struct text *out, const struct verb *verb)
{
	text_addf(out, ".Ss assay %s %s\n", verb->name, verb->operands);
	text_adds(out, ".Pp\n");
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
