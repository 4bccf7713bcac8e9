/* SPDX-License-Identifier: Apache-2.0 */
/* A dump of the guest's memory, taken by the host. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cases/host_case.h"

#define NOTE	    "/sys/kernel/vmcoreinfo"
#define KERNEL_MAP  0xffffffff80000000ULL /* __START_KERNEL_map of x86_64 */
#define NAMES_SIZE  1024
#define HEADER_SIZE 64

static uint64_t little(const unsigned char *bytes, unsigned length)
{
	uint64_t value = 0;

	while (length-- > 0)
		value = value << 8 | bytes[length];
	return value;
}

static void read_at(struct host_trial *t, int fd, void *buf, size_t length, uint64_t offset)
{
	if (pread(fd, buf, length, (off_t)offset) < 0)
		host_broken(t, "read the dump: %m");
}

/* The bytes at a physical address, from the ELF core file's segments (elf(5)). */
static const char *dumped_bytes(struct host_trial *t, const char *path, uint64_t address,
				size_t length)
{
	unsigned char header[HEADER_SIZE] = {0}, segment[56] = {0};
	char *bytes = host_alloc(t, length + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		host_broken(t, "open %s: %m", path);
	read_at(t, fd, header, sizeof header, 0);
	uint64_t table = little(header + 32, 8), count = little(header + 56, 2);
	for (uint64_t i = 0; i < count; i++) {
		read_at(t, fd, segment, sizeof segment, table + i * sizeof segment);
		uint64_t from = little(segment + 24, 8), size = little(segment + 32, 8);
		if (little(segment, 4) == 1 && address >= from && address + length <= from + size)
			read_at(t, fd, bytes, length, little(segment + 8, 8) + address - from);
	}
	close(fd);
	return bytes;
}

/* A dump of the piece of memory that is looked at: all of it would be as large as the guest. */
static const char *dump(struct host_trial *t, uint64_t address, size_t length)
{
	const char *path = host_format(t, "%s/memory.dump", machine_spec(host_machine(t))->folder);
	const char *arguments = host_format(
		t, "{\"paging\":false,\"protocol\":\"file:%s\",\"begin\":%llu,\"length\":%zu}",
		path, (unsigned long long)address, length);

	HOST_REQUIRE(t, host_qmp(t, "dump-guest-memory", arguments) != NULL);
	const char *bytes = dumped_bytes(t, path, address, length);
	(void)unlink(path);
	return bytes;
}

/* The note's text begins behind its header: "OSRELEASE=…\n…". */
static const char *note_text(const char *note, size_t length)
{
	const char *text = memmem(note, length, "OSRELEASE=", 10);

	return text ? text : "";
}

static bool has_text(const char *bytes, size_t length, const char *text)
{
	return memmem(bytes, length, text, strlen(text)) != NULL;
}

HOST_CASE(crash, host_memory_dump_is_usable,
	  .title = "A memory dump taken by the host identifies the kernel and its symbols",
	  .priority = P3, .isolation = ISOLATION_FORK, .needs = "arch:x86_64,kconfig:CRASH_CORE",
	  .timeout_s = 60,
	  .why = "With KASLR a dump without the note (VMCOREINFO) cannot be read by anybody.",
	  .remedy = "Build the kernel with CONFIG_CRASH_CORE (CONFIG_VMCORE_INFO from 6.9 on).",
	  .sources = "own")
{
	const char *place = host_guest_read(t, NOTE);
	const char *release = host_guest_read(t, "/proc/sys/kernel/osrelease");
	unsigned long long address = 0, length = 0, symbol = 0;
	long long base = 0;

	HOST_REQUIRE(t, place && sscanf(place, "%llx %llx", &address, &length) == 2);
	HOST_REQUIRE(t, release && length > 0 && length < (1U << 20));
	const char *text = note_text(dump(t, address, length), length);
	HOST_CHECK_CONTAINS(t, text, host_format(t, "OSRELEASE=%s", release));
	const char *at = strstr(text, "SYMBOL(init_uts_ns)=");
	HOST_REQUIRE(t, at && sscanf(at, "SYMBOL(init_uts_ns)=%llx", &symbol) == 1);
	at = strstr(text, "NUMBER(phys_base)=");
	HOST_REQUIRE(t, at && sscanf(at, "NUMBER(phys_base)=%lld", &base) == 1);
	/* Where the symbol leads to lie the kernel's names. */
	const char *names = dump(t, symbol - KERNEL_MAP + (uint64_t)base, NAMES_SIZE);
	const char *plain = host_format(t, "%.*s", (int)strcspn(release, "\n"), release);
	HOST_CHECK(t, has_text(names, NAMES_SIZE, plain));
}

HOST_SABOTAGE(crash, host_memory_dump_is_usable, "the note is not where the kernel says")
{
	host_guest_write(t, "/run/assay-note", "100000 1024\n");
	if (host_guest_run(t, NULL, "mount", "--bind", "/run/assay-note", NOTE, NULL) != 0)
		host_broken(t, NOTE " cannot be covered");
}
