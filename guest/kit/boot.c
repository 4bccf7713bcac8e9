// SPDX-License-Identifier: Apache-2.0
// What a tree's boot loader will boot. A whole GRUB script is not run: its menu entries are read as GRUB's own
// generators write them.
#include "guest/kit/boot.h"

#include <fnmatch.h>

#include "guest/kit/boot_grub.h"
#include "guest/kit/dpkg.h"
#include "guest/kit/line.h"

static const char *const grub_configs[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg",
					   "/grub/grub.cfg"};
static const char *const bls_folders[] = {"/boot/loader", "/efi/loader", "/boot/efi/loader"};
static const char *const extlinux_configs[] = {
	"/boot/extlinux.conf", "/boot/extlinux/extlinux.conf", "/boot/syslinux/syslinux.cfg"};

struct boot_entry *boot_entry_add(struct boot_menu *menu, const char *source)
{
	static const struct boot_entry empty = {
		.title = "", .id = "", .place = "", .arguments = ""};

	if (menu->count == BOOT_ENTRIES_MAX)
		return NULL;
	struct boot_entry *entry = &menu->entries[menu->count++];
	*entry = empty;
	entry->source = source;
	return entry;
}

const char *boot_strip_device(const char *path)
{
	const char *end = path[0] == '(' ? strchr(path, ')') : NULL;

	return end ? end + 1 : path;
}

void boot_add_initrd(struct trial *t, struct boot_entry *entry, const char *path)
{
	if (path[0] != '$' && path[0] && entry->initrd_count < BOOT_INITRDS_MAX)
		entry->initrds[entry->initrd_count++] =
			case_format(t, "%s", boot_strip_device(path));
}

/* ---- boot loader specification, type 1 ---- */

/* GRUB fills in $kernelopts; its other variables are empty until somebody sets them. */
static const char *fill_in(struct trial *t, const char *options, const char *kernelopts)
{
	CLEAN_TEXT struct text out = TEXT_INIT(LINE_SIZE);

	for (const char *at = options; *at;) {
		at += strspn(at, " \t");
		size_t length = strcspn(at, " \t");
		if (length > 0 && at[0] != '$')
			(void)text_addf(&out, "%s%.*s", out.length ? " " : "", (int)length, at);
		else if (length == strlen("$kernelopts") && memcmp(at, "$kernelopts", length) == 0)
			(void)text_addf(&out, "%s%s", out.length ? " " : "", kernelopts);
		at += length;
	}
	return case_format(t, "%s", out.buf);
}

static void read_bls_line(struct trial *t, struct boot_entry *entry, char *line,
			  const char *kernelopts)
{
	char *key = line_trim(line);
	size_t length = strcspn(key, " \t");
	bool is_bare = key[length] == '\0';

	key[length] = '\0';
	char *value = is_bare ? key + length : line_trim(key + length + 1);
	if (strcmp(key, "title") == 0)
		entry->title = case_format(t, "%s", value);
	else if (strcmp(key, "linux") == 0)
		entry->kernel = case_format(t, "%s", boot_strip_device(value));
	else if (strcmp(key, "options") == 0)
		entry->arguments =
			case_format(t, "%s%s%s", entry->arguments, entry->arguments[0] ? " " : "",
				    fill_in(t, value, kernelopts));
	else if (strcmp(key, "initrd") == 0)
		for (char *word; (word = strsep(&value, " \t"));)
			boot_add_initrd(t, entry, word);
}

static void read_bls_entry(struct trial *t, struct boot_menu *menu, const char *path,
			   const char *name, const char *kernelopts)
{
	const char *text = file_text(t, path);
	struct boot_entry *entry = text ? boot_entry_add(menu, path) : NULL;
	char line[LINE_SIZE];

	if (!entry)
		return;
	entry->id = case_format(t, "%.*s", (int)(strlen(name) - strlen(".conf")), name);
	while (line_next(&text, line, sizeof line, NULL))
		read_bls_line(t, entry, line, kernelopts);
}

/* Newest first, as loaders show them. */
static int compare_newest_first(const void *a, const void *b)
{
	const struct boot_entry *left = a, *right = b;

	return dpkg_version_compare(right->id, left->id);
}

static void read_bls(struct trial *t, struct boot_menu *menu, const char *folder,
		     const char *kernelopts)
{
	const char *entries = case_format(t, "%s/entries", folder);

	for (const char *const *name = file_names(t, entries); *name; name++)
		if (has_suffix(*name, ".conf"))
			read_bls_entry(t, menu, case_format(t, "%s/%s", entries, *name), *name,
				       kernelopts);
	qsort(menu->entries, menu->count, sizeof menu->entries[0], compare_newest_first);
	for (unsigned i = 0; i < menu->count; i++)
		menu->entries[i].place = case_format(t, "%u", i);
}

/* ---- extlinux ---- */

static void read_extlinux_line(struct trial *t, struct boot_menu *menu, const char *source,
			       char *line)
{
	char *key = line_trim(line);
	size_t length = strcspn(key, " \t");
	struct boot_entry *entry = menu->count ? &menu->entries[menu->count - 1] : NULL;
	bool is_bare = key[length] == '\0';

	key[length] = '\0';
	char *value = is_bare ? key + length : line_trim(key + length + 1);
	if (strcasecmp(key, "default") == 0) {
		menu->wanted = case_format(t, "%s", value);
	} else if (strcasecmp(key, "label") == 0) {
		entry = boot_entry_add(menu, source);
		if (entry)
			entry->id = entry->title = case_format(t, "%s", value);
	} else if (entry && (strcasecmp(key, "linux") == 0 || strcasecmp(key, "kernel") == 0)) {
		entry->kernel = case_format(t, "%s", value);
	} else if (entry && strcasecmp(key, "initrd") == 0) {
		for (char *word; (word = strsep(&value, ","));)
			boot_add_initrd(t, entry, word);
	} else if (entry && strcasecmp(key, "append") == 0) {
		entry->arguments = case_format(t, "%s", value);
	}
}

static void read_extlinux(struct trial *t, struct boot_menu *menu, const char *path)
{
	const char *text = file_text(t, path);
	char line[LINE_SIZE];

	while (text && line_next(&text, line, sizeof line, NULL))
		read_extlinux_line(t, menu, path, line);
}

/* ---- the default ---- */

static bool is_named(const struct boot_entry *entry, const char *wanted)
{
	return strcmp(entry->place, wanted) == 0 || strcmp(entry->id, wanted) == 0 ||
	       strcmp(entry->title, wanted) == 0 || fnmatch(wanted, entry->id, 0) == 0;
}

/* GRUB names an entry in a submenu "menu>entry"; ours stand with their whole place, and their own id and title. */
static void choose(struct boot_menu *menu)
{
	const char *last = strrchr(menu->wanted, '>');

	for (unsigned i = 0; i < menu->count && !menu->chosen; i++)
		if (menu->entries[i].kernel && menu->wanted[0] &&
		    is_named(&menu->entries[i], menu->wanted))
			menu->chosen = &menu->entries[i];
	for (unsigned i = 0; last && i < menu->count && !menu->chosen; i++)
		if (menu->entries[i].kernel && is_named(&menu->entries[i], last + 1))
			menu->chosen = &menu->entries[i];
	/* All loaders fall back to the first entry. */
	for (unsigned i = 0; i < menu->count && !menu->chosen; i++)
		if (menu->entries[i].kernel)
			menu->chosen = &menu->entries[i];
}

static void read_systemd_boot_default(struct trial *t, struct boot_menu *menu, const char *folder)
{
	const char *text = file_text(t, case_format(t, "%s/loader.conf", folder));
	struct words words;
	char line[LINE_SIZE];

	while (text && line_next(&text, line, sizeof line, NULL)) {
		words_split(line, &words);
		if (words.count >= 2 && strcmp(words.at[0], "default") == 0)
			menu->wanted = case_format(t, "%s", words.at[1]);
	}
	/* loader.conf names files, with or without their ending. */
	if (has_suffix(menu->wanted, ".conf"))
		menu->wanted =
			case_format(t, "%.*s", (int)(strlen(menu->wanted) - 5), menu->wanted);
}

static bool read_grub(struct trial *t, struct boot_menu *menu)
{
	for (size_t i = 0; i < ARRAY_LEN(grub_configs); i++) {
		struct grub_script script;
		if (!boot_grub_read(t, menu, grub_configs[i], &script))
			continue;
		if (script.wants_bls && menu->count == 0)
			read_bls(t, menu, "/boot/loader", script.kernelopts);
		menu->loader = script.wants_bls ? "bls" : "grub";
		if (menu->count > 0)
			return true;
	}
	return false;
}

struct boot_menu *boot_menu_read(struct trial *t)
{
	struct boot_menu *menu = case_alloc(t, sizeof *menu);

	menu->wanted = "";
	if (read_grub(t, menu)) {
		choose(menu);
		return menu;
	}
	menu->loader = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bls_folders) && menu->count == 0; i++) {
		read_bls(t, menu, bls_folders[i], "");
		if (menu->count > 0)
			read_systemd_boot_default(t, menu, bls_folders[i]);
		menu->loader = menu->count > 0 ? "systemd-boot" : NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(extlinux_configs) && menu->count == 0; i++) {
		read_extlinux(t, menu, extlinux_configs[i]);
		menu->loader = menu->count > 0 ? "extlinux" : NULL;
	}
	choose(menu);
	return menu;
}

const struct boot_entry *boot_default(struct trial *t)
{
	const struct boot_menu *menu = boot_menu_read(t);

	if (!menu->chosen)
		case_skip(t, "bootloader",
			  "no boot entry is found that GRUB, systemd-boot or extlinux would read");
	return menu->chosen;
}

const char *boot_path(struct trial *t, const char *written)
{
	static const char *const prefixes[] = {"", "/boot", "/boot/efi", "/efi"};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		const char *path = case_format(t, "%s%s%s", prefixes[i],
					       written[0] == '/' ? "" : "/", written);
		if (file_exists(t, path))
			return path;
	}
	/* On Btrfs a path may begin with the name of the subvolume that is mounted on /. */
	const char *boot = strstr(written, "/boot/");
	return boot && boot != written && file_exists(t, boot) ? boot : NULL;
}

const char *boot_argument_next(struct trial *t, const char **at)
{
	const char *from = *at + strspn(*at, " \t");
	bool quoted = false;

	if (*from == '\0')
		return NULL;
	char *copy = case_alloc(t, strlen(from) + 1), *out = copy;
	for (; *from && (quoted || (*from != ' ' && *from != '\t')); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*out++ = *from;
	}
	*at = from;
	return copy;
}

const char *boot_argument(struct trial *t, const struct boot_entry *entry, const char *name)
{
	size_t length = strlen(name);
	const char *value = NULL;

	for (const char *at = entry->arguments, *word; (word = boot_argument_next(t, &at));) {
		if (strncmp(word, name, length) != 0)
			continue;
		if (word[length] == '=')
			value = word + length + 1;
		else if (word[length] == '\0')
			value = "";
	}
	return value;
}

/* Behind the kernel's path, where the script's own arguments begin; at the end they might stand behind a brace. */
void boot_sabotage_argument(struct trial *t, const char *argument)
{
	const struct boot_entry *entry = boot_default(t);

	if (entry->arguments[0] == '\0')
		case_broken(t, "the default boot entry in %s has no arguments to add to",
			    entry->source);
	sabotage_replace(t, entry->source, entry->arguments,
			 case_format(t, "%s %s", entry->arguments, argument));
}
