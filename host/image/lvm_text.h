/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text in which LVM2 keeps what it knows of a volume group: sections, texts, numbers and lists of these.
 *
 *	CLEANUP(lvm_text) struct lvm_text *text = lvm_text_parse(bytes, length);
 *	const struct lvm_node *group = lvm_text_root(text)->child;
 *	if (lvm_number(group, "extent_size", 1, UINT32_MAX, &size)) ...
 */
#ifndef ASSAY_HOST_IMAGE_LVM_TEXT_H
#define ASSAY_HOST_IMAGE_LVM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

enum lvm_kind { LVM_SECTION, LVM_TEXT, LVM_NUMBER, LVM_LIST };

struct lvm_node {
	enum lvm_kind kind;
	const char *name; /* "" for what stands in a list */
	const char *text; /* LVM_TEXT */
	uint64_t number;  /* LVM_NUMBER */
	struct lvm_node *child, *next;
};

struct lvm_text;

/* NULL when it is no such text. The bytes need not be terminated, and are copied. */
struct lvm_text *lvm_text_parse(const char *bytes, size_t length) NONNULL(1);
void lvm_text_free(struct lvm_text *text);
DEFINE_CLEANUP(lvm_text);

/* The section that holds everything. */
const struct lvm_node *lvm_text_root(const struct lvm_text *text) NONNULL(1);

/* The first child of that name and kind; NULL when there is none, or `node` is NULL. */
const struct lvm_node *lvm_find(const struct lvm_node *node, enum lvm_kind kind, const char *name)
	NONNULL(3);
/* The text of that name; "" when there is none. */
const char *lvm_find_text(const struct lvm_node *node, const char *name) NONNULL(2);
/* False when it is not there or not within the bounds. */
bool lvm_find_number(const struct lvm_node *node, const char *name, uint64_t least, uint64_t most,
		     uint64_t *ret) NONNULL(2, 5);
/* Whether the list of that name has that text. */
bool lvm_list_has(const struct lvm_node *node, const char *name, const char *text) NONNULL(2, 3);

#endif
