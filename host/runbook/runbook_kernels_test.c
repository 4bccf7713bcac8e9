/* SPDX-License-Identifier: Apache-2.0 */
/* The axis kernel of runbooks. */
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "host/runbook/runbook.h"

static const char *const no_environment[] = {NULL};

static struct runbook *parsed(const char *yaml, const char *want)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	const struct runbook_inputs inputs = {.environment = no_environment};
	struct runbook *runbook = NULL;

	(void)runbook_parse("d/r.yaml", yaml, strlen(yaml), &inputs, &runbook, &problems);
	EXPECT_TEXT(problems.buf, want);
	return runbook;
}

static void expect_refused(const char *yaml, const char *want)
{
	CLEANUP(runbook) struct runbook *runbook UNUSED = parsed(yaml, want);
}

TEST(runbook_kernels, are_an_axis)
{
	CLEANUP(runbook)
	struct runbook *runbook =
		parsed("images: [a.qcow2]\n"
		       "kernels:\n"
		       "  - installed\n"
		       "  - linux-image-6.1.0-49-amd64.deb\n"
		       "  - vmlinuz-6.12.57\n"
		       "  - {path: /k/bzImage, modules: m, name: tuned, traits: {tuned: yes}}\n"
		       "constraints: [\"kernel == installed or image == a\"]\n"
		       "must: [{kernel: tuned}]\n",
		       "");

	EXPECT_NUMBER((long long)runbook->kernels.count, 4);
	EXPECT_NUMBER((long long)runbook_value_count(runbook, RUNBOOK_KERNEL, 0), 4);
	EXPECT_TEXT(runbook_value_name(runbook, RUNBOOK_KERNEL, 0, 0), "installed");
	EXPECT(!runbook->kernels.items[0].file);
	EXPECT_TEXT(runbook->kernels.items[1].name.text, "linux-image-6.1.0-49-amd64");
	EXPECT_TEXT(runbook->kernels.items[1].file, "d/linux-image-6.1.0-49-amd64.deb");
	EXPECT_TEXT(runbook->kernels.items[2].name.text, "vmlinuz-6.12.57");
	EXPECT_TEXT(runbook->kernels.items[3].name.text, "tuned");
	EXPECT_TEXT(runbook->kernels.items[3].file, "/k/bzImage");
	EXPECT_TEXT(runbook->kernels.items[3].modules_file, "d/m");
	EXPECT_TEXT(runbook->kernels.items[3].traits.items[0].value.text, "yes");
	EXPECT_NUMBER((long long)runbook->constraints.count, 1);
}

TEST(runbook_kernels, alone_need_no_image)
{
	CLEANUP(runbook) struct runbook *runbook = parsed("kernels: [bzImage]\n", "");

	EXPECT_NUMBER((long long)runbook->images.count, 1);
	EXPECT_TEXT(runbook->images.items[0].name.text, "none");
	EXPECT(!runbook->images.items[0].file);
	EXPECT_NUMBER((long long)runbook->constraints.count, 0);
}

TEST(runbook_kernels, what_no_machine_has_is_excluded)
{
	CLEANUP(runbook)
	struct runbook *runbook = parsed("images: [a.qcow2, none]\n"
					 "kernels: [installed, bzImage]\n"
					 "firmwares: [bios, uefi]\n"
					 "constraints: [\"size == default\"]\n",
					 "");

	EXPECT_NUMBER((long long)runbook->constraints.count, 3);
	EXPECT_TEXT(runbook->constraints.items[1].text,
		    "if image == none then kernel != installed");
	EXPECT_TEXT(runbook->constraints.items[2].text, "if image == none then firmware == bios");
	EXPECT_NUMBER(runbook->constraints.items[1].place.line, 1);
	EXPECT_NUMBER(runbook->constraints.items[1].place.column, 19);
}

TEST(runbook_kernels, are_refused_with_their_place)
{
	expect_refused("images: [a]\nkernels: [{modules: m}]\n",
		       "d/r.yaml:2:12: kernels lacks the key `path`\n");
	expect_refused("images: [a]\nkernels: [b/k, c/k, {path: x, nmae: y}]\n",
		       "d/r.yaml:2:31: there is no key `nmae`; did you mean `name`?\n"
		       "d/r.yaml:2:16: `kernels`: 'k' is there twice, first in line 2\n");
	expect_refused("images: [a]\nkernels: [{path: installed, modules: m}]\n",
		       "d/r.yaml:2:38: `modules`: the installed kernel has those of its image\n");
	expect_refused(
		"images: [none]\n",
		"d/r.yaml:1:10: `images`: without an image there is only a kernel to try: say "
		"which, by `kernels`\n");
	expect_refused(
		"kernels: [installed]\nfirmwares: [uefi]\n",
		"d/r.yaml:1:11: `kernels`: installed is an image's own, and there is no image\n"
		"d/r.yaml:2:13: `firmwares`: without an image QEMU starts the kernel itself, and "
		"there is no firmware to choose\n");
	expect_refused(
		"title: nothing\n",
		"d/r.yaml:1:1: there is neither `images` nor `kernels`: what is to be tried?\n");
	expect_refused("images: [a]\nmust: [{kernel: k}]\n",
		       "d/r.yaml:2:17: the runbook has no kernels of which this could be one: add "
		       "`kernels`, with 'k' in it\n");
	expect_refused("images: [a]\nkernels: [tuned]\nmust: [{kernel: tnued}, {kernl: tuned}]\n",
		       "d/r.yaml:3:17: kernel has no value 'tnued'; did you mean 'tuned'?\n"
		       "d/r.yaml:3:26: there is no axis 'kernl'; did you mean 'kernel'?\n");
	expect_refused("images: [a]\nvariants: {kernel: [x]}\n",
		       "d/r.yaml:2:12: `variants`: 'kernel' has another meaning already\n");
	expect_refused("kernels: ['*.deb']\n",
		       "d/r.yaml:1:12: d/*.deb cannot be looked for here\n");
}

/* ---- globs ---- */

static void make_file(const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	FILE *file = fopen(path, "we");

	EXPECT(file != NULL);
	if (file)
		(void)fclose(file);
}

static struct runbook *read_book(const char *yaml, struct text *problems)
{
	CLEAN_FREE char *path = xasprintf("%s/r.yaml", test_folder());
	const struct runbook_inputs inputs = {.environment = no_environment};
	struct runbook *runbook = NULL;
	FILE *file = fopen(path, "we");

	if (file) {
		(void)fputs(yaml, file);
		(void)fclose(file);
	}
	(void)runbook_read(path, &inputs, &runbook, problems);
	return runbook;
}

/* Behind the folder's name. */
static void expect_told(const char *problems, const char *want)
{
	const char *at = strstr(problems, "r.yaml:");

	EXPECT(at && has_prefix(at, want));
}

TEST(runbook_kernels, of_a_glob_each_file_is_one)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	make_file("linux-b.deb");
	make_file("linux-a.deb");
	make_file("odd[1].deb");
	CLEANUP(runbook)
	struct runbook *runbook = read_book("kernels:\n"
					    "  - {path: 'linux-*.deb', traits: {origin: debian}}\n"
					    "  - {path: 'linux-?.deb', name: x}\n",
					    &problems);
	expect_told(problems.buf,
		    "r.yaml:3:33: `name`: 2 files fit linux-?.deb, and each needs a name "
		    "of its own: leave it away, and they are called as they are\n");
	text_clear(&problems);
	runbook_free(runbook);
	runbook = read_book("kernels:\n"
			    "  - {path: 'linux-*.deb', traits: {origin: debian}}\n"
			    "  - 'odd[1].deb'\n",
			    &problems);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER((long long)runbook->kernels.count, 3);
	EXPECT_TEXT(runbook->kernels.items[0].name.text, "linux-a");
	EXPECT_TEXT(runbook->kernels.items[1].name.text, "linux-b");
	EXPECT_TEXT(runbook->kernels.items[1].traits.items[0].value.text, "debian");
	EXPECT_TEXT(runbook->kernels.items[2].name.text, "odd[1]");
}

TEST(runbook_kernels, that_no_file_fits_is_told)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(runbook)
	struct runbook *runbook UNUSED = read_book("kernels: ['nothing-*.rpm']\n", &problems);

	expect_told(problems.buf, "r.yaml:1:12: `kernels`: no file fits ");
}
