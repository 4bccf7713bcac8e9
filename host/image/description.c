/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what the shut-in child wrote of a disk, and remembering it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/describe.h"

enum field_type { FIELD_IS_TEXT, FIELD_IS_BOOL, FIELD_IS_INT };

static const struct description_field {
	const char *key;
	enum field_type type;
	size_t offset, size;
} fields[] = {
#define TEXT_FIELD(name)                                                                           \
	{                                                                                          \
#name, FIELD_IS_TEXT, offsetof(struct image, name),                                \
			sizeof(((struct image *)0)->name)                                          \
	}
#define BOOL_FIELD(name)                                                                           \
	{                                                                                          \
#name, FIELD_IS_BOOL, offsetof(struct image, name), sizeof(bool)                   \
	}
	TEXT_FIELD(arch),
	BOOL_FIELD(boots_bios),
	BOOL_FIELD(boots_uefi),
	BOOL_FIELD(has_cloud_init),
	BOOL_FIELD(has_sshd),
	BOOL_FIELD(needs_micro_vm),
	TEXT_FIELD(os_id),
	TEXT_FIELD(os_name),
	TEXT_FIELD(os_version),
	TEXT_FIELD(root_type),
	{"systemd_version", FIELD_IS_INT, offsetof(struct image, systemd_version), sizeof(int)},
	TEXT_FIELD(table),
};

static void take_field(struct image *image, const struct description_field *field,
		       const char *value)
{
	char *to = (char *)image + field->offset;
	long long number;

	if (field->type == FIELD_IS_TEXT) {
		(void)snprintf(to, field->size, "%s", value);
		return;
	}
	if (number_parse(value, 0, field->type == FIELD_IS_BOOL ? 1 : 99999, &number) < 0)
		return;
	if (field->type == FIELD_IS_BOOL)
		*(bool *)(void *)to = number;
	else
		*(int *)(void *)to = (int)number;
}

/* "TYPE|UUID|LABEL|MOUNT|OFFSET|SIZE" */
static void take_filesystem(struct image *image, char *value)
{
	struct image_filesystem fs = {0};
	const char *parts[6];
	long long offset, size;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		parts[i] = strsep(&value, "|");
		if (!parts[i])
			return;
	}
	if (value || image->filesystem_count == IMAGE_FILESYSTEMS_MAX ||
	    number_parse(parts[4], 0, INT64_MAX, &offset) < 0 ||
	    number_parse(parts[5], 0, INT64_MAX, &size) < 0)
		return;
	(void)snprintf(fs.type, sizeof fs.type, "%s", parts[0]);
	(void)snprintf(fs.uuid, sizeof fs.uuid, "%s", parts[1]);
	(void)snprintf(fs.label, sizeof fs.label, "%s", parts[2]);
	(void)snprintf(fs.mount, sizeof fs.mount, "%s", parts[3]);
	fs.offset = (uint64_t)offset;
	fs.size = (uint64_t)size;
	image->filesystems[image->filesystem_count++] = fs;
}

static void take_line(struct image *image, char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return;
	*value++ = '\0';
	if (strcmp(line, "filesystem") == 0)
		take_filesystem(image, value);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(line, fields[i].key) == 0)
			take_field(image, &fields[i], value);
}

void description_read(const char *description, struct image *image)
{
	CLEAN_FREE char *copy = xstrdup(description);
	char *at = copy, *line;

	while ((line = strsep(&at, "\n")) != NULL)
		take_line(image, line);
}

/* ---- remembering ---- */

#define REVISION 1 /* one more whenever the lines or how they are found change */

/* One file for each digest. With a helper more is found. */
static char *memory_path(const struct image_options *options, const char *digest)
{
	return xasprintf("%s/looks/%s-" ASSAY_VERSION "-%d%s", options->cache_folder, digest,
			 REVISION, options->helper ? "-helped" : "");
}

bool description_recall(const struct image_options *options, const char *digest, struct text *ret)
{
	static const char end[] = "end=1\n"; /* a file that a crash has cut does not end so */

	if (!options->cache_folder)
		return false;
	CLEAN_FREE char *path = memory_path(options, digest);
	bool is_whole = text_read_file(ret, path) == 0 && has_suffix(ret->buf, end);
	if (!is_whole)
		text_clear(ret);
	return is_whole;
}

void description_remember(const struct image_options *options, const char *digest,
			  const struct text *description)
{
	if (!options->cache_folder)
		return;
	CLEAN_FREE char *path = memory_path(options, digest),
			*temporary = xasprintf("%s.XXXXXX", path);
	CLEAN_FREE char *folder = xasprintf("%s/looks", options->cache_folder);
	CLEAN_FREE char *content = xasprintf("%send=1\n", description->buf);
	(void)mkdir(options->cache_folder, 0777);
	(void)mkdir(folder, 0777);
	CLEAN_FD int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, content, strlen(content)) != (ssize_t)strlen(content) ||
	    rename(temporary, path) < 0)
		(void)unlink(temporary);
}
