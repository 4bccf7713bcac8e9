/* SPDX-License-Identifier: Apache-2.0 */
/* assay show: all that is known of a case. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/cli/verb.h"
#include "wire/bundle.h"

struct arguments {
	bool json;
	const char *agent;
	struct text_list case_folders, suite_sources;
};

static const struct option_line options[] = {
	OPTION_AGENT(struct arguments),
	OPTION_CASES(struct arguments),
	OPTION_FLAG("json", 0, struct arguments, json, "print JSON"),
	OPTION_SUITE_FROM(struct arguments),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_show = {
	.name = "show",
	.operands = "CASE",
	.title = "show what a case checks, why, and its planted defect",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
};

static void add_line(struct text *out, const char *name, const char *value)
{
	if (value && value[0])
		text_addf(out, "  %-10s %s\n", name, value);
}

static void add_sabotage(const struct case_sabotage *sabotage, const struct case_program *program,
			 struct text *out)
{
	if (sabotage->kind == SABOTAGE_NONE) {
		add_line(out, "proof", "none: it has no planted defect and cannot gate");
		return;
	}
	add_line(out, "planted", sabotage->text);
	if (program) {
		text_addf(out, "  %-10s %s/%s\n", "planted by", program->folder,
			  program->sabotage ? program->sabotage : program->command);
		return;
	}
	text_addf(out, "  %-10s %s%s%s%s%s\n", "planted by", sabotage_kind_name(sabotage->kind),
		  sabotage->path ? " " : "", sabotage->path ? sabotage->path : "",
		  sabotage->argument ? ": " : "", sabotage->argument ? sabotage->argument : "");
}

static void show_text(const struct catalog_case *it, struct text *out)
{
	const struct case_info *info = &it->info;

	text_addf(out, "%s\n  %s.\n\n", it->id, info->title);
	add_line(out, "kind", case_kind_name(info->kind));
	add_line(out, "priority", case_priority_name(info->priority));
	add_line(out, "isolation", case_isolation_name(info->isolation));
	add_line(out, "needs", info->needs);
	add_line(out, "expects", info->expects);
	text_addf(out, "  %-10s %u s\n", "limit", case_timeout_s(info));
	add_line(out, "why", info->why);
	add_line(out, "remedy", info->remedy);
	add_line(out, "guards", info->fixes);
	add_line(out, "covers", info->sources);
	if (info->program)
		text_addf(out, "  %-10s %s/%s, reports by %s\n", "program", info->program->folder,
			  info->program->command,
			  info->program->speaks_tap ? "TAP" : "its exit status");
	if (info->test) {
		add_line(out, "suite", bundle_suite_name(info->test->bundle->suite));
		add_line(out, "command", info->test->command);
	}
	add_sabotage(&info->sabotage, info->program, out);
}

void case_json(const struct catalog_case *it, struct text *out)
{
	const struct case_info *info = &it->info;

	json_open(out, '{');
	json_member(out, "id", it->id);
	json_member(out, "title", info->title);
	json_member(out, "kind", case_kind_name(info->kind));
	json_member(out, "priority", case_priority_name(info->priority));
	json_member(out, "isolation", case_isolation_name(info->isolation));
	json_member(out, "needs", info->needs ? info->needs : "");
	json_member_number(out, "timeout_s", case_timeout_s(info));
	json_member(out, "why", info->why);
	json_member(out, "remedy", info->remedy);
	json_member(out, "fixes", info->fixes);
	json_member(out, "sources", info->sources);
	json_key(out, "sabotage");
	json_open(out, '{');
	json_member(out, "kind", sabotage_kind_name(info->sabotage.kind));
	json_member(out, "text", info->sabotage.text);
	json_member(out, "argument", info->sabotage.argument);
	json_member(out, "path", info->sabotage.path);
	json_close(out, '}');
	json_close(out, '}');
}

static int find_case(const struct catalog *catalog, const char *id, const struct catalog_case **ret,
		     struct err *e)
{
	*ret = catalog_find(catalog, id);
	if (*ret)
		return 0;
	const char *near = catalog_nearest(catalog, id);
	if (near && strchr(near, '.'))
		return err_set(e, BLAME_USER, EINVAL, "no case '%.100s'; did you mean '%s'?", id,
			       near);
	if (near)
		return err_set(e, BLAME_USER, EINVAL,
			       "no case '%.100s'; `assay list --area %s` shows that area's", id,
			       near);
	return err_set(e, BLAME_USER, EINVAL, "no case '%.100s'; `assay list` shows them all", id);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEANUP(catalog) struct catalog *catalog = NULL;
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);
	const struct catalog_case *it = NULL;

	int r = verb_parse(&verb_show, &argc, argv, 1, 1, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = open_catalog(arguments.agent, &catalog, e);
	if (r == 0)
		r = add_case_folders(catalog, &arguments.case_folders, e);
	if (r == 0)
		r = add_suite_trees(catalog, &arguments.suite_sources, e);
	if (r == 0)
		r = find_case(catalog, argv[1], &it, e);
	if (r < 0)
		return r;
	if (arguments.json) {
		case_json(it, &out);
		text_adds(&out, "\n");
	} else {
		show_text(it, &out);
	}
	return print_out(&out, e);
}
