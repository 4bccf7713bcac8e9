/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel modules' files: ELF (System V ABI), with the kernel's .modinfo and its signature appended (linux/module_signature.h). */
#include "guest/kit/module_file.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS_MAX 20000U
#define NAMES_MAX    (1U << 20)
#define MODINFO_MAX  (256U << 10)
#define MAGIC	     "~Module signature appended~\n"
#define MAGIC_SIZE   (sizeof MAGIC - 1)
/* The kernel's struct module_signature: its last four bytes are the signature's length, highest byte first. */
#define TRAILER_SIZE 12

struct module_reader {
	elf_read_fn *read;
	void *arg;
	uint64_t size;
};

static int read_all(const struct module_reader *reader, uint64_t offset, void *buf, size_t size)
{
	if (offset > reader->size || size > reader->size - offset)
		return -EBADMSG;
	ssize_t got = reader->read(reader->arg, offset, buf, size);
	if (got < 0)
		return (int)got;
	return (size_t)got == size ? 0 : -EBADMSG;
}

/* The table of sections, of either class. */
struct sections {
	uint64_t offset;
	unsigned entry_size, count, names; /* names: the index of the section with their names */
	bool is_64;
};

struct section {
	uint32_t name;
	uint64_t offset, size;
};

static int read_header(const struct module_reader *reader, struct sections *ret)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr small;
		Elf64_Ehdr large;
	} head = {.ident = {0}};
	int r = read_all(reader, 0, &head, sizeof head.small);

	if (r < 0)
		return r == -EBADMSG ? -ENOEXEC : r;
	if (memcmp(head.ident, ELFMAG, SELFMAG) != 0 || head.ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	ret->is_64 = head.ident[EI_CLASS] == ELFCLASS64;
	if (!ret->is_64) {
		*ret = (struct sections){head.small.e_shoff, head.small.e_shentsize,
					 head.small.e_shnum, head.small.e_shstrndx, false};
	} else {
		r = read_all(reader, 0, &head.large, sizeof head.large);
		if (r < 0)
			return r;
		*ret = (struct sections){head.large.e_shoff, head.large.e_shentsize,
					 head.large.e_shnum, head.large.e_shstrndx, true};
	}
	size_t wanted = ret->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	return ret->entry_size == wanted && ret->count <= SECTIONS_MAX && ret->names < ret->count
		       ? 0
		       : -EBADMSG;
}

static struct section section_at(const struct sections *sections, const unsigned char *table,
				 unsigned at)
{
	const unsigned char *entry = table + (size_t)at * sections->entry_size;
	Elf32_Shdr small;
	Elf64_Shdr large;

	if (!sections->is_64) {
		memcpy(&small, entry, sizeof small);
		return (struct section){small.sh_name, small.sh_offset, small.sh_size};
	}
	memcpy(&large, entry, sizeof large);
	return (struct section){large.sh_name, large.sh_offset, large.sh_size};
}

/* Reads a section whole, with a NUL behind it. */
static int read_section(const struct module_reader *reader, const struct section *section,
			size_t maximum, char **ret)
{
	if (section->size > maximum)
		return -EBADMSG;
	CLEAN_FREE char *bytes = calloc(1, section->size + 1);
	if (!bytes)
		return -ENOMEM;
	int r = read_all(reader, section->offset, bytes, section->size);
	if (r == 0)
		*ret = STEAL_PTR(bytes);
	return r;
}

/* Texts "key=value", each with a NUL at its end. */
static void find_vermagic(const char *modinfo, size_t size, struct module_file *ret)
{
	static const char key[] = "vermagic=";

	for (const char *at = modinfo; at < modinfo + size; at += strlen(at) + 1) {
		if (strncmp(at, key, sizeof key - 1) != 0)
			continue;
		at += sizeof key - 1;
		size_t length = strlen(at);
		if (length >= sizeof ret->vermagic)
			length = sizeof ret->vermagic - 1;
		memcpy(ret->vermagic, at, length);
		ret->vermagic[length] = '\0';
		return;
	}
}

static int read_modinfo(const struct module_reader *reader, const struct sections *sections,
			const unsigned char *table, struct module_file *ret)
{
	struct section names = section_at(sections, table, sections->names);
	CLEAN_FREE char *texts = NULL, *modinfo = NULL;
	int r = read_section(reader, &names, NAMES_MAX, &texts);

	for (unsigned i = 0; r == 0 && i < sections->count; i++) {
		struct section section = section_at(sections, table, i);
		if (section.name >= names.size || strcmp(texts + section.name, ".modinfo") != 0)
			continue;
		r = read_section(reader, &section, MODINFO_MAX, &modinfo);
		if (r == 0)
			find_vermagic(modinfo, section.size, ret);
		break;
	}
	return r;
}

int module_file_signed(elf_read_fn *read, void *arg, uint64_t size)
{
	const struct module_reader reader = {read, arg, size};
	unsigned char tail[TRAILER_SIZE + MAGIC_SIZE];

	if (size < sizeof tail)
		return 0;
	int r = read_all(&reader, size - sizeof tail, tail, sizeof tail);
	if (r < 0)
		return r;
	uint64_t length = (uint64_t)tail[8] << 24 | (uint64_t)tail[9] << 16 |
			  (uint64_t)tail[10] << 8 | tail[11];
	return memcmp(tail + TRAILER_SIZE, MAGIC, MAGIC_SIZE) == 0 && length > 0 &&
	       length <= size - sizeof tail;
}

int module_file_read(elf_read_fn *read, void *arg, uint64_t size, struct module_file *ret)
{
	const struct module_reader reader = {read, arg, size};
	struct sections sections;

	*ret = (struct module_file){.is_signed = false};
	int r = read_header(&reader, &sections);
	if (r < 0)
		return r;
	size_t bytes = (size_t)sections.count * sections.entry_size;
	CLEAN_FREE unsigned char *table = calloc(1, bytes + 1);
	if (!table)
		return -ENOMEM;
	r = read_all(&reader, sections.offset, table, bytes);
	if (r == 0)
		r = read_modinfo(&reader, &sections, table, ret);
	if (r < 0)
		return r;
	r = module_file_signed(read, arg, size);
	ret->is_signed = r > 0;
	return r < 0 ? r : 0;
}
