/* SPDX-License-Identifier: Apache-2.0 */
/* Folders with cases that are programs: what they say, and every way in which they are refused. */
#include "host/catalog/case_folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"

#define MINIMAL "title: It holds\narea: own\nname: it_holds\nprogram: check\nwhere: guest\n"

static void expect_problems(const char *yaml, const char *want)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(case_folder)
	struct case_folder *folder = case_folder_parse("f", yaml, strlen(yaml), &problems);

	EXPECT((folder == NULL) == (problems.length > 0));
	EXPECT_TEXT(problems.buf, want);
}

TEST(case_folder, few_keys_are_needed)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(case_folder)
	struct case_folder *folder = case_folder_parse("f", MINIMAL, strlen(MINIMAL), &problems);

	EXPECT_TEXT(problems.buf, "");
	EXPECT(folder != NULL);
	EXPECT_TEXT(folder->info.title, "It holds");
	EXPECT_NUMBER(folder->info.kind, CASE_KIND_GUEST);
	EXPECT_NUMBER(folder->info.priority, P2);
	EXPECT_NUMBER(folder->info.isolation, ISOLATION_FORK);
	EXPECT_NUMBER(folder->info.timeout_s, 0);
	EXPECT_NUMBER(folder->info.sabotage.kind, SABOTAGE_NONE);
	EXPECT_TEXT(folder->info.needs, "");
	EXPECT(folder->info.program == &folder->program);
	EXPECT(!folder->program.speaks_tap);
	EXPECT_TEXT(folder->program.files[0], "check");
	EXPECT(folder->program.files[1] == NULL);
}

TEST(case_folder, all_keys_are_read)
{
	static const char yaml[] = MINIMAL
		"reports: tap\npriority: P0\nisolation: shared\nneeds: [systemd, 'cpus>=2']\nexpects: [oops, kernel-panic]\ntimeout: 30\n"
		"files: [data/a, check, b]\nsabotage: {text: It does not, program: plant}\nwhy: w\nremedy: r\n"
		"fixes: c\nsources: s\n";
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(case_folder)
	struct case_folder *folder = case_folder_parse("f", yaml, strlen(yaml), &problems);

	EXPECT_TEXT(problems.buf, "");
	EXPECT(folder->program.speaks_tap);
	EXPECT_NUMBER(folder->info.priority, P0);
	EXPECT_NUMBER(folder->info.isolation, ISOLATION_SHARED);
	EXPECT_TEXT(folder->info.needs, "systemd,cpus>=2");
	EXPECT_TEXT(folder->info.expects, "oops,kernel-panic");
	EXPECT_NUMBER(folder->info.timeout_s, 30);
	EXPECT_NUMBER(folder->info.sabotage.kind, SABOTAGE_CODE);
	EXPECT_TEXT(folder->info.sabotage.text, "It does not");
	EXPECT_TEXT(folder->program.sabotage, "plant");
	static const char *const names[] = {"check", "plant", "data/a", "b"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		EXPECT_TEXT(folder->program.files[i], names[i]);
	EXPECT(folder->program.files[ARRAY_LEN(names)] == NULL);
}

TEST(case_folder, slips_are_told_with_place_and_nearest_word)
{
	expect_problems(
		"titel: It holds\narea: Own\nname: it-holds\nprogram: /bin/check\nwhere: gest\n"
		"needs: [systmd, 'a,b']\nfiles: [../x, '$x', -x, a//b]\ntimeout: 0\nisolation: frok\n",
		"f/case.yaml:1:1: there is no key `titel`; did you mean `title`?\n"
		"f/case.yaml:2:7: `area`: 'Own' is not of a-z, 0-9 and _ alone (at most 63)\n"
		"f/case.yaml:3:7: `name`: 'it-holds' is not of a-z, 0-9 and _ alone (at most 63)\n"
		"f/case.yaml:4:10: `program`: '/bin/check' is not the name of a file in the case's folder\n"
		"f/case.yaml:5:8: `where` is guest or host, not 'gest'; did you mean 'guest'?\n"
		"f/case.yaml:6:9: `needs`: nobody knows the need 'systmd'; did you mean 'systemd'?\n"
		"f/case.yaml:6:18: `needs`: 'a,b' is not one need; a list has one in each entry\n"
		"f/case.yaml:7:9: `files`: '../x' is not the name of a file in the case's folder\n"
		"f/case.yaml:7:16: `files`: '$x' has others than letters, digits and ._+-/ in it\n"
		"f/case.yaml:7:21: `files`: '-x' is not the name of a file in the case's folder\n"
		"f/case.yaml:7:25: `files`: 'a//b' is not the name of a file in the case's folder\n"
		"f/case.yaml:8:10: `timeout` is a number from 1 to 86400, not '0'\n"
		"f/case.yaml:9:12: `isolation` is shared, fork, reboot or cold, not 'frok'; did you mean 'fork'?\n"
		"f/case.yaml:1:1: the file lacks the key `title`\n");
}

TEST(case_folder, what_makes_no_sense_is_told)
{
	static const char either[] =
		"`sabotage` has either a `program` that plants the defect or an `argument` with which "
		"the case's own program does\n";
	CLEAN_FREE char *want = xasprintf("f/case.yaml:6:12: %s", either);

	expect_problems(MINIMAL "sabotage: {text: x}\n", want);
	expect_problems(MINIMAL "sabotage: {text: x, program: a, argument: b}\n", want);
	expect_problems(MINIMAL "sabotage: {program: a}\n",
			"f/case.yaml:6:12: sabotage lacks the key `text`\n");
	expect_problems(
		MINIMAL "isolation: reboot\n",
		"f/case.yaml:6:12: `isolation`: what runs in the guest does not outlive a reboot; "
		"`where: host` does\n");
	expect_problems(MINIMAL "sabotage: {text: A stop., argument: x}\n",
			"f/case.yaml:6:18: `text`: it is a sentence without the stop at its end\n");
}

/* ---- folders ---- */

static void write_file(const char *folder, const char *name, const char *content, mode_t mode)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	EXPECT(file != NULL);
	(void)fputs(content, file);
	(void)fclose(file);
	EXPECT(chmod(path, mode) == 0);
}

static char *make_case(const char *parent, const char *name, const char *yaml, mode_t mode)
{
	char *folder = xasprintf("%s/%s", parent, name);

	EXPECT(mkdir(folder, 0755) == 0);
	write_file(folder, CASE_FILE, yaml, 0644);
	write_file(folder, "check", "#!/bin/sh\n", mode);
	return folder;
}

static unsigned add(struct case_folders *folders, const char *path, struct text *problems)
{
	text_clear(problems);
	return case_folders_add(folders, path, problems);
}

TEST(case_folders, are_found_and_sorted)
{
	CLEANUP(case_folders) struct case_folders *folders = case_folders_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_FREE char *group = xasprintf("%s/group", test_folder());

	EXPECT(mkdir(group, 0755) == 0);
	CLEAN_FREE char *b = make_case(test_folder(), "b", MINIMAL, 0755);
	CLEAN_FREE char *a = make_case(
		group, "a", "title: A\narea: own\nname: a\nprogram: check\nwhere: host\n", 0755);
	CLEAN_FREE char *slash = xasprintf("%s/", test_folder());
	EXPECT_NUMBER(add(folders, slash, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(folders->all.count, 2);
	EXPECT_TEXT(folders->all.items[0]->info.name, "it_holds");
	EXPECT_TEXT(folders->all.items[0]->program.folder, b);
	EXPECT_TEXT(folders->all.items[1]->program.folder, a);
	EXPECT_NUMBER(folders->all.items[1]->info.kind, CASE_KIND_HOST);
}

static void expect_refused(struct case_folders *folders, const char *path, const char *why)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	EXPECT_NUMBER(add(folders, path, &problems), 1);
	EXPECT(strstr(problems.buf, why) != NULL);
}

TEST(case_folders, bad_ones_are_refused)
{
	CLEANUP(case_folders) struct case_folders *folders = case_folders_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_FREE char *none = xasprintf("%s/none", test_folder());
	CLEAN_FREE char *first = make_case(test_folder(), "a", MINIMAL, 0755);
	CLEAN_FREE char *second = make_case(test_folder(), "b", MINIMAL, 0755);
	CLEAN_FREE char *cannot = make_case(test_folder(), "c", MINIMAL, 0644);
	CLEAN_FREE char *lost = make_case(test_folder(), "d", MINIMAL "files: [gone]\n", 0755);
	CLEAN_FREE char *folder = make_case(test_folder(), "e", MINIMAL "files: [.]\n", 0755);
	CLEAN_FREE char *check = xasprintf("%s/check", cannot);

	expect_refused(folders, none, "none: there is no such folder\n");
	EXPECT(mkdir(none, 0755) == 0);
	expect_refused(folders, none, "none: neither it nor a folder below it holds a case.yaml\n");
	expect_refused(folders, cannot, "/c/case.yaml:4:10: ");
	expect_refused(folders, cannot, "/check cannot be executed; chmod +x\n");
	expect_refused(folders, lost, "/d/case.yaml:6:9: ");
	expect_refused(folders, lost, "/gone is not there\n");
	expect_refused(folders, folder, "/. is no regular file\n");
	EXPECT(unlink(check) == 0);
	expect_refused(folders, cannot, "/check is not there\n");
	EXPECT_NUMBER(add(folders, first, &problems), 0);
	expect_refused(folders, second, "/b/case.yaml:3:7: the id own.it_holds is taken by ");
	expect_refused(folders, second, "/a/case.yaml:3; ids are unique\n");
	EXPECT_NUMBER(folders->all.count, 1);
}
