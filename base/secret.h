/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that nobody may read: once added, every writer (log, journal, plan, reports, errors) shows *** in their place. The
 * list is the process's own, so that no writer can be without it.
 *
 *	secret_add(token);                 (before threads start)
 *	secret_hide(&line);                ("token=***")
 */
#ifndef ASSAY_BASE_SECRET_H
#define ASSAY_BASE_SECRET_H

#include <stdbool.h>

#include "base/text.h"

#define SECRET_MIN  8 /* bytes: what is shorter would be found everywhere */
#define SECRETS_MAX 64
#define SECRET_MASK "***"

/* False when the value cannot be hidden: it is shorter than SECRET_MIN, has the mask in it, or there are too many. */
bool secret_add(const char *value) NONNULL(1);

/* Puts the mask where a secret's bytes are, as they are or as JSON has them; where secrets overlap one stands for all. */
void secret_hide(struct text *text) NONNULL(1);

/* The same in JSON, which it stays: only in the strings that are values. What a key or a number has of a secret's bytes is by
 * chance. */
void secret_hide_json(struct text *text) NONNULL(1);
bool secret_is_in(const char *bytes, size_t length) NONNULL(1);

/* No secrets any more, for tests. */
void secret_forget(void);

#endif
