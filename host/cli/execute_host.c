/* SPDX-License-Identifier: Apache-2.0 */
/* This machine: is there room for what is asked, and how many machines fit at once. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "host/cli/execute_book.h"
#include "host/driver/qemu/version.h"
#include "host/driver/resources.h"
#include "host/link/pattern.h"
#include "host/store/folder.h"

#define WAITING_JOBS_MAX 6
#define VMS_MAX		 2 /* machines of a case that host cases can handle */

/* So many machines of a cell have room at once. */
static long long fit(const struct execution_cell *cell, long long memory_mib)
{
	return memory_mib / ((long long)cell->size.mem_mib + RESOURCES_MACHINE_EXTRA_MIB);
}

/* A case keeps half of its machine's CPUs busy, one at least: so many machines do not disturb each other's timing. */
static unsigned choose_jobs(const struct execution_cell *cell, long long memory_mib)
{
	unsigned busy = (cell->size.cpus + 1) / 2;
	unsigned by_cpu = resources_cpus("") / (busy ? busy : 1);
	long long by_memory = fit(cell, memory_mib);

	if (by_cpu < 1)
		by_cpu = 1;
	return by_memory < by_cpu ? (unsigned)by_memory : by_cpu;
}

/* A second machine takes the place of another case's, or, with --jobs 1, room of its own. */
static unsigned choose_vms(const struct execution_cell *cell, long long memory_mib)
{
	long long most = fit(cell, memory_mib);

	return most < 1 ? 1 : most < VMS_MAX ? (unsigned)most : VMS_MAX;
}

/* Those that only wait take no CPU to speak of, but memory as all others. */
static unsigned choose_waiting_jobs(const struct execution *x, const struct execution_cell *cell,
				    long long memory_mib)
{
	unsigned working = x->jobs > cell->vms ? x->jobs : cell->vms;
	long long left = fit(cell, memory_mib) - working;

	return left <= 0 ? 0 : left < WAITING_JOBS_MAX ? (unsigned)left : WAITING_JOBS_MAX;
}

/* The cell whose machines take the most memory; of those the most CPUs. */
static const struct execution_cell *largest_cell(const struct execution *x)
{
	const struct execution_cell *largest = x->cells.items;

	vec_each (&x->cells, cell)
		if (cell->size.mem_mib > largest->size.mem_mib ||
		    (cell->size.mem_mib == largest->size.mem_mib &&
		     cell->size.cpus > largest->size.cpus))
			largest = cell;
	return largest;
}

/* What the runbook gives, also to a run that is gone on with; 0: nobody says. */
static struct plan_limits limits_of(const struct execution *x)
{
	if (x->earlier)
		return (struct plan_limits){.memory = x->earlier->memory_limit,
					    .jobs = x->earlier->jobs_limit};
	return x->book ? book_limits(x->book) : (struct plan_limits){0};
}

/* What is free, but no more than the runbook gives. */
static long long usable_memory_mib(const struct execution *x)
{
	long long free_now = (long long)(resources_memory("") >> 20);
	long long limit = (long long)(limits_of(x).memory >> 20);

	return limit > 0 && (free_now == 0 || limit < free_now) ? limit : free_now;
}

/* Of a runbook's cells those that fit are run; of an image's one check_memory() tells. */
static int refuse_large_cells(struct execution *x, long long memory_mib, struct err *e)
{
	if (!x->book)
		return 0;
	vec_each (&x->cells, cell)
		if (fit(cell, memory_mib) < 1)
			book_leave_out(
				x->book, cell,
				"a machine of size %s needs %u MiB, and there are %lld MiB for it",
				cell->size.name, cell->size.mem_mib + RESOURCES_MACHINE_EXTRA_MIB,
				memory_mib);
	return drop_cells(x, e);
}

/* --jobs goes before the runbook. 0: nobody says how many. */
static unsigned wanted_jobs(const struct execution *x)
{
	if (x->arguments->jobs > 0)
		return (unsigned)x->arguments->jobs;
	return limits_of(x).jobs;
}

/* Sizes differ: how many machines fit at once is seen for each when its turn comes. */
static void pack_cells(struct execution *x, long long memory_mib)
{
	x->jobs = wanted_jobs(x);
	x->waiting_jobs = WAITING_JOBS_MAX;
	x->room = (struct engine_room){.mem_mib = (uint64_t)memory_mib, .cpus = resources_cpus("")};
}

static int check_memory(struct execution *x, struct err *e)
{
	long long memory_mib = usable_memory_mib(x);
	int r = memory_mib > 0 ? refuse_large_cells(x, memory_mib, e) : 0;

	if (r < 0 || x->cells.count == 0)
		return r;
	const struct execution_cell *largest = largest_cell(x);
	long long wanted = wanted_jobs(x) > 0 ? wanted_jobs(x) : 1;
	long long needed_mib = wanted * (largest->size.mem_mib + RESOURCES_MACHINE_EXTRA_MIB);

	/* Several cells are packed into what there is. */
	if (memory_mib > 0 && needed_mib > memory_mib && x->cells.count == 1)
		return err_set(
			e, BLAME_HOST, ENOMEM,
			"%lld machine%s of size %s need%s %lld MiB and %lld MiB are free: choose a smaller %s%s",
			wanted, wanted == 1 ? "" : "s", largest->size.name, wanted == 1 ? "s" : "",
			needed_mib, memory_mib, x->book ? "size" : "--size",
			wanted > 1 ? " or fewer --jobs" : ", or end other programs");
	x->jobs = wanted_jobs(x) > 0 ? wanted_jobs(x) : choose_jobs(largest, memory_mib);
	vec_each (&x->cells, cell)
		if (cell->vms == 0) /* a run that is gone on with has them as they were planned */
			cell->vms = choose_vms(cell, memory_mib);
	x->waiting_jobs = choose_waiting_jobs(x, largest, memory_mib);
	if (x->cells.count > 1)
		pack_cells(x, memory_mib);
	return 0;
}

/* The room at a path that may not exist yet: that of the nearest folder above it. */
static long long free_mib(const char *path)
{
	CLEAN_FREE char *copy = xstrdup(path);
	struct statvfs vfs;

	while (statvfs(copy, &vfs) < 0) {
		char *slash = strrchr(copy, '/');
		if (!slash || slash == copy)
			return statvfs(slash ? "/" : ".", &vfs) < 0
				       ? 0
				       : (long long)(vfs.f_bavail * vfs.f_frsize >> 20);
		*slash = '\0';
	}
	return (long long)(vfs.f_bavail * vfs.f_frsize >> 20);
}

static int check_room(struct execution *x, bool boots, struct err *e)
{
	CLEAN_FREE char *runs = NULL;
	const char *out = x->folder ? x->folder : x->arguments->out;
	int r = out ? 0 : state_folder("runs", &runs, e);

	if (r < 0)
		return r;
	long long room = free_mib(out ? out : runs);
	if (room < RESOURCES_RUN_MIB)
		return err_set(
			e, BLAME_HOST, ENOSPC,
			"%s has %lld MiB free, a run wants %d: make room, or choose another --out",
			out ? out : runs, room, RESOURCES_RUN_MIB);
	if (!boots || x->arguments->cold)
		return 0;
	room = free_mib(x->setup.cache);
	if (room < largest_cell(x)->size.mem_mib + RESOURCES_RUN_MIB) {
		log_warning(
			"%s has %lld MiB free, too few for a template: every machine will be booted",
			x->setup.cache, room);
		x->arguments->cold = true;
	}
	return 0;
}

/* What boots nothing does not depend on QEMU's emulator, and asking it takes a while. */
static void describe_host(struct execution *x, bool boots)
{
	struct patience p = patience_for(-1, 10 * NS_PER_S);
	char version[64] = "";
	struct utsname names;
	struct err e = {0};

	if (uname(&names) < 0)
		memset(&names, 0, sizeof names);
	if (boots && qemu_version(NULL, &p, version, &e) < 0)
		(void)snprintf(version, sizeof version, "not found");
	(void)snprintf(x->host, sizeof x->host, "%s %s %s, %u CPUs%s%s", names.sysname,
		       names.release, names.machine, resources_cpus(""), boots ? ", QEMU " : "",
		       version);
}

int check_host(struct execution *x, bool boots, struct err *e)
{
	x->jobs = 1;
	int r = boots ? check_memory(x, e) : 0;
	if (r == 0 && boots && !patterns_shipped(e))
		r = -e->code;
	if (r == 0 && !x->only_plans)
		r = check_room(x, boots, e);
	if (r == 0)
		describe_host(x, boots);
	return r;
}
