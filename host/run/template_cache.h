/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates that are kept between runs. Each lies in a folder named by a digest of all that it depends on; beside it is
 * a lock file: exclusive while it is made, shared while a run uses it. The lock's time says when it was last used.
 *
 *	r = template_cache_open(folder, key, &lock_fd, e);
 *	r = template_cache_share(lock_fd, &patience, e);        (waits for another run that makes it)
 *	...use folder/key, if it is there; else...
 *	r = template_cache_own(lock_fd, &patience, e);          (waits for those that use it)
 *	r = template_cache_clear(folder, key, e);
 *	...make it, then share it...
 */
#ifndef ASSAY_HOST_RUN_TEMPLATE_CACHE_H
#define ASSAY_HOST_RUN_TEMPLATE_CACHE_H

#include "base/vec.h"
#include "host/driver/driver.h"
#include "host/machine/machine.h"

#define TEMPLATE_KEY_SIZE     41
#define TEMPLATES_MAX_DEFAULT (8ULL << 30)

/* The key of the template that such a machine would be forked from. */
int template_cache_key(const struct machine_spec *spec, const struct patience *p,
		       char key[TEMPLATE_KEY_SIZE], struct err *e) NONNULL(1, 2, 3, 4);

int template_cache_open(const char *folder, const char *key, int *ret_fd, struct err *e)
	NONNULL(1, 2, 3, 4);

/* Both may let go of what is held before they get it: look again afterwards. -ESTALE: template_cache_prune has removed the
 * file meanwhile, since there was no template; open it anew. */
typedef int template_cache_lock_fn(int lock_fd, const struct patience *p, struct err *e);
template_cache_lock_fn template_cache_share, template_cache_own;

/* Removes the key's template, and what killed runs have left of one. The caller owns the lock. */
int template_cache_clear(const char *folder, const char *key, struct err *e) NONNULL(1, 2, 3);

struct template_entry {
	char key[TEMPLATE_KEY_SIZE];
	uint64_t bytes, used_ns; /* wall clock */
	bool in_use;
};
DEFINE_VEC(template_entries, struct template_entry);

/* Adds what is kept, last used first. A folder that is not there holds nothing. */
int template_cache_list(const char *folder, struct template_entries *ret, struct err *e)
	NONNULL(1, 2, 3);

/* Removes what killed runs have left, the ones longest unused until at most `max_bytes` are kept, and the locks of those that
 * are gone; those in use stay. Adds up what was freed. */
int template_cache_prune(const char *folder, uint64_t max_bytes, uint64_t *ret_freed, struct err *e)
	NONNULL(1, 3, 4);

#endif
