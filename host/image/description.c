/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what the shut-in child wrote of a disk. */
#include <stdio.h>
#include <string.h>

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
	TEXT_FIELD(problem),
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
