/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small program for UEFI, made by hand for tests: one section ".sbat", and a signature of what it is.
 *
 *	struct pe_for_test file = pe_for_test("shim,4,x\n");
 *	pe_for_test_sign(&file);
 */
#ifndef ASSAY_KIT_PE_FOR_TEST_H
#define ASSAY_KIT_PE_FOR_TEST_H

#include <stdlib.h>
#include <string.h>

#include "guest/kit/pe.h"

/* PKCS #7 SignedData: a digest of 32 bytes that the test fills in, and a signer whose certificate "Some" issued. */
static const unsigned char pe_test_signature[] = {
	/* ContentInfo, signedData */
	0x30,
	0x78,
	0x06,
	0x09,
	0x2a,
	0x86,
	0x48,
	0x86,
	0xf7,
	0x0d,
	0x01,
	0x07,
	0x02,
	0xa0,
	0x6b,
	0x30,
	0x69,
	0x02,
	0x01,
	0x01,
	0x31,
	0x00,
	/* SpcIndirectDataContent */
	0x30,
	0x45,
	0x06,
	0x0a,
	0x2b,
	0x06,
	0x01,
	0x04,
	0x01,
	0x82,
	0x37,
	0x02,
	0x01,
	0x04,
	0xa0,
	0x37,
	0x30,
	0x35,
	0x30,
	0x02,
	0x05,
	0x00,
	0x30,
	0x2f,
	0x30,
	0x0b,
	0x06,
	0x09,
	0x60,
	0x86,
	0x48,
	0x01,
	0x65,
	0x03,
	0x04,
	0x02,
	0x01,
	0x04,
	0x20,
	/* the digest */
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	/* SignerInfo: version, issuer, number */
	0x31,
	0x1b,
	0x30,
	0x19,
	0x02,
	0x01,
	0x01,
	0x30,
	0x14,
	0x30,
	0x0f,
	0x31,
	0x0d,
	0x30,
	0x0b,
	0x06,
	0x03,
	0x55,
	0x04,
	0x03,
	0x0c,
	0x04,
	0x53,
	0x6f,
	0x6d,
	0x65,
	0x02,
	0x01,
	0x07,
};

#define PE_TEST_OPTIONAL   88
#define PE_TEST_SECURITY   (PE_TEST_OPTIONAL + 112 + 32)
#define PE_TEST_SECTIONS   (PE_TEST_OPTIONAL + 240)
#define PE_TEST_SECTION	   1024 /* a kernel's setup header has its place before it */
#define PE_TEST_TABLE	   (PE_TEST_SECTION + 64)
#define PE_TEST_TABLE_SIZE (8 + sizeof pe_test_signature)

struct pe_for_test {
	unsigned char bytes[PE_TEST_TABLE + PE_TEST_TABLE_SIZE];
};

static inline void pe_test_put(unsigned char *at, unsigned bytes, size_t number)
{
	for (unsigned i = 0; i < bytes; i++, number >>= 8)
		at[i] = (unsigned char)number;
}

static inline struct pe_for_test pe_for_test(const char *section)
{
	struct pe_for_test file = {{'M', 'Z'}};
	unsigned char *bytes = file.bytes;

	pe_test_put(bytes + 0x3c, 4, 64);
	memcpy(bytes + 64, "PE\0", 4);
	pe_test_put(bytes + 68, 2, 0x8664);
	pe_test_put(bytes + 70, 2, 1);
	pe_test_put(bytes + 84, 2, 240);
	pe_test_put(bytes + PE_TEST_OPTIONAL, 2, 0x20b);
	pe_test_put(bytes + PE_TEST_OPTIONAL + 60, 4, PE_TEST_SECTION);
	pe_test_put(bytes + PE_TEST_OPTIONAL + 108, 4, 16);
	pe_test_put(bytes + PE_TEST_SECURITY, 4, PE_TEST_TABLE);
	pe_test_put(bytes + PE_TEST_SECURITY + 4, 4, PE_TEST_TABLE_SIZE);
	memcpy(bytes + PE_TEST_SECTIONS, ".sbat", 5);
	pe_test_put(bytes + PE_TEST_SECTIONS + 16, 4, PE_TEST_TABLE - PE_TEST_SECTION);
	pe_test_put(bytes + PE_TEST_SECTIONS + 20, 4, PE_TEST_SECTION);
	memcpy(bytes + PE_TEST_SECTION, section, strnlen(section, PE_TEST_TABLE - PE_TEST_SECTION));
	pe_test_put(bytes + PE_TEST_TABLE, 4, PE_TEST_TABLE_SIZE);
	pe_test_put(bytes + PE_TEST_TABLE + 4, 2, 0x200);
	pe_test_put(bytes + PE_TEST_TABLE + 6, 2, 2);
	memcpy(bytes + PE_TEST_TABLE + 8, pe_test_signature, sizeof pe_test_signature);
	return file;
}

/* Signs what it is now. */
static inline void pe_for_test_sign(struct pe_for_test *file)
{
	static const unsigned char before[] = {0x04, 0x20}; /* an OCTET STRING of 32 bytes */
	unsigned char *at =
		memmem(file->bytes + PE_TEST_TABLE, PE_TEST_TABLE_SIZE, before, sizeof before);
	unsigned char digest[SHA256_BYTES];
	struct pe pe;

	if (!at || pe_parse(file->bytes, sizeof file->bytes, &pe) < 0 || !pe_digest(&pe, digest))
		abort();
	memcpy(at + sizeof before, digest, sizeof digest);
}

#endif
