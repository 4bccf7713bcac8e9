/* SPDX-License-Identifier: Apache-2.0 */
/* The names of LVM's logical volumes, as dm_build_dm_name() of libdevmapper makes them. */
#include "guest/kit/volume_name.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Adds the name with its dashes doubled; false when it does not fit. */
static bool add_doubled(const char *name, char *out, size_t *at)
{
	for (; *name; name++) {
		if (*at + 3 > VOLUME_NAME_SIZE)
			return false;
		if (*name == '-')
			out[(*at)++] = '-';
		out[(*at)++] = *name;
	}
	out[*at] = '\0';
	return true;
}

bool volume_name_join(const char *group, const char *volume, char ret[VOLUME_NAME_SIZE])
{
	size_t at = 0;

	if (!add_doubled(group, ret, &at) || at + 2 > VOLUME_NAME_SIZE)
		return false;
	ret[at++] = '-';
	return add_doubled(volume, ret, &at);
}

bool volume_name_of_pair(const char *pair, char ret[VOLUME_NAME_SIZE])
{
	const char *slash = strchr(pair, '/');
	char group[128];

	if (!slash || slash == pair || (size_t)(slash - pair) >= sizeof group || !slash[1] ||
	    strchr(slash + 1, '/'))
		return false;
	(void)snprintf(group, sizeof group, "%.*s", (int)(slash - pair), pair);
	return volume_name_join(group, slash + 1, ret);
}

/* GROUP-VOLUME: one dash that is not doubled, and something on both its sides. No name begins with a dash, so of three
 * in a row the last one joins. */
static bool is_joined(const char *name)
{
	unsigned joints = 0;

	for (const char *at = name; *at;) {
		size_t dashes = strspn(at, "-");
		if (dashes > 0 && (at == name || (dashes % 2 == 1 && !at[dashes])))
			return false;
		joints += dashes % 2;
		at += dashes > 0 ? dashes : 1;
	}
	return joints == 1;
}

/* Folders of /dev that are no volume group. */
static bool is_other_folder(const char *below_dev)
{
	static const char *const folders[] = {
		"ataraid/", "block/", "bus/", "cciss/", "char/", "disk/", "etherd/", "ida/",
		"loop/",    "md/",    "mmc/", "rd/",	"shm/",	 "zvol/", "by-id/",  "dri/"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (has_prefix(below_dev, folders[i]))
			return true;
	return false;
}

bool volume_name_of_device(const char *device, char ret[VOLUME_NAME_SIZE])
{
	static const char *const folders[] = {"/dev/mapper/", "/dev/disk/by-id/dm-name-"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const char *name = device + strlen(folders[i]);
		if (!has_prefix(device, folders[i]))
			continue;
		(void)snprintf(ret, VOLUME_NAME_SIZE, "%s", name);
		return is_joined(name) && strlen(name) < VOLUME_NAME_SIZE;
	}
	return has_prefix(device, "/dev/") && !is_other_folder(device + 5) &&
	       volume_name_of_pair(device + 5, ret);
}
