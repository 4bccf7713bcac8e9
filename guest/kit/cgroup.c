/* SPDX-License-Identifier: Apache-2.0 */
/* A control group of the case's own. */
#include "guest/kit/cgroup.h"

#include "guest/kit/knob.h"
#include "guest/kit/mounts.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

bool cgroup_is_v2(void)
{
	return access(CGROUP_ROOT "/cgroup.controllers", F_OK) == 0;
}

void cgroup_write(struct trial *t, const char *group, const char *file, const char *value)
{
	const char *path = case_format(t, "%s/%s", group, file);
	int r = knob_write(path, value);

	errno = -r;
	if (r < 0)
		case_broken(t, "write %s into %s: %m", value, path);
}

static void remove_group(void *arg)
{
	/* What is still in it moves up, or the folder stays busy. */
	(void)rmdir(arg);
}

/* Where the hierarchy of version 1 with that controller is mounted, with NULL the unified one; NULL: nowhere. */
static const char *find_hierarchy(struct trial *t, const char *controller, bool *ret_has_any)
{
	const char *at = mounts_text(t), *found = NULL;
	struct mount_entry entry;

	*ret_has_any = false;
	while (mounts_next(t, &at, &entry)) {
		bool is_unified = strcmp(entry.type, "cgroup2") == 0,
		     is_old = strcmp(entry.type, "cgroup") == 0;
		*ret_has_any |= is_unified || is_old;
		if (controller ? is_old && mount_has_option(entry.super_options, controller)
			       : is_unified)
			found = entry.where;
	}
	return found;
}

static const char *make_group(struct trial *t, const char *parent, const char *name)
{
	const char *group = case_format(t, "%s/assay-%s-%d", parent, name, getpid());

	REQUIRE_OK(t, mkdir(group, 0700));
	case_defer(t, remove_group, (void *)(uintptr_t)group);
	return group;
}

const char *cgroup_new(struct trial *t, const char *controller)
{
	bool has_any;
	const char *parent = find_hierarchy(t, controller, &has_any);

	if (!has_any)
		case_skip(t, "cgroup", "nothing has mounted control groups");
	if (cgroup_is_v2()) {
		REQUIRE_OK(t, knob_write(CGROUP_ROOT "/cgroup.subtree_control",
					 case_format(t, "+%s", controller)));
		parent = CGROUP_ROOT;
	}
	return make_group(t, parent ? parent : case_format(t, CGROUP_ROOT "/%s", controller),
			  controller);
}

const char *cgroup_new_unified(struct trial *t)
{
	bool has_any;
	const char *parent = find_hierarchy(t, NULL, &has_any);

	if (!parent)
		case_skip(t, has_any ? "policy:cgroup" : "cgroup",
			  "the unified hierarchy is not mounted");
	return make_group(t, parent, "unified");
}

long long cgroup_count(struct trial *t, const char *group, const char *file, const char *key,
		       long long fallback)
{
	const char *text = file_text(t, case_format(t, "%s/%s", group, file));
	size_t length = strlen(key);
	long long value;

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ' &&
		    number_parse(line + length + 1, 0, INT64_MAX, &value) == 0)
			return value;
	}
	return fallback;
}

int cgroup_enter(const char *group)
{
	char path[512];

	(void)snprintf(path, sizeof path, "%s/cgroup.procs", group);
	return knob_write(path, "0");
}
