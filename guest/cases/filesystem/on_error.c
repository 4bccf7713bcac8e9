/* SPDX-License-Identifier: Apache-2.0 */
/* What the root filesystem does when it finds itself damaged. */
#include "guest/kit/block.h"

CASE(filesystem, error_behaviour_is_designed,
     .title = "A damaged root filesystem does what was designed, by default: becomes read-only",
     .priority = P1, .needs = "fs:ext4",
     .why = "With errors=continue the damage spreads while nobody notices.",
     .remedy = "Mount / with errors=remount-ro, or set it in the superblock (tune2fs -e).",
     .sources = "own")
{
	const char *device = block_root_device(t);
	const char *options =
		device ? file_text(t, case_format(t, "/proc/fs/ext4/%s/options", device)) : NULL;
	const char *designed = plan_text(t, "ext4_errors", "remount-ro"), *found = NULL;

	if (!options)
		case_skip(t, "fs:ext4", "the kernel does not tell the root filesystem's options");
	for (const char *at = options, *line; (line = text_line(t, &at));)
		if (has_prefix(line, "errors="))
			found = line + strlen("errors=");
	CHECK_EQ(t, found, designed);
}

SABOTAGE(filesystem, error_behaviour_is_designed, "the root filesystem goes on after an error")
{
	const char *path = case_format(t, "/proc/fs/ext4/%s/options", block_root_device(t));

	sabotage_replace(t, path, "errors=remount-ro", "errors=continue");
}
