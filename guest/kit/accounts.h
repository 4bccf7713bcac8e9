/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that hold accounts. Who looks for one bad line in them would pass over a file that is empty or damaged, so such a
 * file breaks the case: it cannot say anything of the accounts.
 *
 *	struct fields user;
 *	for (const char *at = accounts_text(t, ACCOUNTS_PASSWD); fields_next(&at, &user);)
 */
#ifndef ASSAY_KIT_ACCOUNTS_H
#define ASSAY_KIT_ACCOUNTS_H

#include "guest/kit/case.h"
#include "guest/kit/line.h"

#define ACCOUNTS_PASSWD "/etc/passwd"
#define ACCOUNTS_SHADOW "/etc/shadow"
#define ACCOUNTS_GROUP	"/etc/group"

/* One of the three; skips the case (need "accounts") when it is not there. */
const char *accounts_text(struct trial *t, const char *path) __attribute__((returns_nonnull))
NONNULL(1, 2);

#endif
