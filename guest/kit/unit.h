/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's unit files in a tree: where a unit is, whether it is masked, and what pulls it in at boot. Nothing is asked of
 * a running systemd.
 *
 *	const char *path = unit_path(t, "ssh.service");
 *	if (unit_is_masked(t, "ssh.service") || !unit_is_enabled(t, "ssh.service")) ...
 */
#ifndef ASSAY_KIT_UNIT_H
#define ASSAY_KIT_UNIT_H

#include "guest/kit/case.h"

/* The folders of unit files, first ones win, NULL-terminated. */
extern const char *const unit_folders[];

/* Whether systemd is installed; the word for case_skip is "systemd". */
bool systemd_is_installed(struct trial *t) NONNULL(1);

/* The file that defines a unit (a template for instances, x@.service for x@y.service); NULL when there is none. A mask is
 * a definition. */
const char *unit_path(struct trial *t, const char *name) NONNULL(1, 2);
/* True when the file that defines it is a link to /dev/null, or empty. */
bool unit_is_masked(struct trial *t, const char *name) NONNULL(1, 2);
/* True when a .wants or .requires folder, or an alias link in /etc, names it: it starts by itself. */
bool unit_is_enabled(struct trial *t, const char *name) NONNULL(1, 2);

/* One effective setting: the last "Key=value" of [section] in the unit's file and its drop-ins; NULL when it is not set.
 * An empty assignment clears what was before. */
const char *unit_setting(struct trial *t, const char *name, const char *section, const char *key)
	NONNULL(1, 2, 3, 4);

/* Calls fn for every assignment of the unit's file, then of its drop-ins in their order. */
typedef void unit_setting_fn(struct trial *t, void *arg, const char *section, const char *key,
			     const char *value);
void unit_each_setting(struct trial *t, const char *name, unit_setting_fn *fn, void *arg)
	NONNULL(1, 2, 3);
/* The same for one file of that form (journald.conf, a .network file). */
void ini_each_setting(struct trial *t, const char *path, unit_setting_fn *fn, void *arg)
	NONNULL(1, 2, 3);

/* One effective setting of a configuration "systemd/NAME.conf" with drop-ins in /etc, /run, /usr/local/lib and /usr/lib. */
const char *systemd_setting(struct trial *t, const char *file, const char *section, const char *key)
	NONNULL(1, 2, 3, 4);

#endif
