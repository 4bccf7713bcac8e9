/* SPDX-License-Identifier: Apache-2.0 */
/* assay schema: the forms of the files that people write, for editors. */
#include <string.h>

#include "host/catalog/case_folder.h"
#include "host/catalog/policy.h"
#include "host/cli/verb.h"
#include "host/judge/gate.h"
#include "host/judge/waiver.h"
#include "host/runbook/runbook.h"
#include "host/runbook/size_table.h"

static int run(int argc, char **argv, struct err *e);

const struct verb verb_schema = {
	.name = "schema",
	.operands = "FORM",
	.title = "print the JSON Schema of a kind of file, for editors",
	.run = run,
	.details =
		"FORM is case (assay-case(5)), gate (assay-gate(5)), policy (assay-policy(5)), runbook (assay-runbook(5)),\n"
		"sizes (assay-sizes(5)) or waivers (assay-waivers(5)).\n"
		"An editor that knows JSON Schema then completes and checks while you write. In the first line of a file, for\n"
		"yaml-language-server:\n"
		"  # yaml-language-server: $schema=runbook.schema.json",
};

static const struct form {
	const char *name;
	void (*add)(struct text *out);
} forms[] = {
	{"case", case_folder_schema}, {"gate", gate_schema},	    {"policy", policy_schema},
	{"runbook", runbook_schema},  {"sizes", size_table_schema}, {"waivers", waivers_schema},
};

static int refuse(const char *name, struct err *e)
{
	const char *names[ARRAY_LEN(forms) + 1] = {NULL};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		names[i] = forms[i].name;
	const char *near = nearest_word(name, names);
	return err_set(e, BLAME_USER, EINVAL, "there is no form '%.40s'%s%s%s", name,
		       near ? "; did you mean '"
			    : ", only case, gate, policy, runbook, sizes and waivers",
		       near ? near : "", near ? "'?" : "");
}

static int run(int argc, char **argv, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4U << 20);

	int r = verb_parse(&verb_schema, &argc, argv, 1, 1, NULL, e);
	if (r != 0)
		return r < 0 ? r : 0;
	for (const struct form *form = forms; form < forms + ARRAY_LEN(forms); form++) {
		if (strcmp(form->name, argv[1]) != 0)
			continue;
		form->add(&out);
		text_adds(&out, "\n");
		return print_out(&out, e);
	}
	return refuse(argv[1], e);
}
