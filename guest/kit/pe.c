// SPDX-License-Identifier: Apache-2.0
// PE/COFF files and their signatures. The bytes are foreign: every offset is checked.
#include "guest/kit/pe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define DOS_HEADER_SIZE	   64
#define COFF_SIZE	   24 /* with the mark "PE" */
#define SECTION_SIZE	   40
#define CHECKSUM_AT	   64 /* in the optional header */
#define HEADER_SIZE_AT	   60
#define DIRECTORIES_AT_32  96  /* where its directories are: PE32 … */
#define DIRECTORIES_AT_64  112 /* … and PE32+ */
#define DIRECTORY_SECURITY 4
#define MAGIC_32	   0x10b
#define MAGIC_64	   0x20b
#define TABLE_ALIGNMENT	   8 /* the table and each of its entries */

#define CERTIFICATE_HEADER 8
#define CERTIFICATE_PKCS7  2

static uint32_t number_at(const struct pe_span *span, size_t at, unsigned bytes)
{
	uint32_t number = 0;

	for (unsigned i = bytes; i-- > 0;)
		number = number << 8 | span->at[at + i];
	return number;
}

static bool is_inside(const struct pe_span *span, size_t at, size_t length)
{
	return at <= span->length && length <= span->length - at;
}

/* ---- headers ---- */

static int parse_sections(struct pe *pe, size_t at, unsigned count)
{
	if (count > PE_SECTIONS_MAX || !is_inside(&pe->file, at, (size_t)count * SECTION_SIZE))
		return -EBADMSG;
	for (unsigned i = 0; i < count; i++, at += SECTION_SIZE) {
		struct pe_section *section = &pe->sections[pe->section_count];
		size_t length = number_at(&pe->file, at + 16, 4),
		       start = number_at(&pe->file, at + 20, 4);
		if (length == 0)
			continue; /* it is made of zeroes when it is loaded */
		if (!is_inside(&pe->file, start, length))
			return -EBADMSG;
		memcpy(section->name, pe->file.at + at, 8);
		section->name[8] = '\0';
		section->bytes = (struct pe_span){pe->file.at + start, length};
		pe->section_count++;
	}
	return 0;
}

static int parse_optional(struct pe *pe, size_t at, size_t size)
{
	if (size < DIRECTORIES_AT_32 || !is_inside(&pe->file, at, size))
		return -EBADMSG;
	uint32_t magic = number_at(&pe->file, at, 2);
	if (magic != MAGIC_32 && magic != MAGIC_64)
		return -EBADMSG;
	size_t directories = magic == MAGIC_64 ? DIRECTORIES_AT_64 : DIRECTORIES_AT_32;
	size_t security = directories + (size_t)DIRECTORY_SECURITY * 8;
	pe->checksum_at = at + CHECKSUM_AT;
	pe->header_size = number_at(&pe->file, at + HEADER_SIZE_AT, 4);
	if (security + 8 > size ||
	    number_at(&pe->file, at + directories - 4, 4) <= DIRECTORY_SECURITY)
		return 0; /* it has no place for a signature */
	pe->directory_at = at + security;
	size_t start = number_at(&pe->file, at + security, 4),
	       length = number_at(&pe->file, at + security + 4, 4);
	if (length == 0)
		return 0;
	if (!is_inside(&pe->file, start, length))
		return -EBADMSG;
	pe->certificates = (struct pe_span){pe->file.at + start, length};
	return 0;
}

int pe_parse(const void *bytes, size_t size, struct pe *ret)
{
	*ret = (struct pe){.file = {bytes, size}};
	if (size < DOS_HEADER_SIZE || memcmp(bytes, "MZ", 2) != 0)
		return -ENOEXEC;
	size_t at = number_at(&ret->file, 0x3c, 4);
	if (!is_inside(&ret->file, at, COFF_SIZE) || memcmp(ret->file.at + at, "PE\0", 4) != 0)
		return -ENOEXEC;
	ret->machine = number_at(&ret->file, at + 4, 2);
	size_t optional_size = number_at(&ret->file, at + 20, 2);
	int r = parse_optional(ret, at + COFF_SIZE, optional_size);
	return r < 0 ? r
		     : parse_sections(ret, at + COFF_SIZE + optional_size,
				      number_at(&ret->file, at + 6, 2));
}

const struct pe_section *pe_section(const struct pe *pe, const char *name)
{
	for (unsigned i = 0; i < pe->section_count; i++)
		if (strcmp(pe->sections[i].name, name) == 0)
			return &pe->sections[i];
	return NULL;
}

/* ---- DER (X.690), as far as a signature needs it ---- */

enum {
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_FIRST = 0xa0, /* [0], constructed */
	DER_SECOND = 0xa1,
};

/* Takes the next value off `from`: gives what is in it, and if wanted the whole of it. False when there is none of that tag. */
static bool der_take(struct pe_span *from, unsigned tag, struct pe_span *ret,
		     struct pe_span *ret_whole)
{
	size_t length, head = 2;

	if (from->length < 2 || from->at[0] != tag)
		return false;
	length = from->at[1];
	if (length & 0x80) {
		size_t bytes = length & 0x7f;
		if (bytes == 0 || bytes > 4 || bytes > from->length - 2)
			return false;
		length = 0;
		for (size_t i = 0; i < bytes; i++)
			length = length << 8 | from->at[2 + i];
		head += bytes;
	}
	if (length > from->length - head)
		return false;
	*ret = (struct pe_span){from->at + head, length};
	if (ret_whole)
		*ret_whole = (struct pe_span){from->at, head + length};
	from->at += head + length;
	from->length -= head + length;
	return true;
}

/* SpcIndirectDataContent: what the file is said to be, then the digest. */
static bool take_digest(struct pe_span content, struct pe_span *ret)
{
	struct pe_span spc, digest, ignored;

	return der_take(&content, DER_SEQUENCE, &spc, NULL) &&
	       der_take(&spc, DER_SEQUENCE, &ignored, NULL) &&
	       der_take(&spc, DER_SEQUENCE, &digest, NULL) &&
	       der_take(&digest, DER_SEQUENCE, &ignored, NULL) &&
	       der_take(&digest, DER_OCTETS, ret, NULL);
}

/* SignerInfo: version, then the issuer's name and the certificate's number. */
static bool take_issuer(struct pe_span signers, struct pe_span *ret)
{
	struct pe_span signer, who, ignored;

	return der_take(&signers, DER_SEQUENCE, &signer, NULL) &&
	       der_take(&signer, DER_INTEGER, &ignored, NULL) &&
	       der_take(&signer, DER_SEQUENCE, &who, NULL) &&
	       der_take(&who, DER_SEQUENCE, &ignored, ret);
}

/* PKCS #7 (RFC 2315): ContentInfo, and in it SignedData. */
static bool parse_signed_data(struct pe_span bytes, struct pe_signature *ret)
{
	struct pe_span info, body, data, content, inner, signers, ignored;

	if (!der_take(&bytes, DER_SEQUENCE, &info, NULL) ||
	    !der_take(&info, DER_OID, &ignored, NULL) || !der_take(&info, DER_FIRST, &body, NULL) ||
	    !der_take(&body, DER_SEQUENCE, &data, NULL))
		return false;
	if (!der_take(&data, DER_INTEGER, &ignored, NULL) ||
	    !der_take(&data, DER_SET, &ignored, NULL) ||
	    !der_take(&data, DER_SEQUENCE, &content, NULL) ||
	    !der_take(&content, DER_OID, &ignored, NULL) ||
	    !der_take(&content, DER_FIRST, &inner, NULL) || !take_digest(inner, &ret->digest))
		return false;
	(void)der_take(&data, DER_FIRST, &ignored, NULL);  /* certificates */
	(void)der_take(&data, DER_SECOND, &ignored, NULL); /* revocations */
	return der_take(&data, DER_SET, &signers, NULL) && take_issuer(signers, &ret->issuer);
}

/* ---- the table of certificates ---- */

int pe_signature_at(const struct pe *pe, unsigned number, struct pe_signature *ret)
{
	const struct pe_span *table = &pe->certificates;
	size_t at = 0;

	for (unsigned i = 0; i < PE_SIGNATURES_MAX && is_inside(table, at, CERTIFICATE_HEADER);
	     i++) {
		size_t length = number_at(table, at, 4);
		if (length < CERTIFICATE_HEADER || !is_inside(table, at, length))
			return -EBADMSG;
		struct pe_span body = {table->at + at + CERTIFICATE_HEADER,
				       length - CERTIFICATE_HEADER};
		if (i == number)
			return number_at(table, at + 6, 2) == CERTIFICATE_PKCS7 &&
					       parse_signed_data(body, ret)
				       ? 0
				       : -EBADMSG;
		length = (length + TABLE_ALIGNMENT - 1) / TABLE_ALIGNMENT * TABLE_ALIGNMENT;
		if (!is_inside(table, at, length))
			break;
		at += length;
	}
	return -ENOENT;
}

static int compare_places(const void *a, const void *b)
{
	const struct pe_section *x = a, *y = b;

	return (x->bytes.at > y->bytes.at) - (x->bytes.at < y->bytes.at);
}

/* Headers, sections and table follow each other, but for what fills the last section up. */
static bool is_without_gaps(const struct pe *pe)
{
	struct pe_section sections[PE_SECTIONS_MAX];
	size_t end = pe->header_size;

	memcpy(sections, pe->sections, pe->section_count * sizeof sections[0]);
	qsort(sections, pe->section_count, sizeof sections[0], compare_places);
	for (unsigned i = 0; i < pe->section_count; i++) {
		if (sections[i].bytes.at != pe->file.at + end)
			return false;
		end += sections[i].bytes.length;
	}
	return true;
}

bool pe_digest(const struct pe *pe, unsigned char ret[SHA256_BYTES])
{
	size_t end = pe->certificates.length ? (size_t)(pe->certificates.at - pe->file.at)
					     : pe->file.length;
	size_t second = pe->checksum_at + 4, third = pe->directory_at + 8;

	if (pe->directory_at == 0 || pe->directory_at < second || third > end ||
	    !is_without_gaps(pe))
		return false;
	struct sha256 sum;
	sha256_begin(&sum);
	sha256_add(&sum, pe->file.at, pe->checksum_at);
	sha256_add(&sum, pe->file.at + second, pe->directory_at - second);
	sha256_add(&sum, pe->file.at + third, end - third);
	sha256_end(&sum, ret);
	return true;
}
