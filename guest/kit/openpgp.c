/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys of OpenPGP: packets (RFC 9580, 4.2), keys (5.5.2), fingerprints (5.5.4), ASCII armour (6). */
#include "guest/kit/openpgp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kit/sha1.h"
#include "guest/kit/sha256.h"

#define TAG_PUBLIC_KEY 6
#define KEY_MAX	       65535 /* version 4 hashes a length of two bytes */
#define ARMOUR	       "-----BEGIN PGP PUBLIC KEY BLOCK-----"

/* ---- armour ---- */

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The lines up to the checksum or the end, four characters to three bytes; anything else is passed over. */
static size_t take_base64(const char *at, const char *end, unsigned char *out)
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t length = 0;

	for (bool at_start = true; at < end; at_start = *at++ == '\n') {
		if (at_start && (*at == '=' || *at == '-'))
			break; /* the checksum, or the last line */
		int value = value_of(*at);
		if (value < 0)
			continue;
		bits = bits << 6 | (unsigned)value;
		if (++count % 4 != 0) {
			if (count % 4 > 1)
				out[length++] = (unsigned char)(bits >> (count % 4 == 2 ? 4 : 2));
			continue;
		}
		out[length++] = (unsigned char)bits;
	}
	return length;
}

/* Behind the headers, which an empty line ends. */
static const char *find_body(const char *at, const char *end)
{
	bool is_empty = false;

	for (; at < end && !(is_empty && *at == '\n'); at++) {
		if (*at == '\n')
			is_empty = true;
		else if (*at != '\r' && *at != ' ' && *at != '\t')
			is_empty = false;
	}
	return at < end ? at + 1 : end;
}

unsigned char *openpgp_ring(const void *bytes, size_t size, size_t *ret_length)
{
	const char *text = bytes, *end = text + size, *at = text;
	unsigned char *ring = malloc(size + 1);
	size_t length = 0;

	if (!ring)
		return NULL;
	if (!memmem(text, size, ARMOUR, strlen(ARMOUR))) {
		if (size > 0)
			memcpy(ring, bytes, size);
		*ret_length = size;
		return ring;
	}
	while ((at = memmem(at, (size_t)(end - at), ARMOUR, strlen(ARMOUR)))) {
		at = find_body(at + strlen(ARMOUR), end);
		length += take_base64(at, end, ring + length);
	}
	*ret_length = length;
	return ring;
}

/* ---- packets ---- */

struct packet {
	unsigned tag;
	const unsigned char *body;
	size_t length;
};

static bool take_number(const unsigned char *ring, size_t length, size_t *at, unsigned bytes,
			size_t *ret)
{
	size_t value = 0;

	if (bytes > length - *at)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | ring[(*at)++];
	*ret = value;
	return true;
}

static bool take_new_length(const unsigned char *ring, size_t length, size_t *at, size_t *ret)
{
	size_t first, second;

	if (!take_number(ring, length, at, 1, &first))
		return false;
	*ret = first;
	if (first < 192)
		return true;
	if (first == 255)
		return take_number(ring, length, at, 4, ret);
	if (first >= 224 || !take_number(ring, length, at, 1, &second))
		return false; /* in parts: never a key or signature */
	*ret = ((first - 192) << 8) + second + 192;
	return true;
}

static bool take_packet(const unsigned char *ring, size_t length, size_t *at, struct packet *ret)
{
	unsigned head = ring[(*at)++];
	bool ok;

	if (!(head & 0x80))
		return false;
	if (head & 0x40) {
		ret->tag = head & 0x3f;
		ok = take_new_length(ring, length, at, &ret->length);
	} else {
		ret->tag = head >> 2 & 0xf;
		ok = (head & 3) != 3 &&
		     take_number(ring, length, at, 1U << (head & 3), &ret->length);
	}
	if (!ok || ret->length > length - *at)
		return false;
	ret->body = ring + *at;
	*at += ret->length;
	return true;
}

static void print_hex(const unsigned char *digest, size_t size, char *ret)
{
	for (size_t i = 0; i < size; i++)
		(void)snprintf(ret + 2 * i, 3, "%02X", digest[i]);
}

/* Version 4 hashes 0x99, a length of two bytes and the body by SHA-1; version 6 0x9b, one of four, by SHA-256. */
static int take_fingerprint(const struct packet *packet, struct openpgp_key *ret)
{
	bool is_new = ret->version == 6;
	size_t head = is_new ? 5 : 3;
	unsigned char digest[SHA256_BYTES], *bytes;

	if (packet->length > KEY_MAX)
		return -EBADMSG;
	bytes = malloc(head + packet->length);
	if (!bytes)
		return -ENOMEM;
	bytes[0] = is_new ? 0x9b : 0x99;
	for (size_t i = 1; i < head; i++)
		bytes[i] = (unsigned char)(packet->length >> (8 * (head - 1 - i)));
	memcpy(bytes + head, packet->body, packet->length);
	if (is_new)
		sha256(bytes, head + packet->length, digest);
	else
		sha1(bytes, head + packet->length, digest);
	print_hex(digest, is_new ? SHA256_BYTES : SHA1_BYTES, ret->fingerprint);
	free(bytes);
	return 0;
}

int openpgp_next(const unsigned char *ring, size_t length, size_t *at, struct openpgp_key *ret)
{
	struct packet packet;

	while (*at < length) {
		if (!take_packet(ring, length, at, &packet))
			return -EBADMSG;
		if (packet.tag != TAG_PUBLIC_KEY)
			continue;
		if (packet.length < 6)
			return -EBADMSG;
		*ret = (struct openpgp_key){.version = packet.body[0]};
		for (unsigned i = 1; i <= 4; i++)
			ret->created = ret->created << 8 | packet.body[i];
		int r = ret->version == 4 || ret->version == 6 ? take_fingerprint(&packet, ret) : 0;
		return r < 0 ? r : 1;
	}
	return 0;
}
