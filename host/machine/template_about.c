/* SPDX-License-Identifier: Apache-2.0 */
/* What a template is of, for people: read from what it was made with. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "host/machine/template.h"

#define TEMPLATE_FILE_MAX (1U << 20)

/* The rest of the line of the description that begins so; "" when there is none. */
static void copy_line(const char *description, const char *begin, char *buf, size_t size)
{
	size_t length = strlen(begin);

	buf[0] = '\0';
	for (const char *at = description; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strncmp(at, begin, length) == 0) {
			at += length;
			(void)snprintf(buf, size, "%.*s", (int)strcspn(at, "\n"), at);
			return;
		}
}

/* Vcpus and memory as QEMU is told of them: an argument follows its option on a line of its own. */
static void read_size(const char *description, struct template_about *ret)
{
	char value[64];
	long long number;

	copy_line(description, "argument -smp\nargument ", value, sizeof value);
	value[strcspn(value, ",")] = '\0';
	if (number_parse(value, 1, 100000, &number) == 0)
		ret->cpus = (unsigned)number;
	copy_line(description, "argument -m\nargument ", value, sizeof value);
	value[strcspn(value, ",")] = '\0';
	if (number_parse(value, 1, 1LL << 30, &number) == 0)
		ret->mem_mib = (unsigned)number;
}

/* What sets a machine that a case has ordered apart from a run's own; the lines are those of the driver's description. */
static void read_make(const char *description, struct template_about *ret)
{
	static const struct {
		const char *line, *says;
	} makes[] = {
		{"\nsecure boot\n", "Secure Boot"},
		{"\nroot disk of ", "a disk of another size"},
		{"\nuser-data ", "a seed of its own"},
		{"\nNICs for ", "NICs for cables"},
	};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_LEN(makes) && length < sizeof ret->make; i++)
		if (strstr(description, makes[i].line))
			length += (size_t)snprintf(ret->make + length, sizeof ret->make - length,
						   "%s%s", length ? ", " : "", makes[i].says);
}

static void read_description(const char *description, struct template_about *ret)
{
	char path[4096], firmware[4096];

	copy_line(description, "image file ", path, sizeof path);
	copy_line(description, "firmware ", firmware, sizeof firmware);
	const char *slash = strrchr(path, '/');
	(void)snprintf(ret->image, sizeof ret->image, "%s", slash ? slash + 1 : path);
	(void)snprintf(ret->firmware, sizeof ret->firmware, "%s", firmware[0] ? "uefi" : "bios");
	read_size(description, ret);
	read_make(description, ret);
}

void template_about(const char *folder, struct template_about *ret)
{
	CLEAN_FREE char *path = xasprintf("%s/template.json", folder);
	CLEAN_TEXT struct text content = TEXT_INIT(TEMPLATE_FILE_MAX);

	*ret = (struct template_about){0};
	if (text_read_file(&content, path) < 0)
		return;
	json_t *json = json_loadb(content.buf, content.length, 0, NULL);
	const char *created = json_string_value(json_object_get(json, "created"));
	const char *description = json_string_value(json_object_get(json, "description"));
	if (created)
		(void)snprintf(ret->booted, sizeof ret->booted, "%s", created);
	if (description)
		read_description(description, ret);
	json_decref(json);
}
