/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that tests make for themselves. */
#ifndef ASSAY_HOST_HALLMARK_KEY_FOR_TEST_H
#define ASSAY_HOST_HALLMARK_KEY_FOR_TEST_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>

#include "base/test.h"
#include "base/text.h"

/* Writes NAME.key (with a passphrase if given) and NAME.pub. */
static inline void make_keys(const char *name, int type, const char *passphrase)
{
	CLEAN_FREE char *private = xasprintf("%s/%s.key", test_folder(), name);
	CLEAN_FREE char *public = xasprintf("%s/%s.pub", test_folder(), name);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(type, NULL);
	EVP_PKEY *pkey = NULL;

	EXPECT(context && EVP_PKEY_keygen_init(context) == 1);
	EXPECT_NUMBER(EVP_PKEY_keygen(context, &pkey), 1);
	FILE *file = fopen(private, "we");
	EXPECT(file && PEM_write_PrivateKey(file, pkey, passphrase ? EVP_aes_256_cbc() : NULL, NULL,
					    0, NULL, (void *)(uintptr_t)passphrase) == 1);
	EXPECT_NUMBER(fclose(file), 0);
	file = fopen(public, "we");
	EXPECT(file && PEM_write_PUBKEY(file, pkey) == 1);
	EXPECT_NUMBER(fclose(file), 0);
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(context);
}

#endif
