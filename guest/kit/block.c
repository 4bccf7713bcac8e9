/* SPDX-License-Identifier: Apache-2.0 */
/* The disks of the running system. */
#include "guest/kit/block.h"

#include "guest/kit/mounts.h"

static bool is_data_disk(struct trial *t, const char *name)
{
	static const char *const others[] = {"dm-", "fd", "loop", "md", "nbd", "ram", "sr", "zram"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (has_prefix(name, others[i]))
			return false;
	}
	const char *path = case_format(t, "/sys/block/%s/ro", name), *ro = file_line(t, path);
	/* NULL: it has gone meanwhile. */
	if (ro && strcmp(ro, "0") != 0 && strcmp(ro, "1") != 0)
		case_broken(t, "%s says neither 0 nor 1", path);
	return !ro || ro[0] == '0';
}

const char *const *block_disks(struct trial *t)
{
	const char *const *names = file_names(t, "/sys/block");
	size_t count = 0, kept = 0;

	while (names[count])
		count++;
	const char **disks = case_alloc(t, (count + 1) * sizeof *disks);
	for (size_t i = 0; i < count; i++) {
		if (is_data_disk(t, names[i]))
			disks[kept++] = names[i];
	}
	return disks;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By number; btrfs and overlays give numbers of their own, then by the mounted device's name. */
const char *block_root_device(struct trial *t)
{
	struct mount_entry root;

	if (!mounts_find(t, "/", &root))
		return NULL;
	const char *link =
		file_link(t, case_format(t, "/sys/dev/block/%u:%u", root.major, root.minor));
	if (link)
		return last_part(link);
	const char *name = last_part(root.what);
	return has_prefix(root.what, "/dev/") &&
			       file_exists(t, case_format(t, "/sys/class/block/%s", name))
		       ? name
		       : NULL;
}

const char *block_root_disk(struct trial *t)
{
	const char *device = block_root_device(t);

	/* What lies under a mapped device, one step at a time; eight are more than anybody stacks. */
	for (int depth = 0; device && depth < 8; depth++) {
		const char *const *slaves =
			file_names(t, case_format(t, "/sys/class/block/%s/slaves", device));
		if (!*slaves)
			break;
		device = *slaves;
	}
	if (!device || !file_exists(t, case_format(t, "/sys/class/block/%s/partition", device)))
		return device;
	/* "../../devices/…/block/vda/vda1" */
	const char *link = file_link(t, case_format(t, "/sys/class/block/%s", device));
	const char *end = link ? strrchr(link, '/') : NULL;
	return end ? last_part(case_format(t, "%.*s", (int)(end - link), link)) : NULL;
}

uint64_t block_bytes(struct trial *t, const char *name)
{
	/* Always in units of 512 bytes, whatever the disk's sector. */
	return (uint64_t)file_number(t, case_format(t, "/sys/class/block/%s/size", name), 0) * 512;
}
