/* SPDX-License-Identifier: Apache-2.0 */
/* assay list: what cases, suites, sizes and areas there are. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/cli/verb.h"

struct arguments {
	bool json, suites, sizes, areas, list_profiles;
	const char *agent;
	struct text_list case_folders, suite_sources, size_files;
	struct selection_arguments selection;
	struct policy_arguments policy;
};

static const struct option_line options[] = {
	OPTION_AGENT(struct arguments),
	OPTIONS_SELECTION(struct arguments),
	OPTION_FLAG("areas", 0, struct arguments, areas,
		    "show the areas and how many cases each has"),
	OPTION_CASES(struct arguments),
	OPTION_FLAG("json", 0, struct arguments, json, "print JSON"),
	OPTIONS_SELECTION_KIND(struct arguments),
	OPTIONS_POLICY(struct arguments),
	OPTION_FLAG("profiles", 0, struct arguments, list_profiles,
		    "show the profiles that --profile knows"),
	OPTIONS_SELECTION_REST(struct arguments),
	OPTION_SIZE_FILE(struct arguments),
	OPTION_FLAG("sizes", 0, struct arguments, sizes, "show the VM sizes that --size knows"),
	OPTION_SUITE_FROM(struct arguments),
	OPTION_FLAG("suites", 0, struct arguments, suites, "show the suites that --suite knows"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_list = {
	.name = "list",
	.operands = "[PATTERN...]",
	.title = "show the cases, suites, profiles, areas or sizes",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"Without options every case is listed, whatever suite is the default: id, kind, priority and title.\n"
		"A '*' after the priority marks a case that has no planted defect: it is run, but cannot gate.",
};

static int list_suites(const struct catalog *catalog, bool json, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);

	if (json)
		json_open(&out, '[');
	for (const struct suite *suite = suites_known(); suite->name; suite++) {
		CLEAN_CASES struct case_list cases = VEC_INIT(CATALOG_CASES_MAX);
		int r = suite_pick(catalog, suite->terms, &cases, e);
		if (r < 0)
			return r;
		if (!json) {
			text_addf(&out, "%-12s %5zu  %s%s\n", suite->name, cases.count,
				  suite->title,
				  strcmp(suite->name, SUITE_DEFAULT) == 0 ? " (the default)" : "");
			continue;
		}
		json_open(&out, '{');
		json_member(&out, "name", suite->name);
		json_member(&out, "title", suite->title);
		json_member(&out, "terms", suite->terms);
		json_member_number(&out, "cases", (long long)cases.count);
		json_close(&out, '}');
	}
	if (json)
		text_adds(&out, "]\n");
	return print_out(&out, e);
}

/* The catalogue is sorted by id, so an area's cases stand together. */
static int list_areas(const struct catalog *catalog, bool json, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);

	if (json)
		json_open(&out, '{');
	for (size_t i = 0, next; i < catalog->count; i = next) {
		const char *area = catalog->cases[i].info.area;
		for (next = i;
		     next < catalog->count && strcmp(catalog->cases[next].info.area, area) == 0;)
			next++;
		if (json)
			json_member_number(&out, area, (long long)(next - i));
		else
			text_addf(&out, "%-14s %5zu\n", area, next - i);
	}
	if (json)
		text_adds(&out, "}\n");
	return print_out(&out, e);
}

static int list_cases(const struct catalog *catalog, const struct arguments *arguments,
		      struct err *e)
{
	CLEANUP(policy) struct policy *policy = NULL;
	CLEAN_CASES struct case_list cases = VEC_INIT(CATALOG_CASES_MAX);
	CLEAN_TEXT struct text out = TEXT_INIT(64U << 20);
	struct selection_arguments selection = arguments->selection;

	int r = load_policy(&arguments->policy, catalog, &policy, e);
	if (r < 0)
		return r;
	/* To look at, all is wanted; to run, the default suite. */
	if (!selection.suite && !policy_terms(policy))
		selection.suite = "all";
	r = select_cases(catalog, &selection, policy_terms(policy), &cases, e);
	if (r < 0)
		return r;
	if (arguments->json)
		json_open(&out, '[');
	vec_each (&cases, it) {
		const struct case_info *info = &(*it)->info;
		if (arguments->json)
			case_json(*it, &out);
		else
			text_addf(&out, "%-48s %-6s %s%s %s\n", (*it)->id,
				  case_kind_name(info->kind), case_priority_name(info->priority),
				  info->sabotage.kind == SABOTAGE_NONE ? "*" : " ", info->title);
	}
	if (arguments->json)
		text_adds(&out, "]\n");
	return print_out(&out, e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEANUP(catalog) struct catalog *catalog = NULL;

	int r = verb_parse(&verb_list, &argc, argv, 0, 1000, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (argc > 1 &&
	    (arguments.sizes || arguments.suites || arguments.areas || arguments.list_profiles))
		return err_set(e, BLAME_USER, EINVAL,
			       "'%.80s' is one argument too many: patterns choose among cases",
			       argv[1]);
	if (arguments.sizes)
		return list_sizes(&arguments.size_files, arguments.json, e);
	for (int i = 1; i < argc; i++) {
		arguments.selection.cases.maximum = 10000;
		(void)vec_add(&arguments.selection.cases, argv[i]);
	}
	r = open_catalog(arguments.agent, &catalog, e);
	if (r == 0)
		r = add_case_folders(catalog, &arguments.case_folders, e);
	if (r == 0)
		r = add_suite_trees(catalog, &arguments.suite_sources, e);
	if (r < 0)
		return r;
	if (arguments.suites)
		return list_suites(catalog, arguments.json, e);
	if (arguments.list_profiles)
		return list_profiles(catalog, arguments.json, e);
	if (arguments.areas)
		return list_areas(catalog, arguments.json, e);
	return list_cases(catalog, &arguments, e);
}
