/* SPDX-License-Identifier: Apache-2.0 */
/* Secure Boot, as far as the disk shows it: who signed what the firmware starts, and whether it has been revoked since. */
#include <string.h>
#include <strings.h>

#include "guest/kit/boot.h"
#include "guest/kit/pe.h"

#define PROGRAM_MAX  (24U << 20)
#define PROGRAMS_MAX 16

static const char *const esp_folders[] = {"/boot/efi", "/efi", "/boot"};

struct program {
	const char *path;
	struct pe pe;
};

struct programs {
	struct program items[PROGRAMS_MAX];
	unsigned count;
	const char *damaged; /* NULL: all are whole */
};

/* NULL when there is no such file, it is no PE file, or too large to be looked at. */
static const struct program *read_program(struct trial *t, const char *path, struct program *ret)
{
	struct tree_stat st;

	if (!file_stat(t, path, &st) || st.size > PROGRAM_MAX)
		return NULL;
	char *bytes = case_alloc(t, (size_t)st.size + 1);
	if (tree_pread(case_tree(t), path, 0, bytes, (size_t)st.size) != (ssize_t)st.size ||
	    pe_parse(bytes, (size_t)st.size, &ret->pe) < 0)
		return NULL;
	ret->path = path;
	return ret;
}

/* Names on FAT stand in any case. */
static const char *find_folded(struct trial *t, const char *folder, const char *wanted)
{
	for (const char *const *name = file_names(t, folder); *name; name++)
		if (strcasecmp(*name, wanted) == 0)
			return case_format(t, "%s/%s", folder, *name);
	return NULL;
}

/* The folder EFI/BOOT on the EFI system partition; skips where it is not to be seen. */
static const char *fallback_folder(struct trial *t)
{
	for (size_t i = 0; i < ARRAY_LEN(esp_folders); i++) {
		const char *efi = find_folded(t, esp_folders[i], "EFI");
		const char *boot = efi ? find_folded(t, efi, "BOOT") : NULL;
		if (boot)
			return boot;
	}
	case_skip(t, "uefi", "no EFI/BOOT is to be seen on an EFI system partition");
}

/* The programs that lie in the fallback folder: shim, and what it starts. */
static struct programs *read_loaders(struct trial *t)
{
	struct programs *programs = case_alloc(t, sizeof *programs);
	const char *folder = fallback_folder(t);

	for (const char *const *name = file_names(t, folder); *name; name++) {
		struct program *next = &programs->items[programs->count];
		const char *path = case_format(t, "%s/%s", folder, *name);
		size_t length = strlen(*name);
		if (programs->count == PROGRAMS_MAX || length <= 4 ||
		    strcasecmp(*name + length - 4, ".efi") != 0)
			continue;
		if (read_program(t, path, next))
			programs->count++;
		else
			programs->damaged = path;
	}
	return programs;
}

/* ---- generations ---- */

/* What shim's revocations of January 2024 (2024010900), which Windows delivered to all machines in that August, ask for at least. */
static const struct generation {
	const char *component;
	unsigned least;
} generations[] = {{"shim", 4}, {"grub", 3}, {"grub.debian", 4}};

/* Looks through lines "component,generation,…"; false when there are none. */
static bool check_generations(struct trial *t, const struct program *program)
{
	const struct pe_section *section = pe_section(&program->pe, ".sbat");
	unsigned generation;
	char component[64];

	if (!section)
		return false;
	const char *text =
		case_format(t, "%.*s", (int)section->bytes.length, (const char *)section->bytes.at);
	for (const char *at = text, *line; (line = text_line(t, &at));) {
		if (sscanf(line, "%63[^,],%u", component, &generation) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(generations); i++) {
			if (strcmp(component, generations[i].component) != 0)
				continue;
			note(t, "%s: %s is of generation %u", program->path, component, generation);
			if (generation < generations[i].least)
				FAIL(t,
				     "%s: %s is of generation %u, and those below %u are revoked",
				     program->path, component, generation, generations[i].least);
			else
				check_passed(t);
		}
	}
	return true;
}

AUDIT(boot, sbat_generations_are_current,
      .title = "Shim and GRUB carry SBAT generations above the revoked ones", .priority = P1,
      .sources = "own",
      .why = "Firmware that has learnt of the revocations starts neither; the machine does not boot.",
      .remedy = "Take the distribution's current shim and GRUB, and install them on the EFI system "
		"partition as well.")
{
	const struct programs *programs = read_loaders(t);
	unsigned with = 0;

	if (programs->damaged)
		FAIL(t, "%s is no whole EFI program", programs->damaged);
	for (unsigned i = 0; i < programs->count; i++)
		with += check_generations(t, &programs->items[i]);
	if (with == 0 && !programs->damaged)
		case_skip(t, "secureboot", "no loader in the fallback folder has SBAT generations");
	check_passed(t);
}

SABOTAGE(boot, sbat_generations_are_current, "GRUB and shim are of their first generation")
{
	const struct programs *programs = read_loaders(t);
	static const char *const words[] = {"\ngrub,", "\nshim,"};

	for (unsigned i = 0; i < programs->count; i++) {
		const struct pe_section *section = pe_section(&programs->items[i].pe, ".sbat");
		const struct pe_span *file = &programs->items[i].pe.file;
		if (!section)
			continue;
		char *bytes = case_alloc(t, file->length);
		memcpy(bytes, file->at, file->length);
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			char *at = memmem(bytes + (section->bytes.at - file->at),
					  section->bytes.length, words[k], strlen(words[k]));
			if (at)
				at[strlen(words[k])] = '1';
		}
		tree_plant_file(case_tree(t), programs->items[i].path, bytes, file->length, 0755,
				0);
	}
}

/* ---- signatures ---- */

/* One of the program's signatures is about the bytes that it has now; gives who issued the signer's certificate. */
static bool check_digest(struct trial *t, const struct program *program, struct pe_span *ret_issuer)
{
	unsigned char digest[SHA256_BYTES];
	struct pe_signature signature;
	bool can_tell = pe_digest(&program->pe, digest), found = false;

	if (program->pe.certificates.length == 0) {
		FAIL(t, "%s is not signed", program->path);
		return false;
	}
	for (unsigned i = 0; !found && pe_signature_at(&program->pe, i, &signature) == 0; i++) {
		found = !can_tell || (signature.digest.length == SHA256_BYTES &&
				      memcmp(signature.digest.at, digest, SHA256_BYTES) == 0);
		*ret_issuer = signature.issuer;
	}
	if (!can_tell)
		note(t, "%s has gaps, so what was signed of it is not known", program->path);
	if (found)
		check_passed(t);
	else
		FAIL(t, "%s is not what was signed: none of its signatures is of its content",
		     program->path);
	return found;
}

/* Shim brings its distribution's certificate, and trusts what was signed with it, or with one that it issued. */
static void check_vendor(struct trial *t, const struct program *shim, const struct program *program,
			 const struct pe_span *issuer)
{
	const struct pe_section *vendor = pe_section(&shim->pe, ".vendor_cert");

	if (!vendor)
		return;
	if (memmem(vendor->bytes.at, vendor->bytes.length, issuer->at, issuer->length))
		check_passed(t);
	else
		FAIL(t,
		     "%s is signed by somebody whom the vendor's certificate in %s does not name",
		     program->path, shim->path);
}

/* The loader that firmware starts, if it is signed: an image whose loader is not promises no Secure Boot. */
static const struct program *signed_loader(struct trial *t, const struct programs *programs)
{
	for (unsigned i = 0; i < programs->count; i++) {
		const char *name = strrchr(programs->items[i].path, '/') + 1;
		if (strncasecmp(name, "boot", 4) == 0 &&
		    programs->items[i].pe.certificates.length > 0)
			return &programs->items[i];
	}
	case_skip(t, "secureboot", "the loader at the fallback path is not signed");
}

static const char *default_kernel(struct trial *t)
{
	const struct boot_menu *menu = boot_menu_read(t);

	return menu->chosen && menu->chosen->kernel ? boot_path(t, menu->chosen->kernel) : NULL;
}

AUDIT(boot, signature_chain_is_complete,
      .title = "Shim, boot loader and kernel are as they were signed, by whom shim trusts",
      .priority = P1,
      .sources = "LISA:verify_secureboot_compatibility,AZCERT:ms-prep/secure-boot-chain",
      .why = "With Secure Boot on, one link that does not hold is a machine that does not boot.",
      .remedy =
	      "Install the distribution's own signed shim, GRUB and kernel together; do not strip "
	      "or rebuild them.")
{
	const struct programs *programs = read_loaders(t);
	const struct program *shim = signed_loader(t, programs);
	struct program *kernel = case_alloc(t, sizeof *kernel);
	const char *path = default_kernel(t);
	struct pe_span issuer;

	for (unsigned i = 0; i < programs->count; i++) {
		const struct program *program = &programs->items[i];
		if (check_digest(t, program, &issuer) && program != shim &&
		    strcasestr(program->path, "/grub"))
			check_vendor(t, shim, program, &issuer);
	}
	if (!path || !read_program(t, path, kernel)) {
		note(t, "the default entry's kernel is not known, or no program for UEFI");
		return;
	}
	if (check_digest(t, kernel, &issuer))
		check_vendor(t, shim, kernel, &issuer);
}

SABOTAGE(boot, signature_chain_is_complete, "a byte of the kernel's code was changed")
{
	struct program kernel;
	const char *path = default_kernel(t);

	if (!path || !read_program(t, path, &kernel))
		case_broken(t, "the default kernel cannot be read");
	char *bytes = case_alloc(t, kernel.pe.file.length);
	memcpy(bytes, kernel.pe.file.at, kernel.pe.file.length);
	bytes[kernel.pe.file.length / 2] ^= 1;
	tree_plant_file(case_tree(t), path, bytes, kernel.pe.file.length, 0644, 0);
}
