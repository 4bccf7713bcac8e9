/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: what is read, what is refused, what is picked. */
#include "host/catalog/catalog.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "host/catalog/select.h"

#define CASE_JSON(area, name, kind, priority)                                                      \
	"{\"area\":\"" area "\",\"name\":\"" name "\",\"title\":\"It holds\",\"kind\":\"" kind     \
	"\",\"priority\":\"" priority "\",\"isolation\":\"shared\",\"timeout_s\":5,"               \
	"\"sabotage\":{\"kind\":\"code\",\"text\":\"it is broken\"}}"

static const char sample[] =
	"{\"cases\":[" CASE_JSON("time", "clock_is_set", "guest", "P1") "," CASE_JSON(
		"boot", "entry_is_there", "audit", "P0") "," CASE_JSON("perf", "disk_is_fast",
								       "perf", "P2") "]}";

static struct catalog *parse(const char *json)
{
	static const struct case_info host_info = {.area = "power",
						   .name = "ends",
						   .title = "It ends",
						   .kind = CASE_KIND_HOST,
						   .boots_again = true,
						   .priority = P0,
						   .needs = "dev:watchdog, vms>=2",
						   .sources = "LISA:verify_end,kola:end"};
	const struct case_info *infos[] = {&host_info};
	struct catalog *catalog = NULL;
	struct err e = {0};

	EXPECT(catalog_parse(json, strlen(json), infos, 1, &catalog, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return catalog;
}

TEST(catalog, is_sorted_and_owned)
{
	CLEANUP(catalog) struct catalog *catalog = parse(sample);

	EXPECT_NUMBER(catalog->count, 4);
	EXPECT_TEXT(catalog->cases[0].id, "boot.entry_is_there");
	EXPECT_TEXT(catalog->cases[3].id, "time.clock_is_set");
	const struct catalog_case *found = catalog_find(catalog, "time.clock_is_set");
	EXPECT(found && found->info.priority == P1 && !found->of_host);
	EXPECT(found && found->info.sabotage.kind == SABOTAGE_CODE);
	EXPECT(found && found->info.needs == NULL && found->info.timeout_s == 5);
	EXPECT(catalog_find(catalog, "power.ends")->of_host);
	EXPECT(catalog_find(catalog, "power") == NULL);
}

static const struct refused {
	const char *json, *names;
} refused[] = {
	{"", "line"},
	{"{}", "not a list"},
	{"{\"cases\":[1]}", "not an object"},
	{"{\"cases\":[{\"area\":\"../x\",\"name\":\"y\"}]}", "not an id"},
	{"{\"cases\":[{\"area\":\"a\",\"name\":\"b\"}]}", "no title"},
	{"{\"cases\":[{\"area\":\"a\",\"name\":\"b\",\"title\":7}]}", "not a string"},
	{"{\"cases\":[" CASE_JSON("a", "b", "magic", "P0") "]}", "is no kind"},
	{"{\"cases\":[" CASE_JSON("a", "b", "guest", "P9") "]}", "is no priority"},
	{"{\"cases\":[" CASE_JSON("power", "ends", "guest", "P0") "]}", "exists twice"},
	{"{\"cases\":[],\"cases\":[]}", "duplicate"},
};

TEST(catalog, refuses_what_is_none)
{
	static const struct case_info host_info = {
		.area = "power", .name = "ends", .title = "It ends"};
	const struct case_info *infos[] = {&host_info};

	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		struct catalog *catalog = NULL;
		struct err e = {0};
		EXPECT(catalog_parse(row->json, strlen(row->json), infos, 1, &catalog, &e) < 0);
		EXPECT(catalog == NULL);
		EXPECT(strstr(e.text, row->names) != NULL);
	}
}

static size_t count_selected(const struct selection *selection, struct err *e)
{
	CLEANUP(catalog) struct catalog *catalog = parse(sample);
	CLEAN_CASES struct case_list picked = VEC_INIT(CATALOG_CASES_MAX);

	err_clear(e);
	return catalog_select(catalog, selection, &picked, e) < 0 ? 0 : picked.count;
}

TEST(select, patterns_and_suites)
{
	struct err e = {0};
	const char *time[] = {"time"}, *glob[] = {"*_is_*"}, *perf[] = {"perf.disk_is_fast"};
	const char *not_boot[] = {"!boot"}, *kinds[] = {"perf"}, *areas[] = {"boot", "time"};

	EXPECT_NUMBER(count_selected(&(struct selection){0}, &e), 3); /* functional: not perf */
	EXPECT_NUMBER(count_selected(&(struct selection){.suite = "all"}, &e), 4);
	EXPECT_NUMBER(count_selected(&(struct selection){.suite = "smoke"}, &e), 2);
	EXPECT_NUMBER(count_selected(&(struct selection){.patterns = time, .pattern_count = 1}, &e),
		      1);
	EXPECT_NUMBER(count_selected(&(struct selection){.patterns = glob, .pattern_count = 1}, &e),
		      3);
	EXPECT_NUMBER(count_selected(&(struct selection){.patterns = perf, .pattern_count = 1}, &e),
		      1);
	EXPECT_NUMBER(
		count_selected(&(struct selection){.patterns = not_boot, .pattern_count = 1}, &e),
		2);
	EXPECT_NUMBER(count_selected(&(struct selection){.kinds = kinds, .kind_count = 1}, &e), 1);
	EXPECT_NUMBER(count_selected(&(struct selection){.areas = areas, .area_count = 2}, &e), 2);
	EXPECT_NUMBER(count_selected(&(struct selection){.suite = "all", .priority = "P1"}, &e), 3);
}

static const struct {
	const char *need, *source, *proof;
	size_t count;
	const char *why;
} words[] = {
	{"dev", NULL, NULL, 1, NULL},
	{"dev:watchdog", NULL, NULL, 1, NULL},
	{"vms", NULL, NULL, 1, NULL},
	{"dev:w*", NULL, NULL, 1, NULL},
	{"none", NULL, NULL, 3, NULL},
	{"devs", NULL, NULL, 0, "no case needs 'devs'"},
	{NULL, "kola", NULL, 1, NULL},
	{NULL, "LISA:verify_*", NULL, 1, NULL},
	{NULL, "LISA:nothing", NULL, 0, "no case has the source 'LISA:nothing'"},
	{NULL, NULL, "planted", 3, NULL},
	{NULL, NULL, "none", 1, NULL},
	{NULL, NULL, "some", 0, "no proof 'some'"},
	{"none", "kola", NULL, 0, "no case is left"},
};

TEST(select, needs_sources_and_proof)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct selection selection = {
			.suite = "all",
			.needs = &words[i].need,
			.need_count = words[i].need != NULL,
			.sources = &words[i].source,
			.source_count = words[i].source != NULL,
			.proof = words[i].proof,
		};
		struct err e = {0};
		EXPECT_NUMBER(count_selected(&selection, &e), words[i].count);
		if (words[i].why && !strstr(e.text, words[i].why))
			EXPECT_TEXT(e.text, words[i].why);
	}
}

TEST(select, names_the_nearest)
{
	struct err e = {0};
	const char *slip[] = {"time.clok_is_set"}, *name[] = {"clock_is_set"}, *nothing[] = {"x*"};

	EXPECT_NUMBER(count_selected(&(struct selection){.patterns = slip, .pattern_count = 1}, &e),
		      0);
	EXPECT_TEXT(e.text, "no case 'time.clok_is_set'; did you mean 'time.clock_is_set'?");
	EXPECT_NUMBER(count_selected(&(struct selection){.patterns = name, .pattern_count = 1}, &e),
		      0);
	EXPECT_TEXT(e.text, "no case 'clock_is_set'; did you mean 'time.clock_is_set'?");
	EXPECT_NUMBER(
		count_selected(&(struct selection){.patterns = nothing, .pattern_count = 1}, &e),
		0);
	EXPECT(strstr(e.text, "no case matches 'x*'") != NULL);
	EXPECT_NUMBER(count_selected(&(struct selection){.suite = "somke"}, &e), 0);
	EXPECT_TEXT(e.text, "no suite 'somke'; did you mean 'smoke'?");
	EXPECT_NUMBER(count_selected(&(struct selection){.suite = "stress"}, &e), 0);
	EXPECT(strstr(e.text, "no case is left") != NULL);
}

TEST(suite, shipped_ones_are_sorted_and_sound)
{
	CLEANUP(catalog) struct catalog *catalog = parse(sample);
	const char *before = "";

	for (const struct suite *suite = suites_known(); suite->name; suite++) {
		CLEAN_CASES struct case_list picked = VEC_INIT(CATALOG_CASES_MAX);
		struct err e = {0};
		EXPECT(strcmp(before, suite->name) < 0);
		EXPECT(suite_pick(catalog, suite->terms, &picked, &e) == 0);
		before = suite->name;
	}
}

TEST(suite, terms_work_from_left_to_right)
{
	CLEANUP(catalog) struct catalog *catalog = parse(sample);
	CLEAN_CASES struct case_list picked = VEC_INIT(CATALOG_CASES_MAX);
	struct err e = {0};

	EXPECT(suite_pick(catalog, "id=* -area=boot  priority<=P1", &picked, &e) == 0);
	EXPECT_NUMBER(picked.count, 2);
	picked.count = 0;
	EXPECT(suite_pick(catalog, "id=* -boots=again", &picked, &e) == 0);
	EXPECT_NUMBER(picked.count, 3);
	EXPECT(suite_pick(catalog, "kind=guests", &picked, &e) == -EINVAL);
	EXPECT(suite_pick(catalog, "colour=red", &picked, &e) == -EINVAL);
	EXPECT(suite_pick(catalog, "boots=twice", &picked, &e) == -EINVAL);
	EXPECT_TEXT(e.text, "suite: boots=once or boots=again, not 'twice'");
	EXPECT(suite_pick(catalog, "boot", &picked, &e) == -EINVAL);
	EXPECT(suite_pick(catalog, "-priority<=P1", &picked, &e) == -EINVAL);
}

static struct case_folders *one_folder(const char *area, const char *where)
{
	CLEAN_FREE char *yaml = xasprintf(
		"title: It holds\narea: %s\nname: clock_is_set\nprogram: check\nwhere: %s\n", area,
		where);
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct case_folders *folders = case_folders_new();
	struct case_folder *folder = case_folder_parse("mine", yaml, strlen(yaml), &problems);

	EXPECT(folder && vec_add(&folders->all, folder));
	return folders;
}

TEST(catalog, folders_are_cases_too)
{
	CLEANUP(catalog) struct catalog *catalog = parse(sample);
	CLEANUP(case_folders)
	struct case_folders *mine = one_folder("own", "guest"),
			    *other = one_folder("other", "host"),
			    *taken = one_folder("time", "guest");
	struct err e = {0};

	EXPECT_NUMBER(catalog_add_folders(catalog, mine, &e), 0);
	mine = NULL; /* taken */
	const struct catalog_case *found = catalog_find(catalog, "own.clock_is_set");
	EXPECT(found && found->info.program && !found->of_host);
	EXPECT(catalog_find(catalog, "time.clock_is_set") != NULL);
	EXPECT(catalog_has_area(catalog, "own"));
	EXPECT_NUMBER(catalog_add_folders(catalog, taken, &e), -EEXIST);
	EXPECT_TEXT(
		e.text,
		"mine/case.yaml:3:7: the id time.clock_is_set is that of a case of Assay's own");
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(catalog_find(catalog, "other.clock_is_set") == NULL);
	EXPECT_NUMBER(other->all.items[0]->info.kind, CASE_KIND_HOST);
}

static const struct spelt {
	const char *word, *terms;
	bool takes_away;
} spelt[] = {
	{"boot", "area=boot ", false},
	{"time.*", "id=time.* ", false},
	{"*", "id=* ", false},
	{"kind=audit", "kind=audit ", false},
	{"boot", "-area=boot ", true},
	{"id=a.b", "-id=a.b ", true},
	{"suite=audit", "kind=audit ", false},
	{"suite=none", " ", false},
};

TEST(suite, words_become_terms)
{
	for (const struct spelt *row = spelt; row < spelt + ARRAY_LEN(spelt); row++) {
		CLEAN_TEXT struct text out = TEXT_INIT(4096);
		suite_add_term(row->word, row->takes_away, &out);
		EXPECT_TEXT(out.buf, row->terms);
	}
	EXPECT(suite_find("functional") != NULL);
	EXPECT(!suite_find("functionall"));
	EXPECT_TEXT(suite_nearest("functionall"), "functional");
	EXPECT(!suite_nearest("zebra"));
}
