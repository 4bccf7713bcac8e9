/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a packet, most significant first, never beyond its end.
 *
 *	struct packet_in in = packet_in(bytes, length);
 *	unsigned id = take16(&in), flags = take16(&in);
 *	if (in.bad) ...                                  (it was shorter: what was taken beyond is 0)
 *
 *	struct packet_out out = packet_out(buf, sizeof buf);
 *	put16(&out, id);
 *	return packet_length(&out);                      (0: it did not fit)
 */
#ifndef ASSAY_NETPEER_PACKET_H
#define ASSAY_NETPEER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/scope.h"

struct packet_in {
	const uint8_t *at, *end;
	bool bad;
};

struct packet_out {
	uint8_t *from, *at, *end;
	bool full;
};

static inline struct packet_in packet_in(const void *bytes, size_t length)
{
	return (struct packet_in){.at = bytes, .end = (const uint8_t *)bytes + length};
}

static inline size_t packet_left(const struct packet_in *in)
{
	return (size_t)(in->end - in->at);
}

/* The next bytes; NULL when there are fewer. */
static inline const uint8_t *take_bytes(struct packet_in *in, size_t length)
{
	const uint8_t *bytes = in->at;

	if (in->bad || packet_left(in) < length) {
		in->bad = true;
		return NULL;
	}
	in->at += length;
	return bytes;
}

static inline uint8_t take8(struct packet_in *in)
{
	const uint8_t *bytes = take_bytes(in, 1);

	return bytes ? bytes[0] : 0;
}

static inline uint16_t take16(struct packet_in *in)
{
	const uint8_t *bytes = take_bytes(in, 2);

	return bytes ? (uint16_t)(bytes[0] << 8 | bytes[1]) : 0;
}

static inline uint32_t take32(struct packet_in *in)
{
	uint32_t high = take16(in);

	return high << 16 | take16(in);
}

static inline struct packet_out packet_out(void *buf, size_t room)
{
	return (struct packet_out){.from = buf, .at = buf, .end = (uint8_t *)buf + room};
}

static inline void put_bytes(struct packet_out *out, const void *bytes, size_t length)
{
	if (out->full || (size_t)(out->end - out->at) < length) {
		out->full = true;
		return;
	}
	if (length > 0)
		memcpy(out->at, bytes, length);
	out->at += length;
}

static inline void put8(struct packet_out *out, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	put_bytes(out, &byte, 1);
}

static inline void put16(struct packet_out *out, unsigned value)
{
	put8(out, value >> 8);
	put8(out, value);
}

static inline void put32(struct packet_out *out, uint32_t value)
{
	put16(out, value >> 16);
	put16(out, value);
}

static inline void put64(struct packet_out *out, uint64_t value)
{
	put32(out, (uint32_t)(value >> 32));
	put32(out, (uint32_t)value);
}

static inline void put_zeros(struct packet_out *out, size_t count)
{
	while (count-- > 0)
		put8(out, 0);
}

static inline size_t packet_length(const struct packet_out *out)
{
	return out->full ? 0 : (size_t)(out->at - out->from);
}

#endif
