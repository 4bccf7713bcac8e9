/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the journal hang together. Format: systemd's "Journal File Format" (JOURNAL_FILE_FORMAT). */
#include "guest/kit/case.h"

#define HEADER_MIN  208
#define OBJECT_MIN  16
#define OBJECTS_MAX 2000000U

/* What is looked at in a file's header; all numbers are little endian. */
struct journal_header {
	char signature[8];
	uint32_t compatible_flags, incompatible_flags;
	uint8_t state, reserved[7];
	uint8_t ids[4][16];
	uint64_t header_size, arena_size, data_hash_table_offset, data_hash_table_size,
		field_hash_table_offset, field_hash_table_size, tail_object_offset, object_count;
};

struct journal_object {
	uint8_t type, flags, reserved[6];
	uint64_t size;
};

enum { OBJECT_TYPES = 8 }; /* 1 to 7, and 0 for none */

/* Walks from object to object, as far as the header said that they go. NULL, or what is wrong. */
static const char *walk(struct trial *t, int fd, const struct journal_header *header,
			uint64_t file_size)
{
	uint64_t at = header->header_size;
	struct journal_object object;

	for (unsigned i = 0; i < OBJECTS_MAX && at <= header->tail_object_offset; i++) {
		if (pread(fd, &object, sizeof object, (off_t)at) != (ssize_t)sizeof object)
			return case_format(t, "it ends before its object at byte %llu",
					   (unsigned long long)at);
		if (object.type == 0 || object.type >= OBJECT_TYPES || object.size < OBJECT_MIN ||
		    object.size > file_size - at)
			return case_format(t, "its object at byte %llu has type %u and size %llu",
					   (unsigned long long)at, object.type,
					   (unsigned long long)object.size);
		at += (object.size + 7) / 8 * 8;
	}
	return NULL;
}

static const char *problem_of(struct trial *t, int fd)
{
	struct journal_header header;
	off_t size = lseek(fd, 0, SEEK_END);

	if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header)
		return "it is too short for a header";
	if (memcmp(header.signature, "LPKSHHRH", 8) != 0)
		return "it has not the signature of a journal";
	if (header.header_size < HEADER_MIN || header.header_size > (uint64_t)size ||
	    header.tail_object_offset >= (uint64_t)size)
		return "its header points beyond its end";
	if (header.state > 2)
		return "its state is none that there is";
	return header.tail_object_offset == 0 ? NULL : walk(t, fd, &header, (uint64_t)size);
}

typedef void journal_fn(struct trial *t, const char *path, void *arg);

static void each_journal(struct trial *t, journal_fn *fn, void *arg)
{
	static const char *const folders[] = {"/run/log/journal", "/var/log/journal"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (const char *const *machine = file_names(t, folders[i]); *machine; machine++) {
			const char *folder = case_format(t, "%s/%s", folders[i], *machine);
			for (const char *const *name = file_names(t, folder); *name; name++)
				if (has_suffix(*name, ".journal"))
					fn(t, case_format(t, "%s/%s", folder, *name), arg);
		}
	}
}

static void check_journal(struct trial *t, const char *path, void *arg)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const char *problem = fd < 0 ? "it cannot be opened" : problem_of(t, fd);

	++*(unsigned *)arg;
	if (problem)
		FAIL(t, "%s: %s", path, problem);
	else
		check_passed(t);
	if (fd >= 0)
		close(fd);
}

CASE(systemd, journal_files_verify,
     .title = "Journal files have consistent headers and entry chains", .priority = P2,
     .needs = "systemd",
     .why = "What stands behind a damaged place in the log can no longer be read.",
     .remedy = "journalctl --verify names the damage; look for a full disk and hard power-offs.",
     .sources = "own")
{
	unsigned count = 0;

	each_journal(t, check_journal, &count);
	if (count == 0)
		case_skip(t, "systemd", "there are no journal files");
}

/* The first object says that it is larger than its file. */
static void damage(struct trial *t, const char *path, void *arg)
{
	uint64_t size = UINT64_MAX / 2;
	struct journal_header header;
	int fd = *(bool *)arg ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	*(bool *)arg = pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header &&
		       pwrite(fd, &size, sizeof size, (off_t)header.header_size + 8) == 8;
	close(fd);
	note(t, "damaged %s", path);
}

SABOTAGE(systemd, journal_files_verify, "the first object of a file has lost its size")
{
	bool is_done = false;

	each_journal(t, damage, &is_done);
	if (!is_done)
		case_broken(t, "there is no journal file to be damaged");
}
