// SPDX-License-Identifier: Apache-2.0
// What the firmware starts: boot code in the first sector and behind it, or a loader on the EFI system partition.
#include "guest/kit/case.h"
#include "guest/kit/disk.h"
#include "guest/kit/elf.h"

#define SECTOR 512

static const struct disk_table *read_table(struct trial *t)
{
	struct disk_table *table = case_alloc(t, sizeof *table);

	if (disk_table_read(case_tree(t), table) < 0)
		case_skip(t, "image", "the disk itself cannot be read here");
	return table;
}

static const struct disk_partition *find_esp(const struct disk_table *table)
{
	return disk_partition_of_type(table, table->kind == DISK_DOS ? "ef" : DISK_TYPE_ESP);
}

static bool is_blank(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Whether a BIOS is meant to start this disk. */
static bool is_for_bios(struct trial *t, const struct disk_table *table)
{
	if (strcmp(plan_text(t, "firmware", ""), "bios") == 0)
		return true;
	if (table->kind == DISK_GPT)
		return disk_partition_of_type(table, DISK_TYPE_BIOS) != NULL;
	return table->kind == DISK_DOS && !find_esp(table);
}

static uint64_t number_at(const unsigned char *at, unsigned bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | at[bytes];
	return number;
}

/* Sectors [first, first + count) lie on the disk, and the first is written (the last may be filled up with zeroes). */
static void check_written(struct trial *t, const char *what, uint64_t first, uint64_t count)
{
	unsigned char sector[SECTOR];
	uint64_t sectors = tree_disk_size(case_tree(t)) / SECTOR;

	if (first == 0 || first >= sectors || count > sectors - first) {
		FAIL(t, "%s is said to lie at sector %llu, beyond the disk", what,
		     (unsigned long long)first);
		return;
	}
	REQUIRE_EQ(t, tree_disk_read(case_tree(t), first * SECTOR, sector, SECTOR), SECTOR);
	if (is_blank(sector, SECTOR))
		FAIL(t, "%s at sector %llu is blank", what, (unsigned long long)first);
	else
		check_passed(t);
}

/* GRUB's boot.img loads one sector, which holds the list of the others. */
static void check_grub(struct trial *t, const struct disk_table *table)
{
	uint64_t first = number_at(table->boot_code + 0x5c, 8);
	unsigned char sector[SECTOR];

	check_written(t, "the first sector of GRUB's second stage", first, 1);
	if (tree_disk_read(case_tree(t), first * SECTOR, sector, SECTOR) != SECTOR ||
	    is_blank(sector, SECTOR))
		return;
	/* Block lists grow down from the sector's end: start (8), length (2), segment (2). */
	uint64_t start = number_at(sector + 0x1f4, 8), count = number_at(sector + 0x1fc, 2);
	if (count == 0)
		FAIL(t, "GRUB's second stage at sector %llu lists no sectors",
		     (unsigned long long)first);
	else
		check_written(t, "GRUB's second stage", start, count);
}

AUDIT(image, bios_loader_is_embedded,
      .title = "BIOS boot code and its second stage are really embedded in the disk",
      .priority = P0, .needs = "arch:x86_64",
      .sources = "kola:boot/grub2-install,AZCERT:ms-prep/gen2-boot",
      .why = "A disk that a BIOS finds without boot code stops at a black screen.",
      .remedy = "Run grub-install on the image's disk after the last change of its partition "
		"table.")
{
	const struct disk_table *table = read_table(t);
	static const char mark[] = "GRUB";

	if (!is_for_bios(t, table))
		case_skip(
			t, "bios",
			"the disk is not laid out for a BIOS: no boot partition for it, no plain MBR");
	REQUIRE(t, table->has_mbr_signature);
	REQUIRE(t, !is_blank(table->boot_code, sizeof table->boot_code));
	if (memmem(table->boot_code, sizeof table->boot_code, mark, sizeof mark - 1))
		check_grub(t, table);
	else
		note(t, "the boot code is not GRUB's; only that it is there was checked");
}

SABOTAGE(image, bios_loader_is_embedded, "the disk's first 440 bytes are zero")
{
	static const unsigned char nothing[DISK_BOOT_CODE];

	tree_plant_disk(case_tree(t), 0, nothing, sizeof nothing);
}

/* ---- UEFI ---- */

static const struct efi_arch {
	unsigned machine; /* PE and ELF number machines differently: this is PE's */
	const char *file;
} efi_archs[] = {
	{0x8664, "BOOTX64.EFI"},
	{0xaa64, "BOOTAA64.EFI"},
	{0x5064, "BOOTRISCV64.EFI"},
	{0x014c, "BOOTIA32.EFI"},
};

static const char *const esp_folders[] = {"/boot/efi", "/efi", "/boot"};

/* Names on FAT may stand in any case; a tree of a mounted one need not fold it. */
static const char *find_folded(struct trial *t, const char *folder, const char *wanted)
{
	for (const char *const *name = file_names(t, folder); *name; name++)
		if (strcasecmp(*name, wanted) == 0)
			return case_format(t, "%s/%s", folder, *name);
	return NULL;
}

/* The folder EFI/BOOT of the first ESP that is mounted somewhere usual; NULL when there is none. */
static const char *find_fallback_folder(struct trial *t, bool *ret_has_esp)
{
	*ret_has_esp = false;
	for (size_t i = 0; i < ARRAY_LEN(esp_folders); i++) {
		const char *efi = find_folded(t, esp_folders[i], "EFI");
		const char *boot = efi ? find_folded(t, efi, "BOOT") : NULL;
		/* An empty folder is where the ESP would be mounted. */
		*ret_has_esp = *ret_has_esp || (efi && file_names(t, efi)[0]);
		if (boot)
			return boot;
	}
	return NULL;
}

/* The machine of a PE file; 0 when it is none. */
static unsigned pe_machine(struct trial *t, const char *path)
{
	unsigned char head[64], pe[6];

	if (tree_pread(case_tree(t), path, 0, head, sizeof head) != (ssize_t)sizeof head ||
	    head[0] != 'M' || head[1] != 'Z')
		return 0;
	if (tree_pread(case_tree(t), path, number_at(head + 0x3c, 4), pe, sizeof pe) !=
		    (ssize_t)sizeof pe ||
	    memcmp(pe, "PE\0", 4) != 0)
		return 0;
	return (unsigned)number_at(pe + 4, 2);
}

/* Whether all of its sections lie in the file; linkers pad the last one differently. */
static bool is_whole_pe(struct trial *t, const char *path)
{
	const uint64_t page = 4096;
	unsigned char head[64], pe[24], section[40];
	struct tree_stat stat;
	struct tree *tree = case_tree(t);

	REQUIRE(t, file_stat(t, path, &stat));
	if (tree_pread(tree, path, 0, head, sizeof head) != (ssize_t)sizeof head)
		return false;
	uint64_t at = number_at(head + 0x3c, 4);
	if (tree_pread(tree, path, at, pe, sizeof pe) != (ssize_t)sizeof pe)
		return false;
	at += sizeof pe + number_at(pe + 20, 2);
	for (uint64_t i = 0; i < number_at(pe + 6, 2); i++, at += sizeof section) {
		if (tree_pread(tree, path, at, section, sizeof section) != (ssize_t)sizeof section)
			return false;
		if (number_at(section + 20, 4) + number_at(section + 16, 4) > stat.size + page)
			return false;
	}
	return true;
}

AUDIT(image, esp_has_fallback_loader,
      .title = "The ESP carries a loader at the removable-media fallback path", .priority = P0,
      .sources = "AZCERT:ms-prep/gen2-boot",
      .why = "A new machine has no boot entries in its firmware: only the removable-media "
	     "path is found.",
      .remedy = "Install the loader with grub-install --removable, or bootctl install.")
{
	bool has_esp;
	const char *folder = find_fallback_folder(t, &has_esp);
	unsigned found = 0;

	if (!has_esp) {
		struct disk_table *table = case_alloc(t, sizeof *table);
		if (disk_table_read(case_tree(t), table) < 0 || !find_esp(table))
			case_skip(t, "uefi", "the image has no EFI system partition");
		case_skip(
			t, "uefi",
			"the EFI system partition is not to be seen below /boot/efi, /efi or /boot");
	}
	for (size_t i = 0; folder && i < ARRAY_LEN(efi_archs); i++) {
		const char *path = find_folded(t, folder, efi_archs[i].file);
		if (!path)
			continue;
		found++;
		CHECK_EQ(t, pe_machine(t, path), efi_archs[i].machine);
		if (!is_whole_pe(t, path))
			FAIL(t, "%s is cut off", path);
	}
	if (found == 0)
		FAIL(t, "no EFI/BOOT/BOOT*.EFI is on the EFI system partition");
}

SABOTAGE(image, esp_has_fallback_loader, "the fallback loader was removed from the ESP")
{
	bool has_esp;
	const char *folder = find_fallback_folder(t, &has_esp);

	for (size_t i = 0; folder && i < ARRAY_LEN(efi_archs); i++) {
		const char *path = find_folded(t, folder, efi_archs[i].file);
		if (path)
			tree_plant_absence(case_tree(t), path);
	}
}

/* ---- the machine that all of it is for ---- */

static ssize_t read_file_at(void *arg, uint64_t offset, void *buf, size_t size)
{
	struct trial *t = *(struct trial **)arg;
	const char *path = ((const char **)arg)[1];

	return tree_pread(case_tree(t), path, offset, buf, size);
}

/* Checks one program; gives its machine, 0 when it is no ELF file. */
static unsigned check_program(struct trial *t, const char *path)
{
	struct elf *elf = case_alloc(t, sizeof *elf);
	const void *arg[2] = {t, path};
	int r = elf_read(read_file_at, arg, elf);

	if (r < 0) {
		FAIL(t, "%s is no ELF program", path);
		return 0;
	}
	if (elf->bits == 64)
		check_passed(t);
	else
		FAIL(t, "%s is a %u-bit program", path, elf->bits);
	return elf->machine;
}

/* "x86_64" for a bzImage that can be entered in 64-bit mode or a PE image of that machine; NULL: not known. */
static const char *kernel_machine(struct trial *t, const char *path)
{
	unsigned char head[0x240];

	if (tree_pread(case_tree(t), path, 0, head, sizeof head) != (ssize_t)sizeof head)
		return NULL;
	if (memcmp(head + 0x202, "HdrS", 4) == 0)
		return head[0x236] & 1 ? "x86_64" : "i386"; /* XLF_KERNEL_64 */
	if (memcmp(head + 0x38, "ARMd", 4) == 0 || pe_machine(t, path) == 0xaa64)
		return "aarch64";
	return NULL;
}

AUDIT(image, arch_is_declared_64bit,
      .title = "Kernel, init and shell are all 64-bit ELF files of the declared machine type",
      .priority = P0,
      .sources = "LISA:verify_azure_64bit_os,AZCERT:ms-selftest/49-architecture,"
		 "AZCERT:aws-mp/arch-hvm-64-bit",
      .why = "A 32-bit program or kernel in the place of a 64-bit one fails on a part of the "
	     "machines only.",
      .remedy = "Build the image from packages of one 64-bit architecture.")
{
	static const char *const inits[] = {"/sbin/init", "/usr/lib/systemd/systemd",
					    "/lib/systemd/systemd"};
	const char *init = NULL;

	for (size_t i = 0; i < ARRAY_LEN(inits) && !init; i++)
		init = file_exists(t, inits[i]) ? inits[i] : NULL;
	if (!init || !file_exists(t, "/bin/sh"))
		case_skip(t, "init", "the tree has no init or no shell");
	unsigned init_machine = check_program(t, init), shell_machine = check_program(t, "/bin/sh");
	const char *name = elf_machine_name(init_machine);
	CHECK_EQ(t, shell_machine, init_machine);
	const char *declared = plan_text(t, "arch", name);
	if (name && declared)
		CHECK_EQ(t, name, declared);
	for (const char *const *file = file_names(t, "/boot"); *file; file++) {
		const char *path = case_format(t, "/boot/%s", *file);
		const char *machine = has_prefix(*file, "vmlinuz-") && file_exists(t, path)
					      ? kernel_machine(t, path)
					      : NULL;
		if (machine && name)
			CHECK_EQ(t, machine, name);
	}
}

SABOTAGE(image, arch_is_declared_64bit, "the shell is a 32-bit program")
{
	/* The header of an i386 executable: class 1, little endian, version 1; type 2, machine 3. */
	static const unsigned char stub[64] = {0x7f, 'E',      'L',	 'F',	   1,	     1,
					       1,    [16] = 2, [18] = 3, [20] = 1, [40] = 52};

	tree_plant_file(case_tree(t), "/bin/sh", stub, sizeof stub, 0755, 0);
}
