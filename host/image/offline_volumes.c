/* SPDX-License-Identifier: Apache-2.0 */
/* The logical volumes of an offline tree, and what else may hold a system that is not read. */
#include <stdio.h>
#include <string.h>

#include "host/image/lvm.h"
#include "host/image/offline_state.h"

#define PLACE_MAX 300

/* ---- logical volumes ---- */

/* Which of the filesystems are physical volumes. */
struct members {
	struct mounted *all[LVM_MEMBERS_MAX];
	const struct span *spans[LVM_MEMBERS_MAX];
	unsigned count;
};

static void find_members(struct offline *offline, struct members *ret)
{
	*ret = (struct members){.count = 0};
	for (unsigned i = 0; i < offline->count && ret->count < LVM_MEMBERS_MAX; i++) {
		struct mounted *fs = &offline->filesystems[i];
		if (strcmp(fs->facts.type, "LVM2_member") != 0)
			continue;
		ret->all[ret->count] = fs;
		ret->spans[ret->count++] = fs->span;
	}
}

/* False when there are too many. */
static bool add_volume(struct offline *offline, int probe_fd, const struct members *members,
		       struct lvm_volume *volume)
{
	struct mounted *fs = offline_probe(offline, probe_fd, STEAL_PTR(volume->span));

	if (!fs)
		return false;
	if (fs->span) {
		const struct offline_filesystem *below = &members->all[volume->member]->facts;
		fs->facts.below_offset = below->offset;
		fs->facts.below_size = below->size;
	}
	memcpy(fs->facts.volume, volume->mapped_name, sizeof fs->facts.volume);
	if (volume->problem[0])
		(void)snprintf(fs->facts.problem, sizeof fs->facts.problem,
			       "the logical volume %.60s/%.60s %.150s", volume->group, volume->name,
			       volume->problem);
	return true;
}

/* ---- problems ---- */

static const char *place_of(const struct offline_filesystem *facts, char place[PLACE_MAX])
{
	if (facts->volume[0])
		(void)snprintf(place, PLACE_MAX, "the logical volume %.200s", facts->volume);
	else if (facts->partition.number)
		(void)snprintf(place, PLACE_MAX, "partition %u", facts->partition.number);
	else
		(void)snprintf(place, PLACE_MAX, "the disk");
	return place;
}

static void note_problem(struct offline_filesystem *facts)
{
	static const struct closed {
		const char *type, *words;
	} closed[] = {
		{"crypto_LUKS", "is encrypted (LUKS)"},
		{"linux_raid_member", "is part of a Linux RAID"},
		{"LVM2_member", "holds a volume group of LVM"},
		{"zfs_member", "is part of a ZFS pool"},
	};
	char place[PLACE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(closed); i++)
		if (!facts->problem[0] && !facts->is_opened &&
		    strcmp(facts->type, closed[i].type) == 0)
			(void)snprintf(facts->problem, sizeof facts->problem, "%s %s",
				       place_of(facts, place), closed[i].words);
}

static void judge_member(struct offline_filesystem *facts, const char *problem, bool has_all)
{
	char place[PLACE_MAX];

	if (!problem[0] && has_all)
		facts->is_opened = true;
	else if (problem[0])
		(void)snprintf(facts->problem, sizeof facts->problem, "%s is a physical volume: %s",
			       place_of(facts, place), problem);
}

void offline_add_volumes(struct offline *offline, int probe_fd)
{
	struct members members;

	find_members(offline, &members);
	if (members.count > 0) {
		CLEANUP(lvm)
		struct lvm *lvm = lvm_open(offline->chunks, members.spans, members.count);
		struct lvm_volume *volume;
		bool has_all = true;
		for (unsigned n = 0; (volume = lvm_volume(lvm, n)) != NULL; n++)
			has_all &= add_volume(offline, probe_fd, &members, volume);
		for (unsigned i = 0; i < members.count; i++)
			judge_member(&members.all[i]->facts, lvm_member_problem(lvm, i), has_all);
	}
	for (unsigned i = 0; i < offline->count; i++)
		note_problem(&offline->filesystems[i].facts);
}
