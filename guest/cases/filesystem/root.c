/* SPDX-License-Identifier: Apache-2.0 */
/* How the image's own configuration mounts the root filesystem. */
#include "guest/kit/boot.h"
#include "guest/kit/fstab.h"

#define FSTAB "/etc/fstab"

static bool find_line(struct trial *t, const char *where, struct fstab_line *ret)
{
	const char *fstab = file_text(t, FSTAB);

	for (const char *at = fstab; fstab && fstab_next(&at, ret);)
		if (strcmp(ret->where, where) == 0)
			return true;
	return false;
}

/* Of two options that say the opposite the last one counts. */
static bool is_read_only(const struct fstab_line *line)
{
	bool read_only = false;

	for (const char *at = line->options; *at; at += *at == ',') {
		size_t length = strcspn(at, ",");
		if (length == 2 && at[0] == 'r' && (at[1] == 'o' || at[1] == 'w'))
			read_only = at[1] == 'o';
		at += length;
	}
	return read_only;
}

/* The last of "ro" and "rw" in the default entry; NULL when it says neither, or there is none that can be read. */
static const char *mode_of_entry(struct trial *t, const struct boot_entry *entry)
{
	const char *mode = NULL;

	for (const char *at = entry ? entry->arguments : "", *word;
	     (word = boot_argument_next(t, &at));)
		if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0)
			mode = word;
	return mode;
}

/* Images of the immutable kind mount what must be written in ways of their own. */
static bool is_read_only_by_design(struct trial *t, const struct boot_entry *entry)
{
	static const char *const arguments[] = {"ostree",     "overlayroot", "systemd.volatile",
						"roothash",   "usrhash",     "boot",
						"rd.live.dir"};
	struct fstab_line line;

	for (size_t i = 0; entry && i < ARRAY_LEN(arguments); i++)
		if (boot_argument(t, entry, arguments[i]))
			return true;
	return (find_line(t, "/var", &line) && !is_read_only(&line)) ||
	       file_exists(t, "/etc/systemd/system/var.mount") ||
	       file_exists(t, "/usr/lib/systemd/system/var.mount");
}

AUDIT(filesystem, root_is_writable,
      .title = "The image's configuration mounts the root filesystem writable", .priority = P0,
      .why = "On a root filesystem that stays read-only nothing can be set up: no user, no key, no log.",
      .remedy = "Give / a line in /etc/fstab, without the option ro.", .sources = "own")
{
	const struct boot_entry *entry = boot_menu_read(t)->chosen;
	const char *mode = mode_of_entry(t, entry);
	struct fstab_line line;
	bool has_line = find_line(t, "/", &line);

	if (!has_line && !mode)
		case_skip(t, "fstab", "neither " FSTAB " nor a boot entry tells how / is mounted");
	if (is_read_only_by_design(t, entry))
		case_skip(t, "image",
			  "/var is mounted apart from the root, which may be read-only");
	if (has_line && is_read_only(&line))
		FAIL(t, FSTAB " mounts / with the options %s", line.options);
	else if (!has_line && strcmp(mode, "ro") == 0)
		FAIL(t, "the boot entry mounts / read-only, and " FSTAB
			" has no line that makes it writable");
	else
		check_passed(t);
}

SABOTAGE(filesystem, root_is_writable, "fstab mounts the root filesystem read-only")
{
	sabotage_file(t, FSTAB, "LABEL=root / ext4 defaults,ro 0 1\n");
}
