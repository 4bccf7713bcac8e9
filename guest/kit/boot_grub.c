// SPDX-License-Identifier: Apache-2.0
// GRUB's script: menu entries, submenus, and the choice of the default, as grub-mkconfig writes them.
#include "guest/kit/boot_grub.h"

#include "guest/kit/line.h"

#define DEPTH_MAX 8

/* Where the reader stands: how many items each open menu has had, and in which entry it is. */
struct reader {
	struct trial *t;
	struct boot_menu *menu;
	const char *source;
	struct grub_script *script;
	unsigned items[DEPTH_MAX + 1]; /* per open menu */
	unsigned depth;		       /* open submenus */
	struct boot_entry *entry;      /* the open menu entry, NULL outside */
	const char *literal_default;
	bool wants_saved;
};

static const char *place(struct reader *reader)
{
	const char *text = "";

	for (unsigned i = 0; i <= reader->depth; i++)
		text = case_format(reader->t, "%s%s%u", text, i ? ">" : "", reader->items[i] - 1);
	return text;
}

/* menuentry 'TITLE' --class x $menuentry_id_option 'ID' { */
static void open_entry(struct reader *reader, const struct words *words)
{
	reader->items[reader->depth]++;
	reader->entry = boot_entry_add(reader->menu, reader->source);
	if (!reader->entry)
		return;
	reader->entry->title = words->count > 1 ? case_format(reader->t, "%s", words->at[1]) : "";
	reader->entry->place = place(reader);
	for (unsigned i = 2; i + 1 < words->count; i++)
		if (strcmp(words->at[i], "$menuentry_id_option") == 0 ||
		    strcmp(words->at[i], "--id") == 0)
			reader->entry->id = case_format(reader->t, "%s", words->at[i + 1]);
}

static void open_submenu(struct reader *reader)
{
	reader->items[reader->depth]++;
	if (reader->depth < DEPTH_MAX)
		reader->items[++reader->depth] = 0;
}

static void close_brace(struct reader *reader)
{
	if (reader->entry)
		reader->entry = NULL;
	else if (reader->depth > 0)
		reader->depth--;
}

/* The command line behind the kernel's path, as it is written. */
static const char *rest_of(struct trial *t, const char *line, unsigned skip)
{
	for (unsigned i = 0; i < skip; i++) {
		line += strspn(line, " \t");
		line += strcspn(line, " \t");
	}
	line += strspn(line, " \t");
	size_t length = strlen(line);
	while (length > 0 && strchr(" \t", line[length - 1]))
		length--;
	return case_format(t, "%.*s", (int)length, line);
}

static void read_set(struct reader *reader, const char *assignment)
{
	const char *value = strchr(assignment, '=');

	if (!value)
		return;
	value++;
	if (has_prefix(assignment, "default=")) {
		if (value[0] != '$')
			reader->literal_default = case_format(reader->t, "%s", value);
		else if (has_prefix(value, "${saved_entry}") || has_prefix(value, "$saved_entry"))
			reader->wants_saved = true;
	} else if (has_prefix(assignment, "kernelopts=") && value[0] != '$') {
		reader->script->kernelopts = case_format(reader->t, "%s", value);
	}
}

static void read_entry_line(struct reader *reader, const struct words *words, const char *line)
{
	struct boot_entry *entry = reader->entry;

	if (has_prefix(words->at[0], "linux") && words->count > 1) {
		entry->kernel = case_format(reader->t, "%s", boot_strip_device(words->at[1]));
		entry->arguments = rest_of(reader->t, line, 2);
	} else if (has_prefix(words->at[0], "initrd")) {
		for (unsigned i = 1; i < words->count; i++)
			boot_add_initrd(reader->t, entry, words->at[i]);
	}
}

static void read_line(struct reader *reader, const char *line)
{
	struct words words;

	words_split(line, &words);
	if (words.count == 0 || words.at[0][0] == '#')
		return;
	bool opens_entry = strcmp(words.at[0], "menuentry") == 0;
	bool opens_menu = strcmp(words.at[0], "submenu") == 0;
	if (words.at[0][0] == '}')
		close_brace(reader);
	else if (opens_entry)
		open_entry(reader, &words);
	else if (opens_menu)
		open_submenu(reader);
	else if (reader->entry)
		read_entry_line(reader, &words, line);
	else if (strcmp(words.at[0], "set") == 0 && words.count > 1)
		read_set(reader, words.at[1]);
	else if (strcmp(words.at[0], "blscfg") == 0)
		reader->script->wants_bls = true;
	/* All of it on one line. */
	if ((opens_entry || opens_menu) && strcmp(words.at[words.count - 1], "}") == 0)
		close_brace(reader);
}

/* grubenv stands beside the script: lines NAME=value in a block filled up with '#'. */
static const char *environment(struct reader *reader, const char *name)
{
	const char *slash = strrchr(reader->source, '/');
	const char *path = case_format(reader->t, "%.*s/grubenv", (int)(slash - reader->source),
				       reader->source);
	const char *text = file_text(reader->t, path);

	return text ? text_value(reader->t, text, name) : NULL;
}

static void find_default(struct reader *reader)
{
	const char *saved = reader->wants_saved || reader->script->wants_bls
				    ? environment(reader, "saved_entry")
				    : NULL;

	if (saved && saved[0])
		reader->menu->wanted = saved;
	else if (reader->literal_default)
		reader->menu->wanted = reader->literal_default;
	const char *options = environment(reader, "kernelopts");
	if (options && options[0])
		reader->script->kernelopts = options;
}

/* grub-mkconfig says where the part of each of its scripts begins and ends. */
static unsigned count_lines(const char *text, const char *beginning)
{
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, beginning)); at++)
		count += at == text || at[-1] == '\n';
	return count;
}

bool boot_grub_read(struct trial *t, struct boot_menu *menu, const char *path,
		    struct grub_script *ret)
{
	const char *text = file_text(t, path);
	struct reader *reader = case_alloc(t, sizeof *reader);
	char *line = case_alloc(t, LINE_SIZE);

	*ret = (struct grub_script){.kernelopts = ""};
	*reader = (struct reader){.t = t, .menu = menu, .source = path, .script = ret};
	if (!text)
		return false;
	bool is_whole = count_lines(text, "### BEGIN ") == count_lines(text, "### END ");
	while (line_next(&text, line, LINE_SIZE, NULL))
		read_line(reader, line);
	/* GRUB shows no menu when it ends inside of one. */
	if (!is_whole || reader->entry || reader->depth > 0)
		case_broken(t, "%s is cut off", path);
	find_default(reader);
	return true;
}
