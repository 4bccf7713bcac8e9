/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's file from anybody: its header, the configuration inside, and names in packages. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/kernel/config.h"
#include "host/kernel/package.h"

#define CONFIG_MAX 65536

static void look_at_config(const uint8_t *data, size_t size, const struct bzimage *image)
{
	CLEAN_TEXT struct text config = TEXT_INIT(CONFIG_MAX);
	const struct kernel_config_of of = {"fuzz", "fuzz", true, true};
	struct err e = {0};

	if (kernel_config_inside(data, size, image, &config) == 0)
		(void)kernel_config_check(config.buf, &of, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bzimage image = {.payload_length = 0};
	struct err e = {0};
	char place[PACKAGE_NAME_MAX];
	int r = bzimage_parse(size > 0 ? (const char *)data : "", size, "fuzz", &image, &e);

	if ((r < 0) != (e.text[0] != '\0') || (r < 0 && e.blame != BLAME_USER))
		abort();
	/* It becomes a path. */
	if (r == 0 &&
	    (image.release[0] == '\0' || image.release[0] == '.' || strchr(image.release, '/')))
		abort();
	if (r == 0)
		look_at_config(data, size, &image);
	char *name = calloc(1, size + 1);
	if (name && size > 0)
		memcpy(name, data, size);
	if (name && package_place(name, place) == 1 && strstr(place, "/../"))
		abort();
	free(name);
	return 0;
}
