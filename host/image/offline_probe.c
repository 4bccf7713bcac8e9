/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in a partition. libblkid knows the most filesystems and wants a descriptor; it gets a memfd of the
 * partition's size that holds only its beginning and end, where all marks are. Partition tables it could not read so:
 * logical partitions lie anywhere, so these are the kit's.
 */
#include <blkid/blkid.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/image/offline_state.h"

#define HEAD_SIZE (512U << 10) /* ZFS' first two labels; btrfs' and LVM's marks lie nearer */
#define TAIL_SIZE (256U << 10) /* RAID's marks lie in the last 128 KiB */
#define PIECE	  (64U << 10)

static int copy_range(const struct span *span, uint64_t from, int fd, uint64_t to, uint64_t size)
{
	CLEAN_FREE char *piece = xnew(PIECE);

	while (size > 0) {
		size_t n = size < PIECE ? (size_t)size : PIECE;
		int r = span_read(span, from, piece, n);
		if (r < 0)
			return r;
		if (pwrite(fd, piece, n, (off_t)to) != (ssize_t)n)
			return -errno;
		from += n;
		to += n;
		size -= n;
	}
	return 0;
}

/* Makes the memfd look like the partition to whoever looks only at both ends. */
static int make_likeness(const struct span *span, int fd)
{
	uint64_t size = span_size(span), head = size < HEAD_SIZE ? size : HEAD_SIZE,
		 tail = size - head < TAIL_SIZE ? size - head : TAIL_SIZE;

	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0)
		return -errno;
	int r = copy_range(span, 0, fd, 0, head);
	return r < 0 ? r : copy_range(span, size - tail, fd, size - tail, tail);
}

static void take_value(blkid_probe probe, const char *name, char *out, size_t size)
{
	const char *value = NULL;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0 && value)
		(void)snprintf(out, size, "%s", value);
}

static void ask_blkid(int fd, uint64_t size, struct offline_filesystem *facts)
{
	blkid_probe probe = blkid_new_probe();

	if (!probe)
		return;
	if (blkid_probe_set_device(probe, fd, 0, (blkid_loff_t)size) == 0 &&
	    blkid_probe_enable_superblocks(probe, 1) == 0 &&
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
							     BLKID_SUBLKS_LABEL) == 0 &&
	    blkid_do_safeprobe(probe) == 0) {
		take_value(probe, "TYPE", facts->type, sizeof facts->type);
		take_value(probe, "UUID", facts->uuid, sizeof facts->uuid);
		take_value(probe, "LABEL", facts->label, sizeof facts->label);
	}
	blkid_free_probe(probe);
}

static struct volume *open_volume(const struct remote_channel *remote, const struct span *span,
				  struct offline_filesystem *facts)
{
	struct volume *volume = NULL;

	if (strcmp(facts->type, "ext4") == 0 || strcmp(facts->type, "ext3") == 0 ||
	    strcmp(facts->type, "ext2") == 0)
		(void)ext4_open(span, &volume);
	else if (strcmp(facts->type, "vfat") == 0)
		(void)fat_open(span, &volume);
	if (!volume && remote && remote_knows(facts->type) &&
	    remote_open(remote, facts->type, span, &volume) == 0)
		facts->is_remote = true;
	return volume;
}

struct mounted *offline_probe(struct offline *offline, int probe_fd, struct span *span)
{
	if (offline->count == OFFLINE_FILESYSTEMS_MAX) {
		span_free(span);
		return NULL;
	}
	struct mounted *fs = &offline->filesystems[offline->count++];
	struct offline_filesystem *facts = &fs->facts;
	*fs = (struct mounted){.offline = offline, .span = span};
	if (!span)
		return fs;
	facts->offset = span_start(span);
	facts->size = span_size(span);
	if (make_likeness(span, probe_fd) == 0)
		ask_blkid(probe_fd, facts->size, facts);
	fs->volume = open_volume(offline->remote, span, facts);
	facts->is_readable = fs->volume != NULL;
	if (!fs->volume)
		return fs;
	facts->is_clean = fs->volume->is_clean;
	facts->has_errors = fs->volume->has_errors;
	return fs;
}
