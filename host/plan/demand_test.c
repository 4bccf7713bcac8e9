/* SPDX-License-Identifier: Apache-2.0 */
/* From a runbook to axes and constraints: what is combined, and where what is wrong stands. */
#include "host/plan/demand.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

static struct runbook *parsed(const char *yaml)
{
	static const char *const no_environment[] = {NULL};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	const struct runbook_inputs inputs = {.environment = no_environment};
	struct runbook *runbook = NULL;

	(void)runbook_parse("r.yaml", yaml, strlen(yaml), &inputs, &runbook, &problems);
	EXPECT_TEXT(problems.buf, "");
	return runbook;
}

static const char two_images[] = "images:\n"
				 "  - {path: a.qcow2, traits: {release: 12, arch: x86_64}}\n"
				 "  - b.qcow2\n";

/* The problems and remarks of a runbook with these images, of which the second was seen to be for aarch64. */
static void expect_told(const char *rest, const char *problems, const char *remarks)
{
	CLEAN_FREE char *yaml = xasprintf("%s%s", two_images, rest);
	CLEANUP(runbook) struct runbook *runbook = parsed(yaml);
	CLEAN_DONE(demand) struct demand demand;
	CLEAN_TEXT struct text told = TEXT_INIT(4096), remarked = TEXT_INIT(4096);
	unsigned lines = 0;

	unsigned count = demand_init(&demand, runbook, &told);
	demand_see(&demand, 1, "arch", "aarch64");
	if (count == 0)
		count = demand_bind(&demand, &told, &remarked);
	for (const char *at = told.buf; (at = strchr(at, '\n')); at++)
		lines++;
	EXPECT_TEXT(told.buf, problems);
	EXPECT_TEXT(remarked.buf, remarks);
	EXPECT_NUMBER(count, lines);
}

TEST(demand, tells_where_a_constraint_is_wrong)
{
	expect_told("constraints: [image.arch == x86_64]\n", "", "");
	expect_told("constraints:\n  - image.arch = x86_64\n",
		    "r.yaml:5:16: `constraints`: '=' is no operator: write '=='\n", "");
	expect_told(
		"constraints:\n  - size.memory > 1GiB\n  - iamge.arch == x86_64 and firmwre == uefi\n",
		"r.yaml:6:5: `constraints`: there is no axis 'iamge'; did you mean 'image'? (a value with a "
		"'.' stands in quotes)\n"
		"r.yaml:6:30: `constraints`: 'firmwre' is no axis; did you mean 'firmware'?\n",
		"");
	expect_told(
		"firmwares: [uefi]\nconstraints: [firmware == uefo]\n", "",
		"r.yaml:5:27: `constraints`: nothing has 'uefo' as its firmware; did you mean 'uefi'?\n");
	expect_told("variants: {then: [a, b]}\n",
		    "r.yaml:4:12: no axis can be called 'then': it is a word of constraints\n", "");
}

/* What further is wrong with a runbook that has problems already. */
static void expect_more(const char *yaml, const char *more)
{
	static const char *const no_environment[] = {NULL};
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX), told = TEXT_INIT(4096);
	const struct runbook_inputs inputs = {.environment = no_environment};
	CLEANUP(runbook) struct runbook *runbook = NULL;
	CLEAN_DONE(demand) struct demand demand;

	EXPECT(runbook_parse("r.yaml", yaml, strlen(yaml), &inputs, &runbook, &problems) > 0);
	EXPECT(runbook);
	if (!runbook)
		return;
	(void)demand_init(&demand, runbook, &told);
	demand_know(&demand, "distribution");
	(void)demand_check(&demand, &told);
	EXPECT_TEXT(told.buf, more);
}

TEST(demand, finds_more_in_what_has_problems)
{
	expect_more(
		"images: [a]\nlimits: {job: 2}\nmust: [{size: smal}, {}]\n"
		"constraints: [iamge == a, image.distribution == debian, image.distributoin == debian, "
		"'', size.cpus = 2]\n",
		"r.yaml:4:101: `constraints`: '=' is no operator: write '=='\n"
		"r.yaml:4:15: `constraints`: 'iamge' is no axis; did you mean 'image'?\n"
		"r.yaml:4:57: `constraints`: no item of the axis 'image' has a trait 'distributoin'; did "
		"you mean 'distribution'?\n");
	/* Which traits there were to be is not known: only the words are judged. */
	expect_more("images: [{path: a, triats: {owner: us}}]\n"
		    "constraints: [image.owner == us, image.owner = us]\n",
		    "r.yaml:2:46: `constraints`: '=' is no operator: write '=='\n");
	expect_more("images: [a, {nmae: b}]\nvariants: {size: [a], ok: [x, x], no: 1}\n"
		    "hosts: [{}, {name: x, qemu: -y}]\nconstraints: [owner == us]\n",
		    "");
}

TEST(demand, says_before_seeing)
{
	CLEANUP(runbook) struct runbook *runbook = parsed(two_images);
	CLEAN_DONE(demand) struct demand demand;
	CLEAN_TEXT struct text told = TEXT_INIT(4096);

	EXPECT_NUMBER(demand_init(&demand, runbook, &told), 0);
	const struct axis *images = demand.axes.list.items[DEMAND_IMAGE];
	demand_see(&demand, 0, "arch", "aarch64");
	demand_see(&demand, 1, "arch", "aarch64");
	int arch = axis_find_trait(images, "arch");
	EXPECT_TEXT(axis_value(images->items.items[0], arch)->text, "x86_64");
	EXPECT_TEXT(axis_value(images->items.items[1], arch)->text, "aarch64");
	EXPECT_TEXT(demand.axes.list.items[DEMAND_FIRMWARE]->items.items[0]->name.text, "auto");
	EXPECT_TEXT(demand.axes.list.items[DEMAND_HOST]->items.items[0]->name.text, "default");
	EXPECT_TEXT(demand.axes.list.items[DEMAND_SIZE]->items.items[0]->name.text, "default");
}

TEST(demand, becomes_cells)
{
	CLEANUP(runbook)
	struct runbook *runbook = parsed("images: [a.qcow2, b.qcow2]\n"
					 "sizes: [small, {name: two, cpus: 2, memory: 2GiB}]\n"
					 "variants: {policy: [azure, gcp]}\n"
					 "constraints: [image == a -> size.memory >= 2GiB]\n"
					 "must: [{policy: gcp, image: b}]\n"
					 "weights: {size: {two: 9}}\n");
	CLEAN_DONE(demand) struct demand demand;
	CLEANUP(combine) struct combine *combine = NULL;
	CLEAN_TEXT struct text told = TEXT_INIT(4096), first = TEXT_INIT(4096);
	struct combine_slip slip;
	struct err e = {0};

	EXPECT_NUMBER(demand_init(&demand, runbook, &told), 0);
	EXPECT_NUMBER(demand_bind(&demand, &told, &told), 0);
	EXPECT_NUMBER(combine_make(&demand.request, &combine, &slip, &e), 0);
	EXPECT_NUMBER((long long)combine->count, 6);
	EXPECT_NUMBER((long long)combine->excluded[0], 2);
	combine_describe(&demand.axes, combine_items(combine, 0), false, &first);
	EXPECT_TEXT(first.buf, "image=b size=two policy=gcp");
}

TEST(demand, kernels_have_traits)
{
	CLEANUP(runbook)
	struct runbook *runbook =
		parsed("images: [a.qcow2, none]\n"
		       "variants: {policy: [azure, gcp]}\n"
		       "kernels: [installed, {path: old.deb, traits: {series: mine}}, new.deb]\n"
		       "constraints: [\"kernel.series >= 6.12 or kernel in (installed, old)\"]\n");
	CLEAN_DONE(demand) struct demand demand;
	CLEANUP(combine) struct combine *combine = NULL;
	CLEAN_TEXT struct text told = TEXT_INIT(4096), last = TEXT_INIT(4096);
	struct combine_slip slip;
	struct err e = {0};

	EXPECT_NUMBER(demand_init(&demand, runbook, &told), 0);
	EXPECT_TEXT(told.buf, "");
	EXPECT_NUMBER(demand_kernel_axis(&demand), 5);
	EXPECT(demand_see_kernel(&demand, 1, "series", "6.1"));
	EXPECT(demand_see_kernel(&demand, 2, "series", "6.1"));
	const struct axis *kernels = demand.axes.list.items[5];
	int series = axis_find_trait(kernels, "series");
	EXPECT_TEXT(axis_value(kernels->items.items[1], series)->text, "mine");
	EXPECT_TEXT(axis_value(kernels->items.items[2], series)->text, "6.1");
	EXPECT(!axis_value(kernels->items.items[0], series));
	EXPECT_TEXT(demand_origin(&demand, 5, 1, "series"), "runbook");
	EXPECT_TEXT(demand_origin(&demand, 5, 2, "series"), "kernel");
	EXPECT_NUMBER(demand_bind(&demand, &told, &told), 0);
	EXPECT_NUMBER(combine_make(&demand.request, &combine, &slip, &e), 0);
	EXPECT_NUMBER((long long)combine->count, 6); /* new is excluded, and none with installed */
	EXPECT_NUMBER((long long)combine->excluded[1], 2);
	combine_describe(&demand.axes, combine_items(combine, 5), false, &last);
	EXPECT_TEXT(last.buf, "image=none policy=gcp kernel=old");
}

TEST(demand, kernels_have_so_many_traits)
{
	CLEANUP(runbook) struct runbook *runbook = parsed("kernels: [bzImage]\n");
	CLEAN_DONE(demand) struct demand demand;
	CLEAN_TEXT struct text told = TEXT_INIT(4096);
	char name[32];

	EXPECT_NUMBER(demand_init(&demand, runbook, &told), 0);
	for (int i = 0; i < AXIS_TRAITS_MAX; i++) {
		(void)snprintf(name, sizeof name, "CONFIG_%d", i);
		EXPECT(demand_see_kernel(&demand, 0, name, "y"));
	}
	EXPECT(!demand_see_kernel(&demand, 0, "CONFIG_MORE", "y"));
	EXPECT(demand_see_kernel(&demand, 0, "CONFIG_0", "n"));
}

/* An error of a row is told at that row. */
TEST(demand, tells_which_row_cannot_be)
{
	CLEANUP(runbook)
	struct runbook *runbook = parsed("images: [a.qcow2]\n"
					 "firmwares: [uefi, bios]\n"
					 "constraints: [firmware == uefi]\n"
					 "must:\n"
					 "  - {firmware: uefi}\n"
					 "  - {firmware: bios}\n");
	CLEAN_DONE(demand) struct demand demand;
	struct combine *combine = NULL;
	CLEAN_TEXT struct text told = TEXT_INIT(4096);
	struct combine_slip slip;
	struct err e = {0};

	EXPECT_NUMBER(demand_init(&demand, runbook, &told), 0);
	EXPECT_NUMBER(demand_bind(&demand, &told, &told), 0);
	EXPECT_NUMBER(combine_make(&demand.request, &combine, &slip, &e), -EINVAL);
	EXPECT_TEXT(
		e.text,
		"no combination with these values satisfies the constraints; `firmware == uefi` "
		"is in the way");
	struct yaml_place place = demand_place(&demand, slip);
	EXPECT_NUMBER(place.line, 6);
	EXPECT_NUMBER(place.column, 6);
}
