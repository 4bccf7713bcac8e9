/* SPDX-License-Identifier: Apache-2.0 */
/* A data disk put to use: formatted, mounted, filled, read past the cache. */
#include <sys/mount.h>

#include "guest/kit/block.h"
#include "guest/kit/program.h"
#include "guest/kit/scratch.h"
#include "guest/kit/seccomp.h"

#define BLOCK  (64U << 10)
#define BLOCKS 96

static unsigned char *aligned_block(struct trial *t)
{
	unsigned char *memory = case_alloc(t, BLOCK + 4096);

	return (unsigned char *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);
}

/* ---- raw ---- */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Each block says where it belongs, and its sum is in its last word. None is all zeros, as the disk is before. */
static void fill(unsigned char *block, uint64_t place)
{
	uint64_t *words = (uint64_t *)(void *)block, state = place + 1, sum;
	size_t last = BLOCK / sizeof *words - 1;

	sum = words[0] = state;
	for (size_t i = 1; i < last; i++)
		sum += words[i] = next_random(&state);
	words[last] = sum;
}

static bool is_whole(const unsigned char *block, uint64_t place)
{
	const uint64_t *words = (const uint64_t *)(const void *)block;
	size_t last = BLOCK / sizeof *words - 1;
	uint64_t sum = 0;

	for (size_t i = 0; i < last; i++)
		sum += words[i];
	return words[0] == place + 1 && words[last] == sum;
}

/* The places of the blocks: spread over the whole disk, each once, the first one at 0. */
static off_t place_of(uint64_t bytes, unsigned number)
{
	uint64_t slot = bytes / BLOCK / BLOCKS, state = number * 0x9e3779b97f4a7c15ULL + 1;

	return (off_t)(number == 0 ? 0 : (number * slot + next_random(&state) % slot) * BLOCK);
}

static off_t *places_in_random_order(struct trial *t, uint64_t bytes)
{
	off_t *places = case_alloc(t, BLOCKS * sizeof *places);
	uint64_t state = 88172645463325252ULL;

	for (unsigned i = 0; i < BLOCKS; i++)
		places[i] = place_of(bytes, i);
	for (unsigned i = BLOCKS - 1; i > 0; i--) {
		unsigned with = (unsigned)(next_random(&state) % (i + 1));
		off_t kept = places[i];
		places[i] = places[with];
		places[with] = kept;
	}
	return places;
}

CASE(storage, random_writes_verify, .title = "Random checksummed writes verify after a cache drop",
     .priority = P1, .isolation = ISOLATION_FORK, .needs = "disk:data",
     .why = "A disk that loses or misplaces a write destroys databases without a word.",
     .remedy = "Rule out the host's storage; then suspect the disk's driver.", .sources = "own")
{
	const char *disk = scratch_disk(t);
	int fd = scratch_open(t, disk, O_RDWR);
	const off_t *places = places_in_random_order(t, block_bytes(t, disk));
	unsigned char *block = aligned_block(t);

	for (unsigned i = 0; i < BLOCKS; i++) {
		fill(block, (uint64_t)places[i]);
		REQUIRE_EQ(t, pwrite(fd, block, BLOCK, places[i]), (ssize_t)BLOCK);
	}
	REQUIRE_OK(t, fsync(fd));
	REQUIRE(t, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	for (unsigned i = 0; i < BLOCKS; i++) {
		REQUIRE_EQ(t, pread(fd, block, BLOCK, places[i]), (ssize_t)BLOCK);
		if (is_whole(block, (uint64_t)places[i]))
			check_passed(t);
		else
			FAIL(t, "the block at byte %lld has come back with other bytes",
			     (long long)places[i]);
	}
}

/* The write of the block at the disk's beginning. */
static long lose_first_block(const struct seccomp_data *call, void *arg UNUSED)
{
	return call->args[3] == 0 ? (long)call->args[2] : SYSCALL_GO_ON;
}

SABOTAGE(storage, random_writes_verify, "one write says that it was done, and was not")
{
	sabotage_syscall_by(t, SYS_pwrite64, lose_first_block, NULL);
}

CASE(storage, write_cache_is_reported,
     .title = "A disk with a volatile cache is seen as write-back", .priority = P1,
     .needs = "disk:data",
     .why = "A kernel that takes the cache for none never flushes it: synced data is lost with the power.",
     .remedy = "Look at the driver's negotiation of the flush command.", .sources = "own")
{
	const char *root = block_root_disk(t);
	unsigned count = 0;

	for (const char *const *disk = block_disks(t); *disk; disk++) {
		if (root && strcmp(*disk, root) == 0)
			continue;
		const char *mode =
			file_line(t, case_format(t, "/sys/block/%s/queue/write_cache", *disk));
		count++;
		REQUIRE(t, mode != NULL);
		CHECK_EQ(t, mode, "write back");
	}
	CHECK_GT(t, count, 0);
}

SABOTAGE(storage, write_cache_is_reported, "the kernel takes a disk's cache for write-through")
{
	const char *disk = scratch_disk(t);

	sabotage_file(t, case_format(t, "/sys/block/%s/queue/write_cache", disk),
		      "write through\n");
}

/* ---- with a filesystem ---- */

#define FOLDER "/run/assay-scratch"

CASE(storage, scratch_disk_formats_and_mounts,
     .title = "A local scratch disk can be formatted and mounted and keeps a file", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "disk:data,cmd:mkfs.ext4", .timeout_s = 120,
     .why = "It is the first thing that is done with a data disk.",
     .remedy = "Read what mkfs.ext4 says; check the ext4 module and the disk.", .sources = "own")
{
	const char *disk = scratch_disk(t), *device = case_format(t, "/dev/%s", disk);
	struct program_result made = program_run(t, 100, "mkfs.ext4", "-q", "-F", device, NULL);
	char kept[16] = "";

	CHECK_EQ(t, made.exit_code, 0);
	REQUIRE(t, made.exit_code == 0);
	(void)mkdir(FOLDER, 0700);
	REQUIRE_OK(t, mount(device, FOLDER, "ext4", 0, ""));
	int fd = open(FOLDER "/kept", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_EQ(t, write(fd, "assay", 5), 5);
	close(fd);
	/* Unmounted and mounted again: what is read comes from the disk. */
	REQUIRE_OK(t, umount2(FOLDER, 0));
	REQUIRE_OK(t, mount(device, FOLDER, "ext4", MS_RDONLY, ""));
	fd = open(FOLDER "/kept", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(t, read(fd, kept, sizeof kept - 1), 5);
	close(fd);
	CHECK_EQ(t, (const char *)kept, "assay");
	CHECK_OK(t, umount2(FOLDER, 0));
	(void)rmdir(FOLDER);
}

SABOTAGE(storage, scratch_disk_formats_and_mounts, "the disk cannot keep what was written")
{
	sabotage_syscall(t, SYS_fsync, EIO);
}
