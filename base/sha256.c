/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, by OpenSSL. */
#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

const char *sha256_text(const void *bytes, size_t length, char buf[SHA256_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	/* It fails only when memory is out, or OpenSSL was built without it. */
	if (EVP_Digest(length > 0 ? bytes : "", length, digest, &size, EVP_sha256(), NULL) != 1)
		abort();
	for (unsigned i = 0; i < size; i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", digest[i]);
	return buf;
}

bool is_sha256(const char *text)
{
	return strlen(text) == SHA256_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == SHA256_SIZE - 1;
}
