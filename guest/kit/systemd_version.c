/* SPDX-License-Identifier: Apache-2.0 */
/* Which systemd a tree has: its private library carries the version in its name. */
#include "guest/kit/systemd_version.h"

#include <stdio.h>
#include <string.h>

#define LIBRARY "libsystemd-shared-"

/* "libsystemd-shared-252.so" and "libsystemd-shared-252.4-1.fc37.so" alike. */
static int look_at(void *arg, const char *name, const struct tree_stat *stat UNUSED)
{
	long long *version = arg, found;
	char digits[8];

	if (!has_prefix(name, LIBRARY))
		return 0;
	const char *from = name + strlen(LIBRARY);
	(void)snprintf(digits, sizeof digits, "%.*s", (int)strspn(from, "0123456789"), from);
	if (number_parse(digits, 1, 100000, &found) == 0 && found > *version)
		*version = found;
	return 0;
}

/* One level down: /usr/lib/x86_64-linux-gnu/systemd and its like. */
struct search {
	struct tree *tree;
	long long version;
};

static int look_below(void *arg, const char *name, const struct tree_stat *stat UNUSED)
{
	struct search *search = arg;
	char path[TREE_PATH_MAX];

	if (strstr(name, "-linux-") &&
	    snprintf(path, sizeof path, "/usr/lib/%s/systemd", name) < (int)sizeof path)
		(void)tree_list(search->tree, path, look_at, &search->version);
	return 0;
}

long long systemd_version(struct tree *tree)
{
	struct search search = {.tree = tree};

	(void)tree_list(tree, "/usr/lib/systemd", look_at, &search.version);
	if (search.version == 0)
		(void)tree_list(tree, "/lib/systemd", look_at, &search.version);
	if (search.version == 0)
		(void)tree_list(tree, "/usr/lib64/systemd", look_at, &search.version);
	if (search.version == 0)
		(void)tree_list(tree, "/usr/lib", look_below, &search);
	return search.version;
}
