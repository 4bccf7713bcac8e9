// SPDX-License-Identifier: Apache-2.0
// What a program or library says of itself to the loader. The bytes are foreign: every offset is checked.
#include "guest/kit/elf.h"

#include <elf.h>
#include <string.h>

#define PROGRAM_HEADERS_MAX 64
#define DYNAMIC_MAX	    512

/* Program headers and dynamic entries of both classes, in the wide form. */
struct file {
	elf_read_fn *read;
	void *arg;
	struct elf *elf;
	uint64_t header_offset;
	unsigned header_count, header_size;
	Elf64_Phdr headers[PROGRAM_HEADERS_MAX];
	Elf64_Dyn dynamic[DYNAMIC_MAX];
	unsigned dynamic_count;
	size_t head_length;
	unsigned char head[ELF_HEAD_SIZE]; /* the beginning: most of what is needed lies there */
};

/* Reads all of it or -EBADMSG. */
static int read_all(struct file *file, uint64_t offset, void *buf, size_t size)
{
	if (offset <= file->head_length && size <= file->head_length - offset) {
		memcpy(buf, file->head + offset, size);
		return 0;
	}
	ssize_t got = file->read(file->arg, offset, buf, size);
	if (got < 0)
		return (int)got;
	return (size_t)got == size ? 0 : -EBADMSG;
}

static int read_head(struct file *file)
{
	ssize_t got = file->read(file->arg, 0, file->head, sizeof file->head);

	if (got < 0)
		return (int)got;
	if (got < (ssize_t)sizeof(Elf32_Ehdr) || memcmp(file->head, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	file->head_length = (size_t)got;
	if (file->head[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	return 0;
}

static int parse_header(struct file *file)
{
	struct elf *elf = file->elf;
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (file->head[EI_CLASS] == ELFCLASS64) {
		if (read_all(file, 0, &wide, sizeof wide) < 0)
			return -EBADMSG;
		elf->bits = 64, elf->machine = wide.e_machine, elf->type = wide.e_type;
		file->header_offset = wide.e_phoff;
		file->header_count = wide.e_phnum, file->header_size = wide.e_phentsize;
	} else if (file->head[EI_CLASS] == ELFCLASS32) {
		if (read_all(file, 0, &narrow, sizeof narrow) < 0)
			return -EBADMSG;
		elf->bits = 32, elf->machine = narrow.e_machine, elf->type = narrow.e_type;
		file->header_offset = narrow.e_phoff;
		file->header_count = narrow.e_phnum, file->header_size = narrow.e_phentsize;
	} else {
		return -EBADMSG;
	}
	return 0;
}

static int read_program_headers(struct file *file)
{
	size_t size = file->elf->bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (file->header_count == 0)
		return 0;
	if (file->header_count > PROGRAM_HEADERS_MAX || file->header_size != size)
		return -EBADMSG;
	for (unsigned i = 0; i < file->header_count; i++) {
		Elf64_Phdr *wide = &file->headers[i];
		Elf32_Phdr narrow;
		uint64_t offset = file->header_offset + (uint64_t)i * size;
		int r = read_all(file, offset, size == sizeof *wide ? (void *)wide : &narrow, size);
		if (r < 0)
			return r;
		if (size != sizeof *wide)
			*wide = (Elf64_Phdr){.p_type = narrow.p_type,
					     .p_offset = narrow.p_offset,
					     .p_vaddr = narrow.p_vaddr,
					     .p_filesz = narrow.p_filesz};
	}
	return 0;
}

static int read_dynamic(struct file *file, const Elf64_Phdr *segment)
{
	bool is_wide = file->elf->bits == 64;
	size_t size = is_wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	uint64_t count = segment->p_filesz / size;
	Elf32_Dyn narrow[DYNAMIC_MAX];

	if (count > DYNAMIC_MAX)
		count = DYNAMIC_MAX;
	int r = read_all(file, segment->p_offset, is_wide ? (void *)file->dynamic : narrow,
			 (size_t)count * size);
	if (r < 0)
		return r;
	for (uint64_t i = 0; !is_wide && i < count; i++) {
		file->dynamic[i].d_tag = narrow[i].d_tag;
		file->dynamic[i].d_un.d_val = narrow[i].d_un.d_val;
	}
	file->dynamic_count = (unsigned)count;
	return 0;
}

/* Where in the file an address is loaded from; false when no segment holds it. */
static bool offset_of(const struct file *file, uint64_t address, uint64_t *ret)
{
	for (unsigned i = 0; i < file->header_count; i++) {
		const Elf64_Phdr *header = &file->headers[i];
		if (header->p_type != PT_LOAD || address < header->p_vaddr ||
		    address - header->p_vaddr >= header->p_filesz)
			continue;
		*ret = header->p_offset + (address - header->p_vaddr);
		return true;
	}
	return false;
}

/* Keeps a copy of a string of the file that is at most `most` long; NULL when it has no end or there is no room. */
static const char *keep(struct file *file, const char *string, size_t most)
{
	struct elf *elf = file->elf;
	size_t length = strnlen(string, most);
	char *copy = elf->strings + elf->strings_used;

	if (length == most || length >= sizeof elf->strings - elf->strings_used)
		return NULL;
	memcpy(copy, string, length + 1);
	elf->strings_used += length + 1;
	return copy;
}

/* Where to put the string that a dynamic entry names; NULL for entries that name none. */
static const char **slot_of(struct elf *elf, int64_t tag)
{
	switch (tag) {
	case DT_NEEDED:
		return elf->needed_count < ELF_NEEDED_MAX ? &elf->needed[elf->needed_count++]
							  : NULL;
	case DT_SONAME:
		return &elf->soname;
	case DT_RPATH:
		return &elf->rpath;
	case DT_RUNPATH:
		return &elf->runpath;
	default:
		return NULL;
	}
}

/* The string table as far as the names in it reach, one read for all of them. */
static int read_strings(struct file *file, uint64_t offset, uint64_t size)
{
	char window[ELF_HEAD_SIZE];
	uint64_t at = 0, length = 0; /* what of the table is in the window */

	for (unsigned i = 0; i < file->dynamic_count && file->dynamic[i].d_tag != DT_NULL; i++) {
		uint64_t name = file->dynamic[i].d_un.d_val;
		const char **slot = slot_of(file->elf, file->dynamic[i].d_tag);
		if (!slot)
			continue;
		if (name >= size)
			return -EBADMSG;
		if (name < at || name >= at + length ||
		    !memchr(window + (name - at), '\0', at + length - name)) {
			at = name;
			length = size - at < sizeof window ? size - at : sizeof window;
			int r = read_all(file, offset + at, window, (size_t)length);
			if (r < 0)
				return r;
		}
		*slot = keep(file, window + (name - at), (size_t)(at + length - name));
		if (!*slot)
			return -EBADMSG;
	}
	return 0;
}

static int parse_dynamic(struct file *file)
{
	uint64_t address = 0, size = 0, offset;

	for (unsigned i = 0; i < file->dynamic_count && file->dynamic[i].d_tag != DT_NULL; i++) {
		if (file->dynamic[i].d_tag == DT_STRTAB)
			address = file->dynamic[i].d_un.d_ptr;
		else if (file->dynamic[i].d_tag == DT_STRSZ)
			size = file->dynamic[i].d_un.d_val;
	}
	if (size == 0)
		return 0;
	if (size > 64U << 20 || !offset_of(file, address, &offset))
		return -EBADMSG;
	return read_strings(file, offset, size);
}

static int parse_segment(struct file *file, const Elf64_Phdr *header)
{
	char path[256];

	if (header->p_type == PT_INTERP) {
		size_t size =
			header->p_filesz < sizeof path ? (size_t)header->p_filesz : sizeof path;
		int r = read_all(file, header->p_offset, path, size);
		if (r < 0)
			return r;
		file->elf->interpreter = keep(file, path, size);
		return file->elf->interpreter ? 0 : -EBADMSG;
	}
	if (header->p_type == PT_DYNAMIC) {
		file->elf->has_dynamic = true;
		int r = read_dynamic(file, header);
		return r < 0 ? r : parse_dynamic(file);
	}
	return 0;
}

int elf_read(elf_read_fn *read, void *arg, struct elf *ret)
{
	struct file file = {.read = read, .arg = arg, .elf = ret};

	memset(ret, 0, offsetof(struct elf, strings));
	ret->interpreter = ret->soname = ret->rpath = ret->runpath = "";
	int r = read_head(&file);
	if (r == 0)
		r = parse_header(&file);
	if (r == 0)
		r = read_program_headers(&file);
	for (unsigned i = 0; r == 0 && i < file.header_count; i++)
		r = parse_segment(&file, &file.headers[i]);
	return r;
}

const char *elf_machine_name(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_AARCH64:
		return "aarch64";
	case EM_386:
		return "i386";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv64";
	case EM_PPC64:
		return "ppc64le";
	default:
		return NULL;
	}
}
