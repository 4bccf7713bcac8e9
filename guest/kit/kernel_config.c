/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the running kernel. */
#include "guest/kit/kernel_config.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "guest/kit/gunzip.h"

#define COMPRESSED_MAX (1U << 20)

static int read_compressed(struct tree *tree, struct text *out)
{
	CLEAN_TEXT struct text packed = TEXT_INIT(COMPRESSED_MAX);
	int r = tree_read(tree, "/proc/config.gz", &packed);

	return r < 0 ? r : gunzip(packed.buf, packed.length, out);
}

int kernel_config_read(struct tree *tree, struct text *out)
{
	static const char *const places[][2] = {
		{"/boot/config-", ""},
		{"/lib/modules/", "/config"},
		{"/usr/lib/modules/", "/config"},
	};
	struct utsname uts;
	char path[128];
	/* What the kernel says of itself first: the file in /boot may be of another build of the same release. */
	int r = tree_is_offline(tree) ? -ENOENT : read_compressed(tree, out);

	(void)uname(&uts);
	for (size_t i = 0; r < 0 && i < ARRAY_LEN(places); i++) {
		(void)snprintf(path, sizeof path, "%s%.64s%s", places[i][0], uts.release,
			       places[i][1]);
		text_clear(out);
		r = tree_read(tree, path, out);
	}
	return r < 0 ? -ENOENT : 0;
}

bool kernel_config_value(const char *config, const char *name, char *ret, size_t size)
{
	const char *bare = has_prefix(name, "CONFIG_") ? name + strlen("CONFIG_") : name;
	size_t length = strlen(bare);

	for (const char *line = config; *line;) {
		size_t end = strcspn(line, "\n");
		if (has_prefix(line, "CONFIG_") && strncmp(line + 7, bare, length) == 0 &&
		    line[7 + length] == '=') {
			const char *value = line + 7 + length + 1;
			(void)snprintf(ret, size, "%.*s", (int)(line + end - value), value);
			return true;
		}
		line += end + (line[end] == '\n');
	}
	return false;
}
