/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that sshd takes from its configuration in a tree: Include is followed, the first value of a keyword wins.
 *
 *	const char *value = sshd_setting(t, "PasswordAuthentication", "yes");
 */
#ifndef ASSAY_KIT_SSHD_CONFIG_H
#define ASSAY_KIT_SSHD_CONFIG_H

#include "guest/kit/case.h"

/* The configuration's path; skips the case (need cmd:sshd) when no OpenSSH server is installed. */
const char *sshd_config_path(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);

/* The value outside of Match blocks, `fallback` when it is not set there. */
const char *sshd_setting(struct trial *t, const char *keyword, const char *fallback) NONNULL(1, 2);

/* Calls fn for every value of a keyword inside of Match blocks, with the block's criteria. */
typedef void sshd_match_fn(struct trial *t, void *arg, const char *criteria, const char *value);
void sshd_each_match(struct trial *t, const char *keyword, sshd_match_fn *fn, void *arg)
	NONNULL(1, 2, 3);

/* For sabotage: sets a keyword before all else. */
void sshd_sabotage(struct trial *t, const char *line) NONNULL(1, 2);

#endif
