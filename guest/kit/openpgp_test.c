/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings: forms of packets and armour, and every way in which they are cut. SHA-1: the examples of FIPS 180-4. */
#include "guest/kit/openpgp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "guest/kit/sha1.h"

static void expect_sha1(const char *text, const char *want)
{
	unsigned char digest[SHA1_BYTES];
	char hex[2 * SHA1_BYTES + 1];

	sha1(text, strlen(text), digest);
	for (size_t i = 0; i < SHA1_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	EXPECT_TEXT(hex, want);
}

TEST(sha1, has_the_digests_of_its_standard)
{
	expect_sha1("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	expect_sha1("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

/* An old and a new head before the same key; between them a user id and a sub-key, which are no primary keys. */
static const unsigned char ring[] = {0x98, 6, 4, 0x5e, 0, 0, 1,	   1, 0xb4, 1, 'x',
				     0xce, 1, 4, 0xc6, 6, 4, 0x5e, 0, 0,    1, 1,
				     0x99, 0, 6, 3,    0, 0, 0,	   2, 1};

static unsigned count_keys(const void *bytes, size_t size, int *ret)
{
	struct openpgp_key key;
	size_t length, at = 0;
	unsigned char *packets = openpgp_ring(bytes, size, &length);
	unsigned count = 0;

	while ((*ret = openpgp_next(packets, length, &at, &key)) > 0)
		count++;
	free(packets);
	return count;
}

TEST(openpgp, fingerprints_of_both_forms)
{
	struct openpgp_key first, second, third;
	size_t at = 0;

	EXPECT_NUMBER(openpgp_next(ring, sizeof ring, &at, &first), 1);
	EXPECT_NUMBER(openpgp_next(ring, sizeof ring, &at, &second), 1);
	EXPECT_NUMBER(openpgp_next(ring, sizeof ring, &at, &third), 1);
	EXPECT_NUMBER(openpgp_next(ring, sizeof ring, &at, &third), 0);
	EXPECT_NUMBER(first.version, 4);
	EXPECT_NUMBER(first.created, 0x5e000001);
	EXPECT_TEXT(first.fingerprint, "3AA58338621D90AA2E944900A9031A87B11060EB");
	EXPECT_TEXT(second.fingerprint, first.fingerprint);
}

TEST(openpgp, armour_is_taken_off)
{
	static const char armoured[] =
		"Comment\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\n"
		"mAYEXgAA\nAQE=\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmAYEXgAAAgE=\n"
		"-----END PGP PUBLIC KEY BLOCK-----\n";
	int r;

	EXPECT_NUMBER(count_keys(armoured, strlen(armoured), &r), 2);
	EXPECT_NUMBER(r, 0);
}

TEST(openpgp, cut_at_any_byte_is_refused_or_shorter)
{
	static const unsigned char partial[] = {0xc6, 0xe1, 4}, no_length[] = {0x9b, 4, 0},
				   huge[] = {0xc6, 0xff, 0xff, 0xff, 0xff, 0xff, 4};
	int r;

	for (size_t size = 0; size <= sizeof ring; size++) {
		unsigned count = count_keys(ring, size, &r);
		EXPECT((r == 0 || r == -EBADMSG) && count <= 3);
	}
	EXPECT_NUMBER(count_keys(partial, sizeof partial, &r), 0);
	EXPECT_NUMBER(r, -EBADMSG);
	EXPECT_NUMBER(count_keys(no_length, sizeof no_length, &r), 0);
	EXPECT_NUMBER(r, -EBADMSG);
	EXPECT_NUMBER(count_keys(huge, sizeof huge, &r), 0);
	EXPECT_NUMBER(r, -EBADMSG);
	EXPECT_NUMBER(count_keys("no keyring", 10, &r), 0);
	EXPECT_NUMBER(r, -EBADMSG);
}
