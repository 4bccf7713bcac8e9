// SPDX-License-Identifier: Apache-2.0
// PE/COFF headers, certificate tables and the signatures in them out of foreign programs.
#include "guest/kit/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_inside(const struct pe_span *span, const struct pe *pe)
{
	if (span->length > 0 &&
	    (span->at < pe->file.at || span->at + span->length > pe->file.at + pe->file.length))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pe pe;
	unsigned char digest[SHA256_BYTES];
	struct pe_signature signature;

	if (pe_parse(data, size, &pe) < 0)
		return 0;
	for (unsigned i = 0; i < pe.section_count; i++)
		expect_inside(&pe.sections[i].bytes, &pe);
	for (unsigned i = 0; pe_signature_at(&pe, i, &signature) == 0; i++) {
		expect_inside(&signature.digest, &pe);
		expect_inside(&signature.issuer, &pe);
	}
	(void)pe_digest(&pe, digest);
	return 0;
}
