/* SPDX-License-Identifier: Apache-2.0 */
/* Which names may stand in a tree. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/bundle/pack.h"

struct member {
	enum pack_kind kind;
	char name[];
};

struct pack_names {
	void *all; /* of struct member, by their names */
	size_t count;
	uint64_t bytes;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return strcmp(x->name, y->name);
}

struct pack_names *pack_names_new(void)
{
	return xnew(sizeof(struct pack_names));
}

void pack_names_free(struct pack_names *names)
{
	if (!names)
		return;
	tdestroy(names->all, free);
	free(names);
}

static struct member *member_new(const char *name, enum pack_kind kind)
{
	struct member *member = xnew(sizeof *member + strlen(name) + 1);

	member->kind = kind;
	memcpy(member->name, name, strlen(name) + 1);
	return member;
}

static const struct member *find(const struct pack_names *names, const char *name)
{
	CLEAN_FREE struct member *key = member_new(name, PACK_OTHER);
	struct member **found = tfind(key, &names->all, compare_members);

	return found ? *found : NULL;
}

/* ---- names ---- */

static int refuse(struct err *e, const char *name, const char *why)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(256);

	for (const char *at = name; *at; at++)
		(void)text_addf(&shown, (unsigned char)*at < 0x20 || *at == 0x7f ? "\\x%02x" : "%c",
				(unsigned char)*at);
	return err_set(e, BLAME_USER, EPERM, "its member '%s' %s", shown.buf, why);
}

const char *pack_plain(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		for (name += 1; *name == '/'; name++)
			;
	return strcmp(name, ".") == 0 ? "" : name;
}

static bool has_control(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return true;
	return false;
}

/* True for a path one of whose parts is `part`. */
static bool has_part(const char *path, const char *part)
{
	size_t length = strlen(part);

	for (const char *at = path;; at++) {
		if (strncmp(at, part, length) == 0 && (at[length] == '/' || at[length] == '\0'))
			return true;
		at = strchr(at, '/');
		if (!at)
			return false;
	}
}

static unsigned depth_of(const char *path)
{
	unsigned depth = 1;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static int check_name(const char *name, const char *plain, struct err *e)
{
	if (name[0] == '/')
		return refuse(e, name, "has an absolute name");
	if (has_control(name))
		return refuse(e, name, "has a control character in its name");
	if (has_part(plain, ".."))
		return refuse(e, name, "has '..' in its name: it would lie outside of the tree");
	if (strlen(plain) > PACK_NAME_MAX)
		return refuse(e, name, "has too long a name");
	if (depth_of(plain) > PACK_DEPTH_MAX)
		return refuse(e, name, "lies too deep");
	return 0;
}

/* Where a link's target goes from the folder that the link is in: not above the top. */
static bool leads_out(const char *plain, const char *target)
{
	long depth = (long)depth_of(plain) - 1;

	if (target[0] == '/')
		return true;
	for (const char *at = target;; at++) {
		size_t part = strcspn(at, "/");
		if (part == 2 && memcmp(at, "..", 2) == 0)
			depth--;
		else if (part > 0 && !(part == 1 && *at == '.'))
			depth++;
		if (depth < 0)
			return true;
		at += part;
		if (*at == '\0')
			return false;
	}
}

static int check_target(const struct pack_names *names, const char *name, const char *plain,
			enum pack_kind kind, const char *target, struct err *e)
{
	if (kind != PACK_LINK && kind != PACK_HARD_LINK)
		return 0;
	if (!target || target[0] == '\0' || strlen(target) > PACK_NAME_MAX || has_control(target))
		return refuse(e, name, "is a link that leads nowhere");
	if (kind == PACK_LINK)
		return leads_out(plain, target)
			       ? refuse(e, name, "is a link that leads out of the tree")
			       : 0;
	const struct member *other = find(names, pack_plain(target));
	return other && other->kind == PACK_FILE
		       ? 0
		       : refuse(e, name, "is a hard link to what is no file of the tree before it");
}

/* What lies below a link would be written where the link leads. */
static int check_parents(const struct pack_names *names, const char *name, const char *plain,
			 struct err *e)
{
	CLEAN_FREE char *folder = xstrdup(plain);

	for (char *slash; (slash = strrchr(folder, '/'));) {
		*slash = '\0';
		const struct member *parent = find(names, folder);
		if (parent && parent->kind != PACK_FOLDER)
			return refuse(e, name, "lies below another member that is no folder");
	}
	return 0;
}

/* ---- taking one ---- */

static char *plain_name(const char *name)
{
	char *plain = xstrdup(pack_plain(name));

	for (size_t length = strlen(plain); length > 1 && plain[length - 1] == '/';)
		plain[--length] = '\0';
	return plain;
}

static int check_room(const struct pack_names *names, const char *name, struct err *e)
{
	if (names->count > PACK_MEMBERS_MAX)
		return err_set(e, BLAME_USER, E2BIG, "it has more than %d members",
			       PACK_MEMBERS_MAX);
	if (names->bytes > PACK_BYTES_MAX)
		return err_set(e, BLAME_USER, EFBIG,
			       "with its member '%.200s' it has more than "
			       "%llu GiB",
			       name, PACK_BYTES_MAX >> 30);
	return 0;
}

static int check_member(const struct pack_names *names, const char *name, const char *plain,
			enum pack_kind kind, const char *target, struct err *e)
{
	int r = check_name(name, plain, e);

	if (r == 0 && kind == PACK_OTHER)
		return refuse(e, name, "is neither a file nor a folder nor a link");
	if (r == 0)
		r = check_parents(names, name, plain, e);
	return r == 0 ? check_target(names, name, plain, kind, target, e) : r;
}

int pack_names_take(struct pack_names *names, const char *name, enum pack_kind kind,
		    const char *target, uint64_t bytes, const char **ret, struct err *e)
{
	CLEAN_FREE char *plain = plain_name(name);

	names->count++;
	names->bytes += bytes < PACK_BYTES_MAX ? bytes : PACK_BYTES_MAX + 1;
	int r = check_room(names, name, e);
	if (r == 0 && plain[0] == '\0' && kind == PACK_FOLDER)
		return 0;
	if (r == 0)
		r = check_member(names, name, plain, kind, target, e);
	if (r < 0)
		return r;
	const struct member *before = find(names, plain);
	if (before && before->kind == PACK_FOLDER && kind == PACK_FOLDER)
		return 0;
	if (before || plain[0] == '\0')
		return refuse(e, name, before ? "is there twice" : "has no name");
	struct member *member = member_new(plain, kind == PACK_HARD_LINK ? PACK_FILE : kind);
	if (!tsearch(member, &names->all, compare_members))
		abort();
	*ret = member->name;
	return 1;
}
