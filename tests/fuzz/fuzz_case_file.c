/* SPDX-License-Identifier: Apache-2.0 */
/* case.yaml, which people write. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/catalog/case_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(case_folder)
	struct case_folder *folder =
		case_folder_parse("f", size > 0 ? (const char *)data : "", size, &problems);

	if (!folder != (problems.length > 0))
		abort();
	if (!folder)
		return 0;
	const struct case_info *info = &folder->info;
	if (!is_case_word(info->area) || !is_case_word(info->name) || !info->title[0])
		abort();
	/* Each becomes a line of a run's parameters, and a file's name in the guest. */
	if (strchr(info->needs, '\n') || strchr(folder->program.command, '\n'))
		abort();
	for (const char *const *name = folder->program.files; *name; name++)
		if ((*name)[0] == '/' || strstr(*name, "..") || strpbrk(*name, " \n'\"$`\\"))
			abort();
	return 0;
}
