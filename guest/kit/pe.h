/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs for UEFI (PE/COFF, "PE Format" of Microsoft): their sections, and what an Authenticode signature on one says
 * ("Windows Authenticode Portable Executable Signature Format"): what digest was signed, and whose certificate it was.
 * All is looked at in memory, and every offset is checked. The signature's own mathematics are left to firmware.
 *
 *	struct pe pe;
 *	struct pe_signature signature;
 *	if (pe_parse(bytes, size, &pe) == 0 && pe_signature_at(&pe, 0, &signature) == 0) ...
 */
#ifndef ASSAY_KIT_PE_H
#define ASSAY_KIT_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"
#include "guest/kit/sha256.h"

#define PE_SECTIONS_MAX	  96
#define PE_SIGNATURES_MAX 16

/* Bytes of the file; they are borrowed from whoever called pe_parse. */
struct pe_span {
	const unsigned char *at;
	size_t length;
};

struct pe_section {
	char name[9];
	struct pe_span bytes;
};

struct pe {
	struct pe_span file;
	unsigned machine; /* 0x8664 x86-64, 0xaa64 arm64 */
	size_t header_size, checksum_at, directory_at;
	struct pe_span certificates; /* the table, length 0: none */
	struct pe_section sections[PE_SECTIONS_MAX];
	unsigned section_count;
};

/* -ENOEXEC: no PE file; -EBADMSG: one that contradicts itself, or is cut short. */
int pe_parse(const void *bytes, size_t size, struct pe *ret) NONNULL(1, 3);

/* The section of that name; NULL when there is none. */
const struct pe_section *pe_section(const struct pe *pe, const char *name) NONNULL(1, 2);

/* Of one signature in the table. */
struct pe_signature {
	struct pe_span digest; /* of the file when it was signed; 32 bytes: SHA-256 */
	struct pe_span issuer; /* the name (DER) of who issued the signer's certificate */
};

/* -ENOENT past the last, or the maximum; -EBADMSG: it cannot be understood. */
int pe_signature_at(const struct pe *pe, unsigned number, struct pe_signature *ret) NONNULL(1, 3);

/* The digest that a signature is about: of all but the checksum, the table's place and the table. False for a file with gaps
 * between its sections, about which tools disagree. */
bool pe_digest(const struct pe *pe, unsigned char ret[SHA256_BYTES]) NONNULL(1);

#endif
