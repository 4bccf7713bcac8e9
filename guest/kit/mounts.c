/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted. */
#include "guest/kit/mounts.h"

#include "guest/kit/line.h"

#define MOUNTS "/proc/self/mountinfo"

/* Takes the octal escapes (\040 for a blank) off. */
static const char *decode(struct trial *t, const char *word)
{
	char *copy = case_alloc(t, strlen(word) + 1), *to = copy;

	for (const char *from = word; *from; to++) {
		unsigned code;
		if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
			*to = (char)code;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	return copy;
}

/* "36 35 98:0 /part /where rw,noatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro" */
static bool parse(struct trial *t, const char *line, struct mount_entry *ret)
{
	char *copy = case_alloc(t, strlen(line) + 1), *words[WORDS_MAX];
	unsigned count = 0, dash = 0;

	memcpy(copy, line, strlen(line) + 1);
	for (char *rest = copy, *word; count < WORDS_MAX && (word = strsep(&rest, " "));)
		words[count++] = word;
	for (unsigned i = 6; i < count && dash == 0; i++) {
		if (strcmp(words[i], "-") == 0)
			dash = i;
	}
	if (dash == 0 || dash + 2 >= count ||
	    sscanf(words[2], "%u:%u", &ret->major, &ret->minor) != 2)
		return false;
	ret->root = decode(t, words[3]);
	ret->where = decode(t, words[4]);
	ret->options = words[5];
	ret->type = words[dash + 1];
	ret->what = decode(t, words[dash + 2]);
	ret->super_options = dash + 3 < count ? words[dash + 3] : "";
	return true;
}

bool mounts_next(struct trial *t, const char **at, struct mount_entry *ret)
{
	const char *line;

	while ((line = text_line(t, at))) {
		if (parse(t, line, ret))
			return true;
	}
	return false;
}

const char *mounts_text(struct trial *t)
{
	const char *text = file_text(t, MOUNTS), *at = text;
	struct mount_entry first;

	/* At least the root is mounted; what says otherwise would let a case take a mounted disk for a free one. */
	if (!text || !mounts_next(t, &at, &first))
		case_broken(t, "the kernel's list of mounts, " MOUNTS ", cannot be read");
	return text;
}

bool mounts_find(struct trial *t, const char *where, struct mount_entry *ret)
{
	const char *at = mounts_text(t);
	struct mount_entry entry;
	bool is_found = false;

	while (mounts_next(t, &at, &entry)) {
		if (strcmp(entry.where, where) == 0) {
			*ret = entry;
			is_found = true;
		}
	}
	return is_found;
}

bool mount_has_option(const char *options, const char *name)
{
	return list_has(options, name, ",");
}
