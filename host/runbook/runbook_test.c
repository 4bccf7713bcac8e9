/* SPDX-License-Identifier: Apache-2.0 */
/* Runbooks: what is read, and every way in which they are refused, with line and column. */
#include "host/runbook/runbook.h"

#include <string.h>

#include "base/secret.h"
#include "base/test.h"

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
	struct runbook *runbook = NULL;
	unsigned lines = 0;

	unsigned count = parse(yaml, NULL, 0, &runbook, &problems);
	EXPECT_TEXT(problems.buf, want);
	for (const char *at = problems.buf; (at = strchr(at, '\n')); at++)
		lines++;
	EXPECT_NUMBER(count, lines);
	EXPECT(!runbook);
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

/* ---- what is refused ---- */

static const struct refused {
	const char *yaml, *problems;
} refused[] = {
	{"titel: x\nimages: [a]\nimages2: 3\n",
	 "r.yaml:1:1: there is no key `titel`; did you mean `title`?\n"
	 "r.yaml:3:1: there is no key `images2`; did you mean `images`?\n"},
	{"imagse: [a]\n", "r.yaml:1:1: there is no key `imagse`; did you mean `images`?\n"
			  "r.yaml:1:1: the file lacks the key `images`\n"},
	{"- a\n", "r.yaml:1:3: the file is a mapping, lines \"key: value\"\n"},
	{"images: []\n", "r.yaml:1:1: `images` has 0 entries, but 1 to 10000 are possible\n"},
};

TEST(runbook, is_refused_with_all_places)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++)
		expect_problems(row->yaml, row->problems);
}
