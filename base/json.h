/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON into a text, without a library: the guest agent uses it too. (The host reads JSON with jansson.)
 *
 *	json_open(out, '{');
 *	json_key(out, "id");     json_text(out, id);
 *	json_key(out, "checks"); json_number(out, 3);
 *	json_close(out, '}');
 *
 * Commas are put by looking at what stands before. Bytes that are not UTF-8 become U+FFFD, so the result is always
 * valid JSON (RFC 8259). The names stay clear of those of jansson, which the host links too.
 */
#ifndef ASSAY_BASE_JSON_H
#define ASSAY_BASE_JSON_H

#include <stdbool.h>

#include "base/text.h"

void json_open(struct text *out, char bracket) NONNULL(1);
void json_close(struct text *out, char bracket) NONNULL(1);
void json_key(struct text *out, const char *key) NONNULL(1, 2);
void json_text(struct text *out, const char *value) NONNULL(1); /* NULL becomes null */
void json_bytes(struct text *out, const char *bytes, size_t length) NONNULL(1);
void json_number(struct text *out, long long value) NONNULL(1);
void json_double(struct text *out, double value) NONNULL(1); /* not finite: null */
void json_bool(struct text *out, bool value) NONNULL(1);

/* True when the string is UTF-8: else another one is read back than was written. */
bool json_keeps(const char *string) NONNULL(1);

/* Shorthands for a member. */
void json_member(struct text *out, const char *key, const char *value) NONNULL(1, 2);
void json_member_number(struct text *out, const char *key, long long value) NONNULL(1, 2);

#endif
