/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the product's policy promises (assay-policy(5)): the plan carries it to the cases. A case that cannot judge without
 * declares `.needs = "policy:KEY"`; these skip with that word where the policy has no such key, or an empty list.
 *
 *	for (const char *const *name = policy_words(t, "required_packages"); *name; name++)
 *		if (!packages_find(packages, *name)) ...
 */
#ifndef ASSAY_KIT_POLICY_H
#define ASSAY_KIT_POLICY_H

#include "guest/kit/case.h"

/* A value as it is told. */
const char *policy_text(struct trial *t, const char *key) __attribute__((returns_nonnull))
NONNULL(1, 2);
/* The entries of a list of words, and of one of lines; NULL-terminated. */
const char *const *policy_words(struct trial *t, const char *key) __attribute__((returns_nonnull))
NONNULL(1, 2);
const char *const *policy_lines(struct trial *t, const char *key) __attribute__((returns_nonnull))
NONNULL(1, 2);
/* The words where there may be none: an empty list when the policy does not have the key. */
const char *const *policy_words_if_any(struct trial *t, const char *key)
	__attribute__((returns_nonnull)) NONNULL(1, 2);
/* "on" or "yes". */
bool policy_is_on(struct trial *t, const char *key) NONNULL(1, 2);

/* "a=b" taken apart at the first separator, blanks around it taken off; broken when there is none. */
struct policy_pair {
	const char *name, *value;
};
struct policy_pair policy_pair(struct trial *t, const char *entry, char separator) NONNULL(1, 2);

/* Whether a value is as wanted: the same text, or a number within "A..B" (either may be missing). */
bool policy_value_fits(const char *value, const char *wanted) NONNULL(1, 2);
/* Whether a word is one of the globs in a list. */
bool policy_list_has(const char *const *globs, const char *word) NONNULL(1, 2);
/* Whether one of the alternatives "a|b" is there, as `has` says. */
typedef bool policy_has_fn(struct trial *t, void *arg, const char *word);
bool policy_has_alternative(struct trial *t, const char *alternatives, policy_has_fn *has,
			    void *arg) NONNULL(1, 2, 3);

/* Checks a value against "NAME=WANTED"; `where` is for the message. A value of NULL is not set. */
void policy_check_setting(struct trial *t, const char *where, const struct policy_pair *wanted,
			  const char *value) NONNULL(1, 2, 3);

#endif
