/* SPDX-License-Identifier: Apache-2.0 */
/* The disks: that all are there, and that they keep what is written. */
#include <sys/mount.h>

#include "base/clock.h"
#include "guest/kit/block.h"
#include "guest/kit/case.h"
#include "guest/kit/udev.h"

#define BLOCK_BYTES (256U << 10)
#define BLOCKS	    8

CASE(storage, data_disks_match_size,
     .title = "Count and size of data disks are what the VM declares", .priority = P0,
     .why = "A disk that does not appear, or is smaller than ordered, is lost data waiting to happen.",
     .remedy = "Look in the kernel log for the controller's driver and the disk.", .sources = "own")
{
	long long promised = plan_number(t, "disks", -1);
	long long mib = plan_number(t, "disk_mib", 0);
	const char *root = block_root_disk(t);
	long long count = 0;

	if (promised < 0)
		case_skip(t, "policy:size", "the plan does not tell which data disks the size has");
	for (const char *const *disk = block_disks(t); *disk; disk++) {
		if (root && strcmp(*disk, root) == 0)
			continue;
		count++;
		if (mib > 0)
			CHECK_EQ(t, block_bytes(t, *disk) >> 20, mib);
	}
	CHECK_EQ(t, count, promised);
}

SABOTAGE(storage, data_disks_match_size, "there is one disk more than declared")
{
	const char *root = block_root_disk(t);
	const char *link = root ? file_link(t, case_format(t, "/sys/block/%s", root)) : NULL;

	REQUIRE(t, link != NULL);
	sabotage_link(t, "/sys/block/vdzz", link);
}

/* ---- the root disk ---- */

static void fill(unsigned char *block, unsigned number)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL * (number + 1);

	for (size_t at = 0; at < BLOCK_BYTES; at += sizeof state) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(block + at, &state, sizeof state);
	}
}

static void write_blocks(struct trial *t, int fd, unsigned char *block)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		fill(block, i);
		REQUIRE_EQ(t, pwrite(fd, block, BLOCK_BYTES, (off_t)i * BLOCK_BYTES),
			   (ssize_t)BLOCK_BYTES);
	}
	REQUIRE_OK(t, fsync(fd));
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void verify_blocks(struct trial *t, int fd, unsigned char *block, unsigned char *want)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		fill(want, i);
		REQUIRE_EQ(t, pread(fd, block, BLOCK_BYTES, (off_t)i * BLOCK_BYTES),
			   (ssize_t)BLOCK_BYTES);
		if (memcmp(block, want, BLOCK_BYTES) == 0)
			check_passed(t);
		else
			FAIL(t, "block %u came back with other bytes", i);
	}
}

/* With what making and comparing the blocks takes, which is the same each time. */
static void measure_rate(struct trial *t, const char *name, uint64_t start_ns)
{
	double seconds = clock_s(clock_now_ns() - start_ns);

	if (seconds > 0)
		case_measure(t, name, "MB/s", MEASURE_HIGHER, BLOCKS * BLOCK_BYTES / 1e6 / seconds);
}

static void remove_file(void *arg)
{
	(void)unlink(arg);
}

CASE(storage, root_disk_keeps_bytes,
     .title = "Bytes written to the root disk read back identical, past the cache", .priority = P0,
     .isolation = ISOLATION_FORK,
     .why = "A disk that gives back other bytes destroys everything else.",
     .remedy = "Rule out the host's storage; then suspect the disk's driver or the filesystem.",
     .sources = "CIT:disk.TestDiskReadWrite")
{
	char *path = case_alloc(t, 64);
	unsigned char *memory = case_alloc(t, 2 * BLOCK_BYTES + 4096);
	unsigned char *block = (unsigned char *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095);

	(void)snprintf(path, 64, "/var/tmp/.assay-%d", getpid());
	int fd;
	REQUIRE_OK(t, fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	case_defer(t, remove_file, path);
	uint64_t start_ns = clock_now_ns();
	write_blocks(t, fd, block);
	measure_rate(t, "root_write", start_ns);
	close(fd);
	fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 &&
	    errno == EINVAL) /* a filesystem without direct I/O: the cache was dropped above */
		fd = open(path, O_RDONLY | O_CLOEXEC);
	REQUIRE(t, fd >= 0);
	start_ns = clock_now_ns();
	verify_blocks(t, fd, block, block + BLOCK_BYTES);
	measure_rate(t, "root_read", start_ns);
	close(fd);
}

SABOTAGE(storage, root_disk_keeps_bytes, "the root filesystem has become read-only")
{
	if (mount("/var/tmp", "/var/tmp", NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, "/var/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		case_broken(t, "the folder cannot be made read-only: %m");
}

CASE(storage, by_id_link_follows_serial,
     .title = "Each disk with a serial number has a by-id link that carries it", .priority = P1,
     .needs = "disk:data",
     .why = "It is the only name of a data disk that does not change when disks come and go.",
     .remedy = "Check the udev rules for persistent storage.",
     .sources = "CIT:disk.TestBlockDeviceNaming")
{
	const char *const *links = file_names(t, "/dev/disk/by-id");
	unsigned serials = 0;

	udev_required(t);
	for (const char *const *disk = block_disks(t); *disk; disk++) {
		const char *serial = file_line(t, case_format(t, "/sys/block/%s/serial", *disk));
		bool is_found = false;
		if (!serial || !serial[0])
			continue;
		serials++;
		for (const char *const *link = links; *link && !is_found; link++) {
			const char *target =
				file_link(t, case_format(t, "/dev/disk/by-id/%s", *link));
			is_found = strstr(*link, serial) && target &&
				   has_suffix(target, case_format(t, "/%s", *disk));
		}
		if (is_found)
			check_passed(t);
		else
			FAIL(t, "no link in /dev/disk/by-id carries the serial %s of %s", serial,
			     *disk);
	}
	if (serials == 0)
		case_skip(t, "disk:data", "no disk has a serial number");
}

SABOTAGE(storage, by_id_link_follows_serial, "the links were never made")
{
	sabotage_remove(t, "/dev/disk/by-id");
}
