/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping templates of the machines that cases order. */
#include "host/run/keeper.h"

#include <sys/stat.h>

#include "base/log.h"
#include "host/machine/cables.h"
#include "host/run/internal.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"

#define SETTLE_SPAN_NS (180 * NS_PER_S)
#define OWN_SPAN_NS    (1 * NS_PER_S)
#define PENDING_MAX    4096
#define OWN_FOLDER     "ordered" /* in the run's */

void keeper_done(struct keeper *keeper)
{
	while (keeper->count > 0)
		scope_close(&keeper->locks[--keeper->count]);
}

static char *own_folder(const struct engine *engine)
{
	return xasprintf("%s/" OWN_FOLDER, engine->setup->folder);
}

static int boot_and_freeze(const struct machine_spec *ordered, const char *folder,
			   const struct patience *p, struct boot_report *report, struct err *e)
{
	CLEAN_TEXT struct text pending = TEXT_INIT(PENDING_MAX);
	CLEAN_FREE char *own = xasprintf("%s/boot", ordered->folder);
	CLEANUP(machine) struct machine *machine = NULL;
	struct machine_spec spec = *ordered;
	struct patience span;

	/* The fork's console log lies beside that of the boot. */
	spec.folder = own;
	spec.cuts_power = false;
	if (mkdir(own, 0755) < 0 && errno != EEXIST)
		return err_set(e, BLAME_HOST, errno, "make the folder %s: %m", own);
	int r = machine_boot(&spec, p, &machine, report, e);
	span = patience_within(p, SETTLE_SPAN_NS);
	if (r == 0)
		r = machine_settle(machine, &span, &pending, e);
	return r < 0 ? r : machine_freeze(machine, folder, p, e);
}

static bool is_usable(const char *path, const struct machine_spec *spec)
{
	CLEAN_TEXT struct text why = TEXT_INIT(512);

	return template_is_usable(path, spec, &why);
}

/* Of a copy of the cell's own template, whose RAM is the copy's: a view of it could not be frozen. */
static int derive_and_freeze(const struct machine_spec *ordered, const char *templates,
			     const char *folder, const struct patience *p, struct err *e)
{
	CLEAN_FREE char *own = xasprintf("%s/derived", ordered->folder), *path = NULL;
	CLEANUP(machine) struct machine *machine = NULL;
	struct machine_spec spec = *ordered;
	char key[TEMPLATE_KEY_SIZE];

	spec.make.cables = 0;
	spec.cuts_power = false;
	spec.owns_ram = true;
	spec.folder = own;
	int r = template_cache_key(&spec, p, key, e);
	if (r < 0)
		return r;
	path = xasprintf("%s/%s", templates, key);
	if (!is_usable(path, &spec))
		return -ENOTSUP;
	if (mkdir(own, 0755) < 0 && errno != EEXIST)
		return err_set(e, BLAME_HOST, errno, "make the folder %s: %m", own);
	r = template_fork(path, &spec, p, &machine, e);
	if (r == 0)
		r = machine_add_cables(machine, ordered->make.cables, p, e);
	return r < 0 ? r : machine_freeze(machine, folder, p, e);
}

static int make_and_freeze(const struct machine_spec *ordered, const char *templates,
			   const char *folder, const struct patience *p, struct boot_report *report,
			   struct err *e)
{
	return ordered->make.cables > 0 ? derive_and_freeze(ordered, templates, folder, p, e)
					: boot_and_freeze(ordered, folder, p, report, e);
}

/* The template's lock, and with it the template: 1 when it can be used, 0 when it is the caller's to make. Who wants to make
 * it waits a moment only, since somebody else may do so: then it is there to be shared, and stays in use for long. */
static int take_template(const char *path, int lock_fd, const struct machine_spec *spec,
			 const struct patience *p, struct err *e)
{
	for (;;) {
		struct patience moment = patience_within(p, OWN_SPAN_NS);
		int r = template_cache_share(lock_fd, p, e);
		if (r == 0 && is_usable(path, spec))
			return 1;
		if (r == 0)
			r = template_cache_own(lock_fd, &moment, e);
		if (r == 0 && !is_usable(path, spec))
			return 0;
		if (r < 0 && (r != -ETIMEDOUT || patience_left_ns(p) == 0))
			return r;
		err_clear(e);
	}
}

/* The lock is let go of on the way from one to the other: somebody may have made it, or removed it, in between. */
static int find_or_make(const char *folder, const char *key, int *lock_fd,
			const struct machine_spec *spec, const struct patience *p,
			struct boot_report *report, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, key);

	for (;;) {
		int r = take_template(path, *lock_fd, spec, p, e);
		if (r == 1)
			return 0;
		if (r == -ESTALE) { /* whoever prunes has removed the lock */
			err_clear(e);
			scope_close(lock_fd);
			r = template_cache_open(folder, key, lock_fd, e);
		} else if (r == 0) {
			r = template_cache_clear(folder, key, e);
			if (r == 0)
				r = make_and_freeze(spec, folder, path, p, report, e);
		}
		if (r < 0)
			return r;
	}
}

static int template_of(void *arg, const struct machine_spec *spec, const struct patience *p,
		       char **ret_folder, struct boot_report *report, struct err *e)
{
	struct keeper *keeper = arg;
	const struct engine_setup *setup = keeper->engine->setup;
	CLEAN_FREE char *folder = spec->sabotage     ? own_folder(keeper->engine)
				  : setup->templates ? xstrdup(setup->templates)
						     : NULL;
	CLEAN_FD int lock_fd = -1;
	char key[TEMPLATE_KEY_SIZE];

	if (!folder || !setup->templates || keeper->count == KEEPER_LOCKS_MAX ||
	    !spec_driver(spec)->freeze)
		return -ENOTSUP;
	int r = folder_make(folder, e);
	if (r == 0)
		r = template_cache_key(spec, p, key, e);
	if (r == 0)
		r = template_cache_open(folder, key, &lock_fd, e);
	if (r == 0)
		r = find_or_make(folder, key, &lock_fd, spec, p, report, e);
	if (r < 0)
		return r;
	keeper->locks[keeper->count++] = STEAL_FD(lock_fd);
	*ret_folder = xasprintf("%s/%s", folder, key);
	if (!spec->sabotage)
		engine_prune(keeper->engine, false);
	return 0;
}

void keeper_init(struct keeper *keeper, struct engine *engine)
{
	*keeper = (struct keeper){
		.machines = {.template_of = template_of, .arg = keeper},
		.engine = engine,
	};
}

void keeper_clear(struct engine *engine)
{
	CLEAN_FREE char *folder = own_folder(engine);
	struct err e = {0};

	if (folder_remove(folder, &e) < 0)
		log_warning("%s", e.text);
}
