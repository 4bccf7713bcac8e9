/* SPDX-License-Identifier: Apache-2.0 */
/* Names and defaults of what is known of a case. */
#include "wire/case_info.h"

#include <stdio.h>
#include <string.h>

static const struct kind_line {
	const char *name;
	unsigned timeout_s;
} kind_lines[] = {
	[CASE_KIND_AUDIT] = {"audit", 60}, /* may have to walk a whole image */
	[CASE_KIND_GUEST] = {"guest", 60}, [CASE_KIND_HOST] = {"host", 600},
	[CASE_KIND_PERF] = {"perf", 300},  [CASE_KIND_STRESS] = {"stress", 900},
	[CASE_KIND_TEST] = {"test", 900}, /* those that know it have their own */
};

static const char *const isolation_names[] = {
	[ISOLATION_SHARED] = "shared",
	[ISOLATION_FORK] = "fork",
	[ISOLATION_REBOOT] = "reboot",
	[ISOLATION_COLD] = "cold",
};

static const char *const sabotage_names[] = {
	[SABOTAGE_NONE] = "none",	    [SABOTAGE_CODE] = "code",
	[SABOTAGE_CMDLINE] = "cmdline",	    [SABOTAGE_DROP] = "drop",
	[SABOTAGE_DISK_FILE] = "disk-file", [SABOTAGE_MACHINE] = "machine",
};

const char *case_id(const struct case_info *info, char buf[CASE_ID_SIZE])
{
	(void)snprintf(buf, CASE_ID_SIZE, "%s.%s", info->area, info->name);
	return buf;
}

bool case_expects(const char *names, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = names; at && *at; at += *at == ',') {
		size_t n = strcspn(at, ",");
		if (n == length && memcmp(at, word, n) == 0)
			return true;
		at += n;
	}
	return false;
}

unsigned case_timeout_s(const struct case_info *info)
{
	return info->timeout_s ? info->timeout_s : kind_lines[info->kind].timeout_s;
}

const char *case_kind_name(enum case_kind kind)
{
	return (unsigned)kind < ARRAY_LEN(kind_lines) ? kind_lines[kind].name : "unknown";
}

const char *case_isolation_name(enum case_isolation isolation)
{
	return (unsigned)isolation < ARRAY_LEN(isolation_names) ? isolation_names[isolation]
								: "unknown";
}

const char *sabotage_kind_name(enum sabotage_kind kind)
{
	return (unsigned)kind < ARRAY_LEN(sabotage_names) ? sabotage_names[kind] : "unknown";
}

int case_kind_parse(const char *name, enum case_kind *ret)
{
	for (unsigned i = 0; i < ARRAY_LEN(kind_lines); i++) {
		if (strcmp(name, kind_lines[i].name) == 0) {
			*ret = (enum case_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The index of `name`, or -EINVAL. */
static int find_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	}
	return -EINVAL;
}

int case_isolation_parse(const char *name, enum case_isolation *ret)
{
	int found = find_name(isolation_names, ARRAY_LEN(isolation_names), name);

	if (found < 0)
		return found;
	*ret = (enum case_isolation)found;
	return 0;
}

int sabotage_kind_parse(const char *name, enum sabotage_kind *ret)
{
	int found = find_name(sabotage_names, ARRAY_LEN(sabotage_names), name);

	if (found < 0)
		return found;
	*ret = (enum sabotage_kind)found;
	return 0;
}

const char *case_priority_name(enum case_priority priority)
{
	static const char *const names[] = {"P0", "P1", "P2", "P3", "P4"};

	return (size_t)priority < ARRAY_LEN(names) ? names[priority] : "P?";
}

int case_priority_parse(const char *name, enum case_priority *ret)
{
	if (name[0] != 'P' || name[1] < '0' || name[1] > '4' || name[2] != '\0')
		return -EINVAL;
	*ret = (enum case_priority)(name[1] - '0');
	return 0;
}
