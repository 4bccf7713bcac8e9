/* SPDX-License-Identifier: Apache-2.0 */
/* Volume groups, from the metadata of their physical volumes; as lvm2's lib/format_text/import_vsn1.c takes it. */
#include "host/image/lvm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "host/image/lvm_label.h"
#include "host/image/lvm_text.h"

#define SECTOR	     512U
#define PHYSICAL_MAX 1024U
#define STRIPES_MAX  128U /* lvm2's own maximum */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+_.-"
#define NO_MEMBER    UINT32_MAX

/* A part of the disk with a label. */
struct member {
	const struct span *span;
	struct lvm_label label;
	struct lvm_text *text;	      /* NULL: none */
	const struct lvm_node *group; /* in its text */
	uint64_t sequence;	      /* of the metadata: the highest is right */
	bool is_claimed;	      /* by a group */
	char problem[280];	      /* see lvm_member_problem */
};

/* A physical volume as its group knows it. */
struct physical {
	const char *name;
	unsigned member; /* NO_MEMBER: it is not here */
	const char *id;
	uint64_t first_sector, extents;
};

DEFINE_VEC(physical_vec, struct physical);
DEFINE_VEC(volume_vec, struct lvm_volume);

struct group {
	const struct lvm_node *node;
	uint64_t extent_size; /* bytes */
	struct physical_vec physicals;
};

struct segment {
	uint64_t start, count; /* extents */
	const struct lvm_node *node;
};
DEFINE_VEC(segment_vec, struct segment);

struct lvm {
	struct chunks *chunks;
	struct member members[LVM_MEMBERS_MAX];
	unsigned member_count;
	struct volume_vec volumes;
};

/* Says why a volume cannot be read; the first reason stays. */
PRINTF(2, 3) static bool refuse(struct lvm_volume *volume, const char *format, ...)
{
	va_list args;

	if (volume->problem[0])
		return false;
	va_start(args, format);
	(void)vsnprintf(volume->problem, sizeof volume->problem, format, args);
	va_end(args);
	return false;
}

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < LVM_NAME_SIZE && name[0] != '-' &&
	       strspn(name, NAME_LETTERS) == length;
}

/* ---- physical volumes ---- */

/* Ids are written with dashes in the text, and without them in the label. */
static bool is_same_id(const char *written, const char *id)
{
	for (; *written; written++)
		if (*written != '-' && *written != *id++)
			return false;
	return *id == '\0';
}

static unsigned find_member(const struct lvm *lvm, const char *id)
{
	for (unsigned i = 0; i < lvm->member_count; i++)
		if (lvm->members[i].label.id[0] && is_same_id(id, lvm->members[i].label.id))
			return i;
	return NO_MEMBER;
}

static bool take_physical(const struct lvm *lvm, const struct lvm_node *node,
			  struct physical *physical)
{
	*physical = (struct physical){.name = node->name, .id = lvm_find_text(node, "id")};
	physical->member = find_member(lvm, physical->id);
	/* One that was away for a while has old data. */
	if (lvm_list_has(node, "flags", "MISSING"))
		physical->member = NO_MEMBER;
	return lvm_find_number(node, "pe_start", 0, INT64_MAX / SECTOR, &physical->first_sector) &&
	       lvm_find_number(node, "pe_count", 0, UINT32_MAX, &physical->extents);
}

static bool take_physicals(const struct lvm *lvm, struct group *group)
{
	const struct lvm_node *all = lvm_find(group->node, LVM_SECTION, "physical_volumes");
	struct physical physical;

	for (const struct lvm_node *node = all ? all->child : NULL; node; node = node->next)
		if (node->kind != LVM_SECTION || !take_physical(lvm, node, &physical) ||
		    !vec_add(&group->physicals, physical))
			return false;
	return true;
}

static const struct physical *find_physical(const struct group *group, const char *name)
{
	vec_each (&group->physicals, physical)
		if (strcmp(physical->name, name) == 0)
			return physical;
	return NULL;
}

/* ---- segments ---- */

/* Where on the disk `extents` extents from `from` on begin. */
static bool locate(const struct lvm *lvm, const struct group *group, struct lvm_volume *volume,
		   const struct lvm_node *area, uint64_t extents, uint64_t *ret)
{
	const struct physical *physical = find_physical(group, area->text);
	uint64_t from = area->next->number, begin, length, end;

	if (!physical)
		return refuse(volume, "lies on the volume %.60s",
			      is_name(area->text) ? area->text : "?");
	if (physical->member == NO_MEMBER)
		return refuse(volume,
			      "lies on the physical volume %.40s, which is not in this image",
			      is_name(physical->id) ? physical->id : "?");
	const struct span *span = lvm->members[physical->member].span;
	if (from > physical->extents || extents > physical->extents - from ||
	    __builtin_mul_overflow(from, group->extent_size, &begin) ||
	    __builtin_mul_overflow(extents, group->extent_size, &length) ||
	    __builtin_add_overflow(begin, physical->first_sector * SECTOR, &begin) ||
	    __builtin_add_overflow(begin, length, &end) || end > span_size(span))
		return refuse(volume, "goes beyond the end of its physical volume");
	if (volume->member == NO_MEMBER)
		volume->member = physical->member;
	*ret = span_start(span) + begin;
	return true;
}

/* stripes = [ "pv0", EXTENT, "pv1", EXTENT … ] */
static bool check_areas(const struct lvm_node *list, uint64_t count)
{
	const struct lvm_node *at = list ? list->child : NULL;

	for (; count > 0; count--, at = at->next->next)
		if (!at || at->kind != LVM_TEXT || !at->next || at->next->kind != LVM_NUMBER)
			return false;
	return at == NULL;
}

static bool add_segment(const struct lvm *lvm, const struct group *group, struct lvm_volume *volume,
			const struct segment *segment)
{
	const struct lvm_node *areas = lvm_find(segment->node, LVM_LIST, "stripes"), *area;
	uint64_t places[STRIPES_MAX], count, stripe = 0, size;
	unsigned i = 0;

	if (!lvm_find_number(segment->node, "stripe_count", 1, STRIPES_MAX, &count) ||
	    !check_areas(areas, count) ||
	    (count > 1 && !lvm_find_number(segment->node, "stripe_size", 1, UINT32_MAX, &stripe)) ||
	    segment->count % count != 0 ||
	    __builtin_mul_overflow(segment->count, group->extent_size, &size))
		return refuse(volume, "has a segment that makes no sense");
	for (area = areas->child; area; area = area->next->next)
		if (!locate(lvm, group, volume, area, segment->count / count, &places[i++]))
			return false;
	const struct span_piece piece = {
		.size = size, .stripe_size = stripe * SECTOR, .count = (unsigned)count};
	switch (span_add(volume->span, &piece, places)) {
	case 0:
		return true;
	case -E2BIG:
		return refuse(volume, "consists of more than %u pieces", SPAN_PLACES_MAX);
	case -ERANGE:
		return refuse(volume, "goes beyond the end of the disk");
	default:
		return refuse(volume, "has stripes that do not fill their extents");
	}
}

static int compare_segments(const void *a, const void *b)
{
	const struct segment *first = a, *second = b;

	return (first->start > second->start) - (first->start < second->start);
}

static bool take_segments(const struct lvm_node *node, struct segment_vec *segments)
{
	struct segment segment;

	for (const struct lvm_node *at = node->child; at; at = at->next) {
		if (at->kind != LVM_SECTION || !has_prefix(at->name, "segment"))
			continue;
		segment.node = at;
		if (!lvm_find_number(at, "start_extent", 0, UINT32_MAX, &segment.start) ||
		    !lvm_find_number(at, "extent_count", 1, UINT32_MAX, &segment.count) ||
		    !vec_add(segments, segment))
			return false;
	}
	if (segments->count > 1)
		qsort(segments->items, segments->count, sizeof segments->items[0],
		      compare_segments);
	return true;
}

/* ---- volumes ---- */

/* A segment's type without the marks behind it ("cache-pool+METADATA_FORMAT"), as far as it is a word. */
static void take_type(const struct lvm_node *node, char *out, size_t size)
{
	const char *type = lvm_find_text(node, "type");

	(void)snprintf(out, size, "%.*s", (int)strspn(type, NAME_LETTERS), type);
	out[strcspn(out, "+")] = '\0';
}

static const struct lvm_node *first_segment(const struct lvm_node *node)
{
	for (const struct lvm_node *at = node->child; at; at = at->next)
		if (at->kind == LVM_SECTION && has_prefix(at->name, "segment"))
			return at;
	return NULL;
}

static bool has_type(const struct lvm_node *node, const char *const *types)
{
	const struct lvm_node *segment = first_segment(node);
	char type[32] = "";

	if (segment)
		take_type(segment, type, sizeof type);
	for (; *types; types++)
		if (strcmp(type, *types) == 0)
			return true;
	return false;
}

/* Volumes that other volumes are made of. */
static bool is_internal(const struct lvm_node *node)
{
	static const char *const types[] = {"thin-pool", "cache-pool", "vdo-pool", "snapshot",
					    NULL};

	return !lvm_list_has(node, "status", "VISIBLE") || has_type(node, types);
}

/* While a snapshot is merged, the blocks that it has not given back yet are read from it. */
static bool is_merging(const struct group *group, const char *name)
{
	static const char *const types[] = {"snapshot", NULL};
	const struct lvm_node *all = lvm_find(group->node, LVM_SECTION, "logical_volumes");

	for (const struct lvm_node *node = all->child; node; node = node->next) {
		const struct lvm_node *segment = first_segment(node);
		if (segment && has_type(node, types) &&
		    lvm_find(segment, LVM_TEXT, "merging_store") &&
		    strcmp(lvm_find_text(segment, "origin"), name) == 0)
			return true;
	}
	return false;
}

static bool add_segments(const struct lvm *lvm, const struct group *group,
			 struct lvm_volume *volume, const struct segment_vec *segments)
{
	uint64_t at = 0;

	vec_each (segments, segment) {
		char type[32];
		take_type(segment->node, type, sizeof type);
		if (strcmp(type, "striped") != 0 && strcmp(type, "linear") != 0)
			return refuse(volume, "is of type %s", type[0] ? type : "?");
		if (segment->start != at)
			return refuse(volume, "has segments that do not follow each other");
		if (!add_segment(lvm, group, volume, segment))
			return false;
		at += segment->count;
	}
	return true;
}

static void open_volume(const struct lvm *lvm, const struct group *group,
			const struct lvm_node *node, struct lvm_volume *volume)
{
	struct segment_vec segments = VEC_INIT(SPAN_PLACES_MAX);

	(void)snprintf(volume->group, sizeof volume->group, "%s", group->node->name);
	(void)snprintf(volume->name, sizeof volume->name, "%s", node->name);
	(void)volume_name_join(volume->group, volume->name, volume->mapped_name);
	volume->member = NO_MEMBER;
	volume->span = span_new(lvm->chunks);
	if (!take_segments(node, &segments))
		(void)refuse(volume, "has more segments than are read, or some that make no sense");
	else if (segments.count == 0)
		(void)refuse(volume, "has no segments");
	else if (is_merging(group, node->name))
		(void)refuse(volume, "is having a snapshot merged into it");
	else
		(void)add_segments(lvm, group, volume, &segments);
	vec_done(&segments);
	if (volume->problem[0]) {
		span_free(volume->span);
		volume->span = NULL;
	}
}

/* ---- groups ---- */

/* Tells every member of the group why something in it is not known. */
PRINTF(3, 4)
static void tell_members(struct lvm *lvm, const struct group *group, const char *format, ...)
{
	char words[sizeof lvm->members[0].problem];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	vec_each (&group->physicals, physical) {
		if (physical->member == NO_MEMBER)
			continue;
		struct member *member = &lvm->members[physical->member];
		if (!member->problem[0])
			memcpy(member->problem, words, sizeof words);
	}
}

static bool open_volumes(struct lvm *lvm, const struct group *group)
{
	const struct lvm_node *all = lvm_find(group->node, LVM_SECTION, "logical_volumes");

	for (const struct lvm_node *node = all ? all->child : NULL; node; node = node->next) {
		struct lvm_volume volume = {0};
		if (node->kind != LVM_SECTION || !is_name(node->name))
			return false;
		if (is_internal(node))
			continue;
		if (lvm->volumes.count == LVM_VOLUMES_MAX)
			return false;
		open_volume(lvm, group, node, &volume);
		if (volume.problem[0])
			tell_members(lvm, group, "the logical volume %.60s/%.60s %.130s",
				     volume.group, volume.name, volume.problem);
		(void)vec_add(&lvm->volumes, volume);
	}
	return true;
}

static void open_group(struct lvm *lvm, const struct lvm_node *node)
{
	struct group group = {.node = node, .physicals = VEC_INIT(PHYSICAL_MAX)};
	bool ok = is_name(node->name) && take_physicals(lvm, &group) &&
		  lvm_find_number(node, "extent_size", 1, UINT32_MAX, &group.extent_size);

	group.extent_size *= SECTOR;
	vec_each (&group.physicals, physical)
		if (physical->member != NO_MEMBER)
			lvm->members[physical->member].is_claimed = true;
	if (!ok || !open_volumes(lvm, &group))
		tell_members(lvm, &group,
			     "its volume group has more than is read, or makes no sense");
	vec_done(&group.physicals);
}

/* ---- members ---- */

/* The metadata of one member: the group's section in it. */
static bool take_metadata(struct member *member, const struct text *metadata)
{
	member->text = lvm_text_parse(metadata->buf, metadata->length);
	if (!member->text)
		return false;
	const struct lvm_node *root = lvm_text_root(member->text);
	uint64_t version;
	if (strcmp(lvm_find_text(root, "contents"), "Text Format Volume Group") != 0 ||
	    !lvm_find_number(root, "version", 1, 1, &version))
		return false;
	for (const struct lvm_node *node = root->child; node; node = node->next)
		if (node->kind == LVM_SECTION && strcmp(lvm_find_text(node, "format"), "lvm2") == 0)
			member->group = node;
	return member->group &&
	       lvm_find_number(member->group, "seqno", 0, INT64_MAX, &member->sequence);
}

static void open_member(struct member *member, const struct span *span)
{
	CLEAN_TEXT struct text metadata = TEXT_INIT(LVM_METADATA_MAX);

	member->span = span;
	if (lvm_label_read(span, &member->label, &metadata) < 0 || metadata.length == 0 ||
	    take_metadata(member, &metadata))
		return;
	member->group = NULL;
	(void)snprintf(member->label.problem, sizeof member->label.problem,
		       "its LVM metadata is none that is understood");
}

/* Does another member have newer metadata of the same group, or the same, and come first? */
static bool is_superseded(const struct lvm *lvm, unsigned at)
{
	const struct member *member = &lvm->members[at];
	const char *id = lvm_find_text(member->group, "id");

	for (unsigned i = 0; i < lvm->member_count; i++) {
		const struct member *other = &lvm->members[i];
		if (i != at && other->group && strcmp(lvm_find_text(other->group, "id"), id) == 0 &&
		    (other->sequence > member->sequence ||
		     (other->sequence == member->sequence && i < at)))
			return true;
	}
	return false;
}

/* What is wrong with one member's copy of the metadata does not matter when another's tells of it. */
static void judge_member(struct member *member)
{
	const char *problem = member->label.problem;

	if (member->is_claimed)
		return;
	if (!problem[0] && member->label.is_used)
		problem = "the metadata of its volume group is not in this image";
	(void)snprintf(member->problem, sizeof member->problem, "%s", problem);
}

struct lvm *lvm_open(struct chunks *chunks, const struct span *const *members, unsigned count)
{
	struct lvm *lvm = xnew(sizeof *lvm);

	lvm->chunks = chunks;
	lvm->volumes = (struct volume_vec)VEC_INIT(LVM_VOLUMES_MAX);
	lvm->member_count = count < LVM_MEMBERS_MAX ? count : LVM_MEMBERS_MAX;
	for (unsigned i = 0; i < lvm->member_count; i++)
		open_member(&lvm->members[i], members[i]);
	for (unsigned i = 0; i < lvm->member_count; i++)
		if (lvm->members[i].group && !is_superseded(lvm, i))
			open_group(lvm, lvm->members[i].group);
	for (unsigned i = 0; i < lvm->member_count; i++)
		judge_member(&lvm->members[i]);
	return lvm;
}

void lvm_free(struct lvm *lvm)
{
	if (!lvm)
		return;
	for (unsigned i = 0; i < lvm->member_count; i++)
		lvm_text_free(lvm->members[i].text);
	vec_each (&lvm->volumes, volume)
		span_free(volume->span);
	vec_done(&lvm->volumes);
	free(lvm);
}

struct lvm_volume *lvm_volume(struct lvm *lvm, unsigned n)
{
	return n < lvm->volumes.count ? &lvm->volumes.items[n] : NULL;
}

const char *lvm_member_problem(const struct lvm *lvm, unsigned member)
{
	return member < lvm->member_count ? lvm->members[member].problem
					  : "there are more physical volumes than are read";
}
