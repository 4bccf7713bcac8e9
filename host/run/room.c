/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs take of the host. */
#include "host/run/room.h"

#include "host/driver/resources.h"

#define AUDIT_MIB 256 /* who reads the image, and the daemon that hands out its bytes */

static bool has_machines(const struct job *job)
{
	return job->kind != JOB_AUDIT && job->kind != JOB_VERIFY;
}

static uint64_t memory_of(const struct job *job, bool boots)
{
	uint64_t mem_mib = job->cell->size.mem_mib;

	if (!has_machines(job))
		return AUDIT_MIB;
	if (job_needs_template(job) && !boots && !job->owns_ram)
		mem_mib /= 2;
	return job->machines * (mem_mib + RESOURCES_MACHINE_EXTRA_MIB);
}

static unsigned cpus_of(const struct job *job)
{
	if (!has_machines(job))
		return 1;
	return job->waits ? 0 : job->machines * ((job->cell->size.cpus + 1) / 2);
}

static unsigned at_most(unsigned number, unsigned most)
{
	return number < most ? number : most;
}

struct room room_of_job(const struct job *job, bool boots, const struct room *whole)
{
	struct room part = {.cpus = at_most(cpus_of(job), whole->cpus),
			    .mem_mib = memory_of(job, boots)};

	if (job->waits && whole->waiting > 0)
		part.waiting = at_most(job->machines, whole->waiting);
	else
		part.working = at_most(job->machines, whole->working);
	return part;
}

bool room_fits(const struct room *part, const struct room *in)
{
	return part->working <= in->working && part->waiting <= in->waiting &&
	       part->cpus <= in->cpus && part->mem_mib <= in->mem_mib;
}

void room_take(struct room *from, const struct room *part)
{
	from->working -= part->working;
	from->waiting -= part->waiting;
	from->cpus -= part->cpus;
	from->mem_mib -= part->mem_mib;
}

void room_give(struct room *to, const struct room *part)
{
	to->working += part->working;
	to->waiting += part->waiting;
	to->cpus += part->cpus;
	to->mem_mib += part->mem_mib;
}
