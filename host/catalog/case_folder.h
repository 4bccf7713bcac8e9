/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases that are programs: a folder each, with case.yaml (assay-case(5)) and a program in any language. Reading them runs
 * nothing.
 *
 *	CLEANUP(case_folders) struct case_folders *folders = case_folders_new();
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (case_folders_add(folders, "my-cases", &problems) > 0)
 *		(problems.buf has a line for each, "my-cases/a/case.yaml:3:1: …")
 */
#ifndef ASSAY_HOST_CATALOG_CASE_FOLDER_H
#define ASSAY_HOST_CATALOG_CASE_FOLDER_H

#include "base/vec.h"
#include "base/yaml.h"
#include "wire/case_info.h"

#define CASE_FILE	 "case.yaml"
#define CASE_FOLDERS_MAX 2000

/* One case; what `info` points to is in here. */
struct case_folder {
	struct case_info info;
	struct case_program program;
	struct case_words *words;
	char *folder;
	char *path;		/* of its case.yaml */
	struct yaml_place name; /* where it has its name */
};
DEFINE_VEC(case_folder_list, struct case_folder *);

struct case_folders {
	struct case_folder_list all;
};

struct case_folders *case_folders_new(void);
void case_folders_free(struct case_folders *folders);
DEFINE_CLEANUP(case_folders);

/* Adds the case in `folder`, or those in the folders below it. Gives how many of them cannot be used; `problems` has at
 * least a line for each. That there is no case at all, or one of an id that another folder has, is a problem too. */
unsigned case_folders_add(struct case_folders *folders, const char *folder, struct text *problems)
	NONNULL(1, 2, 3);

/* One case.yaml of a folder, without a look at its files: for tests. NULL when there are problems. */
struct case_folder *case_folder_parse(const char *folder, const char *yaml, size_t length,
				      struct text *problems) NONNULL(1, 2, 4);
void case_folder_free(struct case_folder *folder);
DEFINE_CLEANUP(case_folder);

/* Adds the JSON Schema of case.yaml. */
void case_folder_schema(struct text *out) NONNULL(1);

/* True when that can be an area or a name: a-z, 0-9 and _. */
bool is_case_word(const char *word) NONNULL(1);

#endif
