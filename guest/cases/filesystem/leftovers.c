// SPDX-License-Identifier: Apache-2.0
// Files that no filesystem should carry.
#include "guest/kit/census.h"

#define OFFENDERS_MAX 20

AUDIT(filesystem, no_device_nodes_outside_dev,
      .title = "No device node lies outside /dev on any filesystem", .priority = P2,
      .why = "A device node elsewhere gives whoever may open it the disk, past all other "
	     "rights.",
      .remedy = "Remove the node.")
{
	const struct census *census = census_take(t);
	/* Containers of the build tools and chroots of services keep null and random. */
	static const char *const harmless[] = {"null", "zero", "random",  "urandom",
					       "full", "tty",  "console", "ptmx"};
	unsigned offenders = 0;

	for (size_t i = 0; i < census->count; i++) {
		const struct census_item *item = &census->items[i];
		const char *base = strrchr(item->path, '/') + 1;
		bool is_harmless = false;
		if (!S_ISCHR(item->stat.mode) && !S_ISBLK(item->stat.mode))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(harmless); k++)
			is_harmless = is_harmless || strcmp(base, harmless[k]) == 0;
		if ((!is_harmless || S_ISBLK(item->stat.mode)) && offenders++ < OFFENDERS_MAX)
			FAIL(t, "%s is a device node", item->path);
	}
	check_passed(t);
}

SABOTAGE(filesystem, no_device_nodes_outside_dev, "a device node lies under /var")
{
	tree_plant_file(case_tree(t), "/var/planted", "", 0, S_IFBLK | 0660, 0);
}

AUDIT(filesystem, lost_and_found_is_empty,
      .title = "No orphaned file lies in a lost+found directory", .priority = P2,
      .why = "A repair of the filesystem found files without names: something of the image "
	     "is missing.",
      .remedy = "Build the image anew; do not ship one that needed fsck.")
{
	static const char *const folders[] = {"/lost+found", "/boot/lost+found", "/var/lost+found",
					      "/home/lost+found"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (const char *const *name = file_names(t, folders[i]); *name; name++)
			FAIL(t, "%s/%s has lost its name", folders[i], *name);
		check_passed(t);
	}
}

SABOTAGE(filesystem, lost_and_found_is_empty, "an orphan lies in lost+found")
{
	tree_plant_file(case_tree(t), "/lost+found/#12345", "orphan", 6, 0644, 0);
}
