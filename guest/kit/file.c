/* SPDX-License-Identifier: Apache-2.0 */
/* How cases read files and take texts apart. */
#include <limits.h>

#include "guest/kit/trial_state.h"

#define FILE_TEXT_MAX (8U << 20)
#define NAMES_MAX     200000

/* True when a file is not there; other errors must not look like it, or a check for absence would prove nothing. */
static bool is_not_there(struct trial *t, const char *path, int error)
{
	if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP)
		return true;
	errno = -error;
	if (is_offline(t))
		case_broken(t, "read %s: %m", path);
	/* The kernel refuses to read some files of a running system; the case sees nothing, the reader of it why. */
	note(t, "read %s: %m", path);
	return true;
}

/* The kernel ends words by NUL bytes in files of its own, such as /proc/1/cmdline. */
static bool is_of_kernel(struct trial *t, const char *path)
{
	return t->setup->def->info.kind != CASE_KIND_AUDIT &&
	       (has_prefix(path, "/proc/") || has_prefix(path, "/sys/"));
}

const char *file_text(struct trial *t, const char *path)
{
	text_done(&t->scratch);
	text_init(&t->scratch, FILE_TEXT_MAX);
	int r = tree_read(t->tree, path, &t->scratch);
	if (r == -EMSGSIZE)
		case_broken(t, "%s is larger than %u MiB", path, FILE_TEXT_MAX >> 20);
	if (r < 0 && is_not_there(t, path, r))
		return NULL;
	/* What crashes leave in files. Behind the NUL a case would see nothing, and find nothing wrong. */
	if (!is_of_kernel(t, path) && memchr(t->scratch.buf, '\0', t->scratch.length))
		case_broken(t, "%s is no text: there are NUL bytes in it", path);
	char *copy = case_alloc(t, t->scratch.length + 1);
	memcpy(copy, t->scratch.buf, t->scratch.length);
	text_done(&t->scratch);
	return copy;
}

const char *file_line(struct trial *t, const char *path)
{
	const char *text = file_text(t, path);

	return text ? case_format(t, "%.*s", (int)strcspn(text, "\n"), text) : NULL;
}

bool file_stat(struct trial *t, const char *path, struct tree_stat *ret)
{
	int r = tree_stat(t->tree, path, ret);

	return r == 0 || !is_not_there(t, path, r);
}

bool file_lstat(struct trial *t, const char *path, struct tree_stat *ret)
{
	int r = tree_lstat(t->tree, path, ret);

	return r == 0 || !is_not_there(t, path, r);
}

bool file_exists(struct trial *t, const char *path)
{
	struct tree_stat st;

	return file_stat(t, path, &st);
}

const char *file_link(struct trial *t, const char *path)
{
	char target[TREE_PATH_MAX];
	int r = tree_readlink(t->tree, path, target, sizeof target);

	if (r == -EINVAL) /* no link */
		return NULL;
	if (r < 0 && is_not_there(t, path, r))
		return NULL;
	return case_format(t, "%s", target);
}

long long file_number(struct trial *t, const char *path, long long fallback)
{
	const char *line = file_line(t, path);
	long long value;

	return line && number_parse(line, LLONG_MIN, LLONG_MAX, &value) == 0 ? value : fallback;
}

/* ---- names in a folder ---- */

struct names {
	struct trial *t;
	const char **items;
	size_t count, room;
};

static int add_name(void *arg, const char *name, const struct tree_stat *stat UNUSED)
{
	struct names *names = arg;

	if (names->count == NAMES_MAX)
		return -E2BIG;
	if (names->count + 1 >= names->room) {
		size_t room = names->room * 2;
		const char **bigger = realloc(names->items, room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		names->items = bigger;
		names->room = room;
	}
	char *copy = strdup(
		name); /* not the trial's memory: running out of that must not jump out of the provider */
	if (!copy)
		return -ENOMEM;
	names->items[names->count++] = copy;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Moves the names into the trial's memory. */
static const char *const *keep_names(struct names *names)
{
	size_t bytes = (names->count + 1) * sizeof(*names->items);

	for (size_t i = 0; i < names->count; i++)
		bytes += strlen(names->items[i]) + 1;
	const char **kept = case_alloc(names->t, bytes);
	char *at = (char *)(kept + names->count + 1);
	for (size_t i = 0; i < names->count; i++) {
		size_t size = strlen(names->items[i]) + 1;
		kept[i] = memcpy(at, names->items[i], size);
		at += size;
	}
	return kept;
}

const char *const *file_names(struct trial *t, const char *folder)
{
	struct names names = {.t = t, .room = 64, .items = malloc(64 * sizeof(*names.items))};
	int r = names.items ? tree_list(t->tree, folder, add_name, &names) : -ENOMEM;

	if (names.count > 0)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	const char *const *kept = r == 0 ? keep_names(&names) : NULL;
	for (size_t i = 0; i < names.count; i++)
		free((void *)(uintptr_t)names.items[i]);
	free(names.items);
	if (r < 0)
		(void)is_not_there(t, folder, r);
	return kept ? kept : case_alloc(t, sizeof(*kept));
}

const char *const *file_text_names(struct trial *t, const char *folder)
{
	const char *const *names = file_names(t, folder);
	size_t count = 0;

	while (names[count])
		count++;
	const char **kept = case_alloc(t, (count + 1) * sizeof *kept);
	count = 0;
	for (; *names; names++)
		if ((*names)[0] != '.')
			kept[count++] = *names;
	return kept;
}

/* ---- texts ---- */

const char *text_line(struct trial *t, const char **at)
{
	const char *from = *at;

	if (!from || !*from)
		return NULL;
	size_t length = strcspn(from, "\n");
	*at = from + length + (from[length] == '\n');
	if (length > 0 && from[length - 1] == '\r')
		length--;
	char *line = case_alloc(t, length + 1);
	memcpy(line, from, length);
	return line;
}

/* The value with its quotes taken off, as a shell would read it; the rest of the line is not looked at. */
static const char *unquote(struct trial *t, const char *from, size_t length)
{
	char quote = length > 0 && (from[0] == '"' || from[0] == '\'') ? from[0] : '\0';
	char *value = case_alloc(t, length + 1), *to = value;

	for (size_t i = quote ? 1 : 0; i < length; i++) {
		if (quote && from[i] == quote)
			break;
		if (quote == '"' && from[i] == '\\' && i + 1 < length &&
		    strchr("\"\\$`", from[i + 1]))
			i++;
		*to++ = from[i];
	}
	while (!quote && to > value && strchr(" \t\r", to[-1]))
		to--;
	*to = '\0';
	return value;
}

const char *text_value(struct trial *t, const char *text, const char *key)
{
	size_t key_length = strlen(key);
	const char *found = NULL; /* the last one counts, as for a shell */

	for (const char *line = text; line && *line;) {
		const char *end = line + strcspn(line, "\n");
		line += strspn(line, " \t");
		if (strncmp(line, key, key_length) == 0 && line[key_length] == '=')
			found = line + key_length + 1;
		line = *end ? end + 1 : end;
	}
	return found ? unquote(t, found, strcspn(found, "\n")) : NULL;
}
