// SPDX-License-Identifier: Apache-2.0
// Programs for UEFI, whole and damaged, signed and changed afterwards.
#include "guest/kit/pe.h"

#include <errno.h>
#include <string.h>

#include "base/test.h"
#include "guest/kit/pe_for_test.h"

static struct pe_for_test make_program(void)
{
	struct pe_for_test file = pe_for_test("shim,4,x\n");

	pe_for_test_sign(&file);
	return file;
}

/* Is it what was signed? */
static bool holds(const struct pe_for_test *file)
{
	unsigned char digest[SHA256_BYTES];
	struct pe_signature found;
	struct pe pe;

	EXPECT_NUMBER(pe_parse(file->bytes, sizeof file->bytes, &pe), 0);
	EXPECT_NUMBER(pe_signature_at(&pe, 0, &found), 0);
	EXPECT(pe_digest(&pe, digest));
	EXPECT_NUMBER(found.digest.length, SHA256_BYTES);
	return memcmp(found.digest.at, digest, SHA256_BYTES) == 0;
}

TEST(pe, finds_sections_and_signatures)
{
	struct pe_for_test file = make_program();
	struct pe_signature found;
	struct pe pe;

	EXPECT_NUMBER(pe_parse(file.bytes, sizeof file.bytes, &pe), 0);
	EXPECT_NUMBER(pe.machine, 0x8664);
	const struct pe_section *sbat = pe_section(&pe, ".sbat");
	EXPECT(sbat && memcmp(sbat->bytes.at, "shim,4", 6) == 0);
	EXPECT(pe_section(&pe, ".vendor_cert") == NULL);
	EXPECT_NUMBER(pe_signature_at(&pe, 0, &found), 0);
	EXPECT(memmem(found.issuer.at, found.issuer.length, "Some", 4) != NULL);
	EXPECT_NUMBER(pe_signature_at(&pe, 1, &found), -ENOENT);
}

TEST(pe, sees_what_was_changed_after_signing)
{
	struct pe_for_test file = make_program();

	EXPECT(holds(&file));
	file.bytes[PE_TEST_SECTION + 2] ^= 1;
	EXPECT(!holds(&file));
}

TEST(pe, leaves_the_checksum_out)
{
	struct pe_for_test file = make_program();

	file.bytes[PE_TEST_OPTIONAL + 64] ^= 1;
	EXPECT(holds(&file));
}

TEST(pe, refuses_what_is_cut_or_contradicts_itself)
{
	struct pe_for_test file = make_program();
	struct pe_signature found;
	struct pe pe;

	EXPECT_NUMBER(pe_parse(file.bytes, 40, &pe), -ENOEXEC);
	EXPECT_NUMBER(pe_parse(file.bytes, sizeof file.bytes - 1, &pe), -EBADMSG);
	file.bytes[PE_TEST_TABLE + 8] = 0x31;
	EXPECT_NUMBER(pe_parse(file.bytes, sizeof file.bytes, &pe), 0);
	EXPECT_NUMBER(pe_signature_at(&pe, 0, &found), -EBADMSG);
	pe_test_put(file.bytes + PE_TEST_TABLE, 4, 4);
	EXPECT_NUMBER(pe_signature_at(&pe, 0, &found), -EBADMSG);
	pe_test_put(file.bytes + PE_TEST_SECTIONS + 20, 4, sizeof file.bytes);
	EXPECT_NUMBER(pe_parse(file.bytes, sizeof file.bytes, &pe), -EBADMSG);
	file.bytes[0] = 'E';
	EXPECT_NUMBER(pe_parse(file.bytes, sizeof file.bytes, &pe), -ENOEXEC);
}

TEST(pe, knows_no_digest_of_a_file_with_gaps)
{
	struct pe_for_test file = make_program();
	unsigned char digest[SHA256_BYTES];
	struct pe pe;

	pe_test_put(file.bytes + PE_TEST_OPTIONAL + 60, 4, PE_TEST_SECTION - 8);
	EXPECT_NUMBER(pe_parse(file.bytes, sizeof file.bytes, &pe), 0);
	EXPECT(!pe_digest(&pe, digest));
}
