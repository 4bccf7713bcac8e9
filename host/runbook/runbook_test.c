/* SPDX-License-Identifier: Apache-2.0 */
/* Runbooks: what is read, and every way in which they are refused, with line and column. */
#include "host/runbook/runbook.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "base/shipped.h"
#include "base/test.h"
#include "host/catalog/catalog.h"
#include "host/runbook/size_table.h"

static const char *const no_environment[] = {NULL};

static unsigned parse(const char *yaml, const char *const *settings, size_t setting_count,
		      struct runbook **ret, struct text *problems)
{
	struct runbook_inputs inputs = {.environment = no_environment,
					.settings = settings,
					.setting_count = setting_count};

	return runbook_parse("r.yaml", yaml, strlen(yaml), &inputs, ret, problems);
}

static struct runbook *expect_well(const char *yaml)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct runbook *runbook = NULL;

	EXPECT_NUMBER(parse(yaml, NULL, 0, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	return runbook;
}

static void expect_problems(const char *yaml, const char *want)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;
	unsigned lines = 0;

	unsigned count = parse(yaml, NULL, 0, &runbook, &problems);
	EXPECT_TEXT(problems.buf, want);
	for (const char *at = problems.buf; (at = strchr(at, '\n')); at++)
		lines++;
	EXPECT_NUMBER(count, lines);
}

/* ---- what is read ---- */

static const char whole[] =
	"title: Debian images\n"
	"variables:\n"
	"  images: /srv/images\n"
	"  cost: 5$$\n"
	"images:\n"
	"  - path: ${images}/debian-12.qcow2\n"
	"    traits: {distribution: debian, release: 12, cost: \"${cost}\"}\n"
	"  - other/debian-11.raw\n"
	"sizes: [small, {name: two-nics, cpus: 2, memory: 2GiB, nics: 2}, {name: big, like: small, cpus: 3}]\n"
	"firmwares: [uefi, bios]\n"
	"hosts:\n"
	"  - {name: q35, machine: q35, cpu: max, qemu: qemu-system-x86_64}\n"
	"variants:\n"
	"  policy: [azure, gcp]\n"
	"combine: {ways: 2, over: traits}\n"
	"constraints:\n"
	"  - size.arch == image.arch\n"
	"  - not (firmware == uefi and image.boot == bios)\n"
	"must: [{image: debian-12, size: small}]\n"
	"weights: {size: {small: 3}}\n"
	"within: 2h\n"
	"cases:\n"
	"  include: [suite=smoke, boot.*, storage, kind=audit]\n"
	"  exclude: [id=time.*]\n"
	"  priority: P1\n"
	"  overrides: [{cases: 'network.*', timeout: 2m, retries: 1, repeat: 3}]\n"
	"limits: {case: 300, cell: 30m, run: 4h, memory: 8GiB, jobs: 2}\n";

TEST(runbook, images_have_files_names_and_traits)
{
	CLEANUP(runbook) struct runbook *runbook = expect_well(whole);
	const struct runbook_image *image = runbook->images.items;

	EXPECT_TEXT(runbook->title.text, "Debian images");
	EXPECT_NUMBER(runbook->images.count, 2);
	EXPECT_TEXT(image[0].file, "/srv/images/debian-12.qcow2");
	EXPECT_TEXT(image[0].name.text, "debian-12");
	EXPECT_NUMBER(image[0].path.place.line, 6);
	EXPECT_NUMBER(image[0].path.place.column, 11);
	EXPECT_TEXT(image[0].path.place.path, "r.yaml");
	EXPECT_NUMBER(image[0].traits.count, 3);
	EXPECT_TEXT(image[0].traits.items[1].name.text, "release");
	EXPECT_TEXT(image[0].traits.items[2].value.text, "5$");
	EXPECT_TEXT(image[1].file, "other/debian-11.raw");
	EXPECT_TEXT(image[1].name.text, "debian-11");
}

TEST(runbook, axes_have_their_values)
{
	CLEANUP(runbook) struct runbook *runbook = expect_well(whole);
	enum runbook_axis axis;
	size_t variant;

	EXPECT_NUMBER(runbook->sizes.count, 3);
	EXPECT_NUMBER(runbook->sizes.items[0].size.mem_mib, 1024);
	EXPECT_NUMBER(runbook->sizes.items[1].size.nics, 2);
	EXPECT_NUMBER(runbook->sizes.items[2].size.cpus, 3);
	EXPECT_NUMBER(runbook->sizes.items[2].size.mem_mib, 1024);
	EXPECT_TEXT(runbook_value_name(runbook, RUNBOOK_SIZE, 0, 2), "big");
	EXPECT_TEXT(runbook_value_name(runbook, RUNBOOK_FIRMWARE, 0, 1), "bios");
	EXPECT_TEXT(runbook_value_name(runbook, RUNBOOK_HOST, 0, 0), "q35");
	EXPECT_TEXT(runbook->hosts.items[0].qemu.text, "qemu-system-x86_64");
	EXPECT(runbook_find_axis(runbook, "policy", &axis, &variant));
	EXPECT(axis == RUNBOOK_VARIANT && variant == 0);
	EXPECT_TEXT(runbook_value_name(runbook, axis, variant, 1), "gcp");
	EXPECT(runbook_find_axis(runbook, "size", &axis, &variant) && axis == RUNBOOK_SIZE);
	EXPECT(!runbook_find_axis(runbook, "variant", &axis, &variant));
}

TEST(runbook, how_it_is_combined_and_limited)
{
	CLEANUP(runbook) struct runbook *runbook = expect_well(whole);
	const long long second = 1000000000;

	EXPECT_NUMBER(runbook->combine, RUNBOOK_WAYS);
	EXPECT_NUMBER(runbook->ways, 2);
	EXPECT(runbook->over_traits);
	EXPECT_NUMBER(runbook->constraints.count, 2);
	EXPECT_TEXT(runbook->constraints.items[0].text, "size.arch == image.arch");
	EXPECT_NUMBER(runbook->constraints.items[1].place.line, 18);
	EXPECT_TEXT(runbook->must.items[0].items[1].axis.text, "size");
	EXPECT_NUMBER(runbook->weights.items[0].weights.items[0].weight.number, 3);
	EXPECT_NUMBER(runbook->within_ns.number, 7200 * second);
	EXPECT_NUMBER(runbook->limits.case_ns.number, 300 * second);
	EXPECT_NUMBER(runbook->limits.memory.number, 8LL << 30);
	EXPECT_NUMBER(runbook->limits.jobs.number, 2);
	EXPECT_NUMBER(runbook->cases.overrides.items[0].timeout_ns.number, 120 * second);
	EXPECT_NUMBER(runbook->cases.overrides.items[0].repeat.number, 3);
}

TEST(runbook, cases_become_terms)
{
	CLEANUP(runbook) struct runbook *runbook = expect_well(whole);
	CLEANUP(runbook) struct runbook *bare = expect_well("images: [a.raw]\n");
	CLEAN_TEXT struct text terms = TEXT_INIT(4096), usual = TEXT_INIT(4096);

	runbook_terms(runbook, &terms);
	EXPECT_TEXT(terms.buf,
		    "kind=audit kind=guest kind=host priority<=P0 id=boot.* area=storage "
		    "kind=audit -id=time.* priority<=P1");
	runbook_terms(bare, &usual);
	EXPECT(has_prefix(usual.buf, "kind=audit kind=guest kind=host -area=host"));
	EXPECT_NUMBER(bare->combine, RUNBOOK_ALL);
	EXPECT_TEXT(bare->sizes.items[0].size.name, "default");
	EXPECT_NUMBER(bare->firmwares.count + bare->hosts.count, 0);
}

TEST(runbook, cases_are_held_against_the_catalogue)
{
	static const struct case_info info = {
		.area = "boot", .name = "entry_is_there", .title = "It holds"};
	const struct case_info *infos[] = {&info};
	CLEANUP(catalog) struct catalog *catalog = NULL;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook)
	struct runbook *right =
		expect_well("images: [a]\ncases: {include: [boot, 'boot.*', kind=audit, "
			    "suite=boot], overrides: [{cases: boot, repeat: 2}]}\n");
	CLEANUP(runbook)
	struct runbook *wrong =
		expect_well("images: [a]\ncases:\n  include: [bot, boot.entry_is_here]\n"
			    "  exclude: [colour=red]\n"
			    "  overrides: [{cases: 'time.*', repeat: 2}]\n");
	struct err e = {0};

	EXPECT_NUMBER(catalog_parse("{\"cases\":[]}", 12, infos, 1, &catalog, &e), 0);
	EXPECT_NUMBER(runbook_check_cases(right, catalog, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(runbook_check_cases(wrong, catalog, &problems), 4);
	EXPECT_TEXT(
		problems.buf,
		"r.yaml:3:13: `include`: no case matches 'area=bot'; did you mean 'boot'?\n"
		"r.yaml:3:18: `include`: no case matches 'id=boot.entry_is_here'; did you mean "
		"'boot.entry_is_there'?\n"
		"r.yaml:4:13: `exclude`: suite: no term 'colour'; there are area, boots, id, kind, need, "
		"priority and source\n"
		"r.yaml:5:24: `cases`: no case matches 'id=time.*'\n");
}

/* ---- what is refused ---- */

static const struct refused {
	const char *yaml, *problems;
} refused[] = {
	{"titel: x\nimages: [a]\nimages2: 3\n",
	 "r.yaml:1:1: there is no key `titel`; did you mean `title`?\n"
	 "r.yaml:3:1: there is no key `images2`; did you mean `images`?\n"},
	{"imagse: [a]\n", "r.yaml:1:1: there is no key `imagse`; did you mean `images`?\n"},
	{"- a\n", "r.yaml:1:3: the file is a mapping, lines \"key: value\"\n"},
	{"images: []\n", "r.yaml:1:1: `images` has 0 entries, but 1 to 10000 are possible\n"},
	{"images: [{name: x}]\n", "r.yaml:1:11: images lacks the key `path`\n"},
	{"images:\n"
	 "  - {path: a.raw, nmae: b}\n"
	 "  - [c]\n"
	 "  - path: d/a.qcow2\n",
	 "r.yaml:2:19: there is no key `nmae`; did you mean `name`?\n"
	 "r.yaml:3:6: images is a mapping, lines \"key: value\"\n"
	 "r.yaml:4:11: `images`: 'a' is there twice, first in line 2\n"},
	{"images: [a, b]\n"
	 "sizes: [smal, 'Standard_*', {name: small, cpus: 3}, {name: big, cpus: 2, like: smll}]\n",
	 "r.yaml:2:9: `sizes`: no size is called 'smal'; did you mean 'small'?\n"
	 "r.yaml:2:16: `sizes`: no size fits 'Standard_*'; `assay list --sizes` shows them\n"
	 "r.yaml:2:36: `sizes`: there is a size 'small' already; another name, and `like: small`, make one of your own from it\n"
	 "r.yaml:2:80: `like`: there is no size 'smll' before this one; did you mean 'small'?\n"},
	{"images: [a]\n"
	 "sizes: [small, small, {name: x, memory: 2G, cpus: 0}, {name: 'y*', cpus: 2}, {name: z, cpus: 1, numa: 2}, {name: q, memory: 1.0001GiB}]\n",
	 "r.yaml:2:41: `memory` is an amount of memory such as 512MiB or 8GiB, not '2G'\n"
	 "r.yaml:2:51: `cpus` is a number from 1 to 512, not '0'\n"
	 "r.yaml:2:16: `sizes`: 'small' is there twice, first in line 2\n"
	 "r.yaml:2:63: a size that is spelt has a name, not a glob\n"
	 "r.yaml:2:85: size: 2 NUMA nodes need at least as many CPUs, not 1\n"
	 "r.yaml:2:125: this is no whole number of MiB\n"},
	{"images: [a]\n"
	 "firmwares: [uefi, efi, uefi]\n"
	 "hosts: [{machine: q35}, {name: a, cpu: 'x,y'}, {name: b, qemu: -x}, {name: b, machne: pc}]\n",
	 "r.yaml:2:13: `firmwares` has 3 entries, but 1 to 2 are possible\n"
	 "r.yaml:3:10: hosts lacks the key `name`\n"
	 "r.yaml:3:41: `cpu`: 'x,y' is not a word of QEMU's\n"
	 "r.yaml:3:64: `qemu`: '-x' is not the name of a program\n"
	 "r.yaml:3:79: there is no key `machne`; did you mean `machine`?\n"
	 "r.yaml:3:76: `hosts`: 'b' is there twice, first in line 3\n"},
	{"images: [a]\n"
	 "variants:\n"
	 "  size: [a]\n"
	 "  Bad: [b]\n"
	 "  ok: []\n"
	 "  dup: [x, x]\n"
	 "  text: hello\n"
	 "  quote: [\"it's\"]\n",
	 "r.yaml:4:3: `variants`: 'Bad' is not of a-z, 0-9 and _, a letter first, at most 31\n"
	 "r.yaml:5:3: `variants` has 0 entries, but 1 to 1000 are possible\n"
	 "r.yaml:7:9: `variants` is a list: [one, two]\n"
	 "r.yaml:8:12: `variants`: it has a quotation mark in it\n"
	 "r.yaml:3:3: `variants`: 'size' has another meaning already\n"
	 "r.yaml:6:12: `dup`: 'x' is there twice, first in line 6\n"},
	{"images: [a]\n"
	 "combine: zap\n",
	 "r.yaml:2:10: `mode` is all or zip, not 'zap'; did you mean 'zip'?\n"},
	{"images: [a]\n"
	 "combine: {ways: 9}\n",
	 "r.yaml:2:17: `ways` is a number from 1 to 6, not '9'\n"},
	{"images: [a]\n"
	 "combine: {ways: 2, csv: x.csv}\n",
	 "r.yaml:2:11: `combine` is all, zip, or has one of the keys csv and ways\n"
	 "r.yaml:2:25: x.csv cannot be read: Operation not permitted\n"},
	{"images: [a]\n"
	 "combine: {ways: 3}\n",
	 "r.yaml:2:17: `ways` is 3, and there are 2 axes: so many values cannot meet\n"},
	{"images: [a]\n"
	 "must: [{firmware: uefi}, {host: old}]\n",
	 "r.yaml:2:19: the runbook has no firmwares of which this could be one: add `firmwares`, with 'uefi' in it\n"
	 "r.yaml:2:33: the runbook has no hosts of which this could be one: add `hosts`, with 'old' in it\n"},
	{"images: [a]\n"
	 "combine: {mode: all, over: traits}\n",
	 "r.yaml:2:28: `over` says of what `ways` are\n"},
	{"images: [a, b]\n"
	 "sizes: [small, tiny, large]\n"
	 "combine: zip\n",
	 "r.yaml:3:10: `combine: zip` needs axes of one length: image has 2 values, size 3\n"},
	{"images: [a]\n"
	 "must: [{imge: a}, {image: b}, {}]\n"
	 "weights: {size: {defalt: 3, default: -1}, oops: {x: 1}}\n",
	 "r.yaml:2:9: `must` has 0 entries, but 1 to 32 are possible\n"
	 "r.yaml:3:38: `weights` is a number from 0 to 1000000, not '-1'\n"
	 "r.yaml:2:9: there is no axis 'imge'; did you mean 'image'?\n"
	 "r.yaml:2:27: image has no value 'b'; did you mean 'a'?\n"
	 "r.yaml:3:18: size has no value 'defalt'; did you mean 'default'?\n"
	 "r.yaml:3:43: there is no axis 'oops', only image, size, firmware, host, kernel and the variants\n"},
	{"images: [a]\n"
	 "within: 2 hours\n"
	 "limits: {case: 0s, cell: 10d, run: soon, memory: 8GB, jobs: 0, cores: 2}\n",
	 "r.yaml:2:9: `within` is a time such as 90s, 5m or 2h, not '2 hours'\n"
	 "r.yaml:3:16: `case` is from 1s to 366d, not '0s'\n"
	 "r.yaml:3:36: `run` is a time such as 90s, 5m or 2h, not 'soon'\n"
	 "r.yaml:3:61: `jobs` is a number from 1 to 1024, not '0'\n"
	 "r.yaml:3:64: there is no key `cores`, only case, cell, run, until_sure_budget, memory and jobs\n"},
	{"images: [a]\n"
	 "cases: {overrides: [{cases: boot, until-sure: 99%}, {cases: boot, until_sure: often}]}\n"
	 "limits: {until-sure-budget: 5m, until_sure_budget: 0s}\n",
	 "r.yaml:2:35: there is no key `until-sure`; did you mean `until_sure`?\n"
	 "r.yaml:2:79: `until_sure`: 'often' is no rate such as 99% or 0.99\n"
	 "r.yaml:3:10: there is no key `until-sure-budget`; did you mean `until_sure_budget`?\n"
	 "r.yaml:3:52: `until_sure_budget` is from 1s to 366d, not '0s'\n"
	 "r.yaml:2:29: `overrides` says nothing of these cases: timeout, retries, repeat or until_sure\n"},
	{"images: [a]\n"
	 "cases:\n"
	 "  include: [suite=smok, '-x', 'a b']\n"
	 "  exclude: [suite=boot, priority<=P1]\n"
	 "  priority: 7\n"
	 "  overrides: [{cases: boot}, {timeout: 5s}, {cases: suite=boot, retries: 200, repeat: 0}]\n",
	 "r.yaml:3:26: `cases`: '-x': what is not meant stands in `exclude`\n"
	 "r.yaml:3:32: `cases`: 'a b' is not one term; a list has one in each entry\n"
	 "r.yaml:5:13: `priority` is P0, P1, P2, P3 or P4, not '7'\n"
	 "r.yaml:6:31: overrides lacks the key `cases`\n"
	 "r.yaml:6:74: `retries` is a number from 0 to 100, not '200'\n"
	 "r.yaml:6:87: `repeat` is a number from 1 to 10000, not '0'\n"
	 "r.yaml:3:13: `include`: there is no suite 'smok'; did you mean 'smoke'?\n"
	 "r.yaml:4:13: `exclude`: a suite or a priority cannot be taken away, only what has an id, area, kind, need or source\n"
	 "r.yaml:4:25: `exclude`: a suite or a priority cannot be taken away, only what has an id, area, kind, need or source\n"
	 "r.yaml:6:23: `overrides` says nothing of these cases: timeout, retries, repeat or until_sure\n"
	 "r.yaml:6:53: `cases` is an id, an area or a glob over ids, not a suite\n"},
	{"images: ['${nowhere}/a', '${', '${Bad}', 'cost$', '$HOME']\n"
	 "variables: {nowhre: x, deep: '${a}', list: [a]}\n",
	 "r.yaml:2:31: a variable's value has no variables in it; $$ is a dollar sign\n"
	 "r.yaml:2:38: a variable is a line \"name: value\", and the value a text\n"
	 "r.yaml:1:11: the variable `nowhere` has no value; did you mean `nowhre`?\n"
	 "r.yaml:1:27: '${' begins the name of a variable: a-z, 0-9 and _, a letter first, and '}'\n"
	 "r.yaml:1:33: '${' begins the name of a variable: a-z, 0-9 and _, a letter first, and '}'\n"
	 "r.yaml:1:43: a '$' begins a variable, ${name}; $$ is a dollar sign\n"
	 "r.yaml:1:52: a '$' begins a variable, ${name}; $$ is a dollar sign\n"},
	{"images: [a]\n"
	 "variables: {Upper: x, empty: }\n"
	 "secrets: [tokn]\n",
	 "r.yaml:2:13: `Upper` is no name of a variable: a-z, 0-9 and _, a letter first\n"
	 "r.yaml:3:11: `secrets`: the variable `tokn` has no value\n"},
	{"images: [a]\n"
	 "variables: {token: short, long: longenough}\n"
	 "secrets: [token, long, [x]]\n"
	 "sizes: [{name: x, cpus: \"${long}\"}]\n",
	 "r.yaml:3:11: `secrets`: the value of `token` cannot be hidden: it has fewer than 8 bytes or *** in it, or there are more than 64 secrets\n"
	 "r.yaml:3:25: `secrets` is a list of names of variables\n"},
	{"images: [a]\n"
	 "secrets: x\n"
	 "variables: y\n",
	 "r.yaml:3:12: variables are a mapping, lines \"name: value\"\n"
	 "r.yaml:2:1: `secrets` is a list of names of variables\n"},
	{"images: [a]\n"
	 "include: [b.yaml]\n",
	 "r.yaml:2:11: b.yaml cannot be read: Operation not permitted\n"},
	{"images: [a]\n"
	 "include: b.yaml\n",
	 "r.yaml:2:1: `include` is a list of names of files: [one.yaml, two.yaml]\n"},
	{"images: [a]\n"
	 "include: ['${x}.yaml', [c]]\n",
	 "r.yaml:2:12: `include`: variables are known when all files are read; '${x}.yaml' cannot have one\n"
	 "r.yaml:2:25: `include` is a list of names of files: [one.yaml, two.yaml]\n"},
	{"images: [a]\n"
	 "size_files: [b.yaml]\n"
	 "combine: {csv: b.csv}\n",
	 "r.yaml:2:14: b.yaml cannot be read here\n"
	 "r.yaml:3:16: b.csv cannot be read: Operation not permitted\n"},
	{"images: [a]\n"
	 "title:\n"
	 "constraints: [[x], '']\n",
	 "r.yaml:2:1: `title` is empty\n"
	 "r.yaml:3:16: `constraints` is a text, not a list, a mapping or an alias\n"
	 "r.yaml:3:21: `constraints` is empty\n"},
	{"images: *a\n", "r.yaml:1:10: `images` is a list: [one, two]\n"},
	{"images: [a\n",
	 "r.yaml:2:1: this is not valid YAML: flow sequence without a closing bracket\n"},
	{"a\n", "r.yaml:1:1: the file is a mapping, lines \"key: value\"\n"},
	{"images: [{path: a, traits: {Bad: x, ok: \"\\\"q\\\"\"}}]\n",
	 "r.yaml:1:29: `traits`: 'Bad' is not of a-z, 0-9 and _, a letter first, at most 31\n"
	 "r.yaml:1:42: `traits`: it has a quotation mark in it\n"},
};

/* What is wrong beside the axes leaves them known; what may be wrong with them does not. */
static const struct left {
	const char *yaml;
	bool are_known;
} left[] = {
	{"images: [a]\n", true},
	{"images: [a]\nlimits: {job: 1}\ncases: {inclde: [x]}\ntitle:\n", true},
	{"images: [a]\nmust: [{size: smal}]\ncombine: zap\nconstraints: [[x]]\nwithin: 2 hours\n",
	 true},
	{"images: [a]\nsecrets: [tokn]\nlimits: {jobs: 0}\n",
	 false}, /* a variable may be in a trait */
	{"images: [{path: a, triats: {release: 12}}]\n", false},
	{"images: [a]\nvarients: {x: [a]}\n", false},
	{"images: [a, a]\n", false},
	{"images: [a]\nsizes: [smal]\n", false},
	{"images: [a]\nhosts: [{name: x, cpu: 'a,b'}]\n", false},
	{"images: ['${x}']\n", false},
	{"imagse: [a]\n", false},
};

TEST(runbook, what_is_left_of_a_wrong_one)
{
	for (const struct left *row = left; row < left + ARRAY_LEN(left); row++) {
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEANUP(runbook) struct runbook *runbook = NULL;
		(void)parse(row->yaml, NULL, 0, &runbook, &problems);
		EXPECT(runbook);
		if (!runbook)
			continue;
		EXPECT_NUMBER(runbook->axes_are_known, row->are_known);
		EXPECT_NUMBER(problems.length == 0, row == left);
	}
}

/* A secret that cannot be hidden would be in what is told next. */
TEST(runbook, nothing_is_left_that_could_tell_a_secret)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	EXPECT_NUMBER(parse("images: ['${token}']\nvariables: {token: short}\nsecrets: [token]\n",
			    NULL, 0, &runbook, &problems),
		      1);
	EXPECT(!runbook);
}

TEST(runbook, is_refused_with_all_places)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++)
		expect_problems(row->yaml, row->problems);
}

TEST(runbook, what_comes_from_outside_is_refused_by_its_name)
{
	static const char *const settings[] = {"unused=1", "noequals", "Bad=1", "images=a\nb"};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	EXPECT_NUMBER(parse("images: [a]\n", settings, ARRAY_LEN(settings), &runbook, &problems),
		      4);
	EXPECT_TEXT(problems.buf,
		    "-D: 'noequals' has no value; write it as noequals=VALUE\n"
		    "-D: `Bad` is no name of a variable: a-z, 0-9 and _, a letter first\n"
		    "-D: `images` has a value with a control character or the end of a line in it\n"
		    "-D: no file has the variable `unused`\n");
}

/* ---- files ---- */

static void put(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	FILE *file = fopen(path, "we");

	EXPECT(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static unsigned read_in(const char *name, const struct runbook_inputs *inputs, struct runbook **ret,
			struct text *problems)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	return runbook_read(path, inputs, ret, problems);
}

/* The folder's name is left out of `problems`. */
static void expect_read(const char *name, const struct runbook_inputs *inputs, const char *want)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX),
			       bare = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;
	CLEAN_FREE char *folder = xasprintf("%s/", test_folder());

	(void)read_in(name, inputs, &runbook, &problems);
	for (const char *at = problems.buf; *at;) {
		const char *next = strstr(at, folder);
		(void)text_add(&bare, at, next ? (size_t)(next - at) : strlen(at));
		at = next ? next + strlen(folder) : "";
	}
	EXPECT_TEXT(bare.buf, want);
	EXPECT(runbook || want[0] != '\0');
}

static const struct runbook_inputs nothing = {.environment = no_environment};

TEST(runbook, files_are_laid_over_each_other)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;
	CLEAN_FREE char *below = xasprintf("%s/below", test_folder());

	EXPECT_NUMBER(mkdir(below, 0755), 0);
	put("below/deep.yaml", "title: deep\nlimits: {jobs: 1, run: 1h}\nimages: [deep.raw]\n");
	put("below/low.yaml", "include: [deep.yaml]\ntitle: low\nlimits: {jobs: 2, cell: 1m}\n"
			      "images: [low.raw]\nfirmwares: [bios, uefi]\n");
	put("other.yaml", "limits: {cell: 2m}\nsizes: [tiny]\n");
	put("top.yaml", "include: [below/low.yaml, other.yaml]\ntitle: top\nfirmwares: [uefi]\n");
	EXPECT_NUMBER(read_in("top.yaml", &nothing, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	if (!runbook)
		return;
	EXPECT_TEXT(runbook->title.text, "top");
	EXPECT_NUMBER(runbook->firmwares.count, 1); /* lists are replaced */
	EXPECT_NUMBER(runbook->limits.jobs.number, 2);
	EXPECT_NUMBER(runbook->limits.cell_ns.number, 120LL * 1000000000);
	EXPECT_NUMBER(runbook->limits.run_ns.number, 3600LL * 1000000000);
	EXPECT_TEXT(runbook->sizes.items[0].size.name, "tiny");
	/* What a file names is beside it, and its place is there. */
	EXPECT(has_suffix(runbook->images.items[0].file, "/below/low.raw"));
	EXPECT(has_suffix(runbook->images.items[0].path.place.path, "/below/low.yaml"));
	EXPECT_NUMBER(runbook->images.items[0].path.place.line, 4);
}

TEST(runbook, problems_are_told_of_the_file_that_has_them)
{
	put("low.yaml", "limits: {job: 1}\nimages: [x, '${y}']\n");
	put("top.yaml", "include: [low.yaml]\ntitel: x\n");
	expect_read("top.yaml", &nothing,
		    "low.yaml:2:14: the variable `y` has no value; `variables`, a file of them, "
		    "ASSAY_VAR_* or -D gives it one\n"
		    "top.yaml:2:1: there is no key `titel`; did you mean `title`?\n"
		    "low.yaml:1:10: there is no key `job`; did you mean `jobs`?\n");
}

TEST(runbook, circles_and_depth_are_refused)
{
	put("a.yaml", "include: [b.yaml]\n");
	put("b.yaml", "include: [c.yaml, ./a.yaml]\n");
	put("c.yaml", "include: [c.yaml, none.yaml]\n");
	expect_read("a.yaml", &nothing,
		    "c.yaml:1:11: `include`: c.yaml is included by itself\n"
		    "c.yaml:1:19: none.yaml cannot be read: No such file or directory\n"
		    "b.yaml:1:19: `include`: ./a.yaml is included by itself\n");
	for (int i = 0; i < 20; i++) {
		CLEAN_FREE char *name = xasprintf("deep%d.yaml", i);
		CLEAN_FREE char *content = xasprintf("include: [deep%d.yaml]\n", i + 1);
		put(name, content);
	}
	expect_read("deep0.yaml", &nothing,
		    "deep16.yaml:1:11: `include`: more than 16 files that include each other\n");
	expect_read("missing.yaml", &nothing,
		    "missing.yaml: it cannot be read: No such file or directory\n");
}

/* Each file includes the next one twice: that would be 2^15 files. */
TEST(runbook, files_are_counted)
{
	for (int i = 0; i < 15; i++) {
		CLEAN_FREE char *name = xasprintf("n%d.yaml", i);
		CLEAN_FREE char *content =
			xasprintf("include: [n%d.yaml, n%d.yaml]\n", i + 1, i + 1);
		put(name, content);
	}
	put("n15.yaml", "title: x\n");
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct runbook *runbook = NULL;
	EXPECT(read_in("n0.yaml", &nothing, &runbook, &problems) > 0);
	EXPECT(strstr(problems.buf, "more than 64 files are included\n") != NULL);
}

TEST(runbook, variables_come_from_four_places)
{
	static const char *const environment[] = {"ASSAY_VAR_C=environment",
						  "ASSAY_VAR_D=environment", "ASSAY_VAR_OTHER=x",
						  "C=no", NULL};
	static const char *const settings[] = {"d=set${a}$$"};
	CLEAN_FREE char *variables = xasprintf("%s/v.yaml", test_folder());
	struct runbook_inputs inputs = {.environment = environment,
					.settings = settings,
					.setting_count = 1,
					.variables_path = variables};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("v.yaml", "b: file\nc: file\nd: file\n");
	put("r.yaml", "variables: {a: own, b: own, c: own, d: own}\n"
		      "images: ['${a}', '${b}', '${c}', '${d}', 'x$${a}']\n");
	EXPECT_NUMBER(read_in("r.yaml", &inputs, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	if (!runbook)
		return;
	const struct runbook_image *images = runbook->images.items;
	EXPECT_TEXT(images[0].path.text, "own");
	EXPECT_TEXT(images[1].path.text, "file");
	EXPECT_TEXT(images[2].path.text, "environment");
	EXPECT_TEXT(images[3].path.text, "set${a}$$"); /* what is put in is not looked through */
	EXPECT_TEXT(images[4].path.text, "x${a}");
}

TEST(runbook, a_file_of_variables_is_refused_with_its_place)
{
	CLEAN_FREE char *variables = xasprintf("%s/v.yaml", test_folder());
	struct runbook_inputs inputs = {.environment = no_environment, .variables_path = variables};

	put("r.yaml", "images: [a]\n");
	expect_read("r.yaml", &inputs, "v.yaml: it cannot be read: No such file or directory\n");
	put("v.yaml", "a: 1\nB: 2\nc: [x]\nd: ${a}\n");
	expect_read("r.yaml", &inputs,
		    "v.yaml:2:1: `B` is no name of a variable: a-z, 0-9 and _, a letter first\n"
		    "v.yaml:3:1: a variable is a line \"name: value\", and the value a text\n"
		    "v.yaml:4:4: a variable's value has no variables in it; $$ is a dollar sign\n");
	put("v.yaml", "- a\n");
	expect_read("r.yaml", &inputs,
		    "v.yaml:1:3: variables are a mapping, lines \"name: value\"\n");
}

TEST(runbook, secrets_are_in_no_problem)
{
	static const char *const environment[] = {"ASSAY_VAR_TOKEN=hunter2hunter", NULL};
	struct runbook_inputs inputs = {.environment = environment};

	put("r.yaml", "secrets: [token]\nimages: ['https://x:${token}@y/z']\n"
		      "limits: {jobs: \"${token}\", run: \"a${token}\"}\n");
	expect_read("r.yaml", &inputs,
		    "r.yaml:3:17: `jobs` is a number from 1 to 1024, not '***'\n"
		    "r.yaml:3:34: `run` is a time such as 90s, 5m or 2h, not 'a***'\n");
	secret_forget();
}

TEST(runbook, rows_come_from_csv)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("r.yaml", "images: [a, 'b,c']\nsizes: [small, tiny]\ncombine: {csv: rows.csv}\n");
	put("rows.csv", "image,size\r\n\"b,c\",tiny\r\na,\n\n");
	EXPECT_NUMBER(read_in("r.yaml", &nothing, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(runbook ? runbook->rows.count : 0, 2);
	if (!runbook || runbook->rows.count != 2)
		return;
	EXPECT_NUMBER(runbook->combine, RUNBOOK_ROWS);
	EXPECT_TEXT(runbook->rows.items[0].items[0].value.text, "b,c");
	EXPECT_NUMBER(runbook->rows.items[0].items[1].value.place.line, 2);
	EXPECT_NUMBER(runbook->rows.items[0].items[1].value.place.column, 7);
	EXPECT_NUMBER(runbook->rows.items[1].count, 1);
	put("rows.csv", "image,sise\nd,tiny\na\n");
	expect_read("r.yaml", &nothing,
		    "rows.csv:3:1: this row has 1 cells, the first line 2\n"
		    "rows.csv:2:1: image has no value 'd'; did you mean 'a'?\n"
		    "rows.csv:1:7: there is no axis 'sise'; did you mean 'size'?\n");
	put("rows.csv", "image\n");
	expect_read("r.yaml", &nothing, "r.yaml:3:16: rows.csv has no rows\n");
}

TEST(runbook, csv_of_other_programs)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("r.yaml", "images: [a, b]\ncombine: {csv: rows.csv}\n");
	put("rows.csv", "\xef\xbb\xbfimage\na\n");
	EXPECT_NUMBER(read_in("r.yaml", &nothing, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	put("rows.csv", "image,size\na,\"default\nb,default\n");
	expect_read("r.yaml", &nothing,
		    "rows.csv:2:3: the quotation mark that begins this cell is not closed\n");
	put("rows.csv", "image,size,image\na,default,b\n");
	expect_read("r.yaml", &nothing, "rows.csv:1:12: the first line names 'image' twice\n");
}

TEST(runbook, misspelt_names_in_a_file_of_variables)
{
	CLEAN_FREE char *file = xasprintf("%s/v.yaml", test_folder());
	struct runbook_inputs inputs = {.environment = no_environment, .variables_path = file};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("r.yaml", "variables: {place: /srv, release: 12}\nimages: [\"${place}/a\"]\n");
	put("v.yaml", "plcae: /mnt\nof_another_runbook: 1\nrelease: 13\n");
	EXPECT_NUMBER(read_in("r.yaml", &inputs, &runbook, &problems), 1);
	EXPECT(strstr(problems.buf,
		      "v.yaml:1:1: the runbook has no variable `plcae`; did you mean `place`?\n"));
	text_clear(&problems);
	runbook_free(runbook);
	runbook = NULL;
	put("v.yaml", "place: /mnt\nof_another_runbook: 1\n");
	EXPECT_NUMBER(read_in("r.yaml", &inputs, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
}

TEST(runbook, empty_lines_are_no_rows)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("r.yaml", "images: [a, b]\ncombine: {csv: rows.csv}\n");
	put("rows.csv", "image\na\n\nb\n\n");
	EXPECT_NUMBER(read_in("r.yaml", &nothing, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(runbook ? runbook->rows.count : 0, 2);
}

TEST(runbook, sizes_come_from_files)
{
	CLEAN_FREE char *own = xasprintf("%s/own.yaml", test_folder());
	const char *const paths[] = {own};
	struct runbook_inputs inputs = {
		.environment = no_environment, .size_paths = paths, .size_path_count = 1};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("r.yaml",
	    "images: [a]\nsize_files: [book.yaml]\nsizes: [web, db, Standard_D2s_v5, 'Standard_M176*']\n");
	put("book.yaml", "sizes:\n  web: {cpus: 3}\n  db: {cpus: 4}\n");
	put("own.yaml", "sizes:\n  web: {cpus: 5}\n");
	EXPECT_NUMBER(read_in("r.yaml", &inputs, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(runbook ? runbook->sizes.count : 0, 5);
	if (!runbook || runbook->sizes.count != 5)
		return;
	EXPECT_NUMBER(runbook->sizes.items[0].size.cpus, 5);
	EXPECT_NUMBER(runbook->sizes.items[1].size.cpus, 4);
	EXPECT_NUMBER(runbook->sizes.items[2].size.mem_mib, 8192);
	EXPECT_NUMBER(runbook->sizes.items[3].size.cpus, 176);
	put("book.yaml", "sizes:\n  db: {cpu: 4}\n");
	expect_read(
		"r.yaml", &inputs,
		"book.yaml:2:8: there is no key `cpu`; did you mean `cpus`?\n"
		"r.yaml:3:14: `sizes`: no size is called 'db'; `assay list --sizes` shows them\n");
}

/* ---- what the manual shows ---- */

/* The last example between .Bd and .Ed; "" when the manual is not there. */
static char *manual_example(const char *name)
{
	CLEAN_FREE char *below = xasprintf("../docs/man/%s", name);
	CLEAN_TEXT struct text manual = TEXT_INIT(1U << 20);
	char path[SHIPPED_PATH_MAX];
	struct err e = {0};

	if (shipped_find(below, path, &e) < 0)
		test_skip("the manual is not beside the build");
	EXPECT_NUMBER(text_read_file(&manual, path), 0);
	const char *section = strstr(manual.buf, ".Sh EXAMPLES\n");
	const char *begin = section ? strstr(section, ".Bd -literal\n") : NULL;
	const char *end = begin ? strstr(begin, ".Ed\n") : NULL;
	EXPECT(end != NULL);
	if (!end)
		return xstrdup("");
	begin += strlen(".Bd -literal\n");
	return xasprintf("%.*s", (int)(end - begin), begin);
}

TEST(runbook, the_manuals_example_is_one)
{
	static const char *const environment[] = {"ASSAY_VAR_TOKEN=hunter2hunter", NULL};
	struct runbook_inputs inputs = {.environment = environment};
	CLEAN_FREE char *example = manual_example("assay-runbook.5");
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	put("r.yaml", example);
	EXPECT_NUMBER(read_in("r.yaml", &inputs, &runbook, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	secret_forget();
	if (!runbook)
		return;
	EXPECT_NUMBER(runbook->images.count, 2);
	EXPECT_TEXT(runbook->images.items[0].file, "/srv/images/debian-12.qcow2");
	EXPECT_NUMBER(runbook->sizes.count, 3);
	EXPECT_NUMBER(runbook->constraints.count, 2);
	EXPECT_TEXT(runbook_value_name(runbook, RUNBOOK_VARIANT, 0, 0),
		    "https://ci:hunter2hunter@registry.example");
	EXPECT_NUMBER(runbook->cases.overrides.count, 1);
}

TEST(runbook, the_manuals_sizes_are_some)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	CLEAN_FREE char *example = manual_example("assay-sizes.5");
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	EXPECT_NUMBER(size_table_parse(table, "s", example, strlen(example), &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	const struct size *size = size_table_find(table, "web-data");
	EXPECT(size && size->data_disks == 2 && size->mem_mib == 4096 && size->tpm);
}
