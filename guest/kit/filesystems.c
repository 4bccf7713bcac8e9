// SPDX-License-Identifier: Apache-2.0
// The filesystems that a tree knows of.
#include "guest/kit/filesystems.h"

#include <limits.h>

#define FACTS_MAX 4096

static const char *text_fact(struct trial *t, const char *facts, const char *key)
{
	const char *value = text_value(t, facts, key);

	return value ? value : "";
}

static long long number_fact(struct trial *t, const char *facts, const char *key)
{
	const char *value = text_value(t, facts, key);
	long long number;

	return value && number_parse(value, 0, LLONG_MAX, &number) == 0 ? number : -1;
}

static struct filesystem describe(struct trial *t, unsigned n, const char *facts)
{
	return (struct filesystem){
		.number = n,
		.type = text_fact(t, facts, "type"),
		.uuid = text_fact(t, facts, "uuid"),
		.label = text_fact(t, facts, "label"),
		.device = text_fact(t, facts, "device"),
		.mount = text_fact(t, facts, "mount"),
		.part_uuid = text_fact(t, facts, "part_uuid"),
		.part_label = text_fact(t, facts, "part_label"),
		.part_type = text_fact(t, facts, "part_type"),
		.volume = text_fact(t, facts, "volume"),
		.start = number_fact(t, facts, "start"),
		.part_start = number_fact(t, facts, "part_start"),
		.part_size = number_fact(t, facts, "part_size"),
		.clean = (int)number_fact(t, facts, "clean"),
		.errors = (int)number_fact(t, facts, "errors"),
		.is_opened = number_fact(t, facts, "is_opened") == 1,
	};
}

size_t filesystems_read(struct trial *t, struct filesystem **ret)
{
	CLEAN_TEXT struct text facts = TEXT_INIT(FACTS_MAX);
	struct filesystem *all = case_alloc(t, FILESYSTEMS_MAX * sizeof *all);
	unsigned count = 0;

	while (count < FILESYSTEMS_MAX) {
		text_clear(&facts);
		if (tree_filesystem(case_tree(t), count, &facts) < 0)
			break;
		/* The copy belongs to the trial: describing may leave it. */
		const char *copy = case_format(t, "%s", facts.buf);
		all[count] = describe(t, count, copy);
		count++;
	}
	if (count == 0) {
		text_done(&facts);
		case_skip(t, "image", "nothing is known of the filesystems here");
	}
	*ret = all;
	return count;
}

bool filesystems_hide_some(const struct filesystem *all, size_t count)
{
	static const char *const types[] = {"LVM2_member", "crypto_LUKS", "linux_raid_member",
					    "zfs_member"};

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < ARRAY_LEN(types); k++)
			if (!all[i].is_opened && strcmp(all[i].type, types[k]) == 0)
				return true;
	return false;
}

bool filesystems_have_volume(const struct filesystem *all, size_t count, const char *volume)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].volume, volume) == 0)
			return true;
	return false;
}

const struct filesystem *filesystem_of(struct trial *t, const char *where)
{
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].mount, where) == 0)
			return &all[i];
	return NULL;
}
