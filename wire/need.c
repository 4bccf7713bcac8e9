/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing the needs of a case, and who judges which kind. */
#include "wire/need.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Sorted by name; a unit test says so. */
static const struct need_kind {
	const char *name;
	bool of_plan;
} need_kinds[] = {
	{"apparmor", false},	 {"arch", false},    {"cloud-init", false}, {"cmd", false},
	{"cpuflag", false},	 {"cpus", true},     {"cpus-max", true},    {"dev", true},
	{"disk", true},		 {"disks", true},    {"distro", false},	    {"fs", false},
	{"hotplug-slots", true}, {"image", true},    {"iso", true},	    {"kconfig", false},
	{"kernel", true},	 {"kmod", false},    {"kvm", true},	    {"mem_mb", true},
	{"memory-slots", true},	 {"nested", true},   {"netpeer", true},	    {"nic", true},
	{"nics", true},		 {"numa", true},     {"nvme", true},	    {"payload", true},
	{"policy", true},	 {"reboot", true},   {"repo", true},	    {"root", false},
	{"secureboot", true},	 {"selinux", false}, {"smt", true},	    {"swap", false},
	{"systemd", false},	 {"tpm", true},	     {"uefi", true},	    {"vms", true},
};

static const struct need_kind *find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(need_kinds); i++) {
		if (strcmp(name, need_kinds[i].name) == 0)
			return &need_kinds[i];
	}
	return NULL;
}

/* Copies [from, to) with the blanks around it taken off. */
static void copy_span(const char *from, const char *to, char *buf, size_t size)
{
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	(void)snprintf(buf, size, "%.*s", (int)(to - from), from);
}

/* Takes the word apart. What cannot be understood stays whole in `kind`, so that it is an unknown kind. */
static void split_word(struct need *need)
{
	const char *more = strstr(need->text, ">="), *colon = strchr(need->text, ':');
	const char *end = need->text + strlen(need->text);

	need->name[0] = '\0';
	need->at_least = 0;
	if (more && number_parse(more + 2, 0, LLONG_MAX, &need->at_least) == 0) {
		copy_span(need->text, more, need->kind, sizeof need->kind);
	} else if (colon && !more) {
		copy_span(need->text, colon, need->kind, sizeof need->kind);
		copy_span(colon + 1, end, need->name, sizeof need->name);
	} else {
		copy_span(need->text, end, need->kind, sizeof need->kind);
	}
}

bool need_next(const char **at, struct need *ret)
{
	while (*at && **at) {
		const char *from = *at, *to = from + strcspn(from, ",");

		*at = *to ? to + 1 : to;
		copy_span(from, to, ret->text, sizeof ret->text);
		if (ret->text[0] == '\0' || strcmp(ret->text, "-") == 0)
			continue;
		split_word(ret);
		return true;
	}
	return false;
}

bool needs_name(const char *needs, const char *word)
{
	struct need need;

	while (need_next(&needs, &need))
		if (strcmp(need.text, word) == 0)
			return true;
	return false;
}

long long needs_number(const char *needs, const char *kind)
{
	long long most = 0;
	struct need need;

	while (need_next(&needs, &need))
		if (strcmp(need.kind, kind) == 0 && need.at_least > most)
			most = need.at_least;
	return most;
}

bool need_is_of_plan(const struct need *need)
{
	const struct need_kind *kind = find_kind(need->kind);

	return kind && kind->of_plan;
}

bool need_is_known(const struct need *need)
{
	return find_kind(need->kind) != NULL;
}

const char *need_kind_at(size_t at)
{
	return at < ARRAY_LEN(need_kinds) ? need_kinds[at].name : NULL;
}
